//! Caffe: a description of a network as text, and its weights in a file of their own.
//!
//! The text is parsed into fields ([`text`], [`fields`]), which are brought from whichever of three versions they are
//! in to one list of layers ([`description`], [`versions`], [`splits`]). Every layer is translated by the row of its
//! type in [`layers`], with what it learned taken from the weights by its name ([`assembly`], [`context`],
//! [`weights`]).

use std::ops::Range;

use lrp_core::{Network, Value};
use ndarray::ArrayD;

use crate::error::{Error, ErrorKind, Result, quoted};
use crate::limits::Limits;

use super::ReadModel;
use super::source::Source;

mod assembly;
mod context;
mod description;
mod fields;
mod layers;
mod splits;
mod text;
mod versions;
mod weights;

use context::Weights;
use description::Description;

/// What a description may begin with.
const BEGINNINGS: [&str; 8] =
    ["name", "input", "input_shape", "input_dim", "layer", "layers", "force_backward", "state"];

/// How files of weights end.
pub(super) const ENDINGS: [&str; 3] = ["caffemodel", "caffemodel.h5", "h5"];

/// A description of a Caffe network, before its weights are known.
///
/// [`read_model`](crate::read_model) reads most models without a word about this. Use it to find layers by the numbers
/// that Caffe gives them, to see what was passed over, or to fill a network whose weights are not at hand:
///
/// ```
/// use lrp_io::{Caffe, Limits};
/// use ndarray::ArrayD;
///
/// let text = "input: 'data' input_shape { dim: [1, 3] }
///     layer { name: 'fc' type: 'InnerProduct' bottom: 'data' top: 'fc' inner_product_param { num_output: 2 } }
///     layer { name: 'relu' type: 'ReLU' bottom: 'fc' top: 'fc' }";
/// let limits = Limits::default();
/// let caffe = Caffe::parse(&text.as_bytes().into(), &limits)?;
/// let filled = caffe.filled(&|shape| ArrayD::ones(shape))?;
/// assert_eq!(filled.layers[1].name, "relu");
/// assert_eq!(filled.layers[1].nodes, 1..2);
/// # Ok::<(), lrp_io::Error>(())
/// ```
pub struct Caffe<'a> {
    description: Description,
    unknown: Vec<String>,
    source: Source<'a>,
    limits: &'a Limits,
}

/// A network as Caffe numbers its layers.
#[derive(Clone, Debug)]
pub struct CaffeNetwork {
    /// The network.
    pub network: Network<f64>,
    /// Caffe's layers in their order, those that split values among several readers included.
    pub layers: Vec<CaffeLayer>,
    /// What was passed over or made up, a line each.
    pub warnings: Vec<String>,
}

/// One of Caffe's layers.
#[derive(Clone, Debug)]
pub struct CaffeLayer {
    /// Its name.
    pub name: String,
    /// Its type, as later versions write it.
    pub kind: &'static str,
    /// The nodes that stand for it; none where the value is only passed on.
    pub nodes: Range<usize>,
    /// The values it reads, under their names.
    pub reads: Vec<(String, Value)>,
    /// The values it writes, under their names.
    pub writes: Vec<(String, Value)>,
    /// Whether what it writes takes the place of what it reads.
    pub in_place: bool,
}

/// Whether bytes begin as descriptions do.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    text::begins_with(bytes, &BEGINNINGS)
}

/// What to say of bytes that are the weights of a network, where its description is asked for.
pub(super) fn mistaken(bytes: &[u8]) -> Option<Error> {
    weights::sniff(bytes).then(|| {
        Error::unsupported(
            "holds the weights of a Caffe network; its description (.prototxt) is the model, with these beside it",
        )
    })
}

/// Reads a model with its weights.
pub(super) fn read(source: &Source<'_>, limits: &Limits) -> Result<ReadModel> {
    let CaffeNetwork { network, warnings, .. } = Caffe::parse(source, limits)?.read()?;
    Ok(ReadModel { network, warnings })
}

/// The shape of one sample.
pub(super) fn sample(source: &Source<'_>, limits: &Limits) -> Option<Vec<usize>> {
    Some(Caffe::parse(source, limits).ok()?.sample().to_vec())
}

impl<'a> Caffe<'a> {
    /// Reads a description, of any version.
    ///
    /// # Errors
    /// If the text is none, or one beyond the limits; with the line where one can be blamed.
    pub fn parse(source: &Source<'a>, limits: &'a Limits) -> Result<Self> {
        limits.check_file(source.bytes().len() as u64)?;
        let text = std::str::from_utf8(source.bytes()).map_err(|error| {
            Error::format("is no text in UTF-8, as descriptions of Caffe networks are")
                .at_byte(error.valid_up_to())
        })?;
        let message = text::parse(text, limits)?;
        let unknown = fields::unknown(&message)?;
        let description = Description::of(&message, source.sample(), limits)?;
        Ok(Self { description, unknown, source: source.clone(), limits })
    }

    /// The shape of one sample.
    #[must_use]
    pub fn sample(&self) -> &[usize] {
        &self.description.sample
    }

    /// How many samples the description wants at a time.
    #[must_use]
    pub fn batch(&self) -> usize {
        self.description.batch
    }

    /// Whether gradients are wanted everywhere, even where nothing is learned.
    #[must_use]
    pub fn forces_backward(&self) -> bool {
        self.description.force_backward
    }

    /// The network with the weights that go with it: those given, or those in the file beside the description that
    /// has its name and ends in `.caffemodel`, or in `.caffemodel.h5` or `.h5`, which the feature `hdf5` reads.
    ///
    /// # Errors
    /// One line naming the layer.
    pub fn read(&self) -> Result<CaffeNetwork> {
        match self.source.weights_or_beside(&ENDINGS, self.limits)? {
            Some(bytes) => {
                let layers = weights::read(&bytes, self.limits);
                self.network(Weights::file(layers.map_err(|error| error.in_file("weights"))?))
            }
            None => self.network(Weights::none()),
        }
    }

    /// The network with weights that `fill` makes for each shape that is asked for. The second blob of a `BatchNorm` is
    /// its variance, which must not be below zero.
    ///
    /// # Errors
    /// As [`Caffe::read`]; and if there would be more than twice as many numbers as one array may have elements.
    pub fn filled(&self, fill: &dyn Fn(&[usize]) -> ArrayD<f64>) -> Result<CaffeNetwork> {
        self.network(Weights::made(fill))
    }

    fn network(&self, weights: Weights<'_>) -> Result<CaffeNetwork> {
        let (network, layers, warnings) = assembly::assemble(&self.description, weights, self.limits)?;
        let warnings = self.unknown.iter().cloned().chain(warnings).collect();
        Ok(CaffeNetwork { network, layers, warnings })
    }
}

impl CaffeNetwork {
    /// The layer of a name, or of a number as Caffe counts.
    ///
    /// # Errors
    /// Says how many there are.
    pub fn layer(&self, wanted: &str) -> Result<usize> {
        let named = self.layers.iter().position(|layer| layer.name == wanted);
        let numbered = || wanted.parse().ok().filter(|&index: &usize| index < self.layers.len());
        named.or_else(numbered).ok_or_else(|| {
            let last = self.layers.len().saturating_sub(1);
            Error::new(
                ErrorKind::Selection,
                format!("there is no layer {}; layers are 0 to {last}", quoted(wanted)),
            )
        })
    }
}
