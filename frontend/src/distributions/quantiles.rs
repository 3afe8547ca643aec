//! Quantiles that have no formula, by Newton's method on the logarithm of a tail's probability.
//!
//! The logarithm of a gamma variable and the log odds of a beta one have log-concave densities, and so log-concave tails on
//! both sides: Newton's steps on the smaller tail converge from everywhere, and one that leaves the bounds known by then is
//! replaced by their middle. Derivatives are those of the inverse function, of first order.

use pyroxene_ir::{DType, shape};

use super::{Beta, Distribution, StudentT, gamma::log_density, stirling::log_beta};
use crate::{
    autodiff::{custom_jvp, jvp},
    control::while_loop,
    tensor::Tensor,
    trace::DEFAULT_INT,
};

/// Steps after which the search ends in any case; about ten do, unless tails are too small for numbers.
const ROUNDS: i64 = 100;

/// A Newton step of this size, relative to the point beyond one, leaves an error of its square: less than a rounding.
fn last_step(dtype: DType) -> f64 {
    if dtype == DType::F32 { 7e-5 } else { 4e-10 }
}

/// What is below its exponential's precision beside one.
fn negligible(dtype: DType) -> f64 {
    if dtype == DType::F32 { -17.0 } else { -37.0 }
}

/// Where an increasing function is zero, from its value and slope; `known` elements stay where they start.
fn root(
    known: Tensor,
    start: Tensor,
    [low, high]: [Tensor; 2],
    f: impl Fn(Tensor) -> (Tensor, Tensor),
) -> Tensor {
    let tolerance = last_step(start.dtype());
    let none = Tensor::from(0i64).convert(DEFAULT_INT);
    let (_, _, (u, _, _)) = while_loop(
        (none, known, (start, low, high)),
        |(round, done, _)| round.less(ROUNDS) & !done.all_rightmost(done.rank()),
        |(round, done, (u, low, high))| {
            let (value, slope) = f(*u);
            let is_below = value.less(0.0);
            let (low, high) = (is_below.select(*u, *low), is_below.select(*high, *u));
            let newton = *u - value / slope;
            let is_last = (newton - *u).abs().less_equal(tolerance * u.abs().maximum(1.0));
            // Nothing of this holds for a NaN.
            let is_inside = newton.greater_equal(low) & newton.less_equal(high);
            let next = (is_inside | is_last).select(newton, 0.5 * (low + high));
            (*round + 1i64, *done | is_last, (done.select(*u, next), low, high))
        },
    );
    u
}

/// A tail of a distribution.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    Lower,
    Upper,
}

/// The same values in all of the dimensions that they broadcast to.
fn together(values: Vec<Tensor>) -> Vec<Tensor> {
    let dims = values.iter().try_fold(pyroxene_ir::Dims::new(), |all, x| shape::broadcast(&all, &x.dims()));
    match dims {
        Some(dims) => values.into_iter().map(|x| x.broadcast_to(&dims)).collect(),
        // Whatever joins them says why they do not.
        None => values,
    }
}

/// `x` inside of 0 and 1, and its limits there; NaN beyond.
fn between(q: Tensor, x: Tensor, at_zero: f64, at_one: f64) -> Tensor {
    let inside = q.greater(0.0) & q.less(1.0);
    let end = q.equal(0.0).select(at_zero, q.equal(1.0).select(at_one, f64::NAN).convert(x.dtype()));
    inside.select(x, end)
}

/// Where a standard gamma of shape `a` has the probability `q` in a tail.
pub(super) fn gamma(a: Tensor, q: Tensor, tail: Tail) -> Tensor {
    let sign = if tail == Tail::Lower { 1.0 } else { -1.0 };
    custom_jvp(
        move |at: &Vec<Tensor>| log_gamma(at[0], at[1], tail).exp(),
        move |at, t| {
            let (a, log_x) = (at[0], log_gamma(at[0], at[1], tail));
            let x = log_x.exp();
            let of_shape = |a: &Tensor| if tail == Tail::Lower { a.gammainc(x) } else { a.gammaincc(x) };
            let moved = t[1] - jvp(of_shape, &a, &t[0]).1;
            // The inverse of the density, which at zero is infinite, one or none.
            let at_zero = a.less(1.0).select(0.0, a.equal(1.0).select(1.0, f64::INFINITY).convert(a.dtype()));
            sign * x.equal(0.0).select(at_zero, x / log_density(a, x, log_x).exp()) * moved
        },
    )(&together(vec![a, q]))
}

