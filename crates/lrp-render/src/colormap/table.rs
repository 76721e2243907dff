//! The table of colormaps, a row each.

use std::f64::consts::{PI, TAU};

use super::toolbox::{self, Scale, ToolboxMap};
use super::{Entry, Kind, Kind::*};
use crate::picture::Rgb;
use Source::*;

/// Where the colours of a row come from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source {
    /// Evenly spaced colours in hexadecimal.
    Stops(&'static str),
    /// Breakpoints of each channel.
    Channels(&'static str),
    /// The entries themselves, in hexadecimal.
    Swatches(&'static str),
    /// The entries themselves, in decimals.
    Entries(&'static str),
    /// Entries with the halves exchanged, read backwards.
    Rotated(&'static str),
    /// A function of the position; values outside `[0, 1]` are clamped.
    Formula(fn(f64) -> Rgb),
    /// A gradient of the `colorous` crate.
    Gradient(colorous::Gradient),
    /// The same colours as another row.
    Alias(&'static str),
    /// A map of the LRP Toolbox.
    Toolbox(ToolboxMap),
}

/// Every colormap that [`colormap`](crate::colormap) knows: one row each, reversed ones left out.
///
/// The figures of matplotlib's maps are carried over from its tables. Those named after their colours
/// (`Greys` to `YlGn`, `PiYG` to `Spectral`) and `Accent` to `Set3` are the ColorBrewer schemes of Cynthia
/// Brewer, Mark Harrower and The Pennsylvania State University (Apache-2.0); the sources of the longer tables
/// are noted in their files.
#[rustfmt::skip]
pub static COLORMAPS: &[Entry] = &[
    entry("viridis", Sequential, Entries(include_str!("tables/viridis.txt"))),
    entry("plasma", Sequential, Entries(include_str!("tables/plasma.txt"))),
    entry("inferno", Sequential, Entries(include_str!("tables/inferno.txt"))),
    entry("magma", Sequential, Entries(include_str!("tables/magma.txt"))),
    entry("cividis", Sequential, Entries(include_str!("tables/cividis.txt"))),
    entry("Greys", Sequential, Stops("ffffff f0f0f0 d9d9d9 bdbdbd 969696 737373 525252 252525 000000")),
    entry("Grays", Sequential, Alias("Greys")),
    entry("Purples", Sequential, Stops("fcfbfd efedf5 dadaeb bcbddc 9e9ac8 807dba 6a51a3 54278f 3f007d")),
    entry("Blues", Sequential, Stops("f7fbff deebf7 c6dbef 9ecae1 6baed6 4292c6 2171b5 08519c 08306b")),
    entry("Greens", Sequential, Stops("f7fcf5 e5f5e0 c7e9c0 a1d99b 74c476 41ab5d 238b45 006d2c 00441b")),
    entry("Oranges", Sequential, Stops("fff5eb fee6ce fdd0a2 fdae6b fd8d3c f16913 d94801 a63603 7f2704")),
    entry("Reds", Sequential, Stops("fff5f0 fee0d2 fcbba1 fc9272 fb6a4a ef3b2c cb181d a50f15 67000d")),
    entry("YlOrBr", Sequential, Stops("ffffe5 fff7bc fee391 fec44f fe9929 ec7014 cc4c02 993404 662506")),
    entry("YlOrRd", Sequential, Stops("ffffcc ffeda0 fed976 feb24c fd8d3c fc4e2a e31a1c bd0026 800026")),
    entry("OrRd", Sequential, Stops("fff7ec fee8c8 fdd49e fdbb84 fc8d59 ef6548 d7301f b30000 7f0000")),
    entry("PuRd", Sequential, Stops("f7f4f9 e7e1ef d4b9da c994c7 df65b0 e7298a ce1256 980043 67001f")),
    entry("RdPu", Sequential, Stops("fff7f3 fde0dd fcc5c0 fa9fb5 f768a1 dd3497 ae017e 7a0177 49006a")),
    entry("BuPu", Sequential, Stops("f7fcfd e0ecf4 bfd3e6 9ebcda 8c96c6 8c6bb1 88419d 810f7c 4d004b")),
    entry("GnBu", Sequential, Stops("f7fcf0 e0f3db ccebc5 a8ddb5 7bccc4 4eb3d3 2b8cbe 0868ac 084081")),
    entry("PuBu", Sequential, Stops("fff7fb ece7f2 d0d1e6 a6bddb 74a9cf 3690c0 0570b0 045a8d 023858")),
    entry("YlGnBu", Sequential, Stops("ffffd9 edf8b1 c7e9b4 7fcdbb 41b6c4 1d91c0 225ea8 253494 081d58")),
    entry("PuBuGn", Sequential, Stops("fff7fb ece2f0 d0d1e6 a6bddb 67a9cf 3690c0 02818a 016c59 014636")),
    entry("BuGn", Sequential, Stops("f7fcfd e5f5f9 ccece6 99d8c9 66c2a4 41ae76 238b45 006d2c 00441b")),
    entry("YlGn", Sequential, Stops("ffffe5 f7fcb9 d9f0a3 addd8e 78c679 41ab5d 238443 006837 004529")),
    entry("binary", Sequential, Stops("ffffff 000000")),
    entry("gist_yarg", Sequential, Formula(|x| [1.0 - x; 3])),
    entry("gist_yerg", Sequential, Alias("gist_yarg")),
    entry("gist_gray", Sequential, Formula(|x| [x; 3])),
    entry("gist_grey", Sequential, Alias("gist_gray")),
    entry("gray", Sequential, Stops("000000 ffffff")),
    entry("grey", Sequential, Alias("gray")),
    entry("bone", Sequential, Channels(
        "0:0 .746032:.652778 1:1; \
         0:0 .365079:.319444 .746032:.777778 1:1; \
         0:0 .365079:.444444 1:1",
    )),
    entry("pink", Sequential, Channels(include_str!("tables/pink.txt"))),
    entry("spring", Sequential, Stops("ff00ff ffff00")),
    entry("summer", Sequential, Channels("0:0 1:1; 0:.5 1:1; 0:.4 1:.4")),
    entry("autumn", Sequential, Stops("ff0000 ffff00")),
    entry("winter", Sequential, Channels("0:0 1:0; 0:0 1:1; 0:1 1:.5")),
    entry("cool", Sequential, Stops("00ffff ff00ff")),
    entry("Wistia", Sequential, Stops("e4ff7a ffe81a ffbd00 ffa000 fc7f00")),
    entry("hot", Sequential, Channels(
        "0:.0416 .365079:1 1:1; \
         0:0 .365079:0 .746032:1 1:1; \
         0:0 .746032:0 1:1",
    )),
    entry("afmhot", Sequential, Formula(|x| [2.0 * x, 2.0 * x - 0.5, 2.0 * x - 1.0])),
    entry("gist_heat", Sequential, Formula(|x| [1.5 * x, 2.0 * x - 1.0, 4.0 * x - 3.0])),
    entry("copper", Sequential, Channels("0:0 .809524:1 1:1; 0:0 1:.7812; 0:0 1:.4975")),
    entry("PiYG", Diverging, Stops(
        "8e0152 c51b7d de77ae f1b6da fde0ef f7f7f7 e6f5d0 b8e186 7fbc41 4d9221 276419",
    )),
    entry("PRGn", Diverging, Stops(
        "40004b 762a83 9970ab c2a5cf e7d4e8 f7f7f7 d9f0d3 a6dba0 5aae61 1b7837 00441b",
    )),
    entry("BrBG", Diverging, Stops(
        "543005 8c510a bf812d dfc27d f6e8c3 f5f5f5 c7eae5 80cdc1 35978f 01665e 003c30",
    )),
    entry("PuOr", Diverging, Stops(
        "7f3b08 b35806 e08214 fdb863 fee0b6 f7f7f7 d8daeb b2abd2 8073ac 542788 2d004b",
    )),
    entry("RdGy", Diverging, Stops(
        "67001f b2182b d6604d f4a582 fddbc7 ffffff e0e0e0 bababa 878787 4d4d4d 1a1a1a",
    )),
    entry("RdBu", Diverging, Stops(
        "67001f b2182b d6604d f4a582 fddbc7 f7f7f7 d1e5f0 92c5de 4393c3 2166ac 053061",
    )),
    entry("RdYlBu", Diverging, Stops(
        "a50026 d73027 f46d43 fdae61 fee090 ffffbf e0f3f8 abd9e9 74add1 4575b4 313695",
    )),
    entry("RdYlGn", Diverging, Stops(
        "a50026 d73027 f46d43 fdae61 fee08b ffffbf d9ef8b a6d96a 66bd63 1a9850 006837",
    )),
    entry("Spectral", Diverging, Stops(
        "9e0142 d53e4f f46d43 fdae61 fee08b ffffbf e6f598 abdda4 66c2a5 3288bd 5e4fa2",
    )),
    entry("coolwarm", Diverging, Channels(include_str!("tables/coolwarm.txt"))),
    entry("bwr", Diverging, Stops("0000ff ffffff ff0000")),
    entry("seismic", Diverging, Channels(
        "0:0 .25:0 .5:1 .75:1 1:.5; \
         0:0 .25:0 .5:1 .75:0 1:0; \
         0:.3 .25:1 .5:1 .75:0 1:0",
    )),
    entry("twilight", Cyclic, Entries(include_str!("tables/twilight.txt"))),
    entry("twilight_shifted", Cyclic, Rotated(include_str!("tables/twilight.txt"))),
    entry("hsv", Cyclic, Channels(
        "0:1 .15873:1 .174603:.96875 .333333:.03125 .349206:0 .666667:0 .68254:.03125 .84127:.96875 \
         .857143:1 1:1; \
         0:0 .15873:.9375 .174603:1 .507937:1 .666667:.0625 .68254:0 1:0; \
         0:0 .333333:0 .349206:.0625 .507937:1 .84127:1 .857143:.9375 1:.09375",
    )),
    entry("flag", Miscellaneous, Formula(flag)),
    entry("prism", Miscellaneous, Formula(prism)),
    entry("ocean", Miscellaneous, Formula(|x| [3.0 * x - 2.0, ((3.0 * x - 1.0) / 2.0).abs(), x])),
    entry("gist_earth", Miscellaneous, Channels(include_str!("tables/gist_earth.txt"))),
    entry("terrain", Miscellaneous, Channels(
        "0:.2 .15:0 .25:0 .5:1 .75:.5 1:1; \
         0:.2 .15:.6 .25:.8 .5:1 .75:.36 1:1; \
         0:.6 .15:1 .25:.4 .5:.6 .75:.33 1:1",
    )),
    entry("gist_stern", Miscellaneous, Channels(
        "0:0 .0547:1 .25:.027|.25 1:1; \
         0:0 1:1; \
         0:0 .5:1 .735:0 1:1",
    )),
    entry("gnuplot", Miscellaneous, Formula(|x| [x.sqrt(), x.powi(3), (TAU * x).sin()])),
    entry("gnuplot2", Miscellaneous, Formula(|x| [x / 0.32 - 0.78125, 2.0 * x - 0.84, gnuplot2_blue(x)])),
    entry("CMRmap", Miscellaneous, Channels(
        "0:0 .125:.15 .25:.3 .375:.6 .5:1 .625:.9 .75:.9 .875:.9 1:1; \
         0:0 .125:.15 .25:.15 .375:.2 .5:.25 .625:.5 .75:.75 .875:.9 1:1; \
         0:0 .125:.5 .25:.75 .375:.5 .5:.15 .625:0 .75:.1 .875:.5 1:1",
    )),
    entry("cubehelix", Miscellaneous, Formula(cubehelix)),
    entry("brg", Miscellaneous, Stops("0000ff ff0000 00ff00")),
    entry("gist_rainbow", Miscellaneous, Channels(
        "0:1 .03:1 .215:1 .4:0 .586:0 .77:0 .954:1 1:1; \
         0:0 .03:0 .215:1 .4:1 .586:1 .77:0 .954:0 1:0; \
         0:.16 .03:0 .215:0 .4:0 .586:1 .77:1 .954:1 1:.75",
    )),
    entry("rainbow", Miscellaneous, Formula(|x| [(2.0 * x - 0.5).abs(), wave(x), (PI / 2.0 * x).cos()])),
    entry("jet", Miscellaneous, Channels(
        "0:0 .35:0 .66:1 .89:1 1:.5; \
         0:0 .125:0 .375:1 .64:1 .91:0 1:0; \
         0:.5 .11:1 .34:1 .65:0 1:0",
    )),
    entry("turbo", Miscellaneous, Entries(include_str!("tables/turbo.txt"))),
    entry("nipy_spectral", Miscellaneous, Channels(include_str!("tables/nipy_spectral.txt"))),
    entry("gist_ncar", Miscellaneous, Channels(include_str!("tables/gist_ncar.txt"))),
    entry("Accent", Qualitative, Swatches("7fc97f beaed4 fdc086 ffff99 386cb0 f0027f bf5b17 666666")),
    entry("Dark2", Qualitative, Swatches("1b9e77 d95f02 7570b3 e7298a 66a61e e6ab02 a6761d 666666")),
    entry("Paired", Qualitative, Swatches(
        "a6cee3 1f78b4 b2df8a 33a02c fb9a99 e31a1c fdbf6f ff7f00 cab2d6 6a3d9a ffff99 b15928",
    )),
    entry("Pastel1", Qualitative, Swatches("fbb4ae b3cde3 ccebc5 decbe4 fed9a6 ffffcc e5d8bd fddaec f2f2f2")),
    entry("Pastel2", Qualitative, Swatches("b3e2cd fdcdac cbd5e8 f4cae4 e6f5c9 fff2ae f1e2cc cccccc")),
    entry("Set1", Qualitative, Swatches("e41a1c 377eb8 4daf4a 984ea3 ff7f00 ffff33 a65628 f781bf 999999")),
    entry("Set2", Qualitative, Swatches("66c2a5 fc8d62 8da0cb e78ac3 a6d854 ffd92f e5c494 b3b3b3")),
    entry("Set3", Qualitative, Swatches(
        "8dd3c7 ffffb3 bebada fb8072 80b1d3 fdb462 b3de69 fccde5 d9d9d9 bc80bd ccebc5 ffed6f",
    )),
    entry("tab10", Qualitative, Swatches(
        "1f77b4 ff7f0e 2ca02c d62728 9467bd 8c564b e377c2 7f7f7f bcbd22 17becf",
    )),
    entry("tab20", Qualitative, Swatches(
        "1f77b4 aec7e8 ff7f0e ffbb78 2ca02c 98df8a d62728 ff9896 9467bd c5b0d5 8c564b c49c94 e377c2 \
         f7b6d2 7f7f7f c7c7c7 bcbd22 dbdb8d 17becf 9edae5",
    )),
    entry("tab20b", Qualitative, Swatches(
        "393b79 5254a3 6b6ecf 9c9ede 637939 8ca252 b5cf6b cedb9c 8c6d31 bd9e39 e7ba52 e7cb94 843c39 \
         ad494a d6616b e7969c 7b4173 a55194 ce6dbd de9ed6",
    )),
    entry("tab20c", Qualitative, Swatches(
        "3182bd 6baed6 9ecae1 c6dbef e6550d fd8d3c fdae6b fdd0a2 31a354 74c476 a1d99b c7e9c0 756bb1 \
         9e9ac8 bcbddc dadaeb 636363 969696 bdbdbd d9d9d9",
    )),
    entry("colorous:turbo", Miscellaneous, Gradient(colorous::TURBO)),
    entry("colorous:viridis", Sequential, Gradient(colorous::VIRIDIS)),
    entry("colorous:inferno", Sequential, Gradient(colorous::INFERNO)),
    entry("colorous:magma", Sequential, Gradient(colorous::MAGMA)),
    entry("colorous:plasma", Sequential, Gradient(colorous::PLASMA)),
    entry("colorous:cividis", Sequential, Gradient(colorous::CIVIDIS)),
    entry("warm", Sequential, Gradient(colorous::WARM)),
    entry("colorous:cool", Sequential, Gradient(colorous::COOL)),
    entry("colorous:cubehelix", Miscellaneous, Gradient(colorous::CUBEHELIX)),
    entry("colorous:BuGn", Sequential, Gradient(colorous::BLUE_GREEN)),
    entry("colorous:BuPu", Sequential, Gradient(colorous::BLUE_PURPLE)),
    entry("colorous:GnBu", Sequential, Gradient(colorous::GREEN_BLUE)),
    entry("colorous:OrRd", Sequential, Gradient(colorous::ORANGE_RED)),
    entry("colorous:PuBuGn", Sequential, Gradient(colorous::PURPLE_BLUE_GREEN)),
    entry("colorous:PuBu", Sequential, Gradient(colorous::PURPLE_BLUE)),
    entry("colorous:PuRd", Sequential, Gradient(colorous::PURPLE_RED)),
    entry("colorous:RdPu", Sequential, Gradient(colorous::RED_PURPLE)),
    entry("colorous:YlGnBu", Sequential, Gradient(colorous::YELLOW_GREEN_BLUE)),
    entry("colorous:YlGn", Sequential, Gradient(colorous::YELLOW_GREEN)),
    entry("colorous:YlOrBr", Sequential, Gradient(colorous::YELLOW_ORANGE_BROWN)),
    entry("colorous:YlOrRd", Sequential, Gradient(colorous::YELLOW_ORANGE_RED)),
    entry("colorous:Blues", Sequential, Gradient(colorous::BLUES)),
    entry("colorous:Greens", Sequential, Gradient(colorous::GREENS)),
    entry("colorous:Greys", Sequential, Gradient(colorous::GREYS)),
    entry("colorous:Oranges", Sequential, Gradient(colorous::ORANGES)),
    entry("colorous:Purples", Sequential, Gradient(colorous::PURPLES)),
    entry("colorous:Reds", Sequential, Gradient(colorous::REDS)),
    entry("colorous:BrBG", Diverging, Gradient(colorous::BROWN_GREEN)),
    entry("colorous:PRGn", Diverging, Gradient(colorous::PURPLE_GREEN)),
    entry("colorous:PiYG", Diverging, Gradient(colorous::PINK_GREEN)),
    entry("colorous:PuOr", Diverging, Gradient(colorous::PURPLE_ORANGE)),
    entry("colorous:RdBu", Diverging, Gradient(colorous::RED_BLUE)),
    entry("colorous:RdGy", Diverging, Gradient(colorous::RED_GREY)),
    entry("colorous:RdYlBu", Diverging, Gradient(colorous::RED_YELLOW_BLUE)),
    entry("colorous:RdYlGn", Diverging, Gradient(colorous::RED_YELLOW_GREEN)),
    entry("colorous:Spectral", Diverging, Gradient(colorous::SPECTRAL)),
    entry("colorous:rainbow", Cyclic, Gradient(colorous::RAINBOW)),
    entry("sinebow", Cyclic, Gradient(colorous::SINEBOW)),
    entry("gray-red", Custom, toolbox_map(Scale::SignedMax, toolbox::gray_red)),
    entry("gray-red2", Custom, toolbox_map(Scale::VarianceCut, toolbox::gray_red2)),
    entry("black-green", Custom, toolbox_map(Scale::SignedMax, toolbox::black_green)),
    entry("black-firered", Custom, toolbox_map(Scale::MaxAbs, toolbox::black_firered)),
    entry("blue-black-yellow", Custom, toolbox_map(Scale::SignedMax, toolbox::blue_black_yellow)),
];

const fn entry(name: &'static str, kind: Kind, source: Source) -> Entry {
    Entry { name, kind, source }
}

const fn toolbox_map(scale: Scale, color: fn(f64) -> Rgb) -> Source {
    Toolbox(ToolboxMap { scale, color })
}

fn wave(x: f64) -> f64 {
    (PI * x).sin()
}

fn flag(x: f64) -> Rgb {
    [0.75 * wave(31.5 * x + 0.25) + 0.5, wave(31.5 * x), 0.75 * wave(31.5 * x - 0.25) + 0.5]
}

fn prism(x: f64) -> Rgb {
    [0.75 * wave(20.9 * x + 0.25) + 0.67, 0.75 * wave(20.9 * x - 0.25) + 0.33, -1.1 * wave(20.9 * x)]
}

fn gnuplot2_blue(x: f64) -> f64 {
    match x {
        x if x < 0.25 => 4.0 * x,
        x if x < 0.92 => 1.84 - 2.0 * x,
        x => x / 0.08 - 11.5,
    }
}

/// Green's helix (2011): grey rising from black to white, with a tilt that turns about the grey axis.
fn cubehelix(x: f64) -> Rgb {
    let amplitude = x * (1.0 - x) / 2.0;
    let angle = TAU * (0.5 / 3.0 - 1.5 * x);
    [[-0.14861, 1.78277], [-0.29227, -0.90649], [1.97294, 0.0]]
        .map(|[cosine, sine]| x + amplitude * (cosine * angle.cos() + sine * angle.sin()))
}
