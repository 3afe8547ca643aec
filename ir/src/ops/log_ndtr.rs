//! Log of the normal distribution function.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `ln Φ(x)`, with all digits in both tails (SciPy's `log_ndtr`).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct LogNdtr;

impl Elementwise for LogNdtr {
    const NAME: &'static str = "log_ndtr";
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
        let slope = formula(g, args, |[x]| {
            let ratio = (-std::f64::consts::FRAC_1_SQRT_2 * x).op(Erfcx, []);
            (2.0 / std::f64::consts::PI).sqrt() / ratio
        })?;
        Ok(smallvec![Partial::Times(slope)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Expand(expand)
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(LogNdtr, &[&[-30.0, -5.0, -0.5, 0.0, 1e-3, 0.7, 3.0]]),
            Sample::extremes(
                LogNdtr,
                &[&[-1e10, -40.0, 9.0, 40.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]],
            ),
        ]
        .concat()
    }
}

/// `Φ(x) = erfc(−x/√2)/2`.
fn expand(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    formula(g, args, |[x]| {
        let scaled = erfcx::of_positive(x.abs() * std::f64::consts::FRAC_1_SQRT_2);
        let square = -0.5 * x.square();
        let below = square + (0.5 * scaled).log();
        let above = (-0.5 * square.exp() * scaled).log1p();
        x.less(0.0).select(below, above)
    })
}
