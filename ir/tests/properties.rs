//! Random graphs keep their value through every pass, and batches and derivatives of them are right.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "common/random/mod.rs"]
mod random;

use std::collections::BTreeSet;

use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngSeed, TestRunner},
};
use pyroxene_ir::{
    Array, DType, Graph, Op, Phase, Role, Val,
    eval::eval,
    ops,
    passes::{self, Dce, Fold, Legalize, Pass, StableRewrites, jvp, value_and_grad},
    text::parse,
    verify,
};
use random::{
    Case, Scope,
    checks::{after, differentiable},
    config,
    noise::{Spread, spread},
    recipes,
};

/// The case with every `step`-th value as output, so that others are dead.
fn sparse(case: &Case, step: usize) -> Case {
    let mut graph = case.graph.clone();
    let n = graph.len();
    graph.set_outputs((0..n).rev().step_by(step).map(Val::from_index));
    Case { graph, args: case.args.clone() }
}

fn same_bits(pass: &dyn Pass, case: &Case) {
    let found = after(pass, &case.graph);
    let (found, expected) = (eval(&found, &case.args).unwrap(), eval(&case.graph, &case.args).unwrap());
    for (k, (f, e)) in found.iter().zip(&expected).enumerate() {
        let v = case.graph.outputs()[k];
        assert_eq!(f, e, "{}: {v} of\n{}\nof {:?}", pass.name(), case.graph, case.args);
    }
}

fn agrees(what: &str, case: &Case, expected: &Spread, found: &[Array]) {
    for (k, found) in found.iter().enumerate() {
        if let Some(difference) = expected.differs(k, found) {
            let v = case.graph.outputs()[k];
            panic!("{what}: {v}: {difference}, of\n{}\nof {:?}", case.graph, case.args);
        }
    }
}

/// Values through all passes.
fn keeps_its_value(case: &Case) {
    verify(&case.graph).unwrap_or_else(|e| panic!("{e}"));
    same_bits(&Dce, case);
    same_bits(&Fold, case);
    let expected = spread(&case.graph, &case.args);
    let legal = after(&Legalize, &case.graph);
    agrees("legalize", case, &expected, &eval(&legal, &case.args).unwrap());
    let stable = after(&StableRewrites, &case.graph);
    let found = eval(&stable, &case.args).unwrap();
    // What is rewritten is right where the formula is not.
    if expected.finite {
        agrees("stable_rewrites", case, &expected, &found);
    }
}

/// Weights of both signs, none special.
fn weights(like: &Array, salt: usize) -> Array {
    let xs = (0..like.len()).map(|i| ((i + 3 * salt) as f64 * 2.399_963).sin() + 0.1).collect::<Vec<f64>>();
    Array::new(like.dims().iter().copied(), xs).unwrap().convert(like.dtype())
}

/// `Σ wᵢ · vᵢ` in double precision.
fn weighted_sum(g: &mut Graph, terms: impl IntoIterator<Item = (Val, Array)>) -> Val {
    let mut total = g.constant(0.0).unwrap();
    for (v, w) in terms {
        let w = g.constant(w).unwrap();
        let term = g.mul(v, w).unwrap();
        let term = g.convert(term, DType::F64).unwrap();
        let term = g.sum_all(term).unwrap();
        total = g.add(total, term).unwrap();
    }
    total
}

