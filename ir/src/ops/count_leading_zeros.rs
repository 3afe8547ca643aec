//! Number of leading zeros.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// The number of zeros above an integer's highest one; of zero, all its bits.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct CountLeadingZeros;

impl Elementwise for CountLeadingZeros {
    const NAME: &'static str = "count_leading_zeros";
    const COST: Cost = Cost::Arithmetic;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Integer;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let width = 8 * ty.dtype.size();
        bits1(args, ty, |x| i128::from((x & ((1 << width) - 1)).leading_zeros()) - (128 - width as i128))
    }

    fn partials(&self, _g: &mut Graph, _args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::None])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("count-leading-zeros")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::integers(CountLeadingZeros, &[&[0, 1, 6, 1 << 30]]),
            Sample::integers(CountLeadingZeros, &[&[-1, -8, i64::from(i32::MIN)]]),
        ]
        .concat()
    }
}
