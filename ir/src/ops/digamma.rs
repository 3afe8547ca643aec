//! Digamma function.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `ψ(x) = d ln Γ(x) / dx`; NaN at 0, −1, −2, ….
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Digamma;

impl Elementwise for Digamma {
    const NAME: &'static str = "digamma";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        eval_in_doubles(expand, args, ty)
    }

    fn partials(&self, g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::Times(polygamma(g, 1, args[0])?)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Expand(expand)
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Digamma, &[&[0.3, 1.0, 1.1, 2.0, 4.5, 9.0, 11.0, -0.3, -2.5]]),
            Sample::extremes(
                Digamma,
                &[&[
                    0.0,
                    1e-30,
                    9.999,
                    10.0,
                    1e5,
                    1e30,
                    -1.0,
                    -7.7,
                    f64::INFINITY,
                    f64::NEG_INFINITY,
                    f64::NAN,
                ]],
            ),
            vec![Sample::values(Digamma, [Array::from([1.46, 1e-300, 1e300, -1e-20, -100.3])])],
        ]
        .concat()
    }
}

/// The asymptotic series from 10 on; below, ten steps of `ψ(x) = ψ(x + 1) − 1/x`.
fn expand(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    formula(g, args, |[x]| {
        let mirrored = x.less(0.0);
        let w = mirrored.select(1.0 - x, x);
        let small = w.less(10.0);
        let steps = (1..10).fold(1.0 / w, |sum, i| sum + 1.0 / (w + f64::from(i)));
        let y = small.select(w + 10.0, w);
        let inverse = 1.0 / y.square();
        let series = y.log() - 0.5 / y - inverse * inverse.polynomial(&coefficients::DIGAMMA);
        let value = small.select(series - steps, series);
        let angle = std::f64::consts::PI * (x - x.round());
        let reflected = value - std::f64::consts::PI * angle.cos() / angle.sin();
        let pole = !x.greater(0.0) & x.equal(x.floor());
        pole.select(x.literal(f64::NAN), mirrored.select(reflected, value))
    })
}

/// The polygamma function `ψ⁽ⁿ⁾(x)`, the derivative of order `n` of digamma, for `n ≥ 1`: `(−1)ⁿ⁺¹ n! ζ(n + 1, x)`, and
/// on the negative axis by reflection.
///
/// # Errors
/// When `x` is not floating-point.
pub fn polygamma(g: &mut Graph, n: u32, x: Val) -> Result<Val, TypeError> {
    formula(g, &[x], |[x]| {
        let sign = if n.is_multiple_of(2) { -1.0 } else { 1.0 };
        let factorial: f64 = (1..=n).map(f64::from).product();
        let mirrored = x.less(0.0);
        let w = mirrored.select(1.0 - x, x);
        let value = sign * factorial * w.literal(f64::from(n) + 1.0).op(Zeta, [w]);
        // dⁿ/dxⁿ π cot(πx) = πⁿ⁺¹ P(cot πx), where each derivative takes P(c) to −(1 + c²) P'(c).
        let mut p = vec![0.0, 1.0];
        for _ in 0..n {
            let slope: Vec<f64> = (1..p.len()).map(|i| -(i as f64) * p[i]).collect();
            p = vec![0.0; slope.len() + 2];
            for (i, c) in slope.into_iter().enumerate() {
                p[i] += c;
                p[i + 2] += c;
            }
        }
        p.reverse();
        let angle = std::f64::consts::PI * (x - x.round());
        // Away from the negative axis the angle is a constant, so that no derivative comes from the pole at zero.
        let angle = mirrored.select(angle, 1.0);
        let cotangent = angle.cos() / angle.sin();
        let rest = std::f64::consts::PI.powi(n as i32 + 1) * cotangent.polynomial(&p);
        mirrored.select(-sign * value - rest, value)
    })
}
