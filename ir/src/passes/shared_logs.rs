//! Shared logarithms: in a sum of many softplus, log_add_exp or log1p_square, one logarithm serves many elements.

use smallvec::SmallVec;

use super::{Need, Pass, PassError, Query, any_graph, rewrite};
use crate::{
    error::TypeError,
    graph::{Graph, Val},
    ops::{Bitcast, LogAddExp, Mul, Op, Pad, ReduceProd, ReduceSum, ShiftRight, Slice, Softplus, formulas},
    types::{DType, Dims, Ty},
};

/// Makes `Σ (a − softplus(x))` into `Σ (a − max(x, 0)) − Σ ln Π (1 + e^−|x|)`, and so for `log_add_exp`, where the sum is
/// over everything: each product is over so many factors, none larger than 2, as cannot overflow. Of `log1p_square` the
/// factors are the significands of `1 + x²`, and their exponents are added up beside. A number that multiplies everything
/// comes in front of the sum, so that a density and its derivative by that number share the logarithms.
///
/// A logarithm costs more than the rest of the likelihood of a logistic regression; a factor of a product costs nothing
/// beside it. What a term below the rounding of 1 adds is lost, as it is in a sum with any other term; derivatives are
/// taken before, and are those of the functions.
pub struct SharedLogs;

/// With fewer elements there is nothing to gain; with more, XLA shares the work between threads as it is.
const ELEMENTS: std::ops::RangeInclusive<usize> = 64..=1 << 16;

/// As many products stand side by side at least: what a processor multiplies at once, several times.
const LANES: usize = 16;

const NAME: &str = "shared_logs";

impl Pass for SharedLogs {
    fn name(&self) -> &'static str {
        NAME
    }

    fn applies(&self, query: Query) -> bool {
        matches!(query, Query::Potential | Query::PotentialAndGradient | Query::Function)
    }

    fn need(&self) -> Need {
        Need::Optional
    }

    fn finds(&self, graph: &Graph) -> bool {
        any_graph(graph, &|graph| {
            let sums = Sums::of(graph);
            graph.vals().any(|v| sums.terms(graph, v).is_some())
        })
    }

    fn run(&self, graph: &Graph, _query: Query) -> Result<Graph, PassError> {
        shared(graph)
    }
}

fn shared(graph: &Graph) -> Result<Graph, PassError> {
    let sums = Sums::of(graph);
    rewrite(graph, NAME, shared, |out, v, _, map| {
        sums.terms(graph, v).map(|terms| sums.sum(graph, out, &terms, map)).transpose()
    })
}

/// A summand, whether it is subtracted, and numbers that multiply it, each in every element of a value.
#[derive(Clone)]
struct Term {
    v: Val,
    minus: bool,
    times: SmallVec<[Val; 2]>,
}

/// Which logarithms of a graph are wanted in sums over everything alone.
struct Sums {
    /// How often each value is an operand of something that is wanted, or an output.
    uses: Vec<usize>,
    /// How often each logarithm is a summand.
    added: Vec<usize>,
}

impl Sums {
    fn of(graph: &Graph) -> Sums {
        let live = graph.reachable(graph.outputs());
        let mut sums = Sums { uses: vec![0; graph.len()], added: vec![0; graph.len()] };
        for v in graph.vals().filter(|v| live[v.index()]) {
            graph.operands(v).iter().for_each(|o| sums.uses[o.index()] += 1);
        }
        graph.outputs().iter().for_each(|v| sums.uses[v.index()] += 1);
        let wholes: Vec<Val> = graph.vals().filter(|v| sums.fits(graph, *v)).collect();
        for v in wholes {
            for term in sums.summands(graph, graph.operands(v)[0]) {
                sums.added[term.v.index()] += usize::from(is_log(graph, term.v));
            }
        }
        sums
    }

    /// Whether it is a sum over everything of neither too few nor too many elements.
    fn fits(&self, graph: &Graph, v: Val) -> bool {
        let Some(Op::ReduceSum(_)) = graph.op(v) else { return false };
        let of = graph.ty(graph.operands(v)[0]);
        let is_whole = graph.ty(v).rank() == 0 && self.uses[v.index()] > 0;
        is_whole && ELEMENTS.contains(&of.len()) && of.dtype.is_float()
    }

    /// What is added up in a sum over everything, if logarithms are part of it that nothing else wants.
    fn terms(&self, graph: &Graph, v: Val) -> Option<Vec<Term>> {
        if !self.fits(graph, v) {
            return None;
        }
        let terms = self.summands(graph, graph.operands(v)[0]);
        terms.iter().any(|term| self.shares(graph, term.v)).then_some(terms)
    }

    fn shares(&self, graph: &Graph, v: Val) -> bool {
        is_log(graph, v) && self.added[v.index()] == self.uses[v.index()]
    }

