//! Arithmetic on whole arrays of one shape, in the order they lie in memory.

use ndarray::{ArrayViewMutD, Zip};
use rayon::prelude::*;

use crate::kernels::{memory, parallel};
use crate::tensor::{Float, Tensor, TensorView};

/// Elements one thread works on at a time.
const PIECE: usize = 1 << 14;

/// `f(a, b, c)` at every place, in the memory order of `a`.
///
/// # Panics
/// If the shapes differ.
#[must_use]
pub fn combine<T: Float>(
    a: &TensorView<'_, T>,
    b: &TensorView<'_, T>,
    c: &TensorView<'_, T>,
    f: impl Fn(T, T, T) -> T + Sync + Send,
) -> Tensor<T> {
    let order = memory_order(a);
    let source = a.view().permuted_axes(order.clone());
    let Some(values) = source.as_slice() else {
        return combine(&a.as_standard_layout().view(), b, c, f);
    };
    let target = copy(values);
    let target = Tensor::from_shape_vec(source.raw_dim(), target).expect("as many values as places");
    let mut target = target.permuted_axes(inverse(&order));
    update(target.view_mut(), b, c, f);
    target
}

/// `a ← f(a, b, c)` at every place.
///
/// # Panics
/// If the shapes differ.
pub fn update<T: Float>(
    a: ArrayViewMutD<'_, T>,
    b: &TensorView<'_, T>,
    c: &TensorView<'_, T>,
    f: impl Fn(T, T, T) -> T + Sync + Send,
) {
    let order = memory_order(&a.view());
    let mut a = a.permuted_axes(order.clone());
    let (b, c) = (b.view().permuted_axes(order.clone()), c.view().permuted_axes(order));
    let each = |a: &mut T, &b: &T, &c: &T| *a = f(*a, b, c);
    let (Some(b), Some(c), true) = (b.as_slice(), c.as_slice(), a.is_standard_layout()) else {
        Zip::from(a).and(&b).and(&c).for_each(each);
        return;
    };
    let a = a.as_slice_mut().expect("it is in standard layout");
    assert!(a.len() == b.len() && a.len() == c.len(), "arrays of one shape");
    let piece = |(a, (b, c)): (&mut [T], (&[T], &[T]))| {
        a.iter_mut().zip(b.iter().zip(c)).for_each(|(a, (b, c))| each(a, b, c));
    };
    if parallel::worthwhile(a.len()) {
        a.par_chunks_mut(PIECE).zip(b.par_chunks(PIECE).zip(c.par_chunks(PIECE))).for_each(piece);
    } else {
        piece((a, (b, c)));
    }
}

/// Lets the memory of an array serve the next one.
pub fn recycle<T: Float>(tensor: Tensor<T>) {
    memory::give(tensor.into_raw_vec_and_offset().0);
}

fn copy<T: Float>(values: &[T]) -> Vec<T> {
    let mut target = memory::take(values.len());
    target.copy_from_slice(values);
    target
}

/// The axes by falling stride.
fn memory_order<T>(array: &TensorView<'_, T>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..array.ndim()).collect();
    order.sort_by_key(|&axis| std::cmp::Reverse(array.strides()[axis].unsigned_abs()));
    order
}

fn inverse(order: &[usize]) -> Vec<usize> {
    let mut inverse = vec![0; order.len()];
    order.iter().enumerate().for_each(|(to, &from)| inverse[from] = to);
    inverse
}
