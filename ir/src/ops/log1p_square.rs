//! Logarithm of one plus a square.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `ln(1 + x²)`, accurate near zero and also where the square overflows; its derivative is `2x / (1 + x²)`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Log1pSquare;

/// Beyond it, 1 is nothing beside the square; below it, squares overflow in no precision.
const FAR: f64 = 1e10;

impl Elementwise for Log1pSquare {
    const NAME: &'static str = "log1p_square";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        float1(args, ty, |x| if x.abs() > FAR { 2.0 * x.abs().ln() } else { (x * x).ln_1p() })
    }

    fn partials(&self, g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        let slope = formula(g, args, |[x]| {
            let far = x.abs().greater(FAR);
            // What is not selected must be finite too, for the derivatives of this.
            let near = far.select(x.literal(0.0), x);
            far.select(x.literal(2.0), x + x) / far.select(x, near.square() + 1.0)
        })?;
        Ok(smallvec![Partial::Times(slope)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Expand(expand)
    }

    fn samples() -> Vec<Sample> {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        [
            Sample::floats(Log1pSquare, &[&[-3.0, -0.5, 0.0, 1e-3, 0.7, 4.0]]),
            Sample::extremes(Log1pSquare, &[&[1e-30, 1e5, -1e12, 1e30, inf, -inf, nan]]),
        ]
        .concat()
    }
}

/// Of `x²`, or `2 ln |x|` far out, by one logarithm.
fn expand(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    formula(g, args, |[x]| {
        let x = x.abs();
        let far = x.greater(FAR);
        far.select(x - 1.0, x.square()).log1p() * far.select(x.literal(2.0), 1.0)
    })
}
