//! Layers that apply a function.

use super::{Layer, Weights, activations};
use crate::tensor::Tensor;

/// The layer that applies `f`, which keeps the input's shape (stax's `elementwise`).
///
/// ```
/// use pyroxene_frontend::{eval, nn, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let net = || nn::serial([nn::dense(4), nn::elementwise(Tensor::sin)]);
/// let y = eval(|| net().apply(&net().init(Key::new(0), &[3]).1, [1.0, 2.0, 3.0]))?;
/// assert!(y.to_f64_vec().iter().all(|y| y.abs() <= 1.0));
/// # Ok(()) }
/// ```
pub fn elementwise(f: impl Fn(Tensor) -> Tensor + 'static) -> Layer {
    let init = |_, input: &[usize]| (input.iter().copied().collect(), Weights::none());
    Layer::new(init, move |_, x, _| f(x))
}

macro_rules! layers { ($($(#[$doc:meta])* $name:ident: $f:expr;)*) => { $(
    $(#[$doc])*
    pub fn $name() -> Layer {
        elementwise($f)
    }
)* } }

layers! {
    /// `tanh x` (stax's `Tanh`).
    tanh: Tensor::tanh;
    /// `max(x, 0)` (stax's `Relu`).
    relu: activations::relu;
    /// `eˣ` (stax's `Exp`).
    exp: Tensor::exp;
    /// `x − ln Σ eˣ` over the last dimension (stax's `LogSoftmax`).
    log_softmax: |x| x.log_softmax(-1);
    /// `eˣ / Σ eˣ` over the last dimension (stax's `Softmax`).
    softmax: |x| x.softmax(-1);
    /// `ln(1 + eˣ)` (stax's `Softplus`).
    softplus: activations::softplus;
    /// `1 / (1 + e⁻ˣ)` (stax's `Sigmoid`).
    sigmoid: activations::sigmoid;
    /// [`elu`](activations::elu) with `alpha` 1 (stax's `Elu`).
    elu: |x| activations::elu(x, 1.0);
    /// [`leaky_relu`](activations::leaky_relu) with slope 0.01 (stax's `LeakyRelu`).
    leaky_relu: |x| activations::leaky_relu(x, 0.01);
    /// [`selu`](activations::selu) (stax's `Selu`).
    selu: activations::selu;
    /// [`gelu`](activations::gelu) (stax's `Gelu`).
    gelu: activations::gelu;
    /// The input itself (stax's `Identity`).
    identity: |x| x;
}
