//! Plans made before: a bounded number for each model, those used last.

use std::sync::{Arc, Mutex, PoisonError};

use lrp::rules::Plan;

use crate::fault::Fault;
use crate::way::Way;

/// A plan for a network that lives as long as the process.
pub(crate) type Kept = Arc<Plan<'static, f32>>;

/// What a plan was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) way: Way,
    pub(crate) keep_layers: bool,
}

/// The plans of one model, the one used last at the end.
#[derive(Debug, Default)]
pub(crate) struct Plans(Mutex<Vec<(Asked, Kept)>>);

impl Plans {
    /// The plan kept, or a new one; two who ask at once may both make it.
    pub(crate) fn get(
        &self,
        asked: &Asked,
        most: usize,
        make: impl FnOnce() -> Result<Plan<'static, f32>, Fault>,
    ) -> Result<Kept, Fault> {
        let position = |kept: &[(Asked, Kept)]| kept.iter().position(|(known, _)| known == asked);
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = {
            let mut kept = lock();
            position(&kept).map(|index| kept.remove(index).1)
        };
        let plan = match found {
            Some(plan) => plan,
            None => Arc::new(make()?),
        };
        let mut kept = lock();
        if position(&kept).is_none() {
            kept.push((asked.clone(), Arc::clone(&plan)));
            let surplus = kept.len().saturating_sub(most);
            kept.drain(..surplus);
        }
        Ok(plan)
    }
}
