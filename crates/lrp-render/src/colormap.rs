//! Colormaps by name: one table of rows, one function that looks a name up.

use ndarray::{Array2, ArrayView2};

use crate::error::{Error, ErrorKind};
use crate::heatmap::Normalization;
use crate::picture::Rgb;
use crate::plane::max_abs;
pub use table::COLORMAPS;
use table::Source;
use toolbox::{ToolboxMap, ratio};

mod lookup;
mod table;
mod toolbox;

/// One row of [`COLORMAPS`]: a name that [`colormap`] accepts, and what sort of map it is.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The name, spelt as in matplotlib; `colorous:` in front where both libraries have a map of that name.
    pub name: &'static str,
    /// What the map is made for.
    pub kind: Kind,
    source: Source,
}

/// What a colormap is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// One direction, from little to much.
    Sequential,
    /// Two directions from a neutral middle. Normalisation is always symmetric about zero, so zero is
    /// the middle by construction.
    Diverging,
    /// Ends as it begins; for angles.
    Cyclic,
    /// Unordered colours, for classes.
    Qualitative,
    /// Rainbows and other many-coloured maps, `jet` among them.
    Miscellaneous,
    /// The five maps of the LRP Toolbox, which see the whole heatmap and normalise it their own way.
    Custom,
}

/// A colormap ready to paint: made by [`colormap`].
///
/// Matplotlib's maps are lookup tables of `n` entries (256, fewer for qualitative maps): position `v`
/// takes entry `trunc(v * n)`, clamped to the table.
#[derive(Debug, Clone)]
pub struct Colormap {
    name: String,
    kind: Kind,
    paint: Paint,
}

#[derive(Debug, Clone)]
enum Paint {
    Lookup(Vec<Rgb>),
    Toolbox { map: ToolboxMap, sign: f64 },
}

/// Looks a colormap up by name; `_r` behind any name reverses it.
///
/// Names are those of matplotlib, the five of the LRP Toolbox (`gray-red`, `gray-red2`, `black-green`,
/// `black-firered`, `blue-black-yellow`), and the gradients of `colorous`, which always answer to
/// `colorous:NAME` and to the bare name where matplotlib has none such. A reversed toolbox map paints the
/// negated relevance.
///
/// # Errors
/// [`ErrorKind::UnknownColormap`] with the names that are spelt alike.
///
/// ```
/// use lrp_render::{Kind, colormap};
///
/// assert_eq!(colormap("RdBu_r")?.kind(), Kind::Diverging);
/// assert_eq!(
///     colormap("sesmic").unwrap_err().to_string(),
///     "unknown colormap \"sesmic\", did you mean seismic?",
/// );
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn colormap(name: &str) -> Result<Colormap, Error> {
    let (base, reversed) = match (find(name), name.strip_suffix("_r")) {
        (None, Some(base)) => (find(base), true),
        (entry, _) => (entry, false),
    };
    let Some(entry) = base else {
        return Err(ErrorKind::UnknownColormap { name: name.to_owned(), near: near_names(name) }.into());
    };
    let paint = match entry.source {
        Source::Toolbox(map) => Paint::Toolbox { map, sign: if reversed { -1.0 } else { 1.0 } },
        source => {
            let mut entries = lookup::entries(source);
            if reversed {
                entries.reverse();
            }
            Paint::Lookup(entries)
        }
    };
    Ok(Colormap { name: name.to_owned(), kind: entry.kind, paint })
}

impl Colormap {
    /// The name it was asked for by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is made for.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The colour at a position in `[0, 1]`; positions outside take the colour of the nearer end.
    ///
    /// ```
    /// use lrp_render::colormap;
    ///
    /// assert_eq!(colormap("jet")?.at(1.0), [0.5, 0.0, 0.0]);
    /// # Ok::<(), lrp_render::Error>(())
    /// ```
    pub fn at(&self, position: f64) -> Rgb {
        match &self.paint {
            Paint::Lookup(entries) => {
                // The cast saturates: below zero and NaN give entry 0.
                let index = (position * entries.len() as f64) as usize;
                entries.get(index).or(entries.last()).copied().unwrap_or_default()
            }
            Paint::Toolbox { .. } => self.at_signed(2.0 * position - 1.0),
        }
    }

    /// The colour of a value in `[-1, 1]`, with 0 in the middle of the map: `at((value + 1) / 2)`.
    pub fn at_signed(&self, value: f64) -> Rgb {
        match &self.paint {
            Paint::Lookup(_) => self.at((value + 1.0) / 2.0),
            Paint::Toolbox { map, sign } => (map.color)((sign * value).clamp(-1.0, 1.0)),
        }
    }

    /// The colour of no relevance: `at_signed(0)`.
    pub fn neutral(&self) -> Rgb {
        self.at_signed(0.0)
    }

    /// The colours of a plane of finite values.
    pub(crate) fn paint(&self, relevance: ArrayView2<'_, f64>, normalization: Normalization) -> Array2<Rgb> {
        match (&self.paint, normalization) {
            (_, Normalization::Unit) => relevance.mapv(|value| self.at(value)),
            (_, Normalization::Shared(scale)) => relevance.mapv(|value| self.at_signed(ratio(value, scale))),
            (Paint::Lookup(_), Normalization::MaxAbs) => {
                let scale = max_abs(relevance);
                relevance.mapv(|value| self.at_signed(ratio(value, scale)))
            }
            (Paint::Toolbox { map, sign }, Normalization::MaxAbs) => {
                toolbox::normalized(relevance.mapv(|value| sign * value), map.scale).mapv(map.color)
            }
        }
    }
}

fn find(name: &str) -> Option<&'static Entry> {
    let bare = name.strip_prefix("colorous:");
    COLORMAPS.iter().find(|entry| entry.name == name).or_else(|| {
        let gradient = |entry: &&Entry| matches!(entry.source, Source::Gradient(_));
        COLORMAPS.iter().filter(gradient).find(|entry| Some(entry.name) == bare)
    })
}

/// Up to three names at most three slips of the pen away, or a third of a shorter word.
fn near_names(name: &str) -> Vec<String> {
    let (base, suffix) = name.strip_suffix("_r").map_or((name, ""), |base| (base, "_r"));
    let wanted = base.to_lowercase();
    if wanted.len() > 40 {
        return Vec::new();
    }
    let allowed = (wanted.len() / 3).clamp(1, 3);
    let mut near: Vec<_> = COLORMAPS
        .iter()
        .map(|entry| (strsim::osa_distance(&wanted, &entry.name.to_lowercase()), entry.name))
        .filter(|&(distance, _)| distance <= allowed)
        .collect();
    near.sort();
    near.into_iter().map(|(_, name)| format!("{name}{suffix}")).take(3).collect()
}
