//! How much a file may ask for.

use crate::error::{Error, Result};

/// Upper bounds that every reader takes; a file beyond one is refused with
/// [`ErrorKind::Limit`](crate::ErrorKind::Limit) before memory is spent on it.
///
/// Raise single bounds for trusted files:
///
/// ```
/// use lrp_io::Limits;
///
/// let limits = Limits { file_bytes: 8 << 30, array_elements: 1 << 30, ..Limits::default() };
/// assert_eq!(limits.archive_entries, Limits::default().archive_entries);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Size of a file in bytes; by default 1 GiB.
    pub file_bytes: u64,
    /// Elements of one array; by default 2²⁷, that is 1 GiB of f64.
    pub array_elements: u64,
    /// Axes of one array; by default 32.
    pub array_axes: usize,
    /// Entries of an archive, variables of a MATLAB file; by default 10 000.
    pub archive_entries: usize,
    /// Bytes of one entry after decompression; by default 1 GiB.
    pub inflated_entry_bytes: u64,
    /// Bytes of all entries of a file after decompression; by default 2 GiB.
    pub inflated_total_bytes: u64,
    /// Inflated bytes per compressed byte of an entry, beyond [`Self::inflation_free_bytes`]; by
    /// default 200. Real pictures, weights and relevances stay below 20; a bomb reaches 1000.
    pub inflation_ratio: u64,
    /// Inflated size up to which the ratio of an entry does not matter; by default 16 MiB.
    pub inflation_free_bytes: u64,
    /// Depth of containers within containers; by default 64.
    pub nesting: usize,
    /// Length of the text header of an `.npy` file in bytes; by default 64 KiB.
    pub npy_header_bytes: usize,
    /// Layers of a model; by default 100 000.
    pub model_layers: usize,
    /// Whether a model's weights may be NaN or infinite; by default they may not.
    pub allow_not_finite: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 1 << 30,
            array_elements: 1 << 27,
            array_axes: 32,
            archive_entries: 10_000,
            inflated_entry_bytes: 1 << 30,
            inflated_total_bytes: 2 << 30,
            inflation_ratio: 200,
            inflation_free_bytes: 16 << 20,
            nesting: 64,
            npy_header_bytes: 64 << 10,
            model_layers: 100_000,
            allow_not_finite: false,
        }
    }
}

impl Limits {
    /// The number of elements that a shape from outside declares.
    ///
    /// Axes of length 0 make the answer 0 but hide no overflow: the other axes alone must be
    /// within the bounds too.
    pub(crate) fn elements(&self, shape: &[usize]) -> Result<usize> {
        if shape.len() > self.array_axes {
            let message =
                format!("the array has {} axes, at most {} are allowed", shape.len(), self.array_axes);
            return Err(Error::limit(message));
        }
        let product = shape
            .iter()
            .filter(|&&axis| axis != 0)
            .try_fold(1usize, |product, &axis| product.checked_mul(axis))
            .ok_or_else(|| Error::format(format!("the shape {shape:?} overflows")))?;
        self.check_elements(product)?;
        Ok(if shape.contains(&0) { 0 } else { product })
    }

    pub(crate) fn check_elements(&self, elements: usize) -> Result<()> {
        if elements as u64 <= self.array_elements {
            return Ok(());
        }
        let allowed = self.array_elements;
        Err(Error::limit(format!("the array has {elements} elements, at most {allowed} are allowed")))
    }

    pub(crate) fn check_file(&self, bytes: u64) -> Result<()> {
        if bytes <= self.file_bytes {
            return Ok(());
        }
        let allowed = self.file_bytes;
        Err(Error::limit(format!("the file has {bytes} bytes, at most {allowed} are allowed")))
    }

    pub(crate) fn check_entries(&self, entries: usize) -> Result<()> {
        if entries <= self.archive_entries {
            return Ok(());
        }
        let allowed = self.archive_entries;
        Err(Error::limit(format!("the file has more than {allowed} entries, no more are allowed")))
    }
}
