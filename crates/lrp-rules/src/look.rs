//! Looking at values through the lenses of a formula.

use lrp_core::{Float, Tensor, TensorView, WeightLens, map, update};
use ndarray::{ArrayViewMutD, Axis, CowArray, IxDyn, Zip};

use crate::algebra::InputLens;
use crate::parameter::Parameter;

/// A look at one channel, ready for many values.
#[derive(Clone, Copy)]
enum Look<T> {
    Value,
    Positive,
    Negative,
    Magnitude,
    Less(T),
    Fill(T),
}

impl<T: Float> Look<T> {
    /// `look(x)` at every place.
    fn map(self, x: &TensorView<'_, T>) -> Tensor<T> {
        // One loop a look: a choice inside would be made for every value.
        match self {
            Self::Value => map(x, |x| x),
            Self::Positive => map(x, |x| WeightLens::Positive.see(x)),
            Self::Negative => map(x, |x| WeightLens::Negative.see(x)),
            Self::Magnitude => map(x, T::abs),
            Self::Less(bound) => map(x, move |x| x - bound),
            Self::Fill(value) => map(x, move |_| value),
        }
    }

    /// `a ← f(a, look(x), b)` at every place.
    fn update(
        self,
        a: ArrayViewMutD<'_, T>,
        x: &TensorView<'_, T>,
        b: &TensorView<'_, T>,
        f: impl Fn(T, T, T) -> T + Sync + Send + Copy,
    ) {
        match self {
            Self::Value => update(a, x, b, f),
            Self::Positive => update(a, x, b, move |a, x, b| f(a, WeightLens::Positive.see(x), b)),
            Self::Negative => update(a, x, b, move |a, x, b| f(a, WeightLens::Negative.see(x), b)),
            Self::Magnitude => update(a, x, b, move |a, x, b| f(a, x.abs(), b)),
            Self::Less(bound) => update(a, x, b, move |a, x, b| f(a, x - bound, b)),
            Self::Fill(value) => update(a, x, b, move |a, _, b| f(a, value, b)),
        }
    }
}

impl InputLens {
    fn look<T: Float>(&self, channel: usize) -> Look<T> {
        match self {
            Self::Value => Look::Value,
            Self::Positive => Look::Positive,
            Self::Negative => Look::Negative,
            Self::Magnitude => Look::Magnitude,
            Self::Less(bound) => Look::Less(T::of(bound.of(channel))),
            Self::Fill(value) => Look::Fill(T::of(*value)),
        }
    }

    /// Whether what it sees is zero where the input is.
    pub(crate) fn vanishes(&self) -> bool {
        match self {
            Self::Value | Self::Positive | Self::Negative | Self::Magnitude => true,
            Self::Less(bound) => bound.values().all(|value| value == 0.0),
            Self::Fill(value) => *value == 0.0,
        }
    }

    /// Whether it is the same look at every value.
    fn is_everywhere_alike(&self) -> bool {
        !matches!(self, Self::Less(Parameter::Channels(_) | Parameter::Pixels(_)))
    }

    /// The shape of a sample whose every value it looks at in a way of its own.
    pub(crate) fn pixels(&self) -> Option<&[usize]> {
        match self {
            Self::Less(bound) => bound.pixels(),
            _ => None,
        }
    }

    /// How many channels it tells apart, if it does.
    pub(crate) fn channels(&self) -> Option<usize> {
        match self {
            Self::Less(bound) => bound.channels(),
            _ => None,
        }
    }

    /// Looks at a whole input whose channels lie along `axis`.
    pub(crate) fn see<'a, T: Float>(&self, x: &'a TensorView<'_, T>, axis: Axis) -> CowArray<'a, T, IxDyn> {
        match self {
            Self::Value => x.view().into(),
            lens if lens.is_everywhere_alike() => lens.look(0).map(x).into(),
            lens => {
                let mut seen = x.to_owned();
                lens.update(seen.view_mut(), x, x, axis, |_, seen, _| seen);
                seen.into()
            }
        }
    }

    /// `look(x) · part`, one array an input.
    pub(crate) fn weigh<T: Float>(
        &self,
        parts: Vec<Tensor<T>>,
        inputs: &[TensorView<'_, T>],
        axis: Axis,
    ) -> Vec<Tensor<T>> {
        if *self == Self::Fill(1.0) {
            return parts;
        }
        let weigh = |(mut part, x): (Tensor<T>, &TensorView<'_, T>)| {
            self.update(part.view_mut(), x, x, axis, |part, seen, _| seen * part);
            part
        };
        parts.into_iter().zip(inputs).map(weigh).collect()
    }

    /// `sum + look(x) · part`, one array an input.
    pub(crate) fn add<T: Float>(
        &self,
        sums: Vec<Tensor<T>>,
        parts: Vec<Tensor<T>>,
        inputs: &[TensorView<'_, T>],
        axis: Axis,
    ) -> Vec<Tensor<T>> {
        let add = |((mut sum, part), x): ((Tensor<T>, Tensor<T>), &TensorView<'_, T>)| {
            self.update(sum.view_mut(), x, &part.view(), axis, |sum, seen, part| sum + seen * part);
            lrp_core::recycle(part);
            sum
        };
        sums.into_iter().zip(parts).zip(inputs).map(add).collect()
    }

    /// `a ← f(a, look(x), b)` at every place, channel by channel where the look differs between them.
    fn update<T: Float>(
        &self,
        mut a: ArrayViewMutD<'_, T>,
        x: &TensorView<'_, T>,
        b: &TensorView<'_, T>,
        axis: Axis,
        f: impl Fn(T, T, T) -> T + Sync + Send + Copy,
    ) {
        if self.is_everywhere_alike() {
            return self.look(0).update(a, x, b, f);
        }
        if let Self::Less(Parameter::Pixels(bounds)) = self {
            let samples = a.outer_iter_mut().zip(x.outer_iter()).zip(b.outer_iter());
            return samples.for_each(|((a, x), b)| {
                Zip::from(a)
                    .and(x)
                    .and(b)
                    .and(&**bounds)
                    .for_each(|a, &x, &b, &bound| *a = f(*a, x - T::of(bound), b));
            });
        }
        let channels = a.axis_iter_mut(axis).zip(x.axis_iter(axis)).zip(b.axis_iter(axis));
        for (channel, ((a, x), b)) in channels.enumerate() {
            self.look(channel).update(a, &x, &b, f);
        }
    }
}
