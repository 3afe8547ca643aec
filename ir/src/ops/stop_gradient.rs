//! A value without derivative.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// The operand, through which no derivative flows (JAX's `stop_gradient`).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct StopGradient;

impl Elementwise for StopGradient {
    const NAME: &'static str = "stop_gradient";
    const COST: Cost = Cost::Arithmetic;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Any;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        args[0].reshape(ty.dims.iter().copied()).unwrap_or_else(|_| args[0].clone())
    }

    fn partials(&self, _g: &mut Graph, _args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::None])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Expand(|_, args| Ok(args[0]))
    }

    fn samples() -> Vec<Sample> {
        [Sample::extremes(StopGradient, &[&[-2.5, f64::NAN]]), Sample::integers(StopGradient, &[&[1, 2]])]
            .concat()
    }
}
