//! The regularised lower incomplete gamma function.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `P(a, x) = ∫₀ˣ tᵃ⁻¹ e⁻ᵗ dt / Γ(a)` for `a > 0` and `x ≥ 0`; NaN outside (SciPy's and JAX's `gammainc`).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Gammainc;

impl Elementwise for Gammainc {
    const NAME: &'static str = "gammainc";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 2;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        eval_in_doubles(incomplete_gamma::lower, args, ty)
    }

    fn partials(&self, g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        let by_a = g.push(GammaincGradA, args)?;
        Ok(smallvec![Partial::Times(by_a), Partial::Times(incomplete_gamma::density(g, args)?)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Expand(incomplete_gamma::lower)
    }

    fn samples() -> Vec<Sample> {
        incomplete_gamma::samples(&Gammainc.into())
    }
}
