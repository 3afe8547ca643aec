//! Random potentials keep their value through the passes that are for potentials, and random sums through `few_buckets`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "common/random/mod.rs"]
mod random;

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use pyroxene_ir::{
    Array, DType, Graph, Kind, Op, Phase, Role, Val,
    eval::eval,
    ops,
    passes::{Dce, DropConstants, FewBuckets, FuseLogp, HoistData, split, value_and_grad},
    verify,
};
use random::{
    Case, Recipe, Scope,
    checks::{after, differentiable},
    config,
    noise::{Spread, spread},
    recipes,
};

/// The case with two bits of `pattern` for each input that say what it is for. Some constants are inputs too, since random
/// graphs have few.
fn with_roles(case: &Case, pattern: u32) -> Case {
    let mut graph = Graph::new(Phase::Pure);
    let mut map: Vec<Val> = Vec::new();
    let (mut given, mut args) = (case.args.iter(), Vec::new());
    for v in case.graph.vals() {
        let node = case.graph.node(v);
        let operands: Vec<Val> = case.graph.operands(v).iter().map(|o| map[o.index()]).collect();
        let bits = (pattern >> (args.len() % 16 * 2)) as usize % 4;
        let value = match &node.kind {
            Kind::Input(_) => given.next(),
            Kind::Pure(Op::Constant(ops::Constant(x))) if bits > 0 && x.dtype() == DType::F64 => Some(x),
            _ => None,
        };
        map.push(match value {
            Some(x) => {
                args.push(x.clone());
                let role = [Role::Key, Role::Data, Role::Position, Role::Data][bits];
                graph.input(format!("x{}", args.len()), role, node.ty.clone())
            }
            None => graph.copy_node(&case.graph, v, &operands).unwrap(),
        });
    }
    graph.set_outputs(case.graph.outputs().iter().map(|v| map[v.index()]));
    Case { graph, args }
}

/// A sum of the doubles of a random graph that are finite numbers, as a potential adds up its sites, of data, a position
/// and keys.
fn potential(recipe: &Recipe, pattern: u32) -> Case {
    let case = with_roles(&recipe.case(Scope { one_way: false, ..Scope::TAME }), pattern);
    let values = [eval(&case.graph, &case.args), eval(&case.graph, &moved(&case))].map(Result::unwrap);
    let finite = |i: usize| values.iter().all(|all| all[i].to_f64_vec().iter().all(|x| x.is_finite()));
    let mut g = case.graph;
    let doubles = |i: &usize| g.ty(Val::from_index(*i)).dtype == DType::F64 && finite(*i);
    let doubles: Vec<Val> = (0..g.len()).filter(doubles).map(Val::from_index).collect();
    let mut total = g.constant(0.5).unwrap();
    for (i, v) in doubles.into_iter().enumerate() {
        // Some are dear, and some sums of one shape lie beside each other.
        let term = if i % 3 == 0 { smooth(&mut g, v) } else { v };
        let factor = g.full_like(term, 0.3 + (i % 5) as f64).unwrap();
        let term = g.mul(term, factor).unwrap();
        let term = g.sum_all(term).unwrap();
        total = match i % 4 {
            0 => g.sub(total, term).unwrap(),
            1 => {
                let term = g.neg(term).unwrap();
                g.add(term, total).unwrap()
            }
            _ => g.add(total, term).unwrap(),
        };
    }
    g.set_outputs([total]);
    Case { graph: after(&Dce, &g), args: case.args }
}

/// `ln(1 + x²)`.
fn smooth(g: &mut Graph, x: Val) -> Val {
    let square = g.mul(x, x).unwrap();
    g.push(ops::Log1p, &[square]).unwrap()
}

fn position(graph: &Graph) -> Vec<Val> {
    let float = |v: &Val| graph.ty(*v).dtype.is_float();
    let is_position = |v: &Val| graph.input_of(*v).is_some_and(|i| i.role == Role::Position);
    graph.inputs().iter().copied().filter(|v| float(v) && is_position(v)).collect()
}

