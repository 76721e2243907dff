//! Decompression that stops at a bound.

use std::io::Read;

use flate2::bufread::MultiGzDecoder;
use flate2::{Decompress, FlushDecompress, Status};

use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;

/// What a file may still inflate to, all its entries together.
pub(crate) struct Budget<'l> {
    limits: &'l Limits,
    left: u64,
}

impl<'l> Budget<'l> {
    pub(crate) fn new(limits: &'l Limits) -> Self {
        Self { limits, left: limits.inflated_total_bytes }
    }

    /// Books an entry of `declared` bytes stored in `compressed` bytes, or says which bound it breaks.
    pub(crate) fn spend(&mut self, declared: u64, compressed: u64) -> Result<()> {
        let (allowed, because) = self.allowed(compressed);
        if declared > allowed {
            let message = format!("inflates to {declared} bytes, {allowed} are allowed {because}");
            return Err(Error::limit(message));
        }
        self.left -= declared;
        Ok(())
    }

    /// What an entry of `compressed` bytes may inflate to, and which bound says so.
    fn allowed(&self, compressed: u64) -> (u64, String) {
        let limits = self.limits;
        let by_ratio = compressed.saturating_mul(limits.inflation_ratio).max(limits.inflation_free_bytes);
        [
            (limits.inflated_entry_bytes, "for one entry".to_owned()),
            (self.left, format!("of the {} for the whole file", limits.inflated_total_bytes)),
            (by_ratio, format!("from {compressed} compressed bytes")),
        ]
        .into_iter()
        .min_by_key(|(allowed, _)| *allowed)
        .unwrap_or_default()
    }
}

pub(crate) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x1f\x8b\x08")
}

/// The contents of a whole gzip file, with its checksums.
pub(crate) fn gunzip(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>> {
    let (allowed, because) = Budget::new(limits).allowed(bytes.len() as u64);
    let mut contents = Vec::new();
    // What a gzip file says of its size is a remainder, so it is found out; one byte more than allowed.
    MultiGzDecoder::new(bytes)
        .take(allowed.saturating_add(1))
        .read_to_end(&mut contents)
        .map_err(|error| Error::io(ErrorKind::Format, "the gzip file is damaged", error))?;
    if contents.len() as u64 > allowed {
        return Err(Error::limit(format!(
            "inflates to more than {allowed} bytes, no more are allowed {because}"
        )));
    }
    Ok(contents)
}

/// A zlib stream in memory, inflated a bounded piece at a time.
pub(crate) struct Zlib<'a> {
    state: Decompress,
    input: &'a [u8],
    ended: bool,
}

impl<'a> Zlib<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self { state: Decompress::new(true), input, ended: false }
    }

    /// Exactly the next `count` bytes; memory grows with what the stream really yields.
    pub(crate) fn take(&mut self, count: usize) -> Result<Vec<u8>> {
        let mut output = Vec::new();
        let mut chunk = [0; 32 << 10];
        while output.len() < count {
            let room = (count - output.len()).min(chunk.len());
            let produced = self.step(chunk.get_mut(..room).unwrap_or_default())?;
            if produced.is_empty() {
                let message = format!("the zlib stream ends after {} of {count} bytes", output.len());
                return Err(Error::format(message));
            }
            output.extend_from_slice(produced);
        }
        Ok(output)
    }

    /// Demands that the stream, with its checksum, and its input end here.
    pub(crate) fn finish(mut self) -> Result<()> {
        if !self.step(&mut [0])?.is_empty() {
            return Err(Error::format("the zlib stream holds more bytes than its element declares"));
        }
        if !self.input.is_empty() {
            return Err(Error::format(format!("{} bytes follow the zlib stream", self.input.len())));
        }
        Ok(())
    }

    /// Fills part of `buffer`; nothing only at the end of the stream.
    fn step<'b>(&mut self, buffer: &'b mut [u8]) -> Result<&'b [u8]> {
        while !self.ended {
            let (read, written) = (self.state.total_in(), self.state.total_out());
            let status = self
                .state
                .decompress(self.input, buffer, FlushDecompress::None)
                .map_err(|_| Error::format("the zlib stream is damaged"))?;
            let read = (self.state.total_in() - read) as usize;
            let written = (self.state.total_out() - written) as usize;
            self.input = self.input.get(read..).unwrap_or_default();
            self.ended = status == Status::StreamEnd;
            if written > 0 {
                return Ok(buffer.get(..written).unwrap_or_default());
            }
            if read == 0 && !self.ended {
                return Err(Error::format("the zlib stream is cut short"));
            }
        }
        Ok(&[])
    }
}
