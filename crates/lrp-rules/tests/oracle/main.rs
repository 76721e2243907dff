//! Every rule on every layer, against the textbook: the layer is turned into a dense matrix by feeding it
//! basis vectors, and the rule's published formula is applied to that matrix in loops.
//!
//! A row of the rule table without a formula here fails, so a new rule brings its own.

mod blends;
mod cases;
mod formulas;
mod frozen;
mod joined;
#[path = "../numbers/mod.rs"]
mod numbers;
mod reach;
mod table;

use cases::Subject;
use formulas::{Point, TEXTBOOK, Textbook, winners};
use frozen::{at_point, derivative_at_point};
use lrp_core::{Float, Kernels, Network, Tensor};
use lrp_rules::{Composite, ErrorKind, Plan, PlanOptions, Rule, Target, rules::RULES};
use nalgebra::{DMatrix, DVector};
use ndarray::{ArrayViewD, Axis};
use numbers::{distance, tensor};
use table::subjects;

/// How far the library may be from the textbook, in units of the largest relevance.
const TOLERANCE: [(&str, f64); 2] = [("f64", 1e-12), ("f32", 1e-4)];

/// The layer as a dense matrix: what it makes of nothing is the bias, what it makes of a basis vector beyond
/// that is a column.
fn probe(subject: &Subject, network: &Network<f64>) -> (DMatrix<f64>, DVector<f64>) {
    let shape = [&[1], &subject.shape()[..]].concat();
    let run = |input: &Tensor<f64>| {
        DVector::from_iterator(subject.reach().len(), network.forward(input).unwrap().iter().copied())
            / subject.factor()
    };
    let bias = run(&Tensor::zeros(&shape[..]));
    let columns: Vec<DVector<f64>> = (0..shape.iter().product())
        .map(|i| {
            let mut basis = Tensor::zeros(&shape[..]);
            basis.as_slice_mut().unwrap()[i] = 1.0;
            run(&basis) - &bias
        })
        .collect();
    (DMatrix::from_columns(&columns), bias)
}

/// The layer at each sample of a batch.
fn points(subject: &Subject, network: &Network<f64>, input: &Tensor<f64>) -> Vec<Point> {
    let windows = subject.reach();
    let inputs = subject.shape().iter().product();
    let mut reach = DMatrix::zeros(windows.len(), inputs);
    for (j, window) in windows.iter().enumerate() {
        window.iter().for_each(|&i| reach[(j, i)] = 1.0);
    }
    let everywhere = match subject.local() {
        Some(_) => None,
        None if subject.takes_maximum() => Some((reach.clone(), DVector::zeros(windows.len()))),
        None => Some(probe(subject, network)),
    };
    let point = |sample: ArrayViewD<'_, f64>| {
        let input = DVector::from_iterator(inputs, sample.iter().copied());
        let here = |local| {
            let (weights, bias) = at_point(local, &windows, &input);
            (derivative_at_point(local, &windows, &input), weights, bias)
        };
        let affine =
            || everywhere.clone().map(|(weights, bias)| (&weights * subject.factor(), weights, bias));
        let (derivative, weights, bias) = subject.local().map(here).or_else(affine).unwrap();
        Point { weights, derivative, reach: reach.clone(), bias, input }
    };
    input.outer_iter().map(point).collect()
}

/// A rule, and what the textbook makes of it.
struct Entry {
    rule: Rule,
    textbook: &'static Textbook,
    parameters: &'static [f64],
    stabilizer: f64,
}

/// The rows of the rule table with the parameters to try.
fn entries() -> Vec<Entry> {
    let mut entries = Vec::new();
    for info in RULES {
        let textbook = TEXTBOOK.iter().find(|textbook| textbook.name == info.name);
        let textbook = textbook.unwrap_or_else(|| panic!("rule '{}' has no formula here", info.name));
        for parameters in textbook.parameters {
            let rule = info.with(parameters).unwrap();
            let stabilizer = (textbook.stabilizer)(parameters);
            entries.push(Entry { rule, textbook, parameters, stabilizer });
        }
    }
    entries
}

