//! What a network did with one input, and its derivative there.

use std::ops::Range;

use ndarray::Axis;

use crate::elementwise::{joined, map, recycle};
use crate::layer::Record;
use crate::layers::Op;
use crate::network::{Network, Node, Value};
use crate::parameters::Parameters;
use crate::tensor::{Float, Tensor, TensorView};

/// Bytes of one value of a batch from which on its samples go back part by part. A few arrays of that size are under
/// way at a time; above it memory grows, and time does not shrink.
const LARGE: usize = 32 << 20;

/// Every value a network computed for one batch.
///
/// One trace serves any number of rules and targets: the forward pass is never repeated.
#[derive(Clone, Debug)]
pub struct Trace<'n, T: Float> {
    network: &'n Network<T>,
    values: Vec<Recorded<T>>,
}

/// What a trace holds of one value.
#[derive(Clone, Debug)]
enum Recorded<T> {
    Value(Tensor<T>),
    /// The same as the value at another position.
    Same(usize),
    /// Nobody needs it any more.
    Dropped,
}

impl<'n, T: Float> Trace<'n, T> {
    /// Runs the network; see [`Network::trace_rectified`].
    pub(crate) fn record(network: &'n Network<T>, input: Tensor<T>, rectified: &[bool]) -> Self {
        let mut trace = Self { network, values: vec![Recorded::Value(input)] };
        let in_place = |value: &Value| {
            value.index().checked_sub(1).is_some_and(|node| rectified.get(node).copied().unwrap_or(false))
        };
        for (index, node) in network.nodes().iter().enumerate() {
            let recorded = if node.inputs().iter().any(in_place) {
                Recorded::Same(node.inputs()[0].index())
            } else {
                let inputs: Vec<TensorView<'_, T>> =
                    node.inputs().iter().map(|&value| trace.value(value).view()).collect();
                let rectify = rectified.get(index).copied().unwrap_or(false);
                Recorded::Value(node.op().forward(&inputs, network.site(index), rectify))
            };
            trace.values.push(recorded);
        }
        trace
    }

