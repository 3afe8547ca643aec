//! The derivatives of the incomplete beta function by its parameters, in forward mode along its expansions.
//!
//! They are those of the tail on `x`'s side of the mean, `I_u(p, q)`, where `p`, `q` and `u` are `a`, `b` and `x` or `b`, `a`
//! and `1 − x`: so they have all digits where the function is nearly one too. The continued fraction is differentiated as it
//! is summed (as Boik and Robison-Cox 1998 do with another one, "Derivatives of the incomplete beta function"). It would
//! cancel where `p` is small: there serves the power series, which [`incomplete_beta`] needs for small `b` beyond the mean only.

use std::f64::consts::PI;

use super::{
    closed::closed,
    formula::{Num, formula, formulas},
    gamma_parts::log_gamma_above_one,
    incomplete_beta::{Point, SMALL, STEPS, STIRLING, log_gamma_quotient, uniform_rest},
    iteration::{iterate, moves},
    *,
};
use crate::passes::jvp;

/// What is said of second derivatives.
pub(super) const ONCE: &str = "no second derivative by the shapes: put `stop_gradient` on the first one";

/// By which parameter to differentiate.
#[derive(Clone, Copy)]
enum By {
    A,
    B,
}

/// The tail `I_u(p, q)`.
struct Tail<'s> {
    p: Num<'s>,
    q: Num<'s>,
    u: Num<'s>,
    v: Num<'s>,
    log_u: Num<'s>,
    log_v: Num<'s>,
    /// Whether the power series serves.
    small: Num<'s>,
    /// Whether the uniform expansion serves.
    uniform: Num<'s>,
}

