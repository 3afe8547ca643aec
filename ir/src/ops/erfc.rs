//! Complementary error function.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `1 − erf x`, with all digits where it is small.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Erfc;

impl Elementwise for Erfc {
    const NAME: &'static str = "erfc";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        eval_in_doubles(expand, args, ty)
    }

    fn partials(&self, g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        let slope = formula(g, args, |[x]| -std::f64::consts::FRAC_2_SQRT_PI * (-x.square()).exp())?;
        Ok(smallvec![Partial::Times(slope)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Expand(expand)
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Erfc, &[&[-2.0, -0.5, 0.0, 1e-3, 0.7, 3.0]]),
            Sample::extremes(Erfc, &[&[1e-30, 9.0, -6.0, 30.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]]),
        ]
        .concat()
    }
}

fn expand(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    formula(g, args, |[x]| expansion(x))
}

pub(super) fn expansion(x: Num<'_>) -> Num<'_> {
    let tail = (-x.square()).exp() * erfcx::of_positive(x.abs());
    x.less(0.0).select(2.0 - tail, tail)
}
