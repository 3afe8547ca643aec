//! Bessel function of order one.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `I₁(x)`, the modified Bessel function of the first kind.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct I1;

impl Elementwise for I1 {
    const NAME: &'static str = "i1";
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
        let order_zero = g.push(I0, &[args[0]])?;
        let slope = formula(g, &[args[0], order_zero, out], |[x, i0, i1]| {
            let near = x.abs().less(f64::EPSILON);
            i0 - near.select(x.literal(0.5), i1 / near.select(x.literal(1.0), x))
        })?;
        Ok(smallvec![Partial::Times(slope)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Expand(expand)
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(I1, &[&[-12.0, -2.0, 0.3, 3.0, 9.0]]),
            Sample::extremes(
                I1,
                &[&[0.0, 1e-30, 8.0, 7.999, 80.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]],
            ),
            vec![Sample::values(I1, [Array::from([600.0, -712.0, 720.0])])],
        ]
        .concat()
    }
}

fn expand(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    formula(g, args, |[x]| {
        let half = (0.5 * x.abs()).exp();
        scaled_up(i1e::expansion(x), half)
    })
}

/// `scaled · half²`, in an order that overflows only where the result does; infinity times zero is the infinity.
pub(super) fn scaled_up<'s>(scaled: Num<'s>, half: Num<'s>) -> Num<'s> {
    let value = scaled * half * half;
    half.less(f64::INFINITY).select(value, scaled * f64::INFINITY)
}
