//! The incomplete beta function: where which of its expansions serves, and what its op and its derivative share.
//!
//! With `y = 1 − x` and `E = a ln(a/(r x)) + b ln(b/(r y))`, `r = a + b`, a density is `√(ab/2πr) e^−E` beside corrections.
//! Where both parameters are large a uniform expansion serves (DLMF 8.18.9, with coefficients derived as in Temme 1982 for
//! the gamma function): `½ erfc(∓√E)` and a few terms. Elsewhere it is the continued fraction of Didonato and Morris (1992,
//! "Algorithm 708", BFRAC) for `I_x(a, b)` or `1 − I_y(b, a)`, whichever is on its side of the mean; and where `b` is small
//! and `I` may be of its size, a series of `1 − I_y(b, a)` that does not cancel.

use std::f64::consts::PI;

use super::{
    formula::{Num, formula, formulas},
    gamma_parts::{gamma_above_one, gap, log_gamma_above_one, stirling},
    iteration::{iterate, moves},
    *,
};
use crate::types::DType;

/// From here on, of both parameters, the uniform expansion has all digits.
const LARGE: f64 = 1e5;
/// The `b` up to which the series of the complement serves.
pub(super) const SMALL: f64 = 0.7;
/// More steps than any element needs: the fraction takes √LARGE.
pub(super) const STEPS: i32 = 2000;
/// Gamma functions of arguments from here on by Stirling's series.
pub(super) const STIRLING: f64 = 10.0;

/// `ln Γ(a + b) − ln Γ(a) − b ln a`, with all digits of its own where `b` is small; `a` from ten on.
fn log_gamma_ratio<'s>(a: Num<'s>, b: Num<'s>) -> Num<'s> {
    // The series of a + b less that of a, power by power: with x = a/(a + b), 1 − xⁿ is 1 − x times a sum of powers.
    let x = a / (a + b);
    let rest = b / (a + b);
    let mut sum = a.literal(1.0);
    let mut sums = vec![sum];
    for _ in 1..coefficients::STIRLING.len() {
        sum = 1.0 + x + x.square() * sum;
        sums.push(sum);
    }
    let inverse = 1.0 / a.square();
    let terms = coefficients::STIRLING.iter().zip(sums.iter().rev());
    let series = terms.fold(a.literal(0.0), |total, (c, sum)| total * inverse + *sum * *c);
    (a + (b - 0.5)) * (b / a).log1p() - b - series * rest / a
}

/// `ln Γ(a + b) − ln Γ(a) − b ln c` and `c`, for any `a > 0`: `c` is `a`, or `a + 10`, from which the recurrence leads down,
/// where `a` is small.
pub(super) fn log_gamma_quotient<'s>(a: Num<'s>, b: Num<'s>) -> (Num<'s>, Num<'s>) {
    let low = a.less(STIRLING);
    let lifted = low.select(a + STIRLING, a);
    let mut steps = a.literal(0.0);
    for k in 0..STIRLING as usize {
        steps = steps + (b / (a + k as f64)).log1p();
    }
    (log_gamma_ratio(lifted, b) - low.select(steps, 0.0), lifted)
}

/// The parameters and what the formulas need of them.
pub(super) struct Point<'s> {
    pub(super) a: Num<'s>,
    pub(super) b: Num<'s>,
    pub(super) x: Num<'s>,
    pub(super) y: Num<'s>,
    pub(super) log_x: Num<'s>,
    pub(super) log_y: Num<'s>,
}

impl<'s> Point<'s> {
    pub(super) fn new(a: Num<'s>, b: Num<'s>, x: Num<'s>) -> Point<'s> {
        let (y, low) = (1.0 - x, x.less(0.5));
        let log_x = low.select(x.log(), (-y).log1p());
        let log_y = low.select((-x).log1p(), y.log());
        Point { a, b, x, y, log_x, log_y }
    }

    pub(super) fn turned(&self) -> Point<'s> {
        let Point { a, b, x, y, log_x, log_y } = *self;
        Point { a: b, b: a, x: y, y: x, log_x: log_y, log_y: log_x }
    }

