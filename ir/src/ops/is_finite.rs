//! Finiteness.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// Whether the number is neither infinite nor NaN.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct IsFinite;

impl Elementwise for IsFinite {
    const NAME: &'static str = "is_finite";
    const COST: Cost = Cost::Arithmetic;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, _operand: DType) -> DType {
        DType::Bool
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        Array::from_i128_iter(ty, args[0].to_f64_vec().into_iter().map(|x| i128::from(x.is_finite())))
    }

    fn partials(&self, _g: &mut Graph, _args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::None])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("is-finite")
    }

    fn samples() -> Vec<Sample> {
        Sample::extremes(IsFinite, &[&[0.0, 1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]])
    }
}
