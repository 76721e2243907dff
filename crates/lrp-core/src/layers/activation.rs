//! Activations beyond the rectifier and tanh: a table of functions, each with its slope.

use super::curves::{density, erf, mish_slope, normal, sigmoid, softplus};
use super::only;
use crate::elementwise::{combine, map};
use crate::error::Result;
use crate::layer::{Crossing, Flow, Kind, Layer, Record};
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};

/// A [`Function`] applied to every value.
///
/// Relevance passes it unchanged if it is an activation by trade. How relevance should cross the others, bare
/// mathematics such as `exp`, nobody has published; see [`Function::is_activation`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Activation {
    function: Function,
}

/// A function of one number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Function {
    /// `x`, below zero `α x`
    LeakyRect(f64),
    /// `x`, below zero `α (eˣ − 1)`
    Elu(f64),
    /// `γ x`, below zero `γ α (eˣ − 1)`
    Selu {
        /// `α`
        alpha: f64,
        /// `γ`
        gamma: f64,
    },
    /// `x`, below zero `α (e^(x/α) − 1)`
    Celu(f64),
    /// `σ(x) = 1 / (1 + e⁻ˣ)`
    Sigmoid,
    /// `α x + β` within `[0, 1]`
    HardSigmoid {
        /// `α`
        alpha: f64,
        /// `β`
        beta: f64,
    },
    /// `x · (x/6 + 1/2)`, the second factor within `[0, 1]`
    HardSwish,
    /// `ln(1 + eˣ)`
    Softplus,
    /// `x / (1 + |x|)`
    Softsign,
    /// `x Φ(x)`, `Φ` the distribution function of the normal distribution
    Gelu,
    /// `x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))`, which approximates [`Function::Gelu`]
    GeluTanh,
    /// `x σ(x)`
    Silu,
    /// `x tanh(ln(1 + eˣ))`
    Mish,
    /// `x` within `[low, high]`; an infinite bound is none.
    Clip {
        /// Nothing below this.
        low: f64,
        /// Nothing above this.
        high: f64,
    },
    /// 1 above the threshold, 0 elsewhere
    Step(f64),
    /// `2/√π ∫₀ˣ e^(−t²) dt`
    Erf,
    /// `eˣ`
    Exp,
    /// `ln x`
    Log,
    /// `√x`
    Sqrt,
    /// `xᵖ`
    Power(f64),
    /// `|x|`
    Absolute,
    /// `1/x`
    Reciprocal,
}

impl Function {
    /// Whether this is an activation by trade, which relevance passes.
    #[must_use]
    pub fn is_activation(self) -> bool {
        match self {
            Self::LeakyRect(_) | Self::Elu(_) | Self::Selu { .. } | Self::Celu(_) => true,
            Self::Sigmoid | Self::HardSigmoid { .. } | Self::HardSwish | Self::Softplus => true,
            Self::Softsign | Self::Gelu | Self::GeluTanh | Self::Silu | Self::Mish => true,
            Self::Clip { .. } | Self::Step(_) => true,
            Self::Erf | Self::Exp | Self::Log | Self::Sqrt | Self::Power(_) => false,
            Self::Absolute | Self::Reciprocal => false,
        }
    }

    fn parameters(self) -> Vec<f64> {
        match self {
            Self::LeakyRect(one) | Self::Elu(one) | Self::Celu(one) => vec![one],
            Self::Step(one) | Self::Power(one) => vec![one],
            Self::Selu { alpha: one, gamma: two } | Self::HardSigmoid { alpha: one, beta: two } => {
                vec![one, two]
            }
            // No bound is a bound at infinity.
            Self::Clip { low, high } => [low, high].into_iter().filter(|bound| bound.is_nan()).collect(),
            _ => Vec::new(),
        }
    }

