//! Rewrites of formulas: each stable one fails at some argument, and what it becomes does not; shared logarithms lose nothing.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{collections::BTreeSet, fs};

use pyroxene_ir::{
    Array, DType, Graph,
    eval::eval,
    ops::Op,
    passes::{Pass, Query, REWRITES, SharedExps, SharedLogs, StableRewrites, value_and_grad},
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

/// `Σ (y x − softplus(x)) + Σ log_add_exp(y, x)` over `n` elements, and its derivative by `x`.
fn likelihood(n: usize, dtype: &str) -> Graph {
    let ty = format!("{dtype}[{n}]");
    let text = format!(
        "pure {{\n  %0: {ty} = input data \"y\"\n  %1: {ty} = input argument \"x\"\n  %2: {ty} = mul %0 %1\n  \
         %3: {ty} = softplus %1\n  %4: {ty} = sub %2 %3\n  %5: {ty} = log_add_exp %0 %1\n  %6: {ty} = add %4 %5\n  \
         %7: {dtype}[] = reduce_sum %6 {{\"axes\":[0]}}\n  return %7\n}}\n"
    );
    let graph = parse(&text).unwrap();
    value_and_grad(&graph, &graph.inputs()[1..]).unwrap()
}

#[test]
fn shared_logarithms_lose_nothing_that_counts() {
    // A length that lanes divide, one that needs padding, and the longest: 512 factors of 2 each at x = 0.
    for (n, dtype) in [(1000, "f64"), (997, "f64"), (1 << 16, "f64"), (300, "f32"), (1 << 16, "f32")] {
        let before = likelihood(n, dtype);
        let after = SharedLogs.run(&before, Query::PotentialAndGradient).unwrap();
        assert_ne!(after, before);
        let eps = if dtype == "f32" { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let array = |f: &dyn Fn(usize) -> f64| array(n, dtype, f);
        let wave = |i: usize| (i as f64 * 0.7).sin();
        let cases: [&dyn Fn(usize) -> f64; 7] = [
            &wave,
            &|i| 80.0 * wave(i),
            &|_| 0.0,
            &|_| -80.0,
            &|_| 700.0,
            &|i| if i == 5 { f64::NEG_INFINITY } else { wave(i) },
            &|i| if i == 5 { f64::NAN } else { wave(i) },
        ];
        for (case, x) in cases.iter().enumerate() {
            let args = [array(&|i| f64::from(u8::from(i % 3 == 0))), array(x)];
            let (old, new) = (eval(&before, &args).unwrap(), eval(&after, &args).unwrap());
            let (x, y) = (old[0].to_f64_vec()[0], new[0].to_f64_vec()[0]);
            // Each term is about as large as its x; the sum of as many is rounded as often, in either order.
            let size = 4.0
                * args[1].to_f64_vec().iter().filter(|x| x.is_finite()).map(|x| x.abs() + 1.0).sum::<f64>();
            let roundings = (n as f64).sqrt().max(64.0);
            let same = x == y || x.is_nan() && y.is_nan() || (x - y).abs() <= eps * roundings * size;
            assert!(same, "{n} of {dtype}, case {case}: {x} became {y}");
            assert_eq!(bits(&old[1]), bits(&new[1]), "the derivative is what it was");
        }
    }
}

/// A vector of the numbers of a function.
fn array(n: usize, dtype: &str, f: &dyn Fn(usize) -> f64) -> Array {
    let x = Array::from((0..n).map(f).collect::<Vec<f64>>());
    if dtype == "f32" { x.convert(DType::F32) } else { x }
}

/// `Σ (x − c ln(1 + x²))` over `n` elements, and its derivatives by `x` and `c`.
fn heavy_tails(n: usize, dtype: &str) -> Graph {
    let ty = format!("{dtype}[{n}]");
    let text = format!(
        "pure {{\n  %0: {ty} = input argument \"x\"\n  %1: {dtype}[] = input argument \"c\"\n  \
         %2: {ty} = log1p_square %0\n  %3: {ty} = broadcast %1 {{\"dims\":[{n}],\"map\":[]}}\n  \
         %4: {ty} = mul %3 %2\n  %5: {ty} = sub %0 %4\n  %6: {dtype}[] = reduce_sum %5 {{\"axes\":[0]}}\n  \
         return %6\n}}\n"
    );
    let graph = parse(&text).unwrap();
    value_and_grad(&graph, graph.inputs()).unwrap()
}

#[test]
fn significands_make_up_heavy_tails() {
    // Lengths that lanes divide, that they do not, the shortest and a prime one.
    for (n, dtype) in [(1000, "f64"), (997, "f64"), (64, "f64"), (300, "f32"), (67, "f32")] {
        let before = heavy_tails(n, dtype);
        let after = SharedLogs.run(&before, Query::PotentialAndGradient).unwrap();
        assert_ne!(after, before);
        // The largest number of the type, the root of it with those around, and what is nothing beside 1.
        let (eps, largest) = if dtype == "f32" {
            (f64::from(f32::EPSILON), f64::from(f32::MAX))
        } else {
            (f64::EPSILON, f64::MAX)
        };
        let wave = |i: usize| (i as f64 * 0.7).sin();
        let mut cases: Vec<Vec<f64>> =
            [1e-30, 1e-9, 1.0, 3.0, 1e8, 1e30, largest.sqrt(), largest / 16.0, largest]
                .iter()
                .map(|scale| (0..n).map(|i| scale * wave(i)).collect())
                .collect();
        let near = (0..n).map(|i| largest.sqrt() * (i as f64 / 8.0 - 8.0).exp2());
        cases.extend([vec![0.0; n], vec![largest; n], vec![1.0; n], near.collect()]);
        for strange in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            cases.push((0..n).map(|i| if i == 5 { strange } else { wave(i) }).collect());
        }
        for x in &cases {
            let args = [array(n, dtype, &|i| x[i]), array(1, dtype, &|_| 1.5).reshape([]).unwrap()];
            let (old, new) = (eval(&before, &args).unwrap(), eval(&after, &args).unwrap());
            // A sum of as many terms is rounded as often, in either order.
            let log = |x: f64| if x.abs() > 1e10 { 2.0 * x.abs().ln() } else { (x * x).ln_1p() };
            let logs: f64 = x.iter().filter(|x| x.is_finite()).map(|x| log(*x) + 1.0).sum();
            let own: f64 = x.iter().filter(|x| x.is_finite()).map(|x| x.abs()).sum();
            let sizes = [own + 1.5 * logs, 0.0, logs];
            for ((old, new), size) in old.iter().zip(&new).zip(sizes) {
                if size == 0.0 {
                    assert_eq!(bits(old), bits(new), "the derivative by x is what it was");
                    continue;
                }
                let (x, y) = (old.to_f64_vec()[0], new.to_f64_vec()[0]);
                let same = x == y || x.is_nan() && y.is_nan() || (x - y).abs() <= eps * n as f64 * size;
                assert!(same, "{n} of {dtype}: {x} became {y}");
            }
        }
    }
}

#[test]
fn one_exponential_makes_the_logistic_function_of_both_signs() {
    for dtype in ["f64", "f32"] {
        let text = format!(
            "pure {{\n  %0: {dtype}[12] = input argument \"x\"\n  %1: {dtype}[12] = softplus %0\n  \
             %2: {dtype}[12] = abs %0\n  %3: {dtype}[12] = neg %2\n  %4: {dtype}[12] = exp %3\n  \
             %5: {dtype}[12] = neg %0\n  %6: {dtype}[12] = logistic %0\n  %7: {dtype}[12] = logistic %5\n  \
             return %4, %6, %7\n}}\n"
        );
        let before = parse(&text).unwrap();
        let after = SharedExps.run(&before, Query::PotentialAndGradient).unwrap();
        assert!(after.vals().all(|v| !matches!(after.op(v), Some(Op::Logistic(_)))));
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let x = [0.0, -0.0, 1e-30, 0.7, -0.7, 40.0, -40.0, -80.0, 800.0, inf, -inf, nan];
        let x = array(12, dtype, &|i| x[i]);
        let x = [x];
        let (old, new) = (eval(&before, &x).unwrap(), eval(&after, &x).unwrap());
        let eps = if dtype == "f32" { f64::from(f32::EPSILON) } else { f64::EPSILON };
        for (old, new) in old.iter().zip(&new) {
            for (x, y) in old.to_f64_vec().iter().zip(new.to_f64_vec()) {
                // An exponential, a sum and a quotient, rounded each.
                let same = *x == y || x.is_nan() && y.is_nan() || (x - y).abs() <= 4.0 * eps * x.abs();
                assert!(same, "{dtype}: {x} became {y}");
            }
        }
    }
}

/// Values, NaN equal to itself.
fn bits(x: &Array) -> Vec<u64> {
    x.to_f64_vec().into_iter().map(f64::to_bits).collect()
}
