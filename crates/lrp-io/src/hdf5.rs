//! HDF5: what a dataset declares is bounded here before its numbers are asked for.
//!
//! The crate `hdf5-pure` knows the format, and takes the word of a sound header.

use hdf5_pure::{DType, Dataset, File, Group};

use crate::array::{Dtype, all_exact};
use crate::error::{Error, Result};
use crate::inflate::Budget;
use crate::limits::Limits;

/// The groups and datasets on the top level.
pub(crate) fn open(bytes: &[u8]) -> Result<Group> {
    Ok(File::from_bytes(bytes.to_vec()).map_err(|error| damaged(&error))?.root())
}

/// What a dataset holds, its axes as they are there: the last one is fastest.
pub(crate) struct Numbers {
    pub(crate) shape: Vec<usize>,
    pub(crate) dtype: Dtype,
    pub(crate) values: Vec<f64>,
}

/// Reads the datasets of one file, all of them together within its limits.
pub(crate) struct Reader<'l> {
    file_bytes: u64,
    limits: &'l Limits,
    budget: Budget<'l>,
}

impl<'l> Reader<'l> {
    pub(crate) fn new(bytes: &[u8], limits: &'l Limits) -> Self {
        Self { file_bytes: bytes.len() as u64, limits, budget: Budget::new(limits) }
    }

    /// The numbers of a dataset, each exactly what is stored.
    pub(crate) fn read(&mut self, dataset: &Dataset) -> Result<Numbers> {
        let dtype = dtype(&dataset.dtype().map_err(|error| damaged(&error))?)?;
        let axes = dataset.shape().map_err(|error| damaged(&error))?;
        let shape = shape(&axes)?;
        let elements = self.limits.elements(&shape)?;
        self.check_chunks(dataset, &axes)?;
        self.check_bytes(dataset, (elements * dtype.size()) as u64)?;
        Ok(Numbers { shape, dtype, values: values(dataset, dtype)? })
    }

    /// Refuses chunks that are not in the file, or not in the array.
    fn check_chunks(&self, dataset: &Dataset, axes: &[u64]) -> Result<()> {
        if !dataset.is_chunked() {
            return Ok(());
        }
        for chunk in dataset.chunks().map_err(|error| damaged(&error))? {
            if chunk.address.saturating_add(chunk.storage_size) > self.file_bytes {
                return Err(Error::format("HDF5: a chunk reaches beyond the end of the file"));
            }
            if chunk.offset.iter().zip(axes).any(|(offset, axis)| offset >= axis) {
                return Err(Error::format("HDF5: a chunk begins beyond the end of its array"));
            }
        }
        Ok(())
    }

    /// Books the numbers and refuses chunks that are larger than they could have to be.
    fn check_bytes(&mut self, dataset: &Dataset, bytes: u64) -> Result<()> {
        let size = dataset.element_size().map_err(|error| damaged(&error))?;
        let chunk = dataset.chunk_shape().map_err(|error| damaged(&error))?.unwrap_or_default();
        let chunk = chunk.iter().try_fold(size, |bytes, &axis| bytes.checked_mul(axis));
        let allowed = bytes.max(self.limits.inflation_free_bytes);
        if chunk.is_none_or(|chunk| chunk > allowed) {
            return Err(Error::limit(format!(
                "a chunk of an array of {bytes} bytes takes more than {allowed}"
            )));
        }
        self.budget.spend(bytes, self.file_bytes)
    }
}

fn shape(axes: &[u64]) -> Result<Vec<usize>> {
    let axis = |&axis: &u64| {
        usize::try_from(axis).map_err(|_| Error::format(format!("the shape {axes:?} overflows")))
    };
    axes.iter().map(axis).collect()
}

fn dtype(dtype: &DType) -> Result<Dtype> {
    Ok(match dtype {
        DType::F32 => Dtype::F32,
        DType::F64 => Dtype::F64,
        DType::I8 => Dtype::I8,
        DType::I16 => Dtype::I16,
        DType::I32 => Dtype::I32,
        DType::I64 => Dtype::I64,
        DType::U8 => Dtype::U8,
        DType::U16 => Dtype::U16,
        DType::U32 => Dtype::U32,
        DType::U64 => Dtype::U64,
        _ => return Err(Error::unsupported("holds no numbers, only numbers are read")),
    })
}

fn values(dataset: &Dataset, dtype: Dtype) -> Result<Vec<f64>> {
    match dtype {
        Dtype::I64 => all_exact(&dataset.read_i64().map_err(|error| damaged(&error))?),
        Dtype::U64 => all_exact(&dataset.read_u64().map_err(|error| damaged(&error))?),
        _ => dataset.read_f64().map_err(|error| damaged(&error)),
    }
}

/// What the crate says, in one line of bounded length.
pub(crate) fn damaged(error: &hdf5_pure::Error) -> Error {
    const SHOWN: usize = 200;
    let message: String = error.to_string().chars().take(SHOWN).collect();
    Error::format(format!("HDF5: {message}"))
}