impl Entry {
    /// What the rule makes of relevance at a layer; `None` where it cannot be used.
    fn expected(
        &self,
        subject: &Subject,
        points: &[Point],
        input: &Tensor<f64>,
        relevance: &Tensor<f64>,
    ) -> Option<Tensor<f64>> {
        let stays = self.textbook.name == "pass" && !subject.takes_maximum();
        if stays && !(subject.takes_one_input() && input.shape() == relevance.shape()) {
            return None;
        }
        let mut expected = Tensor::zeros(input.raw_dim());
        for (n, point) in points.iter().enumerate() {
            let r = relevance.index_axis(Axis(0), n);
            let r = DVector::from_iterator(r.len(), r.iter().copied());
            let back = if subject.takes_maximum() && !self.textbook.blind {
                winners(point, subject.ties(), &r)
            } else {
                (self.textbook.formula)(point, self.parameters, self.stabilizer, &r)
            };
            expected.index_axis_mut(Axis(0), n).iter_mut().zip(&back).for_each(|(to, from)| *to = *from);
        }
        Some(expected)
    }

    fn check<T: Float>(
        &self,
        what: &str,
        subject: &Subject,
        kernels: Kernels,
        relevance: &Tensor<f64>,
        expected: Option<&Tensor<f64>>,
    ) {
        let network = subject.network::<T>().with_kernels(kernels);
        let plan =
            Plan::new(&network, &Composite::uniform(self.rule.clone()), PlanOptions::default()).unwrap();
        let input = subject.input(relevance.shape()[0]);
        let found = plan.explain(&input, &Target::Given(relevance.clone()));
        let rule = &self.rule;
        let Some(expected) = expected else {
            let error = found.expect_err("a rule that cannot be used is refused");
            assert_eq!(error.kind(), ErrorKind::Composite, "{what}: {error}");
            let says = format!("subject: rule {rule} needs one input of the output's shape");
            assert!(error.to_string().starts_with(&says), "{what}: {error}");
            return;
        };
        let distance = distance(&found.unwrap().relevance, expected);
        let tolerance = TOLERANCE.iter().find(|(name, _)| *name == T::NAME).expect("both precisions").1;
        let batch = relevance.shape()[0];
        assert!(
            distance <= tolerance,
            "{rule} on {what}, batch {batch}, {}, {kernels:?}: off by {distance:e}",
            T::NAME
        );
    }

    fn check_all(&self, what: &str, subject: &Subject, batch: usize) {
        let network = subject.network::<f64>();
        let input = subject.input(batch);
        let points = points(subject, &network, &input);
        let relevance = tensor(91, network.forward(&input).unwrap().shape());
        let expected = self.expected(subject, &points, &input, &relevance);
        for kernels in Kernels::ALL {
            self.check::<f64>(what, subject, kernels, &relevance, expected.as_ref());
            self.check::<f32>(what, subject, kernels, &relevance, expected.as_ref());
        }
    }
}

#[test]
fn every_rule_on_every_layer_is_its_textbook_formula() {
    let entries = entries();
    for (what, subject) in subjects() {
        for batch in [1, 3] {
            entries.iter().for_each(|entry| entry.check_all(what, &subject, batch));
        }
    }
}

/// Half a unit of stabilizer changes every rule that has a denominator, and how much is in the formula.
#[test]
fn every_rule_takes_another_stabilizer() {
    let chosen = [
        "linear",
        "uneven padding",
        "overlapping sum pool",
        "sum of three",
        "padded mean",
        "softmax",
        "group normalization",
        "linear of rank 3",
        "cubic resample",
        "gate",
        "matrix product",
    ];
    for (what, subject) in subjects().into_iter().filter(|(what, _)| chosen.contains(what)) {
        for entry in entries() {
            let entry = Entry { rule: entry.rule.stabilized(0.5), stabilizer: 0.5, ..entry };
            entry.check_all(what, &subject, 2);
        }
    }
}

