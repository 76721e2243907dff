//! The rows of the oracle: each layer in the shapes and settings that rules could get wrong.

use lrp_core::{Channels, Reduction, Ties};

use crate::blends::{CUBIC, LINEAR, doubled};
use crate::cases::Subject;
use crate::frozen::Local;
use crate::joined::Join;
use crate::reach::Slide;
use Channels::{First, Last};

type Rows = Vec<(&'static str, Subject)>;

pub(crate) fn subjects() -> Rows {
    [convolutions(), transposed_convolutions(), pools(), axes(), joins()].concat()
}

fn at(size: usize, kernel: usize) -> Slide {
    Slide::new(size, kernel)
}

fn convolutions() -> Rows {
    let linear = |places: &[usize], [inputs, outputs]: [usize; 2]| Subject::Linear {
        places: places.to_vec(),
        inputs,
        outputs,
    };
    let convolution = |slides: &[Slide], channels, groups, layout| Subject::Convolution {
        slides: slides.to_vec(),
        channels,
        groups,
        layout,
        shifted: false,
    };
    let uneven = [at(5, 3).stride(2).padding(0, 1), at(4, 2).padding(1, 0)];
    let shifted = Subject::Convolution {
        slides: vec![at(3, 3).padding(1, 1), at(4, 2).padding(1, 0).stride(2)],
        channels: [2, 4],
        groups: 2,
        layout: First,
        shifted: true,
    };
    vec![
        ("linear", linear(&[], [6, 4])),
        ("square linear", linear(&[], [5, 5])),
        ("linear of rank 3", linear(&[3], [4, 2])),
        ("linear of rank 4", linear(&[2, 2], [3, 3])),
        ("convolution", convolution(&[at(4, 2), at(3, 2)], [2, 3], 1, Last)),
        ("channels first", convolution(&[at(4, 2), at(3, 2)], [2, 3], 1, First)),
        ("stride leaves a rest", convolution(&[at(6, 2).stride(3), at(5, 3).stride(2)], [1, 2], 1, Last)),
        ("uneven padding", convolution(&uneven, [2, 2], 1, First)),
        ("dilation", convolution(&[at(5, 2).dilation(3), at(5, 3).dilation(2)], [1, 2], 1, Last)),
        (
            "dilation, padding, stride",
            convolution(
                &[at(6, 3).dilation(2).padding(2, 1).stride(2), at(3, 2).padding(1, 1)],
                [1, 2],
                1,
                First,
            ),
        ),
        ("same shape", convolution(&[at(3, 3).padding(1, 1), at(3, 3).padding(1, 1)], [2, 2], 1, Last)),
        ("two groups", convolution(&[at(3, 2), at(3, 2)], [4, 2], 2, First)),
        ("depthwise", convolution(&[at(3, 2), at(3, 2).stride(2).padding(0, 1)], [3, 6], 3, Last)),
        ("1-d convolution", convolution(&[at(8, 3).stride(2).padding(2, 0)], [2, 2], 1, Last)),
        ("1-d groups", convolution(&[at(6, 2).dilation(2)], [2, 4], 2, First)),
        (
            "3-d convolution",
            convolution(&[at(3, 2), at(2, 1), at(4, 2).stride(2).padding(1, 1)], [1, 2], 1, First),
        ),
        ("shifted convolution", shifted),
    ]
}

fn transposed_convolutions() -> Rows {
    let transposed = |slides: &[Slide], channels, groups, layout| Subject::Transposed {
        slides: slides.to_vec(),
        channels,
        groups,
        layout,
    };
    vec![
        ("transposed convolution", transposed(&[at(4, 2), at(3, 2)], [2, 3], 1, Last)),
        ("transposed, stride 2", transposed(&[at(6, 3).stride(2), at(4, 2).stride(2)], [2, 2], 1, First)),
        ("transposed, gaps", transposed(&[at(6, 2).stride(3), at(5, 1).stride(2)], [1, 2], 1, First)),
        (
            "transposed, padding, dilation",
            transposed(&[at(6, 3).dilation(2).padding(2, 1), at(3, 2).padding(1, 1)], [1, 2], 1, Last),
        ),
        ("transposed, two groups", transposed(&[at(4, 2).stride(2)], [4, 6], 2, First)),
        ("transposed, same shape", transposed(&[at(3, 3).padding(1, 1)], [2, 2], 1, First)),
        ("3-d transposed", transposed(&[at(3, 2), at(2, 1), at(4, 2).stride(2)], [1, 2], 1, First)),
    ]
}

fn pools() -> Rows {
    let pool = |plain, slides: &[Slide], channels, layout| Subject::SumPool {
        slides: slides.to_vec(),
        channels,
        layout,
        plain,
    };
    let sum = |slides: &[Slide], channels, layout| pool(false, slides, channels, layout);
    let mean = |slides: &[Slide], channels, layout, count_padding| Subject::AveragePool {
        slides: slides.to_vec(),
        channels,
        layout,
        count_padding,
    };
    let tied = |ties, slides: &[Slide], channels, layout| Subject::MaxPool {
        slides: slides.to_vec(),
        channels,
        layout,
        ties,
    };
    let max = |slides: &[Slide], channels, layout| tied(Ties::Share, slides, channels, layout);
    vec![
        ("sum pool", sum(&[at(4, 2).stride(2), at(4, 2).stride(2)], 2, Last)),
        ("overlapping sum pool", sum(&[at(4, 3), at(5, 2).stride(2)], 2, First)),
        ("padded sum pool", sum(&[at(4, 2).padding(1, 0), at(3, 3).padding(1, 1).dilation(2)], 1, Last)),
        ("1-d sum pool", sum(&[at(5, 3).padding(1, 1)], 2, Last)),
        ("plain sum pool", pool(true, &[at(4, 2).padding(1, 0), at(5, 3).stride(2)], 2, First)),
        ("3-d sum pool", sum(&[at(3, 2), at(2, 2), at(2, 2)], 1, First)),
        ("max pool", max(&[at(4, 2).stride(2), at(4, 2).stride(2)], 2, Last)),
        ("overlapping max pool", max(&[at(4, 3), at(5, 2)], 2, First)),
        ("padded max pool", max(&[at(4, 2).padding(1, 0), at(5, 3).padding(1, 2).stride(2)], 1, Last)),
        ("dilated max pool", max(&[at(6, 2).dilation(3)], 2, First)),
        ("3-d max pool", max(&[at(3, 2), at(2, 2), at(3, 1)], 1, First)),
        ("first max pool", tied(Ties::First, &[at(4, 3), at(5, 2)], 2, Last)),
        (
            "max pool of a rest",
            max(&[at(6, 3).stride(2).rounding_up(), at(5, 2).stride(2).rounding_up()], 1, First),
        ),
        ("mean", mean(&[at(4, 2).stride(2), at(4, 2).stride(2)], 2, Last, false)),
        ("padded mean", mean(&[at(4, 2).padding(1, 0), at(3, 3).padding(1, 1).dilation(2)], 1, Last, true)),
        (
            "mean without padding",
            mean(&[at(4, 2).padding(1, 0), at(5, 3).padding(1, 1).stride(2)], 2, First, false),
        ),
        ("mean of a rest", mean(&[at(6, 3).padding(1, 1).stride(2).rounding_up()], 2, First, true)),
    ]
}

fn axes() -> Rows {
    let reduce = |reduction, shape: &[usize], axes: &[usize], ties| Subject::Reduce {
        reduction,
        shape: shape.to_vec(),
        axes: axes.to_vec(),
        ties,
    };
    let local = |local, shape: &[usize], axes: &[usize]| Subject::Local {
        local,
        shape: shape.to_vec(),
        axes: axes.to_vec(),
    };
    vec![
        ("global sum", reduce(Reduction::Sum, &[2, 3, 2], &[2, 3], Ties::Share)),
        ("global mean", reduce(Reduction::Mean, &[2, 3, 2], &[1, 3], Ties::Share)),
        ("global maximum", reduce(Reduction::Max, &[2, 3, 3], &[2, 3], Ties::Share)),
        ("first global maximum", reduce(Reduction::Max, &[3, 3, 2], &[1, 2], Ties::First)),
        ("scaling", Subject::Scaling { channels: 4, features: 3 }),
        ("softmax", local(Local::SoftMax, &[5], &[1])),
        ("softmax of rows", local(Local::SoftMax, &[2, 4], &[2])),
        ("logarithm of softmax", local(Local::LogSoftMax, &[4, 2], &[1])),
        ("layer normalization", local(Local::Normalize(0.1), &[2, 5], &[2])),
        ("instance normalization", local(Local::Normalize(0.0), &[2, 3, 2], &[2, 3])),
        ("centring", local(Local::Centring, &[2, 3, 2], &[2, 3])),
        ("group normalization", Subject::Grouped { shape: vec![4, 3], groups: 2 }),
    ]
}

fn joins() -> Rows {
    let joined = |join, shapes: &[&[usize]]| Subject::Joined {
        join,
        shapes: shapes.iter().map(|shape| shape.to_vec()).collect(),
    };
    vec![
        ("sum of two", joined(Join::Sum, &[&[4], &[4]])),
        ("sum of three", joined(Join::Sum, &[&[3], &[3], &[3]])),
        ("broadcast sum", joined(Join::Sum, &[&[2, 1], &[2, 3]])),
        ("outer sum", joined(Join::Sum, &[&[1, 2, 1], &[3, 1, 2], &[1, 1, 1]])),
        ("product", joined(Join::Product, &[&[4], &[4]])),
        ("gate", joined(Join::Product, &[&[2, 3], &[2, 1]])),
        ("outer product", joined(Join::Product, &[&[1, 3], &[2, 1]])),
        ("matrix product", joined(Join::MatrixProduct, &[&[2, 3], &[3, 2]])),
        ("matrix product of heads", joined(Join::MatrixProduct, &[&[2, 1, 3], &[1, 3, 2]])),
        ("linear resample", Subject::Resample { shape: vec![2, 3], axes: vec![(2, doubled(3, LINEAR))] }),
        (
            "cubic resample",
            Subject::Resample {
                shape: vec![2, 3, 4],
                axes: vec![(3, doubled(4, CUBIC)), (2, doubled(3, CUBIC))],
            },
        ),
        ("custom layer", Subject::Running { features: 6 }),
    ]
}