    /// The network that ran.
    #[must_use]
    pub fn network(&self) -> &'n Network<T> {
        self.network
    }

    /// One value.
    ///
    /// # Panics
    /// If the network has no such value.
    #[must_use]
    pub fn value(&self, value: Value) -> &Tensor<T> {
        match &self.values[value.index()] {
            Recorded::Value(tensor) => tensor,
            Recorded::Same(index) => self.value(Value::at(*index)),
            Recorded::Dropped => panic!("value {} was dropped", value.index()),
        }
    }

    /// The network's output.
    #[must_use]
    pub fn output(&self) -> &Tensor<T> {
        self.value(self.network.output())
    }

    /// What was recorded at node `node`.
    ///
    /// # Panics
    /// If the network has no such node.
    #[must_use]
    pub fn at(&self, node: usize) -> Record<'_, T> {
        Record {
            inputs: self.network.nodes()[node].inputs().iter().map(|&v| self.value(v).view()).collect(),
            output: self.value(Value::of_node(node)).view(),
            site: self.network.site(node),
        }
    }

    /// The gradient of `Σ seed · value` with respect to the network's input, shaped like the input.
    ///
    /// At a tie of max pooling, where there is no gradient, the entries share equally.
    ///
    /// # Panics
    /// If `seed` does not have the shape of the value.
    #[must_use]
    pub fn gradient(&self, value: Value, seed: &Tensor<T>) -> Tensor<T> {
        self.walk_back(value, seed.clone(), |node, record, upstream| {
            self.op(node).layer().gradient(record, upstream.view())
        })
    }

    /// What the toolbox's `backward` returns: the gradient with its training conventions.
    ///
    /// A dense layer multiplies by `√(inputs / outputs)`, every entry tied for a maximum receives the whole
    /// gradient, and softmax passes it unchanged (which, fed `prediction − target`, is the gradient of the
    /// cross-entropy at the logits).
    ///
    /// # Panics
    /// If `seed` does not have the shape of the value.
    #[must_use]
    pub fn toolbox_backward(&self, value: Value, seed: &Tensor<T>) -> Tensor<T> {
        self.walk_back(value, seed.clone(), |node, record, upstream| {
            self.op(node).toolbox_gradient(record, upstream.view())
        })
    }

    /// The gradient of `Σ seed · value` with respect to the weights and biases of every node, in the order of
    /// the nodes; `None` for nodes that learn nothing or do not lead to the value.
    ///
    /// # Panics
    /// If `seed` does not have the shape of the value.
    #[must_use]
    pub fn parameter_gradients(&self, value: Value, seed: &Tensor<T>) -> Vec<Option<Parameters<T>>> {
        self.learn(value, seed, |op, record, upstream| op.layer().gradient(record, upstream))
    }

    /// What the toolbox's `update` multiplies by its rate, before it scales it: like
    /// [`Trace::parameter_gradients`], but of what [`Trace::toolbox_backward`] brings to each node.
    ///
    /// # Panics
    /// If `seed` does not have the shape of the value.
    #[must_use]
    pub fn toolbox_parameter_gradients(&self, value: Value, seed: &Tensor<T>) -> Vec<Option<Parameters<T>>> {
        self.learn(value, seed, Op::toolbox_gradient)
    }

    fn learn(
        &self,
        value: Value,
        seed: &Tensor<T>,
        cross: impl Fn(&Op<T>, &Record<'_, T>, TensorView<'_, T>) -> Vec<Tensor<T>>,
    ) -> Vec<Option<Parameters<T>>> {
        let samples = self.check_seed(value, seed);
        let learned_below = self.network.learned_below();
        let mut gradients = vec![None; self.network.nodes().len()];
        let learn = |node, _, upstream: Tensor<T>| {
            let (op, record) = (self.op(node), self.at(node));
            gradients[node] = op.parameter_gradient(&record, upstream.view());
            // Below the lowest layer that learns nobody asks for the gradient.
            if learned_below[node] { cross(op, &record, upstream.view()) } else { Vec::new() }
        };
        // A gradient is a sum over all samples.
        let at_once = vec![samples; self.network.nodes().len()];
        Walk { network: self.network, at_once, cross: learn }.run(value, seed.clone(), samples);
        gradients
    }

    /// Carries `seed` from `value` back to the network's input and returns what arrives there.
    ///
    /// `cross` is called for every node that something reaches, last node first, with the node's position,
    /// its record and what its output received; it returns one array an input, or none to go no further. What
    /// reaches a value from several nodes adds up, so branches and skips need no special case.
    ///
    /// Where values are large, the samples of a batch go the rest of the way part by part, in their order. `cross`
    /// is then called for each part, with what was recorded of its samples. In a network with a custom layer, which
    /// may look at samples together, they all stay together.
    ///
    /// # Panics
    /// If `seed` does not have the shape of the value.
    pub fn walk_back(
        &self,
        value: Value,
        seed: Tensor<T>,
        mut cross: impl FnMut(usize, &Record<'_, T>, Tensor<T>) -> Vec<Tensor<T>>,
    ) -> Tensor<T> {
        let samples = self.check_seed(value, &seed);
        let cross = |node, part, upstream| cross(node, &self.part(node, part, samples), upstream);
        let arrived =
            Walk { network: self.network, at_once: self.at_once(), cross }.run(value, seed, samples);
        arrived.unwrap_or_else(|| Tensor::zeros(self.value(Value::INPUT).raw_dim()))
    }

    /// As [`Trace::walk_back`], dropping each value as soon as it has been passed.
    ///
    /// # Panics
    /// If `seed` does not have the shape of the value.
    pub fn into_walk_back(
        mut self,
        value: Value,
        seed: Tensor<T>,
        mut cross: impl FnMut(usize, &Record<'_, T>, Tensor<T>) -> Vec<Tensor<T>>,
    ) -> Tensor<T> {
        let samples = self.check_seed(value, &seed);
        let (network, at_once) = (self.network, self.at_once());
        let cross = |node, part: Range<usize>, upstream| {
            let last = part.end == samples;
            let parts = cross(node, &self.part(node, part, samples), upstream);
            if last
                && let Recorded::Value(passed) =
                    std::mem::replace(&mut self.values[node + 1], Recorded::Dropped)
            {
                recycle(passed);
            }
            parts
        };
        let arrived = Walk { network, at_once, cross }.run(value, seed, samples);
        arrived.unwrap_or_else(|| Tensor::zeros(self.value(Value::INPUT).raw_dim()))
    }

    /// How many samples the seed has, as many as the value.
    fn check_seed(&self, value: Value, seed: &Tensor<T>) -> usize {
        let expected = self.value(value).shape();
        assert_eq!(seed.shape(), expected, "the seed has the shape of the value it starts at");
        expected.first().copied().unwrap_or(1)
    }

    /// For every node, how many samples may go back through it at once.
    fn at_once(&self) -> Vec<usize> {
        let nodes = self.network.nodes();
        let samples = self.value(Value::INPUT).shape()[0];
        if !self.network.takes_samples_apart() {
            return vec![samples; nodes.len()];
        }
        let bytes = |value: &Value| self.value(*value).len() * size_of::<T>() / samples;
        let largest = |node: &Node<T>| node.inputs().iter().map(bytes).max().unwrap_or(0);
        nodes.iter().map(|node| (LARGE / largest(node).max(1)).max(1)).collect()
    }

    /// What was recorded at a node of some of all samples.
    fn part(&self, node: usize, part: Range<usize>, samples: usize) -> Record<'_, T> {
        let mut record = self.at(node);
        if part.len() < samples {
            record.inputs.iter_mut().chain([&mut record.output]).for_each(|array| {
                array.slice_axis_inplace(Axis(0), part.clone().into());
            });
        }
        record
    }

    fn op(&self, node: usize) -> &'n Op<T> {
        self.network.nodes()[node].op()
    }
}

