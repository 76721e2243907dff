//! Ways to explain that know nothing of rules: they follow the gradient, or try what changes the score.

use std::fmt;
use std::str::FromStr;

use lrp_core::{Float, Network, Tensor};

mod gradient;
mod smooth_grad;
mod integrated_gradients;
mod occlusion;

pub use integrated_gradients::IntegratedGradients;
pub use occlusion::Occlusion;
pub use smooth_grad::SmoothGrad;

use crate::call::{Call, numbers};
use crate::error::{Error, Result};
use crate::explanation::Explanation;
use crate::options::PlanOptions;
use crate::parameter::{Parameter, brief};
use crate::target::Target;
use gradient::Slope;

/// A way to explain that needs no rules.
///
/// ```
/// use lrp_core::{Linear, Network};
/// use lrp_rules::{Attributor, PlanOptions, Target};
/// use ndarray::{arr1, arr2};
///
/// let network = Network::sequential([Linear::new(arr2(&[[1.0, -2.0], [3.0, 0.5]]), arr1(&[0.0, 1.0]))?.into()])?;
/// let input = arr2(&[[1.0, 2.0]]).into_dyn();
/// let attributor: Attributor = "gradient-x-input".parse()?;
/// let explanation = attributor.explain(&network, &input, &Target::Class(0), PlanOptions::default())?;
/// assert_eq!(explanation.relevance, arr2(&[[1.0, 6.0]]).into_dyn());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Attributor {
    /// `∂f/∂x`
    Gradient,
    /// `x · ∂f/∂x`
    GradientTimesInput,
    /// `(∂f/∂x)²`
    Sensitivity,
    /// The gradient, averaged over noisy copies of the input.
    SmoothGrad(SmoothGrad),
    /// The gradient, averaged on the way from a baseline to the input.
    IntegratedGradients(IntegratedGradients),
    /// What the score loses when a part of the input is covered.
    Occlusion(Occlusion),
}

impl Attributor {
    /// Explains a batch. The class explained is chosen at the input as it is, whatever is tried afterwards.
    ///
    /// The seed of the explanation is one where a score is explained. Of the options, those about the softmax and
    /// about memory count; layers and ledger are kept by [`Attributor::Gradient`] alone.
    ///
    /// # Errors
    /// If the input does not fit the network, or the target not the scores.
    pub fn explain<T: Float>(
        &self,
        network: &Network<T>,
        input: &Tensor<T>,
        target: &Target,
        options: PlanOptions,
    ) -> Result<Explanation<T>> {
        let slope = Slope::new(network, options)?;
        let at_input = slope.explain(input, target)?;
        let relevance = match self {
            Self::Gradient => return Ok(at_input),
            Self::GradientTimesInput => &at_input.relevance * input,
            Self::Sensitivity => at_input.relevance.mapv(|gradient| gradient * gradient),
            Self::SmoothGrad(attributor) => attributor.relevance(&slope, input, &at_input)?,
            Self::IntegratedGradients(attributor) => attributor.relevance(&slope, input, &at_input)?,
            Self::Occlusion(attributor) => attributor.relevance(&slope, input, &at_input)?,
        };
        Ok(Explanation { relevance, layers: None, ledger: None, ..at_input })
    }

    /// The row of [`ATTRIBUTORS`] it was made by, and its parameters.
    fn parts(&self) -> (&'static str, Vec<f64>) {
        match self {
            Self::Gradient => ("gradient", Vec::new()),
            Self::GradientTimesInput => ("gradient-x-input", Vec::new()),
            Self::Sensitivity => ("sensitivity", Vec::new()),
            Self::SmoothGrad(attributor) => ("smoothgrad", attributor.parameters().to_vec()),
            Self::IntegratedGradients(attributor) => {
                ("integrated-gradients", attributor.parameters().to_vec())
            }
            Self::Occlusion(attributor) => ("occlusion", attributor.parameters().to_vec()),
        }
    }
}

