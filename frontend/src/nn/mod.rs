//! Neural networks: layers, activations and initialisers, with the names, keys and values of `jax.example_libraries.stax`.
//!
//! A [`Layer`] makes its weights from a key and the shape of its input, and is applied to weights and an input; layers
//! compose with [`serial`]. [`module`](crate::primitives::module) makes the weights parameters of a model,
//! [`random_module`](crate::primitives::random_module) random variables.
//!
//! ```
//! use pyroxene_frontend::{eval, nn, prelude::*};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let y = eval(|| {
//!     let net = nn::serial([nn::dense(32), nn::tanh(), nn::dense(1)]);
//!     let (dims, weights) = net.init(Key::new(0), &[100, 3]);
//!     assert_eq!(dims.as_slice(), [100, 1]);
//!     net.apply(&weights, Tensor::full(&[100, 3], 0.5))
//! })?;
//! assert_eq!(y.dims(), [100, 1]);
//! # Ok(()) }
//! ```

pub mod activations;
mod dense;
mod dropout;
mod elementwise;
pub mod initializers;
mod layer;
mod reshaping;
mod serial;
mod weights;

pub use dense::{dense, dense_init};
pub use dropout::dropout;
pub use elementwise::{
    elementwise, elu, exp, gelu, identity, leaky_relu, log_softmax, relu, selu, sigmoid, softmax, softplus,
    tanh,
};
pub use initializers::Initializer;
pub use layer::Layer;
pub use reshaping::flatten;
pub use serial::serial;
pub use weights::Weights;
