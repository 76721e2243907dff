//! Every type of layer, with numbers that can be checked by hand. Weights are 1, 2, 3 and so on.

use crate::build::{counted, run, with_input};

/// A layer between `x` and `y`, perhaps with another value `p` to read, and what it makes of a sample.
struct Row {
    kind: &'static str,
    parameters: &'static str,
    bottoms: &'static [&'static str],
    before: &'static str,
    tops: &'static [&'static str],
    input: (&'static [usize], &'static [f64]),
    output: (&'static [usize], &'static [f64]),
}

const fn row(
    kind: &'static str,
    parameters: &'static str,
    input: (&'static [usize], &'static [f64]),
    output: (&'static [usize], &'static [f64]),
) -> Row {
    Row { kind, parameters, bottoms: &["x"], before: "", tops: &["y"], input, output }
}

/// A layer that reads `x` and `p`, which is twice as much.
const fn with_double(
    kind: &'static str,
    parameters: &'static str,
    input: (&'static [usize], &'static [f64]),
    output: (&'static [usize], &'static [f64]),
) -> Row {
    let before = "layer { name: 'p' type: 'Power' bottom: 'x' top: 'p' power_param { scale: 2 } }";
    Row { bottoms: &["x", "p"], before, ..row(kind, parameters, input, output) }
}

const LN_2: f64 = std::f64::consts::LN_2;

fn rows() -> Vec<Row> {
    let kinds = [elementwise(), normalizing(), joining(), products(), pooling(), shaping()];
    kinds.into_iter().flatten().collect()
}

fn elementwise() -> Vec<Row> {
    vec![
        row("AbsVal", "", (&[2], &[-1.0, 2.0]), (&[2], &[1.0, 2.0])),
        row("BNLL", "", (&[1], &[0.0]), (&[1], &[LN_2])),
        row("Dropout", "dropout_param { dropout_ratio: 0.5 }", (&[1], &[3.0]), (&[1], &[3.0])),
        row("ELU", "elu_param { alpha: 2 }", (&[2], &[-LN_2, 3.0]), (&[2], &[-1.0, 3.0])),
        row("Exp", "", (&[1], &[LN_2]), (&[1], &[2.0])),
        row("Exp", "exp_param { base: 2 scale: 3 shift: 1 }", (&[1], &[1.0]), (&[1], &[16.0])),
        row("Log", "", (&[1], &[1.0]), (&[1], &[0.0])),
        row("Log", "log_param { base: 2 scale: 4 shift: 12 }", (&[1], &[1.0]), (&[1], &[4.0])),
        row("Power", "power_param { power: 2 scale: 2 shift: 1 }", (&[1], &[1.0]), (&[1], &[9.0])),
        row("Power", "power_param { scale: 2 shift: 1 }", (&[1], &[1.0]), (&[1], &[3.0])),
        row("PReLU", "", (&[2], &[-1.0, -1.0]), (&[2], &[-1.0, -2.0])),
        row("PReLU", "prelu_param { channel_shared: true }", (&[2], &[-1.0, 2.0]), (&[2], &[-1.0, 2.0])),
        row("ReLU", "", (&[2], &[-1.0, 2.0]), (&[2], &[0.0, 2.0])),
        row("ReLU", "relu_param { negative_slope: 0.5 }", (&[2], &[-1.0, 2.0]), (&[2], &[-0.5, 2.0])),
        row("Sigmoid", "", (&[1], &[0.0]), (&[1], &[0.5])),
        row("TanH", "", (&[2], &[0.0, 20.0]), (&[2], &[0.0, 1.0])),
        row(
            "Threshold",
            "threshold_param { threshold: 1 }",
            (&[3], &[0.0, 1.0, 1.5]),
            (&[3], &[0.0, 0.0, 1.0]),
        ),
    ]
}

