//! Exponentials of single numbers inside of kernels: a polynomial for which the next step waits half as long as for XLA's
//! quotient of two.

use std::convert::identity;

use pyroxene_ir::{
    Array, DType, Graph, Op, Ty, TypeError, Val,
    ops::{self, Comparison, Constant},
};

use crate::rebuilt::rebuilt;

/// The graph with exponentials of single numbers in double precision made of arithmetic. Of vectors XLA's own stay: they are
/// as fast where nothing waits for the first of many.
///
/// # Errors
/// Never in practice: what is built is of the types that were in the graph.
pub(crate) fn scalar_exps(graph: &Graph) -> Result<Graph, TypeError> {
    let scalar = Ty::new(DType::F64, []);
    rebuilt(graph, |out, v, operands, _| match graph.op(v) {
        Some(Op::Exp(_)) if *graph.ty(v) == scalar => {
            let exp = exp(out, operands[0])?;
            // Made of cheap instructions, it would be made anew wherever it is read.
            out.push(ops::Barrier, &[exp])
        }
        _ => out.copy_node_through(graph, v, operands, scalar_exps, identity),
    })
}

/// `(eʳ − 1 − r)/r²` in powers of r, lowest first, for |r| ≤ ln 2 / 2: by interpolation at Chebyshev's points in 60 digits. What
/// is left out of eʳ is below 2e-17.
const COEFFICIENTS: [f64; 10] = [
    0.5000000000000001,
    0.16666666666666669,
    0.04166666666662413,
    0.008333333333330062,
    0.0013888888917213717,
    0.00019841269863053618,
    2.4801521295954376e-05,
    2.7557268459997064e-06,
    2.7620088445409746e-07,
    2.510038549551032e-08,
];

/// ln 2 in two parts, of which the first has so few digits that its multiples are exact.
const LN_2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];

/// From `HIGHEST` on the exponential is no double any more, up to `LOWEST` no normal one: zero for XLA.
const HIGHEST: f64 = 709.782712893384;
const LOWEST: f64 = -708.396418532264;

/// `eˣ = 2ⁿ eʳ` with a whole n and |r| ≤ ln 2 / 2. Sums and products in pairs, that few wait for each other.
fn exp(g: &mut Graph, x: Val) -> Result<Val, TypeError> {
    let number = |g: &mut Graph, x: f64| g.constant(Array::scalar(x));
    let scaled = match known_factor(g, x) {
        // As XLA does, which would take the product of the two numbers out of every loop around it first.
        Some((y, factor)) => (y, factor * std::f64::consts::LOG2_E),
        None => (x, std::f64::consts::LOG2_E),
    };
    let factor = number(g, scaled.1)?;
    let scaled = g.mul(scaled.0, factor)?;
    let n = g.push(ops::Round, &[scaled])?;
    let mut r = x;
    for part in LN_2 {
        let part = number(g, part)?;
        let whole = g.mul(n, part)?;
        r = g.sub(r, whole)?;
    }
    let square = g.mul(r, r)?;
    let fourth = g.mul(square, square)?;
    let mut pairs = Vec::new();
    for pair in COEFFICIENTS.chunks_exact(2) {
        let (constant, slope) = (number(g, pair[0])?, number(g, pair[1])?);
        pairs.push(sum_of(g, constant, slope, r)?);
    }
    let low = sum_of(g, pairs[0], pairs[1], square)?;
    let high = sum_of(g, pairs[2], pairs[3], square)?;
    let high = sum_of(g, high, pairs[4], fourth)?;
    let q = sum_of(g, low, high, fourth)?;
    let beyond = sum_of(g, r, q, square)?;
    let one = number(g, 1.0)?;
    let p = g.add(one, beyond)?;
    let y = times_power(g, p, n)?;
    // What is no number stays as it is: its bits make a power of anything.
    let compare = |g: &mut Graph, how, bound| {
        let bound = number(g, bound)?;
        g.push(ops::Compare(how), &[x, bound])
    };
    let (is_high, is_low) = (compare(g, Comparison::Gt, HIGHEST)?, compare(g, Comparison::Lt, LOWEST)?);
    let (infinity, zero) = (number(g, f64::INFINITY)?, number(g, 0.0)?);
    let outside = g.select(is_high, infinity, x)?;
    let outside = g.select(is_low, zero, outside)?;
    let bounds = [compare(g, Comparison::Ge, LOWEST)?, compare(g, Comparison::Le, HIGHEST)?];
    let is_within = g.push(ops::And, &bounds)?;
    g.select(is_within, y, outside)
}

/// What a product multiplies with a known number, and that number.
fn known_factor(g: &Graph, product: Val) -> Option<(Val, f64)> {
    let Some(Op::Mul(_)) = g.op(product) else { return None };
    let known = |v: &Val| match g.op(*v) {
        Some(Op::Constant(Constant(value))) => value.as_slice::<f64>()?.first().copied(),
        _ => None,
    };
    let [a, b] = g.operands(product)[..] else { return None };
    known(&b).map(|factor| (a, factor)).or_else(|| known(&a).map(|factor| (b, factor)))
}

/// `a + b c`.
fn sum_of(g: &mut Graph, a: Val, b: Val, c: Val) -> Result<Val, TypeError> {
    let product = g.mul(b, c)?;
    g.add(a, product)
}

/// `2ⁿ p`, by n in the exponent of p: the last digits of 1.5 · 2⁵² + n are those of n.
fn times_power(g: &mut Graph, p: Val, n: Val) -> Result<Val, TypeError> {
    let shift = g.constant(Array::scalar(1.5 * 2f64.powi(52)))?;
    let n = g.add(n, shift)?;
    let n = g.push(ops::Bitcast { dtype: DType::U64 }, &[n])?;
    let places = g.constant(Array::scalar(52u64))?;
    let n = g.push(ops::ShiftLeft, &[n, places])?;
    let p = g.push(ops::Bitcast { dtype: DType::U64 }, &[p])?;
    let sum = g.add(p, n)?;
    g.push(ops::Bitcast { dtype: DType::F64 }, &[sum])
}
