//! The incomplete gamma function: where which of its expansions serves, and what its ops and their derivatives share.
//!
//! With `u = x/a − 1` and `½η² = u − ln(1 + u)`:
//! Temme's uniform expansion (DLMF 8.12) for `a ≥ 32` and `|η| ≤ ½`; elsewhere the power series of `P` for `x` up to `a`
//! (DLMF 8.11.4), Legendre's continued fraction of `Q` above (DLMF 8.9.2), and for small `x`, where `Q` is the small one,
//! its series (DLMF 8.7.3). So one of `P` and `Q` always has all digits, and both where neither is nearly one.

use std::f64::consts::PI;

use super::{
    formula::{Num, formula, formulas},
    gamma_parts::{gamma_above_one, gap, log_gamma_above_one, stirling},
    iteration::{iterate, moves},
    *,
};
use crate::types::DType;

/// From here on Temme's expansion has all digits.
const LARGE: f64 = 32.0;
/// `½η²` up to which it is used.
const NEAR: f64 = 0.125;
/// Below this `x` the continued fraction converges slowly.
const SMALL: f64 = 1.1;
/// More steps than any element needs: 90 are the most.
const STEPS: i32 = 1000;

/// `xᵃ e⁻ˣ / Γ(a + 1)`.
fn power<'s>(a: Num<'s>, x: Num<'s>) -> Num<'s> {
    let low = a.less(10.0);
    let (small, large) = (low.select(a, 1.0), low.select(a.literal(10.0), a));
    // Halves of the exponential, since the power may make up for what it loses.
    let half = (x * -0.5).exp();
    let direct = x.op(Pow, [small]) * half / gamma_above_one(small) * half;
    let exponent = -large * gap((x - large) / large, x / large) - stirling(large);
    low.select(direct, exponent.exp() / (2.0 * PI * large).sqrt())
}

/// `x^(a − 1) e⁻ˣ / Γ(a)`, the derivative of `P` by `x`, in ops that have derivatives.
pub(super) fn density(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    formula(g, args, |[a, x]| {
        let (low, origin) = (a.less(10.0), x.equal(0.0));
        let small = low.select(a, 1.0);
        let half = (x * -0.5).exp();
        let direct = x.op(Pow, [small - 1.0]) * half * small * (-(small + 1.0).op(Lgamma, [])).exp() * half;
        let large = low.select(a.literal(10.0), a);
        let inside = origin.select(large, x);
        let u = (inside - large) / large;
        let near = u.abs().less(0.6);
        let log = near.select(near.select(u, 0.0).log1p(), (inside / large).log());
        let exponent = large * (log - u) - stirling(large);
        let far = exponent.exp() * (large / (2.0 * PI)).sqrt() / inside;
        low.select(direct, origin.select(a.literal(0.0), far))
    })
}

/// Where each expansion serves, and operands for its loop that converge at once elsewhere.
struct Regions {
    /// Temme's expansion.
    near: Val,
    /// The continued fraction.
    upper: Val,
    /// The series of `Q`.
    small: Val,
}

impl Regions {
    fn new(g: &mut Graph, args: &[Val]) -> Result<Regions, TypeError> {
        let [near, upper, small] = formulas(g, args, |[a, x]| {
            let near = !a.less(LARGE) & !gap((x - a) / a, x / a).greater(NEAR);
            let upper = !near & x.greater(a.max(SMALL));
            let most = x.less(0.5).select(-0.4 / x.log(), x * SMALL);
            [near, upper, !x.greater(SMALL) & a.less(most)]
        })?;
        Ok(Regions { near, upper, small })
    }

    /// `a` and `x` inside a region, else values that converge at once.
    fn inside(g: &mut Graph, region: Val, args: &[Val], [a, x]: [f64; 2]) -> Result<[Val; 2], TypeError> {
        formulas(g, &[region, args[0], args[1]], |[on, arg_a, arg_x]| {
            [on.select(arg_a, a), on.select(arg_x, x)]
        })
    }

