#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod settings;
mod examples;
mod step;
mod adam;
mod score;
mod training;
mod state;
mod architecture;
mod random;
mod error;

pub use adam::Moments;
pub use architecture::{ARCHITECTURES, Architecture, Layer, Words};
pub use error::{Error, ErrorKind, Result};
pub use examples::Examples;
pub use random::Generator;
pub use score::{Score, score};
pub use settings::{Decay, Optimizer, Settings};
pub use state::{Best, State};
pub use step::step;
pub use training::{Event, Observer, Task, Transform, train};
