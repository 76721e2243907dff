//! Arrays as matrices: a row for all the values along some axes.

use ndarray::Array2;

use crate::tensor::{Float, Tensor, TensorView};

/// One row for each place along the other axes.
pub(super) fn rows<T: Float>(x: &TensorView<'_, T>, axes: &[usize]) -> Array2<T> {
    let order = order(x.ndim(), axes);
    let count: usize = axes.iter().map(|&axis| x.shape()[axis]).product();
    let rows: usize = order[..x.ndim() - axes.len()].iter().map(|&axis| x.shape()[axis]).product();
    let turned = x.view().permuted_axes(order).as_standard_layout().into_owned();
    turned.into_shape_with_order((rows, count)).expect("as many elements as before")
}

/// The array of some shape whose rows along these axes they are.
pub(super) fn from_rows<T: Float>(rows: Array2<T>, shape: &[usize], axes: &[usize]) -> Tensor<T> {
    let order = order(shape.len(), axes);
    let turned: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
    let turned = rows.into_shape_with_order(turned).expect("as many elements as before");
    let mut back = vec![0; order.len()];
    order.iter().enumerate().for_each(|(to, &from)| back[from] = to);
    turned.permuted_axes(back)
}

/// The other axes, then these.
fn order(rank: usize, axes: &[usize]) -> Vec<usize> {
    (0..rank).filter(|axis| !axes.contains(axis)).chain(axes.iter().copied()).collect()
}
