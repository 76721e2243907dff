//! Planes of numbers: made from vectors, enlarged, measured.

use ndarray::{Array, Array2, ArrayView, ArrayView2, ArrayView3, ArrayViewD, Axis, Dimension, RemoveAxis};

use crate::error::{Error, ErrorKind};
use crate::picture::check_size;

/// Arranges values as a picture plane `[h, w]`, row by row.
///
/// `None` infers a square, as for a digit given as a vector of 784 values; `Some([h, w])` is taken as it
/// is. The axes of `values` do not matter, only their C order: `[1, 32, 32]` becomes `[32, 32]`.
///
/// # Errors
/// [`ErrorKind::NotSquare`] when no square fits, [`ErrorKind::Shape`] when `h * w` differs from the number
/// of values or there are none.
///
/// ```
/// use lrp_render::vector_to_plane;
/// use ndarray::Array1;
///
/// let vector = Array1::linspace(0.0, 1.0, 6);
/// assert_eq!(vector_to_plane(vector.view(), Some([2, 3]))?.dim(), (2, 3));
/// assert!(vector_to_plane(vector.view(), None).is_err());
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn vector_to_plane<D: Dimension>(
    values: ArrayView<'_, f64, D>,
    shape: Option<[usize; 2]>,
) -> Result<Array2<f64>, Error> {
    let elements = values.len();
    let [height, width] = match shape {
        Some(shape) => shape,
        None => [elements.isqrt(); 2],
    };
    let fits = elements > 0 && height.checked_mul(width) == Some(elements);
    match (fits, shape) {
        (true, _) => {}
        (false, None) if elements > 0 => return Err(ErrorKind::NotSquare { elements }.into()),
        (false, _) => {
            return Err(Error::shape("vector", values.shape(), format_args!("{height} x {width} values")));
        }
    }
    let flat = values.iter().copied().collect();
    Array2::from_shape_vec((height, width), flat)
        .map_err(|_| Error::shape("vector", values.shape(), format_args!("{height} x {width} values")))
}

/// How the channels of a pixel become one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Aggregate {
    /// Their sum, which keeps the sign and the total of relevance.
    #[default]
    Sum,
    /// The root of the sum of their squares.
    L2,
    /// The largest of their absolute values.
    LInf,
}

/// Relevance of pixels with channels as a plane; `channels` is the axis that goes.
///
/// NaN in a channel is NaN in the plane.
///
/// # Panics
/// If `channels` is none of the three axes.
///
/// ```
/// use lrp_render::{Aggregate, aggregate};
/// use ndarray::{Axis, array};
///
/// let relevance = array![[[3.0, -4.0], [1.0, 0.0]]];
/// let plane = |how| aggregate(relevance.view(), Axis(2), how);
/// assert_eq!(plane(Aggregate::Sum), array![[-1.0, 1.0]]);
/// assert_eq!(plane(Aggregate::L2), array![[5.0, 1.0]]);
/// assert_eq!(plane(Aggregate::LInf), array![[4.0, 1.0]]);
/// ```
#[must_use]
pub fn aggregate(relevance: ArrayView3<'_, f64>, channels: Axis, how: Aggregate) -> Array2<f64> {
    match how {
        Aggregate::Sum => relevance.sum_axis(channels),
        Aggregate::L2 => relevance.fold_axis(channels, 0.0, |norm: &f64, value| norm.hypot(*value)),
        Aggregate::LInf => relevance.fold_axis(channels, 0.0, |largest: &f64, value| {
            if largest.is_nan() || value.abs() <= *largest { *largest } else { value.abs() }
        }),
    }
}

/// One sample as a plane: `[h, w]` as it is; of `[h, w, c]` or `[c, h, w]` the axis of the channels goes, joined as said;
/// anything else, and all where a shape is given, as [`vector_to_plane`].
///
/// # Errors
/// As [`vector_to_plane`].
///
/// # Panics
/// If `channels` is none of three axes.
///
/// ```
/// use lrp_render::{Aggregate, sample_plane};
/// use ndarray::{Axis, array};
///
/// let plane = |sample: ndarray::ArrayD<f64>| sample_plane(&sample.view(), Axis(2), None, Aggregate::Sum);
/// assert_eq!(plane(array![[[3.0, -4.0], [1.0, 0.0]]].into_dyn())?, array![[-1.0, 1.0]]);
/// assert_eq!(plane(array![1.0, 2.0, 3.0, 4.0].into_dyn())?, array![[1.0, 2.0], [3.0, 4.0]]);
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn sample_plane(
    sample: &ArrayViewD<'_, f64>,
    channels: Axis,
    shape: Option<[usize; 2]>,
    how: Aggregate,
) -> Result<Array2<f64>, Error> {
    let (pixels, channels) = match (sample.ndim(), shape) {
        (3, None) => (sample.to_owned(), channels),
        (2, None) => (sample.to_owned().insert_axis(Axis(2)), Axis(2)),
        _ => (vector_to_plane(sample.view(), shape)?.into_dyn().insert_axis(Axis(2)), Axis(2)),
    };
    Ok(aggregate(pixels.view().into_dimensionality().expect("three axes"), channels, how))
}