/// `w · (J t)` by the forward rules against `(Jᵀ w) · t` by the reverse ones, where the roundings of both leave digits.
fn derivatives_agree(case: &Case) -> bool {
    let float = |g: &Graph, v: &Val| g.ty(*v).dtype.is_float();
    let graph = &case.graph;
    let wrt: Vec<Val> = graph.inputs().iter().copied().filter(|v| float(graph, v)).collect();
    let tangents: Vec<Array> =
        wrt.iter().enumerate().map(|(i, v)| weights(&Array::zeros(graph.ty(*v)), 7 + i)).collect();
    let ys: Vec<(usize, Val)> =
        graph.outputs().iter().copied().enumerate().filter(|(_, v)| float(graph, v)).collect();
    let Some(mut forward) = differentiable(jvp(graph, &wrt)) else { return false };
    let n = graph.outputs().len();
    let moved: Vec<(Val, Array)> = ys
        .iter()
        .map(|(k, v)| (forward.outputs()[n + k], weights(&Array::zeros(graph.ty(*v)), *k)))
        .collect();
    let left = weighted_sum(&mut forward, moved);
    forward.set_outputs([left]);
    let mut scalar = graph.clone();
    let terms: Vec<(Val, Array)> =
        ys.iter().map(|(k, v)| (*v, weights(&Array::zeros(graph.ty(*v)), *k))).collect();
    let total = weighted_sum(&mut scalar, terms);
    scalar.set_outputs([total]);
    let Some(mut reverse) = differentiable(value_and_grad(&scalar, &wrt)) else { return false };
    let gradients: Vec<(Val, Array)> =
        reverse.outputs()[1..].iter().copied().zip(tangents.iter().cloned()).collect();
    let right = weighted_sum(&mut reverse, gradients);
    reverse.set_outputs([right]);
    after(&Legalize, &reverse);
    let left = spread(&forward, &[&case.args[..], &tangents].concat());
    let right = spread(&reverse, &case.args);
    let (x, y) = (left.outputs[0].to_f64_vec()[0], right.outputs[0].to_f64_vec()[0]);
    let slack = 8.0 * (left.moved_by() + right.moved_by());
    let close = (x - y).abs() <= slack + 4.0 * f64::EPSILON * x.abs() || !slack.is_finite();
    let nonfinite = !left.finite || !right.finite;
    assert!(
        close || nonfinite,
        "forward {x:e}, reverse {y:e}, slack {slack:e}, of\n{graph}\nof {:?}",
        case.args
    );
    !nonfinite
}

/// A batch of three against its members.
fn batch_agrees(case: &Case, pattern: usize) {
    let graph = &case.graph;
    let axes: Vec<Option<usize>> = graph
        .inputs()
        .iter()
        .enumerate()
        .map(|(i, v)| {
            let place = (pattern >> (2 * (i % 8))) % 4;
            (place > 0).then(|| (place - 1).min(graph.ty(*v).rank()))
        })
        .collect();
    let (batched, held) = passes::batch(graph, &axes, 3).unwrap_or_else(|e| panic!("{e}\n{graph}"));
    verify(&batched).unwrap_or_else(|e| panic!("{e}\n{graph}"));
    let member = |x: &Array, k: usize| {
        // Members are the elements turned round, so that none is out of its domain.
        let n = x.len().max(1);
        x_pick(x, (0..x.len()).map(|i| (i + k) % n).collect())
    };
    let members: Vec<Vec<Array>> = (0..3)
        .map(|k| {
            let all = case.args.iter().zip(&axes);
            all.map(|(x, axis)| if axis.is_some() { member(x, k) } else { x.clone() }).collect()
        })
        .collect();
    let args: Vec<Array> = (0..axes.len())
        .map(|i| match axes[i] {
            Some(axis) => stack(&members.iter().map(|m| m[i].clone()).collect::<Vec<_>>(), axis),
            None => case.args[i].clone(),
        })
        .collect();
    let found = eval(&batched, &args).unwrap();
    for (k, member) in members.iter().enumerate() {
        let expected = spread(graph, member);
        let of_member: Vec<Array> = found
            .iter()
            .zip(&held)
            .map(|(x, axis)| axis.map_or_else(|| x.clone(), |a| take(x, a, k)))
            .collect();
        let alone = Case { graph: graph.clone(), args: member.clone() };
        agrees(&format!("member {k} of batches {axes:?}"), &alone, &expected, &of_member);
    }
}

