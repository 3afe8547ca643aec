//! Natural logarithm.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `ln x`; −∞ at zero, NaN below.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Log;

impl Elementwise for Log {
    const NAME: &'static str = "log";
    const COST: Cost = Cost::Light;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        float1(args, ty, f64::ln)
    }

    fn partials(&self, g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        let one = g.full_like(args[0], 1.0)?;
        Ok(smallvec![Partial::Times(g.div(one, args[0])?)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("log")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Log, &[&[0.1, 0.5, 1.0, 3.0]]),
            Sample::extremes(Log, &[&[0.0, -1.0, 1e-30, 1e30, f64::INFINITY]]),
        ]
        .concat()
    }
}
