//! The regularised incomplete beta function.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `I_x(a, b) = ∫₀ˣ tᵃ⁻¹ (1 − t)ᵇ⁻¹ dt / B(a, b)` for `a, b > 0` and `0 ≤ x ≤ 1`; NaN outside (SciPy's and JAX's `betainc`).
///
/// The derivative is by `x` alone; to ask for one by `a` or `b` is an error, as in JAX.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Betainc;

impl Elementwise for Betainc {
    const NAME: &'static str = "betainc";
    const ARITY: usize = 3;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        eval_in_doubles(incomplete_beta::expand, args, ty)
    }

    fn partials(&self, g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        const BY_X: Partial =
            Partial::Refused("derivatives by `x` alone, none by `a` or `b`: put `stop_gradient` on these");
        Ok(smallvec![BY_X, BY_X, Partial::Times(g.push(BetaincGradX, args)?)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Expand(incomplete_beta::expand)
    }

    fn samples() -> Vec<Sample> {
        incomplete_beta::samples(&Betainc.into())
    }
}
