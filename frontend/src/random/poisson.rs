//! Poisson draws.

use pyroxene_ir::{DType, Dims};

use super::{
    IntoShape, Key,
    arguments::{Call, NOT_NEGATIVE},
    looped::any,
    uniform,
};
use crate::{control::while_loop, tensor::Tensor, trace::composed};

/// Below this rate uniforms are multiplied, at it and above proposals are rejected.
const LARGE: f64 = 10.0;

/// Draws of integer type `dtype` from the Poisson distribution of rate `lam` (`jax.random.poisson`): Knuth's product of
/// uniforms for small rates, Hörmann's transformed rejection (1993) for large ones, in single precision as JAX's. `lam`
/// broadcasts to `shape`; `None` is the shape of `lam`. Where the rate is NaN or negative, −1 is drawn.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let counts = eval(|| random::poisson(Key::new(0), 3.5, &[20], DType::I64))?;
/// assert!(counts.to_f64_vec().iter().all(|n| *n >= 0.0));
/// # Ok(()) }
/// ```
#[track_caller]
pub fn poisson(key: Key, lam: impl Into<Tensor>, shape: impl IntoShape, dtype: DType) -> Tensor {
    let (call, lam) = (Call::new("poisson"), lam.into());
    call.domain("lam", lam, &NOT_NEGATIVE);
    if call.integer(dtype).is_none() {
        return Tensor::POISON;
    }
    let Some(([lam], dims)) = call.params(shape, DType::F32, [lam]) else { return Tensor::POISON };
    composed(call.loc.clone(), || {
        let small = !lam.greater_equal(LARGE);
        // Rates that are the other sampler's are replaced by some for which this one ends soon.
        let few = product_of_uniforms(key, small.select(lam, 0.0), &dims, dtype);
        let many = transformed_rejection(key, small.select(1e5, lam), &dims).convert(dtype);
        let drawn = small.select(few, many);
        lam.equal(0.0).select(Tensor::from(0).convert(dtype), drawn)
    })
}

/// How many uniforms it takes for their product to fall to e^−λ, less one (Knuth).
fn product_of_uniforms(key: Key, lam: Tensor, dims: &Dims, dtype: DType) -> Tensor {
    let one = Tensor::from(1).convert(dtype);
    let above = |log_product: Tensor| log_product.greater(-lam);
    let zeros = |dtype| Tensor::full(dims, 0).convert(dtype);
    let start = (key.data(), zeros(dtype), zeros(DType::F32));
    let (_, drawn, _) = while_loop(
        start,
        |(_, _, log_product)| any(above(*log_product)),
        |(key, k, log_product)| {
            let [next, own] = Key(*key).split();
            let u = uniform(own, dims, DType::F32, 0.0, 1.0);
            (next.data(), above(*log_product).select(*k + one, *k), *log_product + u.log())
        },
    );
    drawn - one
}

/// Hörmann's algorithm PTRS. A draw may be replaced by a later one while others are rejected, as in JAX.
fn transformed_rejection(key: Key, lam: Tensor, dims: &Dims) -> Tensor {
    let log_lam = lam.log();
    let b = 0.931 + lam.sqrt() * 2.53;
    let a = -0.059 + b * 0.02483;
    let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    let squeeze = 0.9277 - 3.6224 / (b - 2.0);
    let start = (key.data(), Tensor::full(dims, -1.0).convert(DType::F32), Tensor::full(dims, false));
    let (_, drawn, _) = while_loop(
        start,
        |(_, _, accepted)| any(!*accepted),
        |(key, drawn, accepted)| {
            let [next, first, second] = Key(*key).split();
            let u = uniform(first, dims, DType::F32, 0.0, 1.0) - 0.5;
            let v = uniform(second, dims, DType::F32, 0.0, 1.0);
            let shifted = 0.5 - u.abs();
            let k = ((a * 2.0 / shifted + b) * u + lam + 0.43).floor();
            let s = (v * inverse_alpha / (a / (shifted * shifted) + b)).log();
            let t = -lam + k * log_lam - (k + 1.0).lgamma();
            let at_once = shifted.greater_equal(0.07) & v.less_equal(squeeze);
            let never = k.less(0.0) | (shifted.less(0.013) & v.greater(shifted));
            let accept = at_once | (!never & s.less_equal(t));
            (next.data(), accept.select(k, *drawn), *accepted | accept)
        },
    );
    drawn
}