/// The arguments with another position.
fn moved(case: &Case) -> Vec<Array> {
    let by = |x: &Array| {
        let xs = x.to_f64_vec().into_iter().enumerate().map(|(i, x)| x + 0.01 * (1 + i % 3) as f64);
        Array::new(x.dims().iter().copied(), xs.collect::<Vec<f64>>()).unwrap().convert(x.dtype())
    };
    let inputs = case.graph.inputs();
    let position = position(&case.graph);
    inputs.iter().zip(&case.args).map(|(v, x)| if position.contains(v) { by(x) } else { x.clone() }).collect()
}

/// The same bits whether what depends on data alone is computed at every call, marked, or computed by a program of its own.
fn hoists(case: &Case) -> bool {
    let expected = eval(&case.graph, &case.args).unwrap();
    let marked = after(&HoistData, &case.graph);
    assert_eq!(eval(&marked, &case.args).unwrap(), expected, "{}", case.graph);
    let Some(parts) = split(&marked).unwrap() else { return false };
    verify(&parts.prepare).unwrap();
    verify(&parts.main).unwrap();
    let is_data = |v: &Val| case.graph.input_of(*v).is_some_and(|i| i.role == Role::Data);
    let pairs = || case.graph.inputs().iter().zip(&case.args);
    let data: Vec<Array> = pairs().filter(|(v, _)| is_data(v)).map(|(_, x)| x.clone()).collect();
    let prepared = eval(&parts.prepare, &data).unwrap();
    let others = pairs().filter(|(v, _)| !is_data(v)).map(|(_, x)| x.clone());
    let all: Vec<Array> = data.into_iter().chain(prepared).chain(others).collect();
    assert_eq!(eval(&parts.main, &all).unwrap(), expected, "{}", case.graph);
    true
}

/// A total is the same however it is added up.
fn fuses(case: &Case) -> bool {
    let found = after(&FuseLogp, &case.graph);
    let expected = spread(&case.graph, &case.args);
    if expected.finite {
        let found = eval(&found, &case.args).unwrap();
        let difference = expected.differs(0, &found[0]);
        assert!(difference.is_none(), "{difference:?}, of\n{}\nof {:?}", case.graph, case.args);
    }
    found != case.graph
}

/// Gradients, and differences between two positions, are the same without constants.
fn drops(case: &Case) -> bool {
    let found = after(&DropConstants, &case.graph);
    let there = moved(case);
    let of = |graph: &Graph| [spread(graph, &case.args), spread(graph, &there)];
    let [before, after] = [of(&case.graph), of(&found)];
    let all = || before.iter().chain(&after);
    if !all().all(|s| s.finite) {
        return false;
    }
    let value = |s: &Spread| s.outputs[0].to_f64_vec()[0];
    let [expected, difference] = [&before, &after].map(|[here, there]| value(there) - value(here));
    let slack = all().map(|s| 8.0 * s.moved_by() + 4.0 * f64::EPSILON * value(s).abs()).sum::<f64>();
    let off = (difference - expected).abs();
    assert!(off <= slack, "{difference:e}, expected {expected:e}, of\n{}\nof {:?}", case.graph, case.args);
    let gradient = |graph: &Graph| differentiable(value_and_grad(graph, &position(graph)));
    if let (Some(whole), Some(dropped)) = (gradient(&case.graph), gradient(&found)) {
        let (expected, found) = (spread(&whole, &case.args), eval(&dropped, &case.args).unwrap());
        for (k, found) in found.iter().enumerate().skip(1) {
            let difference = expected.differs(k, found).filter(|_| expected.finite);
            assert!(difference.is_none(), "{difference:?}, of\n{}\nof {:?}", case.graph, case.args);
        }
    }
    found != case.graph
}

/// Updates of a small table, and a table with their sums.
#[derive(Clone, Debug)]
struct Sums {
    entries: usize,
    dims: Vec<usize>,
    dtype: DType,
    index: DType,
    salt: usize,
}

fn sums() -> impl Strategy<Value = Sums> {
    let dims =
        prop_oneof![Just(vec![1000]), Just(vec![1003]), Just(vec![2, 600]), Just(vec![999]), Just(vec![0])];
    let dtype = prop_oneof![Just(DType::F64), Just(DType::F32), Just(DType::I32), Just(DType::U64)];
    let index = prop_oneof![Just(DType::I64), Just(DType::I32), Just(DType::U32)];
    (1usize..4, dims, dtype, index, 0usize..100).prop_map(|(entries, dims, dtype, index, salt)| Sums {
        entries,
        dims,
        dtype,
        index,
        salt,
    })
}

