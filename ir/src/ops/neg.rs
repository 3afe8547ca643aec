//! Negation.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `−x`; unsigned integers wrap.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Neg;

impl Elementwise for Neg {
    const NAME: &'static str = "neg";
    const COST: Cost = Cost::Arithmetic;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Number;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        number1(args, ty, |x| -x, |x| -x)
    }

    fn partials(&self, _g: &mut Graph, _args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::MinusOne])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("negate")
    }

    fn samples() -> Vec<Sample> {
        [Sample::floats(Neg, &[&[1.5, -2.0]]), Sample::integers(Neg, &[&[0, 3]])].concat()
    }
}
