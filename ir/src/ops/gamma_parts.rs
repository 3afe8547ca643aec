//! Parts of gamma functions and of densities made of them, each with all digits where a plain formula would lose them.

use super::{coefficients, formula::Num, *};

/// `u − ln(1 + u)`, where `ratio` is `1 + u`: with all digits where either is small.
pub(super) fn gap<'s>(u: Num<'s>, ratio: Num<'s>) -> Num<'s> {
    let near = u.abs().less(0.6);
    let v = near.select(u, 0.0);
    let r = v / (v + 2.0);
    let series = r * (v - 2.0 * r.square() * r.square().polynomial(&coefficients::LOG1P));
    near.select(series, u - ratio.log())
}

/// `ln (Γ(a) √(a/2π) (e/a)ᵃ)`, the rest of Stirling's formula, for `a` from ten on.
pub(super) fn stirling<'s>(a: Num<'s>) -> Num<'s> {
    (1.0 / a.square()).polynomial(&coefficients::STIRLING) / a
}

/// `ln Γ(1 + a)`, with all digits next to zero.
pub(super) fn log_gamma_above_one<'s>(a: Num<'s>) -> Num<'s> {
    let near = a.less(0.5);
    let v = near.select(a, 0.0);
    let series = v * (2.0 * v).polynomial(&coefficients::LGAMMA) - v.log1p();
    near.select(series, (a + 1.0).op(Lgamma, []))
}

/// `Γ(1 + a)` for `0 ≤ a ≤ 10`, by its recurrence: the exponential of a logarithm would lose digits.
pub(super) fn gamma_above_one<'s>(a: Num<'s>) -> Num<'s> {
    let (mut y, mut product) = (a + 1.0, a.literal(1.0));
    for _ in 0..9 {
        let (above, lower) = (y.greater(2.5), y - 1.0);
        product = above.select(product * lower, product);
        y = above.select(lower, y);
    }
    let below = y.less(1.5);
    let z = below.select(y - 1.0, y - 2.0);
    product * (z * (2.0 * z).polynomial(&coefficients::LGAMMA)).exp() / below.select(y, 1.0)
}
