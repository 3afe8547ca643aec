//! Special functions against mpmath: values in both float types, by `eval` and by expansion, and first derivatives.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;

use common::sample_graph;
use pyroxene_ir::{
    Array, DType, Graph, Op, Phase, Role, Val,
    eval::eval,
    ops::{Hlo, Sample},
    passes::value_and_grad,
};
use serde::Deserialize;

/// Arguments, value, derivative by each argument, condition number, |x f''|.
#[derive(Deserialize)]
struct Row(Vec<f64>, f64, Vec<Option<f64>>, f64, f64);

#[derive(Deserialize)]
struct Rows {
    double: Vec<Row>,
    single: Vec<Row>,
}

#[derive(Deserialize)]
struct Table {
    ops: BTreeMap<String, Rows>,
}

fn table() -> Table {
    serde_json::from_str(include_str!("golden/functions.json")).unwrap()
}

fn op(name: &str) -> Op {
    let info = Op::ALL.iter().find(|info| info.name == name).unwrap();
    (info.samples)()[0].op.clone()
}

/// All rows of a table as one sample.
fn sample(name: &str, rows: &[Row], dtype: DType) -> Sample {
    let column = |i: usize| Array::from(rows.iter().map(|r| r.0[i]).collect::<Vec<f64>>()).convert(dtype);
    Sample::values(op(name), (0..rows[0].0.len()).map(column))
}

fn expanded(s: &Sample) -> Option<Array> {
    let tys: Vec<_> = s.args.iter().map(Array::ty).collect();
    let Hlo::Expand(expand) = s.op.hlo(&tys) else { return None };
    let mut g = Graph::new(Phase::Pure);
    let args: Vec<Val> = tys.iter().map(|ty| g.input("x", Role::Argument, ty.clone())).collect();
    let out = expand(&mut g, &args).unwrap();
    g.set_outputs([out]);
    eval(&g, &s.args).unwrap().pop()
}

/// The project's promise: a relative error of 1e-13 (2e-6 in single precision) and eight roundings of the argument; at
/// roots, where a relative error means nothing, the same share of one: 1e-14, which is 45 roundings.
fn value_tolerance(row: &Row, dtype: DType) -> f64 {
    let (base, epsilon) = match dtype {
        DType::F32 => (2e-6, f64::from(f32::EPSILON)),
        _ => (1e-13, f64::EPSILON),
    };
    ((base + 8.0 * epsilon * row.3) * row.1.abs()).max(45.0 * epsilon * row.1.abs().min(1.0))
}

fn check(
    what: &str,
    row: &Row,
    found: f64,
    expected: f64,
    tolerance: f64,
    smallest: f64,
    wrong: &mut String,
) {
    // Below the smallest normal number XLA flushes to zero.
    let error = (found - expected).abs();
    if error.is_nan() || error > tolerance.max(smallest) {
        let error = error / expected.abs();
        let row = format!("{what}{:?}: found {found:e}, expected {expected:e}, error {error:.1e}\n", row.0);
        wrong.push_str(&row);
    }
}

#[test]
fn values_agree_with_mpmath_over_the_whole_domain() {
    let mut wrong = String::new();
    for (name, rows) in table().ops {
        for (rows, dtype) in [(&rows.double, DType::F64), (&rows.single, DType::F32)] {
            let s = sample(&name, rows, dtype);
            let smallest = if dtype == DType::F32 { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE };
            let reference = eval(&sample_graph(&s).unwrap(), &s.args).unwrap().pop();
            for (way, values) in [("eval", reference), ("expansion", expanded(&s))] {
                let Some(values) = values else { continue };
                for (row, found) in rows.iter().zip(values.to_f64_vec()) {
                    let what = format!("{name} {dtype} by {way} at ");
                    let tolerance = value_tolerance(row, dtype);
                    check(&what, row, found, row.1, tolerance, smallest, &mut wrong);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// A derivative rule may be a difference of terms of the size of `f`, and its argument is rounded as the value's is.
#[test]
fn derivatives_agree_with_mpmath_over_the_whole_domain() {
    let mut wrong = String::new();
    for (name, rows) in table().ops {
        let s = sample(&name, &rows.double, DType::F64);
        let mut g = sample_graph(&s).unwrap();
        let total = g.sum_all(g.outputs()[0]).unwrap();
        g.set_outputs([total]);
        let wrt = g.inputs().to_vec();
        let values = eval(&value_and_grad(&g, &wrt).unwrap(), &s.args).unwrap();
        for (i, gradient) in values[1..].iter().enumerate() {
            for (row, found) in rows.double.iter().zip(gradient.to_f64_vec()) {
                let Some(expected) = row.2[i] else { continue };
                let tolerance = 1e-12 * expected.abs() + 8.0 * f64::EPSILON * (row.1.abs() + row.4);
                let what = format!("derivative of {name} at ");
                check(&what, row, found, expected, tolerance, f64::MIN_POSITIVE, &mut wrong);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
