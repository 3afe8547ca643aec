//! Binomial draws.

use pyroxene_ir::{DType, Dims, Loc, ops};

use super::{
    IntoShape, Key,
    arguments::{Call, NOT_NEGATIVE},
    looped::any,
    uniform,
};
use crate::{
    control::while_loop,
    tensor::Tensor,
    trace::{apply, composed},
};

/// Up to this expected number of the rarer outcome waiting times are summed, beyond it proposals are rejected.
const SMALL: f64 = 10.0;

/// Draws of float type `dtype` from the binomial distribution of `n` trials of probability `p`, a float
/// (`jax.random.binomial`): sums of geometric waiting times for a small expected number, Hörmann's algorithm BTRS (1993)
/// for a large one, in `p`'s precision. (Beyond 9, JAX keeps the correction of Stirling's formula constant; here it is the
/// published series, by which up to one draw in two thousand differs.) The parameters broadcast to `shape`; `None` is the shape they broadcast to. `n` is
/// rounded down; where it is negative or NaN, or `p` no probability, draws are NaN; where it is infinite, so are they.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let heads = eval(|| random::binomial(Key::new(0), 10, 0.5, &[20], DType::F64))?;
/// assert!(heads.to_f64_vec().iter().all(|n| (0.0..=10.0).contains(n)));
/// # Ok(()) }
/// ```
#[track_caller]
pub fn binomial(
    key: Key,
    n: impl Into<Tensor>,
    p: impl Into<Tensor>,
    shape: impl IntoShape,
    dtype: DType,
) -> Tensor {
    let (call, n, p) = (Call::new("binomial"), n.into(), p.into());
    call.domain("n", n, &NOT_NEGATIVE);
    let (Some(float), Some(())) = (call.probability(p), call.float(dtype)) else { return Tensor::POISON };
    let Some(([n, p], dims)) = call.params(shape, float, [n, p]) else { return Tensor::POISON };
    // Counts do not change with the parameters, but for a jump here and there.
    let (n, p) = (n.stop_gradient(), p.stop_gradient());
    composed(call.loc.clone(), || draws(key, n, p, &dims).convert(dtype))
}

fn draws(key: Key, n: Tensor, p: Tensor, dims: &Dims) -> Tensor {
    let rarer = p.less(0.5);
    let q = rarer.select(p, 1.0 - p);
    let (no_n, no_q) = (!n.greater_equal(0.0), !q.greater_equal(0.0));
    let endless = n.equal(f64::INFINITY);
    let known = no_q.select(0.01, q);
    // Without end and hope: JAX loops for ever.
    let n = (endless & known.equal(0.0)).select(0.0, n);
    let small = no_n | (n * known).less_equal(SMALL);
    let n = n.floor();
    // Parameters that are the other sampler's are replaced by some for which this one ends soon.
    let few = waiting_times(key, small.select(n, 0.0), known, dims);
    let many = btrs(key, small.select(1e4, n), small.select(0.5, known), dims);
    let drawn = small.select(few, many);
    let drawn = (no_n | no_q).select(f64::NAN, drawn);
    let drawn = (endless & !no_q).select(f64::INFINITY, drawn);
    (rarer | no_n | q.is_nan() | endless).select(drawn, n - drawn)
}

/// How many geometric waiting times fit in `n` trials (Devroye 1986).
fn waiting_times(key: Key, n: Tensor, p: Tensor, dims: &Dims) -> Tensor {
    let log_miss = (-p).log1p();
    let zeros = Tensor::full(dims, 0.0).convert(p.dtype());
    let (_, drawn, _) = while_loop(
        (key.data(), zeros, zeros),
        |(_, _, trials)| any(trials.less_equal(n)),
        |(key, waits, trials)| {
            let [own, next] = Key(*key).split();
            let wait = (uniform(own, dims, p.dtype(), 0.0, 1.0).log() / log_miss).ceil();
            (next.data(), trials.less_equal(n).select(*waits + 1.0, *waits), *trials + wait)
        },
    );
    drawn - 1.0
}

/// Hörmann's algorithm BTRS. A draw may be replaced by a later one while others are rejected, as in JAX.
fn btrs(key: Key, n: Tensor, p: Tensor, dims: &Dims) -> Tensor {
    let dtype = p.dtype();
    let deviation = (n * p * (1.0 - p)).sqrt();
    let b = 1.15 + deviation * 2.53;
    let a = -0.0873 + b * 0.0248 + p * 0.01;
    let c = n * p + 0.5;
    let squeeze = 0.92 - 4.2 / b;
    let odds = p / (1.0 - p);
    let alpha = (2.83 + 5.1 / b) * deviation;
    let m = ((n + 1.0) * p).floor();
    // The part of the log probabilities' ratio that no proposal changes.
    let at_mode = (m + 0.5) * ((m + 1.0) / (odds * (n - m + 1.0))).log();
    let (tail_m, tail_rest) = (stirling_tail(m), stirling_tail(n - m));
    let start = (key.data(), Tensor::full(dims, -1.0).convert(dtype), Tensor::full(dims, false));
    let (_, drawn, _) = while_loop(
        start,
        |(_, _, accepted)| any(!*accepted),
        |(key, drawn, accepted)| {
            let [next, first, second] = Key(*key).split();
            let u = uniform(first, dims, dtype, 0.0, 1.0) - 0.5;
            let v = uniform(second, dims, dtype, 0.0, 1.0);
            let shifted = 0.5 - u.abs();
            let at_once = shifted.greater_equal(0.07) & v.less_equal(squeeze);
            let k = ((a * 2.0 / shifted + b) * u + c).floor();
            let never = k.less(0.0) | k.greater(n);
            let v = (v * alpha / (a / (shifted * shifted) + b)).log();
            let bound = at_mode
                + (n + 1.0) * ((n - m + 1.0) / (n - k + 1.0)).log()
                + (k + 0.5) * (odds * (n - k + 1.0) / (k + 1.0)).log()
                + tail_m
                + tail_rest
                - stirling_tail(k)
                - stirling_tail(n - k);
            let accept = at_once | (!never & v.less_equal(bound));
            (next.data(), accept.select(k, *drawn), *accepted | accept)
        },
    );
    drawn
}

/// `ln k!` less Stirling's approximation of it: from a table up to 9, by a series beyond.
fn stirling_tail(k: Tensor) -> Tensor {
    const TABLE: [f64; 10] = [
        0.0810614667953272,
        0.0413406959554092,
        0.0276779256849983,
        0.02079067210376509,
        0.0166446911898211,
        0.0138761288230707,
        0.0118967099458917,
        0.0104112652619720,
        0.00925546218271273,
        0.00833056343336287,
    ];
    let tabled = k.less_equal(9.0);
    let row = k.maximum(0.0).minimum(9.0).convert(DType::I32);
    let table = Tensor::from(TABLE).convert(k.dtype());
    let exact = apply(ops::Take { axis: 0 }, &[table, row], Loc::caller());
    let square = (k + 1.0) * (k + 1.0);
    let series = (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / square) / square) / (k + 1.0);
    tabled.select(exact, series)
}
