//! Stable rewrites: each row's formula fails at some argument, and what it becomes does not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{collections::BTreeSet, fs};

use pyroxene_ir::{
    Array, Graph,
    eval::eval,
    passes::{Pass, Query, REWRITES, StableRewrites, value_and_grad},
    text::parse,
};
use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn graph(row: &str) -> Graph {
    let path = format!("{ROOT}/../tests/filetests/stable_rewrites/{row}.ir");
    parse(&fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))).unwrap()
}

fn rewritten(graph: &Graph) -> Graph {
    StableRewrites.run(graph, Query::Evaluate).unwrap()
}

fn golden() -> Value {
    let text = fs::read_to_string(format!("{ROOT}/tests/golden/stable_rewrites.json")).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["rows"].take()
}

fn numbers(value: &Value) -> Vec<Option<f64>> {
    value.as_array().unwrap().iter().map(Value::as_f64).collect()
}

/// The first output, and the derivative of its sum by the first input.
fn value_and_slope(graph: &Graph, args: &Value) -> [Vec<f64>; 2] {
    let mut graph = graph.clone();
    let first = graph.outputs()[0];
    let total = graph.sum_all(first).unwrap();
    graph.set_outputs([total, first]);
    let graph = value_and_grad(&graph, &graph.inputs()[..1]).unwrap();
    let args: Vec<Array> = graph
        .inputs()
        .iter()
        .zip(args.as_array().unwrap())
        .map(|(v, x)| {
            let x: Vec<f64> = numbers(x).into_iter().flatten().collect();
            Array::from(x).reshape(graph.ty(*v).dims.iter().copied()).unwrap()
        })
        .collect();
    let out = eval(&graph, &args).unwrap();
    [out[1].to_f64_vec(), out[2].to_f64_vec()]
}

/// The largest relative error; where no value is expected, only NaN is one.
fn error(found: &[f64], expected: &[Option<f64>]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let one = |(f, e): (&f64, &Option<f64>)| match e {
        Some(e) if f == e => 0.0,
        Some(e) if f.is_finite() => (f - e).abs() / e.abs().max(f64::MIN_POSITIVE),
        None if f.is_finite() => 0.0,
        _ => f64::INFINITY,
    };
    found.iter().zip(expected).map(one).fold(0.0, f64::max)
}

#[test]
fn formulas_fail_and_what_they_become_does_not() {
    let golden = golden();
    for row in REWRITES {
        let before = graph(row.name);
        let after = rewritten(&before);
        let cases =
            golden[row.name].as_array().unwrap_or_else(|| panic!("no golden numbers for {}", row.name));
        for case in cases {
            let expected = ["value", "slope"].map(|what| numbers(&case[what]));
            let failing = usize::from(case["fails"] == "slope");
            let old = value_and_slope(&before, &case["args"]);
            let lost = error(&old[failing], &expected[failing]);
            // Four digits lost: no rounding of a sound formula. `exp_log` loses that many at most, and says so.
            let bound = if row.name == "exp_log" { 1e-14 } else { 1e-12 };
            assert!(lost > bound, "{} at {}: the formula is right to {lost}", row.name, case["args"]);
            let new = value_and_slope(&after, &case["args"]);
            for (what, (found, expected)) in ["value", "slope"].iter().zip(new.iter().zip(&expected)) {
                // The functions that take over are right to a few roundings each, and their derivatives too.
                let wrong = error(found, expected);
                assert!(wrong <= 4e-15, "{} at {}: {what} {found:?}, {expected:?}", row.name, case["args"]);
            }
        }
    }
}

#[test]
fn elsewhere_formulas_keep_their_values() {
    for row in REWRITES {
        let before = graph(row.name);
        let args: Vec<Array> = before
            .inputs()
            .iter()
            .enumerate()
            .map(|(i, v)| {
                let ty = before.ty(*v);
                // Below zero where the formula is about 1 − eˣ.
                let sign = if row.name == "log_one_minus_exp" { -1.0 } else { 1.0 };
                let element = |k: usize| sign * (0.3 + 0.2 * i as f64 + 0.1 * k as f64);
                let elements: Vec<f64> = (0..ty.len()).map(element).collect();
                Array::from(elements).reshape(ty.dims.iter().copied()).unwrap()
            })
            .collect();
        let (old, new) = (eval(&before, &args).unwrap(), eval(&rewritten(&before), &args).unwrap());
        for (x, y) in old.iter().zip(&new) {
            let expected: Vec<Option<f64>> = x.to_f64_vec().into_iter().map(Some).collect();
            let wrong = error(&y.to_f64_vec(), &expected);
            assert!(wrong < 4e-15, "{}: {x:?}, {y:?}", row.name);
        }
    }
}

#[test]
fn nothing_is_left_to_rewrite() {
    for row in REWRITES {
        let once = rewritten(&graph(row.name));
        assert_ne!(once, graph(row.name), "{}", row.name);
        assert_eq!(rewritten(&once), once, "{}", row.name);
    }
}

#[test]
fn rows_have_names_of_their_own() {
    let names: BTreeSet<&str> = REWRITES.iter().map(|r| r.name).collect();
    assert_eq!(names.len(), REWRITES.len());
    let golden = golden();
    assert_eq!(golden.as_object().unwrap().len(), REWRITES.len(), "golden numbers of rows that are no more");
    assert!(REWRITES.iter().all(|r| !r.why.is_empty()));
}
