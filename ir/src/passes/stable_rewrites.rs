//! Stable rewrites: formulas that lose digits, overflow or give NaN become the functions that they stand for.

use super::{Need, Pass, PassError, Query, any_node, rewrite};
use crate::{
    error::TypeError,
    graph::{Graph, Val},
    ops::{
        Broadcast, Constant, Erf, Erfc, Expm1, IsFinite, LogAddExp, LogNdtr, Logistic, Num, Op, ReduceMax,
        ReduceSum, Softplus, StopGradient, formula,
    },
};

/// Rewrites what [`REWRITES`] recognises, before derivatives are taken, so that these are stable too.
pub struct StableRewrites;

impl Pass for StableRewrites {
    fn name(&self) -> &'static str {
        NAME
    }

    fn applies(&self, _query: Query) -> bool {
        true
    }

    fn need(&self) -> Need {
        Need::Optional
    }

    fn finds(&self, graph: &Graph) -> bool {
        any_node(graph, &|g, v| found(g, v).is_some())
    }

    fn run(&self, graph: &Graph, _query: Query) -> Result<Graph, PassError> {
        run(graph)
    }
}

const NAME: &str = "stable_rewrites";

fn run(graph: &Graph) -> Result<Graph, PassError> {
    rewrite(graph, NAME, run, |out, v, _, map| found(graph, v).map(|made| made(out, map)).transpose())
}

/// What the first row that recognises the node makes of it.
fn found(graph: &Graph, v: Val) -> Option<Made> {
    let floats = graph.op(v).is_some() && graph.ty(v).dtype.is_float();
    floats.then(|| REWRITES.iter().find_map(|row| (row.find)(graph, v))).flatten()
}

/// A formula and what it becomes.
pub struct Rewrite {
    /// Its name in tests and documentation.
    pub name: &'static str,
    /// What it says, and what is wrong with that.
    pub why: &'static str,
    find: fn(&Graph, Val) -> Option<Made>,
}

/// Builds what a formula becomes, from the new values of the old ones.
type Made = Box<dyn FnOnce(&mut Graph, &[Val]) -> Result<Val, TypeError>>;

macro_rules! rows { ($($find:ident: $why:literal;)*) => {
    /// Every rewrite. The first that recognises a node replaces it.
    pub const REWRITES: &[Rewrite] = &[$(Rewrite { name: stringify!($find), why: $why, find: $find }),*];
} }

rows! {
    log_logistic: "ln σ(x) is −∞ where σ(x) underflows: −softplus(−x)";
    log_one_minus_logistic: "ln(1 − σ(x)) is −∞ where σ(x) rounds to 1: −softplus(x)";
    logit_logistic: "ln(σ(x) / (1 − σ(x))) is ∞ where σ(x) rounds to 1: x";
    log_one_plus_exp: "ln(1 + eˣ) overflows, and loses eˣ beside 1: softplus(x)";
    log_one_minus_exp: "ln(1 − eˣ) loses all digits near zero, and eˣ beside 1: by expm1 or log1p";
    log_add_exp: "ln(eˣ + eʸ) overflows: log_add_exp(x, y)";
    log_sum_exp: "ln Σ eˣ overflows, and is −∞ where all underflow: shifted by the largest";
    log_exp_ratio: "ln(eˣ / y), such as of a softmax, is −∞ where eˣ underflows: x − ln y";
    log_erfc: "ln erfc(x) is −∞ where erfc(x) underflows: log_ndtr(−√2 x) + ln 2";
    log_one_plus: "ln(1 + x) loses x beside 1: log1p(x)";
    log_one_minus: "ln(1 − x) loses x beside 1: log1p(−x)";
    log_exp: "ln eˣ over- and underflows: x";
    exp_log: "e^(ln x) loses digits where |ln x| is large, and has no slope at zero: x, or NaN below zero";
    exp_minus_one: "eˣ − 1 loses all digits near zero: expm1(x)";
    one_minus_exp: "1 − eˣ loses all digits near zero: −expm1(x)";
    one_minus_logistic: "1 − σ(x) is zero where σ(x) rounds to 1: σ(−x)";
    one_minus_erf: "1 − erf(x) is zero where erf(x) rounds to 1: erfc(x)";
    logistic_of_minus: "1 / (1 + eˣ) has slope NaN where eˣ overflows: σ(−x)";
    logistic_of: "eˣ / (1 + eˣ) is NaN where eˣ overflows: σ(x)";
    sqrt_square: "√(x x) over- and underflows, and has slope NaN at zero: |x|";
    x_log_y: "x ln y is NaN at x = 0 and y = 0 or ∞: zero there";
    x_log1p_y: "x log1p(y) is NaN at x = 0 and y = −1 or ∞: zero there";
}

