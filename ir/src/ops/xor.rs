//! Exclusive or.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// Bitwise exclusive or of integers, logical of truth values.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Xor;

impl Elementwise for Xor {
    const NAME: &'static str = "xor";
    const COST: Cost = Cost::Arithmetic;
    const ARITY: usize = 2;
    const ACCEPTS: Class = Class::Bits;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        bits2(args, ty, |x, y| x ^ y)
    }

    fn partials(&self, _g: &mut Graph, _args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::None, Partial::None])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("xor")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::integers(Xor, &[&[12, 7], &[10, 1]]),
            vec![Sample::values(
                Xor,
                [Array::from([false, false, true, true]), Array::from([false, true, false, true])],
            )],
        ]
        .concat()
    }
}