/// The way back itself.
struct Walk<'n, T: Float, F> {
    network: &'n Network<T>,
    /// For every node, how many samples go at once.
    at_once: Vec<usize>,
    /// Takes what reaches a node from some samples across it.
    cross: F,
}

impl<T: Float, F: FnMut(usize, Range<usize>, Tensor<T>) -> Vec<Tensor<T>>> Walk<'_, T, F> {
    /// From a value to the input; `None` if nothing reaches it.
    fn run(mut self, value: Value, seed: Tensor<T>, samples: usize) -> Option<Tensor<T>> {
        let mut arrived: Vec<Option<Tensor<T>>> = vec![None; value.index()];
        arrived.push(Some(seed));
        self.go(arrived, 0..samples)
    }

    /// The rest of the way of some samples, from what has arrived at values that nobody has passed yet.
    fn go(&mut self, mut arrived: Vec<Option<Tensor<T>>>, samples: Range<usize>) -> Option<Tensor<T>> {
        for node in (0..arrived.len() - 1).rev() {
            if arrived[node + 1].is_some() && samples.len() > self.at_once[node] {
                arrived.truncate(node + 2);
                return self.part_ways(arrived, samples);
            }
            let Some(upstream) = arrived[node + 1].take() else { continue };
            let parts = (self.cross)(node, samples.clone(), upstream);
            for (input, part) in self.network.nodes()[node].inputs().iter().zip(parts) {
                let slot = &mut arrived[input.index()];
                *slot = Some(match slot.take() {
                    Some(sum) => sum + &part,
                    None => part,
                });
            }
        }
        arrived[0].take()
    }

    /// The rest of the way of one half of the samples and then of the other.
    fn part_ways(&mut self, arrived: Vec<Option<Tensor<T>>>, samples: Range<usize>) -> Option<Tensor<T>> {
        let middle = samples.len().div_ceil(2);
        let halves = [0..middle, middle..samples.len()].map(|half| {
            let part = |all: &Tensor<T>| map(&all.slice_axis(Axis(0), half.clone().into()), |r| r);
            let arrived = arrived.iter().map(|all| all.as_ref().map(part)).collect();
            self.go(arrived, samples.start + half.start..samples.start + half.end)
        });
        arrived.into_iter().flatten().for_each(recycle);
        let halves: Vec<Tensor<T>> = halves.into_iter().collect::<Option<_>>()?;
        let arrived = joined(&halves);
        halves.into_iter().for_each(recycle);
        Some(arrived)
    }
}