/// The operand of a node of this op.
macro_rules! one {
    ($g:expr, $v:expr, $Op:ident) => {
        match $g.op($v) {
            Some(Op::$Op(_)) => $g.operands($v).first().copied(),
            _ => None,
        }
    };
}

/// The two operands of a node of this op.
macro_rules! two {
    ($g:expr, $v:expr, $Op:ident) => {
        match $g.op($v) {
            Some(Op::$Op(_)) => <[Val; 2]>::try_from($g.operands($v).as_slice()).ok(),
            _ => None,
        }
    };
}

/// The number in every element, if a constant puts it there.
fn number(g: &Graph, v: Val) -> Option<f64> {
    match g.op(v)? {
        Op::Constant(Constant(value)) if value.len() == 1 => value.to_f64_vec().first().copied(),
        Op::Broadcast(_) | Op::Reshape(_) | Op::Convert(_) => number(g, *g.operands(v).first()?),
        _ => None,
    }
}

fn is(g: &Graph, v: Val, x: f64) -> bool {
    number(g, v) == Some(x)
}

/// The `x` of `1 + x`.
fn one_plus(g: &Graph, v: Val) -> Option<Val> {
    let [a, b] = two!(g, v, Add)?;
    if is(g, a, 1.0) { Some(b) } else { is(g, b, 1.0).then_some(a) }
}

/// The `x` of `1 − x`.
fn one_minus(g: &Graph, v: Val) -> Option<Val> {
    match two!(g, v, Sub) {
        Some([a, b]) if is(g, a, 1.0) => Some(b),
        _ => one!(g, one_plus(g, v)?, Neg),
    }
}

/// The `x` of `ln(1 + x)` in either form.
fn log_of_one_plus(g: &Graph, v: Val) -> Option<Val> {
    one!(g, v, Log1p).or_else(|| one_plus(g, one!(g, v, Log)?))
}

/// The `x` of `ln(1 − x)` in any form.
fn log_of_one_minus(g: &Graph, v: Val) -> Option<Val> {
    match one!(g, v, Log1p) {
        Some(x) => one!(g, x, Neg),
        None => one_minus(g, one!(g, v, Log)?),
    }
}

/// Whether a value is chosen: then its formula keeps to each side's domain already.
fn is_select(g: &Graph, v: Val) -> bool {
    matches!(g.op(v), Some(Op::Select(_)))
}

/// What a formula over these old values becomes.
fn made<const N: usize>(
    args: [Val; N],
    f: impl for<'s> Fn([Num<'s>; N]) -> Num<'s> + 'static,
) -> Option<Made> {
    Some(Box::new(move |g, map| formula(g, &args.map(|v| map[v.index()]), f)))
}

fn log_logistic(g: &Graph, v: Val) -> Option<Made> {
    let x = one!(g, one!(g, v, Log)?, Logistic)?;
    made([x], |[x]| -(-x).op(Softplus, []))
}

fn log_one_minus_logistic(g: &Graph, v: Val) -> Option<Made> {
    let x = one!(g, log_of_one_minus(g, v)?, Logistic)?;
    made([x], |[x]| -x.op(Softplus, []))
}

fn logit_logistic(g: &Graph, v: Val) -> Option<Made> {
    let [p, q] = two!(g, one!(g, v, Log)?, Div)?;
    let x = one!(g, p, Logistic)?;
    (one_minus(g, q)? == p).then(|| made([x], |[x]| x)).flatten()
}

fn log_one_plus_exp(g: &Graph, v: Val) -> Option<Made> {
    let x = one!(g, log_of_one_plus(g, v)?, Exp)?;
    made([x], |[x]| x.op(Softplus, []))
}

fn log_one_minus_exp(g: &Graph, v: Val) -> Option<Made> {
    let x = match log_of_one_minus(g, v) {
        Some(x) => one!(g, x, Exp)?,
        None => one!(g, one!(g, one!(g, v, Log)?, Neg)?, Expm1)?,
    };
    if is_select(g, x) {
        return None;
    }
    // Each branch sees an argument of its own side, so that no derivative is zero times infinity (Mächler 2012).
    made([x], |[x]| {
        let near = x.greater(-std::f64::consts::LN_2);
        let small = (-near.select(x, -1.0).op(Expm1, [])).log();
        let large = (-near.select(x.literal(-1.0), x).exp()).log1p();
        near.select(small, large)
    })
}

