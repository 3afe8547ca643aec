//! Square root.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `√x`; NaN below zero.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Sqrt;

impl Elementwise for Sqrt {
    const NAME: &'static str = "sqrt";
    const COST: Cost = Cost::Light;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        float1(args, ty, f64::sqrt)
    }

    fn partials(&self, g: &mut Graph, _args: &[Val], out: Val) -> Result<Partials, TypeError> {
        let half = g.full_like(out, 0.5)?;
        Ok(smallvec![Partial::Times(g.div(half, out)?)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("sqrt")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Sqrt, &[&[0.1, 1.0, 9.0]]),
            Sample::extremes(Sqrt, &[&[0.0, -1.0, 1e-30, f64::INFINITY]]),
        ]
        .concat()
    }
}
