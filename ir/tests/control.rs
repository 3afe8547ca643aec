//! Loops and choices: what the table tests of ops cannot show of them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;

use pyroxene_ir::{
    Array, DType, Graph, Phase, Role, Ty, Val,
    eval::eval,
    ops::{self, Scan, Switch, While},
    passes::{Dce, Legalize, Pass, Query, jvp, value_and_grad},
    verify::verify,
};

fn closed(inputs: &[Ty], f: impl FnOnce(&mut Graph, &[Val]) -> Vec<Val>) -> Arc<Graph> {
    let mut g = Graph::new(Phase::Pure);
    let args: Vec<Val> = inputs.iter().map(|ty| g.input("x", Role::Argument, ty.clone())).collect();
    let outputs = f(&mut g, &args);
    g.set_outputs(outputs);
    Arc::new(g)
}

fn scalar() -> Ty {
    Ty::scalar(DType::F64)
}

/// `y ← y x` while `y < 100`, with the number of factors.
fn power() -> Graph {
    let tys = [scalar(), scalar(), Ty::scalar(DType::I64)];
    let cond = closed(&tys, |g, x| {
        let limit = g.full(&scalar(), 100.0).unwrap();
        vec![g.lt(x[1], limit).unwrap()]
    });
    let body = closed(&tys, |g, x| {
        let one = g.full(&tys[2], 1.0).unwrap();
        vec![g.mul(x[1], x[0]).unwrap(), g.add(x[2], one).unwrap()]
    });
    let mut g = Graph::new(Phase::Pure);
    let args: Vec<Val> = tys.iter().map(|ty| g.input("x", Role::Argument, ty.clone())).collect();
    let results = g.push_all(While { cond, body }, &args).unwrap();
    g.set_outputs(results);
    g
}

#[test]
fn a_while_has_a_forward_derivative() {
    let g = power();
    let derivative = jvp(&g, &g.inputs()[..2]).unwrap();
    verify(&derivative).unwrap();
    let args = [1.7, 2.0].map(Array::scalar);
    let args = [&args[..], &[Array::scalar(0i64)], &[1.0, 0.5].map(Array::scalar)].concat();
    let found = eval(&derivative, &args).unwrap();
    let n = found[1].to_f64_vec()[0];
    assert_eq!(n, 8.0, "2 · 1.7⁷ < 100 ≤ 2 · 1.7⁸");
    let expected = 2.0 * n * 1.7f64.powf(n - 1.0) + 0.5 * 1.7f64.powf(n);
    assert!((found[2].to_f64_vec()[0] - expected).abs() < 1e-12 * expected, "{found:?}, {expected}");
    assert_eq!(found[3], Array::scalar(0i64), "an integer does not move");
}

#[test]
fn a_while_has_no_reverse_derivative_and_says_what_has() {
    let mut g = power();
    let first = g.outputs()[0];
    g.set_outputs([first]);
    let error = value_and_grad(&g, &g.inputs()[..1]).unwrap_err().to_string();
    assert!(error.contains("while_loop") && error.contains("use `scan`"), "{error}");
}

#[test]
fn legalize_and_dce_reach_into_closed_graphs() {
    let body = closed(&[scalar(), scalar()], |g, x| {
        let value = g.push(ops::Lgamma, &[x[1]]).unwrap();
        vec![g.add(x[0], value).unwrap()]
    });
    let mut g = Graph::new(Phase::Pure);
    let start = g.input("start", Role::Argument, scalar());
    let xs = g.input("xs", Role::Argument, Ty::new(DType::F64, [3]));
    let op = Scan { consts: 0, carries: 1, length: 3, reverse: false, saves: false, body };
    let total = g.push(op, &[start, xs]).unwrap();
    g.set_outputs([total]);
    let args = [Array::scalar(0.0), Array::from([0.5, 3.0, 4.5])];
    let expected = eval(&g, &args).unwrap();
    let legal = Dce.run(&Legalize.run(&g, Query::Evaluate).unwrap(), Query::Evaluate).unwrap();
    verify(&legal).unwrap();
    let text = legal.to_string();
    assert!(!text.contains("lgamma") && !text.contains(" scan "), "{text}");
    let found = eval(&legal, &args).unwrap();
    assert!((found[0].to_f64_vec()[0] - expected[0].to_f64_vec()[0]).abs() < 1e-13);
}

#[test]
fn a_scan_of_a_scan_has_derivatives_to_second_order() {
    // y ← sin(x y), twice for each of three x, from y₀; then d²/dy₀² by differences of the first derivative.
    let inner = closed(&[scalar(), scalar()], |g, x| {
        let product = g.mul(x[0], x[1]).unwrap();
        vec![g.push(ops::Sin, &[product]).unwrap()]
    });
    let outer = closed(&[scalar(), scalar()], |g, x| {
        let op = Scan { consts: 1, carries: 1, length: 2, reverse: false, saves: false, body: inner };
        vec![g.push(op, &[x[1], x[0]]).unwrap()]
    });
    let mut g = Graph::new(Phase::Pure);
    let start = g.input("start", Role::Argument, scalar());
    let xs = g.input("xs", Role::Argument, Ty::new(DType::F64, [3]));
    let op = Scan { consts: 0, carries: 1, length: 3, reverse: false, saves: false, body: outer };
    let end = g.push(op, &[start, xs]).unwrap();
    g.set_outputs([end]);
    let mut first = value_and_grad(&g, &[start]).unwrap();
    let slope = first.outputs()[1];
    first.set_outputs([slope]);
    let start = first.inputs()[0];
    let second = value_and_grad(&first, &[start]).unwrap();
    verify(&second).unwrap();
    let at = |y: f64| [Array::scalar(y), Array::from([1.3, 0.9, 1.6])];
    let found = eval(&second, &at(0.4)).unwrap()[1].to_f64_vec()[0];
    let slope = |y: f64| eval(&first, &at(y)).unwrap()[0].to_f64_vec()[0];
    // A central difference: h² f‴ / 6 and ε f / h are both below 1e-9 here.
    let expected = (slope(0.4 + 1e-5) - slope(0.4 - 1e-5)) / 2e-5;
    assert!((found - expected).abs() < 1e-8, "{found}, {expected}");
}

#[test]
fn ill_fitting_graphs_are_refused() {
    let one = closed(&[scalar()], |_, x| vec![x[0]]);
    let two = closed(&[scalar()], |_, x| vec![x[0], x[0]]);
    let mut g = Graph::new(Phase::Pure);
    let x = g.input("x", Role::Argument, scalar());
    let index = g.input("i", Role::Argument, Ty::scalar(DType::I32));
    let refused =
        |g: &mut Graph, op: pyroxene_ir::Op, args: &[Val]| g.push(op, args).unwrap_err().to_string();
    let message = refused(&mut g, Switch { branches: vec![one.clone(), two] }.into(), &[index, x]);
    assert!(message.contains("return the same types"), "{message}");
    let message = refused(&mut g, While { cond: one.clone(), body: one.clone() }.into(), &[x]);
    assert!(message.contains("returns bool[]"), "{message}");
    let op = Scan { consts: 5, carries: usize::MAX, length: 1, reverse: false, saves: true, body: one };
    assert!(refused(&mut g, op.into(), &[x]).contains("stacks of 1 slices"));
    assert!(g.part(x, 1).is_err(), "an input has one result");
}
