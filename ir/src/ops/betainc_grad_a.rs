//! The derivative of the regularised incomplete beta function by its first parameter.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `∂I_x(a, b)/∂a` for `a, b > 0` and `0 ≤ x ≤ 1`; NaN outside.
///
/// Its own derivative is by `x` alone; to ask for a second one by a parameter is an error.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct BetaincGradA;

impl Elementwise for BetaincGradA {
    const NAME: &'static str = "betainc_grad_a";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 3;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        eval_in_doubles(incomplete_beta_slopes::slope_a, args, ty)
    }

    fn partials(&self, g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        let density = incomplete_beta::density(g, args)?;
        let by_x = incomplete_beta_slopes::bends(g, args, density)?[0];
        let once = Partial::Refused(incomplete_beta_slopes::ONCE);
        Ok(smallvec![once, once, Partial::Times(by_x)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Expand(incomplete_beta_slopes::slope_a)
    }

    fn samples() -> Vec<Sample> {
        incomplete_beta::samples(&BetaincGradA.into())
    }
}
