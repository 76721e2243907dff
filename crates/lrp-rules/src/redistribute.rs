//! The one function that knows what a rule means.

use lrp_core::{
    Channels, Float, Lenses, Memo, Mix, Record, Tensor, TensorView, blank, combine, recycle, update, write,
};

use ndarray::Axis;

use crate::algebra::{Formula, Gate, InputLens, Share};
use crate::ledger::Denominators;
use crate::step::channel_axis;

/// What is known of a layer before its input is, and kept of it afterwards.
#[derive(Debug)]
pub(crate) struct Knowledge<T> {
    /// Whether no input is ever below zero, as behind a rectifier.
    pub(crate) not_negative: bool,
    /// Whether relevance only reaches units above zero.
    pub(crate) only_positive: bool,
    /// Along which axis of an input bounds may differ.
    pub(crate) channels: Channels,
    /// Denominators that depend on nothing but the shape of the input.
    pub(crate) constants: Memo<Vec<usize>, Vec<Option<Tensor<T>>>>,
}

impl<T: Float> Knowledge<T> {
    fn channel_axis(&self, record: &Record<'_, T>) -> Axis {
        channel_axis(self.channels, record.inputs[0].ndim())
    }
}

/// Takes relevance `[n, …]` of a mixing layer's output back to its inputs, one array an input.
///
/// Look at inputs and weights through the lenses, apply, stabilize, divide, transpose, multiply: all shares at
/// once, so that a layer may do in one sweep what they have in common.
pub(crate) fn redistribute<T: Float>(
    formula: &Formula,
    mix: &Mix<'_, T>,
    record: &Record<'_, T>,
    relevance: Tensor<T>,
    knowledge: &Knowledge<T>,
    watch: Option<&mut Denominators>,
) -> Vec<Tensor<T>> {
    let sign = if knowledge.not_negative { Sign::NotNegative } else { Sign::of(&record.inputs) };
    let formula = formula.simplified(sign, knowledge.only_positive);
    let passed = |relevance: &Tensor<T>| relevance.mapv(|r| T::of(formula.pass) * r);
    let pass = (formula.pass != 0.0).then(|| passed(&relevance));
    let Some(view) = View::of(&formula.shares) else {
        recycle(relevance);
        let nothing = |x: &TensorView<'_, T>| Tensor::zeros(x.raw_dim());
        return pass.map_or_else(|| record.inputs.iter().map(nothing).collect(), |pass| vec![pass]);
    };
    let signals = view.signals(&formula.shares, mix, record, &relevance, knowledge);
    if let Some(watch) = watch {
        *watch = Denominators::of(&formula.shares, &signals, &relevance.view());
    }
    recycle(relevance);
    let views: Vec<TensorView<'_, T>> = signals.iter().map(|s| s.view()).collect();
    let channels = knowledge.channel_axis(record);
    let parts = mix.map.transpose_all(&view.lenses, &views);
    signals.into_iter().for_each(recycle);
    let mut back: Option<Vec<Tensor<T>>> = pass.map(|pass| vec![pass]);
    for (look, parts) in view.looks.iter().zip(parts) {
        back = Some(match back {
            None => look.weigh(parts, &record.inputs, channels),
            Some(sums) => look.add(sums, parts, &record.inputs, channels),
        });
    }
    back.expect("a view has at least one look")
}

/// The formula as a matrix of lenses: its shares, and the different ways they look at the input.
struct View {
    looks: Vec<InputLens>,
    lenses: Lenses,
}

impl View {
    /// `None` if no share looks at anything.
    fn of(shares: &[Share]) -> Option<Self> {
        let mut looks: Vec<InputLens> = Vec::new();
        let mut rows = vec![Vec::new(); shares.len()];
        for (row, share) in shares.iter().enumerate() {
            for (input, weight) in &share.sum.terms {
                let free =
                    |look: usize| looks[look] == *input && rows[row].get(look).is_none_or(Option::is_none);
                let look = (0..looks.len()).find(|&look| free(look)).unwrap_or(looks.len());
                if look == looks.len() {
                    looks.push(input.clone());
                }
                let missing = (look + 1).saturating_sub(rows[row].len());
                rows[row].extend(std::iter::repeat_n(None, missing));
                rows[row][look] = Some(*weight);
            }
        }
        rows.iter_mut().for_each(|row| row.resize(looks.len(), None));
        let bias = shares.iter().map(|share| share.sum.bias).collect();
        (!looks.is_empty()).then(|| Self { lenses: Lenses::new(rows, bias), looks })
    }