fn log_gamma(a: Tensor, q: Tensor, tail: Tail) -> Tensor {
    let inside = q.greater(0.0) & q.less(1.0) & a.greater(0.0);
    let (whole_a, a, given) = (a, inside.select(a, 1.0), inside.select(q, 0.5));
    let (p, rest) = if tail == Tail::Lower { (given, 1.0 - given) } else { (1.0 - given, given) };
    let is_upper = p.greater(0.5);
    let smaller = is_upper.select(rest, p);
    let target = smaller.log();
    // P(a, x) ≤ xᵃ / Γ(a + 1), and equal to it for small x.
    let least = (p.log() + (a + 1.0).lgamma()) / a;
    let bounds = [least - 0.01 * (1.0 + least.abs()), (a + 40.0 * a.sqrt() + 800.0).log()];
    // Wilson and Hilferty: the cube root is nearly normal.
    let z = is_upper.select(-smaller.ndtri(), smaller.ndtri());
    let cube_root = 1.0 - 1.0 / (9.0 * a) + z / (3.0 * a.sqrt());
    let normal = cube_root.greater(0.1);
    let start = normal.select(a.log() + 3.0 * normal.select(cube_root, 1.0).log(), least);
    let known = least.less(negligible(a.dtype()));
    let start = known.select(least, start.maximum(bounds[0]).minimum(bounds[1]));
    let log_x = root(known, start, bounds, |u| {
        let x = u.exp();
        let of_tail = is_upper.select(a.gammaincc(x), a.gammainc(x));
        let excess = of_tail.log() - target;
        (is_upper.select(-excess, excess), log_density(a, x, u).exp() / of_tail)
    });
    let ends = if tail == Tail::Lower {
        [f64::NEG_INFINITY, f64::INFINITY]
    } else {
        [f64::INFINITY, f64::NEG_INFINITY]
    };
    whole_a.greater(0.0).select(between(q, log_x, ends[0], ends[1]), f64::NAN)
}

/// Where a beta of shapes `a` and `b` has the probability `q` below.
pub(super) fn beta(a: Tensor, b: Tensor, q: Tensor) -> Tensor {
    custom_jvp(
        |at: &Vec<Tensor>| log_odds_beta(at[0], at[1], at[2], 1.0 - at[2]).logistic(),
        |at, t| {
            let odds = log_odds_beta(at[0], at[1], at[2], 1.0 - at[2]);
            // Towards one, what is left to it has the digits.
            let far = odds.greater(0.0);
            let swap = |x: &[Tensor]| vec![far.select(x[1], x[0]), far.select(x[0], x[1])];
            let (shapes, moves) = (swap(&at[..2]), swap(&t[..2]));
            let y = (-odds.abs()).logistic();
            let of_shapes = |s: &Vec<Tensor>| s[0].betainc(s[1], y);
            let moved = far.select(-t[2], t[2]) - jvp(of_shapes, &shapes, &moves).1;
            let moved = moved / Beta::new(shapes[0], shapes[1]).log_prob(y).exp();
            far.select(-moved, moved)
        },
    )(&together(vec![a, b, q]))
}

/// The log odds below which a beta of shapes `a` and `b` has the probability `q`, whose rest is given too.
fn log_odds_beta(a: Tensor, b: Tensor, q: Tensor, rest: Tensor) -> Tensor {
    let positive = a.greater(0.0) & b.greater(0.0);
    let inside = q.greater(0.0) & rest.greater(0.0) & positive;
    let (a, b) = (inside.select(a, 1.0), inside.select(b, 1.0));
    let (p, over) = (inside.select(q, 0.5), inside.select(rest, 0.5));
    let is_upper = p.greater(0.5);
    let target = is_upper.select(over, p).log();
    // I_x(a, b) is xᵃ / (a B(a, b)) for small x, and so is the rest in 1 − x.
    let log_b = log_beta(a, b);
    let least = (p.log() + a.log() + log_b) / a;
    let most = -(over.log() + b.log() + log_b) / b;
    let negligible = negligible(a.dtype());
    let low = !is_upper & (least + b.maximum(1.0).log()).less(negligible);
    let high = is_upper & (most - a.maximum(1.0).log()).greater(-negligible);
    let start = low.select(least, high.select(most, (a / b).log()));
    let bounds = [-745.0, 745.0].map(|end| Tensor::full(&start.dims(), end).convert(start.dtype()));
    let odds = root(low | high, start, bounds, |v| {
        let of_tail = is_upper.select(b.betainc(a, (-v).logistic()), a.betainc(b, v.logistic()));
        let excess = of_tail.log() - target;
        let density = (a * v.log_sigmoid() + b * (-v).log_sigmoid() - log_b).exp();
        (is_upper.select(-excess, excess), density / of_tail)
    });
    let ends = q
        .equal(0.0)
        .select(f64::NEG_INFINITY, rest.equal(0.0).select(f64::INFINITY, f64::NAN).convert(odds.dtype()));
    positive.select(inside.select(odds, ends), f64::NAN)
}

/// Where a standard Student's t of `df` degrees of freedom has the probability `q` below.
pub(super) fn student_t(df: Tensor, q: Tensor) -> Tensor {
    custom_jvp(
        |at: &Vec<Tensor>| standard_t(at[0], at[1]),
        |at, t| {
            let (df, z) = (at[0], standard_t(at[0], at[1]));
            // At its centre the distribution function is a half, whatever `df` is.
            let centre = z.equal(0.0);
            let elsewhere = centre.select(1.0, z);
            let of_df = |df: &Tensor| below_t(*df, elsewhere);
            let by_df = centre.select(0.0, jvp(of_df, &df, &t[0]).1);
            (t[1] - by_df) / StudentT::new(df, 0.0, 1.0).log_prob(z).exp()
        },
    )(&together(vec![df, q]))
}

fn below_t(df: Tensor, z: Tensor) -> Tensor {
    StudentT::new(df, 0.0, 1.0).cdf(z).unwrap_or(z)
}

fn standard_t(df: Tensor, q: Tensor) -> Tensor {
    let both = 2.0 * q.minimum(1.0 - q);
    let odds = log_odds_beta(0.5 * df, 0.5 + 0.0 * df, both, (1.0 - 2.0 * q).abs());
    (q - 0.5).sign() * df.sqrt() * (-0.5 * odds).exp()
}
