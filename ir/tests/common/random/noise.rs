//! How far roundings move the results of a graph, told by evaluating it with random ones.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, reason = "each test binary uses its own part")]

use std::collections::BTreeMap;

use pyroxene_ir::{
    Array, DType, Graph, Kind, Op, Ty, Val,
    ops::{Combine, Hlo},
};

/// Whether an op over exact operands has the same bits however it is computed: it moves, chooses or compares elements, or
/// it is about integers.
pub(crate) fn exact(op: &Op, tys: &[Ty]) -> bool {
    match op {
        Op::Convert(c) => {
            c.dtype != DType::F32 || tys.iter().all(|ty| matches!(ty.dtype, DType::F32 | DType::Bool))
        }
        Op::Scatter(s) => s.by != Combine::Mul,
        _ => EXACT.contains(&op.name()),
    }
}

const EXACT: [&str; 31] = [
    "abs",
    "barrier",
    "bitcast",
    "broadcast",
    "ceil",
    "compare",
    "concatenate",
    "constant",
    "dynamic_slice",
    "dynamic_update_slice",
    "floor",
    "iota",
    "is_finite",
    "max",
    "min",
    "neg",
    "not",
    "pad",
    "reduce_max",
    "reduce_min",
    "reshape",
    "reverse",
    "round",
    "select",
    "sign",
    "slice",
    "sort",
    "stop_gradient",
    "take",
    "transpose",
    "xor",
];

/// Whether a rounding of an operand can make a large difference of the result's: where it jumps.
pub(crate) fn needs_exact(op: &Op) -> bool {
    match op {
        Op::Convert(c) => !c.dtype.is_float(),
        _ => JUMPS.contains(&op.name()),
    }
}

const JUMPS: [&str; 15] = [
    "atan2",
    "bitcast",
    "ceil",
    "compare",
    "eigh",
    "floor",
    "householder",
    "is_finite",
    "qr",
    "rem",
    "round",
    "sign",
    "slogdet",
    "sort",
    "tan",
];

/// Ops whose errors are small beside a matrix as a whole, not beside each element.
const MATRICES: [&str; 8] =
    ["cholesky", "eigh", "householder", "householder_product", "qr", "slogdet", "solve", "triangular_solve"];

/// Whether errors of an op, or of one inside it, are small beside a matrix as a whole.
fn of_matrices(op: &Op) -> bool {
    let inside = |g: &Graph| g.vals().filter_map(|v| g.op(v)).any(of_matrices);
    MATRICES.contains(&op.name()) || op.regions().iter().any(|region| inside(region))
}

/// The relative size of the roundings in one op. Arithmetic and XLA's transcendentals err by a few units in the last place;
/// special functions as much as the table tests of ops let them, and bodies of loops are a few dozen ops.
fn level(op: &Op, tys: &[Ty], dtype: DType) -> f64 {
    let single = dtype == DType::F32 || tys.iter().any(|ty| ty.dtype == DType::F32);
    match op.hlo(tys) {
        _ if exact(op, tys) => 0.0,
        Hlo::Expand(_) | Hlo::ExpandOp(_) | Hlo::WithAttrs("while" | "conditional", _) => {
            if single {
                1e-5
            } else {
                2e-13
            }
        }
        _ => 16.0 * if single { f64::from(f32::EPSILON) } else { f64::EPSILON },
    }
}

fn finite(x: &Array) -> bool {
    x.to_f64_vec().iter().all(|x| x.is_finite())
}

/// A stream of signs (SplitMix64; Steele, Lea, Flood 2014).
struct Signs(u64);

impl Signs {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        if (z ^ (z >> 31)) & 1 == 0 { 1.0 } else { -1.0 }
    }

    /// Every element moved by `level`, up or down, of itself or where `whole` of the largest; and by numbers at the lower
    /// end of the range, which XLA flushes to zero.
    fn shake(&mut self, x: &Array, level: f64, whole: bool) -> Array {
        if !x.dtype().is_float() || level == 0.0 {
            return x.clone();
        }
        let smallest = if x.dtype() == DType::F32 { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE };
        let largest = x.to_f64_vec().into_iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        let size = |x: f64| if whole { largest } else { x.abs() };
        let xs = x.to_f64_vec().into_iter();
        let xs =
            xs.map(|x| if size(x) == 0.0 { x } else { x + self.next() * (level * size(x)).max(smallest) });
        Array::new(x.dims().iter().copied(), xs.collect::<Vec<f64>>()).unwrap().convert(x.dtype())
    }
}

