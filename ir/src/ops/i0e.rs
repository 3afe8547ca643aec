//! Scaled Bessel function of order zero.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `e^−|x| I₀(x)`, the modified Bessel function of the first kind (SciPy's `i0e`).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct I0e;

impl Elementwise for I0e {
    const NAME: &'static str = "i0e";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        eval_in_doubles(expand, args, ty)
    }

    fn partials(&self, g: &mut Graph, args: &[Val], out: Val) -> Result<Partials, TypeError> {
        let order_one = g.push(I1e, &[args[0]])?;
        let slope = formula(g, &[args[0], out, order_one], |[x, i0, i1]| i1 - x.op(Sign, []) * i0)?;
        Ok(smallvec![Partial::Times(slope)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Expand(expand)
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(I0e, &[&[-12.0, -2.0, 0.3, 3.0, 9.0]]),
            Sample::extremes(I0e, &[&[0.0, 1e-30, 8.0, 7.999, 1e5, -1e30, f64::INFINITY, f64::NAN]]),
        ]
        .concat()
    }
}

fn expand(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    formula(g, args, |[x]| expansion(x.abs()))
}

pub(super) fn expansion(x: Num<'_>) -> Num<'_> {
    let small = (0.25 * x - 1.0).polynomial(&coefficients::I0E_SMALL);
    let large = (16.0 / x - 1.0).polynomial(&coefficients::I0E_LARGE) / x.sqrt();
    x.less(8.0).select(small, large)
}
