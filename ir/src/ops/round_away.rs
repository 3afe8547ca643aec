//! Rounding to the nearest integer, halves away from zero.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// The nearest integer, of two the one farther from zero (`jax.lax.round`'s default, `f64::round`). Adding a half and
/// rounding down would take the number just below a half to one.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct RoundAway;

impl Elementwise for RoundAway {
    const NAME: &'static str = "round_away";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        float1(args, ty, f64::round)
    }

    fn partials(&self, _g: &mut Graph, _args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::None])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("round-nearest-afz")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::extremes(RoundAway, &[&[-2.5, -0.5, -0.0, 0.3, 0.5, 1.5, 2.5, 7.0]]),
            Sample::extremes(
                RoundAway,
                &[&[0.499_999_999_999_999_94, 4.5e15, -1e300, f64::INFINITY, f64::NAN]],
            ),
        ]
        .concat()
    }
}
