//! Exponential.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `eˣ`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Exp;

impl Elementwise for Exp {
    const NAME: &'static str = "exp";
    const COST: Cost = Cost::Light;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        float1(args, ty, f64::exp)
    }

    fn partials(&self, _g: &mut Graph, _args: &[Val], out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::Times(out)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("exponential")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Exp, &[&[-3.0, -0.5, 0.0, 0.5, 2.0]]),
            Sample::extremes(Exp, &[&[-1e3, -80.0, 80.0, 1e3, f64::NAN]]),
        ]
        .concat()
    }
}
