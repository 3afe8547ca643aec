//! Angle of a point.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// The angle of the point `(x, y)`, operands `y` first: in [−π, π], `atan(y / x)` in the right quadrant.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Atan2;

impl Elementwise for Atan2 {
    const NAME: &'static str = "atan2";
    const COST: Cost = Cost::Dear;
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
        Hlo::Expand(expand)
    }

    fn samples() -> Vec<Sample> {
        let ladder: Vec<f64> = (-32..32).map(|i| 0.11 * f64::from(i) + 0.03).collect();
        [
            Sample::extremes(Atan2, &[&ladder, &[1.0; 64]]),
            Sample::floats(Atan2, &[&[0.5, -0.5, 2.0, -2.0, 0.0], &[1.0, -1.0, -0.5, 0.5, 1.0]]),
            Sample::extremes(
                Atan2,
                &[
                    &[0.0, 0.0, 1.0, -1.0, f64::INFINITY, f64::NAN, -0.0, 0.0, -0.0, 0.0, -3.0],
                    &[1.0, -1.0, 0.0, 0.0, f64::INFINITY, 1.0, -0.0, 0.0, 2.0, -0.0, f64::NEG_INFINITY],
                ],
            ),
            Sample::extremes(
                Atan2,
                &[
                    &[1e300, 1e-300, f64::NEG_INFINITY, f64::NEG_INFINITY, 1.0, 0.41421, 0.41422, 1.0],
                    &[-1e-10, 1e300, f64::NEG_INFINITY, 1.0, f64::INFINITY, 1.0, 1.0, 1.0],
                ],
            ),
        ]
        .concat()
    }
}

/// HLO's instruction is not used: XLA makes an arctangent of one whose second operand is the constant 1, and the vectorised
/// code of that, in the XLA of 2026, is wrong by up to 0.95.
///
/// The smaller operand over the larger lies in [0, 1]; above tan(π/8) the tangent's sum rule moves it to [−tan(π/8), 0].
fn expand(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI, SQRT_2};
    formula(g, args, |[y, x]| {
        let (a, b) = (x.abs(), y.abs());
        let (small, large) = (a.min(b), a.max(b));
        let ratio = small / large;
        // 0/0 and ∞/∞.
        let ratio = large.equal(0.0).select(ratio.literal(0.0), ratio);
        let ratio = small.equal(f64::INFINITY).select(ratio.literal(1.0), ratio);
        let moved = ratio.greater(SQRT_2 - 1.0);
        let r = moved.select((ratio - 1.0) / (ratio + 1.0), ratio);
        let z = r.square();
        let t = z * (2.0 / (3.0 - 2.0 * SQRT_2)) - 1.0;
        let angle = r + r * z * t.polynomial(&coefficients::ATAN);
        let angle = moved.select(angle + FRAC_PI_4, angle);
        let angle = b.greater(a).select(FRAC_PI_2 - angle, angle);
        let angle = negative(x).select(PI - angle, angle);
        negative(y).select(-angle, angle)
    })
}

/// Whether a number has its sign bit set, as −0 does.
fn negative(x: Num<'_>) -> Num<'_> {
    x.less(0.0) | (x.equal(0.0) & (1.0 / x).less(0.0))
}
