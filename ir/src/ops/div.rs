//! Division.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `x / y`; integers truncate towards zero, and a zero divisor gives all bits set.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Div;

impl Elementwise for Div {
    const NAME: &'static str = "div";
    const COST: Cost = Cost::Arithmetic;
    const ARITY: usize = 2;
    const ACCEPTS: Class = Class::Number;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        number2(args, ty, |x, y| x / y, |x, y| if y == 0 { -1 } else { x / y })
    }

    fn partials(&self, g: &mut Graph, args: &[Val], out: Val) -> Result<Partials, TypeError> {
        let by_x = g.full_like(args[1], 1.0)?;
        let by_x = g.div(by_x, args[1])?;
        let by_y = g.div(out, args[1])?;
        let by_y = g.neg(by_y)?;
        Ok(smallvec![Partial::Times(by_x), Partial::Times(by_y)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("divide")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Div, &[&[1.5, -2.0, 0.3], &[0.25, 7.0, -0.2]]),
            Sample::extremes(Div, &[&[1.0, 0.0, -1.0], &[0.0, 0.0, f64::INFINITY]]),
            Sample::integers(Div, &[&[7, 9], &[2, 4]]),
        ]
        .concat()
    }
}
