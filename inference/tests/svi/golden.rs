//! Losses, parameters and keys against NumPyro's for the same key; `golden/make_svi.py` made them.

use std::collections::BTreeMap;

use pyroxene_frontend::{
    Array, RngKey, nn,
    prelude::*,
    primitives::{Param, Plate, subsample},
};
use pyroxene_inference::{
    Predictive, Svi, TraceElbo,
    optim::{Adam, Momentum, Sgd},
};
use serde_json::Value;

/// Both sides compute in doubles; sums of thirty terms in other orders, and logarithms of other libraries, differ by a few
/// roundings, which a hundred steps of an optimiser carry on.
const TOLERANCE: f64 = 1e-8;

#[derive(Tree, Clone)]
struct Line<L: Leaf = Tensor> {
    x: L,
    y: Option<L>,
}

fn linear_model(d: &Line) {
    let sigma = param("sigma", Param::new(1.0).constraint(constraints::positive()));
    let a = sample("a", Normal::new(0.0, 10.0));
    let b = sample("b", Normal::new(0.0, 10.0));
    plate("i", d.x.dim(0), |_| sample("y", Normal::new(a + b * d.x, sigma).obs(d.y)));
}

fn linear_guide(_: &Line) {
    let a_loc = param("a_loc", 0.0);
    let a_scale = param("a_scale", Param::new(0.5).constraint(constraints::positive()));
    let b_loc = param("b_loc", Param::init(|key| random::normal(key, &[], DType::F64)));
    let b_scale = param("b_scale", Param::new(0.5).constraint(constraints::interval(0.01, 2.0)));
    sample("a", Normal::new(a_loc, a_scale));
    sample("b", Normal::new(b_loc, b_scale));
}

fn minibatch_model(d: &Line) {
    let b = sample("b", Normal::new(0.0, 1.0));
    Plate::new("i", d.x.dim(0)).subsample_size(7).run(|_| {
        let (x, y) = (subsample(d.x, 0), d.y.map(|y| subsample(y, 0)));
        let z = sample("z", Normal::new(0.0, 1.0));
        sample("y", Normal::new(b * x + 0.1 * z, 0.5).obs(y));
    });
}

fn minibatch_guide(d: &Line) {
    let b_loc = param("b_loc", Param::init(|key| 0.1 * random::normal(key, &[], DType::F64)));
    sample("b", Normal::new(b_loc, 0.1));
    let z_loc = param("z_loc", Tensor::full(&[d.x.dim(0)], 0.0));
    Plate::new("i", d.x.dim(0)).subsample_size(7).run(|i| {
        sample("z", Normal::new(z_loc.take(i), 1.0));
    });
}

fn slope_guide(_: &Line) {
    let b_loc = param("b_loc", 0.0);
    sample("b", Normal::new(b_loc, 0.1));
}

fn network_model(d: &Line) {
    let layers = nn::serial([nn::dense(5), nn::tanh(), nn::dense(1)]);
    let net = module("net", layers, &[d.x.dim(0), 1]);
    let sigma = sample("sigma", LogNormal::new(0.0, 1.0));
    plate("i", d.x.dim(0), |_| {
        sample("y", Normal::new(net(d.x.expand_dims(-1)).at((.., 0)), sigma).obs(d.y));
    });
}

fn network_guide(_: &Line) {
    let loc = param("loc", 0.0);
    let scale = param("scale", Param::new(0.1).constraint(constraints::positive()));
    sample("sigma", LogNormal::new(loc, scale));
}

fn counting_model(d: &Line) {
    let count = mutable("state", 0.0);
    let count = mutable("state", count + 1.0);
    let b = sample("b", Normal::new(0.0, 1.0 + 1.0 / count));
    plate("i", d.x.dim(0), |_| sample("y", Normal::new(b * d.x, 0.5).obs(d.y)));
}

struct Golden {
    data: Line<Array>,
    cases: Value,
    predictions: Value,
}

fn golden() -> Golden {
    let all: Value = serde_json::from_str(include_str!("../golden/svi.json")).unwrap();
    let data = Line { x: Array::from(numbers(&all["x"])), y: Some(Array::from(numbers(&all["y"]))) };
    Golden { data, cases: all["cases"].clone(), predictions: all["predictions"].clone() }
}

/// The numbers in a tree, in order.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        Value::Object(fields) => fields.values().flat_map(numbers).collect(),
        other => vec![other.as_f64().unwrap()],
    }
}

