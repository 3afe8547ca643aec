//! NumPyro's own test cases (`tests/golden/numpyro_cases.json` and `numpyro_vectors.json`): densities, gradients,
//! moments, distribution functions, supports, shapes and draws, in the interpreter.
#![allow(clippy::panic, reason = "a test that cannot go on says why")]

mod common;
mod kl;
mod quantiles;

use std::rc::Rc;

use common::{
    Within, assert_close, build::build, dims, evaluate, golden, gradient, list, number, numbers, text, typed,
    variable,
};
use pyroxene_frontend::{
    Array, DType, Tensor,
    distributions::Distribution,
    handlers::seed,
    primitives::{Plate, sample},
    random::Key,
};
use serde_json::Value;

/// Constructors of the files that this library does not have.
const NOT_OFFERED: &[&str] = &["Gompertz", "TwoSidedTruncatedDistribution", "_TruncatedCauchy"];

/// What NumPyro calls the mean of these factors is the factor of the mean matrix.
const NO_MEAN: &[&str] = &["InverseWishartCholesky"];

/// NumPyro draws binomial counts by a sampler of its own, here they are `jax.random`'s.
const OTHER_DRAWS: &[&str] = &["BetaBinomial", "BinomialLogits", "BinomialProbs"];

struct Case {
    name: String,
    what: String,
    params: Vec<Option<Array>>,
    value: Array,
    record: Value,
}

fn arrays(record: &Value) -> Option<Array> {
    let integers = record["dtype"].as_str()?.starts_with("int");
    Some(typed(if integers { DType::I64 } else { DType::F64 }, &record["shape"], &record["values"]))
}

/// The cases of distributions that are offered; each of the others must be listed.
fn cases() -> Vec<Case> {
    let files = ["numpyro_cases", "numpyro_vectors"].map(golden);
    let mut offered = Vec::new();
    for record in files.iter().flat_map(|file| list(&file["cases"])) {
        let name = text(&record["dist"]).to_string();
        let params: Vec<Option<Array>> = list(&record["params"]).iter().map(arrays).collect();
        let mut exists = false;
        evaluate(|| {
            let tensors: Vec<Option<Tensor>> = params.iter().map(|p| p.clone().map(Tensor::from)).collect();
            exists = build(&name, &tensors, &params).is_some();
            vec![Tensor::from(0.0)]
        });
        assert_ne!(exists, NOT_OFFERED.contains(&&*name), "{name}: offered, or listed as not offered");
        let what = format!("{name} ({})", text(&record["from"]));
        let value = arrays(&record["value"]).unwrap_or_else(|| panic!("{what}: no value"));
        if exists {
            offered.push(Case { name, what, params, value, record: record.clone() });
        }
    }
    offered
}

/// Variables for the parameters that are floats, constants for the others.
fn tensors(params: &[Option<Array>]) -> Vec<Option<Tensor>> {
    let tensor = |p: &Array| if p.dtype().is_float() { variable(p) } else { Tensor::from(p.clone()) };
    params.iter().map(|p| p.as_ref().map(tensor)).collect()
}

fn built(case: &Case) -> (Rc<dyn Distribution>, Vec<Option<Tensor>>) {
    let tensors = tensors(&case.params);
    (build(&case.name, &tensors, &case.params).unwrap_or_else(|| panic!("{}", case.what)), tensors)
}

/// NumPyro's logarithms of gamma functions, Bessel functions and polynomials have ten digits, in densities of the order of
/// ten.
fn density_within(name: &str) -> Within {
    match name {
        // JAX's `betaln` has an error of 1e-6; `extreme_distributions.rs` holds these to exact values.
        "BetaBinomial" | "GammaPoisson" | "NegativeBinomial2" | "NegativeBinomialProbs" => {
            Within { rel: 0.0, abs: 2e-6 }
        }
        _ => Within { rel: 1e-10, abs: 1e-10 },
    }
}

#[test]
fn densities_and_gradients_are_numpyro_s() {
    let cases = cases();
    assert!(cases.len() > 100, "{}", cases.len());
    for case in &cases {
        let what = &case.what;
        let mut names = Vec::new();
        let (density, slopes) = gradient(|| {
            let (d, params) = built(case);
            let mut by = Vec::new();
            for (i, p) in params.iter().enumerate() {
                if let Some(p) = p.filter(|p| p.dtype().is_float()) {
                    names.push(i.to_string());
                    by.push(p);
                }
            }
            let at = if case.value.dtype().is_float() {
                variable(&case.value)
            } else {
                Tensor::from(case.value.clone())
            };
            if case.value.dtype().is_float() {
                names.push("value".into());
                by.push(at);
            }
            (d.log_prob(at), by)
        });
        let expected = &case.record["log_prob"];
        assert_eq!(density.dims(), dims(&expected["shape"]), "{what}");
        assert_close(what, &density.to_f64_vec(), &numbers(&expected["values"]), density_within(&case.name));
        for (name, slope) in names.iter().zip(&slopes) {
            let expected = &case.record["grad"][name.as_str()];
            assert_eq!(slope.dims(), dims(&expected["shape"]), "{what}: {name}");
            // Where NumPyro's slope is NaN (a rate of zero), it is at least a number.
            let (found, expected) = (slope.to_f64_vec(), numbers(&expected["values"]));
            assert_eq!(found.len(), expected.len(), "{what}: {name}");
            assert!(found.iter().all(|x| x.is_finite()), "{what}: {name}: {found:?}");
            let (found, expected): (Vec<f64>, Vec<f64>) =
                found.iter().zip(&expected).filter(|(_, e)| !e.is_nan()).unzip();
            // Sums of a few terms, of which some cancel.
            let terms = expected.iter().fold(1.0, |m: f64, x| m.max(x.abs()));
            let within = Within { rel: 1e-9, abs: density_within(&case.name).abs * terms };
            assert_close((name, what), &found, &expected, within);
        }
    }
}

