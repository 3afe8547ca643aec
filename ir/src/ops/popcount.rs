//! Number of set bits.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// The number of ones among an integer's bits.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Popcount;

impl Elementwise for Popcount {
    const NAME: &'static str = "popcount";
    const COST: Cost = Cost::Arithmetic;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Integer;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let width = 8 * ty.dtype.size();
        bits1(args, ty, |x| i128::from((x & ((1 << width) - 1)).count_ones()))
    }

    fn partials(&self, _g: &mut Graph, _args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::None])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("popcnt")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::integers(Popcount, &[&[0, 1, 6, 1 << 30]]),
            Sample::integers(Popcount, &[&[-1, -8, i64::from(i32::MIN)]]),
        ]
        .concat()
    }
}
