//! Hyperbolic tangent.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `tanh x`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Tanh;

impl Elementwise for Tanh {
    const NAME: &'static str = "tanh";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        float1(args, ty, f64::tanh)
    }

    fn partials(&self, g: &mut Graph, _args: &[Val], out: Val) -> Result<Partials, TypeError> {
        // In factors: 1 − tanh² would lose the digits of 1 − tanh twice.
        let slope = formula(g, &[out], |[t]| (1.0 - t) * (1.0 + t))?;
        Ok(smallvec![Partial::Times(slope)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("tanh")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Tanh, &[&[-3.0, -0.5, 0.0, 1e-3, 0.7, 2.0]]),
            Sample::extremes(Tanh, &[&[1e-300, -1e-5, 19.0, -800.0, f64::INFINITY, f64::NAN]]),
        ]
        .concat()
    }
}
