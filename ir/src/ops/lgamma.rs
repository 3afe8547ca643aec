//! Log of the gamma function.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `ln |Γ(x)|`, infinite at 0, −1, −2, ….
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Lgamma;

impl Elementwise for Lgamma {
    const NAME: &'static str = "lgamma";
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
        Ok(smallvec![Partial::Times(g.push(Digamma, &[args[0]])?)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Expand(expand)
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Lgamma, &[&[0.3, 0.5, 1.0, 1.2, 1.5, 2.0, 2.5, 4.5, 8.0, 9.0, -0.3, -2.5]]),
            Sample::extremes(
                Lgamma,
                &[&[0.0, 1e-30, 0.4999, 1e5, 1e30, -1.0, -7.7, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]],
            ),
            vec![Sample::values(
                Lgamma,
                [Array::from([1e-300, 1.0 + 1e-9, 2.0 - 1e-9, 1e300, -1e-20, -100.3])],
            )],
        ]
        .concat()
    }
}

/// Stirling's series from 8 on. Below, `Γ(x) = (x − 1) Γ(x − 1)` leads to [½, 5/2], where a polynomial around the root 2
/// serves the root 1 too: `lgamma(x) = lgamma(x + 1) − ln x` keeps the digits next to both.
fn expand(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    formula(g, args, |[x]| {
        let mirrored = x.less(0.0);
        let w = mirrored.select(1.0 - x, x);
        let (mut y, mut product) = (w, w.literal(1.0));
        for _ in 0..6 {
            let (above, lower) = (y.greater(2.5), y - 1.0);
            product = above.select(product * lower, product);
            y = above.select(lower, y);
        }
        let (below, lowest) = (y.less(1.5), y.less(0.5));
        let z = lowest.select(y, below.select(y - 1.0, y - 2.0));
        let product = lowest.select(y * (y + 1.0), below.select(y, product));
        let large = !w.less(8.0);
        let log = large.select(w, product).log();
        let small = z * (2.0 * z).polynomial(&coefficients::LGAMMA) + below.select(-log, log);
        let rest = (1.0 / w.square()).polynomial(&coefficients::STIRLING) / w;
        let half_log_two_pi = 0.5 * (2.0 * std::f64::consts::PI).ln();
        let stirling = (w - 0.5) * (log - 1.0) + (half_log_two_pi - 0.5) + rest;
        let value = large.select(stirling, small);
        let sine = (std::f64::consts::PI * (x - x.round())).sin().abs();
        let reflected = (std::f64::consts::PI / sine).log() - value;
        let pole = !x.greater(0.0) & x.equal(x.floor());
        pole.select(x.literal(f64::INFINITY), mirrored.select(reflected, value))
    })
}
