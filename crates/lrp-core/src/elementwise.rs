//! Arithmetic on whole arrays of one shape, in the order they lie in memory.

use ndarray::{ArrayViewMutD, Axis, Zip};
use rayon::prelude::*;

use crate::kernels::simd::widely;
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
    f: impl Fn(T, T, T) -> T + Copy + Sync + Send,
) -> Tensor<T> {
    let mut target = blank(a);
    write(target.view_mut(), [a, b, c], f);
    target
}

/// An array like this one, in its memory order, that holds anything.
#[must_use]
pub fn blank<T: Float>(array: &TensorView<'_, T>) -> Tensor<T> {
    let order = memory_order(array);
    let shape: Vec<usize> = order.iter().map(|&axis| array.len_of(Axis(axis))).collect();
    arranged(memory::take(array.len()), &shape, &order)
}

/// `target ← f(a, b, c)` at every place.
///
/// # Panics
/// If the shapes differ.
pub fn write<T: Float>(
    target: ArrayViewMutD<'_, T>,
    [a, b, c]: [&TensorView<'_, T>; 3],
    f: impl Fn(T, T, T) -> T + Copy + Sync + Send,
) {
    let order = memory_order(&target.view());
    let mut target = target.permuted_axes(order.clone());
    let [a, b, c] = [a, b, c].map(|array| array.view().permuted_axes(order.clone()));
    let slices = (a.as_slice(), b.as_slice(), c.as_slice(), target.is_standard_layout());
    let (Some(a), Some(b), Some(c), true) = slices else {
        Zip::from(target).and(&a).and(&b).and(&c).for_each(|y, &a, &b, &c| *y = f(a, b, c));
        return;
    };
    let y = target.as_slice_mut().expect("it is in standard layout");
    assert!([a, b, c].iter().all(|array| array.len() == y.len()), "arrays of one shape");
    let piece = |y: &mut [T], a: &[T], b: &[T], c: &[T]| {
        widely::<T>(move || {
            let places = y.iter_mut().zip(a).zip(b.iter().zip(c));
            places.for_each(move |((y, &a), (&b, &c))| *y = f(a, b, c));
        });
    };
    if parallel::worthwhile_elements(y.len()) {
        let places = y.par_chunks_mut(PIECE).zip(a.par_chunks(PIECE));
        let places = places.zip(b.par_chunks(PIECE).zip(c.par_chunks(PIECE)));
        places.for_each(|((y, a), (b, c))| piece(y, a, b, c));
    } else {
        piece(y, a, b, c);
    }
}

/// `f(x)` at every place, in the memory order of `x`.
#[must_use]
pub fn map<T: Float>(x: &TensorView<'_, T>, f: impl Fn(T) -> T + Copy + Sync + Send) -> Tensor<T> {
    let order = memory_order(x);
    let source = x.view().permuted_axes(order.clone());
    let Some(values) = source.as_slice() else {
        return x.mapv(f);
    };
    let mut target = memory::take(values.len());
    let piece = |(y, x): (&mut [T], &[T])| {
        widely::<T>(move || y.iter_mut().zip(x).for_each(move |(y, &x)| *y = f(x)));
    };
    if parallel::worthwhile_elements(values.len()) {
        target.par_chunks_mut(PIECE).zip(values.par_chunks(PIECE)).for_each(piece);
    } else {
        piece((&mut target, values));
    }
    arranged(target, source.shape(), &order)
}

/// `f(a, b, c)` at every place of `a`, in its memory order, where `b` and `c` broadcast to `a` as in numpy.
///
/// # Panics
/// If one of them does not.
#[must_use]
pub fn broadcast<T: Float>(
    a: &TensorView<'_, T>,
    b: &TensorView<'_, T>,
    c: &TensorView<'_, T>,
    f: impl Fn(T, T, T) -> T + Copy + Sync + Send,
) -> Tensor<T> {
    let order = memory_order(a);
    let source = a.view().permuted_axes(order.clone());
    let shape = source.shape().to_vec();
    let source = source.as_standard_layout();
    let values = source.as_slice().expect("it is in standard layout");
    let (b, c) = (Spread::new(b, &shape, &order), Spread::new(c, &shape, &order));
    let both = |axes: &usize| Some((*axes, b.step(&shape, *axes)?, c.step(&shape, *axes)?));
    let (inner, to_b, to_c) = (0..=shape.len()).rev().find_map(|axes| both(&axes)).expect("a place is a row");
    let outer = &shape[..shape.len() - inner];
    let row: usize = shape[outer.len()..].iter().product();
    let mut target = memory::take(values.len());
    let rows = (PIECE / row.max(1)).max(1);
    let piece = |(index, (target, values)): (usize, (&mut [T], &[T]))| {
        let each = target.chunks_mut(row).zip(values.chunks(row)).enumerate();
        each.for_each(|(place, (y, a))| {
            let place = index * rows + place;
            let (b, c) = (&b.values[b.start(place, outer)..], &c.values[c.start(place, outer)..]);
            let places = y.iter_mut().zip(a);
            match (to_b, to_c) {
                (0, 0) => places.for_each(|(y, &a)| *y = f(a, b[0], c[0])),
                (1, 0) => places.zip(b).for_each(|((y, &a), &b)| *y = f(a, b, c[0])),
                (0, 1) => places.zip(c).for_each(|((y, &a), &c)| *y = f(a, b[0], c)),
                _ => places.zip(b.iter().zip(c)).for_each(|((y, &a), (&b, &c))| *y = f(a, b, c)),
            }
        });
    };
    if row > 0 && parallel::worthwhile_elements(values.len()) {
        let pieces = target.par_chunks_mut(rows * row).zip(values.par_chunks(rows * row));
        pieces.enumerate().for_each(piece);
    } else if row > 0 {
        target.chunks_mut(rows * row).zip(values.chunks(rows * row)).enumerate().for_each(piece);
    }
    arranged(target, &shape, &order)
}

/// An array as it broadcasts to another, whose axes are taken in some order.
struct Spread<T> {
    values: Vec<T>,
    /// Zero along axes on which it is the same everywhere.
    strides: Vec<usize>,
}

impl<T: Float> Spread<T> {
    fn new(array: &TensorView<'_, T>, shape: &[usize], order: &[usize]) -> Self {
        let mut array = array.view();
        assert!(array.ndim() <= shape.len(), "an array cannot broadcast to one of fewer axes");
        while array.ndim() < shape.len() {
            array.insert_axis_inplace(Axis(0));
        }
        let array = array.permuted_axes(order);
        let fits = array.shape().iter().zip(shape).all(|(&own, &size)| own == size || own == 1);
        assert!(fits, "{:?} does not broadcast to {shape:?}", array.shape());
        let mut stride = 1;
        let mut strides = vec![0; shape.len()];
        for (place, &size) in strides.iter_mut().zip(array.shape()).rev() {
            *place = if size == 1 { 0 } else { stride };
            stride *= size;
        }
        Self { values: array.iter().copied().collect(), strides }
    }

    /// How far to go in this array for a step in a row of the last `axes`, if it is the same number everywhere.
    fn step(&self, shape: &[usize], axes: usize) -> Option<usize> {
        let first = shape.len() - axes;
        let mut dense = 1;
        let (mut same, mut next) = (true, true);
        for axis in (first..shape.len()).rev().filter(|&axis| shape[axis] != 1) {
            same &= self.strides[axis] == 0;
            next &= self.strides[axis] == dense;
            dense *= shape[axis];
        }
        if same { Some(0) } else { next.then_some(1) }
    }

    /// Where row `place` of all those along the `outer` axes starts.
    fn start(&self, place: usize, outer: &[usize]) -> usize {
        let mut rest = place;
        let mut start = 0;
        for (&size, &stride) in outer.iter().zip(&self.strides).rev() {
            start += rest % size * stride;
            rest /= size;
        }
        start
    }
}

/// `a ← f(a, b, c)` at every place.
///
/// # Panics
/// If the shapes differ.
pub fn update<T: Float>(
    a: ArrayViewMutD<'_, T>,
    b: &TensorView<'_, T>,
    c: &TensorView<'_, T>,
    f: impl Fn(T, T, T) -> T + Copy + Sync + Send,
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
        // A function of its own values: what it had to look up might change with every element written.
        widely::<T>(move || {
            a.iter_mut().zip(b.iter().zip(c)).for_each(move |(a, (&b, &c))| *a = f(*a, b, c));
        });
    };
    if parallel::worthwhile_elements(a.len()) {
        a.par_chunks_mut(PIECE).zip(b.par_chunks(PIECE).zip(c.par_chunks(PIECE))).for_each(piece);
    } else {
        piece((a, (b, c)));
    }
}

