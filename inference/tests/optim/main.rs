//! Optimisers, schedules and searches against NumPyro's, optax's and JAX's: `golden/optim.json`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod optimizers;
mod schedules;
mod searches;

use pyroxene_frontend::{Array, Tensor};
use serde_json::Value;

/// A part of the golden data, case by case.
fn golden(part: &str) -> Value {
    let text = include_str!("../golden/optim.json");
    serde_json::from_str::<Value>(text).unwrap()[part].take()
}

/// The numbers of an array in golden data, where NaN is a word.
fn numbers(array: &Value) -> Vec<f64> {
    let values = array["values"].as_array().unwrap().iter();
    values.map(|x| if x == "nan" { f64::NAN } else { x.as_f64().unwrap() }).collect()
}

/// Holds numbers to others of about their size.
fn near(what: &str, found: &Array, expected: &[f64], relative: f64, absolute: f64) {
    let found = found.to_f64_vec();
    assert_eq!(found.len(), expected.len(), "{what}");
    for (f, e) in found.iter().zip(expected) {
        let close = (f - e).abs() <= relative * e.abs() + absolute || f.is_nan() && e.is_nan();
        assert!(close, "{what}: found {found:?}, expected {expected:?}");
    }
}

/// The generator's loss of a scalar, a vector of three, and a matrix of two by two.
fn loss(a: Tensor, b: Tensor, c: Tensor) -> Tensor {
    let inside = c.matmul(b.take([0i64, 1])) - a;
    let valley = b.take(1i64) - b.take(0i64).square();
    0.25 * (a - 1.0).powi(4)
        + 0.5 * b.dot(b)
        + inside.exp().log1p().sum()
        + 0.3 * c.cos().sum()
        + 5.0 * valley.square()
}
