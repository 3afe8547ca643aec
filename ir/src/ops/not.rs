//! Not.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// Bitwise complement of integers, logical complement of truth values.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Not;

impl Elementwise for Not {
    const NAME: &'static str = "not";
    const COST: Cost = Cost::Arithmetic;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Bits;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        bits1(args, ty, |x| if ty.dtype == DType::Bool { 1 - x } else { !x })
    }

    fn partials(&self, _g: &mut Graph, _args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::None])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("not")
    }

    fn samples() -> Vec<Sample> {
        [Sample::integers(Not, &[&[0, 12]]), vec![Sample::values(Not, [Array::from([false, true])])]].concat()
    }
}
