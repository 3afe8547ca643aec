//! Inverse error function.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `erf⁻¹(x)` on (−1, 1), ±∞ at ±1: the approximation of Giles (2010), with the branches XLA uses, so that normal
/// draws equal JAX's.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ErfInv;

/// A polynomial, highest power first, in `w + shift` or `√w + shift`, for `w` below `below`.
struct Branch {
    below: f64,
    root: bool,
    shift: f64,
    coefficients: &'static [f64],
}

/// Every digit as published; each rounds to the coefficient meant.
#[allow(clippy::excessive_precision)]
const F32: [Branch; 2] = [
    Branch {
        below: 5.0,
        root: false,
        shift: -2.5,
        coefficients: &[
            2.81022636e-08,
            3.43273939e-07,
            -3.5233877e-06,
            -4.39150654e-06,
            0.00021858087,
            -0.00125372503,
            -0.00417768164,
            0.246640727,
            1.50140941,
        ],
    },
    Branch {
        below: f64::INFINITY,
        root: true,
        shift: -3.0,
        coefficients: &[
            -0.000200214257,
            0.000100950558,
            0.00134934322,
            -0.00367342844,
            0.00573950773,
            -0.0076224613,
            0.00943887047,
            1.00167406,
            2.83297682,
        ],
    },
];

#[allow(clippy::excessive_precision)]
const F64: [Branch; 3] = [
    Branch {
        below: 6.25,
        root: false,
        shift: -3.125,
        coefficients: &[
            -3.6444120640178196996e-21,
            -1.685059138182016589e-19,
            1.2858480715256400167e-18,
            1.115787767802518096e-17,
            -1.333171662854620906e-16,
            2.0972767875968561637e-17,
            6.6376381343583238325e-15,
            -4.0545662729752068639e-14,
            -8.1519341976054721522e-14,
            2.6335093153082322977e-12,
            -1.2975133253453532498e-11,
            -5.4154120542946279317e-11,
            1.051212273321532285e-09,
            -4.1126339803469836976e-09,
            -2.9070369957882005086e-08,
            4.2347877827932403518e-07,
            -1.3654692000834678645e-06,
            -1.3882523362786468719e-05,
            0.0001867342080340571352,
            -0.00074070253416626697512,
            -0.0060336708714301490533,
            0.24015818242558961693,
            1.6536545626831027356,
        ],
    },
    Branch {
        below: 16.0,
        root: true,
        shift: -3.25,
        coefficients: &[
            2.2137376921775787049e-09,
            9.0756561938885390979e-08,
            -2.7517406297064545428e-07,
            1.8239629214389227755e-08,
            1.5027403968909827627e-06,
            -4.013867526981545969e-06,
            2.9234449089955446044e-06,
            1.2475304481671778723e-05,
            -4.7318229009055733981e-05,
            6.8284851459573175448e-05,
            2.4031110387097893999e-05,
            -0.0003550375203628474796,
            0.00095328937973738049703,
            -0.0016882755560235047313,
            0.0024914420961078508066,
            -0.0037512085075692412107,
            0.005370914553590063617,
            1.0052589676941592334,
            3.0838856104922207635,
        ],
    },
    Branch {
        below: f64::INFINITY,
        root: true,
        shift: -5.0,
        coefficients: &[
            -2.7109920616438573243e-11,
            -2.5556418169965252055e-10,
            1.5076572693500548083e-09,
            -3.7894654401267369937e-09,
            7.6157012080783393804e-09,
            -1.4960026627149240478e-08,
            2.9147953450901080826e-08,
            -6.7711997758452339498e-08,
            2.2900482228026654717e-07,
            -9.9298272942317002539e-07,
            4.5260625972231537039e-06,
            -1.9681778105531670567e-05,
            7.5995277030017761139e-05,
            -0.00021503011930044477347,
            -0.00013871931833623122026,
            1.0103004648645343977,
            4.8499064014085844221,
        ],
    },
];

fn branches(dtype: DType) -> &'static [Branch] {
    if dtype == DType::F32 { &F32 } else { &F64 }
}

impl Elementwise for ErfInv {
    const NAME: &'static str = "erf_inv";
    const COST: Cost = Cost::Dear;
    const ARITY: usize = 1;
    const ACCEPTS: Class = Class::Float;

    fn result(&self, operand: DType) -> DType {
        operand
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let branches = branches(ty.dtype);
        float1(args, ty, |x| {
            if x.abs() == 1.0 {
                return x * f64::INFINITY;
            }
            // Near ±1 the square, rounded, would leave few digits of 1 − x².
            let w = if x.abs() > 0.5 { -((1.0 - x) * (1.0 + x)).ln() } else { -(-x * x).ln_1p() };
            let Some(branch) = branches.iter().find(|b| w < b.below) else { return f64::NAN };
            let t = if branch.root { w.sqrt() } else { w } + branch.shift;
            x * branch.coefficients.iter().fold(0.0, |p, c| p * t + c)
        })
    }

    fn partials(&self, g: &mut Graph, _args: &[Val], out: Val) -> Result<Partials, TypeError> {
        let half_root_pi = g.full_like(out, 0.5 * std::f64::consts::PI.sqrt())?;
        let square = g.mul(out, out)?;
        let growth = g.exp(square)?;
        Ok(smallvec![Partial::Times(g.mul(half_root_pi, growth)?)])
    }

    fn hlo(&self) -> Hlo {
        Hlo::Expand(expand)
    }

