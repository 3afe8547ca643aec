//! Natural logarithm of one plus.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `ln(1 + x)`, accurate near zero; −∞ at −1, NaN below.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Log1p;

impl Elementwise for Log1p {
    const NAME: &'static str = "log1p";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        float1(args, ty, f64::ln_1p)
    }

    fn partials(&self, g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        let one = g.full_like(args[0], 1.0)?;
        let shifted = g.add(one, args[0])?;
        Ok(smallvec![Partial::Times(g.div(one, shifted)?)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("log-plus-one")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Log1p, &[&[-0.9, -1e-3, 0.0, 0.5, 3.0]]),
            Sample::extremes(Log1p, &[&[-1.0, -2.0, 1e-17, 1e30]]),
        ]
        .concat()
    }
}
