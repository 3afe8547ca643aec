//! Power.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `xʸ`; negative bases take integer exponents, `x⁰` is 1.
///
/// Derivatives are finite where the true ones are: by `x` zero at `y = 0`, by `y` zero at `x = 0 ≤ y`. By `y` at a
/// negative base there is none (NaN).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Pow;

impl Elementwise for Pow {
    const NAME: &'static str = "pow";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 2;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        number2(args, ty, f64::powf, |x, _| x)
    }

    fn partials(&self, g: &mut Graph, args: &[Val], out: Val) -> Result<Partials, TypeError> {
        let [by_base, by_exponent] = formulas(g, &[args[0], args[1], out], |[x, y, power]| {
            let constant = y.equal(0.0);
            let lowered = x.op(Pow, [constant.select(y.literal(1.0), y - 1.0)]);
            let vanishing = x.equal(0.0) & !y.less(0.0);
            let log = vanishing.select(x.literal(1.0), x).log();
            [constant.select(y.literal(0.0), y * lowered), power * log]
        })?;
        Ok(smallvec![Partial::Times(by_base), Partial::Times(by_exponent)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("power")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Pow, &[&[0.3, 2.0, 1.7, 5.0, 1.0], &[2.5, -1.3, 1.0, 0.5, 0.2]]),
            Sample::extremes(
                Pow,
                &[
                    &[-2.0, -2.0, 0.0, 0.0, 0.0, f64::INFINITY, f64::NAN, -0.5],
                    &[3.0, -2.0, 0.0, 2.0, -1.0, 0.5, 0.0, 0.5],
                ],
            ),
        ]
        .concat()
    }
}
