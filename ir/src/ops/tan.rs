//! Tangent.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `tan x`, radians.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Tan;

impl Elementwise for Tan {
    const NAME: &'static str = "tan";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        float1(args, ty, f64::tan)
    }

    fn partials(&self, g: &mut Graph, _args: &[Val], out: Val) -> Result<Partials, TypeError> {
        let square = g.mul(out, out)?;
        let one = g.full_like(out, 1.0)?;
        Ok(smallvec![Partial::Times(g.add(one, square)?)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("tan")
    }

    fn samples() -> Vec<Sample> {
        Sample::floats(Tan, &[&[-1.5, -0.3, 0.0, 0.7, 1.2]])
    }
}