fn log_add_exp(g: &Graph, v: Val) -> Option<Made> {
    let [a, b] = two!(g, one!(g, v, Log)?, Add)?;
    let (x, y) = (one!(g, a, Exp)?, one!(g, b, Exp)?);
    made([x, y], |[x, y]| x.op(LogAddExp, [y]))
}

/// The `x` of `Σ eˣ`, and over which dimensions, unless `x` is shifted by its largest already.
fn sum_of_exp(g: &Graph, v: Val) -> Option<(Val, ReduceSum)> {
    let Some(Op::ReduceSum(sum)) = g.op(v) else { return None };
    let x = one!(g, *g.operands(v).first()?, Exp)?;
    let shifted = two!(g, x, Sub).is_some_and(|[_, shift]| is_largest(g, shift));
    (!shifted && !sum.axes.is_empty()).then(|| (x, sum.clone()))
}

/// Whether a value is a maximum in another shape, or a finite number in its place.
fn is_largest(g: &Graph, v: Val) -> bool {
    match g.op(v) {
        Some(Op::ReduceMax(_)) => true,
        Some(Op::Select(_)) => g.operands(v)[1..].iter().any(|o| is_largest(g, *o)),
        Some(Op::Broadcast(_) | Op::Reshape(_) | Op::StopGradient(_)) => is_largest(g, g.operands(v)[0]),
        _ => false,
    }
}

fn log_sum_exp(g: &Graph, v: Val) -> Option<Made> {
    let (x, sum) = sum_of_exp(g, one!(g, v, Log)?)?;
    Some(Box::new(move |g, map| {
        let shifted = Shifted::of(g, map[x.index()], sum)?;
        g.add(shifted.log, shifted.largest)
    }))
}

/// `ln Σ eˣ` in parts.
struct Shifted {
    /// The largest element, through which no derivative flows; zero where it is not finite.
    largest: Val,
    /// `x` less that.
    centred: Val,
    /// `ln Σ eˣ` of the centred elements.
    log: Val,
}

impl Shifted {
    fn of(g: &mut Graph, x: Val, sum: ReduceSum) -> Result<Shifted, TypeError> {
        let dims = g.ty(x).dims.clone();
        let largest = g.push(ReduceMax { axes: sum.axes.clone() }, &[x])?;
        let largest = g.push(StopGradient, &[largest])?;
        let (finite, zero) = (g.push(IsFinite, &[largest])?, g.full_like(largest, 0.0)?);
        let largest = g.select(finite, largest, zero)?;
        let map = (0..dims.len()).filter(|axis| !sum.axes.contains(axis)).collect();
        let spread = g.push(Broadcast { dims, map }, &[largest])?;
        let centred = g.sub(x, spread)?;
        let weights = g.exp(centred)?;
        let sum = g.push(sum, &[weights])?;
        // Of nothing but −∞ the result is −∞ with derivative zero.
        let none = g.eq(sum, zero)?;
        let (one, least) = (g.full_like(sum, 1.0)?, g.full_like(sum, f64::NEG_INFINITY)?);
        let some = g.select(none, one, sum)?;
        let log = g.log(some)?;
        Ok(Shifted { largest, centred, log: g.select(none, least, log)? })
    }
}

fn log_exp_ratio(g: &Graph, v: Val) -> Option<Made> {
    let [e, y] = two!(g, one!(g, v, Log)?, Div)?;
    let x = one!(g, e, Exp)?;
    // The logarithm of a sum is as stable before it is repeated as after.
    let mut steps = Vec::new();
    let mut inner = y;
    while let Some(op @ (Op::Broadcast(_) | Op::Reshape(_))) = g.op(inner) {
        steps.push(op.clone());
        inner = g.operands(inner)[0];
    }
    let sum = sum_of_exp(g, inner);
    Some(Box::new(move |g, map| {
        let (mut from, mut log) = (map[x.index()], None);
        if let Some((over, sum)) = sum {
            let shifted = Shifted::of(g, map[over.index()], sum)?;
            // A softmax: the largest is taken from both sides, so that no digits cancel.
            if over == x {
                from = shifted.centred;
                log = Some(shifted.log);
            } else {
                log = Some(g.add(shifted.log, shifted.largest)?);
            }
        }
        let mut log = log.map_or_else(|| g.log(map[inner.index()]), Ok)?;
        for op in steps.into_iter().rev() {
            log = g.push(op, &[log])?;
        }
        g.sub(from, log)
    }))
}

