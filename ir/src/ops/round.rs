//! Rounding to the nearest integer.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// The nearest integer, the even one of two (NumPy's `round`).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Round;

impl Elementwise for Round {
    const NAME: &'static str = "round";
    const COST: Cost = Cost::Arithmetic;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        float1(args, ty, f64::round_ties_even)
    }

    fn partials(&self, _g: &mut Graph, _args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::None])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("round-nearest-even")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::extremes(Round, &[&[-2.5, -0.5, -0.0, 0.3, 0.5, 1.5, 2.5, 7.0]]),
            Sample::extremes(Round, &[&[4.5e15, -1e300, f64::INFINITY, f64::NAN]]),
        ]
        .concat()
    }
}
