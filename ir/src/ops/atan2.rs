//! Angle of a point.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// The angle of the point `(x, y)`, operands `y` first: in [−π, π], `atan(y / x)` in the right quadrant.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Atan2;

impl Elementwise for Atan2 {
    const NAME: &'static str = "atan2";
    const ARITY: usize = 2;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        number2(args, ty, f64::atan2, |y, _| y)
    }

    fn partials(&self, g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        let [by_y, by_x] = formulas(g, args, |[y, x]| {
            let square = x.square() + y.square();
            [x / square, -y / square]
        })?;
        Ok(smallvec![Partial::Times(by_y), Partial::Times(by_x)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("atan2")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Atan2, &[&[0.5, -0.5, 2.0, -2.0, 0.0], &[1.0, -1.0, -0.5, 0.5, 1.0]]),
            Sample::extremes(
                Atan2,
                &[
                    &[0.0, 0.0, 1.0, -1.0, f64::INFINITY, f64::NAN],
                    &[1.0, -1.0, 0.0, 0.0, f64::INFINITY, 1.0],
                ],
            ),
        ]
        .concat()
    }
}
