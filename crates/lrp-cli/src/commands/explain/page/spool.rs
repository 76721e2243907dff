//! Arrays that wait on disk.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use ndarray::{ArrayD, ArrayViewD, IxDyn};

use crate::Outcome;

/// Numbers in single precision: they are to be looked at.
pub(super) enum Spool {
    /// What is written, and how many bytes that is.
    Filling(BufWriter<File>, u64),
    Emptying(BufReader<File>),
}

impl Spool {
    /// On the disk that will hold the file of that path; nobody sees it, and it goes when the program does.
    pub(super) fn beside(path: &Path) -> Outcome<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        match tempfile::tempfile_in(folder) {
            Ok(file) => Ok(Self::Filling(BufWriter::new(file), 0)),
            Err(error) => Err(format!("{}: cannot write: {error}", path.display()).into()),
        }
    }

    /// Adds an array; where it is.
    pub(super) fn put(&mut self, array: &ArrayViewD<'_, f64>) -> Outcome<u64> {
        let Self::Filling(file, length) = self else { return Err("the spool is read already".into()) };
        let sizes = std::iter::once(array.ndim()).chain(array.shape().iter().copied());
        let sizes: Vec<u8> = sizes.flat_map(|size| (size as u64).to_le_bytes()).collect();
        #[expect(clippy::cast_possible_truncation, reason = "single precision is enough for the eye")]
        let numbers: Vec<u8> = array.iter().flat_map(|&number| (number as f32).to_le_bytes()).collect();
        file.write_all(&sizes)?;
        file.write_all(&numbers)?;
        let place = *length;
        *length += (sizes.len() + numbers.len()) as u64;
        Ok(place)
    }

    /// From here on arrays are read.
    pub(super) fn close(&mut self) -> Outcome {
        if let Self::Filling(file, _) = self {
            file.flush()?;
            *self = Self::Emptying(BufReader::new(file.get_ref().try_clone()?));
        }
        Ok(())
    }

    /// The array at a place.
    pub(super) fn get(&mut self, place: u64) -> Outcome<ArrayD<f64>> {
        let Self::Emptying(file) = self else { return Err("the spool is not read yet".into()) };
        file.seek(SeekFrom::Start(place))?;
        let mut size = || -> Outcome<usize> {
            let mut bytes = [0; 8];
            file.read_exact(&mut bytes)?;
            Ok(usize::try_from(u64::from_le_bytes(bytes))?)
        };
        let axes = size()?;
        let shape = (0..axes).map(|_| size()).collect::<Outcome<Vec<_>>>()?;
        let mut bytes = vec![0; shape.iter().product::<usize>() * 4];
        file.read_exact(&mut bytes)?;
        let numbers = bytes
            .chunks_exact(4)
            .map(|four| f64::from(f32::from_le_bytes([four[0], four[1], four[2], four[3]])));
        Ok(ArrayD::from_shape_vec(IxDyn(&shape), numbers.collect())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn arrays_come_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut spool = Spool::beside(&folder.path().join("page.html")).expect("a spool");
        let arrays = [array![[1.0, -0.5], [0.0, 2.0]].into_dyn(), array![3.0].into_dyn()];
        let places = arrays.clone().map(|array| spool.put(&array.view()).expect("room"));
        assert!(spool.get(places[0]).is_err());
        spool.close().expect("an end");
        for (array, place) in arrays.iter().zip(places).rev() {
            assert_eq!(&spool.get(place).expect("an array"), array);
        }
        assert!(spool.put(&arrays[0].view()).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}
