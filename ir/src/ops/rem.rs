//! Remainder.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// The remainder of `x / y`, with the sign of `x`; `x` for integers where `y` is zero.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Rem;

impl Elementwise for Rem {
    const NAME: &'static str = "rem";
    const COST: Cost = Cost::Arithmetic;
    const ARITY: usize = 2;
    const ACCEPTS: Class = Class::Number;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        number2(args, ty, |x, y| x % y, |x, y| if y == 0 { x } else { x % y })
    }

    fn partials(&self, g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        let by_y = formula(g, args, |[x, y]| {
            let ratio = x / y;
            let steps = ratio.abs().floor();
            ratio.less(0.0).select(steps, -steps)
        })?;
        Ok(smallvec![Partial::One, Partial::Times(by_y)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("remainder")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Rem, &[&[5.3, -5.3, 5.3, -5.3], &[2.0, 2.0, -2.0, -2.0]]),
            Sample::extremes(
                Rem,
                &[&[1.0, 0.0, 1e10, 3.0, f64::INFINITY, f64::NAN], &[0.0, 2.0, 3.0, f64::INFINITY, 2.0, 2.0]],
            ),
            Sample::integers(Rem, &[&[7, 9, 4], &[3, 3, 5]]),
            Sample::integers(Rem, &[&[-7, 7, -7], &[3, -3, -3]]),
        ]
        .concat()
    }
}