    /// `s = scale · R / st(z)` of every share.
    fn signals<T: Float>(
        &self,
        shares: &[Share],
        mix: &Mix<'_, T>,
        record: &Record<'_, T>,
        relevance: &Tensor<T>,
        knowledge: &Knowledge<T>,
    ) -> Vec<Tensor<T>> {
        let constant = |share: &Share| !share.sum.looks_at_input() && !mix.map.is_local();
        let constants = shares.iter().any(constant).then(|| {
            let shape: Vec<usize> =
                record.inputs.iter().flat_map(|x| x.shape()[1..].iter().copied()).collect();
            knowledge
                .constants
                .get(&shape, || self.constants(shares, mix, record, knowledge.channel_axis(record)))
        });
        let recorded = |share: &Share| mix.z.is_some() && share.sum.is_the_layer();
        let open: Vec<usize> =
            (0..shares.len()).filter(|&k| !constant(&shares[k]) && !recorded(&shares[k])).collect();
        let mut computed = Vec::new();
        if !open.is_empty() {
            computed = self.apply(&open, mix, &record.inputs, knowledge.channel_axis(record));
        }
        let mut computed = computed.into_iter();
        let mut signals = Vec::with_capacity(shares.len());
        for (k, share) in shares.iter().enumerate() {
            let known = constants.as_ref().and_then(|constants| constants[k].as_ref());
            let z = match (&mix.z, known) {
                (_, Some(z)) => Some(ratio_of_constant(share, z, record, relevance)),
                (Some(z), _) if recorded(share) => Some(ratio(share, z, record, relevance)),
                _ => computed.next().map(|z| ratio_in_place(share, z, record, relevance)),
            };
            signals.push(z.expect("every share has its denominator"));
        }
        signals
    }

    /// `Σ_i sum_ij` of some shares.
    fn apply<T: Float>(
        &self,
        shares: &[usize],
        mix: &Mix<'_, T>,
        inputs: &[TensorView<'_, T>],
        channels: Axis,
    ) -> Vec<Tensor<T>> {
        let seen: Vec<Vec<_>> =
            self.looks.iter().map(|look| inputs.iter().map(|x| look.see(x, channels)).collect()).collect();
        let views: Vec<Vec<TensorView<'_, T>>> =
            seen.iter().map(|seen| seen.iter().map(|x| x.view()).collect()).collect();
        mix.map.apply_all(&self.lenses.of_shares(shares), &views)
    }

    /// The denominators that one sample is enough to know, `[1, …]`.
    fn constants<T: Float>(
        &self,
        shares: &[Share],
        mix: &Mix<'_, T>,
        record: &Record<'_, T>,
        channels: Axis,
    ) -> Vec<Option<Tensor<T>>> {
        let one = |x: &TensorView<'_, T>| x.slice_axis(Axis(0), (0..1).into()).to_owned();
        let inputs: Vec<Tensor<T>> = record.inputs.iter().map(one).collect();
        let views: Vec<TensorView<'_, T>> = inputs.iter().map(|x| x.view()).collect();
        let denominator = |k: usize| self.apply(&[k], mix, &views, channels).remove(0);
        (0..shares.len()).map(|k| (!shares[k].sum.looks_at_input()).then(|| denominator(k))).collect()
    }
}

fn ratio<T: Float>(
    share: &Share,
    z: &TensorView<'_, T>,
    record: &Record<'_, T>,
    relevance: &Tensor<T>,
) -> Tensor<T> {
    let division = share.division();
    combine(&relevance.view(), z, &share.asks(record, relevance), move |r, z, y| division.of(r, z, y))
}

/// As [`ratio`], with a denominator that is the same for every sample.
fn ratio_of_constant<T: Float>(
    share: &Share,
    z: &Tensor<T>,
    record: &Record<'_, T>,
    relevance: &Tensor<T>,
) -> Tensor<T> {
    if relevance.shape()[0] == 1 {
        return ratio(share, &z.view(), record, relevance);
    }
    let (z, division) = (z.index_axis(Axis(0), 0), share.division());
    let mut s = blank(&relevance.view());
    let asked = share.asks(record, relevance);
    for ((s, r), y) in s.outer_iter_mut().zip(relevance.outer_iter()).zip(asked.outer_iter()) {
        write(s, [&r, &z, &y], move |r, z, y| division.of(r, z, y));
    }
    s
}

fn ratio_in_place<T: Float>(
    share: &Share,
    mut z: Tensor<T>,
    record: &Record<'_, T>,
    relevance: &Tensor<T>,
) -> Tensor<T> {
    let division = share.division();
    let asked = share.asks(record, relevance);
    update(z.view_mut(), &relevance.view(), &asked, move |z, r, y| division.of(r, z, y));
    z
}

impl Share {
    /// What the gate asks for its decision: the output, or, not to read it in vain, anything of its shape.
    fn asks<'a, T: Float>(&self, record: &'a Record<'_, T>, relevance: &'a Tensor<T>) -> TensorView<'a, T> {
        if self.gate == Gate::Every { relevance.view() } else { record.output.view() }
    }

    fn division<T: Float>(&self) -> Division<T> {
        let nowhere = T::nan();
        let (shut_below, shut_above) = match self.gate {
            Gate::Every => (nowhere, nowhere),
            Gate::Positive => (T::zero(), nowhere),
            Gate::Negative => (nowhere, T::zero()),
        };
        Division { scale: T::of(self.scale), stabilizer: T::of(self.stabilizer), shut_below, shut_above }
    }
}

