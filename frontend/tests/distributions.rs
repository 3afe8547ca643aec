//! Densities, gradients, supports and draws against NumPyro and mpmath (`tests/golden/numpyro_distributions.json`), in
//! the interpreter.
#![allow(clippy::panic, reason = "a test that cannot go on says why")]

mod common;

use std::rc::Rc;

use common::{
    Params, Within, array, assert_close, dims, draw_within, evaluate, filled, golden, gradient, list, number,
    numbers, params, text, variable, variables,
};
use pyroxene_frontend::{Array, DType, Tensor, constraints, distributions::*, random::Key};
use serde_json::Value;

fn build(name: &str, p: &Params<Tensor>) -> Rc<dyn Distribution> {
    let p = |name: &str| p[name];
    match name {
        "Normal" => Rc::new(Normal::new(p("loc"), p("scale"))),
        "HalfNormal" => Rc::new(HalfNormal::new(p("scale"))),
        "Cauchy" => Rc::new(Cauchy::new(p("loc"), p("scale"))),
        "HalfCauchy" => Rc::new(HalfCauchy::new(p("scale"))),
        "Exponential" => Rc::new(Exponential::new(p("rate"))),
        "Uniform" => Rc::new(Uniform::new(p("low"), p("high"))),
        "BernoulliProbs" => Rc::new(BernoulliProbs::new(p("probs"))),
        "BernoulliLogits" => Rc::new(BernoulliLogits::new(p("logits"))),
        _ => panic!("no distribution `{name}`"),
    }
}

/// Integers where the support is discrete, as data come.
fn value(case: &Value, record: &Value) -> Array {
    let floats = array(record);
    if text(&case["support"]).starts_with("Boolean") { floats.convert(DType::I64) } else { floats }
}

/// How exact a density is: a few roundings relative to its largest term; where it has one term only, that is relative
/// down to the subnormal numbers.
fn density_within(name: &str, p: &Params<Array>) -> Within {
    let magnitude = p.iter().filter(|(name, _)| *name != "loc").flat_map(|(_, x)| x.to_f64_vec());
    // ln(scale) and constants of the order of one may cancel with the rest.
    let terms = magnitude.map(|x| x.abs().ln().abs()).filter(|x| x.is_finite()).fold(1.0, f64::max);
    match name {
        "BernoulliProbs" | "BernoulliLogits" => Within { rel: 1e-15, abs: f64::MIN_POSITIVE },
        _ => Within { rel: 1e-15, abs: 4.0 * f64::EPSILON * terms },
    }
}

/// A derivative by a scale or rate is a difference of two terms, of which one is its inverse; others have one term.
fn slope_within(parameter: &str, p: &Params<Array>) -> Within {
    let inverse =
        |name: &str| p.get(name).map_or(0.0, |x| x.to_f64_vec().iter().fold(0.0, |m: f64, x| m.max(1.0 / x)));
    let abs = match parameter {
        "scale" | "rate" => 4.0 * f64::EPSILON * inverse(parameter),
        _ => f64::MIN_POSITIVE,
    };
    Within { rel: 2e-15, abs }
}

