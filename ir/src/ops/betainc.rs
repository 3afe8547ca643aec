//! The regularised incomplete beta function.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `I_x(a, b) = ∫₀ˣ tᵃ⁻¹ (1 − t)ᵇ⁻¹ dt / B(a, b)` for `a, b > 0` and `0 ≤ x ≤ 1`; NaN outside (SciPy's and JAX's `betainc`).
///
/// It has first derivatives by all three; those by `a` and `b` have derivatives by `x` alone.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Betainc;

impl Elementwise for Betainc {
    const NAME: &'static str = "betainc";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 3;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        eval_in_doubles(incomplete_beta::expand, args, ty)
    }

    fn partials(&self, g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        let by_a = g.push(BetaincGradA, args)?;
        let by_b = g.push(BetaincGradB, args)?;
        Ok(smallvec![Partial::Times(by_a), Partial::Times(by_b), Partial::Times(g.push(BetaincGradX, args)?)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Expand(incomplete_beta::expand)
    }

    fn samples() -> Vec<Sample> {
        incomplete_beta::samples(&Betainc.into())
    }
}
