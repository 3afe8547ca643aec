//! Rounding up.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// The smallest integer not below `x`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Ceil;

impl Elementwise for Ceil {
    const NAME: &'static str = "ceil";
    const COST: Cost = Cost::Arithmetic;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        float1(args, ty, f64::ceil)
    }

    fn partials(&self, _g: &mut Graph, _args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::None])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("ceil")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::extremes(Ceil, &[&[-2.5, -0.5, -0.0, 0.3, 0.5, 1.5, 2.5, 7.0]]),
            Sample::extremes(Ceil, &[&[4.5e15, -1e300, f64::INFINITY, f64::NAN]]),
        ]
        .concat()
    }
}