impl<'s> Tail<'s> {
    fn of(point: &Point<'s>) -> Tail<'s> {
        let (turned, other) = (point.beyond(), point.turned());
        let pick = |f: fn(&Point<'s>) -> Num<'s>| turned.select(f(&other), f(point));
        let (p, uniform) = (pick(|x| x.a), point.uniform());
        Tail {
            p,
            q: pick(|x| x.b),
            u: pick(|x| x.x),
            v: pick(|x| x.y),
            log_u: pick(|x| x.log_x),
            log_v: pick(|x| x.log_y),
            small: !p.greater(SMALL) & !uniform,
            uniform,
        }
    }
}

/// `ψ(a + b) − ψ(a)` in two parts, each with all digits where `b` is small: the first step of the recurrence that leads
/// down to a small `a`, and everything else.
fn digamma_rise<'s>(a: Num<'s>, b: Num<'s>) -> [Num<'s>; 2] {
    let low = a.less(STIRLING);
    let lifted = low.select(a + STIRLING, a);
    let step = |k: usize| b / (a + k as f64) / (a + (b + k as f64));
    let steps = (1..STIRLING as usize).fold(a.literal(0.0), |sum, k| sum + step(k));
    // The asymptotic series, power by power as in `log_gamma_ratio`.
    let (x, rest) = (lifted / (lifted + b), b / (lifted + b));
    let mut sum = 1.0 + x;
    let mut sums = vec![sum];
    for _ in 1..coefficients::DIGAMMA.len() {
        sum = 1.0 + x + x.square() * sum;
        sums.push(sum);
    }
    let inverse = 1.0 / lifted.square();
    let terms = coefficients::DIGAMMA.iter().zip(sums.iter().rev());
    let series = terms.fold(a.literal(0.0), |total, (c, sum)| total * inverse + *sum * *c);
    let above = (b / lifted).log1p() + rest * (0.5 / lifted + series * inverse);
    [low.select(step(0), 0.0), above + low.select(steps, 0.0)]
}

/// The continued fraction as the function itself has it, and the derivatives of its logarithm by `p` and `q`.
fn fraction(g: &mut Graph, inside: [Val; 4]) -> Result<[Val; 3], TypeError> {
    let start = formulas(g, &inside, |[p, q, u, v]| {
        let (ratio, distance) = (p / (p + 1.0), p * v - q * u + 1.0);
        let ratio_p = 1.0 / (p + 1.0).square();
        let (first, first_p, first_q) = (ratio * distance, ratio_p * distance + ratio * v, -ratio * u);
        let zero = p.literal(0.0);
        // C, D, the fraction, by what it changed last; the derivatives of C and D and of its logarithm; what is left.
        let values = [first, zero, first, zero];
        let slopes = [first_p, zero, first_p / first, first_q, zero, first_q / first];
        let [c, d, f, change] = values;
        let [cp, dp, lp, cq, dq, lq] = slopes;
        [c, d, f, change, cp, dp, lp, cq, dq, lq, zero]
    })?;
    let end = iterate(
        g,
        [&inside, &start],
        STEPS,
        |v| moves(v[7]) | v[14].greater(0.0),
        |n, v| {
            let [p, q, u, y, c, d, f] = [v[0], v[1], v[2], v[3], v[4], v[5], v[6]];
            let going = moves(v[7]) | v[14].greater(0.0);
            let k = n - 1.0;
            let below = p + (n + k);
            let (ratio, head, middle) = ((p + k) / below, (p + q + k) * u, n * (q - n) * u / below);
            let (middle_p, middle_q) = (-middle / below, n * u / below);
            let top = ratio * head * middle;
            let top_p = top * (1.0 / (p + k) + 1.0 / (p + q + k) - 2.0 / below);
            let top_q = ratio * (u * middle + head * middle_q);
            let (factor, distance) = ((p + n) / (below + 2.0), p * y - q * u + 1.0 + n * (y + 1.0));
            let bottom = n + middle + factor * distance;
            let bottom_p = middle_p + (n + 1.0) / (below + 2.0).square() * distance + factor * y;
            let bottom_q = middle_q - factor * u;
            let (next_c, next_d) = (bottom + top / c, 1.0 / (bottom + top * d));
            let change = going.select(next_c * next_d, 1.0);
            let mut next = vec![next_c, next_d, f * change, change];
            let mut left = p.literal(0.0);
            for (i, top_by, bottom_by) in [(8, top_p, bottom_p), (11, top_q, bottom_q)] {
                let (c_by, d_by, log_by) = (v[i], v[i + 1], v[i + 2]);
                let next_c_by = bottom_by + (top_by - top / c * c_by) / c;
                let next_d_by = -(bottom_by + top_by * d + top * d_by) * next_d.square();
                let step = next_c_by / next_c + next_d_by / next_d;
                let size = log_by.abs() + (next_c_by / next_c).abs();
                left = left.max(step.abs() - size * (8.0 * size.epsilon()));
                next.extend([next_c_by, next_d_by, log_by + going.select(step, 0.0)]);
            }
            next.push(left);
            next
        },
    )?;
    Ok([end[2], end[6], end[9]])
}

/// `p Σ (1 − q)ₙ uⁿ / (n! (p + n))` over `n ≥ 1`, and its derivatives by `p` and `q`.
fn series(g: &mut Graph, inside: [Val; 3]) -> Result<[Val; 3], TypeError> {
    let (zero, one) = (g.full_like(inside[0], 0.0)?, g.full_like(inside[0], 1.0)?);
    // The factor and its derivative by q; the summands and their sums.
    let sums = iterate(
        g,
        [&inside, &[one, zero, one, one, one, zero, zero, zero]],
        STEPS,
        |v| {
            let adds = |i: usize| v[i].abs().greater(v[i + 3].abs() * (v[i].epsilon() / 4.0));
            adds(5) | adds(6) | adds(7)
        },
        |n, v| {
            let [p, q, u] = [v[0], v[1], v[2]];
            let step = (n - q) * u / n;
            let (factor, factor_q) = (v[3] * step, v[4] * step - v[3] * (u / n));
            let below = p + n;
            let terms = [factor / below, factor * n / below.square(), factor_q / below];
            let [term, term_p, term_q] = terms;
            vec![factor, factor_q, term, term_p, term_q, v[8] + term, v[9] + term_p, v[10] + term_q]
        },
    )?;
    formulas(g, &[inside[0], sums[5], sums[6], sums[7]], |[p, sum, sum_p, sum_q]| [p * sum, sum_p, p * sum_q])
}

/// The derivatives of the uniform expansion.
fn uniform(g: &mut Graph, args: &[Val], by: By) -> Result<Val, TypeError> {
    // Where it does not serve, some parameters at which it is smooth.
    let [a, b, s, s_by, exponent_by, exponent, one, none] = formulas(g, args, |[a, b, x]| {
        let point = Point::new(a, b, x);
        let on = point.uniform();
        let distance = point.distance();
        let (a, b) = (on.select(a, 1e5), on.select(b, 1e5));
        // Beyond 800 nothing is left.
        let exponent = on.select(point.exponent().min(800.0), 1.0);
        let below = distance.less(0.0);
        let s = below.select(-exponent.sqrt(), exponent.sqrt());
        let (own, other, side) = match by {
            By::A => (a, b, distance / a),
            By::B => (b, a, -distance / b),
        };
        let exponent_by = -on.select(side.max(-0.6), 0.0).log1p();
        let centre = match by {
            By::A => -(0.5 * (other / own) / (a + b)).sqrt(),
            By::B => (0.5 * (other / own) / (a + b)).sqrt(),
        };
        let at = s.equal(0.0);
        let s_by = at.select(centre, 0.5 * exponent_by / at.select(s.literal(1.0), s));
        [a, b, s, s_by, exponent_by, exponent, a.literal(1.0), a.literal(0.0)]
    })?;
    let tys = [s, a, b].map(|v| g.ty(v).clone());
    let rest = closed(tys, |g, x| Ok(vec![formula(g, x, |[s, a, b]| uniform_rest(s, a, b))?]))?;
    let both = jvp(&rest, rest.inputs())?;
    let [own, other] = match by {
        By::A => [one, none],
        By::B => [none, one],
    };
    let rest = g.inline(&both, &[s, a, b, s_by, own, other])?;
    formula(
        g,
        &[s_by, exponent_by, exponent, rest[0], rest[1]],
        |[s_by, exponent_by, exponent, rest, rest_by]| {
            (-exponent).exp() * (s_by / PI.sqrt() - (rest_by - rest * exponent_by))
        },
    )
}

/// The derivatives of the tail by `p` and `q`.
fn tail_slopes(g: &mut Graph, args: &[Val]) -> Result<[Val; 2], TypeError> {
    // Where nothing is to be summed, values that converge at once.
    let inside = formulas(g, args, |[a, b, x]| {
        let t = Tail::of(&Point::new(a, b, x));
        let off = t.small | t.uniform;
        let or = |value: f64, on| off.select(x.literal(value), on);
        [or(1.0, t.p), or(1.0, t.q), or(0.0, t.u), or(1.0, t.v)]
    })?;
    let [fraction, fraction_p, fraction_q] = fraction(g, inside)?;
    let inside = formulas(g, args, |[a, b, x]| {
        let t = Tail::of(&Point::new(a, b, x));
        [t.small.select(t.p, 0.5), t.small.select(t.q, 1.0), t.small.select(t.u, 0.0)]
    })?;
    let [sum, sum_p, sum_q] = series(g, inside)?;
    let operands = [args, &[fraction, fraction_p, fraction_q, sum, sum_p, sum_q]].concat();
    formulas(g, &operands, |[a, b, x, fraction, fraction_p, fraction_q, sum, sum_p, sum_q]| {
        let point = Point::new(a, b, x);
        let t = Tail::of(&point);
        let ([first_p, rest_p], [first_q, rest_q]) = (digamma_rise(t.p, t.q), digamma_rise(t.q, t.p));
        let rise_q = first_q + rest_q;
        let tail = point.weight() / fraction;
        let large =
            [tail * (t.log_u + (first_p + rest_p) - fraction_p), tail * (t.log_v + rise_q - fraction_q)];
        let p = t.small.select(t.p, 0.5);
        let (quotient, lifted) = log_gamma_quotient(t.q, p);
        let weight = (p * (t.log_u + lifted.log()) + quotient - log_gamma_above_one(p)).exp();
        // ψ(p + q) − ψ(p + 1), without the terms that cancel.
        let above_one = rest_p - 1.0 / (t.p + t.q);
        let small =
            [weight * ((t.log_u + above_one) * (1.0 + sum) + sum_p), weight * (rise_q * (1.0 + sum) + sum_q)];
        [t.small.select(small[0], large[0]), t.small.select(small[1], large[1])]
    })
}

fn slope(g: &mut Graph, args: &[Val], by: By) -> Result<Val, TypeError> {
    let [by_p, by_q] = tail_slopes(g, args)?;
    let uniform = uniform(g, args, by)?;
    formula(g, &[args[0], args[1], args[2], by_p, by_q, uniform], |[a, b, x, by_p, by_q, uniform]| {
        let point = Point::new(a, b, x);
        let inside = match by {
            By::A => point.beyond().select(-by_q, by_p),
            By::B => point.beyond().select(-by_p, by_q),
        };
        let value = point.uniform().select(uniform, inside);
        let (infinity, nan) = (f64::INFINITY, x.literal(f64::NAN));
        let ends = x.equal(0.0) | x.equal(1.0) | a.equal(infinity) | b.equal(infinity);
        let outside = !a.greater(0.0) | !b.greater(0.0) | x.less(0.0) | x.greater(1.0);
        let corner = a.equal(infinity) & b.equal(infinity);
        (outside | corner).select(nan, ends.select(x.literal(0.0), value))
    })
}

/// `∂I_x(a, b)/∂a`.
pub(super) fn slope_a(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    slope(g, args, By::A)
}

/// `∂I_x(a, b)/∂b`.
pub(super) fn slope_b(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    slope(g, args, By::B)
}

/// The derivatives by `a` and `b` of the density, which are those by `x` of the two above.
pub(super) fn bends(g: &mut Graph, args: &[Val], density: Val) -> Result<[Val; 2], TypeError> {
    formulas(g, &[args[0], args[1], args[2], density], |[a, b, x, density]| {
        let both = (a + b).op(Digamma, []);
        // Zero of a density at an end that is zero.
        let x = density.equal(0.0).select(x.literal(0.5), x);
        let [by_a, by_b] =
            [(x.log(), a), ((-x).log1p(), b)].map(|(log, own)| log - own.op(Digamma, []) + both);
        [density * by_a, density * by_b]
    })
}

/// The rules of the derivative of `betainc` by its parameter number `i`, of this name and formula.
macro_rules! slope_rules {
    ($Op:ident $name:literal $formula:ident $i:literal) => {
        impl Elementwise for $Op {
            const NAME: &'static str = $name;
            const COST: Cost = Cost::Dear;
            const ARITY: usize = 3;
            const ACCEPTS: Class = Class::Float;

            fn result(&self, operand: DType) -> DType {
                operand
            }

            fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
                eval_in_doubles(incomplete_beta_slopes::$formula, args, ty)
            }

            fn partials(&self, g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
                let density = incomplete_beta::density(g, args)?;
                let by_x = incomplete_beta_slopes::bends(g, args, density)?[$i];
                let once = Partial::Refused(incomplete_beta_slopes::ONCE);
                Ok(smallvec![once, once, Partial::Times(by_x)])
            }

            fn hlo(&self) -> Hlo {
                Hlo::Expand(incomplete_beta_slopes::$formula)
            }

            fn samples() -> Vec<Sample> {
                incomplete_beta::samples(&$Op.into())
            }
        }
    };
}

pub(super) use slope_rules;
