//! Cosine.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `cos x`, radians.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Cos;

impl Elementwise for Cos {
    const NAME: &'static str = "cos";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        float1(args, ty, f64::cos)
    }

    fn partials(&self, g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        let sine = g.push(Sin, &[args[0]])?;
        Ok(smallvec![Partial::Times(g.neg(sine)?)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("cosine")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Cos, &[&[-4.0, -0.3, 0.0, 0.7, 3.0, 100.0]]),
            Sample::extremes(Cos, &[&[1e-300, -1e6, 1e22, f64::INFINITY, f64::NAN]]),
        ]
        .concat()
    }
}