    fn lower(&self, g: &mut Graph, args: &[Val]) -> Result<[Val; 2], TypeError> {
        let [lower] = formulas(g, &[self.near, self.upper], |[near, upper]| [!near & !upper])?;
        Regions::inside(g, lower, args, [1.0, 0.0])
    }
}

/// `Σ xⁿ / ((a + 1) … (a + n))` over `n ≥ 0`.
fn series(g: &mut Graph, [a, x]: [Val; 2]) -> Result<Val, TypeError> {
    let one = g.full_like(a, 1.0)?;
    let sums = iterate(
        g,
        [&[a, x], &[one, one]],
        STEPS,
        |v| v[2].greater(v[3] * (v[3].epsilon() / 4.0)),
        |n, v| {
            let term = v[2] * v[1] / (v[0] + n);
            vec![term, v[3] + term]
        },
    )?;
    Ok(sums[1])
}

/// Minus the derivative by `a` of the same.
fn series_slope(g: &mut Graph, [a, x]: [Val; 2]) -> Result<Val, TypeError> {
    let (zero, one) = (g.full_like(a, 0.0)?, g.full_like(a, 1.0)?);
    // The term and how fast it falls, relatively; the last summand and the sum.
    let sums = iterate(
        g,
        [&[a, x], &[one, zero, one, zero]],
        STEPS,
        |v| v[4].greater(v[5] * (v[5].epsilon() / 4.0)),
        |n, v| {
            let next = v[0] + n;
            let (term, slope) = (v[2] * v[1] / next, v[3] + 1.0 / next);
            vec![term, slope, term * slope, v[5] + term * slope]
        },
    )?;
    Ok(sums[3])
}

/// `a Σ (−x)ⁿ / (n! (a + n))` over `n ≥ 1`.
fn alternating(g: &mut Graph, [a, x]: [Val; 2]) -> Result<Val, TypeError> {
    let (zero, one) = (g.full_like(a, 0.0)?, g.full_like(a, 1.0)?);
    let sums = iterate(
        g,
        [&[a, x], &[one, one, zero]],
        STEPS,
        |v| v[3].abs().greater(v[4].abs() * (v[3].epsilon() / 4.0)),
        |n, v| {
            let factor = v[2] * -v[1] / n;
            let term = factor / (v[0] + n);
            vec![factor, term, v[4] + term]
        },
    )?;
    formula(g, &[a, sums[2]], |[a, sum]| a * sum)
}

/// The continued fraction `1/(x + 1 − a − 1 (1 − a)/(x + 3 − a − …))` by Lentz's method.
fn fraction(g: &mut Graph, inside: [Val; 2]) -> Result<Val, TypeError> {
    let [c, d, change] =
        formulas(g, &inside, |[a, x]| [a.literal(f64::INFINITY), 1.0 / (x + 1.0 - a), a.literal(0.0)])?;
    let end = iterate(
        g,
        [&inside, &[c, d, d, change]],
        STEPS,
        |v| moves(v[5]),
        |n, v| {
            let [a, x, c, d, h] = [v[0], v[1], v[2], v[3], v[4]];
            let (b, top) = (x + 1.0 - a + 2.0 * n, -n * (n - a));
            let (c, d) = (b + top / c, 1.0 / (top * d + b));
            let change = moves(v[5]).select(c * d, 1.0);
            vec![c, d, h * change, change]
        },
    )?;
    Ok(end[2])
}

/// Whether the fraction or its derivative changes, the latter by more than its roundings.
fn going<'s>(v: &[Num<'s>]) -> Num<'s> {
    moves(v[8]) | v[9].abs().greater(v[7].abs() * (8.0 * v[9].epsilon()))
}

