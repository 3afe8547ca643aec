//! Densities and their slopes far from the ordinary, against mpmath (`tests/golden/extreme_distributions.json`), in the
//! interpreter.
#![allow(clippy::panic, reason = "a test that cannot go on says why")]

mod common;

use common::{build::build, golden, gradient, list, number, text, variable};
use pyroxene_frontend::{Array, DType, Tensor};
use serde_json::Value;

/// A number of a row in an element type.
fn scalar(x: &Value, dtype: DType) -> Array {
    Array::from([number(x)]).convert(dtype)
}

/// The log density of a row and its slopes, in the order of the row's names for them.
fn found(row: &Value, dtype: DType) -> Vec<f64> {
    let name = text(&row["dist"]);
    let slopes = row["grad"].as_object().unwrap_or_else(|| panic!("{row}"));
    // Cutpoints and logits are given one by one.
    let vector = match name {
        "OrderedLogistic" => Some(1),
        "CategoricalLogits" => Some(0),
        _ => None,
    };
    let (density, by) = gradient(|| {
        let given = |p: &Value| (!p.is_null()).then(|| variable(&scalar(p, dtype)));
        let scalars: Vec<Option<Tensor>> = list(&row["params"]).iter().map(given).collect();
        let mut params = scalars.clone();
        if let Some(from) = vector {
            let parts: Vec<Tensor> = params.drain(from..).flatten().collect();
            params.push(Some(Tensor::stack_axis(&parts, -1)));
        }
        let d = build(name, &params, &[]).unwrap_or_else(|| panic!("no distribution {name}"));
        let discrete = d.support().is_discrete();
        let at = if discrete {
            Tensor::from(scalar(&row["value"], DType::I64))
        } else {
            variable(&scalar(&row["value"], dtype))
        };
        let by = slopes.keys().map(|key| match key.parse::<usize>() {
            Ok(i) => scalars[i].unwrap_or_else(|| panic!("{row}")),
            Err(_) => at,
        });
        (d.log_prob(at), by.collect())
    });
    assert_eq!(density.dtype(), dtype, "{row}");
    std::iter::once(&density).chain(&by).map(|x| x.to_f64_vec()[0]).collect()
}

/// How far from exact a number of a row may be, in an element type whose precision is `eps`: a rounding of each argument,
/// of the result, and of terms of the order of one, which for a slope are so after a product with its argument.
fn within(row: &Value, key: &str, expected: f64, eps: f64) -> f64 {
    let condition = number(&row["condition"][key]);
    let param = |i: usize| number(&row["params"][i]);
    let argument = match key {
        "log_prob" => 1.0,
        "value" => number(&row["value"]),
        i => param(i.parse().unwrap_or_else(|_| panic!("{row}"))),
    };
    let size = match (text(&row["dist"]), key) {
        // The slope of a Bessel function rounds beside one.
        ("VonMises", "1") => argument,
        // Half of the standardised value's square, and the count's distance from its mean, are terms that cancel.
        ("StudentT", "0") => 1.0 + ((number(&row["value"]) - param(1)) / param(2)).powi(2),
        ("NegativeBinomial2", "1") => 1.0 + (number(&row["value"]) - param(0)).abs(),
        // Powers of the concentrations, one factor a trial.
        ("BetaBinomial", _) => param(2) * (1.0 + param(0) + param(1)).ln(),
        _ => 1.0,
    };
    let terms = if argument == 0.0 { 0.0 } else { size / argument.abs() };
    ROUNDINGS * eps * (expected.abs() + condition + terms) + f64::MIN_POSITIVE
}

/// The roundings of a formula of some dozen operations.
const ROUNDINGS: f64 = 32.0;

/// Holds a row to exact numbers.
fn compare(row: &Value, exact: &[f64], dtype: DType) {
    let eps = if dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    let found = found(row, dtype);
    let slopes = row["grad"].as_object().unwrap_or_else(|| panic!("{row}"));
    let names = std::iter::once("log_prob").chain(slopes.keys().map(String::as_str));
    for ((name, found), exact) in names.zip(found).zip(exact) {
        let within = within(row, name, *exact, eps);
        let what = format!("{} {} at {}", row["dist"], row["params"], row["value"]);
        assert!(
            (found - exact).abs() <= within,
            "{what}, {name}: found {found:e}, exact {exact:e}, within {within:e}"
        );
    }
}

fn exact(row: &Value) -> Vec<f64> {
    let slopes = row["grad"].as_object().into_iter().flat_map(|slopes| slopes.values());
    std::iter::once(&row["log_prob"]).chain(slopes).map(number).collect()
}

#[test]
fn densities_and_slopes_are_exact_far_from_the_ordinary() {
    let golden = golden("extreme_distributions");
    let rows = list(&golden["rows"]);
    assert!(rows.len() >= 140, "{}", rows.len());
    for row in rows {
        compare(row, &exact(row), DType::F64);
    }
}

/// Whether the row's arguments, exact numbers and conditions are far inside the range of single precision.
fn fits_single(row: &Value) -> bool {
    let moderate = |x: &f64| *x == 0.0 || (1e-12..1e12).contains(&x.abs());
    let arguments = list(&row["params"]).iter().chain([&row["value"]]).filter(|x| !x.is_null()).map(number);
    arguments.chain(exact(row)).all(|x| moderate(&x))
}

/// The row with its arguments rounded to single precision.
fn rounded(row: &Value) -> Value {
    let round = |x: &Value| if x.is_null() { Value::Null } else { Value::from(f64::from(number(x) as f32)) };
    let mut row = row.clone();
    row["params"] = list(&row["params"]).iter().map(round).collect();
    row["value"] = round(&row["value"]);
    row
}

#[test]
fn densities_and_slopes_keep_single_precision() {
    let golden = golden("extreme_distributions");
    let mut compared = 0;
    for row in list(&golden["rows"]).iter().filter(|row| fits_single(row)) {
        // Exact are those of the same arguments in double precision, which the other test holds to mpmath's.
        let row = rounded(row);
        let exact = found(&row, DType::F64);
        if exact.iter().all(|x| x.is_finite()) {
            compare(&row, &exact, DType::F32);
            compared += 1;
        }
    }
    assert!(compared >= 60, "{compared}");
}
