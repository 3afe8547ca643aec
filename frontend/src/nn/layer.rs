//! Layers: how weights are made, and how they act on an input.

use std::rc::Rc;

use pyroxene_ir::Dims;

use super::Weights;
use crate::{random::Key, tensor::Tensor};

type Init = dyn Fn(Key, &[usize]) -> (Dims, Weights);
type Apply = dyn Fn(&Weights, Tensor, Option<Key>) -> Tensor;

/// A layer of a neural network: stax's pair of an `init` and an `apply` function. A tuple of two functions is one:
///
/// ```
/// use pyroxene_frontend::{Dims, eval, nn::{Layer, Weights}, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let y = eval(|| {
///     let init = |key: Key, input: &[usize]| {
///         let weights = random::normal(key, &[input[1]], DType::F64);
///         (Dims::from_slice(&input[..1]), Weights::named([("w", weights)]))
///     };
///     let apply = |weights: &Weights, x: Tensor| x.matmul(weights.leaf("w"));
///     let layer = Layer::from((init, apply));
///     let (_, weights) = layer.init(Key::new(0), &[10, 3]);
///     layer.apply(&weights, Tensor::full(&[10, 3], 1.0))
/// })?;
/// assert_eq!(y.dims(), [10]);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Layer {
    init: Rc<Init>,
    apply: Rc<Apply>,
}

impl<I, A> From<(I, A)> for Layer
where
    I: Fn(Key, &[usize]) -> (Dims, Weights) + 'static,
    A: Fn(&Weights, Tensor) -> Tensor + 'static,
{
    fn from((init, apply): (I, A)) -> Layer {
        Layer::new(init, move |weights, x, _| apply(weights, x))
    }
}

impl Layer {
    /// A layer whose weights `init` makes from a key and an input's shape, along with the output's shape, and which
    /// `apply` applies to weights, an input, and a key where the caller gives one.
    pub fn new(
        init: impl Fn(Key, &[usize]) -> (Dims, Weights) + 'static,
        apply: impl Fn(&Weights, Tensor, Option<Key>) -> Tensor + 'static,
    ) -> Layer {
        Layer { init: Rc::new(init), apply: Rc::new(apply) }
    }

    /// The shape of the output and fresh weights, for inputs of the shape `input_shape`.
    pub fn init(&self, key: impl Into<Key>, input_shape: &[usize]) -> (Dims, Weights) {
        (self.init)(key.into(), input_shape)
    }

    /// The output for an input.
    pub fn apply(&self, weights: &Weights, x: impl Into<Tensor>) -> Tensor {
        (self.apply)(weights, x.into(), None)
    }

    /// The same with a key, for layers that draw, such as [`dropout`](super::dropout).
    pub fn apply_with(&self, key: impl Into<Key>, weights: &Weights, x: impl Into<Tensor>) -> Tensor {
        self.call(weights, x.into(), Some(key.into()))
    }

    pub(crate) fn call(&self, weights: &Weights, x: Tensor, key: Option<Key>) -> Tensor {
        (self.apply)(weights, x, key)
    }
}