/// The same fraction and its derivative by `a`.
fn fraction_slope(g: &mut Graph, inside: [Val; 2]) -> Result<[Val; 2], TypeError> {
    let start = formulas(g, &inside, |[a, x]| {
        let (d, zero) = (1.0 / (x + 1.0 - a), a.literal(0.0));
        // C, D, their derivatives, the fraction, its derivative, and by what the last step changed the two.
        [a.literal(f64::INFINITY), d, zero, d.square(), d, d.square(), zero, zero]
    })?;
    let end = iterate(g, [&inside, &start], STEPS, going, |n, v| {
        let [a, x, c, d, c_by, d_by, h, h_by] = [v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]];
        let (b, top) = (x + 1.0 - a + 2.0 * n, -n * (n - a));
        let next_c_by = (n - top / c * c_by) / c - 1.0;
        let next_c = b + top / c;
        let next_d = 1.0 / (top * d + b);
        let next_d_by = -(n * d + top * d_by - 1.0) * next_d.square();
        let going = going(v);
        let change = going.select(next_c * next_d, 1.0);
        let change_by = going.select(next_c_by * next_d + next_c * next_d_by, 0.0);
        let next_h_by = h_by * change + h * change_by;
        vec![next_c, next_d, next_c_by, next_d_by, h * change, next_h_by, change, next_h_by - h_by]
    })?;
    Ok([end[4], end[5]])
}

/// What Temme's expansion is made of.
struct Temme<'s> {
    u: Num<'s>,
    eta: Num<'s>,
    /// `e^(−½aη²) / √(2πa)`.
    base: Num<'s>,
    /// `Σ cₖ(η) a⁻ᵏ`.
    sum: Num<'s>,
}

impl<'s> Temme<'s> {
    fn new(a: Num<'s>, x: Num<'s>) -> Temme<'s> {
        let u = (x - a) / a;
        let half = gap((x - a) / a, x / a);
        let root = (2.0 * half).sqrt();
        let eta = u.less(0.0).select(-root, root);
        let base = (-a * half).exp() / (2.0 * PI * a).sqrt();
        let rows = coefficients::TEMME.iter().rev();
        let sum = rows.fold(a.literal(0.0), |sum, row| eta.polynomial(row) + sum / a);
        Temme { u, eta, base, sum }
    }

    /// The larger part of `P`, or of `Q` with the sign of `η` turned.
    fn tail(&self, a: Num<'s>, sign: f64) -> Num<'s> {
        0.5 * (self.eta * (a * 0.5).sqrt() * sign).op(Erfc, [])
    }

    /// The derivative of `Q` by `a`.
    fn slope(&self, a: Num<'s>) -> Num<'s> {
        let Temme { u, eta, base, sum } = *self;
        let centre = eta.equal(0.0);
        let ratio = centre.select(u.literal(1.0), u / centre.select(eta.literal(1.0), eta));
        // Σ (cₖ′(η) dη/da − k cₖ/a) a⁻ᵏ, with dη/da = −ratio/a.
        let mut by_a = a.literal(0.0);
        for (k, row) in coefficients::TEMME.iter().enumerate().rev() {
            let degree = row.len() - 1;
            let derived: Vec<f64> =
                row[..degree].iter().enumerate().map(|(i, c)| c * (degree - i) as f64).collect();
            let term = eta.polynomial(&derived) * ratio + eta.polynomial(row) * k as f64;
            by_a = by_a / a - term / a;
        }
        base * (ratio - 0.5 * eta + sum * (u.log1p() - 0.5 / a) + by_a)
    }
}

/// Values at the borders of the domain: `inside` elsewhere, `at_zero` for `x = 0`, `at_infinity` for infinite `x`, and the
/// other way round for infinite and zero `a`; NaN outside and where borders meet.
fn bordered<'s>(a: Num<'s>, x: Num<'s>, inside: Num<'s>, [at_zero, at_infinity]: [f64; 2]) -> Num<'s> {
    let infinity = a.literal(f64::INFINITY);
    let (low, high) = (x.equal(0.0) | a.equal(infinity), x.equal(infinity) | a.equal(0.0));
    let nan = x.literal(f64::NAN);
    let value = low.select(x.literal(at_zero), high.select(x.literal(at_infinity), inside));
    ((low & high) | a.less(0.0) | x.less(0.0)).select(nan, value)
}