/// All parameters, those of a network one after another, as their golden tree has them.
fn by_name(params: &indexmap::IndexMap<String, Array>) -> BTreeMap<String, Vec<f64>> {
    let mut out: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (name, value) in params {
        let name = name.split('/').next().unwrap().to_string();
        out.entry(name).or_default().extend(value.to_f64_vec());
    }
    out
}

fn close(what: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= TOLERANCE * b.abs().max(1e-3), "{what}[{i}]: {a}, NumPyro has {b}");
    }
}

fn check(case: &str, svi: &Svi<Line>, init: &[(&str, Array)]) {
    let golden = golden();
    let expected = &golden.cases[case];
    let bound = svi.bind(&golden.data).unwrap();
    let state = bound.init_with(3, init).unwrap();
    let params = |value: &Value| -> BTreeMap<String, Vec<f64>> {
        value.as_object().unwrap().iter().map(|(k, v)| (k.clone(), numbers(v))).collect()
    };
    let compare = |found: &indexmap::IndexMap<String, Array>, expected: &Value| {
        let (found, expected) = (by_name(found), params(expected));
        assert!(found.keys().eq(expected.keys()), "{case}: {found:?}");
        found.iter().for_each(|(name, found)| close(&format!("{case}: {name}"), found, &expected[name]));
    };
    compare(&bound.get_params(&state).unwrap(), &expected["init"]);
    let losses = numbers(&expected["losses"]);
    // NumPyro's `evaluate` leaves the states of `mutable` sites aside.
    let evaluated =
        if state.mutable_state.is_empty() { expected["evaluate"].as_f64().unwrap() } else { losses[0] };
    // It costs a compilation: one with states and one without are enough.
    if ["linear", "mutable"].contains(&case) {
        close(case, &[bound.evaluate(&state).unwrap()], &[evaluated]);
    }
    let result = bound.run_from(state, losses.len()).unwrap();
    close(&format!("{case}: losses"), &result.losses, &losses);
    compare(&result.params, &expected["params"]);
    let words = numbers(&expected["rng_key"]);
    assert_eq!(result.state.rng_key, RngKey::from([words[0] as u32, words[1] as u32]));
}

#[test]
fn linear_regression_with_a_parameter_in_the_model() {
    check("linear", &Svi::new(linear_model, linear_guide, Adam::new(0.05), TraceElbo::new()), &[]);
    let init = [("b_loc", Array::from(-1.0)), ("sigma", Array::from(2.0))];
    let sgd = || Svi::new(linear_model, linear_guide, Sgd::new(1e-4), TraceElbo::new());
    check("linear_init_params", &sgd(), &init);
}

#[test]
fn particles_at_once_and_one_after_the_other() {
    for vectorize in [true, false] {
        let loss = TraceElbo::new().num_particles(3).vectorize_particles(vectorize);
        check("linear_particles", &Svi::new(linear_model, linear_guide, Sgd::new(1e-4), loss), &[]);
    }
}

#[test]
fn subsampled_regression() {
    let optimizer = Momentum::new(1e-4, 0.9);
    check("minibatch", &Svi::new(minibatch_model, minibatch_guide, optimizer, TraceElbo::new()), &[]);
    check("model_plate", &Svi::new(minibatch_model, slope_guide, Sgd::new(1e-4), TraceElbo::new()), &[]);
}

#[test]
fn a_network_and_states() {
    check("network", &Svi::new(network_model, network_guide, Adam::new(0.01), TraceElbo::new()), &[]);
    check("mutable", &Svi::new(counting_model, slope_guide, Sgd::new(1e-4), TraceElbo::new()), &[]);
}

#[test]
fn predictions_from_a_guide() {
    let golden = golden();
    let values = [("sigma", 0.3), ("a_loc", 0.5), ("a_scale", 0.1), ("b_loc", -1.5), ("b_scale", 0.2)];
    let params = values.map(|(name, value)| (name.to_string(), Array::from(value))).into_iter().collect();
    let x: Vec<f64> = golden.data.x.to_f64_vec().into_iter().take(4).collect();
    let new = Line { x: Array::from(x), y: None };
    let predictive = Predictive::new(linear_model).guide(linear_guide, &params).num_samples(3);
    let drawn = predictive.run(5, &new).unwrap();
    let y = drawn.site("y").unwrap();
    assert_eq!(y.dims(), [3, 4]);
    close("y", &y.to_f64_vec(), &numbers(&golden.predictions["y"]));
    assert_eq!(golden.predictions.as_object().unwrap().len(), 1);
}
