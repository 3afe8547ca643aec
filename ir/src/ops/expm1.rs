//! Exponential minus one.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `eˣ − 1`, accurate near zero.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Expm1;

impl Elementwise for Expm1 {
    const NAME: &'static str = "expm1";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        float1(args, ty, f64::exp_m1)
    }

    fn partials(&self, g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::Times(g.exp(args[0])?)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("exponential-minus-one")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Expm1, &[&[-3.0, -1e-3, 0.0, 1e-8, 0.5, 2.0]]),
            Sample::extremes(Expm1, &[&[-1e3, -1e-17, 80.0, f64::INFINITY]]),
        ]
        .concat()
    }
}