/// The values of all nodes, with roundings of operands and results where a seed is given.
fn walk(graph: &Graph, args: &[Array], seed: Option<u64>) -> Vec<Array> {
    let mut signs = seed.map(Signs);
    let mut values: Vec<Array> = Vec::new();
    let mut further: BTreeMap<Val, Vec<Array>> = BTreeMap::new();
    let mut args = args.iter();
    for v in graph.vals() {
        let node = graph.node(v);
        let operands: Vec<Array> = graph.operands(v).iter().map(|o| values[o.index()].clone()).collect();
        values.push(match &node.kind {
            Kind::Input(_) => args.next().unwrap().clone(),
            Kind::Part(i) => further[&graph.operands(v)[0]][*i as usize - 1].clone(),
            Kind::Site(site) => panic!("site {}", site.name),
            Kind::Pure(op) => {
                let tys: Vec<Ty> = operands.iter().map(Array::ty).collect();
                let results: Vec<Ty> = node.results().cloned().collect();
                let level = level(op, &tys, results[0].dtype);
                let mut shake =
                    |x: &Array, whole| signs.as_mut().map_or_else(|| x.clone(), |s| s.shake(x, level, whole));
                let whole = of_matrices(op);
                let eval = |x: &[Array]| op.eval(&x.iter().collect::<Vec<_>>(), &results);
                let singular = whole && seed.is_some() && !eval(&operands).iter().all(finite);
                let operands: Vec<Array> = operands.iter().map(|x| shake(x, whole)).collect();
                let mut results = eval(&operands);
                results.iter_mut().for_each(|x| *x = shake(x, false));
                // Of singular matrices nothing is known.
                if singular {
                    let unknown = if seed.is_some_and(|seed| seed % 2 == 1) { f64::NAN } else { 1.0 };
                    results.iter_mut().for_each(|x| *x = Array::filled(&x.ty(), unknown));
                }
                further.insert(v, results.split_off(1));
                results.remove(0)
            }
        });
    }
    values
}

/// The outputs of a graph, and by how much roundings move each element.
pub(crate) struct Spread {
    pub(crate) outputs: Vec<Array>,
    moved: Vec<Vec<f64>>,
    /// Whether every number on the way is finite.
    pub(crate) finite: bool,
}

/// How often a graph is evaluated with roundings. Each is as large as it may be, so that several of them seldom cancel.
const RUNS: u64 = 6;

pub(crate) fn spread(graph: &Graph, args: &[Array]) -> Spread {
    let all = walk(graph, args, None);
    let outputs: Vec<Array> = graph.outputs().iter().map(|v| all[v.index()].clone()).collect();
    let mut moved: Vec<Vec<f64>> = outputs.iter().map(|x| vec![0.0; x.len()]).collect();
    for seed in 0..RUNS {
        let shaken = walk(graph, args, Some(seed));
        for (k, v) in graph.outputs().iter().enumerate() {
            let pairs = shaken[v.index()].to_f64_vec().into_iter().zip(outputs[k].to_f64_vec());
            for (most, (x, y)) in moved[k].iter_mut().zip(pairs) {
                let by = (x - y).abs();
                // NaN: one of them is not finite. Where both are the same it has not moved.
                let same = x == y || (x.is_nan() && y.is_nan());
                *most = if same {
                    *most
                } else if by.is_nan() {
                    f64::INFINITY
                } else {
                    most.max(by)
                };
            }
        }
    }
    Spread { outputs, moved, finite: all.iter().all(finite) }
}

impl Spread {
    /// By how much roundings move the first element of the first output.
    pub(crate) fn moved_by(&self) -> f64 {
        self.moved[0][0]
    }

    /// What of output `k` is not explained by roundings: integers and truth values that differ, and floats further away than
    /// eight times what random roundings do, or four units in the last place.
    pub(crate) fn differs(&self, k: usize, found: &Array) -> Option<String> {
        let expected = &self.outputs[k];
        if found.ty() != expected.ty() {
            return Some(format!("type {}, expected {}", found.ty(), expected.ty()));
        }
        if !found.dtype().is_float() {
            return (found != expected).then(|| format!("found {found:?}, expected {expected:?}"));
        }
        let single = found.dtype() == DType::F32;
        let (epsilon, smallest) = if single {
            (f64::from(f32::EPSILON), f64::from(f32::MIN_POSITIVE))
        } else {
            (f64::EPSILON, f64::MIN_POSITIVE)
        };
        let pairs = found.to_f64_vec().into_iter().zip(expected.to_f64_vec());
        let wrong = pairs.zip(&self.moved[k]).position(|((x, y), moved)| {
            let same = x == y || (x.is_nan() && y.is_nan());
            let off = (x - y).abs();
            !same
                && moved.is_finite()
                && (off.is_nan() || off > 8.0 * moved + 4.0 * epsilon * y.abs() + smallest)
        });
        wrong.map(|i| {
            let by = self.moved[k][i];
            format!("element {i}: found {found:?}, expected {expected:?}, roundings move it by {by:e}")
        })
    }
}
