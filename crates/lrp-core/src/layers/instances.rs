//! Where the layers of a number type become code.

use super::Op;
use crate::layer::{Layer, Record};
use crate::parameters::Parameters;
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};

/// The layers of one number type.
///
/// They are generic, and whoever runs a network runs all of them. As [`Compute`](crate::kernels::Compute) for the
/// kernels, this makes code of them once, in this crate, instead of in every crate that runs a network.
pub trait Layers: Sized {
    /// See [`Op::layer`].
    fn layer(op: &Op<Self>) -> &dyn Layer<Self>
    where
        Self: Float;
    /// See [`Op::forward`].
    fn forward(
        op: &Op<Self>,
        inputs: &[TensorView<'_, Self>],
        site: Site<'_, Self>,
        rectify: bool,
    ) -> Tensor<Self>
    where
        Self: Float;
    /// See [`Op::parameter_gradient`].
    fn parameter_gradient(
        op: &Op<Self>,
        record: &Record<'_, Self>,
        upstream: TensorView<'_, Self>,
    ) -> Option<Parameters<Self>>
    where
        Self: Float;
    /// See [`Op::toolbox_gradient`].
    fn toolbox_gradient(
        op: &Op<Self>,
        record: &Record<'_, Self>,
        upstream: TensorView<'_, Self>,
    ) -> Vec<Tensor<Self>>
    where
        Self: Float;
}

macro_rules! layers {
    ($($scalar:ty),*) => {$(
        impl Layers for $scalar {
            fn layer(op: &Op<Self>) -> &dyn Layer<Self> {
                op.choose_layer()
            }
            fn forward(
                op: &Op<Self>,
                inputs: &[TensorView<'_, Self>],
                site: Site<'_, Self>,
                rectify: bool,
            ) -> Tensor<Self> {
                op.choose_forward(inputs, site, rectify)
            }
            fn parameter_gradient(
                op: &Op<Self>,
                record: &Record<'_, Self>,
                upstream: TensorView<'_, Self>,
            ) -> Option<Parameters<Self>> {
                op.choose_parameter_gradient(record, upstream)
            }
            fn toolbox_gradient(
                op: &Op<Self>,
                record: &Record<'_, Self>,
                upstream: TensorView<'_, Self>,
            ) -> Vec<Tensor<Self>> {
                op.choose_toolbox_gradient(record, upstream)
            }
        }
    )*};
}
layers!(f32, f64);