/// What a share does with relevance and a denominator, without a branch: the machine then does many at a time.
#[derive(Clone, Copy)]
struct Division<T> {
    scale: T,
    stabilizer: T,
    /// The gate is shut up to here, and nowhere if this is no number: no comparison with that is true.
    shut_below: T,
    /// It is shut from here on, or nowhere.
    shut_above: T,
}

impl<T: Float> Division<T> {
    /// `scale · r / st(z)` where the gate lets `y` through; nothing where `st(z)` is zero.
    #[inline]
    fn of(self, r: T, z: T, y: T) -> T {
        let denominator = if z < T::zero() { z - self.stabilizer } else { z + self.stabilizer };
        let quotient = self.scale * r / denominator;
        let shut = (y <= self.shut_below) | (y >= self.shut_above) | denominator.is_zero();
        if shut { T::zero() } else { quotient }
    }
}

/// What a look at all values finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    Any,
    NotNegative,
    NotPositive,
}

impl Sign {
    fn of<T: Float>(inputs: &[TensorView<'_, T>]) -> Self {
        let all = |f: fn(&T) -> bool| inputs.iter().all(|x| x.iter().all(f));
        if all(|&x| x >= T::zero()) {
            Self::NotNegative
        } else if all(|&x| x <= T::zero()) {
            Self::NotPositive
        } else {
            Self::Any
        }
    }
}

impl Formula {
    /// The same formula for inputs of known sign, without terms that see nothing but zeros and without shares
    /// that answer for nobody.
    ///
    /// Behind a rectifier that is every `x⁻`, and dropping it saves half the work of a rule like z⁺.
    fn simplified(&self, sign: Sign, only_positive: bool) -> Self {
        let see = |lens: &InputLens| match (lens, sign) {
            (InputLens::Positive | InputLens::Magnitude, Sign::NotNegative)
            | (InputLens::Negative, Sign::NotPositive) => Some(InputLens::Value),
            (InputLens::Positive, Sign::NotPositive) | (InputLens::Negative, Sign::NotNegative) => None,
            (lens, _) => Some(lens.clone()),
        };
        let simplify = |share: &Share| {
            let mut share = share.clone();
            share.sum.terms =
                share.sum.terms.iter().filter_map(|(input, w)| Some((see(input)?, *w))).collect();
            share
        };
        let answers = |share: &&Share| !(only_positive && share.gate == Gate::Negative);
        Self { shares: self.shares.iter().filter(answers).map(simplify).collect(), ..self.clone() }
    }
}