    /// `b x − a y`, the distance from the mean times `a + b`.
    pub(super) fn distance(&self) -> Num<'s> {
        self.b * self.x - self.a * self.y
    }

    /// `E`, a sum of two terms that are not negative.
    pub(super) fn exponent(&self) -> Num<'s> {
        let (distance, r) = (self.distance(), self.a + self.b);
        let term = |p: Num<'s>, u: Num<'s>, ratio: Num<'s>| p * gap(u, ratio);
        let (a, b) = (self.a, self.b);
        term(a, distance / a, r / a * self.x) + term(b, -distance / b, r / b * self.y)
    }

    /// `xᵃ yᵇ Γ(a + b) / (Γ(a) Γ(b))` where both parameters are large.
    fn both_large(&self) -> Num<'s> {
        let large = |p: Num<'s>| p.max(STIRLING);
        let (a, b) = (large(self.a), large(self.b));
        let corrections = stirling(a + b) - stirling(a) - stirling(b);
        (b / (a + b) * a / (2.0 * PI)).sqrt() * (corrections - self.exponent()).exp()
    }

    /// The same where `a` is small and `b` large.
    fn one_large(&self) -> Num<'s> {
        let (a, b) = (self.a.min(STIRLING), self.b.max(STIRLING));
        let power = (b * self.x).op(Pow, [a]).min(largest(a));
        let half = ((log_gamma_ratio(b, a) + b * self.log_y) * 0.5).exp();
        power * half * (a / gamma_above_one(a)) * half
    }

    /// The same where both are small.
    fn both_small(&self) -> Num<'s> {
        let (a, b) = (self.a.min(STIRLING), self.b.min(STIRLING));
        let half = self.x.op(Pow, [a * 0.5]) * self.y.op(Pow, [b * 0.5]);
        // Γ(a + b)/Γ(b) with the larger parameter below, where the quotient is the smaller number.
        let (least, most) = (a.min(b), a.max(b));
        let (quotient, lifted) = log_gamma_quotient(most, least);
        let gammas = least / gamma_above_one(least) * lifted.op(Pow, [least]) * quotient.exp();
        half * gammas * half
    }

    /// The same for any parameters.
    pub(super) fn weight(&self) -> Num<'s> {
        let (low_a, low_b) = (self.a.less(STIRLING), self.b.less(STIRLING));
        let small_a = low_b.select(self.both_small(), self.one_large());
        low_a.select(small_a, low_b.select(self.turned().one_large(), self.both_large()))
    }

    /// Whether `x` lies beyond the mean, where the other tail is computed.
    pub(super) fn beyond(&self) -> Num<'s> {
        self.x.greater((self.a + 1.0) / (self.a + self.b + 2.0))
    }

    /// Whether both parameters are large.
    pub(super) fn uniform(&self) -> Num<'s> {
        !self.a.less(LARGE) & !self.b.less(LARGE)
    }

    /// The uniform expansion of `I`.
    fn expansion(&self) -> Num<'s> {
        let exponent = self.exponent();
        let below = self.distance().less(0.0);
        // Beyond 800 nothing is left.
        let root = exponent.min(800.0).sqrt();
        let rest = (-exponent).exp() * uniform_rest(below.select(-root, root), self.a, self.b);
        0.5 * below.select(exponent.sqrt(), -exponent.sqrt()).op(Erfc, []) - rest
    }
}

