//! Reciprocal square root.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `1 / √x`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Rsqrt;

impl Elementwise for Rsqrt {
    const NAME: &'static str = "rsqrt";
    const COST: Cost = Cost::Light;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        float1(args, ty, |x| 1.0 / x.sqrt())
    }

    fn partials(&self, g: &mut Graph, args: &[Val], out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::Times(formula(g, &[args[0], out], |[x, r]| -0.5 * r / x)?)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("rsqrt")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Rsqrt, &[&[0.1, 1.0, 2.0, 30.0]]),
            Sample::extremes(Rsqrt, &[&[0.0, 1e-30, 1e30, f64::INFINITY, f64::NAN]]),
        ]
        .concat()
    }
}
