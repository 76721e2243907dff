//! Matrices of `nalgebra`: data in, weights and relevance out, without copying where memory allows.
//!
//! `nalgebra` keeps columns together, tensors usually keep rows together. That is no obstacle to looking:
//! both crates describe any order by strides, so a view costs nothing in either direction. Only moving a
//! tensor *into* a matrix that owns its numbers copies, unless the tensor keeps columns together too.
//!
//! A matrix is `[samples, features]`. A tensor with more axes is seen with all but the first in one, the
//! last fastest, as [`Flatten::RowMajor`](crate::Flatten::RowMajor) does.
//!
//! ```
//! use lrp_core::nalgebra::{into_tensor, matrix_view, tensor_view};
//! use lrp_core::{Linear, Network};
//! use nalgebra::DMatrix;
//!
//! let weights = DMatrix::from_row_slice(3, 2, &[1.0, -1.0, 0.5, 2.0, 0.0, 1.0]);
//! let dense = Linear::new(tensor_view(&weights).to_owned(), ndarray::arr1(&[0.0, 0.0]))?;
//! let network = Network::sequential([dense.into()])?;
//!
//! let samples = DMatrix::from_row_slice(1, 3, &[1.0, 2.0, 3.0]);
//! let scores = network.forward(&into_tensor(samples.clone()))?;
//! assert_eq!(matrix_view(&scores).unwrap(), samples * weights);
//! # Ok::<(), lrp_core::Error>(())
//! ```

use nalgebra::{DMatrix, DMatrixView, DVectorView, Dyn, IsContiguous, Matrix, RawStorage};
use ndarray::{Array1, Array2, ArrayBase, ArrayView2, Data, Dimension, Ix2, ShapeBuilder};

use crate::tensor::{Float, Tensor};

/// A view of a matrix as an array `[rows, columns]`; nothing is copied.
///
/// Takes matrices and views whose numbers lie in one piece, of fixed and of dynamic size.
#[must_use]
pub fn tensor_view<T, R, C, S>(matrix: &Matrix<T, R, C, S>) -> ArrayView2<'_, T>
where
    T: Float,
    R: nalgebra::Dim,
    C: nalgebra::Dim,
    S: RawStorage<T, R, C> + IsContiguous,
{
    ArrayView2::from_shape(matrix.shape().f(), matrix.as_slice()).expect("columns follow each other")
}

/// The matrix as a tensor `[rows, columns]`, its numbers moved, not copied.
#[must_use]
pub fn into_tensor<T: Float>(matrix: DMatrix<T>) -> Tensor<T> {
    let array = Array2::from_shape_vec(matrix.shape().f(), matrix.data.into());
    array.expect("columns follow each other").into_dyn()
}

/// A view of an array as a matrix `[samples, features]`; nothing is copied.
///
/// `None` if there are no numbers, they do not lie in one piece, or the axes behind the first are not in
/// order; take [`to_matrix`] then.
#[must_use]
pub fn matrix_view<T, S, D>(array: &ArrayBase<S, D>) -> Option<DMatrixView<'_, T, Dyn, Dyn>>
where
    T: Float,
    S: Data<Elem = T>,
    D: Dimension,
{
    if array.is_empty() {
        return None;
    }
    let (rows, columns) = samples_and_features(array.shape());
    let view = array.view().into_dyn();
    let matrix = match view.clone().into_dimensionality::<Ix2>() {
        Ok(matrix) => matrix,
        Err(_) if view.is_standard_layout() => view.into_shape_with_order((rows, columns)).ok()?,
        Err(_) => return None,
    };
    let &[down, right] = matrix.strides() else { return None };
    let strides = [usize::try_from(down).ok()?, usize::try_from(right).ok()?];
    let numbers = array.as_slice_memory_order()?;
    Some(DMatrixView::from_slice_with_strides(numbers, rows, columns, strides[0], strides[1]))
}

/// The numbers of an array of any memory order as a matrix `[samples, features]`, copied.
#[must_use]
pub fn to_matrix<T, S, D>(array: &ArrayBase<S, D>) -> DMatrix<T>
where
    T: Float,
    S: Data<Elem = T>,
    D: Dimension,
{
    let (rows, columns) = samples_and_features(array.shape());
    DMatrix::from_row_iterator(rows, columns, array.iter().copied())
}

/// A view of a bias as a column; nothing is copied.
///
/// `None` if the numbers do not lie next to each other.
#[must_use]
pub fn vector_view<T: Float>(array: &Array1<T>) -> Option<DVectorView<'_, T>> {
    array.as_slice().map(|numbers| DVectorView::from_slice(numbers, numbers.len()))
}

fn samples_and_features(shape: &[usize]) -> (usize, usize) {
    shape.split_first().map_or((1, 1), |(&samples, rest)| (samples, rest.iter().product()))
}