/// What the uniform expansion takes away from `½ erfc(−s)`, where `s` is `√E` with the sign of the distance from the mean,
/// without the factor `e^−E`.
pub(super) fn uniform_rest<'s>(s: Num<'s>, a: Num<'s>, b: Num<'s>) -> Num<'s> {
    // Either parameter where they are equal, but one of them: so the derivatives are right there too.
    let turned = !a.less(b);
    let least = turned.select(b, a);
    // Beyond this ratio the function is that of the limit, an incomplete gamma function, in all digits.
    let ratio = if a.dtype() == DType::F32 { 1e7 } else { 1e30 };
    let r = (a + b).min(least * ratio);
    let p = least / r;
    let skew = (1.0 - 2.0 * p) / (p * (1.0 - p)).sqrt();
    let skew = turned.select(-skew, skew);
    let eta = s * (2.0 / r).sqrt();
    let orders = [(9, 0), (6, 1), (3, 2)];
    let mut total = a.literal(0.0);
    for (terms, k) in orders.into_iter().rev() {
        let mut sum = a.literal(0.0);
        for n in (0..terms).rev() {
            // From c₀ = (f − 1)/η by cₖ₊₁ = (d cₖ/dη less its value at zero)/η.
            let factor: f64 = (1..=k).map(|j| (n + 2 * j) as f64).product();
            sum = sum * eta + coefficient(skew, n + 1 + 2 * k) * factor;
        }
        total = sum + total / r;
    }
    let corrections = stirling(a + b) - stirling(a) - stirling(b);
    corrections.exp() / (2.0 * PI * r).sqrt() * total
}

/// The largest finite number.
fn largest(like: Num<'_>) -> f64 {
    if like.dtype() == DType::F32 { f64::from(f32::MAX) } else { f64::MAX }
}

/// `eₘ(D)`.
fn coefficient<'s>(d: Num<'s>, m: usize) -> Num<'s> {
    let even = d.square().polynomial(coefficients::BETA[m - 1]);
    if m.is_multiple_of(2) { even } else { even * d }
}

/// The continued fraction by Lentz's method, for `x` up to the mean.
fn fraction(g: &mut Graph, inside: [Val; 4]) -> Result<Val, TypeError> {
    let [first, none, change] = formulas(g, &inside, |[a, b, x, y]| {
        let distance = a * y - b * x;
        [a / (a + 1.0) * (distance + 1.0), a.literal(0.0), a.literal(0.0)]
    })?;
    let end = iterate(
        g,
        [&inside, &[first, none, first, change]],
        STEPS,
        |v| moves(v[7]),
        |n, v| {
            let [a, b, x, y, c, d, f] = [v[0], v[1], v[2], v[3], v[4], v[5], v[6]];
            let k = n - 1.0;
            let below = a + (n + k);
            let middle = n * (b - n) * x / below;
            let top = (a + k) / below * ((a + b + k) * x) * middle;
            let step = (a + n) / (below + 2.0) * (a * y - b * x + 1.0 + n * (y + 1.0));
            let bottom = n + middle + step;
            let (c, d) = (bottom + top / c, 1.0 / (bottom + top * d));
            let change = moves(v[7]).select(c * d, 1.0);
            vec![c, d, f * change, change]
        },
    )?;
    Ok(end[2])
}

/// `b Σ (1 − a)ₙ yⁿ / (n! (b + n))` over `n ≥ 1`.
fn complement(g: &mut Graph, inside: [Val; 3]) -> Result<Val, TypeError> {
    let (zero, one) = (g.full_like(inside[0], 0.0)?, g.full_like(inside[0], 1.0)?);
    let sums = iterate(
        g,
        [&inside, &[one, one, zero]],
        STEPS,
        |v| v[4].abs().greater(v[5].abs() * (v[4].epsilon() / 4.0)),
        |n, v| {
            let factor = v[3] * ((n - v[0]) * v[2] / n);
            let term = factor / (v[1] + n);
            vec![factor, term, v[5] + term]
        },
    )?;
    formula(g, &[inside[1], sums[2]], |[b, sum]| b * sum)
}

