//! Automatic guides against NumPyro's, under the same keys: `tests/golden/guides.json`.

use std::{collections::BTreeSet, path::Path};

use indexmap::IndexMap;
use pyroxene_frontend::{
    Array, Bound, Model, RngKey, hessian,
    prelude::*,
    primitives::{Plate, subsample},
};
use pyroxene_inference::{
    AutoDelta, AutoDiagonalNormal, AutoGuide, AutoLaplaceApproximation, AutoLowRankMultivariateNormal,
    AutoMultivariateNormal, AutoNormal, Guide, InitStrategy, Svi, SviError, TraceElbo, optim::Adam,
};
use serde_json::Value;

/// Both sides compute in doubles. Sums in other orders, and functions of other libraries, differ by a few roundings, which
/// the steps of an optimiser carry on.
const TOLERANCE: f64 = 1e-8;

type Params = IndexMap<String, Array>;

#[derive(Tree, Clone)]
struct Line<L: Leaf = Tensor> {
    x: L,
    y: L,
}

fn supports(d: &Line) {
    let a = sample("a", Normal::new(0.0, 1.0));
    let sigma = sample("sigma", HalfNormal::new(1.0));
    let top = sample("top", Uniform::new(0.5, 3.0));
    let w = sample("w", Dirichlet::new([2.0, 3.0, 4.0]));
    let z = plate("g", 3, |_| sample("z", Normal::new(a, top)));
    let c = sample("c", Normal::new(0.0, 1.0).expand(&[2]).to_event(1));
    let mean = a + (z * w).sum() * d.x + c.at(0) * d.x.square() + c.at(1);
    let mean = deterministic("mean", mean);
    plate("i", 6, |_| sample("y", Normal::new(mean, sigma).obs(d.y)));
}

fn local(rows: &Tensor) {
    let mu = sample("mu", Normal::new(0.0, 2.0));
    Plate::new("row", 12).subsample_size(5).run(|_| {
        let batch = subsample(*rows, 0);
        let rate = sample("rate", LogNormal::new(mu, 1.0));
        sample("y", Normal::new(rate.log(), 0.5).obs(batch));
    });
}

fn minibatch(rows: &Tensor) {
    let mu = sample("mu", Normal::new(0.0, 2.0));
    let tau = sample("tau", Gamma::new(2.0, 1.0));
    Plate::new("row", 12).subsample_size(5).run(|_| {
        sample("y", Normal::new(mu, tau).obs(subsample(*rows, 0)));
    });
}

fn golden() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/guides.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn array(v: &Value) -> Array {
    let dims = v["shape"].as_array().unwrap().iter().map(|d| d.as_u64().unwrap() as usize);
    Array::new(dims, v["values"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()).unwrap()
}

fn line(golden: &Value) -> Line<Array> {
    let data = &golden["data"]["supports"];
    Line { x: array(&data[0]), y: array(&data[1]) }
}

fn close(what: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= TOLERANCE * b.abs().max(1e-3), "{what}[{i}]: {a}, NumPyro has {b}");
    }
}

fn same(what: &str, found: &Params, expected: &Value) {
    let expected = expected.as_object().unwrap();
    let sorted = |names: Vec<&String>| names.into_iter().cloned().collect::<BTreeSet<String>>();
    assert_eq!(sorted(found.keys().collect()), sorted(expected.keys().collect()), "{what}");
    for (name, found) in found {
        let expected = array(&expected[name]);
        assert_eq!(found.dims(), expected.dims(), "{what}: {name}");
        close(&format!("{what}: {name}"), &found.to_f64_vec(), &expected.to_f64_vec());
    }
}

