//! Logarithms of factorials and gamma functions in sums, in forms that keep their digits where the functions are large.
//!
//! The forms are Loader's (“Fast and Accurate Computation of Binomial Probabilities”, 2000): `ln k! = k ln k − k + rest`,
//! and `k ln k − k` joins the other terms of its size before anything is rounded. A Poisson mass near the mode of 10¹⁰ has
//! eleven right digits so, and five from logarithms of gamma functions.

use crate::tensor::Tensor;

/// From here Stirling's series is used; its seven terms are exact to 3e-17.
const LARGE: f64 = 10.0;

/// `ln Γ(x) − ((x − ½) ln x − x + ½ ln 2π)` for large `x`: Stirling's series.
fn series(x: Tensor) -> Tensor {
    const TERMS: [f64; 7] = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360_360.0,
        1.0 / 156.0,
    ];
    let inverse = 1.0 / x;
    let square = inverse.square();
    let sum = TERMS.iter().rev().fold(Tensor::from(0.0), |sum, term| sum * square + *term);
    sum * inverse
}

/// `ln Γ(x + 1) − (x ln x − x)`, zero at zero: what a factorial has beside its large terms.
pub(super) fn factorial_rest(x: Tensor) -> Tensor {
    let large = x.greater_equal(LARGE);
    let (big, small) = (large.select(x, LARGE), large.select(1.0, x));
    let far = series(big) + 0.5 * (big.log() + (2.0 * std::f64::consts::PI).ln());
    large.select(far, (small + 1.0).lgamma() - small.xlogy(small) + small)
}

/// `ln Γ(a + k) − ln Γ(a)`, also where `a` is so large that the two agree in all their digits.
pub(super) fn log_rising(a: Tensor, k: Tensor) -> Tensor {
    let large = a.greater_equal(LARGE);
    let (big, small) = (large.select(a, LARGE), large.select(1.0, a));
    let powers = (big + k - 0.5) * (k / big).log1p() + k * (big.log() - 1.0);
    large.select(powers + (series(big + k) - series(big)), (small + k).lgamma() - small.lgamma())
}

/// `ln B(a, b)`, also where one of the two is much larger than the other.
pub(super) fn log_beta(a: Tensor, b: Tensor) -> Tensor {
    let (less, more) = (a.minimum(b), a.maximum(b));
    less.lgamma() - log_rising(more, less)
}

/// `ln(x / m)` of positive numbers, with the digits of `x − m` where they are close.
pub(super) fn log_ratio(x: Tensor, m: Tensor) -> Tensor {
    ratio(x - m, m, x.log() - m.log())
}

/// `ln((m + excess) / m)`; `far` is its value where the two are not close.
fn ratio(excess: Tensor, m: Tensor, far: Tensor) -> Tensor {
    let near = excess.abs().less(m * 0.5);
    near.select((near.select(excess, 0.0) / near.select(m, 1.0)).log1p(), far)
}

/// `x ln(x / m) + m − x`: what the mass at `x` of a Poisson distribution with mean `m` loses to that at its own mean.
/// `log_m` is the logarithm of `m`, finite where `x` is zero.
pub(super) fn deviance(x: Tensor, m: Tensor, log_m: Tensor) -> Tensor {
    let some = x.equal(0.0).select(1.0, x);
    let excess = m - x;
    excess - x * ratio(excess, x, log_m - some.log())
}

/// A probability `p` and the other one, `q = 1 − p`, with their logarithms, which keep the digits of small ones.
#[derive(Clone, Copy)]
pub(super) struct Chance {
    pub(super) p: Tensor,
    pub(super) q: Tensor,
    pub(super) log_p: Tensor,
    pub(super) log_q: Tensor,
}

impl Chance {
    /// The probability `p`, which is neither zero nor one.
    pub(super) fn of_probs(p: Tensor) -> Chance {
        Chance { p, q: 1.0 - p, log_p: p.log(), log_q: (-p).log1p() }
    }

    /// The probability of log odds `logits`.
    pub(super) fn of_logits(logits: Tensor) -> Chance {
        let (log_p, log_q) = (logits.log_sigmoid(), (-logits).log_sigmoid());
        Chance { p: logits.logistic(), q: (-logits).logistic(), log_p, log_q }
    }
}

/// `ln(Γ(k + j + 1) / (Γ(k + 1) Γ(j + 1)) pᵏ qʲ)` for `k, j ≥ 0`: the binomial mass of `k` among `k + j`.
pub(super) fn log_binomial(k: Tensor, j: Tensor, chance: Chance) -> Tensor {
    let n = k + j;
    let log_n = n.equal(0.0).select(1.0, n).log();
    // How far the means are from `k` and, with the other sign, from `j`: one number, so that its rounding cancels.
    let excess = j * chance.p - k * chance.q;
    let loss = |x: Tensor, excess: Tensor, log_p: Tensor| {
        let some = x.equal(0.0).select(1.0, x);
        x * ratio(excess, x, log_n + log_p - some.log())
    };
    let powers = loss(k, excess, chance.log_p) + loss(j, -excess, chance.log_q);
    factorial_rest(n) - factorial_rest(k) - factorial_rest(j) + powers
}
