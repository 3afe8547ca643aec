//! Sign.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// −1, 0 or 1; NaN stays NaN.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Sign;

impl Elementwise for Sign {
    const NAME: &'static str = "sign";
    const COST: Cost = Cost::Arithmetic;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Signed;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        number1(args, ty, |x| if x == 0.0 || x.is_nan() { x } else { x.signum() }, i128::signum)
    }

    fn partials(&self, _g: &mut Graph, _args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::None])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("sign")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::extremes(Sign, &[&[-2.0, -0.0, 0.0, 1e-30, 3.0, f64::NAN]]),
            Sample::integers(Sign, &[&[-2, 0, 3]]),
        ]
        .concat()
    }
}