/// `I_x(a, b)`.
pub(super) fn expand(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    // Where nothing is to be summed, values that converge at once.
    let inside = formulas(g, args, |[a, b, x]| {
        let p = Point::new(a, b, x);
        let (near, turn) = (p.uniform(), p.beyond());
        let one = near.select(a.literal(1.0), turn.select(b, a));
        let other = near.select(b.literal(1.0), turn.select(a, b));
        let near_side = near.select(x.literal(0.0), turn.select(p.y, x));
        [one, other, near_side, near.select(x.literal(1.0), turn.select(x, p.y))]
    })?;
    let fraction = fraction(g, inside)?;
    let [a, b, y] = formulas(g, args, |[a, b, x]| {
        let p = Point::new(a, b, x);
        let small = p.beyond() & !b.greater(SMALL) & !p.uniform();
        [small.select(a, 1.0), small.select(b, 1.0), small.select(p.y, 0.0)]
    })?;
    let complement = complement(g, [a, b, y])?;
    formula(g, &[args[0], args[1], args[2], fraction, complement], |[a, b, x, fraction, complement]| {
        let p = Point::new(a, b, x);
        let (turn, small) = (p.beyond(), !b.greater(SMALL));
        let tail = p.weight() / fraction;
        let (quotient, lifted) = log_gamma_quotient(a, small.select(b, 1.0));
        let log = b * (p.log_y + lifted.log()) + quotient - log_gamma_above_one(b);
        let least = -log.op(Expm1, []) - log.exp() * complement;
        let other = small.select(least, 1.0 - tail);
        let value = p.uniform().select(p.expansion(), turn.select(other, tail));
        bordered([a, b, x], value)
    })
}

/// Values at the borders of the domain, NaN outside and where borders meet.
fn bordered<'s>([a, b, x]: [Num<'s>; 3], inside: Num<'s>) -> Num<'s> {
    let infinity = f64::INFINITY;
    let low = x.equal(0.0) | b.equal(0.0) | a.equal(infinity);
    let high = x.equal(1.0) | a.equal(0.0) | b.equal(infinity);
    let value = low.select(x.literal(0.0), high.select(x.literal(1.0), inside));
    let outside = a.less(0.0) | b.less(0.0) | x.less(0.0) | x.greater(1.0);
    (outside | (low & high)).select(x.literal(f64::NAN), value)
}

/// The density at an end of the interval, whose own parameter decides.
fn at_end<'s>(own: Num<'s>, other: Num<'s>) -> Num<'s> {
    let high = own.less(1.0).select(own.literal(f64::INFINITY), 0.0);
    own.equal(1.0).select(other, high)
}

/// `xᵃ⁻¹ (1 − x)ᵇ⁻¹ / B(a, b)`.
pub(super) fn density(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    formula(g, args, |[a, b, x]| {
        let p = Point::new(a, b, x);
        let inside = p.weight() / x / p.y;
        let value = x.equal(0.0).select(at_end(a, b), x.equal(1.0).select(at_end(b, a), inside));
        let outside = !a.greater(0.0) | !b.greater(0.0) | x.less(0.0) | x.greater(1.0);
        outside.select(x.literal(f64::NAN), value)
    })
}

/// Operands from every region, and at the borders.
pub(super) fn samples(op: &Op) -> Vec<Sample> {
    let a = [2.0, 0.5, 0.3, 5.0, 30.0, 4.0, 2e5, 3e5];
    let b = [3.0, 0.5, 0.2, 1e-3, 20.0, 50.0, 1e5, 1e5];
    let x = [0.3, 0.8, 0.1, 0.95, 0.7, 0.1, 0.667, 0.749];
    let border_a = [1.0, 1.0, 0.0, 1.0, f64::INFINITY, 1.0, -1.0, 1.0];
    let border_b = [2.0, 2.0, 1.0, 0.0, 1.0, f64::INFINITY, 1.0, 1.0];
    let border_x = [0.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 1.5];
    let pairs = [(a, border_a), (b, border_b), (x, border_x)];
    let double = pairs.map(|(x, border)| Array::from([x, border].concat()));
    let single = [a, b, x].map(|x| Array::from(&x[..6]).convert(DType::F32));
    vec![Sample::values(op.clone(), double), Sample::values(op.clone(), single)]
}