impl Sums {
    /// The graph and its arguments. Some positions are outside, and what goes there is no number.
    fn case(&self) -> Case {
        let n: usize = self.dims.iter().product();
        let place = |i: usize| (i * 7 + i / 5 * self.salt) % (self.entries + 2);
        let outside = |i: usize| place(i) >= self.entries;
        let shift = if self.index == DType::U32 { 0.0 } else { (self.entries + 3) as f64 };
        let index = |i: usize| place(i) as f64 - if outside(i) && i.is_multiple_of(2) { shift } else { 0.0 };
        let update =
            |i: usize| if outside(i) { f64::NAN } else { ((i + self.salt) as f64 * 0.7).sin() * 9.0 };
        let array =
            |dims: &[usize], x: Vec<f64>, dtype| Array::new(dims.iter().copied(), x).unwrap().convert(dtype);
        let args = vec![
            array(&[self.entries], (0..self.entries).map(|i| i as f64 + 0.5).collect(), self.dtype),
            array(&self.dims, (0..n).map(index).collect(), self.index),
            array(&self.dims, (0..n).map(update).collect(), self.dtype),
        ];
        let mut graph = Graph::new(Phase::Pure);
        let inputs: Vec<Val> = args.iter().map(|x| graph.input("x", Role::Argument, x.ty())).collect();
        let v = graph.push(ops::ScatterAdd { axis: 0 }, &inputs).unwrap();
        graph.set_outputs([v]);
        Case { graph, args }
    }

    fn check(&self) -> bool {
        let case = self.case();
        let found = after(&FewBuckets, &case.graph);
        let [x, y] = [&found, &case.graph].map(|g| eval(g, &case.args).unwrap().remove(0));
        assert_eq!(x.ty(), y.ty());
        // Sums of numbers up to 9 in another order; of integers there is but one.
        let epsilon = match self.dtype {
            DType::F64 => f64::EPSILON,
            DType::F32 => f64::from(f32::EPSILON),
            _ => 0.0,
        };
        let slack = 9.0 * epsilon * case.args[2].len() as f64;
        for (x, y) in x.to_f64_vec().into_iter().zip(y.to_f64_vec()) {
            assert!((x - y).abs() <= slack, "{self:?}: {x}, expected {y}");
        }
        found != case.graph
    }
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn hoisting_keeps_values(recipe in recipes(30), pattern in any::<u32>()) {
        hoists(&with_roles(&recipe.case(Scope::TAME), pattern));
    }

    #[test]
    fn hoisting_keeps_extremes(recipe in recipes(30), pattern in any::<u32>()) {
        hoists(&with_roles(&recipe.case(Scope::ALL), pattern));
    }

    #[test]
    fn fusing_keeps_totals(recipe in recipes(30), pattern in any::<u32>()) {
        fuses(&potential(&recipe, pattern));
    }

    #[test]
    fn dropping_constants_keeps_differences(recipe in recipes(24), pattern in any::<u32>()) {
        drops(&potential(&recipe, pattern));
    }

    #[test]
    fn few_buckets_keep_sums(sums in sums()) {
        sums.check();
    }
}

/// The passes have something to do in many of these graphs, so that the tests above compare something.
#[test]
fn passes_find_work_in_random_graphs() {
    let mut runner = TestRunner::new(config(0));
    let mut counts = [0; 4];
    for i in 0..60u32 {
        let recipe = recipes(30).new_tree(&mut runner).unwrap().current();
        let pattern = i.wrapping_mul(0x9E37_79B9);
        let sums = sums().new_tree(&mut runner).unwrap().current();
        let case = potential(&recipe, pattern);
        let found = [hoists(&case), fuses(&case), drops(&case), sums.check()];
        counts.iter_mut().zip(found).for_each(|(count, found)| *count += usize::from(found));
    }
    assert!(counts.iter().all(|n| *n >= 6), "of 60 graphs {counts:?} changed");
}
