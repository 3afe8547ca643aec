//! Activation functions on tensors (`jax.nn`).

use std::f64::consts::PI;

use crate::tensor::Tensor;

/// `max(x, 0)`, with derivative 0 at 0.
///
/// ```
/// use pyroxene_frontend::{eval, nn::activations::relu, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// assert_eq!(eval(|| relu(Tensor::from([-1.0, 2.0])))?, Array::from([0.0, 2.0]));
/// # Ok(()) }
/// ```
#[track_caller]
pub fn relu(x: Tensor) -> Tensor {
    x.greater(0.0).select(x, 0.0)
}

/// `1 / (1 + e⁻ˣ)`.
#[track_caller]
pub fn sigmoid(x: Tensor) -> Tensor {
    x.logistic()
}

/// `ln(1 + eˣ)`.
#[track_caller]
pub fn softplus(x: Tensor) -> Tensor {
    x.softplus()
}

/// `x` where positive, `alpha (eˣ − 1)` below.
#[track_caller]
pub fn elu(x: Tensor, alpha: f64) -> Tensor {
    let positive = x.greater(0.0);
    // Where x is large its exponential would be infinite, and so would a derivative be that is then thrown away.
    positive.select(x, positive.select(0.0, x).expm1() * alpha)
}

/// Self-normalising: `1.0507 elu(x, 1.6733)` (Klambauer et al. 2017).
#[track_caller]
pub fn selu(x: Tensor) -> Tensor {
    elu(x, 1.673_263_242_354_377_2) * 1.050_700_987_355_480_5
}

/// `x` where not negative, `slope · x` below.
#[track_caller]
pub fn leaky_relu(x: Tensor, slope: f64) -> Tensor {
    x.greater_equal(0.0).select(x, x * slope)
}

/// `x Φ(x)`, by the approximation `x/2 (1 + tanh √(2/π) (x + 0.044715 x³))` that JAX takes by default (Hendrycks and
/// Gimpel 2016).
#[track_caller]
pub fn gelu(x: Tensor) -> Tensor {
    let inner = (x + x * x * x * 0.044715) * (2.0 / PI).sqrt();
    x * ((inner.tanh() + 1.0) * 0.5)
}
