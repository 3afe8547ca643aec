//! Shift to the left.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// The bits of `x` moved `y` places up; zero where `y` is the width or more.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ShiftLeft;

impl Elementwise for ShiftLeft {
    const NAME: &'static str = "shift_left";
    const COST: Cost = Cost::Arithmetic;
    const ARITY: usize = 2;
    const ACCEPTS: Class = Class::Integer;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let width = 8 * ty.dtype.size() as i128;
        bits2(args, ty, |x, y| if (0..width).contains(&y) { x << y } else { 0 })
    }

    fn partials(&self, _g: &mut Graph, _args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::None, Partial::None])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("shift-left")
    }

    fn samples() -> Vec<Sample> {
        Sample::integers(ShiftLeft, &[&[1, 3, i64::from(i32::MAX)], &[4, 0, 13]])
    }
}