    /// Hands `f(x)` and `f'(x)`, the latter given `x` and `y = f(x)`, to who wants to draw it: the choice is made
    /// once for an array, not for every number in it.
    fn draw<T: Float, D: Draw<T>>(self, to: D) -> Tensor<T> {
        let (zero, one, two) = (T::zero(), T::one(), T::of(2.0));
        let half = T::of(0.5);
        match self {
            Self::LeakyRect(alpha) => rect(to, one, move |x| T::of(alpha) * x, move |_, _| T::of(alpha)),
            Self::Elu(alpha) => {
                let a = T::of(alpha);
                rect(to, one, move |x| a * x.exp_m1(), move |_, y| y + a)
            }
            Self::Selu { alpha, gamma } => {
                let (a, g) = (T::of(alpha * gamma), T::of(gamma));
                rect(to, g, move |x| a * x.exp_m1(), move |_, y| y + a)
            }
            Self::Celu(alpha) => {
                let a = T::of(alpha);
                rect(to, one, move |x| a * (x / a).exp_m1(), move |x, _| (x / a).exp())
            }
            Self::Sigmoid => to.draw(sigmoid, |_, y| y * (one - y)),
            Self::HardSigmoid { alpha, beta } => {
                let (a, b) = (T::of(alpha), T::of(beta));
                let slope = move |_, y| if y > zero && y < one { a } else { zero };
                to.draw(move |x| clip(a * x + b, zero, one), slope)
            }
            Self::HardSwish => {
                let gate = move |x: T| clip(x / T::of(6.0) + half, zero, one);
                let inside = move |x: T| x > T::of(-3.0) && x < T::of(3.0);
                let slope = move |x, _| if inside(x) { x / T::of(3.0) + half } else { gate(x) };
                to.draw(move |x| x * gate(x), slope)
            }
            Self::Softplus => to.draw(softplus, |x, _| sigmoid(x)),
            Self::Softsign => to.draw(|x| x / (one + x.abs()), |x, _| (one + x.abs()).powi(-2)),
            Self::Gelu => to.draw(|x| x * normal(x), |x, _| normal(x) + x * density(x)),
            Self::GeluTanh => {
                // `(1 + tanh u) / 2` is `σ(2u)`, which keeps its digits far below zero.
                let (scale, cube) = (T::of((8.0 / std::f64::consts::PI).sqrt()), T::of(0.044_715));
                let gate = move |x: T| sigmoid(scale * (x + cube * x * x * x));
                let inner = move |x: T| scale * (one + T::of(3.0) * cube * x * x);
                let slope = move |x, _| gate(x) + x * gate(x) * (one - gate(x)) * inner(x);
                to.draw(move |x| x * gate(x), slope)
            }
            Self::Silu => to.draw(|x| x * sigmoid(x), |x, y| sigmoid(x) * (one + x - y)),
            Self::Mish => to.draw(|x| x * softplus(x).tanh(), |x, _| mish_slope(x)),
            Self::Clip { low, high } => {
                let (low, high) = (T::of(low), T::of(high));
                let slope = move |x, _| if x > low && x < high { one } else { zero };
                to.draw(move |x| clip(x, low, high), slope)
            }
            Self::Step(threshold) => {
                let threshold = T::of(threshold);
                to.draw(move |x| if x > threshold { one } else { zero }, |_, _| zero)
            }
            Self::Erf => {
                to.draw(erf, |x, _| two * T::of(2.0_f64.sqrt()) * density(T::of(2.0_f64.sqrt()) * x))
            }
            Self::Exp => to.draw(T::exp, |_, y| y),
            Self::Log => to.draw(T::ln, |x, _| one / x),
            Self::Sqrt => to.draw(T::sqrt, |_, y| half / y),
            Self::Power(p) => to.draw(power(p), move |x, _| T::of(p) * power::<T>(p - 1.0)(x)),
            Self::Absolute => to.draw(T::abs, |x, _| if x == zero { zero } else { x.signum() }),
            Self::Reciprocal => to.draw(|x| one / x, |_, y| -y * y),
        }
    }
}

/// Who wants a function and its slope.
trait Draw<T: Float> {
    fn draw(
        self,
        value: impl Fn(T) -> T + Copy + Send + Sync,
        slope: impl Fn(T, T) -> T + Copy + Send + Sync,
    ) -> Tensor<T>;
}

/// The function at every value.
struct Values<'a, T>(TensorView<'a, T>);

impl<T: Float> Draw<T> for Values<'_, T> {
    fn draw(
        self,
        value: impl Fn(T) -> T + Copy + Send + Sync,
        _: impl Fn(T, T) -> T + Copy + Send + Sync,
    ) -> Tensor<T> {
        map(&self.0, value)
    }
}

/// Its slope at every value `x` that became `y`, times what comes from above.
struct Slopes<'a, T> {
    x: TensorView<'a, T>,
    y: TensorView<'a, T>,
    upstream: TensorView<'a, T>,
}

impl<T: Float> Draw<T> for Slopes<'_, T> {
    fn draw(
        self,
        _: impl Fn(T) -> T + Copy + Send + Sync,
        slope: impl Fn(T, T) -> T + Copy + Send + Sync,
    ) -> Tensor<T> {
        combine(&self.upstream, &self.x, &self.y, |g, x, y| g * slope(x, y))
    }
}

/// A line of slope `above` for `x > 0`, and something else elsewhere.
fn rect<T: Float>(
    to: impl Draw<T>,
    above: T,
    value: impl Fn(T) -> T + Copy + Send + Sync,
    slope: impl Fn(T, T) -> T + Copy + Send + Sync,
) -> Tensor<T> {
    to.draw(
        move |x| if x > T::zero() { above * x } else { value(x) },
        move |x, y| if x > T::zero() { above } else { slope(x, y) },
    )
}

/// `max` and `min` would turn NaN, where it is allowed, into a bound.
fn clip<T: Float>(x: T, low: T, high: T) -> T {
    if x < low {
        low
    } else if x > high {
        high
    } else {
        x
    }
}

/// `xᵖ`, for whole `p` by multiplication, which knows what to do below zero.
fn power<T: Float>(p: f64) -> impl Fn(T) -> T + Copy {
    #[expect(clippy::cast_possible_truncation, reason = "used only where nothing is lost")]
    let whole = p as i32;
    move |x| if f64::from(whole) == p { x.powi(whole) } else { x.powf(T::of(p)) }
}

impl Activation {
    /// The function everywhere.
    #[must_use]
    pub fn new(function: Function) -> Self {
        Self { function }
    }

    /// The function.
    #[must_use]
    pub fn function(&self) -> Function {
        self.function
    }
}

impl<T: Float> Layer<T> for Activation {
    fn kind(&self) -> Kind {
        Kind::Activation
    }

    fn crossing(&self) -> Crossing {
        if self.function.is_activation() { Crossing::Route } else { Crossing::Unknown }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(only(inputs)?.to_vec())
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        self.function.draw(Values(inputs[0].view()))
    }

    fn flow<'a>(&'a self, _: &'a Record<'_, T>) -> Flow<'a, T> {
        match self.function.is_activation() {
            true => Flow::Route(Box::new(|relevance| vec![relevance])),
            false => Flow::Unknown,
        }
    }

    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        let (x, y) = (record.inputs[0].view(), record.output.view());
        vec![self.function.draw(Slopes { x, y, upstream })]
    }

    fn find_not_finite(&self) -> Option<String> {
        let bad = self.function.parameters().into_iter().any(|parameter| !parameter.is_finite());
        bad.then(|| format!("{:?} has a parameter that is NaN or infinite", self.function))
    }
}
