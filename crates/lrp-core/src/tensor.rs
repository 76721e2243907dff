//! The one number type and the one array type everything is written in.

use ndarray::{ArrayD, ArrayViewD, NdFloat};

use crate::kernels::Compute;
use crate::kernels::memory::Recycle;
use crate::kernels::parallel::Keep;
use crate::kernels::simd::Registers;
use crate::layers::Layers;

/// A dense array whose leading axis is the batch: `[n, features]`, `[n, h, w, c]` or `[n, c, h, w]`.
pub type Tensor<T> = ArrayD<T>;

/// A borrowed [`Tensor`] of any memory order.
pub type TensorView<'a, T> = ArrayViewD<'a, T>;

/// The numbers a network can be made of: `f32` and `f64`, nothing else.
///
/// Rules and readers speak `f64`; [`Float::of`] is where their constants become the network's own.
pub trait Float:
    NdFloat + std::iter::Sum + Default + Registers + Keep + Recycle + Compute + Layers + sealed::Sealed + 'static
{
    /// The name users write: `"f32"` or `"f64"`.
    const NAME: &'static str;

    /// Rounds `value` to the nearest number of this type.
    fn of(value: f64) -> Self;

    /// The same number in `f64`, exactly.
    fn as_f64(self) -> f64;
}

impl Float for f32 {
    const NAME: &'static str = "f32";

    #[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is what this function is for")]
    fn of(value: f64) -> Self {
        value as f32
    }

    fn as_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Float for f64 {
    const NAME: &'static str = "f64";

    fn of(value: f64) -> Self {
        value
    }

    fn as_f64(self) -> f64 {
        self
    }
}

/// Rounds every element of `tensor` to another number type; the shape stays.
///
/// ```
/// let single = lrp_core::cast::<f64, f32>(&ndarray::arr1(&[0.1, 2.0]).into_dyn());
/// assert_eq!(single[[0]], 0.1_f32);
/// ```
#[must_use]
pub fn cast<T: Float, U: Float>(tensor: &Tensor<T>) -> Tensor<U> {
    tensor.mapv(|value| U::of(value.as_f64()))
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}