#[test]
fn densities_and_slopes_are_the_exact_ones() {
    let golden = golden("numpyro_distributions");
    let mut compared = 0;
    for case in list(&golden["cases"]) {
        let (name, p) = (text(&case["dist"]), params(case));
        for query in list(&case["log_prob"]) {
            let what = format!("{name} {}: {}", case["label"], query["value"]);
            let shape = dims(&query["log_prob"]["shape"]);
            let value = value(case, &query["value"]);
            let spread = evaluate(|| vec![Tensor::from(value.clone()).broadcast_to(&shape)]).swap_remove(0);
            let names: Vec<String> = p.keys().cloned().collect();
            let (density, slopes) = gradient(|| {
                let at =
                    if spread.dtype().is_float() { variable(&spread) } else { Tensor::from(spread.clone()) };
                let of = variables(&p, Some(&shape));
                let d = build(name, &of);
                let mut by: Vec<Tensor> = names.iter().map(|n| of[n]).collect();
                if spread.dtype().is_float() {
                    by.push(at);
                }
                (d.log_prob(at), by)
            });
            assert_eq!(density.dims(), shape, "{what}");
            let expected = numbers(&query["log_prob"]["values"]);
            assert_close(&what, &density.to_f64_vec(), &expected, density_within(name, &p));
            compared += expected.len();
            if case["validated"] == Value::Bool(false) {
                continue; // Infinite logits: outside the constraint, where a slope is a convention.
            }
            for (parameter, slope) in names.iter().map(String::as_str).chain(["value"]).zip(&slopes) {
                let expected = numbers(&query["grad"][parameter]["values"]);
                let within = slope_within(parameter, &p);
                assert_close((parameter, &what), &slope.to_f64_vec(), &expected, within);
            }
        }
    }
    assert!(compared > 150, "{compared}");
}

#[test]
fn parameters_and_values_broadcast() {
    let golden = golden("numpyro_distributions");
    let mut compared = 0;
    for case in list(&golden["cases"]) {
        let (name, p) = (text(&case["dist"]), params(case));
        for query in list(&case["log_prob"]) {
            let what = format!("{name} {}: {}", case["label"], query["value"]);
            let at = value(case, &query["value"]);
            let names: Vec<String> = p.keys().cloned().collect();
            let (density, slopes) = gradient(|| {
                let of = variables(&p, None);
                let d = build(name, &of);
                assert_eq!(d.batch_shape().as_deref(), Some(&dims(&case["batch_shape"])[..]), "{what}");
                (d.log_prob(Tensor::from(at)), names.iter().map(|n| of[n]).collect())
            });
            let expected = &query["log_prob"];
            assert_eq!(density.dims(), dims(&expected["shape"]), "{what}");
            assert_close(
                &what,
                &density.to_f64_vec(),
                &numbers(&expected["values"]),
                density_within(name, &p),
            );
            let Some(sums) = query["grad_of_sum"].as_object() else { continue };
            for (parameter, slope) in names.iter().zip(&slopes) {
                // A sum of a few terms that may cancel.
                let expected = numbers(&sums[parameter]["values"]);
                let terms = numbers(&query["grad"][parameter]["values"]);
                let abs = f64::EPSILON * terms.iter().map(|x| x.abs()).sum::<f64>();
                assert_close((parameter, &what), &slope.to_f64_vec(), &expected, Within { rel: 2e-15, abs });
                compared += 1;
            }
        }
    }
    assert!(compared >= 12, "{compared}");
}

#[test]
fn supports_end_where_numpyro_s_do() {
    let golden = golden("numpyro_distributions");
    for case in list(&golden["cases"]) {
        let name = text(&case["dist"]);
        let inside = value(case, &case["log_prob"][0]["value"]);
        let outside = case.get("outside_support").map(|o| value(case, &o["value"]));
        let found = evaluate(|| {
            let d = build(name, &variables(&params(case), None));
            let outside = outside.map(|x| {
                let x = Tensor::from(x);
                // Infinity is a positive number, but one without density.
                !d.support().check(x) | d.log_prob(x).equal(f64::NEG_INFINITY)
            });
            std::iter::once(d.support().check(Tensor::from(inside))).chain(outside).collect()
        });
        let holds = |x: &Array| x.as_slice::<bool>().map(<[bool]>::to_vec).unwrap_or_default();
        assert!(holds(&found[0]).iter().all(|x| *x), "{name} {}: {:?}", case["label"], found[0]);
        if let Some(outside) = found.get(1) {
            let outside = holds(outside);
            assert!(!outside.is_empty() && outside.iter().all(|x| *x), "{name}: {outside:?}");
        }
    }
}

