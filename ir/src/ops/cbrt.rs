//! Cube root.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `∛x`, odd in `x`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Cbrt;

impl Elementwise for Cbrt {
    const NAME: &'static str = "cbrt";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        float1(args, ty, f64::cbrt)
    }

    fn partials(&self, g: &mut Graph, args: &[Val], out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::Times(formula(g, &[args[0], out], |[_, r]| 1.0 / (3.0 * r.square()))?)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("cbrt")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Cbrt, &[&[-8.0, -0.1, 1.0, 2.0, 30.0]]),
            Sample::extremes(Cbrt, &[&[0.0, 1e-30, -1e30, f64::NEG_INFINITY, f64::NAN]]),
        ]
        .concat()
    }
}
