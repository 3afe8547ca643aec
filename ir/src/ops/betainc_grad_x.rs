//! The density of the beta distribution, which is the derivative of the incomplete beta function.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `xᵃ⁻¹ (1 − x)ᵇ⁻¹ / B(a, b) = ∂I_x(a, b)/∂x` for `a, b > 0` and `0 ≤ x ≤ 1`; NaN outside.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct BetaincGradX;

impl Elementwise for BetaincGradX {
    const NAME: &'static str = "betainc_grad_x";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 3;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        eval_in_doubles(incomplete_beta::density, args, ty)
    }

    fn partials(&self, g: &mut Graph, args: &[Val], out: Val) -> Result<Partials, TypeError> {
        let [by_a, by_b] = incomplete_beta_slopes::bends(g, args, out)?;
        let by_x = formula(g, &[args[0], args[1], args[2], out], |[a, b, x, density]| {
            density * ((a - 1.0) / x - (b - 1.0) / (1.0 - x))
        })?;
        Ok(smallvec![Partial::Times(by_a), Partial::Times(by_b), Partial::Times(by_x)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Expand(incomplete_beta::density)
    }

    fn samples() -> Vec<Sample> {
        let mut samples = incomplete_beta::samples(&BetaincGradX.into());
        let smooth =
            [&[0.7, 2.0, 12.0, 3.0, 40.0], &[1.5, 0.8, 2.5, 15.0, 60.0], &[0.2, 0.6, 0.8, 0.2, 0.38]];
        samples.push(Sample::smooth(BetaincGradX, smooth.map(|x| Array::from(&x[..]))));
        samples
    }
}
