//! Softplus.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `ln(1 + eˣ)`, without overflow; its derivative is the logistic function, one half at zero.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Softplus;

impl Elementwise for Softplus {
    const NAME: &'static str = "softplus";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        float1(args, ty, |x| if x.is_nan() { x } else { x.max(0.0) } + (-x.abs()).exp().ln_1p())
    }

    fn partials(&self, g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        Ok(smallvec![Partial::Times(g.push(Logistic, &[args[0]])?)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Expand(expand)
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Softplus, &[&[-3.0, -0.5, 0.0, 0.5, 4.0]]),
            Sample::extremes(Softplus, &[&[-800.0, -40.0, 40.0, 800.0, f64::NAN]]),
        ]
        .concat()
    }
}

impl Softplus {
    /// `max(x, 0)` and `e^−|x|`, of which the value is the first and the logarithm of 1 plus the second.
    pub(crate) fn parts(g: &mut Graph, args: &[Val]) -> Result<[Val; 2], TypeError> {
        let zero = g.full_like(args[0], 0.0)?;
        let positive = g.max(args[0], zero)?;
        let distance = g.abs(args[0])?;
        let distance = g.neg(distance)?;
        Ok([positive, g.exp(distance)?])
    }
}

/// `max(x, 0) + ln(1 + e^−|x|)`.
fn expand(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    let [positive, tail] = Softplus::parts(g, args)?;
    let tail = g.log1p(tail)?;
    g.add(positive, tail)
}