/// An attributor as users write it.
#[derive(Clone, Copy, Debug)]
pub struct AttributorInfo {
    /// The name it prints under.
    pub name: &'static str,
    /// Other names it is read by.
    pub aliases: &'static [&'static str],
    /// Name and parameters with their defaults.
    pub usage: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// Makes it from the parameters given, or says what is wrong with them.
    pub make: fn(&[Parameter]) -> std::result::Result<Attributor, &'static str>,
}

/// Every attributor there is.
pub const ATTRIBUTORS: &[AttributorInfo] = &[
    AttributorInfo {
        name: "gradient",
        aliases: &["saliency"],
        usage: "gradient",
        summary: "how fast the score changes with each input value",
        make: |given| none(given, Attributor::Gradient),
    },
    AttributorInfo {
        name: "gradient-x-input",
        aliases: &["input-x-gradient", "gradient-times-input"],
        usage: "gradient-x-input",
        summary: "the gradient times the input: the terms of the score's linear part",
        make: |given| none(given, Attributor::GradientTimesInput),
    },
    AttributorInfo {
        name: "sensitivity",
        aliases: &[],
        usage: "sensitivity",
        summary: "the squared gradient (Gevrey et al. 2003)",
        make: |given| none(given, Attributor::Sensitivity),
    },
    AttributorInfo {
        name: "smoothgrad",
        aliases: &["smooth-grad"],
        usage: "smoothgrad(noise=0.1, samples=20, seed=0)",
        summary: "the gradient, averaged over noisy copies of the input (Smilkov et al. 2017)",
        make: |given| SmoothGrad::from_numbers(&numbers(given)?).map(Attributor::SmoothGrad),
    },
    AttributorInfo {
        name: "integrated-gradients",
        aliases: &["integratedgradients", "ig"],
        usage: "integrated-gradients(steps=20, baseline=0)",
        summary: "the gradient, averaged on the way from a baseline, times that way (Sundararajan et al. 2017)",
        make: |given| {
            IntegratedGradients::from_numbers(&numbers(given)?).map(Attributor::IntegratedGradients)
        },
    },
    AttributorInfo {
        name: "occlusion",
        aliases: &[],
        usage: "occlusion(window=8, stride=window, fill=0)",
        summary: "what the score loses when a window of the input is covered (Zeiler and Fergus 2014)",
        make: |given| Occlusion::from_numbers(&numbers(given)?).map(Attributor::Occlusion),
    },
];

fn none(given: &[Parameter], attributor: Attributor) -> std::result::Result<Attributor, &'static str> {
    if given.is_empty() { Ok(attributor) } else { Err("takes no parameter") }
}

/// A whole number that was written as any number.
fn whole(number: f64) -> Option<usize> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
    let found = (0.0..=1e9).contains(&number).then_some(number as usize);
    found.filter(|_| number.fract() == 0.0)
}

/// A whole number above zero.
fn count(number: f64) -> Option<usize> {
    whole(number).filter(|&number| number > 0)
}

impl FromStr for Attributor {
    type Err = Error;

    /// Reads `name` or `name(parameters)`; `_` counts as `-`.
    fn from_str(text: &str) -> Result<Self> {
        let call = Call::parse(text).map_err(Error::rule)?;
        let name = call.name.replace('_', "-");
        let means = |info: &&AttributorInfo| {
            info.name.eq_ignore_ascii_case(&name)
                || info.aliases.iter().any(|a| a.eq_ignore_ascii_case(&name))
        };
        let info = ATTRIBUTORS.iter().find(means).ok_or_else(|| {
            let names: Vec<&str> = ATTRIBUTORS.iter().map(|info| info.name).collect();
            Error::rule(format!("unknown method '{}'; one of {}", call.name, names.join(", ")))
        })?;
        let usage = |message: &str| Error::rule(format!("method '{call}': {message}; usage: {}", info.usage));
        let parameters = call.plain().map_err(|message| usage(&message))?;
        (info.make)(&parameters).map_err(usage)
    }
}

impl fmt::Display for Attributor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, parameters) = self.parts();
        let parameters: Vec<String> = parameters.into_iter().map(brief).collect();
        match &parameters[..] {
            [] => f.pad(name),
            _ => f.pad(&format!("{name}({})", parameters.join(","))),
        }
    }
}
