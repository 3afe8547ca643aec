//! Logical shift to the right.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// The bits of `x` moved `y` places down, zeros moving in; zero where `y` is the width or more.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ShiftRight;

impl Elementwise for ShiftRight {
    const NAME: &'static str = "shift_right";
    const COST: Cost = Cost::Arithmetic;
    const ARITY: usize = 2;
    const ACCEPTS: Class = Class::Integer;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let width = 8 * ty.dtype.size() as i128;
        let unsigned = |x: i128| x & ((1 << width) - 1);
        bits2(args, ty, |x, y| if (0..width).contains(&y) { unsigned(x) >> y } else { 0 })
    }

    fn partials(&self, _g: &mut Graph, _args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::None, Partial::None])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("shift-right-logical")
    }

    fn samples() -> Vec<Sample> {
        Sample::integers(ShiftRight, &[&[16, 3, i64::from(i32::MAX)], &[4, 0, 13]])
    }
}
