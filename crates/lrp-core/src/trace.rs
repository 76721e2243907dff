//! What a network did with one input, and its derivative there.

use crate::layer::Record;
use crate::layers::Op;
use crate::network::{Network, Value};
use crate::parameters::Parameters;
use crate::tensor::{Float, Tensor, TensorView};

/// Every value a network computed for one batch.
///
/// One trace serves any number of rules and targets: the forward pass is never repeated.
#[derive(Clone, Debug)]
pub struct Trace<'n, T: Float> {
    network: &'n Network<T>,
    values: Vec<Tensor<T>>,
}

impl<'n, T: Float> Trace<'n, T> {
    pub(crate) fn record(network: &'n Network<T>, input: Tensor<T>) -> Self {
        let mut values = vec![input];
        for node in network.nodes() {
            let inputs: Vec<TensorView<'_, T>> =
                node.inputs().iter().map(|v| values[v.index()].view()).collect();
            let output = node.op().layer().forward(&inputs, network.kernels());
            values.push(output);
        }
        Self { network, values }
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
        &self.values[value.index()]
    }

    /// The network's output.
    #[must_use]
    pub fn output(&self) -> &Tensor<T> {
        self.value(self.network.output())
    }

    pub(crate) fn into_output(mut self) -> Tensor<T> {
        self.values.swap_remove(self.network.output().index())
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
            kernels: self.network.kernels(),
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
            self.op(node).layer().gradient(record, upstream)
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
            self.op(node).toolbox_gradient(record, upstream)
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
        let learned_below = self.network.learned_below();
        let mut gradients = vec![None; self.network.nodes().len()];
        self.walk_back(value, seed.clone(), |node, record, upstream| {
            let op = self.op(node);
            gradients[node] = op.parameter_gradient(record, upstream.view());
            // Below the lowest layer that learns nobody asks for the gradient.
            if learned_below[node] { cross(op, record, upstream) } else { Vec::new() }
        });
        gradients
    }

    /// Carries `seed` from `value` back to the network's input and returns what arrives there.
    ///
    /// `cross` is called for every node that something reaches, last node first, with the node's position,
    /// its record and what its output received; it returns one array an input, or none to go no further. What
    /// reaches a value from several nodes adds up, so branches and skips need no special case.
    ///
    /// # Panics
    /// If `seed` does not have the shape of the value.
    pub fn walk_back(
        &self,
        value: Value,
        seed: Tensor<T>,
        mut cross: impl FnMut(usize, &Record<'_, T>, TensorView<'_, T>) -> Vec<Tensor<T>>,
    ) -> Tensor<T> {
        assert_eq!(
            seed.shape(),
            self.value(value).shape(),
            "the seed has the shape of the value it starts at"
        );
        let mut arrived: Vec<Option<Tensor<T>>> = vec![None; value.index()];
        arrived.push(Some(seed));
        for node in (0..value.index()).rev() {
            let Some(upstream) = arrived[node + 1].take() else { continue };
            let parts = cross(node, &self.at(node), upstream.view());
            for (input, part) in self.network.nodes()[node].inputs().iter().zip(parts) {
                let slot = &mut arrived[input.index()];
                *slot = Some(match slot.take() {
                    Some(sum) => sum + &part,
                    None => part,
                });
            }
        }
        arrived[0].take().unwrap_or_else(|| Tensor::zeros(self.values[0].raw_dim()))
    }

    fn op(&self, node: usize) -> &'n Op<T> {
        self.network.nodes()[node].op()
    }
}