fn normalizing() -> Vec<Row> {
    vec![
        row("BatchNorm", "batch_norm_param { eps: 3 }", (&[1, 1, 2], &[3.0, 5.0]), (&[1, 1, 2], &[1.0, 2.0])),
        row("Bias", "", (&[2], &[1.0, 1.0]), (&[2], &[2.0, 3.0])),
        row("Bias", "bias_param { axis: -1 }", (&[2, 1, 1], &[1.0, 1.0]), (&[2, 1, 1], &[2.0, 2.0])),
        row(
            "LRN",
            "lrn_param { local_size: 1 alpha: 3 beta: 1 }",
            (&[1, 1, 1], &[1.0]),
            (&[1, 1, 1], &[0.25]),
        ),
        // Three channels around the middle one, of which α is a third: 1 + 3 · (1 + 1 + 1) / 3.
        row(
            "LRN",
            "lrn_param { local_size: 3 alpha: 3 beta: 1 }",
            (&[3, 1, 1], &[1.0, 1.0, 1.0]),
            (&[3, 1, 1], &[1.0 / 3.0, 0.25, 1.0 / 3.0]),
        ),
        row(
            "LRN",
            "lrn_param { local_size: 3 alpha: 9 beta: 1 norm_region: WITHIN_CHANNEL }",
            (&[1, 1, 1], &[1.0]),
            (&[1, 1, 1], &[0.5]),
        ),
        row("MVN", "", (&[2, 1, 2], &[1.0, 3.0, 4.0, 2.0]), (&[2, 1, 2], &[-1.0, 1.0, 1.0, -1.0])),
        row(
            "MVN",
            "mvn_param { across_channels: true }",
            (&[2, 1, 1], &[1.0, 3.0]),
            (&[2, 1, 1], &[-1.0, 1.0]),
        ),
        row(
            "MVN",
            "mvn_param { normalize_variance: false }",
            (&[2, 1, 2], &[1.0, 3.0, 4.0, 1.0]),
            (&[2, 1, 2], &[-1.0, 1.0, 1.5, -1.5]),
        ),
        row("Scale", "", (&[2], &[1.0, 1.0]), (&[2], &[1.0, 2.0])),
        row("Scale", "scale_param { bias_term: true }", (&[2], &[1.0, 1.0]), (&[2], &[2.0, 4.0])),
        row(
            "Scale",
            "scale_param { axis: 2 num_axes: -1 }",
            (&[2, 1, 2], &[1.0, 1.0, 1.0, 1.0]),
            (&[2, 1, 2], &[1.0, 2.0, 1.0, 2.0]),
        ),
        row("Softmax", "", (&[2], &[7.0, 7.0]), (&[2], &[0.5, 0.5])),
        row("Softmax", "softmax_param { axis: 2 }", (&[2, 1], &[7.0, 0.0]), (&[2, 1], &[1.0, 1.0])),
    ]
}

fn joining() -> Vec<Row> {
    vec![
        with_double("Concat", "", (&[1, 1, 1], &[3.0]), (&[2, 1, 1], &[3.0, 6.0])),
        with_double("Concat", "concat_param { axis: 2 }", (&[1, 1, 1], &[3.0]), (&[1, 2, 1], &[3.0, 6.0])),
        with_double(
            "Concat",
            "concat_param { concat_dim: 3 }",
            (&[1, 1, 1], &[3.0]),
            (&[1, 1, 2], &[3.0, 6.0]),
        ),
        row("Concat", "", (&[2], &[3.0, 4.0]), (&[2], &[3.0, 4.0])),
        with_double("Eltwise", "", (&[1], &[3.0]), (&[1], &[9.0])),
        with_double("Eltwise", "eltwise_param { coeff: [1, -1] }", (&[1], &[3.0]), (&[1], &[-3.0])),
        with_double("Eltwise", "eltwise_param { operation: PROD }", (&[1], &[3.0]), (&[1], &[18.0])),
        with_double(
            "Eltwise",
            "eltwise_param { operation: MAX }",
            (&[2], &[3.0, -1.0]),
            (&[2], &[6.0, -1.0]),
        ),
    ]
}

