//! Minimum.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// The smaller operand, NaN if either is; at ties each has half the derivative.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Min;

impl Elementwise for Min {
    const NAME: &'static str = "min";
    const COST: Cost = Cost::Arithmetic;
    const ARITY: usize = 2;
    const ACCEPTS: Class = Class::Number;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        number2(args, ty, |x, y| if x.is_nan() || y.is_nan() { f64::NAN } else { x.min(y) }, i128::min)
    }

    fn partials(&self, g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        let (x, y) = (args[0], args[1]);
        Ok(smallvec![
            Partial::Times(super::max::share(g, y, x)?),
            Partial::Times(super::max::share(g, x, y)?)
        ])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Native("minimum")
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Min, &[&[1.0, -2.0, 0.3], &[0.5, 1.0, 0.7]]),
            Sample::extremes(Min, &[&[1.0, f64::NAN, 2.0, 0.0], &[1.0, 0.0, f64::INFINITY, f64::NAN]]),
            Sample::integers(Min, &[&[3, 9], &[5, 2]]),
        ]
        .concat()
    }
}
