//! Quantiles without a formula and their slopes, against mpmath (`tests/golden/quantiles.json`).

use pyroxene_frontend::{Array, DType, Tensor};
use serde_json::Value;

use crate::common::{
    Within, assert_close, build::build, evaluate, golden, gradient, list, number, text, variable,
};

/// The rows of a distribution, and a column of numbers that are found in each.
fn rows<'a>(golden: &'a Value, name: &str) -> Vec<&'a Value> {
    list(&golden["rows"]).iter().filter(|row| text(&row[0]) == name).collect()
}

fn column(rows: &[&Value], of: impl Fn(&Value) -> f64) -> Vec<f64> {
    rows.iter().map(|row| of(row)).collect()
}

/// The standard member of a family: location zero and scale or rate one.
fn standard(name: &str, shapes: &[Tensor]) -> Vec<Option<Tensor>> {
    let more: &[f64] = match name {
        "Gamma" | "InverseGamma" => &[1.0],
        "StudentT" => &[0.0, 1.0],
        _ => &[],
    };
    shapes.iter().copied().chain(more.iter().map(|x| Tensor::from(*x))).map(Some).collect()
}

fn icdf(name: &str, shapes: &[Tensor], q: Tensor) -> Tensor {
    let d = build(name, &standard(name, shapes), &[]).unwrap_or_else(|| panic!("no distribution {name}"));
    d.icdf(q).unwrap_or_else(|| panic!("{name} has no quantiles"))
}

#[test]
fn quantiles_without_a_formula_and_their_slopes_are_exact() {
    let golden = golden("quantiles");
    for name in ["Gamma", "Beta", "StudentT"] {
        let rows = rows(&golden, name);
        let count = list(&rows[0][1]).len();
        let shapes: Vec<Array> =
            (0..count).map(|i| Array::from(column(&rows, |row| number(&row[1][i])))).collect();
        let q = Array::from(column(&rows, |row| number(&row[2])));
        let (value, slopes) = gradient(|| {
            let shapes: Vec<Tensor> = shapes.iter().map(variable).collect();
            let q = variable(&q);
            (icdf(name, &shapes, q), [vec![q], shapes].concat())
        });
        // Exponentials of numbers of up to some hundreds, of which each has a rounding, and incomplete gamma and beta
        // functions of about as many digits.
        let within = Within { rel: 5e-13, abs: 0.0 };
        assert_close((name, "x"), &value.to_f64_vec(), &column(&rows, |row| number(&row[3])), within);
        let by_q = column(&rows, |row| number(&row[4]));
        assert_close((name, "by q"), &slopes[0].to_f64_vec(), &by_q, within);
        for (i, found) in slopes[1..].iter().enumerate() {
            // The distribution function's slope is a sum of terms that may cancel, each with a rounding.
            let expected = column(&rows, |row| number(&row[5][i]));
            for (k, (found, expected)) in found.to_f64_vec().iter().zip(&expected).enumerate() {
                let within = Within { abs: 1e-16 * by_q[k], ..within };
                assert_close((name, i, rows[k]), &[*found], &[*expected], within);
            }
        }
    }
}

#[test]
fn quantiles_at_the_ends_and_beyond_are_the_support_s_ends_and_nan() {
    let found = evaluate(|| {
        let q = Tensor::from([0.0, 1.0, -0.1, 1.1, f64::NAN]);
        let at = |name: &str, shapes: &[f64]| {
            let shapes: Vec<Tensor> = shapes.iter().map(|x| Tensor::from(*x)).collect();
            icdf(name, &shapes, q)
        };
        vec![
            at("Gamma", &[2.0]),
            at("InverseGamma", &[2.0]),
            at("Beta", &[2.0, 3.0]),
            at("StudentT", &[2.0]),
            at("Gamma", &[-1.0]),
            at("Beta", &[2.0, -3.0]),
        ]
    });
    let ends = [[0.0, f64::INFINITY], [0.0, f64::INFINITY], [0.0, 1.0], [f64::NEG_INFINITY, f64::INFINITY]];
    for (found, ends) in found.iter().zip(ends) {
        let found = found.to_f64_vec();
        assert_eq!(found[..2], ends);
        assert!(found[2..].iter().all(|x| x.is_nan()), "{found:?}");
    }
    assert!(found[4..].iter().all(|x| x.to_f64_vec().iter().all(|x| x.is_nan())), "{found:?}");
}

#[test]
fn quantiles_have_the_precision_of_their_type_and_compile() {
    let q = [1e-30f32, 1e-3, 0.25, 0.6, 0.999];
    let round_trip = |name: &str, shapes: &[Tensor], q: Tensor| {
        let d = build(name, &standard(name, shapes), &[]).unwrap_or_else(|| panic!("no distribution {name}"));
        d.icdf(q).and_then(|x| d.cdf(x)).unwrap_or_else(|| panic!("{name}"))
    };
    // Of inputs: XLA would run loops over constants by itself, slowly.
    let compiled = pyroxene_frontend::jit(|(a, q): &(Tensor, Tensor)| round_trip("StudentT", &[*a], *q));
    let compiled = compiled.call(&(Array::from([5.0f32]), Array::from(q))).unwrap_or_else(|e| panic!("{e}"));
    let mut found = evaluate(|| {
        let given = |x: f32| Tensor::from(Array::from([x]));
        let q = Tensor::from(Array::from(q));
        [("Gamma", 3.0, None), ("InverseGamma", 3.0, None), ("Beta", 2.0, Some(3.0))]
            .map(|(name, a, b)| {
                round_trip(name, &[Some(a), b].into_iter().flatten().map(given).collect::<Vec<_>>(), q)
            })
            .into()
    });
    found.push(compiled);
    for (name, found) in ["Gamma", "InverseGamma", "Beta", "StudentT"].iter().zip(&found) {
        assert_eq!(found.dtype(), DType::F32);
        // At 1e-30 an exponential of 70, which has 70 roundings of six digits, to a power of up to three.
        let within = Within { rel: 1e-4, abs: 0.0 };
        assert_close(name, &found.to_f64_vec(), &q.map(f64::from), within);
    }
}
