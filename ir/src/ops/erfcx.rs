//! Scaled complementary error function.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `e^x² erfc(x)`, which neither under- nor overflows for positive `x` (SciPy's `erfcx`).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Erfcx;

/// `(−1)ᵏ (2k − 1)!!` from k = 7 down to 1, in 1/(2x²).
const ASYMPTOTIC: [f64; 7] = [-135_135.0, 10_395.0, -945.0, 105.0, -15.0, 3.0, -1.0];

impl Elementwise for Erfcx {
    const NAME: &'static str = "erfcx";
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
        let slope = formula(g, &[args[0], out], |[x, y]| {
            let c = std::f64::consts::FRAC_2_SQRT_PI;
            // The difference cancels far out, where its asymptotic series takes over.
            let w = 0.5 / x.max(30.0).square();
            let series = c * w * w.polynomial(&ASYMPTOTIC);
            x.greater(30.0).select(series, 2.0 * x * y - c)
        })?;
        Ok(smallvec![Partial::Times(slope)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Expand(expand)
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Erfcx, &[&[-1.5, -0.5, 0.0, 1e-3, 0.7, 3.0]]),
            Sample::extremes(
                Erfcx,
                &[&[1e-30, 9.0, 1e5, 1e30, -30.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]],
            ),
        ]
        .concat()
    }
}

fn expand(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    formula(g, args, |[x]| {
        let tail = of_positive(x.abs());
        x.less(0.0).select(2.0 * x.square().exp() - tail, tail)
    })
}

/// A polynomial in (x − 3)/(x + 3), which maps [0, ∞] on [−1, 1].
pub(super) fn of_positive(x: Num<'_>) -> Num<'_> {
    let t = 1.0 - 6.0 / (x + 3.0);
    t.polynomial(&coefficients::ERFCX) / (1.0 + 2.0 * x)
}
