//! Subtraction.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `x − y`; integers wrap.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Sub;

impl Elementwise for Sub {
    const NAME: &'static str = "sub";
    const COST: Cost = Cost::Arithmetic;
    const ARITY: usize = 2;
    const ACCEPTS: Class = Class::Number;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        number2(args, ty, |x, y| x - y, i128::wrapping_sub)
    }

    fn partials(&self, _g: &mut Graph, _args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::One, Partial::MinusOne])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("subtract")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Sub, &[&[1.5, -2.0, 0.1], &[0.25, 7.0, 0.2]]),
            Sample::integers(Sub, &[&[1, 5], &[2, 1]]),
        ]
        .concat()
    }
}
