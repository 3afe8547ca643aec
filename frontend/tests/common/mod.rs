//! What the tests of this crate share: golden data, evaluation in the reference interpreter, comparison.
#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod build;
pub(crate) mod jax;
pub(crate) mod models;
pub(crate) mod sites;

use std::{cell::Cell, collections::BTreeMap, fmt::Debug, sync::Arc};

use pyroxene_frontend::{Array, DType, Tensor, record};
use pyroxene_ir::{
    Element, Graph,
    eval::eval,
    passes::{self, Query},
};
use pyroxene_runtime::{Backend, options::Options};
use serde_json::Value;

/// A backend of a test's own, for tests that count compilations while others run beside them.
pub(crate) fn backend() -> anyhow::Result<Arc<dyn Backend>> {
    Ok(pyroxene_runtime::open("cpu", &Options::of_process()?, &mut |_| {})?)
}

/// A file of golden data, made by the script `make_*.py` beside it.
pub(crate) fn golden(name: &str) -> Value {
    let path = format!("{}/../tests/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// A file of golden data of this crate's own.
pub(crate) fn golden_here(name: &str) -> Value {
    golden(&format!("../../frontend/tests/golden/{name}"))
}

/// A list in golden data.
pub(crate) fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("a list, found {value}"))
}

/// A word in golden data.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("a string, found {value}"))
}

/// A number in golden data, where infinities and NaN are words.
pub(crate) fn number(value: &Value) -> f64 {
    match value.as_str() {
        Some("inf") => f64::INFINITY,
        Some("-inf") => f64::NEG_INFINITY,
        Some("nan") => f64::NAN,
        _ => value.as_f64().unwrap_or_else(|| panic!("a number, found {value}")),
    }
}

pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    list(value).iter().map(number).collect()
}

pub(crate) fn dims(value: &Value) -> Vec<usize> {
    list(value).iter().map(|d| number(d) as usize).collect()
}

/// A record `{shape, values}` in golden data, as floats.
pub(crate) fn array(value: &Value) -> Array {
    filled(dims(&value["shape"]), numbers(&value["values"]))
}

pub(crate) fn filled<T: Element>(dims: Vec<usize>, values: Vec<T>) -> Array {
    Array::new(dims, values).unwrap_or_else(|e| panic!("{e}"))
}

/// An integer or a number of golden data as an array of its element type.
pub(crate) fn typed(dtype: DType, shape: &Value, values: &Value) -> Array {
    let integers = || -> Vec<i128> {
        list(values)
            .iter()
            .map(|x| {
                x.as_i64().map(i128::from).or(x.as_u64().map(i128::from)).unwrap_or_else(|| panic!("{x}"))
            })
            .collect()
    };
    let dims = dims(shape);
    match dtype {
        DType::F64 => Array::new(dims, numbers(values)),
        DType::F32 => Array::new(dims, numbers(values).iter().map(|x| *x as f32).collect()),
        DType::I32 => Array::new(dims, integers().iter().map(|x| *x as i32).collect()),
        DType::I64 => Array::new(dims, integers().iter().map(|x| *x as i64).collect()),
        DType::U32 => Array::new(dims, integers().iter().map(|x| *x as u32).collect()),
        DType::U64 => Array::new(dims, integers().iter().map(|x| *x as u64).collect()),
        DType::Bool => Array::new(dims, list(values).iter().map(|x| x == &Value::Bool(true)).collect()),
    }
    .unwrap_or_else(|e| panic!("{e}"))
}

/// The seed of a case: any 64-bit integer, negative ones as their bits.
pub(crate) fn seed(value: &Value) -> u64 {
    value
        .as_u64()
        .or(value.as_i64().map(i64::cast_unsigned))
        .unwrap_or_else(|| panic!("a seed, found {value}"))
}

pub(crate) fn dtype(value: &Value) -> DType {
    text(value).parse().unwrap_or_else(|_| panic!("an element type, found {value}"))
}

fn run(graph: &Graph) -> Vec<Array> {
    let pure = passes::run(graph, Query::Evaluate, &mut |_, _| {}).unwrap_or_else(|e| panic!("{e}"));
    eval(&pure, &[]).unwrap_or_else(|e| panic!("{e}"))
}

