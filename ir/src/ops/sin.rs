//! Sine.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `sin x`, radians.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Sin;

impl Elementwise for Sin {
    const NAME: &'static str = "sin";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        float1(args, ty, f64::sin)
    }

    fn partials(&self, g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::Times(g.push(Cos, &[args[0]])?)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("sine")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Sin, &[&[-4.0, -0.3, 0.0, 0.7, 3.0, 100.0]]),
            Sample::extremes(Sin, &[&[1e-300, -1e6, 1e22, f64::INFINITY, f64::NAN]]),
        ]
        .concat()
    }
}