/// Holds where the guide begins, its losses and where it ends against the golden case; returns the last.
fn fit<D, G>(name: &str, model: fn(&D), guide: &G, data: &D::With<Array>) -> (Bound, Params)
where
    D: Tree<Tensor> + 'static,
    D::With<Array>: Tree<Array, With<Spec> = D::With<Spec>>,
    D::With<Spec>: Tree<Spec, With<Tensor> = D>,
    G: Guide<D> + Clone + Send + Sync + 'static,
{
    let case = &golden()["guides"][name];
    let svi = Svi::new(Model::new(model), guide.clone(), Adam::new(0.05), TraceElbo::new());
    let svi = svi.bind(data).unwrap();
    assert_eq!(svi.warnings(), [] as [String; 0], "{name}");
    let state = svi.init(3).unwrap();
    same(&format!("{name}, initial"), &svi.get_params(&state).unwrap(), &case["initial"]);
    let losses: Vec<f64> = case["losses"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    let result = svi.run_from(state, losses.len()).unwrap();
    close(&format!("{name}, losses"), &result.losses, &losses);
    same(&format!("{name}, params"), &result.params, &case["params"]);
    (svi.model().clone(), result.params)
}

/// Holds what is asked of a fitted guide against the golden case.
fn ask<G: AutoGuide>(name: &str, guide: &G, (bound, params): &(Bound, Params)) {
    let case = &golden()["guides"][name];
    let mut median = guide.median(bound, params).unwrap();
    if case["guide"] == "AutoDelta" {
        // NumPyro's leaves deterministic sites out.
        median.shift_remove("mean");
    } else {
        let quantiles = guide.quantiles(bound, params, &[0.1, 0.5, 0.75]).unwrap();
        same(&format!("{name}, quantiles"), &quantiles, &case["quantiles"]);
    }
    same(&format!("{name}, median"), &median, &case["median"]);
    let draws = guide.sample_posterior(5, bound, params, &[2, 2]).unwrap();
    same(&format!("{name}, draws"), &draws, &case["draws"]);
}

#[test]
fn auto_normal() {
    let (name, guide) = ("supports/AutoNormal", AutoNormal::new().init_scale(0.3));
    let fitted = fit(name, supports, &guide, &line(&golden()));
    ask(name, &guide, &fitted);
    let draw = guide.sample_posterior(5, &fitted.0, &fitted.1, &[]).unwrap();
    same("one draw", &draw, &golden()["guides"][name]["draw"]);
}

#[test]
fn auto_diagonal_normal() {
    let (name, guide) = ("supports/AutoDiagonalNormal", AutoDiagonalNormal::new());
    ask(name, &guide, &fit(name, supports, &guide, &line(&golden())));
}

#[test]
fn auto_multivariate_normal() {
    let (name, guide) = ("supports/AutoMultivariateNormal", AutoMultivariateNormal::new().prefix("mvn"));
    ask(name, &guide, &fit(name, supports, &guide, &line(&golden())));
}

#[test]
fn auto_low_rank_multivariate_normal() {
    let (name, guide) = ("supports/AutoLowRankMultivariateNormal", AutoLowRankMultivariateNormal::new());
    ask(name, &guide, &fit(name, supports, &guide, &line(&golden())));
    let guide = guide.rank(2).init_scale(0.2);
    fit(&format!("{name} of rank 2"), supports, &guide, &line(&golden()));
}

#[test]
fn auto_delta() {
    let (name, guide) = ("supports/AutoDelta", AutoDelta::new().init_loc_fn(InitStrategy::default()));
    ask(name, &guide, &fit(name, supports, &guide, &line(&golden())));
}

#[test]
fn auto_laplace_approximation() {
    let (name, guide) = ("supports/AutoLaplaceApproximation", AutoLaplaceApproximation::new());
    let fitted = fit(name, supports, &guide, &line(&golden()));
    ask(name, &guide, &fitted);
    let tril = guide.scale_tril(&fitted.0, &fitted.1).unwrap().to_f64_vec();
    close("scale_tril", &tril, &array(&golden()["guides"][name]["scale_tril"]).to_f64_vec());
    // A precision of twice as much is a covariance of half as much.
    let guide = guide.hessian_fn(|f, x| hessian(|x: &Tensor| f(x))(&x) * 2.0);
    let half: Vec<f64> = tril.iter().map(|x| x * 0.5f64.sqrt()).collect();
    close("half", &guide.scale_tril(&fitted.0, &fitted.1).unwrap().to_f64_vec(), &half);
}

/// Where a guide begins under the key that `svi.init(3)` gives it; what does not depend on the strategy is left out.
fn begins(name: &str, bound: &Bound, guide: &impl AutoGuide) {
    let [_, _, seed] = RngKey::from(3).split().unwrap();
    let init_params = guide.for_model(bound).unwrap().init_params.unwrap();
    let found: Params = init_params(bound, seed).unwrap().into_iter().collect();
    let mut expected = golden()["guides"][name]["initial"].clone();
    expected.as_object_mut().unwrap().retain(|param, _| param.ends_with("_loc"));
    same(name, &found, &expected);
}

#[test]
fn where_guides_begin() {
    let bound = Model::new(supports).bind(&line(&golden())).unwrap();
    let values = [
        ("a", Array::from(0.3)),
        ("sigma", Array::from(0.8)),
        ("top", Array::from(1.5)),
        ("w", Array::from([0.2, 0.3, 0.5])),
        ("z", Array::from([0.1, -0.2, 0.4])),
        ("c", Array::from([0.5, -0.5])),
    ];
    let some = [values[1].clone(), values[3].clone()];
    let delta = AutoDelta::new().init_loc_fn(InitStrategy::value(values));
    begins("supports/AutoDelta from values", &bound, &delta);
    let radius = AutoNormal::new().init_loc_fn(InitStrategy::Uniform { radius: 0.5 });
    begins("supports/AutoNormal from radius 0.5", &bound, &radius);
    for (from, strategy) in [
        ("feasible", InitStrategy::Feasible),
        ("values", InitStrategy::value(some)),
        ("a sample", InitStrategy::Sample),
        ("the mean", InitStrategy::Mean),
    ] {
        let guide = AutoDiagonalNormal::new().init_loc_fn(strategy);
        begins(&format!("supports/AutoDiagonalNormal from {from}"), &bound, &guide);
    }
}

#[test]
fn subsamples() {
    let golden = golden();
    let rows = array(&golden["data"]["local"][0]);
    let (name, guide) = ("local/AutoNormal", AutoNormal::new());
    ask(name, &guide, &fit(name, local, &guide, &rows));
    let plates = |rows: &Tensor| [Plate::new("row", rows.dim(0)).subsample_size(5)];
    fit("local/AutoNormal with plates", local, &AutoNormal::new().create_plates(plates), &rows);
    let (name, guide) = ("local/AutoDelta", AutoDelta::new().init_loc_fn(InitStrategy::default()));
    let (bound, params) = fit(name, local, &guide, &rows);
    same(
        "local/AutoDelta, median",
        &guide.median(&bound, &params).unwrap(),
        &golden["guides"][name]["median"],
    );
}

#[test]
fn minibatches() {
    let rows = array(&golden()["data"]["minibatch"][0]);
    let (name, guide) = ("minibatch/AutoNormal", AutoNormal::new());
    ask(name, &guide, &fit(name, minibatch, &guide, &rows));
    fit("minibatch/AutoMultivariateNormal", minibatch, &AutoMultivariateNormal::new(), &rows);
}

/// The error of a guide for a model, or of what it is asked.
fn refused(result: Result<impl Sized, SviError>, expected: &[&str]) {
    let Err(error) = result else { panic!("expected an error with {expected:?}") };
    let text = error.to_string();
    for part in expected {
        assert!(text.contains(part), "{text}\n  lacks `{part}`");
    }
}

#[test]
fn what_guides_refuse() {
    let here = "tests/svi/guides.rs:";
    let discrete = Model::new(|_: &()| {
        sample("k", Poisson::new(3.0));
    });
    let discrete = discrete.bind(&()).unwrap();
    refused(AutoNormal::new().for_model(&discrete), &[here, "site `k`", "Poisson is discrete", "help: "]);
    let single = Model::new(|_: &()| {
        sample("v", Delta::new(1.0));
    });
    refused(AutoDelta::new().for_model(&single.bind(&()).unwrap()), &[here, "`v`", "`deterministic`"]);
    let empty = Model::new(|_: &()| factor("f", 0.0)).bind(&()).unwrap();
    refused(AutoDiagonalNormal::new().for_model(&empty), &["AutoDiagonalNormal", "without latent sites"]);
    let rows = array(&golden()["data"]["local"][0]);
    let bound = Model::new(local).bind(&rows).unwrap();
    let guide = AutoMultivariateNormal::new();
    refused(
        guide.for_model(&bound),
        &[here, "site `rate`", "AutoMultivariateNormal", "subsamples", "`AutoNormal`"],
    );
    refused(AutoNormal::new().init_scale(-1.0).for_model(&bound), &["`init_scale` is -1", "positive"]);
    let other = AutoNormal::new().create_plates(|d: &Line| [Plate::new("row", d.x.dim(0))]);
    refused(other.for_model(&bound), &["create_plates"]);
    refused(
        AutoNormal::new().median(&bound, &Params::new()),
        &["`params` is none", "`mu_auto_loc`", "AutoNormal"],
    );
    let listed = Model::new(|(rows, at): &(Tensor, Tensor)| {
        Plate::new("row", 12).subsample(*at).run(|_| {
            let z = sample("z", Normal::new(0.0, 1.0));
            sample("y", Normal::new(z, 1.0).obs(subsample(*rows, 0)));
        });
    });
    let listed = listed.bind(&(rows, Array::from([3i64, 1, 4]))).unwrap();
    refused(AutoNormal::new().for_model(&listed), &[here, "site `row`", "`create_plates`"]);
}

#[test]
fn a_ridge_has_no_laplace_approximation() {
    let model = Model::new(|y: &Tensor| {
        let a = sample("a", Normal::new(0.0, 1.0));
        // A flat prior, and no data: the posterior does not bend along it.
        let flat = sample("flat", ImproperUniform::new(constraints::real(), &[], &[]));
        sample("y", Normal::new(a + 0.0 * flat, 1.0).obs(*y));
    });
    let bound = model.bind(&Array::from(1.0)).unwrap();
    let params = Params::from([("auto_loc".to_string(), Array::from([0.5, 0.0]))]);
    let guide = AutoLaplaceApproximation::new();
    let expected = ["tests/svi/guides.rs:", "site `flat`", "not positive definite", "`hessian_fn`"];
    refused(guide.sample_posterior(0, &bound, &params, &[10]), &expected);
    // Draws need no Hessian for what it is asked for nothing.
    assert_eq!(guide.median(&bound, &params).unwrap()["a"].to_f64_vec(), [0.5]);
    let jitter = guide.hessian_fn(|f, x| hessian(|x: &Tensor| f(x))(&x).add_diag(1e-2));
    close("jitter", &jitter.scale_tril(&bound, &params).unwrap().to_f64_vec()[3..], &[10.0]);
}

#[test]
fn a_support_of_other_sites_follows_them() {
    // NumPyro keeps the bounds of its first run; here they are those of the values drawn.
    let model = Model::new(|_: &()| {
        let top = sample("top", Uniform::new(1.0, 2.0));
        sample("x", Uniform::new(0.0, top));
    });
    let bound = model.bind(&()).unwrap();
    let params = Params::from([
        ("auto_loc".to_string(), Array::from([0.0, 30.0])),
        ("auto_scale".to_string(), Array::from([2.0, 1e-3])),
    ]);
    let guide = AutoDiagonalNormal::new();
    let draws = guide.sample_posterior(0, &bound, &params, &[50]).unwrap();
    let (top, x) = (draws["top"].to_f64_vec(), draws["x"].to_f64_vec());
    // The logistic function of 30 is one but for 1e-13.
    assert!(top.iter().zip(&x).all(|(top, x)| (top - x).abs() < 1e-12), "{top:?} {x:?}");
    assert!(top.iter().any(|x| (x - top[0]).abs() > 0.1));
}

#[test]
fn a_start_that_is_never_found_names_the_site_and_why() {
    let model = Model::new(|_: &()| {
        let x = sample("x", Normal::new(0.0, 1.0));
        sample("y", Normal::new(0.0, (x - 3.0).log()).obs(0.5));
    });
    let svi = Svi::new(&model, AutoNormal::new(), Adam::new(0.01), TraceElbo::new());
    let expected = ["cannot find valid initial parameters: none of 100", "tests/svi/guides.rs:", "site `y`"];
    refused(svi.init(0, &()), &expected);
}