/// The values of tensors, through the passes and the reference interpreter.
pub(crate) fn evaluate(f: impl FnOnce() -> Vec<Tensor>) -> Vec<Array> {
    run(&record(f).unwrap_or_else(|e| panic!("{e}")))
}

/// The messages of the errors that `f` records.
pub(crate) fn errors(f: impl FnOnce() -> Vec<Tensor>) -> Vec<String> {
    match record(f) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.0.iter().map(ToString::to_string).collect(),
    }
}

/// The value of a tensor, and the gradient of the sum of its elements by some of those it is computed from; take these
/// from [`variable`].
pub(crate) fn gradient(f: impl FnOnce() -> (Tensor, Vec<Tensor>)) -> (Array, Vec<Array>) {
    let graph = record(|| {
        let (y, xs) = f();
        let mut outputs = vec![y.sum(), y];
        outputs.extend(xs);
        outputs
    })
    .unwrap_or_else(|e| panic!("{e}"));
    let wrt = &graph.outputs()[2..];
    let differentiated = passes::value_and_grad(&graph, wrt).unwrap_or_else(|e| panic!("{e}"));
    let mut results = run(&differentiated);
    let gradients = results.split_off(2 + wrt.len());
    (results.swap_remove(1), gradients)
}

/// A constant that is a value of its own: equal constants are one value of a graph, and so is their derivative.
pub(crate) fn variable(value: &Array) -> Tensor {
    thread_local!(static COUNT: Cell<u32> = const { Cell::new(0) });
    let count = COUNT.with(|c| c.replace(c.get() + 1));
    Tensor::from(value.clone()) + Tensor::from(0.0) * f64::from(count)
}

/// How far a value may be from the expected one: `rel · |expected| + abs`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Within {
    pub(crate) rel: f64,
    pub(crate) abs: f64,
}

impl Within {
    pub(crate) fn holds(self, found: f64, expected: f64) -> bool {
        let same = found == expected || found.is_nan() && expected.is_nan();
        same || (found - expected).abs() <= self.rel * expected.abs() + self.abs && found.is_finite()
    }
}

/// Compares element by element and names the first that differs.
pub(crate) fn assert_close(what: impl Debug, found: &[f64], expected: &[f64], within: Within) {
    assert_eq!(found.len(), expected.len(), "{what:?}: number of elements");
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!(within.holds(*f, *e), "{what:?}, element {i}: found {f:e}, expected {e:e}, {within:?}");
    }
}

/// The parameters of a case, by name.
pub(crate) type Params<T> = BTreeMap<String, T>;

/// The parameters of a case in the golden data of distributions.
pub(crate) fn params(case: &Value) -> Params<Array> {
    let of = case["params"].as_object().unwrap_or_else(|| panic!("{case}"));
    of.iter().map(|(name, value)| (name.clone(), array(value))).collect()
}

/// The tensors of arrays broadcast to `dims`, each a variable of its own.
pub(crate) fn variables(p: &Params<Array>, dims: Option<&[usize]>) -> Params<Tensor> {
    let spread = |x: &Array| {
        let Some(dims) = dims else { return x.clone() };
        evaluate(|| vec![Tensor::from(x.clone()).broadcast_to(dims)]).swap_remove(0)
    };
    p.iter().map(|(name, x)| (name.clone(), variable(&spread(x)))).collect()
}

/// How exact a draw is.
pub(crate) fn draw_within(name: &str, p: &Params<Array>) -> Within {
    let shift = ["loc", "low", "high"].iter().filter_map(|n| p.get(*n)).flat_map(|x| x.to_f64_vec());
    // Adding a location rounds to its precision, and XLA may fuse it with the product before.
    let abs = 2.0 * f64::EPSILON * shift.fold(0.0, |m: f64, x| m.max(x.abs()));
    let rel = match name {
        // XLA's `log-plus-one` and inverse error function; the tangent near its pole.
        "Exponential" => 5e-14,
        "Uniform" => 1e-15,
        "BernoulliProbs" | "BernoulliLogits" => 0.0,
        _ => 2e-14,
    };
    Within { rel, abs }
}
