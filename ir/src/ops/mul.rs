//! Multiplication.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `x y`; integers wrap.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Mul;

impl Elementwise for Mul {
    const NAME: &'static str = "mul";
    const COST: Cost = Cost::Arithmetic;
    const ARITY: usize = 2;
    const ACCEPTS: Class = Class::Number;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        number2(args, ty, |x, y| x * y, i128::wrapping_mul)
    }

    fn partials(&self, _g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::Times(args[1]), Partial::Times(args[0])])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("multiply")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Mul, &[&[1.5, -2.0, 0.0], &[0.25, 7.0, 0.2]]),
            Sample::integers(Mul, &[&[3, i64::from(i32::MAX)], &[2, 7]]),
        ]
        .concat()
    }
}
