//! Error function.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `erf x`, odd, from −1 to 1.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Erf;

impl Elementwise for Erf {
    const NAME: &'static str = "erf";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        eval_in_doubles(reference, args, ty)
    }

    fn partials(&self, g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        let slope = formula(g, args, |[x]| std::f64::consts::FRAC_2_SQRT_PI * (-x.square()).exp())?;
        Ok(smallvec![Partial::Times(slope)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("erf")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Erf, &[&[-2.0, -0.5, 0.0, 1e-3, 0.7, 1.3]]),
            Sample::extremes(Erf, &[&[1e-30, 0.999, 1.0, -6.0, 30.0, f64::NEG_INFINITY, f64::NAN]]),
        ]
        .concat()
    }
}

/// Near zero a series, where `1 − erfc` would cancel.
fn reference(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    formula(g, args, |[x]| {
        let small = x * (2.0 * x.square() - 1.0).polynomial(&coefficients::ERF);
        x.abs().less(1.0).select(small, 1.0 - erfc::expansion(x))
    })
}
