//! Where a layer runs: with which kernels, and what they have prepared for it.

use std::sync::{Arc, Mutex, PoisonError};

use crate::kernels::Kernels;
use crate::kernels::convolution::{Direction, Packed};
use crate::lens::Lenses;
use crate::tensor::Float;

/// Weights of a network in the forms its kernels read, made when they are first needed.
///
/// A network has its own for running; who explains keeps more, one form for each way a rule looks at weights,
/// as long as they are of use. Forms take one to four times the memory of the weights they are made of.
#[derive(Debug)]
pub struct Prepared<T> {
    nodes: Vec<Memo<Form, Packed<T>>>,
}

/// What a prepared form depends on besides the layer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Form {
    pub(crate) lenses: Lenses,
    pub(crate) direction: Direction,
    pub(crate) transforms: bool,
}

impl<T: Float> Prepared<T> {
    /// Nothing yet, for a network with so many nodes. Unless forms are kept, they are made anew for every use,
    /// which takes time and saves memory; no result depends on it.
    #[must_use]
    pub fn new(nodes: usize, keep: bool) -> Self {
        Self { nodes: (0..nodes).map(|_| Memo::new(keep)).collect() }
    }

    /// The place of one node.
    ///
    /// # Panics
    /// If there is no such node.
    #[must_use]
    pub fn site(&self, node: usize, kernels: Kernels) -> Site<'_, T> {
        Site { kernels, forms: &self.nodes[node] }
    }
}

/// Where a layer runs.
#[derive(Debug)]
pub struct Site<'a, T> {
    kernels: Kernels,
    forms: &'a Memo<Form, Packed<T>>,
}

impl<T> Clone for Site<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Site<'_, T> {}

impl<T: Float> Site<'_, T> {
    /// The kernels to run with.
    #[must_use]
    pub fn kernels(&self) -> Kernels {
        self.kernels
    }

    pub(crate) fn packed(&self, form: &Form, make: impl FnOnce() -> Packed<T>) -> Arc<Packed<T>> {
        self.forms.get(form, make)
    }
}

/// Values kept for the keys they were made for.
#[derive(Debug)]
pub struct Memo<K, V> {
    made: Mutex<Vec<(K, Arc<V>)>>,
    keep: bool,
}

impl<K: PartialEq + Clone, V> Memo<K, V> {
    /// Nothing yet; unless values are kept, [`Memo::get`] makes them every time.
    #[must_use]
    pub fn new(keep: bool) -> Self {
        Self { made: Mutex::new(Vec::new()), keep }
    }

    /// The value for `key`. Two who ask at the same time may both make it, and then get the same one: waiting for
    /// each other could block threads that share their work.
    pub fn get(&self, key: &K, make: impl FnOnce() -> V) -> Arc<V> {
        if !self.keep {
            return Arc::new(make());
        }
        // Nobody leaves a half-made entry, not even by panicking.
        let made = || self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let known = |made: &[(K, Arc<V>)]| Some(Arc::clone(&made.iter().find(|(known, _)| known == key)?.1));
        if let Some(value) = known(&made()) {
            return value;
        }
        let value = Arc::new(make());
        let mut made = made();
        known(&made).unwrap_or_else(|| {
            made.push((key.clone(), Arc::clone(&value)));
            value
        })
    }
}
