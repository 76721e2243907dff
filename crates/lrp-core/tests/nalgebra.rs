//! Matrices of `nalgebra` and tensors show each other the same numbers, at the same place in memory.
#![cfg(feature = "nalgebra")]

use lrp_core::nalgebra::{into_tensor, matrix_view, tensor_view, to_matrix, vector_view};
use nalgebra::{DMatrix, Matrix3x2};
use ndarray::{Array, Array2, ArrayD, Ix3, IxDyn, ShapeBuilder, arr1, arr2};
use proptest::prelude::*;

#[test]
fn matrices_become_tensors_without_a_copy() {
    let matrix: DMatrix<f64> = DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let place = matrix.as_ptr();
    assert_eq!(tensor_view(&matrix), arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
    assert_eq!(tensor_view(&matrix).as_ptr(), place);
    let tensor = into_tensor(matrix);
    assert_eq!(tensor, arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).into_dyn());
    assert_eq!(tensor.as_ptr(), place);

    let fixed = Matrix3x2::new(1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0);
    assert_eq!(tensor_view(&fixed), arr2(&[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]));
    let part = DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(tensor_view(&part.columns(1, 2).into_owned()), arr2(&[[2.0, 3.0], [5.0, 6.0]]));
}

#[test]
fn tensors_show_as_matrices_without_a_copy() {
    let relevance = Array::from_iter((0..12).map(f64::from)).into_shape_with_order((2, 3, 2)).unwrap();
    let matrix = matrix_view(&relevance).unwrap();
    assert_eq!(matrix.shape(), (2, 6));
    assert_eq!(matrix.row(1).iter().copied().collect::<Vec<_>>(), [6.0, 7.0, 8.0, 9.0, 10.0, 11.0]);
    assert!(std::ptr::eq(&raw const matrix[(0, 0)], relevance.as_ptr()));
    let bias = arr1(&[1.0, 2.0]);
    assert_eq!(vector_view(&bias).unwrap().as_slice(), [1.0, 2.0]);
}

#[test]
fn what_does_not_lie_in_one_piece_is_copied_on_request() {
    let wide = Array2::from_shape_fn((3, 4), |(row, column)| if row == column { 1.0 } else { 0.0 });
    let every_other = wide.clone().slice_move(ndarray::s![.., ..;2]);
    assert!(matrix_view(&every_other).is_none());
    assert_eq!(to_matrix(&every_other), DMatrix::from_row_slice(3, 2, &[1.0, 0.0, 0.0, 0.0, 0.0, 1.0]));
    let backwards = wide.slice_move(ndarray::s![..;-1, ..]);
    assert!(matrix_view(&backwards).is_none());
    assert_eq!(to_matrix(&backwards)[(2, 0)], 1.0);
    let by_columns = Array::<f64, Ix3>::zeros((2, 3, 4).f());
    assert!(matrix_view(&by_columns).is_none());
    assert_eq!(to_matrix(&by_columns).shape(), (2, 12));
}

proptest! {
    /// Any shape, rows or columns together: the view and the copy are the array.
    #[test]
    fn views_and_copies_are_the_array(shape in proptest::collection::vec(0_usize..4, 0..4), by_columns: bool) {
        let mut count = 0.0;
        let next = |_: IxDyn| { count += 1.0; count };
        let array = match by_columns {
            true => ArrayD::from_shape_fn(shape.clone().f(), next),
            false => ArrayD::from_shape_fn(shape.clone(), next),
        };
        let expected: Vec<f64> = array.iter().copied().collect();
        let rows = |matrix: &DMatrix<f64>| matrix.transpose().as_slice().to_vec();
        prop_assert_eq!(rows(&to_matrix(&array)), expected.clone());
        match matrix_view(&array) {
            Some(view) => prop_assert_eq!(rows(&view.into_owned()), expected),
            None => prop_assert!(array.is_empty() || shape.len() > 2 && by_columns),
        }
    }
}