#[test]
fn moments_and_distribution_functions_are_numpyro_s() {
    let mut compared = 0;
    for case in &cases() {
        let what = &case.what;
        let keys: Vec<&str> = ["mean", "variance", "cdf", "icdf_q0.3"]
            .into_iter()
            .filter(|k| *k != "mean" || !NO_MEAN.contains(&&*case.name))
            .filter(|k| !case.record[k].is_null())
            .collect();
        let found = evaluate(|| {
            let (d, _) = built(case);
            assert_eq!(d.batch_shape().as_deref(), Some(&dims(&case.record["batch_shape"])[..]), "{what}");
            assert_eq!(d.event_shape().as_slice(), dims(&case.record["event_shape"]), "{what}");
            let of = |key: &&str| match *key {
                "mean" => d.mean(),
                "variance" => d.variance(),
                "cdf" => d.cdf(Tensor::from(case.value.clone())),
                _ => d.icdf(Tensor::from(0.3)),
            };
            let results = keys.iter().map(|key| of(key).unwrap_or_else(|| panic!("{what}: no {key}")));
            results.chain([d.support().check(Tensor::from(case.value.clone()))]).collect()
        });
        for (key, found) in keys.iter().zip(&found) {
            let expected = &case.record[key];
            assert_eq!(found.dims(), dims(&expected["shape"]), "{what}: {key}");
            // NumPyro leaves out what it does not know, by NaN; its small probabilities have lost digits.
            let known = |(_, e): &(&f64, &f64)| !e.is_nan();
            let (found, expected) = (found.to_f64_vec(), numbers(&expected["values"]));
            assert_eq!(found.len(), expected.len(), "{what}: {key}");
            let (found, expected): (Vec<f64>, Vec<f64>) = found.iter().zip(&expected).filter(known).unzip();
            assert_close((key, what), &found, &expected, Within { rel: 1e-10, abs: 1e-14 });
            compared += found.len();
        }
        let inside =
            found.last().and_then(|x| x.as_slice::<bool>().map(<[bool]>::to_vec)).unwrap_or_default();
        assert!(
            !inside.is_empty() && inside.iter().all(|x| *x),
            "{what}: {} outside the support",
            case.record["value"]
        );
    }
    assert!(compared > 1000, "{compared}");
}

#[test]
fn draws_are_numpyro_s() {
    for case in cases().iter().filter(|case| !OTHER_DRAWS.contains(&&*case.name)) {
        // NumPyro's share a chi-squared number over the batch where `df` has fewer dimensions.
        let shared =
            case.params[0].as_ref().map(|df| df.dims().to_vec()) != Some(dims(&case.record["batch_shape"]));
        if case.name == "MultivariateStudentT" && shared {
            continue;
        }
        let (what, draws) = (&case.what, &case.record["draws"]);
        let found = evaluate(|| {
            let (d, _) = built(case);
            vec![d.sample(Key::new(7), &[2]).unwrap_or_else(|| panic!("{what}: no draw"))]
        });
        assert_eq!(found[0].dims(), dims(&draws["shape"]), "{what}");
        // XLA's inverse error function, logarithm and tangent near its pole; a location has its own precision.
        let largest =
            case.params.iter().flatten().flat_map(|p| p.to_f64_vec()).fold(1.0, |m: f64, x| m.max(x.abs()));
        let expected: Vec<f64> = list(&draws["values"]).iter().map(number).collect();
        assert_close(what, &found[0].to_f64_vec(), &expected, Within { rel: 1e-12, abs: 1e-14 * largest });
    }
}

#[test]
fn every_distribution_is_a_site_under_a_plate() {
    let mut seen = std::collections::BTreeSet::new();
    for case in cases().iter().filter(|case| seen.insert(case.name.clone())) {
        let (what, batch) = (&case.what, dims(&case.record["batch_shape"]));
        let found = evaluate(|| {
            let (d, _) = built(case);
            let plate = Plate::new("copies", 3).dim(-1 - batch.len() as isize);
            let drawn = seed(11, || plate.run(|_| sample("x", d.clone())));
            vec![drawn, d.support().check(drawn), d.support().check(d.support().feasible_like(drawn))]
        });
        let whole = [&[3], &batch[..], &dims(&case.record["event_shape"])[..]].concat();
        assert_eq!(found[0].dims(), whole, "{what}");
        for holds in &found[1..] {
            let holds = holds.as_slice::<bool>().unwrap_or_default();
            assert!(!holds.is_empty() && holds.iter().all(|x| *x), "{what}: {:?}", found[0]);
        }
    }
    assert!(seen.len() > 40, "{}", seen.len());
}