/// `P(a, x)`.
pub(super) fn lower(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    let regions = Regions::new(g, args)?;
    let inside = regions.lower(g, args)?;
    let sum = series(g, inside)?;
    let inside = Regions::inside(g, regions.upper, args, [1.0, 2.0])?;
    let fraction = fraction(g, inside)?;
    formula(g, &[args[0], args[1], regions.near, regions.upper, sum, fraction], |v| {
        let [a, x, near, upper, sum, fraction] = v;
        let temme = Temme::new(a, x);
        let p = temme.tail(a, -1.0) - temme.base * temme.sum;
        let power = power(a, x);
        let value = near.select(p, upper.select(1.0 - power * a * fraction, power * sum));
        bordered(a, x, value, [0.0, 1.0])
    })
}

/// `Q(a, x) = 1 − P(a, x)`.
pub(super) fn upper(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    let regions = Regions::new(g, args)?;
    let inside = regions.lower(g, args)?;
    let sum = series(g, inside)?;
    let inside = Regions::inside(g, regions.upper, args, [1.0, 2.0])?;
    let fraction = fraction(g, inside)?;
    let inside = Regions::inside(g, regions.small, args, [1.0, 0.0])?;
    let alternating = alternating(g, inside)?;
    let masks = [regions.near, regions.upper, regions.small];
    let operands = [args, &masks, &[sum, fraction, alternating]].concat();
    formula(g, &operands, |[a, x, near, upper, small, sum, fraction, alternating]| {
        let temme = Temme::new(a, x);
        let q = temme.tail(a, 1.0) + temme.base * temme.sum;
        let power = power(a, x);
        let log = a * small.select(x, 1.0).log() - log_gamma_above_one(small.select(a, 1.0));
        let least = -log.op(Expm1, []) - log.exp() * alternating;
        let value = upper.select(power * a * fraction, small.select(least, 1.0 - power * sum));
        bordered(a, x, near.select(q, value), [1.0, 0.0])
    })
}

/// The derivative of `P(a, x)` by `a`.
pub(super) fn slope(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    let regions = Regions::new(g, args)?;
    let inside = regions.lower(g, args)?;
    let (sum, sum_by) = (series(g, inside)?, series_slope(g, inside)?);
    let inside = Regions::inside(g, regions.upper, args, [1.0, 2.0])?;
    let [fraction, fraction_by] = fraction_slope(g, inside)?;
    let operands = [args, &[regions.near, regions.upper, sum, sum_by, fraction, fraction_by]].concat();
    formula(g, &operands, |[a, x, near, upper, sum, sum_by, fraction, fraction_by]| {
        let (power, log) = (power(a, x), x.log());
        let below = power * (sum * (log - (a + 1.0).op(Digamma, [])) - sum_by);
        let above = -power * (fraction * (a * log - a * a.op(Digamma, [])) + a * fraction_by);
        let value = near.select(-Temme::new(a, x).slope(a), upper.select(above, below));
        let value = bordered(a, x, value, [0.0, 0.0]);
        a.equal(0.0).select(a.literal(f64::NAN), value)
    })
}

/// Operands from every region, and at the borders.
pub(super) fn samples(op: &Op) -> Vec<Sample> {
    let a = [0.7, 1.0, 2.5, 0.1, 50.0, 50.0, 50.0, 12.0];
    let x = [4.0, 0.5, 2.0, 0.3, 45.0, 50.5, 80.0, 8.0];
    let border_a = [0.0, 1.0, 1.0, 0.0, f64::INFINITY, -1.0, 1.0, 1e-3];
    let border_x = [1.0, 0.0, f64::INFINITY, 0.0, 1.0, 1.0, f64::NAN, 1e-30];
    let double = [Array::from([a, border_a].concat()), Array::from([x, border_x].concat())];
    let single = [a, x].map(|x| Array::from(x).convert(DType::F32));
    vec![Sample::values(op.clone(), double), Sample::values(op.clone(), single)]
}