    fn samples() -> Vec<Sample> {
        // One point or more in each branch of either precision.
        [
            Sample::floats(ErfInv, &[&[-0.9, -0.3, 1e-6, 0.5, 0.99]]),
            Sample::extremes(ErfInv, &[&[-1.0, 0.0, 1.0, 0.9999, 0.999_999, 2.0]]),
            vec![Sample::values(ErfInv, [Array::from([0.999_999_9, 1.0 - 1e-12, -1.0 + 1e-16])])],
        ]
        .concat()
    }
}

fn expand(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    let x = args[0];
    let w = if g.ty(x).dtype == DType::F64 { minus_log_of_rest(g, x)? } else { minus_log1m(g, x)? };
    let root = g.sqrt(w)?;
    let mut result: Option<Val> = None;
    for branch in branches(g.ty(x).dtype).iter().rev() {
        let shift = g.full_like(x, branch.shift)?;
        let t = g.add(if branch.root { root } else { w }, shift)?;
        let p = polynomial(g, t, branch.coefficients)?;
        result = Some(match result {
            None => p,
            Some(beyond) => {
                let limit = g.full_like(x, branch.below)?;
                let here = g.lt(w, limit)?;
                g.select(here, p, beyond)?
            }
        });
    }
    let p = result.unwrap_or(x);
    let value = g.mul(p, x)?;
    let (one, infinity) = (g.full_like(x, 1.0)?, g.full_like(x, f64::INFINITY)?);
    let distance = g.abs(x)?;
    let edge = g.eq(distance, one)?;
    let at_edge = g.mul(x, infinity)?;
    g.select(edge, at_edge, value)
}

/// A polynomial, highest power first.
fn polynomial(g: &mut Graph, t: Val, coefficients: &[f64]) -> Result<Val, TypeError> {
    let mut p = g.full_like(t, coefficients[0])?;
    for c in &coefficients[1..] {
        let scaled = g.mul(p, t)?;
        let c = g.full_like(t, *c)?;
        p = g.add(scaled, c)?;
    }
    Ok(p)
}

/// `−ln(1 − x²)`.
fn minus_log1m(g: &mut Graph, x: Val) -> Result<Val, TypeError> {
    let square = g.mul(x, x)?;
    let rest = g.neg(square)?;
    let w = g.log1p(rest)?;
    g.neg(w)
}

/// The bits of √½, of 1 and of 2⁵², and those of a significand.
const ROOT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
const ONE: u64 = 0x3ff0_0000_0000_0000;
const TWO_52: u64 = 0x4330_0000_0000_0000;
const SIGNIFICAND: u64 = 0x000f_ffff_ffff_ffff;

/// `(2 atanh(s) / s − 2) / s²` in powers of `s²`, highest first, for |s| up to 0.1716: the coefficients of FreeBSD's C library,
/// `e_log.c` (Sun Microsystems 1993), whose error is below 2⁻⁵⁸.
#[allow(clippy::excessive_precision)]
const ATANH: [f64; 7] = [
    1.479819860511658591e-01,
    1.531383769920937332e-01,
    1.818357216161805012e-01,
    2.222219843214978396e-01,
    2.857142874366239149e-01,
    3.999999999940941908e-01,
    6.666666666666735130e-01,
];

/// `−ln(1 − x²)` in double precision for x of (−1, 1), to a unit in the last place of 1, which is what the polynomials read
/// of it; no number beyond. XLA's logarithm of doubles calls the C library for one number after the other; this is
/// arithmetic, which goes by vectors. Near ±1 a square that is rounded would leave few digits of the rest.
fn minus_log_of_rest(g: &mut Graph, x: Val) -> Result<Val, TypeError> {
    let one = g.full_like(x, 1.0)?;
    let (left, right) = (g.sub(one, x)?, g.add(one, x)?);
    let rest = g.mul(left, right)?;
    let bits = g.push(Bitcast { dtype: DType::U64 }, &[rest])?;
    let word = |g: &mut Graph, word: u64| {
        let dims = g.ty(bits).dims.clone();
        let word = g.constant(Array::scalar(word))?;
        g.broadcast_to(word, &dims)
    };
    // rest = 2ᵏ m with m from √½ to √2: what is added makes k the exponent.
    let (root, offset) = (word(g, ROOT_HALF)?, word(g, ONE - ROOT_HALF)?);
    let high = g.add(bits, offset)?;
    let (places, tag) = (word(g, 52)?, word(g, TWO_52)?);
    let exponent = g.push(ShiftRight, &[high, places])?;
    let tagged = g.push(Or, &[exponent, tag])?;
    let tagged = g.push(Bitcast { dtype: DType::F64 }, &[tagged])?;
    let bias = g.full_like(x, 2f64.powi(52) + 1023.0)?;
    let k = g.sub(tagged, bias)?;
    let significand = word(g, SIGNIFICAND)?;
    let low = g.push(And, &[high, significand])?;
    let m = g.add(low, root)?;
    let m = g.push(Bitcast { dtype: DType::F64 }, &[m])?;
    // ln m = 2 atanh(s) with s = (m − 1) / (m + 1).
    let two = g.full_like(x, 2.0)?;
    let (above, below) = (g.sub(m, one)?, g.add(m, one)?);
    let s = g.div(above, below)?;
    let square = g.mul(s, s)?;
    let p = polynomial(g, square, &ATANH)?;
    let p = g.mul(p, square)?;
    let p = g.add(p, two)?;
    let log = g.mul(p, s)?;
    let ln_2 = g.full_like(x, -std::f64::consts::LN_2)?;
    let whole = g.mul(k, ln_2)?;
    let log = g.sub(whole, log)?;
    let (zero, nan) = (g.full_like(x, 0.0)?, g.full_like(x, f64::NAN)?);
    let is_number = g.push(Compare(Comparison::Ge), &[rest, zero])?;
    g.select(is_number, log, nan)
}
