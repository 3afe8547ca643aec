//! Logarithm of a sum of exponentials.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `ln(eˣ + eʸ)` without overflow (NumPy's `logaddexp`). Derivatives are smooth at ties and finite at infinities.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct LogAddExp;

impl Elementwise for LogAddExp {
    const NAME: &'static str = "log_add_exp";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 2;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        number2(args, ty, log_add_exp, |x, _| x)
    }

    fn partials(&self, g: &mut Graph, args: &[Val], _out: Val) -> Result<Partials, TypeError> {
        let [by_x, by_y] = formulas(g, args, |[x, y]| {
            let d = difference(x, y);
            [d.op(Logistic, []), (-d).op(Logistic, [])]
        })?;
        Ok(smallvec![Partial::Times(by_x), Partial::Times(by_y)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Expand(expand)
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(LogAddExp, &[&[0.5, 1.0, -30.0, 2.0, 0.0], &[-0.7, 1.0, 3.0, -20.0, 1e-3]]),
            Sample::extremes(
                LogAddExp,
                &[
                    &[1e30, -800.0, f64::NEG_INFINITY, f64::INFINITY, 1.0, f64::INFINITY],
                    &[-1e30, -801.0, f64::NEG_INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NAN],
                ],
            ),
        ]
        .concat()
    }
}

fn log_add_exp(x: f64, y: f64) -> f64 {
    let d = if x == y { 0.0 } else { x - y };
    let larger = if x > y || x.is_nan() { x } else { y };
    larger + (-d.abs()).exp().ln_1p()
}

/// `x − y`, zero for equal infinities.
fn difference<'s>(x: Num<'s>, y: Num<'s>) -> Num<'s> {
    let alike = x.equal(y) & !x.op(IsFinite, []);
    alike.select(x.literal(0.0), x - y)
}

impl LogAddExp {
    /// The larger operand and `e^−|x − y|`, of which the value is the first and the logarithm of 1 plus the second.
    pub(crate) fn parts(g: &mut Graph, args: &[Val]) -> Result<[Val; 2], TypeError> {
        formulas(g, args, |[x, y]| [x.max(y), (-difference(x, y).abs()).exp()])
    }
}

/// The larger, and what the smaller adds.
fn expand(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    let [larger, tail] = LogAddExp::parts(g, args)?;
    let tail = g.log1p(tail)?;
    g.add(larger, tail)
}