    /// The summands that a value is made of, itself if of none.
    fn summands(&self, graph: &Graph, of: Val) -> Vec<Term> {
        let (mut terms, mut next) = (Vec::new(), vec![Term { v: of, minus: false, times: SmallVec::new() }]);
        while let Some(term) = next.pop() {
            let operands = graph.operands(term.v);
            let part =
                |i: usize, turned: bool| Term { v: operands[i], minus: term.minus ^ turned, ..term.clone() };
            match graph.op(term.v) {
                _ if self.uses[term.v.index()] > 1 => terms.push(term),
                Some(Op::Add(_)) => next.extend([part(1, false), part(0, false)]),
                Some(Op::Sub(_)) => next.extend([part(1, true), part(0, false)]),
                Some(Op::Neg(_)) => next.push(part(0, true)),
                Some(Op::Mul(_)) => match self.number_and_log(graph, [operands[0], operands[1]]) {
                    Some([number, log]) => {
                        let mut times = term.times.clone();
                        times.push(number);
                        next.push(Term { v: log, times, ..term });
                    }
                    None => terms.push(term),
                },
                _ => terms.push(term),
            }
        }
        terms
    }

    /// The factors of a product: one that is the same everywhere, and one that logarithms are added up in.
    fn number_and_log(&self, graph: &Graph, [a, b]: [Val; 2]) -> Option<[Val; 2]> {
        let fits = |number: Val, log: Val| is_number(graph, number) && self.leads_to_log(graph, log);
        if fits(a, b) { Some([a, b]) } else { fits(b, a).then_some([b, a]) }
    }

    fn leads_to_log(&self, graph: &Graph, v: Val) -> bool {
        self.summands(graph, v).iter().any(|term| is_log(graph, term.v))
    }

    /// The sum of the terms over everything.
    fn sum(&self, graph: &Graph, out: &mut Graph, terms: &[Term], map: &[Val]) -> Result<Val, TypeError> {
        let (mut rest, mut logs) = (None, Vec::new());
        for Term { v, minus, times } in terms {
            let args: Vec<Val> = graph.operands(*v).iter().map(|o| map[o.index()]).collect();
            let mut times = times.iter();
            let first = times.next().map(|v| number(graph, out, *v, map)).transpose()?;
            let scale = times.try_fold(first, |product, v| {
                let x = number(graph, out, *v, map)?;
                product.map(|product| out.mul(product, x)).transpose()
            })?;
            let op = graph.op(*v).filter(|_| self.shares(graph, *v));
            let parts = Parts::of(op, out, &args)?;
            let term = match parts {
                None => Some(map[v.index()]),
                Some(Parts { larger, factor, exponent }) => {
                    let log = log_of_product(out, factor, exponent)?;
                    logs.push((scaled(out, log, scale)?, *minus));
                    larger
                }
            };
            if let Some(term) = term {
                let term = scaled(out, term, scale)?;
                rest = Some(accumulate(out, rest, (term, *minus))?);
            }
        }
        let rest = rest.map(|x| {
            let axes = (0..out.ty(x).rank()).collect();
            out.push(ReduceSum { axes }, &[x])
        });
        let mut total = rest.transpose()?;
        for log in logs {
            total = Some(accumulate(out, total, log)?);
        }
        total.ok_or_else(|| TypeError { op: "add", operands: Vec::new(), expected: "summands".into() })
    }
}

fn is_log(graph: &Graph, v: Val) -> bool {
    matches!(graph.op(v), Some(Op::Softplus(_) | Op::LogAddExp(_) | Op::Log1pSquare(_)))
}

/// Whether one number stands in every element.
fn is_number(graph: &Graph, v: Val) -> bool {
    match graph.op(v) {
        Some(Op::Broadcast(_)) => graph.ty(graph.operands(v)[0]).rank() == 0,
        Some(Op::Neg(_)) => is_number(graph, graph.operands(v)[0]),
        _ => false,
    }
}

/// The number that stands in every element.
fn number(graph: &Graph, out: &mut Graph, v: Val, map: &[Val]) -> Result<Val, TypeError> {
    let of = graph.operands(v)[0];
    match graph.op(v) {
        Some(Op::Neg(_)) => {
            let x = number(graph, out, of, map)?;
            out.neg(x)
        }
        _ => Ok(map[of.index()]),
    }
}

/// The value whose sum is wanted: of `larger`, and of the logarithm of `factor 2^exponent`.
struct Parts {
    larger: Option<Val>,
    factor: Val,
    exponent: Option<Val>,
}

impl Parts {
    fn of(op: Option<&Op>, out: &mut Graph, args: &[Val]) -> Result<Option<Parts>, TypeError> {
        let [larger, tail] = match op {
            Some(Op::Softplus(_)) => Softplus::parts(out, args)?,
            Some(Op::LogAddExp(_)) => LogAddExp::parts(out, args)?,
            Some(Op::Log1pSquare(_)) => {
                let [factor, exponent] = significand(out, args)?;
                return Ok(Some(Parts { larger: None, factor, exponent: Some(exponent) }));
            }
            _ => return Ok(None),
        };
        let one = out.full_like(tail, 1.0)?;
        Ok(Some(Parts { larger: Some(larger), factor: out.add(one, tail)?, exponent: None }))
    }
}

