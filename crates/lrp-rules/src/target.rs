//! What is to be explained.

use std::ops::Range;
use std::str::FromStr;

use lrp_core::{Float, Tensor};
use ndarray::{Array2, Axis};

use crate::error::{Error, Result};

/// What is to be explained: the relevance an explanation starts from.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Target {
    /// The score of the class each sample is assigned to.
    #[default]
    Top,
    /// The score of one class for every sample.
    Class(usize),
    /// The score of one class a sample.
    PerSample(Vec<usize>),
    /// The scores of several classes at once, other ones for each sample.
    Joint(Vec<Vec<usize>>),
    /// All scores at once.
    All,
    /// Relevance made elsewhere, shaped like the scores.
    Given(Tensor<f64>),
}

impl Target {
    /// Says whether the target fits scores of some shape.
    ///
    /// # Errors
    /// If a class is out of range, or a list or array does not fit the batch.
    pub fn check(&self, scores: &[usize]) -> Result<()> {
        let samples = scores[0];
        let width = scores[1..].iter().product::<usize>();
        let classes: Vec<&[usize]> = match self {
            Self::All | Self::Top => return Ok(()),
            Self::Given(relevance) if relevance.shape() == scores => return Ok(()),
            Self::Given(relevance) => {
                let given = relevance.shape();
                return Err(Error::target(format!(
                    "initial relevance has shape {given:?}, expected {scores:?}"
                )));
            }
            Self::Class(class) => vec![std::slice::from_ref(class); samples],
            Self::PerSample(classes) => classes.iter().map(std::slice::from_ref).collect(),
            Self::Joint(classes) => classes.iter().map(Vec::as_slice).collect(),
        };
        if classes.len() != samples {
            return Err(Error::target(format!(
                "{} classes for {samples} samples; give one each",
                classes.len()
            )));
        }
        let each = |(sample, classes): (usize, &&[usize])| {
            classes.iter().map(|&class| (sample, class)).collect::<Vec<_>>()
        };
        match classes.iter().enumerate().flat_map(each).find(|&(_, class)| class >= width) {
            Some((sample, class)) => Err(Error::target(format!(
                "class {class} of sample {sample} is out of range; classes are 0 to {}",
                width.saturating_sub(1)
            ))),
            None => Ok(()),
        }
    }

    /// The initial relevance for `scores` `[n, classes]`: a score where it is explained, zero elsewhere.
    ///
    /// Scores of any rank count as one row a sample.
    ///
    /// # Errors
    /// As [`Target::check`].
    pub fn seed<T: Float>(&self, scores: &Tensor<T>) -> Result<Tensor<T>> {
        self.fill(scores, scores)
    }

    /// As [`Target::seed`], with one in the place of every score.
    ///
    /// # Errors
    /// As [`Target::check`].
    pub fn ones<T: Float>(&self, scores: &Tensor<T>) -> Result<Tensor<T>> {
        self.fill(scores, &Tensor::ones(scores.raw_dim()))
    }

    /// `with` where a score is explained, zero elsewhere.
    fn fill<T: Float>(&self, scores: &Tensor<T>, with: &Tensor<T>) -> Result<Tensor<T>> {
        self.check(scores.shape())?;
        let single = |classes: Vec<usize>| classes.into_iter().map(|class| vec![class]).collect();
        let classes: Vec<Vec<usize>> = match self {
            Self::All => return Ok(with.clone()),
            Self::Given(relevance) => return Ok(lrp_core::cast(relevance)),
            Self::Top => single(top_classes(scores)),
            Self::Class(class) => single(vec![*class; scores.shape()[0]]),
            Self::PerSample(classes) => single(classes.clone()),
            Self::Joint(classes) => classes.clone(),
        };
        let rows = rows(with);
        let mut seed = Array2::zeros(rows.raw_dim());
        for (sample, classes) in classes.into_iter().enumerate() {
            for class in classes {
                seed[[sample, class]] = rows[[sample, class]];
            }
        }
        Ok(seed.into_shape_with_order(scores.raw_dim()).expect("rows are the scores in another shape"))
    }

    /// The target of some of the samples it fits.
    pub(crate) fn of_samples(&self, samples: Range<usize>) -> Self {
        match self {
            Self::PerSample(classes) => Self::PerSample(classes[samples].to_vec()),
            Self::Joint(classes) => Self::Joint(classes[samples].to_vec()),
            Self::Given(relevance) => Self::Given(relevance.slice_axis(Axis(0), samples.into()).to_owned()),
            target => target.clone(),
        }
    }
}

/// The class with the largest score of each sample, the first of equals.
///
/// ```
/// use ndarray::arr2;
/// assert_eq!(lrp_rules::top_classes(&arr2(&[[0.1, 0.7, 0.7], [3.0, 1.0, 2.0]]).into_dyn()), [1, 0]);
/// ```
#[must_use]
pub fn top_classes<T: Float>(scores: &Tensor<T>) -> Vec<usize> {
    let best = |row: ndarray::ArrayView1<'_, T>| {
        row.iter().enumerate().fold((0, T::neg_infinity()), |best, (class, &score)| {
            if score > best.1 { (class, score) } else { best }
        })
    };
    rows(scores).outer_iter().map(|row| best(row).0).collect()
}

fn rows<T: Float>(scores: &Tensor<T>) -> Array2<T> {
    let samples = scores.shape()[0];
    let width = scores.len().checked_div(samples).unwrap_or(0);
    scores.to_shape((samples, width)).expect("rows are the scores in another shape").into_owned()
}

impl FromStr for Target {
    type Err = Error;

    /// Reads `top`, `all`, a class such as `7`, or one class a sample such as `7,2,1`; several classes of a sample at
    /// once are `7+2`.
    ///
    /// ```
    /// use lrp_rules::Target;
    /// assert_eq!("7,2".parse::<Target>()?, Target::PerSample(vec![7, 2]));
    /// assert_eq!("7+2,1".parse::<Target>()?, Target::Joint(vec![vec![7, 2], vec![1]]));
    /// # Ok::<(), lrp_rules::Error>(())
    /// ```
    fn from_str(text: &str) -> Result<Self> {
        let class = |part: &str| {
            let allowed = "expected top, all, a class number, or one class a sample such as 7,2,1 or 7+2,1";
            part.trim().parse().map_err(|_| Error::target(format!("unknown target '{text}'; {allowed}")))
        };
        match text.trim().to_lowercase().as_str() {
            "top" => Ok(Self::Top),
            "all" => Ok(Self::All),
            list if list.contains('+') => {
                let joint = |part: &str| part.split('+').map(class).collect::<Result<Vec<usize>>>();
                list.split(',').map(joint).collect::<Result<_>>().map(Self::Joint)
            }
            list if list.contains(',') => {
                list.split(',').map(class).collect::<Result<_>>().map(Self::PerSample)
            }
            one => class(one).map(Self::Class),
        }
    }
}
