//! Products of two values, of whatever kind, as rules see them.

use crate::layer::{Affine, Flow, Mix, Record};
use crate::lens::WeightLens;
use crate::tensor::{Float, Tensor, TensorView};

/// The map `(a·b₀ + a₀·b) / 2`, which equals the product at the recorded `a₀` and `b₀`: to each side, half of the
/// other one is its weights.
pub(super) struct Halves<'a, 'r, T> {
    record: &'a Record<'r, T>,
    product: Product<T>,
    back: Back<T>,
}

/// `a·b`
type Product<T> = fn(&TensorView<'_, T>, &TensorView<'_, T>) -> Tensor<T>;

/// The products of a signal with `b` and with `a`, in the shapes of `a` and `b`.
type Back<T> = fn(&TensorView<'_, T>, &TensorView<'_, T>, &TensorView<'_, T>) -> Vec<Tensor<T>>;

impl<'a, T: Float> Halves<'a, '_, T> {
    pub(super) fn flow(record: &'a Record<'_, T>, product: Product<T>, back: Back<T>) -> Flow<'a, T> {
        Flow::Mix(Mix { map: Box::new(Halves { record, product, back }), z: Some(record.output.view()) })
    }

    fn weights(&self, lens: WeightLens) -> [Tensor<T>; 2] {
        [0, 1].map(|side| self.record.inputs[side].mapv(|value| lens.see(T::of(0.5) * value)))
    }
}

impl<T: Float> Affine<T> for Halves<'_, '_, T> {
    fn apply(&self, lens: WeightLens, inputs: &[TensorView<'_, T>]) -> Tensor<T> {
        let [a0, b0] = self.weights(lens);
        (self.product)(&inputs[0], &b0.view()) + (self.product)(&a0.view(), &inputs[1])
    }

    fn transpose(&self, lens: WeightLens, signal: TensorView<'_, T>) -> Vec<Tensor<T>> {
        let [a0, b0] = self.weights(lens);
        (self.back)(&a0.view(), &b0.view(), &signal)
    }

    fn is_local(&self) -> bool {
        true
    }
}