fn log_erfc(g: &Graph, v: Val) -> Option<Made> {
    let x = one!(g, one!(g, v, Log)?, Erfc)?;
    made([x], |[x]| (x * -std::f64::consts::SQRT_2).op(LogNdtr, []) + std::f64::consts::LN_2)
}

fn log_one_plus(g: &Graph, v: Val) -> Option<Made> {
    made([one_plus(g, one!(g, v, Log)?)?], |[x]| x.log1p())
}

fn log_one_minus(g: &Graph, v: Val) -> Option<Made> {
    made([one_minus(g, one!(g, v, Log)?)?], |[x]| (-x).log1p())
}

fn log_exp(g: &Graph, v: Val) -> Option<Made> {
    made([one!(g, one!(g, v, Log)?, Exp)?], |[x]| x)
}

fn exp_log(g: &Graph, v: Val) -> Option<Made> {
    made([one!(g, one!(g, v, Exp)?, Log)?], |[x]| x.less(0.0).select(x.literal(f64::NAN), x))
}

fn exp_minus_one(g: &Graph, v: Val) -> Option<Made> {
    let (e, one) = match two!(g, v, Sub) {
        Some([e, one]) => (e, is(g, one, 1.0)),
        None => {
            let [a, b] = two!(g, v, Add)?;
            if is(g, a, -1.0) { (b, true) } else { (a, is(g, b, -1.0)) }
        }
    };
    let x = one!(g, e, Exp)?;
    one.then(|| made([x], |[x]| x.op(Expm1, []))).flatten()
}

fn one_minus_exp(g: &Graph, v: Val) -> Option<Made> {
    made([one!(g, one_minus(g, v)?, Exp)?], |[x]| -x.op(Expm1, []))
}

fn one_minus_logistic(g: &Graph, v: Val) -> Option<Made> {
    made([one!(g, one_minus(g, v)?, Logistic)?], |[x]| (-x).op(Logistic, []))
}

fn one_minus_erf(g: &Graph, v: Val) -> Option<Made> {
    let p = one_minus(g, v)?;
    match one!(g, p, Erf) {
        Some(x) => made([x], |[x]| x.op(Erfc, [])),
        None => made([one!(g, p, Erfc)?], |[x]| x.op(Erf, [])),
    }
}

fn logistic_of_minus(g: &Graph, v: Val) -> Option<Made> {
    let [a, b] = two!(g, v, Div)?;
    let x = one!(g, one_plus(g, b)?, Exp)?;
    is(g, a, 1.0).then(|| made([x], |[x]| (-x).op(Logistic, []))).flatten()
}

fn logistic_of(g: &Graph, v: Val) -> Option<Made> {
    let [a, b] = two!(g, v, Div)?;
    let x = one!(g, a, Exp)?;
    (one_plus(g, b)? == a).then(|| made([x], |[x]| x.op(Logistic, []))).flatten()
}

fn sqrt_square(g: &Graph, v: Val) -> Option<Made> {
    let [a, b] = two!(g, one!(g, v, Sqrt)?, Mul)?;
    (a == b).then(|| made([a], |[x]| x.abs())).flatten()
}

fn x_log_y(g: &Graph, v: Val) -> Option<Made> {
    let [x, y] = factors(g, v, |g, log| one!(g, log, Log))?;
    made([x, y], |[x, y]| {
        let limit = x.equal(0.0) & (y.equal(0.0) | y.equal(f64::INFINITY));
        x * limit.select(y.literal(1.0), y).log()
    })
}

fn x_log1p_y(g: &Graph, v: Val) -> Option<Made> {
    let [x, y] = factors(g, v, |g, log| one!(g, log, Log1p))?;
    made([x, y], |[x, y]| {
        let limit = x.equal(0.0) & (y.equal(-1.0) | y.equal(f64::INFINITY));
        x * limit.select(y.literal(0.0), y).log1p()
    })
}

/// The `x` and `y` of `x` times a logarithm of `y` that no other row rewrites. None where `x` is a number, and so not
/// zero, or where a select looks after `y` already.
fn factors(g: &Graph, v: Val, log: impl Fn(&Graph, Val) -> Option<Val>) -> Option<[Val; 2]> {
    let [a, b] = two!(g, v, Mul)?;
    let (x, l) = if log(g, b).is_some() { (a, b) } else { (b, a) };
    let y = log(g, l)?;
    let rewritten = || REWRITES.iter().any(|row| (row.find)(g, l).is_some());
    let numbers = number(g, x).is_some() || number(g, y).is_some();
    (!numbers && !is_select(g, y) && !rewritten()).then_some([x, y])
}
