//! Bessel function of order zero.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `I₀(x)`, the modified Bessel function of the first kind.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct I0;

impl Elementwise for I0 {
    const NAME: &'static str = "i0";
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
        Ok(smallvec![Partial::Times(g.push(I1, &[args[0]])?)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Expand(expand)
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(I0, &[&[-12.0, -2.0, 0.3, 3.0, 9.0]]),
            Sample::extremes(I0, &[&[1e-30, 8.0, 7.999, 80.0, f64::INFINITY, f64::NAN]]),
            vec![
                Sample::smooth(I0, [Array::from([0.0, 0.5])]),
                Sample::values(I0, [Array::from([600.0, -712.0, 720.0])]),
            ],
        ]
        .concat()
    }
}

fn expand(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    formula(g, args, |[x]| {
        let half = (0.5 * x.abs()).exp();
        i1::scaled_up(i0e::expansion(x.abs()), half)
    })
}
