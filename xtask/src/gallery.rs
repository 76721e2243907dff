//! `cargo xtask gallery`: pictures of every rule, composite, method and palette, as `docs/gallery.md`.
//!
//! A section is a row of [`SECTIONS`]: what is said, what is listed, and how its picture is drawn. The page follows from
//! the tables of the libraries, so `cargo xtask tidy` can tell whether it is current without drawing.

use std::fmt::Write as _;

use anyhow::Result;
use lrp::render::{COLORMAPS, Kind, Picture, RgbImage, encode_png, encode_png_indexed};
use lrp::rules::rules::RULES;
use lrp::rules::{ATTRIBUTORS, COMPOSITES};

use crate::verify::workspace;

mod drawings;
mod reading;
mod subject;

use reading::Reading;
use subject::Subject;

pub(crate) const PATH: &str = "docs/gallery.md";

const HEAD: &str = "\
# Gallery

What the choices look like, drawn from the models and samples in [data](../data/README.md). Each picture has its own
scale from its largest relevance, in the colours of `seismic`: red speaks for the decision, blue against it, and white
says nothing.

`cargo xtask gallery` draws the pictures and writes this page; `cargo xtask tidy` checks that nothing is missing.
";

/// A picture and what belongs to it.
struct Section {
    /// The stem of its file.
    name: &'static str,
    title: &'static str,
    about: &'static str,
    /// Names of what is shown, each with what it does; may be empty.
    listed: fn() -> Vec<(String, String)>,
    draw: fn(&Subjects) -> Result<Picture>,
    /// Heatmaps of one palette need few colours.
    encode: fn(&RgbImage) -> Result<Vec<u8>, lrp::render::Error>,
}

/// What is explained.
struct Subjects {
    digit: Subject,
    photo: Subject,
    texts: Vec<Reading>,
}

const SECTIONS: &[Section] = &[
    Section {
        name: "rules-digit",
        title: "Every rule on a digit",
        about: "LeNet-5 with sum pooling sees a three. Each rule is used for every layer, whether it suits or not: `gamma` \
                is for inputs that are never negative, and these are. `zbox` is a rule for the first layer, so `zplus` \
                does the rest. `stop` hands nothing on, nor does `zminus` where a score has no negative part to start \
                with; `pass` needs layers that keep their shape, and has no picture.",
        listed: || RULES.iter().map(|info| (info.usage.to_owned(), info.summary.to_owned())).collect(),
        draw: |subjects| drawings::rules(&subjects.digit),
        encode: encode_png_indexed,
    },
    Section {
        name: "rules-photo",
        title: "Every rule on a photo",
        about: "SqueezeNet 1.1 sees an espresso. Used for all of its 26 convolutions, many rules are too coarse or too \
                noisy; that is what composites are for.",
        listed: Vec::new,
        draw: |subjects| drawings::rules(&subjects.photo),
        encode: encode_png_indexed,
    },
    Section {
        name: "composites",
        title: "Composites",
        about: "The same photo, the rules chosen by layer; see [composites](composites.md). Without any option `lrp \
                explain` takes `epsilon-gamma-box` here.",
        listed: || COMPOSITES.iter().map(|info| (info.usage.to_owned(), info.summary.to_owned())).collect(),
        draw: |subjects| drawings::composites(&subjects.photo),
        encode: encode_png_indexed,
    },
    Section {
        name: "methods",
        title: "Without rules",
        about: "What `lrp explain --method` does instead.",
        listed: || ATTRIBUTORS.iter().map(|info| (info.usage.to_owned(), info.summary.to_owned())).collect(),
        draw: |subjects| drawings::methods(&subjects.photo),
        encode: encode_png_indexed,
    },
    Section {
        name: "layers",
        title: "Layer by layer",
        about: "The relevance of every layer's output on its way from the score of the three to the pixels, its channels \
                summed, under `epsilon-plus`. Layers that hand it on unchanged are left out.",
        listed: Vec::new,
        draw: |subjects| drawings::layers(&subjects.digit),
        encode: encode_png_indexed,
    },
    Section {
        name: "texts",
        title: "Words",
        about: "Two reviews and two news, each beside the class it was read as, and what the words of it are worth to \
                that class. The [texts](text.md) are explained by what suits their models; `lrp explain` colours them \
                so in a terminal.",
        listed: Vec::new,
        draw: |subjects| drawings::texts(&subjects.texts),
        encode: encode_png,
    },
    Section {
        name: "palettes-digit",
        title: "Palettes for relevance",
        about: "The same relevance in every map with two directions, and in the toolbox's own.",
        listed: Vec::new,
        draw: |subjects| drawings::palettes(&subjects.digit),
        encode: encode_png,
    },
    Section {
        name: "palettes",
        title: "Every palette",
        about: "`lrp colormaps --png FILE` draws this picture too. Any name may end in `_r` for the reverse.",
        listed: || KINDS.map(|kind| (format!("{kind:?}").to_lowercase(), names(kind))).into(),
        draw: |_| Ok(lrp::render::colormap_chart()?),
        encode: encode_png,
    },
];

const KINDS: [Kind; 6] =
    [Kind::Diverging, Kind::Custom, Kind::Sequential, Kind::Miscellaneous, Kind::Cyclic, Kind::Qualitative];

/// Draws every picture and writes the page.
pub(crate) fn run() -> Result<bool> {
    let subjects = Subjects { digit: Subject::digit()?, photo: Subject::photo()?, texts: Reading::all()? };
    let folder = workspace().join("docs/images/gallery");
    std::fs::create_dir_all(&folder)?;
    for section in SECTIONS {
        let png = (section.encode)(&(section.draw)(&subjects)?.to_rgb8())?;
        std::fs::write(folder.join(format!("{}.png", section.name)), &png)?;
        println!("drew {}: {} kB", section.name, png.len() / 1000);
    }
    std::fs::write(workspace().join(PATH), page())?;
    println!("wrote {PATH}");
    Ok(true)
}

/// The page as it should be.
pub(crate) fn page() -> String {
    let mut page = HEAD.to_owned();
    for Section { name, title, about, listed, .. } in SECTIONS {
        // Writing to a string does not fail.
        let _ = write!(page, "\n## {title}\n\n{about}\n\n![{title}](images/gallery/{name}.png)\n");
        let listed = listed();
        if !listed.is_empty() {
            page.push_str("\n| name | what |\n|---|---|\n");
        }
        for (name, what) in listed {
            let _ = writeln!(page, "| `{name}` | {} |", what.replace('|', "\\|"));
        }
    }
    page
}

fn names(kind: Kind) -> String {
    let names = COLORMAPS.iter().filter(|entry| entry.kind == kind).map(|entry| format!("`{}`", entry.name));
    names.collect::<Vec<_>>().join(", ")
}
