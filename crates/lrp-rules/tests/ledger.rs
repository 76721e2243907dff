//! The books of an explanation add up, and say where relevance goes wrong.

mod numbers;

use lrp_core::{Add, Linear, Network, NetworkBuilder, Rect, Tensor, Value};
use lrp_rules::rules::{alpha_beta, epsilon, gradient, simple, z_plus};
use lrp_rules::{Composite, Denominators, Head, Ledger, Plan, PlanOptions, Rule, Target, explain_together};
use ndarray::{Array1, Array2, arr1, arr2};
use numbers::tensor;

const KEEP: PlanOptions = PlanOptions {
    head: Head::Logits,
    keep_layers: false,
    keep_ledger: true,
    save_memory: false,
    unknown: lrp_rules::Unknown::Error,
    start: lrp_rules::Start::Score,
};

fn ledger(network: &Network<f64>, rule: Rule, input: &Tensor<f64>) -> Ledger {
    let plan = Plan::new(network, &Composite::uniform(rule), KEEP).unwrap();
    plan.explain(input, &Target::Top).unwrap().ledger.expect("it was asked for")
}

fn dense(weights: Array2<f64>, bias: Array1<f64>) -> Linear<f64> {
    Linear::new(weights, bias).unwrap()
}

/// A dense layer with bias, a rectifier and a residual sum, by hand.
fn network() -> Network<f64> {
    let mut builder = NetworkBuilder::new();
    let inner =
        builder.add("inner", dense(arr2(&[[1.0, -1.0], [1.0, 2.0]]), arr1(&[1.0, 0.0])), &[Value::INPUT]);
    let rect = builder.add("rect", Rect, &[inner]);
    let join = builder.add("join", Add, &[Value::INPUT, rect]);
    builder.add("score", dense(arr2(&[[1.0], [1.0]]), arr1(&[0.0])), &[join]);
    builder.build().unwrap()
}

#[test]
fn every_node_says_what_it_received_and_handed_on() {
    let ledger = ledger(&network(), epsilon(0.0), &arr2(&[[3.0, 1.0]]).into_dyn());
    // inner = (5, −1), rect = (5, 0), join = (8, 1), score = 9.
    let found: Vec<_> = ledger
        .entries()
        .iter()
        .map(|entry| (&entry.node[..], entry.received.sum, entry.handed.sum))
        .collect();
    assert_eq!(found, [("inner", 5.0, 4.0), ("rect", 5.0, 5.0), ("join", 9.0, 9.0), ("score", 9.0, 9.0)]);
    assert_eq!(ledger.entries()[0].lost(), 1.0, "the bias");
    assert_eq!(ledger.entries()[2].denominators.units, 2);
    assert!(ledger.notices().is_empty(), "{:?}", ledger.notices());
    let expected = "\
node   rule        received  handed on  lost    growth  unstable  silent
inner  epsilon(0)  5.0000    4.0000     1.0000  0.800   -         -
rect   -           5.0000    5.0000     0.0000  1.000   -         -
join   epsilon(0)  9.0000    9.0000     0.0000  1.000   -         -
score  epsilon(0)  9.0000    9.0000     0.0000  1.000   -         -
";
    assert_eq!(ledger.to_string(), expected);
}

#[test]
fn books_are_kept_only_if_asked() {
    let network = network();
    let plan = Plan::new(&network, &Composite::uniform(simple()), PlanOptions::default()).unwrap();
    assert_eq!(plan.explain(&arr2(&[[3.0, 1.0]]).into_dyn(), &Target::Top).unwrap().ledger, None);
}

/// Keeping books changes nothing, and those of the samples add up to those of the batch.
#[test]
fn books_of_samples_add_up() {
    let network = network();
    let input = tensor::<f64>(3, &[4, 2]);
    let whole = ledger(&network, alpha_beta(2.0, 1.0), &input);
    let sum = |of: fn(&Ledger) -> f64| {
        let alone = input.outer_iter().map(|sample| {
            let sample = sample.insert_axis(ndarray::Axis(0)).to_owned();
            of(&ledger(&network, alpha_beta(2.0, 1.0), &sample))
        });
        (alone.sum::<f64>() - of(&whole)).abs()
    };
    assert!(sum(|ledger| ledger.entries()[0].handed.sum) < 1e-12);
    assert!(sum(|ledger| ledger.entries()[3].received.size) < 1e-12);
    let silent = |keep_ledger| {
        let options = PlanOptions { keep_ledger, ..PlanOptions::default() };
        let plan = Plan::new(&network, &Composite::uniform(z_plus()), options).unwrap();
        explain_together(&[&plan], &input, &[Target::Top]).unwrap().remove(0).remove(0).relevance
    };
    assert_eq!(silent(true), silent(false));
}

#[test]
fn relevance_that_goes_wrong_is_noticed() {
    // Products that cancel to almost nothing: the first unit hands on thousands of times what it received.
    let cancels = Network::sequential([
        dense(arr2(&[[1.0, 1.0], [-0.9999, 1.0]]), arr1(&[0.0, 0.0])).into(),
        dense(arr2(&[[9999.0], [1.0]]), arr1(&[0.0])).into(),
    ])
    .unwrap();
    let input = arr2(&[[1.0, 1.0]]).into_dyn();
    assert_eq!(
        ledger(&cancels, epsilon(0.0), &input).notices(),
        [
            "linear_0: relevance explodes, 6.666e3 times as much of either sign",
            "relevance without sign grows 6.666e3 times from scores to input"
        ]
    );
    // Nearly zero beside its neighbour, where no single unit explodes the layer.
    let unstable = Network::sequential([
        dense(arr2(&[[1e-9, 1.0], [0.0, 1.0]]), arr1(&[0.0, 0.0])).into(),
        dense(arr2(&[[1.0], [1.0]]), arr1(&[0.0])).into(),
    ])
    .unwrap();
    assert_eq!(
        ledger(&unstable, epsilon(0.0), &input).notices(),
        ["linear_0: 1 of 2 denominators are unstable: nearly zero"]
    );
    let vanishes = Network::sequential([dense(arr2(&[[1e-9], [1e-9]]), arr1(&[1.0])).into()]).unwrap();
    let found = ledger(&vanishes, epsilon(0.0), &input);
    assert_eq!(found.notices(), ["linear_0: relevance vanishes, 2.0e-9 times as much of either sign"]);
    // A unit without positive products is silent under z⁺, which is no fault; a derivative owes nobody a total.
    let silent = Network::sequential([
        dense(arr2(&[[-1.0, 1.0], [-1.0, 1.0]]), arr1(&[0.0, 0.0])).into(),
        dense(arr2(&[[-1.0], [1.0]]), arr1(&[0.0])).into(),
    ])
    .unwrap();
    let found = ledger(&silent, z_plus(), &input);
    assert_eq!(found.entries()[0].denominators, Denominators { units: 2, unstable: 0, silent: 1 });
    assert_eq!((found.entries()[0].lost(), found.notices()), (2.0, Vec::new()));
    assert_eq!(ledger(&vanishes, gradient(), &input).notices(), Vec::<String>::new());
}