fn products() -> Vec<Row> {
    const ONES: &[f64] = &[1.0, 1.0, 1.0, 1.0];
    vec![
        row(
            "Convolution",
            "convolution_param { num_output: 1 kernel_size: 2 }",
            (&[1, 2, 2], ONES),
            (&[1, 1, 1], &[11.0]),
        ),
        row(
            "Convolution",
            "convolution_param { num_output: 2 kernel_size: 1 group: 2 bias_term: false }",
            (&[2, 1, 1], &[3.0, 5.0]),
            (&[2, 1, 1], &[3.0, 10.0]),
        ),
        row(
            "Convolution",
            "convolution_param { num_output: 1 kernel_h: 1 kernel_w: 2 pad_h: 0 pad_w: 1 bias_term: false }",
            (&[1, 1, 2], &[1.0, 10.0]),
            (&[1, 1, 3], &[2.0, 21.0, 10.0]),
        ),
        row(
            "Convolution",
            "convolution_param { num_output: 1 kernel_size: [1, 2] dilation: 1 dilation: 2 bias_term: false }",
            (&[1, 1, 3], &[1.0, 10.0, 100.0]),
            (&[1, 1, 1], &[201.0]),
        ),
        row(
            "Convolution",
            "convolution_param { num_output: 1 kernel_size: 1 stride: 2 }",
            (&[1, 3, 3], &[1.0, 0.0, 2.0, 0.0, 0.0, 0.0, 3.0, 0.0, 4.0]),
            (&[1, 2, 2], &[2.0, 3.0, 4.0, 5.0]),
        ),
        row(
            "Convolution",
            "convolution_param { num_output: 1 kernel_size: 2 }",
            (&[1, 3], &[1.0, 1.0, 2.0]),
            (&[1, 2], &[4.0, 6.0]),
        ),
        row(
            "Deconvolution",
            "convolution_param { num_output: 1 kernel_size: 2 bias_term: false }",
            (&[1, 1, 1], &[2.0]),
            (&[1, 2, 2], &[2.0, 4.0, 6.0, 8.0]),
        ),
        row(
            "Deconvolution",
            "convolution_param { num_output: 2 kernel_size: 1 stride: 2 group: 2 }",
            (&[2, 1, 1], &[2.0, 3.0]),
            (&[2, 1, 1], &[3.0, 8.0]),
        ),
        row(
            "Embed",
            "embed_param { input_dim: 3 num_output: 2 }",
            (&[2], &[2.0, 0.0]),
            (&[2, 2], &[6.0, 8.0, 2.0, 4.0]),
        ),
        row("InnerProduct", "inner_product_param { num_output: 2 }", (&[2], ONES), (&[2], &[4.0, 9.0])),
        row(
            "InnerProduct",
            "inner_product_param { num_output: 2 transpose: true }",
            (&[2, 1, 1], ONES),
            (&[2], &[5.0, 8.0]),
        ),
        row(
            "InnerProduct",
            "inner_product_param { num_output: 1 axis: 2 bias_term: false }",
            (&[2, 2], &[1.0, 1.0, 0.0, 1.0]),
            (&[2, 1], &[3.0, 2.0]),
        ),
        row(
            "InnerProduct",
            "inner_product_param { num_output: 1 axis: 2 bias_term: false }",
            (&[2, 1, 2], &[1.0, 1.0, 0.0, 1.0]),
            (&[2, 1], &[3.0, 2.0]),
        ),
    ]
}

