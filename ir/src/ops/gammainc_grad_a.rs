//! The derivative of the regularised incomplete gamma function by its shape.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `∂P(a, x)/∂a` for `a > 0` and `x ≥ 0` (`jax.lax.igamma_grad_a`).
///
/// Its own derivative is by `x` alone; to ask for the second one by `a` is an error, as in JAX.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct GammaincGradA;

impl Elementwise for GammaincGradA {
    const NAME: &'static str = "gammainc_grad_a";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 2;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        eval_in_doubles(incomplete_gamma::slope, args, ty)
    }

    fn partials(&self, g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        let density = incomplete_gamma::density(g, args)?;
        let by_x = formula(g, &[args[0], args[1], density], |[a, x, density]| {
            // Zero of a density at the origin that is zero.
            density * density.equal(0.0).select(x.literal(1.0), x).log() - density * a.op(Digamma, [])
        })?;
        const ONCE: Partial =
            Partial::Refused("no second derivative by the shape: put `stop_gradient` on the first one");
        Ok(smallvec![ONCE, Partial::Times(by_x)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Expand(incomplete_gamma::slope)
    }

    fn samples() -> Vec<Sample> {
        let mut samples = incomplete_gamma::samples(&GammaincGradA.into());
        for s in &mut samples {
            s.smooth = false;
        }
        samples
    }
}