fn scaled(out: &mut Graph, x: Val, scale: Option<Val>) -> Result<Val, TypeError> {
    let Some(scale) = scale else { return Ok(x) };
    let dims = out.ty(x).dims.clone();
    let scale = out.broadcast_to(scale, &dims)?;
    out.push(Mul, &[scale, x])
}

fn accumulate(out: &mut Graph, sum: Option<Val>, (term, minus): (Val, bool)) -> Result<Val, TypeError> {
    match (sum, minus) {
        (None, false) => Ok(term),
        (None, true) => out.neg(term),
        (Some(sum), false) => out.add(sum, term),
        (Some(sum), true) => out.sub(sum, term),
    }
}

/// Numbers of a float type: its integers, the width of a significand, and the power of two of the number 1 as it is stored.
struct Format {
    integer: DType,
    digits: i32,
    bias: f64,
}

impl Format {
    fn of(dtype: DType) -> Format {
        match dtype {
            DType::F32 => Format { integer: DType::I32, digits: 23, bias: 127.0 },
            _ => Format { integer: DType::I64, digits: 52, bias: 1023.0 },
        }
    }
}

/// The significand of `1 + x²`, from 1 to 2, and its power of two; of what is not finite itself and zero.
fn significand(out: &mut Graph, args: &[Val]) -> Result<[Val; 2], TypeError> {
    let Format { integer, digits, bias } = Format::of(out.ty(args[0]).dtype);
    let float = out.ty(args[0]).dtype;
    let power = |n: f64| n.exp2();
    formulas(out, args, |[x]| {
        // Beyond the root of the largest number, 1 is nothing beside the square, which has twice the power of two.
        let half = ((bias + 1.0) / 2.0).floor();
        let x = x.abs();
        let far = x.greater(power(half - 4.0));
        let near = far.select(x * power(-half), x);
        let y = near.square() + far.select(x.literal(0.0), 1.0);
        let bits = y.op(Bitcast { dtype: integer }, []);
        let one = bias * power(f64::from(digits));
        let within = bits & (power(f64::from(digits)) - 1.0);
        let factor = (within | one).op(Bitcast { dtype: float }, []);
        let stored = bits.op(ShiftRight, [bits.literal(f64::from(digits))]);
        let exponent = stored - far.select(bits.literal(bias - 2.0 * half), bias);
        let finite = y.less(f64::INFINITY);
        [finite.select(factor, y), finite.select(exponent, 0.0)]
    })
}

/// How many factors, each at most 2, stay far below the largest number.
fn factors(dtype: DType) -> usize {
    if dtype == DType::F32 { 64 } else { 512 }
}

/// `Σ ln(x 2^e)` over everything, for x from 1 to 2, the exponents zero where there are none.
fn log_of_product(out: &mut Graph, x: Val, exponents: Option<Val>) -> Result<Val, TypeError> {
    let Ty { dtype, .. } = *out.ty(x);
    let n = out.ty(x).len();
    let least = n.div_ceil(factors(dtype)).max(LANES);
    // Lanes that divide the number of elements spare the filling up of the last factors.
    let lanes = (least..=least * 2).find(|lanes| n.is_multiple_of(*lanes)).unwrap_or(least);
    let whole = n / lanes * lanes;
    let all = out.reshape(x, &[n])?;
    let part = |out: &mut Graph, start, limit| {
        out.push(Slice::new(Dims::from_slice(&[start]), Dims::from_slice(&[limit])), &[all])
    };
    let head = if whole == n { all } else { part(out, 0, whole)? };
    let head = out.reshape(head, &[n / lanes, lanes])?;
    let mut products = out.push(ReduceProd { axes: Dims::from_slice(&[0]) }, &[head])?;
    if whole < n {
        let last = part(out, whole, n)?;
        let one = out.full_like(last, 1.0)?;
        let above = out.sub(last, one)?;
        let fill = Pad::new(Dims::from_slice(&[0]), Dims::from_slice(&[whole + lanes - n]));
        let above = out.push(fill, &[above])?;
        let ones = out.full_like(above, 1.0)?;
        let last = out.add(ones, above)?;
        products = out.mul(products, last)?;
    }
    let logs = out.log(products)?;
    let sum = out.push(ReduceSum { axes: Dims::from_slice(&[0]) }, &[logs])?;
    let Some(exponents) = exponents else { return Ok(sum) };
    let powers = out.sum_all(exponents)?;
    let powers = out.convert(powers, dtype)?;
    let ln2 = out.full_like(powers, std::f64::consts::LN_2)?;
    let powers = out.mul(ln2, powers)?;
    out.add(powers, sum)
}
