//! Normal quantile function.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `Φ⁻¹(p)`, the inverse of the normal distribution function: −∞ at 0, ∞ at 1, NaN outside (SciPy's `ndtri`).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Ndtri;

impl Elementwise for Ndtri {
    const NAME: &'static str = "ndtri";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        eval_in_doubles(expand, args, ty)
    }

    fn partials(&self, g: &mut Graph, _args: &[Val], out: Val) -> Result<Partials, TypeError> {
        let slope = formula(g, &[out], |[x]| (2.0 * std::f64::consts::PI).sqrt() * (0.5 * x.square()).exp())?;
        Ok(smallvec![Partial::Times(slope)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Expand(expand)
    }

    fn samples() -> Vec<Sample> {
        [
            Sample::floats(Ndtri, &[&[0.01, 0.074, 0.076, 0.3, 0.5, 0.7, 0.96]]),
            Sample::extremes(Ndtri, &[&[0.0, 1e-30, 1e-11, 2e-11, 1e-5, 0.999, 1.0, -0.5, 1.5, f64::NAN]]),
            vec![Sample::values(Ndtri, [Array::from([1e-300, 1.0 - 1e-15])])],
        ]
        .concat()
    }
}

/// A ratio of polynomials, highest power first.
type Ratio = [[f64; 8]; 2];

/// The central part, in 0.180625 − (p − ½)².
const CENTRE: Ratio = [
    [
        2509.0809287301227,
        33430.57558358813,
        67265.7709270087,
        45921.95393154987,
        13731.69376550946,
        1971.5909503065513,
        133.14166789178438,
        3.3871328727963665,
    ],
    [
        5226.495278852854,
        28729.085735721943,
        39307.89580009271,
        21213.794301586597,
        5394.196021424751,
        687.1870074920579,
        42.31333070160091,
        1.0,
    ],
];
/// Down to e⁻²⁵, in √(−ln p) − 1.6.
const FLANK: Ratio = [
    [
        0.0007745450142783414,
        0.022723844989269184,
        0.2417807251774506,
        1.2704582524523684,
        3.6478483247632045,
        5.769497221460691,
        4.630337846156546,
        1.4234371107496835,
    ],
    [
        1.0507500716444169e-09,
        0.0005475938084995345,
        0.015198666563616457,
        0.14810397642748008,
        0.6897673349851,
        1.6763848301838038,
        2.053191626637759,
        1.0,
    ],
];
/// Beyond, in √(−ln p) − 5.
const TAIL: Ratio = [
    [
        2.0103343992922881e-07,
        2.7115555687434876e-05,
        0.0012426609473880784,
        0.026532189526576124,
        0.29656057182850487,
        1.7848265399172913,
        5.463784911164114,
        6.657904643501103,
    ],
    [
        2.0442631033899397e-15,
        1.421511758316446e-07,
        1.8463183175100548e-05,
        0.0007868691311456133,
        0.014875361290850615,
        0.1369298809227358,
        0.599832206555888,
        1.0,
    ],
];

fn ratio<'s>(x: Num<'s>, [above, below]: &Ratio) -> Num<'s> {
    x.polynomial(above) / x.polynomial(below)
}

/// Algorithm AS 241 (Wichura 1988), whose relative error is 1e-16.
fn expand(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    formula(g, args, |[p]| {
        let q = p - 0.5;
        let central = q * ratio(0.180625 - q.square(), &CENTRE);
        let lower = q.less(0.0);
        let r = (-lower.select(p, 1.0 - p).log()).sqrt();
        let outer = r.greater(5.0).select(ratio(r - 5.0, &TAIL), ratio(r - 1.6, &FLANK));
        let outer = (p.equal(0.0) | p.equal(1.0)).select(p.literal(f64::INFINITY), outer);
        let value = q.abs().greater(0.425).select(lower.select(-outer, outer), central);
        (p.less(0.0) | p.greater(1.0)).select(p.literal(f64::NAN), value)
    })
}
