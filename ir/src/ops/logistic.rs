//! Logistic function.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `1 / (1 + e⁻ˣ)`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Logistic;

impl Elementwise for Logistic {
    const NAME: &'static str = "logistic";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        float1(args, ty, |x| 1.0 / (1.0 + (-x).exp()))
    }

    fn partials(&self, g: &mut Graph, _args: &[Val], out: Val) -> Result<Partials, TypeError> {
        let one = g.full_like(out, 1.0)?;
        let rest = g.sub(one, out)?;
        Ok(smallvec![Partial::Times(g.mul(out, rest)?)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("logistic")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Logistic, &[&[-3.0, -0.5, 0.0, 0.5, 4.0]]),
            Sample::extremes(Logistic, &[&[-800.0, -40.0, 40.0, 800.0]]),
        ]
        .concat()
    }
}