#[test]
fn draws_are_numpyro_s() {
    let golden = golden("numpyro_distributions");
    for case in list(&golden["cases"]) {
        let (name, p, draws) = (text(&case["dist"]), params(case), &case["draws"]);
        let found = evaluate(|| {
            let d = build(name, &variables(&p, None));
            d.sample(Key::new(number(&draws["seed"]) as u64), &dims(&draws["sample_shape"]))
                .into_iter()
                .collect()
        });
        let what = format!("{name} {}", case["label"]);
        assert_eq!(found[0].dims(), dims(&draws["shape"]), "{what}");
        let discrete = text(&case["support"]).starts_with("Boolean");
        assert_eq!(found[0].dtype(), if discrete { DType::I64 } else { DType::F64 }, "{what}");
        assert_close(&what, &found[0].to_f64_vec(), &numbers(&draws["values"]), draw_within(name, &p));
    }
}

#[test]
fn moments_and_distribution_functions_are_the_exact_ones() {
    let golden = golden("numpyro_distributions");
    let mut compared = 0;
    for case in list(&golden["cases"]) {
        let (name, p) = (text(&case["dist"]), params(case));
        let keys: Vec<&str> =
            ["mean", "variance", "cdf", "icdf"].into_iter().filter(|k| !case[k].is_null()).collect();
        let found = evaluate(|| {
            let d = build(name, &variables(&p, None));
            let at = |key: &str, argument: &str| Tensor::from(array(&case[key][argument]));
            let of = |key: &&str| match *key {
                "mean" => d.mean(),
                "variance" => d.variance(),
                "cdf" => d.cdf(at("cdf", "value")),
                _ => d.icdf(at("icdf", "q")),
            };
            let all: Vec<Tensor> = keys.iter().filter_map(of).collect();
            assert_eq!(all.len(), keys.len(), "{name}");
            all
        });
        // Where there is a location, a quantile has its precision.
        let shift = draw_within(name, &p).abs;
        for (key, found) in keys.into_iter().zip(&found) {
            assert_eq!(found.dims(), dims(&case[key]["shape"]), "{name} {}: {key}", case["label"]);
            // The derivative of a quantile is large: a rounding of its probability is one of many.
            let rel = if key == "icdf" { 2e-14 } else { 4e-15 };
            let within = Within { rel, abs: shift + f64::MIN_POSITIVE };
            let expected = numbers(&case[key]["values"]);
            assert_close((name, &case["label"], key), &found.to_f64_vec(), &expected, within);
            compared += expected.len();
        }
    }
    assert!(compared > 200, "{compared}");
}

#[test]
fn improper_uniform_and_unit_have_the_density_they_are_given() {
    let found = evaluate(|| {
        let flat = ImproperUniform::new(constraints::positive(), &[2], &[3]);
        assert_eq!(flat.support().event_dim(), 1);
        assert!(flat.sample(Key::new(0), &[]).is_none());
        let unit = Unit::new([0.5, -2.0]);
        assert_eq!(unit.event_shape().as_slice(), [0]);
        let nothing = || Tensor::from(Array::from(Vec::<f64>::new()));
        let drawn = unit.sample(Key::new(0), &[4]).unwrap_or_else(|| panic!("a draw"));
        assert_eq!(drawn.dims().as_slice(), [4, 2, 0]);
        vec![
            flat.log_prob(Tensor::from(1.0).broadcast_to(&[5, 2, 3])),
            flat.log_prob(Tensor::from(1.0).broadcast_to(&[3])),
            unit.log_prob(nothing()),
            unit.log_prob(drawn),
            unit.support().check(drawn),
        ]
    });
    assert_eq!(found[0], filled(vec![5, 2], vec![0.0; 10]));
    assert_eq!(found[1], Array::from([0.0, 0.0]));
    assert_eq!(found[2], Array::from([0.5, -2.0]));
    assert_eq!(found[3], filled(vec![4, 2], [0.5, -2.0].repeat(4)));
    assert_eq!(found[4], filled(vec![4, 2], vec![true; 8]));
}