fn pooling() -> Vec<Row> {
    const NINE: (&[usize], &[f64]) = (&[1, 3, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
    const TWO: (&[usize], &[f64]) = (&[2, 2, 1], &[1.0, -2.0, 3.0, 4.0]);
    vec![
        row(
            "Pooling",
            "pooling_param { kernel_size: 2 stride: 2 }",
            NINE,
            (&[1, 2, 2], &[5.0, 6.0, 8.0, 9.0]),
        ),
        row(
            "Pooling",
            "pooling_param { kernel_size: 2 stride: 2 round_mode: FLOOR }",
            NINE,
            (&[1, 1, 1], &[5.0]),
        ),
        // Windows that reach beyond the picture have fewer pixels.
        row(
            "Pooling",
            "pooling_param { pool: AVE kernel_size: 2 stride: 2 }",
            NINE,
            (&[1, 2, 2], &[3.0, 4.5, 7.5, 9.0]),
        ),
        // Those within the padding have all of them.
        row(
            "Pooling",
            "pooling_param { pool: AVE kernel_size: 3 pad: 1 }",
            (&[1, 1, 1], &[9.0]),
            (&[1, 1, 1], &[1.0]),
        ),
        // A third window would begin in the padding.
        row(
            "Pooling",
            "pooling_param { kernel_h: 1 kernel_w: 2 stride_h: 2 stride_w: 2 pad_h: 0 pad_w: 1 }",
            (&[1, 1, 3], &[1.0, 2.0, 3.0]),
            (&[1, 1, 2], &[1.0, 3.0]),
        ),
        row("Pooling", "pooling_param { pool: AVE global_pooling: true }", NINE, (&[1, 1, 1], &[5.0])),
        row("Pooling", "pooling_param { pool: 0 global_pooling: true }", NINE, (&[1, 1, 1], &[9.0])),
        // Three pixels a side in two parts: windows of two, the first with a pixel of padding.
        row("SPP", "spp_param { pyramid_height: 2 }", NINE, (&[5], &[9.0, 1.0, 3.0, 7.0, 9.0])),
        row("SPP", "spp_param { pyramid_height: 1 pool: AVE }", NINE, (&[1, 1, 1], &[5.0])),
        row("Reduction", "reduction_param { axis: 1 coeff: 2 }", TWO, (&[], &[12.0])),
        row("Reduction", "reduction_param { axis: 2 operation: ASUM }", TWO, (&[2], &[3.0, 7.0])),
        row("Reduction", "reduction_param { axis: 2 operation: SUMSQ }", TWO, (&[2], &[5.0, 25.0])),
        row("Reduction", "reduction_param { axis: -1 operation: 4 }", TWO, (&[2, 2], &[1.0, -2.0, 3.0, 4.0])),
    ]
}

fn shaping() -> Vec<Row> {
    const FOUR: (&[usize], &[f64]) = (&[2, 1, 2], &[1.0, 2.0, 3.0, 4.0]);
    vec![
        Row {
            bottoms: &["x", "p"],
            before: "layer { name: 'p' type: 'Pooling' bottom: 'x' top: 'p' pooling_param { kernel_size: 2 } }",
            ..row(
                "Crop",
                "crop_param { offset: 1 offset: 0 }",
                (&[1, 2, 2], &[1.0, 2.0, 3.0, 4.0]),
                (&[1, 1, 1], &[3.0]),
            )
        },
        row("Flatten", "", FOUR, (&[4], FOUR.1)),
        row("Flatten", "flatten_param { axis: 2 }", FOUR, (&[2, 2], FOUR.1)),
        row("Flatten", "flatten_param { end_axis: -2 }", FOUR, (&[2, 2], FOUR.1)),
        row(
            "Im2col",
            "convolution_param { kernel_size: 2 }",
            (&[1, 2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
            (&[4, 1, 2], &[1.0, 2.0, 2.0, 3.0, 4.0, 5.0, 5.0, 6.0]),
        ),
        // Taps two apart at every second place, channel by channel.
        row(
            "Im2col",
            "convolution_param { kernel_h: 1 kernel_w: 2 stride: 2 dilation: 2 pad_w: 1 pad_h: 0 }",
            (&[2, 1, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
            (&[4, 1, 2], &[0.0, 2.0, 2.0, 0.0, 0.0, 5.0, 5.0, 0.0]),
        ),
        row(
            "Interp",
            "interp_param { height: 1 width: 3 }",
            (&[1, 1, 2], &[1.0, 3.0]),
            (&[1, 1, 3], &[1.0, 2.0, 3.0]),
        ),
        row(
            "Interp",
            "interp_param { zoom_factor: 2 }",
            (&[1, 1, 2], &[1.0, 3.0]),
            (&[1, 1, 3], &[1.0, 2.0, 3.0]),
        ),
        row(
            "Interp",
            "interp_param { shrink_factor: 2 }",
            (&[1, 1, 3], &[1.0, 2.0, 4.0]),
            (&[1, 1, 2], &[1.0, 4.0]),
        ),
        row("Reshape", "reshape_param { shape { dim: 0 dim: -1 dim: 1 } }", FOUR, (&[4, 1], FOUR.1)),
        row("Reshape", "reshape_param { shape { dim: [-1, 0, 2, 1] } }", FOUR, (&[2, 2, 1], FOUR.1)),
        Row { tops: &["y", "z"], ..row("Slice", "", FOUR, (&[1, 1, 2], &[1.0, 2.0])) },
        Row {
            tops: &["z", "y"],
            ..row("Slice", "slice_param { axis: 3 slice_point: 1 }", FOUR, (&[2, 1, 1], &[2.0, 4.0]))
        },
        Row { tops: &["y", "z"], ..row("Split", "", (&[1], &[3.0]), (&[1], &[3.0])) },
        row("Tile", "tile_param { tiles: 2 }", (&[2], &[1.0, 2.0]), (&[4], &[1.0, 2.0, 1.0, 2.0])),
        row(
            "Tile",
            "tile_param { axis: 2 tiles: 2 }",
            (&[2, 1], &[1.0, 2.0]),
            (&[2, 2], &[1.0, 1.0, 2.0, 2.0]),
        ),
    ]
}

/// Types of which nothing is left: what they read is what the network returns.
const OF_TRAINING: [&str; 11] = [
    "Accuracy",
    "ArgMax",
    "ContrastiveLoss",
    "EuclideanLoss",
    "HDF5Output",
    "HingeLoss",
    "HingeLossMultiLabel",
    "InfogainLoss",
    "MultinomialLogisticLoss",
    "SigmoidCrossEntropyLoss",
    "SoftmaxWithLoss",
];

#[test]
fn every_row_is_what_it_says() {
    for row in rows() {
        let Row { kind, parameters, before, .. } = row;
        let names = |field: &str, names: &[&str]| -> String {
            names.iter().map(|name| format!(" {field}: '{name}'")).collect()
        };
        let (bottoms, tops) = (names("bottom", row.bottoms), names("top", row.tops));
        let layer = format!("{before} layer {{ name: 'l' type: '{kind}'{bottoms}{tops} {parameters} }}");
        let text = with_input(row.input.0, &layer);
        let network = counted(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(network.layers.last().unwrap().kind, kind);
        let count: usize = row.input.0.iter().product();
        let (shape, values) = run(&network, row.input.0, &row.input.1[..count]);
        assert_eq!(shape, row.output.0, "{text}");
        let close = values.iter().zip(row.output.1).all(|(found, wanted)| (found - wanted).abs() < 1e-8);
        assert!(close && values.len() == row.output.1.len(), "{text}: {values:?}");
    }
}

#[test]
fn what_only_training_needs_is_passed_over() {
    for kind in OF_TRAINING {
        let layers = format!(
            "layer {{ name: 'y' type: 'Power' bottom: 'x' top: 'y' power_param {{ scale: 3 }} }}
            layer {{ name: 'end' type: '{kind}' bottom: 'y' bottom: 'y' top: 'a' }}"
        );
        let network = counted(&with_input(&[1], &layers)).unwrap();
        assert_eq!(run(&network, &[1], &[2.0]).1, [6.0], "{kind}");
        let end = network.layers.last().unwrap();
        assert_eq!((end.kind, end.nodes.len(), end.reads.len()), (kind, 0, 0));
        assert_eq!(network.warnings, [] as [String; 0]);
    }
}

/// A row of the table that no test knows is one too many.
#[test]
fn every_type_is_tested() {
    let error =
        counted(&with_input(&[1], "layer { name: 'l' type: 'None' bottom: 'x' top: 'y' }")).unwrap_err();
    let line = error.to_string();
    let known = line.strip_prefix(":3: l: is of the type 'none', which is not read; read are ").unwrap();
    let mut tested: Vec<&str> = rows().iter().map(|row| row.kind).chain(OF_TRAINING).collect();
    tested.push("Silence");
    tested.sort_by_key(|kind| kind.to_lowercase());
    tested.dedup();
    assert_eq!(known.split(", ").collect::<Vec<_>>(), tested);
}
