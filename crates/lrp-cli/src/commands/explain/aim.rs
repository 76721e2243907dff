//! What the relevance of a batch, and of each of its samples, is about.

use lrp::core::Float;
use lrp::rules::Target;
use ndarray::{Axis, Slice};

use crate::Outcome;
use crate::model::Model;

/// What the relevance of one sample is about.
pub(super) enum Aim {
    Class(usize),
    Classes(Vec<usize>),
    AllClasses,
    Given,
}

impl Aim {
    /// Of one sample, whose predicted class is known.
    pub(super) fn of(target: &Target, sample: usize, predicted: usize) -> Self {
        match target {
            Target::Top => Self::Class(predicted),
            Target::Class(class) => Self::Class(*class),
            Target::PerSample(classes) => Self::Class(classes[sample]),
            Target::Joint(classes) => Self::Classes(classes[sample].clone()),
            Target::All => Self::AllClasses,
            Target::Given(_) => Self::Given,
        }
    }

    pub(super) fn describe<T: Float>(&self, model: &Model<T>) -> String {
        match self {
            Self::Class(class) => format!("class {}", model.class(*class)),
            Self::Classes(classes) => {
                let classes: Vec<String> = classes.iter().map(|&class| model.class(class)).collect();
                format!("classes {}", classes.join(" + "))
            }
            Self::AllClasses => "all classes".to_owned(),
            Self::Given => "given relevance".to_owned(),
        }
    }
}

/// A target as part of the name of a file.
pub(super) fn label(target: &Target) -> String {
    match target {
        Target::Top => "top".to_owned(),
        Target::All => "all".to_owned(),
        Target::Class(class) => format!("class{class}"),
        Target::PerSample(classes) => {
            let classes: Vec<String> = classes.iter().map(ToString::to_string).collect();
            format!("classes{}", classes.join("_"))
        }
        Target::Joint(classes) => {
            let joined =
                |classes: &Vec<usize>| classes.iter().map(ToString::to_string).collect::<Vec<_>>().join("+");
            format!("classes{}", classes.iter().map(joined).collect::<Vec<_>>().join("_"))
        }
        Target::Given(_) => "given".to_owned(),
    }
}

/// Says whether a target is for so many samples.
pub(super) fn check(target: &Target, count: usize) -> Outcome {
    let given = match target {
        Target::PerSample(classes) => classes.len(),
        Target::Joint(classes) => classes.len(),
        Target::Given(relevance) => relevance.shape().first().copied().unwrap_or(0),
        _ => count,
    };
    if given == count {
        Ok(())
    } else {
        Err(format!("a target for {given} samples, but there are {count}").into())
    }
}

/// The part of a target that belongs to some of the samples.
pub(super) fn part(target: &Target, start: usize, end: usize) -> Target {
    match target {
        Target::PerSample(classes) => Target::PerSample(classes[start..end].to_vec()),
        Target::Joint(classes) => Target::Joint(classes[start..end].to_vec()),
        Target::Given(all) => Target::Given(all.slice_axis(Axis(0), Slice::from(start..end)).to_owned()),
        other => other.clone(),
    }
}