/// The cases are worth their names: zeros to tell reach from weight, ties, signs, `pass` where it is legal.
#[test]
fn the_cases_hold_what_the_rules_differ_on() {
    let (mut zero_weights, mut ties, mut legal, mut signs) = (0, 0, 0, [0, 0]);
    for (what, subject) in subjects() {
        let network = subject.network::<f64>();
        let input = subject.input(3);
        let points = points(&subject, &network, &input);
        let point = &points[0];
        let seen = point.weights.iter().zip(&point.reach);
        assert!(seen.clone().all(|(&w, &reach)| w == 0.0 || reach == 1.0), "{what}: a weight out of reach");
        zero_weights += seen.filter(|&(&w, &reach)| w == 0.0 && reach == 1.0).count();
        let even = winners(point, subject.ties(), &DVector::repeat(point.bias.len(), 1.0));
        ties += even.iter().filter(|value| subject.takes_maximum() && value.fract() != 0.0).count();
        let output = network.forward(&input).unwrap();
        signs[usize::from(output.iter().all(|&z| z > 0.0) || output.iter().all(|&z| z < 0.0))] += 1;
        legal += usize::from(output.shape() == input.shape() && subject.takes_one_input());
    }
    let enough = zero_weights > 50 && ties > 5 && legal >= 3 && signs[0] > 5 * signs[1];
    assert!(enough, "{zero_weights} zeros, {ties} ties, {legal} passes, {signs:?} with both signs or one");
}

/// The formulas themselves, on numbers worked out by hand: `z = (6, −1)` of which the bias is `(1, 0)`.
#[test]
fn the_formulas_are_right_where_a_person_can_check() {
    let weights = DMatrix::from_row_slice(2, 3, &[2.0, -1.0, 2.0, 0.0, 1.0, -1.0]);
    let point = Point {
        derivative: weights.clone(),
        weights,
        reach: DMatrix::from_element(2, 3, 1.0),
        bias: DVector::from_row_slice(&[1.0, 0.0]),
        input: DVector::from_row_slice(&[1.0, 1.0, 2.0]),
    };
    /// Rule, parameters, relevance in, relevance out.
    type Row = (&'static str, &'static [f64], [f64; 2], [f64; 3]);
    let (both, first) = ([6.0, 2.0], [6.0, 0.0]);
    let table: [Row; 11] = [
        ("simple", &[], both, [2.0, -3.0, 8.0]),
        ("epsilon", &[1.0], both, [12.0 / 7.0, -6.0 / 7.0 - 1.0, 24.0 / 7.0 + 2.0]),
        ("zplus", &[], both, [12.0 / 7.0, 2.0, 24.0 / 7.0]),
        ("zminus", &[], both, [0.0, 6.0, 2.0]),
        ("alphabeta", &[2.0, 1.0], both, [24.0 / 7.0, 4.0 - 6.0, 48.0 / 7.0 - 2.0]),
        ("flat", &[], both, [8.0 / 3.0; 3]),
        ("magnitude", &[], both, [12.0 / 8.0, 6.0 / 8.0 + 2.0 / 3.0, 24.0 / 8.0 + 4.0 / 3.0]),
        ("gradient", &[], both, [12.0, -4.0, 10.0]),
        ("w2", &[], both, [24.0 / 9.0, 6.0 / 9.0 + 1.0, 24.0 / 9.0 + 1.0]),
        ("gamma", &[1.0], first, [24.0 / 13.0, -6.0 / 13.0, 48.0 / 13.0]),
        ("signedgamma", &[1.0], both, [24.0 / 13.0, -6.0 / 13.0 - 2.0 / 3.0, 48.0 / 13.0 + 8.0 / 3.0]),
    ];
    for (name, parameters, relevance, expected) in table {
        let textbook = TEXTBOOK.iter().find(|textbook| textbook.name == name).unwrap();
        let r = DVector::from_row_slice(&relevance);
        let found = (textbook.formula)(&point, parameters, (textbook.stabilizer)(parameters), &r);
        let off = (&found - DVector::from_row_slice(&expected)).amax();
        assert!(off < 1e-12, "{name}: {found} is not {expected:?}");
    }
}