/// One array of all samples of arrays that differ in nothing but their number of samples, the first axis.
///
/// # Panics
/// If there is no array, or they differ in anything else.
#[must_use]
pub fn joined<'a, T: Float>(parts: impl IntoIterator<Item = &'a Tensor<T>>) -> Tensor<T> {
    let parts: Vec<_> = parts.into_iter().map(|part| part.as_standard_layout()).collect();
    let mut shape = parts[0].shape().to_vec();
    assert!(parts.iter().all(|part| part.shape()[1..] == shape[1..]), "samples of one shape");
    shape[0] = parts.iter().map(|part| part.shape()[0]).sum();
    let mut values = memory::take(shape.iter().product());
    let mut rest = &mut values[..];
    for part in &parts {
        let (target, behind) = rest.split_at_mut(part.len());
        target.copy_from_slice(part.as_slice().expect("it is in standard layout"));
        rest = behind;
    }
    Tensor::from_shape_vec(shape, values).expect("as many values as places")
}

/// Lets the memory of an array serve the next one.
pub fn recycle<T: Float>(tensor: Tensor<T>) {
    memory::give(tensor.into_raw_vec_and_offset().0);
}

/// Values that lie in memory as an array whose axes were taken in this order, seen in their own.
pub(crate) fn arranged<T: Float>(values: Vec<T>, shape: &[usize], order: &[usize]) -> Tensor<T> {
    let array = Tensor::from_shape_vec(shape, values).expect("as many values as places");
    array.permuted_axes(inverse(order))
}

/// The axes by falling stride.
pub(crate) fn memory_order<T>(array: &TensorView<'_, T>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..array.ndim()).collect();
    order.sort_by_key(|&axis| std::cmp::Reverse(array.strides()[axis].unsigned_abs()));
    order
}

fn inverse(order: &[usize]) -> Vec<usize> {
    let mut inverse = vec![0; order.len()];
    order.iter().enumerate().for_each(|(to, &from)| inverse[from] = to);
    inverse
}
