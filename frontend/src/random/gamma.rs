//! Gamma draws, and their logarithms.

use pyroxene_ir::{DType, Dims, Loc, ops};

use super::{
    IntoShape, Key,
    arguments::{Call, POSITIVE},
    exponential,
    looped::repeat_while,
    normal, uniform,
};
use crate::{
    autodiff::custom_jvp,
    tensor::Tensor,
    trace::{apply, composed},
};

/// Draws of float type `dtype` from the gamma distribution of shape `a` and scale 1 (`jax.random.gamma`), by Marsaglia and
/// Tsang (2000). `a` broadcasts to `shape`; `None` is the shape of `a`. Where `a` is negative or NaN, the draw is NaN.
///
/// The derivative by `a` holds the probability below a draw fixed, as JAX's does.
///
/// Where `a` is small, many draws are smaller than any float: take [`loggamma`] there.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let rate = 2.0;
/// let x = eval(|| random::gamma(Key::new(0), 3.0, &[5], DType::F64) / rate)?;
/// assert!(x.to_f64_vec().iter().all(|x| *x > 0.0));
/// # Ok(()) }
/// ```
#[track_caller]
pub fn gamma(key: Key, a: impl Into<Tensor>, shape: impl IntoShape, dtype: DType) -> Tensor {
    let (call, a) = (Call::new("gamma"), a.into());
    call.domain("a", a, &POSITIVE);
    let Some(([a], dims)) = call.params(shape, dtype, [a]) else { return Tensor::POISON };
    let draw = |a: &Tensor| {
        let Scaled { factor, cube, boosted, key } = marsaglia_tsang(key, *a, &dims);
        let boost = (1.0 - uniform(key, &[], dtype, 0.0, 1.0)).pow(1.0 / flat(*a));
        (factor * cube * boosted.select(boost, 1.0)).reshape(&dims)
    };
    composed(call.loc.clone(), || {
        custom_jvp(draw, |a, t| {
            let x = draw(a);
            // A draw that is zero moves by less than any float.
            let slope = log_slope(*a, x.greater(0.0).select(x, 1.0).log());
            *t * x * slope
        })(&a)
    })
}

/// The logarithms of gamma draws (`jax.random.loggamma`): `loggamma(key, a, ..)` is `ln gamma(key, a, ..)`, with all
/// digits also where the draw itself would be zero.
#[track_caller]
pub fn loggamma(key: Key, a: impl Into<Tensor>, shape: impl IntoShape, dtype: DType) -> Tensor {
    let (call, a) = (Call::new("loggamma"), a.into());
    call.domain("a", a, &POSITIVE);
    let Some(([a], dims)) = call.params(shape, dtype, [a]) else { return Tensor::POISON };
    let draw = |a: &Tensor| {
        let Scaled { factor, cube, boosted, key } = marsaglia_tsang(key, *a, &dims);
        let log = -exponential(key, &[], dtype);
        let boost = (boosted & log.not_equal(0.0)).select(log * (1.0 / flat(*a)), 0.0);
        (factor.log() + cube.log() + boost).reshape(&dims)
    };
    composed(call.loc.clone(), || custom_jvp(draw, |a, t| *t * log_slope(*a, draw(a)))(&a))
}

/// The derivative of the logarithm of a draw by the shape, the draw's probability below it held fixed (Figurnov, Mohamed
/// and Mnih 2018): `−∂P(a, x)/∂a / (x p(x))`, which for small `x` is `(ψ(a + 1) − ln x)/a`.
fn log_slope(a: Tensor, log_x: Tensor) -> Tensor {
    let x = log_x.exp();
    let near_zero = ((a + 1.0).digamma() - log_x) / a;
    let small = log_x.less(-40.0);
    // A number where the other form counts, so that nothing infinite comes of it.
    let inside = small.select(1.0, x);
    let by_a = apply(ops::GammaincGradA, &[a, inside], Loc::caller());
    let density = a * inside.log() - inside - a.lgamma();
    small.select(near_zero, -by_a * (-density).exp())
}

fn flat(a: Tensor) -> Tensor {
    a.reshape(&[a.ty().len()])
}

/// A draw of each element: `factor · cube`, where shapes are `boosted` to be at least one; such a draw is still to be
/// multiplied by a uniform's power, for which there are keys.
struct Scaled {
    factor: Tensor,
    cube: Tensor,
    boosted: Tensor,
    key: Key,
}

/// One loop for all elements, each under its own key; those that have accepted keep what they have.
fn marsaglia_tsang(key: Key, a: Tensor, dims: &Dims) -> Scaled {
    let (n, dtype) = (dims.iter().product(), a.dtype());
    let a = flat(a);
    // JAX draws something where the shape is negative.
    let a = a.less(0.0).select(f64::NAN, a);
    // JAX asks whether the shape is at least one, so that NaN is boosted.
    let boosted = !a.greater_equal(1.0);
    let shape = boosted.select(a + 1.0, a);
    let third = Tensor::from(1.0 / 3.0).convert(dtype);
    let d = shape - third;
    let c = third / d.sqrt();
    let [keys, boost] = Key(key.split_shape(&[n])).split();
    let filled = |x: f64| Tensor::full(&[n], x).convert(dtype);
    // Square, cube and uniform such that the first proposal is rejected.
    let start = [keys.data(), filled(0.0), filled(1.0), filled(2.0)];
    let rejected = move |x: &[Tensor]| {
        let [square, cube, u] = [x[1], x[2], x[3]];
        u.greater_equal(1.0 - square * square * 0.0331)
            & u.log().greater_equal(square * 0.5 + d * ((1.0 - cube) + cube.log()))
    };
    let proposal = move |x: &[Tensor]| {
        let [next, for_normal, for_uniform] = Key(x[0]).split();
        let (x, v) = positive_proposal(for_normal, c);
        [next.data(), x * x, v * v * v, uniform(for_uniform, &[], dtype, 0.0, 1.0)]
    };
    let cube = repeat_while(start, rejected, proposal)[2];
    Scaled { factor: d, cube, boosted, key: boost }
}

/// Normal draws `x`, and `1 + c x`, where that is positive.
fn positive_proposal(keys: Key, c: Tensor) -> (Tensor, Tensor) {
    let (n, dtype) = (c.ty().len(), c.dtype());
    let filled = |x: f64| Tensor::full(&[n], x).convert(dtype);
    let start = [keys.data(), filled(0.0), filled(-1.0)];
    let results = repeat_while(
        start,
        |x| x[2].less_equal(0.0),
        move |x| {
            let [next, own] = Key(x[0]).split();
            let draw = normal(own, &[], dtype);
            [next.data(), draw, 1.0 + draw * c]
        },
    );
    (results[1], results[2])
}
