//! The regularised upper incomplete gamma function.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `Q(a, x) = ∫ₓ^∞ tᵃ⁻¹ e⁻ᵗ dt / Γ(a) = 1 − P(a, x)` for `a > 0` and `x ≥ 0`, with all digits where it is small; NaN outside
/// (SciPy's and JAX's `gammaincc`).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Gammaincc;

impl Elementwise for Gammaincc {
    const NAME: &'static str = "gammaincc";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 2;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        eval_in_doubles(incomplete_gamma::upper, args, ty)
    }

    fn partials(&self, g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        let by_a = g.push(GammaincGradA, args)?;
        let by_x = incomplete_gamma::density(g, args)?;
        Ok(smallvec![Partial::Times(g.neg(by_a)?), Partial::Times(g.neg(by_x)?)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Expand(incomplete_gamma::upper)
    }

    fn samples() -> Vec<Sample> {
        incomplete_gamma::samples(&Gammaincc.into())
    }
}
