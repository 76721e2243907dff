//! The toolbox's own LeNet-5 on all ten thousand test digits, where its files are at hand.

use lrp::io::read_arrays;
use lrp::prelude::*;
use lrp::rules::top_classes;
use lrp_tests::beside;
use ndarray::{ArrayD, Axis, Slice};

struct Material {
    network: Network<f64>,
    inputs: ArrayD<f64>,
    labels: Vec<f64>,
}

fn material() -> Option<Material> {
    let read = |name: &str| Some(read_array(beside(name)?, &Limits::default()).expect("an array").values);
    let network = read_model(beside("toolbox-data/LeNet-5.txt")?, &Limits::default()).expect("a model");
    let preparation = Preparation {
        scale: 127.5,
        shift: -1.0,
        shape: Some(vec![28, 28, 1]),
        pad: 2,
        pad_value: -1.0,
        ..Preparation::default()
    };
    let inputs = preparation.apply(read("toolbox-data/test_images.mat")?).expect("images");
    Some(Material { network, inputs, labels: read("toolbox-data/test_labels.mat")?.into_iter().collect() })
}

#[test]
fn lenet5_errs_on_76_of_ten_thousand_digits() {
    let Some(Material { network, inputs, labels }) = material() else { return };
    let (mut sum, mut errors) = (0.0, 0);
    for start in (0..10_000).step_by(100) {
        let batch = inputs.slice_axis(Axis(0), Slice::from(start..start + 100)).to_owned();
        let logits = network.forward(&batch).expect("logits");
        sum += logits.sum();
        let classes = top_classes(&logits);
        errors +=
            classes.iter().zip(&labels[start..]).filter(|(class, label)| **class as f64 != **label).count();
    }
    assert_eq!(errors, 76);
    assert!((sum - 217_121.122_708).abs() < 1e-5, "{sum}");
}

/// Text, pickle and class instances hold the same numbers, and give the same relevance to the bit.
#[test]
fn the_toolboxs_three_files_are_one_model() {
    let Some(Material { network, inputs, .. }) = material() else { return };
    let Some(weights) = beside("reference/io/lenet5_weights.npz") else { return };
    let weights = read_arrays(weights, &Limits::default()).expect("weights");
    let digit = inputs.slice_axis(Axis(0), Slice::from(..3)).to_owned();
    let explained = |network: &Network<f64>| {
        let plan = Plan::new(network, &Composite::uniform(alpha_beta(2.0, 1.0)), PlanOptions::default())
            .expect("a plan");
        plan.explain(&digit, &Target::Top).expect("an explanation").relevance
    };
    let expected = explained(&network);
    for (file, prefix) in [("LeNet-5.txt", "txt"), ("LeNet-5.nn", "nn"), ("LeNet-5.mat", "txt")] {
        let Some(path) = beside(&format!("toolbox-data/{file}")) else { return };
        let network = read_model(path, &Limits::default()).expect(file);
        let mut compared = 0;
        for (index, node) in network.nodes().iter().enumerate() {
            let Some(learned) = node.op().weights_and_bias() else { continue };
            for (what, found) in
                [("W", learned.weights.to_owned()), ("B", learned.bias.to_owned().into_dyn())]
            {
                let name = weights.iter().find(|(name, _)| {
                    name.starts_with(prefix) && name.contains(what) && name.ends_with(&format!("{index:02}"))
                });
                let (_, array) = name.unwrap_or_else(|| panic!("{prefix} {what} {index}"));
                assert!(
                    found.iter().zip(&array.values).all(|(one, two)| one.to_bits() == two.to_bits()),
                    "{file} {what} {index}"
                );
                compared += found.len();
            }
        }
        assert_eq!(compared, 47_645, "{file}");
        assert_eq!(explained(&network), expected, "{file}");
    }
}

#[test]
fn the_first_test_image_is_explained_as_published() {
    let Some(Material { network, inputs, .. }) = material() else { return };
    let seven = inputs.slice_axis(Axis(0), Slice::from(0..1)).to_owned();
    let trace = network.trace(&seven).expect("a trace");
    // Rule, sum, smallest and largest of the heatmap for class 7, and its value at (14, 14).
    let table = [
        (
            "simple",
            27.304_996_042_551_6,
            -0.311_703_318_459_334,
            0.553_209_082_319_556,
            0.047_357_764_272_872_8,
        ),
        (
            "epsilon(0.01)",
            27.083_430_571_447_8,
            -0.298_259_888_255_813,
            0.527_768_959_918_908,
            0.077_836_440_728_660_4,
        ),
        (
            "epsilon(1)",
            10.781_059_309_639_6,
            -0.056_619_277_025_032_2,
            0.188_168_120_537_502,
            0.046_152_191_203_055_5,
        ),
        (
            "alphabeta(2,1)",
            247.452_713_796_18,
            -6.706_666_662_026_85,
            7.880_778_454_052_22,
            1.475_802_918_604_65,
        ),
        (
            "alphabeta(1,0)",
            23.543_560_426_641_3,
            4.884_690_480_231_4e-9,
            0.235_264_106_492_882,
            0.069_820_665_051_598_4,
        ),
        (
            "flat",
            23.543_560_426_641_3,
            3.678_681_316_662_71e-5,
            0.088_325_138_413_071_7,
            0.084_756_817_535_908_9,
        ),
        (
            "w2",
            23.543_560_426_641_4,
            2.052_874_056_333_27e-5,
            0.089_473_534_756_292_1,
            0.085_230_315_576_189_8,
        ),
    ];
    for (rule, sum, low, high, middle) in table {
        let composite = Composite::uniform(rule.parse().expect("a rule")).in_dialect(Dialect::Toolbox);
        let plan = Plan::new(&network, &composite, PlanOptions::default()).expect("a plan");
        let relevance = plan.explain_trace(&trace, &Target::Class(7)).expect("an explanation").relevance;
        let found = [
            relevance.sum(),
            relevance.fold(f64::INFINITY, |low, &r| low.min(r)),
            relevance.fold(f64::NEG_INFINITY, |high, &r| high.max(r)),
            relevance[[0, 14, 14, 0]],
        ];
        for (found, expected) in found.into_iter().zip([sum, low, high, middle]) {
            assert!(
                (found - expected).abs() <= 1e-11 * high.max(sum.abs()),
                "{rule}: {found}, expected {expected}"
            );
        }
    }
}