/// The value of a graph of one op.
fn one(op: impl Into<Op>, args: &[Array]) -> Array {
    let mut g = Graph::new(Phase::Pure);
    let operands: Vec<Val> = args.iter().map(|x| g.input("x", Role::Argument, x.ty())).collect();
    let v = g.push(op, &operands).unwrap();
    g.set_outputs([v]);
    eval(&g, args).unwrap().remove(0)
}

fn x_pick(x: &Array, order: Vec<usize>) -> Array {
    if x.is_empty() {
        return x.clone();
    }
    let flat = x.reshape([x.len()]).unwrap();
    let index = Array::from(order.into_iter().map(|i| i as i64).collect::<Vec<_>>());
    one(ops::Take { axis: 0 }, &[flat, index]).reshape(x.dims().iter().copied()).unwrap()
}

fn stack(members: &[Array], axis: usize) -> Array {
    let rows: Vec<Array> = members
        .iter()
        .map(|x| {
            let mut dims = x.dims().to_vec();
            dims.insert(axis, 1);
            x.reshape(dims).unwrap()
        })
        .collect();
    one(ops::Concatenate { axis }, &rows)
}

fn take(x: &Array, axis: usize, k: usize) -> Array {
    one(ops::Take { axis }, &[x.clone(), Array::scalar(k as i64)])
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn passes_keep_values(recipe in recipes(14), step in 1usize..4) {
        keeps_its_value(&sparse(&recipe.case(Scope::TAME), step));
    }

    #[test]
    fn passes_keep_extremes(recipe in recipes(14), step in 1usize..4) {
        let case = sparse(&recipe.case(Scope::ALL), step);
        verify(&case.graph).unwrap_or_else(|e| panic!("{e}"));
        same_bits(&Dce, &case);
        same_bits(&Fold, &case);
        let types = |g: &Graph| g.outputs().iter().map(|v| g.ty(*v).clone()).collect::<Vec<_>>();
        for pass in [&Legalize as &dyn Pass, &StableRewrites] {
            let found = after(pass, &case.graph);
            prop_assert_eq!(types(&found), types(&case.graph));
            eval(&found, &case.args).unwrap();
        }
    }

    #[test]
    fn text_keeps_graphs(recipe in recipes(14), step in 1usize..4) {
        let graph = sparse(&recipe.case(Scope::ALL), step).graph;
        let text = graph.to_string();
        let parsed = parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        prop_assert_eq!(&parsed, &graph);
        prop_assert_eq!(parsed.to_string(), text);
    }

    #[test]
    fn batches_agree_with_loops(recipe in recipes(10), pattern in any::<u16>()) {
        batch_agrees(&recipe.case(Scope::TAME), usize::from(pattern));
    }

    #[test]
    fn forward_derivatives_are_the_transposes_of_reverse_ones(recipe in recipes(10)) {
        derivatives_agree(&recipe.case(Scope { one_way: false, ..Scope::TAME }));
    }
}

/// Every op is in some random graph, and most numbers are finite, so that the tests above compare something.
#[test]
fn random_graphs_hold_every_op() {
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(0), ..config(0) });
    let mut missing: BTreeSet<&str> = Op::ALL.iter().map(|info| info.name).collect();
    let (mut finite, mut all) = (0, 0);
    for _ in 0..2500 {
        let case = recipes(14).new_tree(&mut runner).unwrap().current().case(Scope::TAME);
        case.graph.vals().filter_map(|v| case.graph.op(v)).for_each(|op| {
            missing.remove(op.name());
        });
        for x in eval(&case.graph, &case.args).unwrap().iter().filter(|x| x.dtype().is_float()) {
            all += x.len();
            finite += x.to_f64_vec().iter().filter(|x| x.is_finite()).count();
        }
    }
    assert!(missing.is_empty(), "no random graph has {missing:?}");
    assert!(finite * 10 > all * 9, "{finite} of {all} numbers are finite");
}