/// Values moved and scaled to span `[0, 1]`, as pictures to look at need; all the same become 0.
///
/// ```
/// let shown = lrp_render::stretch(ndarray::array![[-1.0, 0.0, 3.0]].view());
/// assert_eq!(shown, ndarray::array![[0.0, 0.25, 1.0]]);
/// ```
#[must_use]
pub fn stretch(plane: ArrayView2<'_, f64>) -> Array2<f64> {
    let low = plane.fold(f64::INFINITY, |low, &value| low.min(value));
    let high = plane.fold(f64::NEG_INFINITY, |high, &value| high.max(value));
    plane.mapv(|value| if high > low { (value - low) / (high - low) } else { 0.0 })
}

/// Repeats every pixel `scaling` times along the first two axes: nearest neighbour enlargement.
///
/// `[h, w]` becomes `[h * scaling, w * scaling]`, and `[h, w, c]` likewise with its channels kept.
///
/// # Errors
/// A scaling of 0, fewer than two axes, or a result beyond [`MAX_PIXELS`](crate::MAX_PIXELS).
///
/// ```
/// use lrp_render::enlarge;
/// use ndarray::array;
///
/// let twice = enlarge(array![[1.0, 2.0]].view(), 2)?;
/// assert_eq!(twice, array![[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]);
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn enlarge<D>(image: ArrayView<'_, f64, D>, scaling: usize) -> Result<Array<f64, D>, Error>
where
    D: Dimension + RemoveAxis,
{
    let &[height, width, ..] = image.shape() else {
        return Err(Error::shape("image", image.shape(), "height, width and perhaps channels"));
    };
    if scaling == 0 {
        return Err(Error::option("scaling", scaling, "a whole number of at least 1"));
    }
    check_size(height.saturating_mul(scaling), width.saturating_mul(scaling))?;
    let repeated = |length: usize| (0..length * scaling).map(|index| index / scaling).collect::<Vec<_>>();
    Ok(image.select(Axis(0), &repeated(height)).select(Axis(1), &repeated(width)))
}

/// Largest absolute value over several planes: the scale under which they can share one colour bar.
///
/// 0 for no planes or all-zero ones. Values that are not finite are passed over here; the renderer
/// reports them with their index.
///
/// ```
/// use lrp_render::shared_scale;
/// use ndarray::array;
///
/// let (one, two) = (array![[0.5, -3.0]], array![[2.0]]);
/// assert_eq!(shared_scale([one.view(), two.view()]), 3.0);
/// ```
pub fn shared_scale<'a>(planes: impl IntoIterator<Item = ArrayView2<'a, f64>>) -> f64 {
    planes.into_iter().map(max_abs).fold(0.0, f64::max)
}

pub(crate) fn max_abs(plane: ArrayView2<'_, f64>) -> f64 {
    plane.iter().filter(|value| value.is_finite()).fold(0.0, |largest, value| value.abs().max(largest))
}

pub(crate) fn check_plane(what: &'static str, plane: ArrayView2<'_, f64>) -> Result<(), Error> {
    if plane.is_empty() {
        return Err(Error::shape(what, plane.shape(), "at least one row and one column"));
    }
    check_finite(what, plane)
}

pub(crate) fn check_finite<D: Dimension>(
    what: &'static str,
    values: ArrayView<'_, f64, D>,
) -> Result<(), Error> {
    let dynamic = values.into_dyn();
    match dynamic.indexed_iter().find(|(_, value)| !value.is_finite()) {
        Some((index, &value)) => {
            Err(ErrorKind::NotFinite { what, index: index.slice().to_vec(), value }.into())
        }
        None => Ok(()),
    }
}
