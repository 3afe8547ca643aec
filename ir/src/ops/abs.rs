//! Absolute value.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `|x|`; its derivative at zero is zero.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Abs;

impl Elementwise for Abs {
    const NAME: &'static str = "abs";
    const COST: Cost = Cost::Arithmetic;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Number;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        number1(args, ty, f64::abs, i128::abs)
    }

    fn partials(&self, g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        let sign = g.push(Sign, &[args[0]])?;
        Ok(smallvec![Partial::Times(sign)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("abs")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Abs, &[&[-2.5, -1e-3, 0.5, 3.0]]),
            Sample::extremes(Abs, &[&[0.0, -0.0, f64::NEG_INFINITY, f64::NAN]]),
        ]
        .concat()
    }
}
