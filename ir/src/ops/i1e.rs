//! Scaled Bessel function of order one.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `e^−|x| I₁(x)`, the modified Bessel function of the first kind (SciPy's `i1e`).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct I1e;

impl Elementwise for I1e {
    const NAME: &'static str = "i1e";
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
        let order_zero = g.push(I0e, &[args[0]])?;
        let slope = formula(g, &[args[0], order_zero, out], |[x, i0, i1]| {
            // I₁(x)/x is a half at zero, where its neighbours' digits are those of the half.
            let near = x.abs().less(f64::EPSILON);
            let ratio = near.select(x.literal(0.5), i1 / near.select(x.literal(1.0), x));
            i0 - ratio - x.op(Sign, []) * i1
        })?;
        Ok(smallvec![Partial::Times(slope)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Expand(expand)
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(I1e, &[&[-12.0, -2.0, 0.3, 3.0, 9.0]]),
            Sample::extremes(I1e, &[&[0.0, 1e-30, 8.0, 7.999, 1e5, -1e30, f64::INFINITY, f64::NAN]]),
        ]
        .concat()
    }
}

fn expand(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    formula(g, args, |[x]| expansion(x))
}

pub(super) fn expansion(x: Num<'_>) -> Num<'_> {
    let distance = x.abs();
    let small = x * (0.25 * distance - 1.0).polynomial(&coefficients::I1E_SMALL);
    let large = (16.0 / distance - 1.0).polynomial(&coefficients::I1E_LARGE) / distance.sqrt();
    let large = x.less(0.0).select(-large, large);
    distance.less(8.0).select(small, large)
}
