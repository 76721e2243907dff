//! numpy's `.npz`: a zip archive of `.npy` files.

use std::collections::HashSet;
use std::io::{self, Cursor, Read};

use ndarray_npy::NpzWriter;
use zip::ZipArchive;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;

use super::formats::{Entry, Named, Sink};
use super::npy;
use crate::bytes::Bytes;
use crate::error::{Error, ErrorKind, Result, quoted};
use crate::inflate::Budget;
use crate::limits::Limits;

const LOCAL_ENTRY: &[u8; 4] = b"PK\x03\x04";
const DIRECTORY_ENTRY: &[u8; 4] = b"PK\x01\x02";
const DIRECTORY_END: &[u8; 4] = b"PK\x05\x06";

/// The zip crate tries each directory end it finds; a file with more than these is made to be slow.
const DIRECTORY_ENDS: usize = 16;

pub(super) fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(LOCAL_ENTRY) || bytes.starts_with(DIRECTORY_END)
}

/// Every entry, by its name without `.npy`. Names are only ever compared, never used as paths.
///
/// An entry that is no `.npy` file, or one whose numbers are not read, is an entry with an error;
/// whatever is wrong with the archive itself fails the whole file.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<Entry>> {
    check_signatures(bytes, limits)?;
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(zip_error)?;
    check_names(bytes, &archive)?;
    check_overlap(&mut archive)?;
    let mut budget = Budget::new(limits);
    (0..archive.len()).map(|index| entry(&mut archive, index, limits, &mut budget)).collect()
}

fn entry(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
    limits: &Limits,
    budget: &mut Budget<'_>,
) -> Result<Entry> {
    let file_name = archive.name_for_index(index).unwrap_or_default().to_owned();
    let Some(name) = file_name.strip_suffix(".npy") else {
        let array = Err(Error::unsupported("is not an .npy file").in_file(&file_name));
        return Ok(Entry { name: Some(file_name), array });
    };
    let bytes = inflate(archive, index, budget).map_err(|error| error.in_file(name))?;
    let array = npy::read_one(&bytes, limits).map_err(|error| error.in_file(name));
    Ok(Entry { name: Some(name.to_owned()), array })
}

fn inflate(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
    budget: &mut Budget<'_>,
) -> Result<Vec<u8>> {
    let entry = archive.by_index(index).map_err(zip_error)?;
    let declared = entry.size();
    budget.spend(declared, entry.compressed_size())?;
    let mut bytes = Vec::new();
    // One byte more than declared: its absence makes the zip crate compare the checksum.
    entry
        .take(declared.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| Error::io(ErrorKind::Format, "the zip entry is damaged", error))?;
    if bytes.len() as u64 != declared {
        return Err(Error::format(format!(
            "the zip entry does not inflate to the {declared} bytes it declares"
        )));
    }
    Ok(bytes)
}

/// Bounds what the zip crate will allocate and try, before it sees the file.
fn check_signatures(bytes: &[u8], limits: &Limits) -> Result<()> {
    let count = |signature: &[u8; 4]| bytes.windows(4).filter(|window| *window == signature).count();
    limits.check_entries(count(DIRECTORY_ENTRY))?;
    if count(DIRECTORY_END) > DIRECTORY_ENDS {
        return Err(Error::limit(format!("the zip archive ends more than {DIRECTORY_ENDS} times")));
    }
    Ok(())
}

/// Refuses names that occur twice; the zip crate alone would let the last one win.
fn check_names(bytes: &[u8], archive: &ZipArchive<Cursor<&[u8]>>) -> Result<()> {
    let start = usize::try_from(archive.central_directory_start()).unwrap_or(usize::MAX);
    let mut directory = Bytes::new(bytes.get(start..).unwrap_or_default(), start);
    let mut names = HashSet::new();
    while directory.rest().starts_with(DIRECTORY_ENTRY) {
        let at = directory.offset();
        let what = "an entry of the zip directory";
        directory.take(28, what)?;
        let [name, extra, comment] = [directory.u16(what)?, directory.u16(what)?, directory.u16(what)?];
        directory.take(12, what)?;
        let name = directory.take(name.into(), what)?;
        directory.take(extra.into(), what)?;
        directory.take(comment.into(), what)?;
        if !names.insert(name) {
            let message = format!("two entries are named {}", quoted(&String::from_utf8_lossy(name)));
            return Err(Error::format(message).at_byte(at));
        }
    }
    if names.len() != archive.len() {
        let message = format!("the zip directory names {} entries, {} are read", names.len(), archive.len());
        return Err(Error::format(message).at_byte(start));
    }
    Ok(())
}

/// Refuses encrypted entries, sizes beyond the file, and entries that share compressed bytes.
fn check_overlap(archive: &mut ZipArchive<Cursor<&[u8]>>) -> Result<()> {
    let file_bytes = archive.clone().into_inner().get_ref().len() as u64;
    let mut spans = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(zip_error)?;
        if entry.encrypted() {
            return Err(Error::unsupported("the entry is encrypted").in_file(entry.name()));
        }
        let start = entry.data_start();
        let end =
            start.checked_add(entry.compressed_size()).filter(|&end| end <= file_bytes).ok_or_else(|| {
                let message =
                    format!("the entry takes {} bytes, more than there are", entry.compressed_size());
                Error::format(message).in_file(entry.name())
            })?;
        spans.push((start, end, index));
    }
    spans.sort_unstable();
    for ((_, end, _), (start, _, index)) in spans.iter().zip(spans.iter().skip(1)) {
        if start < end {
            let name = archive.name_for_index(*index).unwrap_or_default();
            return Err(Error::format("the entry overlaps another one").in_file(name));
        }
    }
    Ok(())
}

fn zip_error(error: ZipError) -> Error {
    match error {
        ZipError::Io(error) => Error::io(ErrorKind::Format, "the zip archive is damaged", error),
        ZipError::UnsupportedArchive(what) => Error::unsupported(format!("zip archive: {what}")),
        other => Error::format(other.to_string()),
    }
}

pub(super) fn write(sink: &mut dyn Sink, arrays: &[Named<'_>]) -> io::Result<()> {
    let mut writer = NpzWriter::new(sink);
    for (name, values) in arrays {
        // A zip entry of 4 GiB and more must be announced; the header takes less than the margin.
        let elements: usize = values.shape().iter().product();
        let bytes = elements as u64 * values.dtype().size() as u64;
        let large = bytes >= u64::from(u32::MAX) - (1 << 20);
        let options =
            SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored).large_file(large);
        writer.add_array_with_options(*name, values, options).map_err(io::Error::other)?;
    }
    writer.finish().map_err(io::Error::other)?;
    Ok(())
}
