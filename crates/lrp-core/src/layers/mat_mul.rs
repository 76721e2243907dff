//! The matrix product of two values, as attention has it.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, Axis};
use rayon::prelude::*;

use super::halves::Halves;
use super::spread::{common, gathered, raised};
use crate::error::{Error, Result};
use crate::kernels::parallel;
use crate::layer::{Crossing, Flow, Kind, Layer, Record};
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};
use crate::window::into_rank;

/// `y = a b` with `a` `[n, .., m, k]`, `b` `[n, .., k, q]`, `y` `[n, .., m, q]`; the axes between batch and matrices
/// broadcast as in numpy.
///
/// To rules it is the affine map `(a b₀ + a₀ b) / 2`, equal to the product at the recorded `a₀` and `b₀`, so each
/// side receives half (Achtibat et al. 2024).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MatMul;

impl<T: Float> Layer<T> for MatMul {
    fn kind(&self) -> Kind {
        Kind::MatMul
    }

    fn crossing(&self) -> Crossing {
        Crossing::Mix
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            [[a @ .., m, k], [b @ .., other, q]] if k == other && !a.is_empty() && !b.is_empty() => {
                Ok([&common(&[a, b])?[..], &[*m, *q]].concat())
            }
            _ => Err(Error::shape(format!("takes [batch, .., m, k] and [batch, .., k, q], not {inputs:?}"))),
        }
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        product(&inputs[0], &inputs[1])
    }

    fn flow<'a>(&'a self, record: &'a Record<'_, T>) -> Flow<'a, T> {
        Halves::flow(record, product, back)
    }

    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        back(&record.inputs[0], &record.inputs[1], &upstream)
    }
}

/// `s bᵀ` and `aᵀ s`, in the shapes of `a` and `b`.
fn back<T: Float>(a: &TensorView<'_, T>, b: &TensorView<'_, T>, s: &TensorView<'_, T>) -> Vec<Tensor<T>> {
    vec![
        gathered(product(s, &turned(b.view())), a.shape()),
        gathered(product(&turned(a.view()), s), b.shape()),
    ]
}

/// The last two axes exchanged.
fn turned<T>(mut array: TensorView<'_, T>) -> TensorView<'_, T> {
    let rank = array.ndim();
    array.swap_axes(rank - 2, rank - 1);
    array
}

/// `a b` for every pair of matrices, of which none is copied.
fn product<T: Float>(a: &TensorView<'_, T>, b: &TensorView<'_, T>) -> Tensor<T> {
    let rank = a.ndim().max(b.ndim());
    let (a, b) = (raised(a.view(), rank), raised(b.view(), rank));
    let (m, k, q) = (a.shape()[rank - 2], a.shape()[rank - 1], b.shape()[rank - 1]);
    let lead = common(&[&a.shape()[..rank - 2], &b.shape()[..rank - 2]]).expect("shapes were checked");
    let of = |sizes: [usize; 2]| [&lead[..], &sizes].concat();
    let a = a.broadcast(of([m, k])).expect("shapes were checked");
    let b = b.broadcast(of([k, q])).expect("shapes were checked");
    let mut y = Tensor::zeros(of([m, q]));
    let work = y.len() * k;
    let each = |(index, y): (usize, &mut [T])| {
        let mut y = ArrayViewMut2::from_shape((m, q), y).expect("as many elements");
        general_mat_mul(T::one(), &matrix(&a, index), &matrix(&b, index), T::zero(), &mut y);
    };
    let values = y.as_slice_mut().expect("it is in standard layout");
    if m * q > 0 && parallel::worthwhile(work) {
        values.par_chunks_mut(m * q).enumerate().for_each(each);
    } else if m * q > 0 {
        values.chunks_mut(m * q).enumerate().for_each(each);
    }
    y
}

/// One of the matrices in the last two axes, counted along the others, the last of them fastest.
fn matrix<'a, T: Float>(stack: &'a TensorView<'_, T>, index: usize) -> ArrayView2<'a, T> {
    let (mut stack, mut rest) = (stack.view(), index);
    while let Some(axis) = stack.ndim().checked_sub(3) {
        let size = stack.shape()[axis];
        stack = stack.index_axis_move(Axis(axis), rest % size);
        rest /= size;
    }
    into_rank(stack)
}
