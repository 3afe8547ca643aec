//! Hurwitz's zeta function.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `ζ(s, q) = Σₖ (q + k)⁻ˢ` over `k ≥ 0`, for `s > 1` and `q > 0`; infinite at `s = 1` and `q = 0`, NaN beyond.
///
/// The derivative is by `q` alone; by `s` it is NaN.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Zeta;

impl Elementwise for Zeta {
    const NAME: &'static str = "zeta";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 2;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        eval_in_doubles(expand, args, ty)
    }

    fn partials(&self, g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        let by_q = formula(g, args, |[s, q]| -s * (s + 1.0).op(Zeta, [q]))?;
        Ok(smallvec![Partial::Times(g.full_like(args[0], f64::NAN)?), Partial::Times(by_q)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Expand(expand)
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::extremes(Zeta, &[&[2.0, 2.0, 1.5, 3.0, 30.0, 4.0], &[1.0, 0.3, 5.0, 12.0, 2.5, 1e4]]),
            Sample::extremes(
                Zeta,
                &[&[1.0, 2.0, 0.5, 2.0, 2.0, f64::NAN], &[1.0, 0.0, 1.0, -1.5, f64::INFINITY, 1.0]],
            ),
        ]
        .concat()
    }
}

/// Ten terms, then Euler and Maclaurin's sum of the others.
fn expand(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    formula(g, args, |[s, q]| {
        let power = -s;
        let sum = (1..10).fold(q.op(Pow, [power]), |sum, k| sum + (q + f64::from(k)).op(Pow, [power]));
        let a = q + 10.0;
        // The rising factorial overflows for exponents whose terms after the first are nothing.
        let t = s.min(if s.dtype() == DType::F32 { 1e6 } else { 1e15 });
        let inverse = 1.0 / a.square();
        let (mut rising, mut correction) = (t / a, t.literal(0.0));
        for (k, c) in coefficients::ZETA.iter().enumerate() {
            correction = correction + rising * *c;
            let k = 2.0 * k as f64;
            rising = rising * ((t + (k + 1.0)) * (t + (k + 2.0)) * inverse);
        }
        let rest = a.op(Pow, [power]) * (a / (s - 1.0) + 0.5 + correction);
        let value = q.less(f64::INFINITY).select(sum + rest, 0.0);
        let nan = s.literal(f64::NAN);
        let value = s.equal(1.0).select(s.literal(f64::INFINITY), value);
        let value = q.equal(0.0).select(q.literal(f64::INFINITY), value);
        (s.less(1.0) | q.less(0.0)).select(nan, value)
    })
}
