//! Maximum.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// The larger operand, NaN if either is; at ties each has half the derivative.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Max;

impl Elementwise for Max {
    const NAME: &'static str = "max";
    const COST: Cost = Cost::Arithmetic;
    const ARITY: usize = 2;
    const ACCEPTS: Class = Class::Number;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        number2(args, ty, |x, y| if x.is_nan() || y.is_nan() { f64::NAN } else { x.max(y) }, i128::max)
    }

    fn partials(&self, g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        let (x, y) = (args[0], args[1]);
        Ok(smallvec![Partial::Times(share(g, x, y)?), Partial::Times(share(g, y, x)?)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("maximum")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Max, &[&[1.0, -2.0, 0.3], &[0.5, 1.0, 0.7]]),
            Sample::extremes(Max, &[&[1.0, f64::NAN, 2.0, 0.0], &[1.0, 0.0, f64::INFINITY, f64::NAN]]),
            Sample::integers(Max, &[&[3, 9], &[5, 2]]),
        ]
        .concat()
    }
}

/// 1 where `x > y`, 0 where `x < y`, one half at ties.
pub(super) fn share(g: &mut Graph, x: Val, y: Val) -> Result<Val, TypeError> {
    let (zero, half, one) = (g.full_like(x, 0.0)?, g.full_like(x, 0.5)?, g.full_like(x, 1.0)?);
    let tie = g.eq(x, y)?;
    let greater = g.gt(x, y)?;
    let strict = g.select(greater, one, zero)?;
    g.select(tie, half, strict)
}