#[test]
fn densities_and_draws_keep_single_precision() {
    let found = evaluate(|| {
        let p = |x: f32| Tensor::from(Array::from([x, x]));
        let make: [Rc<dyn Distribution>; 8] = [
            Rc::new(Normal::new(0.0, p(1.0))),
            Rc::new(HalfNormal::new(p(1.0))),
            Rc::new(Cauchy::new(p(0.0), 1.0)),
            Rc::new(HalfCauchy::new(p(1.0))),
            Rc::new(Exponential::new(p(1.0))),
            Rc::new(Uniform::new(0.0, p(2.0))),
            Rc::new(BernoulliProbs::new(p(1.0))),
            Rc::new(BernoulliLogits::new(p(1.0))),
        ];
        let one = |d: &Rc<dyn Distribution>| Tensor::from(1i64).convert(d.dtype());
        make.iter().flat_map(|d| [Some(d.log_prob(one(d))), d.sample(Key::new(1), &[3])]).flatten().collect()
    });
    assert_eq!(found.len(), 16);
    for (i, pair) in found.chunks_exact(2).enumerate() {
        assert_eq!(pair[0].dtype(), DType::F32, "density {i}");
        assert!(pair[0].to_f64_vec().iter().all(|x| x.is_finite()), "density {i}");
        let discrete = i >= 6;
        assert_eq!(pair[1].dtype(), if discrete { DType::I64 } else { DType::F32 }, "draw {i}");
        assert_eq!(pair[1].dims(), [3, 2], "draw {i}");
    }
}

#[test]
fn a_truth_value_can_be_observed_in_any_element_type() {
    let found = evaluate(|| {
        let values = [Array::from([false, true]), Array::from([0i64, 1]), Array::from([0.0, 1.0])];
        let of = |v: Array| {
            let v = Tensor::from(v);
            [BernoulliProbs::new(0.25).log_prob(v), BernoulliLogits::new(-1.5).log_prob(v)]
        };
        values.into_iter().flat_map(of).collect()
    });
    for i in 2..6 {
        assert_eq!(found[i], found[i - 2], "{i}");
    }
}

#[test]
fn parameters_that_do_not_broadcast_have_no_batch() {
    evaluate(|| {
        assert_eq!(Normal::new([0.0, 0.0], [1.0, 1.0, 1.0]).batch_shape(), None);
        assert_eq!(Uniform::new([0.0, 0.0], [1.0, 1.0, 1.0]).batch_shape(), None);
        let wrapped = Normal::new([0.0, 0.0], [1.0, 1.0, 1.0]);
        assert_eq!(Masked::new(wrapped, true).batch_shape(), None);
        vec![Tensor::from(0.0)]
    });
}

#[test]
fn parameters_carry_numpyro_s_names_and_constraints() {
    let expected: [(&str, &[(&str, &str)]); 8] = [
        ("Normal", &[("loc", "a finite number"), ("scale", "a positive number")]),
        ("HalfNormal", &[("scale", "a positive number")]),
        ("Cauchy", &[("loc", "a finite number"), ("scale", "a positive number")]),
        ("HalfCauchy", &[("scale", "a positive number")]),
        ("Exponential", &[("rate", "a positive number")]),
        ("Uniform", &[("low", "a finite number"), ("high", "a number greater than `low`")]),
        ("BernoulliProbs", &[("probs", "a number from 0 to 1")]),
        ("BernoulliLogits", &[("logits", "a finite number")]),
    ];
    evaluate(|| {
        let p = ["loc", "scale", "rate", "low", "high", "probs", "logits"];
        let p: Params<Tensor> = p.iter().map(|n| ((*n).to_string(), Tensor::from(0.5))).collect();
        for (name, list) in expected {
            let d = build(name, &p);
            assert_eq!(d.name(), name);
            let found: Vec<_> = d.params().iter().map(|p| (p.name, p.constraint.describe())).collect();
            let list: Vec<_> = list.iter().map(|(n, c)| (*n, (*c).to_string())).collect();
            assert_eq!(found, list, "{name}");
        }
        vec![Tensor::from(0.0)]
    });
}
