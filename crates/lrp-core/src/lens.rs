//! Ways to look at a weight before it is used.

use crate::tensor::Float;

/// How a rule looks at a weight `w`; a bias can be looked at through the same lens.
///
/// Layers apply the lens where they read a weight, so a rule never needs to know how weights are stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WeightLens {
    /// `w`
    Value,
    /// `w⁺ = max(w, 0)`
    Positive,
    /// `w⁻ = min(w, 0)`
    Negative,
    /// `1` for every weight there is, whatever its value
    One,
    /// `w²`
    Square,
    /// `|w|`
    Magnitude,
    /// `w + γ·w⁺`
    Lift(f64),
    /// `w + γ·w⁻`
    Sink(f64),
}

impl WeightLens {
    /// Looks at one weight.
    ///
    /// ```
    /// use lrp_core::WeightLens;
    /// assert_eq!(WeightLens::Lift(0.5).see(2.0_f64), 3.0);
    /// assert_eq!(WeightLens::Lift(0.5).see(-2.0_f64), -2.0);
    /// ```
    #[must_use]
    pub fn see<T: Float>(self, w: T) -> T {
        let zero = T::zero();
        match self {
            Self::Value => w,
            // `max` and `min` would turn NaN, where it is allowed, into zero.
            Self::Positive => {
                if w <= zero {
                    zero
                } else {
                    w
                }
            }
            Self::Negative => {
                if w >= zero {
                    zero
                } else {
                    w
                }
            }
            Self::One => T::one(),
            Self::Square => w * w,
            Self::Magnitude => w.abs(),
            Self::Lift(gamma) => w + T::of(gamma) * Self::Positive.see(w),
            Self::Sink(gamma) => w + T::of(gamma) * Self::Negative.see(w),
        }
    }

    /// What a factor `a ≥ 0` of a weight becomes: `see(a·w) = factor(a) · see(w)`.
    ///
    /// ```
    /// use lrp_core::WeightLens;
    /// for lens in [WeightLens::Square, WeightLens::One, WeightLens::Lift(0.5)] {
    ///     assert_eq!(lens.see(3.0 * 2.0_f64), lens.factor(3.0_f64) * lens.see(2.0_f64));
    /// }
    /// ```
    #[must_use]
    pub fn factor<T: Float>(self, a: T) -> T {
        match self {
            Self::One => T::one(),
            Self::Square => a * a,
            Self::Value | Self::Positive | Self::Negative | Self::Magnitude => a,
            Self::Lift(_) | Self::Sink(_) => a,
        }
    }
}

/// The lenses of a rule on one layer: for each of its shares (fractions) and each way it looks at the input,
/// how the weights between the two are seen, if they take part; and how each share sees the bias.
///
/// Written as a matrix of matrices, `z_share = Σ_look W_share,look x_look + b_share`.
#[derive(Clone, Debug, PartialEq)]
pub struct Lenses {
    rows: Vec<Vec<Option<WeightLens>>>,
    bias: Vec<Option<WeightLens>>,
}

impl Lenses {
    /// One share, one look, no bias: the plain map through a lens.
    #[must_use]
    pub fn one(lens: WeightLens) -> Self {
        Self { rows: vec![vec![Some(lens)]], bias: vec![None] }
    }

    /// One row a share, one column a look, one bias a share.
    ///
    /// # Panics
    /// If there is no row, rows differ in length, or there are not as many biases.
    #[must_use]
    pub fn new(rows: Vec<Vec<Option<WeightLens>>>, bias: Vec<Option<WeightLens>>) -> Self {
        assert!(rows.iter().all(|row| row.len() == rows[0].len()) && !rows.is_empty(), "a matrix of lenses");
        assert_eq!(rows.len(), bias.len(), "a bias for every share");
        Self { rows, bias }
    }

    /// How many shares.
    #[must_use]
    pub fn shares(&self) -> usize {
        self.rows.len()
    }

    /// How many looks.
    #[must_use]
    pub fn looks(&self) -> usize {
        self.rows[0].len()
    }

    /// The lens between a share and a look.
    #[must_use]
    pub fn get(&self, share: usize, look: usize) -> Option<WeightLens> {
        self.rows[share][look]
    }

    /// The lens between a share and the bias.
    #[must_use]
    pub fn bias(&self, share: usize) -> Option<WeightLens> {
        self.bias[share]
    }

    /// The lenses of the transposed map: shares and looks change places, and no bias takes part.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let rows = (0..self.looks()).map(|look| self.rows.iter().map(|row| row[look]).collect()).collect();
        Self { rows, bias: vec![None; self.looks()] }
    }

    /// The lenses of some shares.
    #[must_use]
    pub fn of_shares(&self, shares: &[usize]) -> Self {
        let rows = shares.iter().map(|&share| self.rows[share].clone()).collect();
        Self { rows, bias: shares.iter().map(|&share| self.bias[share]).collect() }
    }
}
