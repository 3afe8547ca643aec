//! Addition.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `x + y`; integers wrap.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Add;

impl Elementwise for Add {
    const NAME: &'static str = "add";
    const COST: Cost = Cost::Arithmetic;
    const ARITY: usize = 2;
    const ACCEPTS: Class = Class::Number;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        number2(args, ty, |x, y| x + y, i128::wrapping_add)
    }

    fn partials(&self, _g: &mut Graph, _args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::One, Partial::One])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("add")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Add, &[&[1.5, -2.0, 0.1], &[0.25, 7.0, 0.2]]),
            Sample::integers(Add, &[&[1, i64::from(i32::MAX)], &[2, 1]]),
        ]
        .concat()
    }
}
