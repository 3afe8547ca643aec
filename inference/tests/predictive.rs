//! Predictions and log likelihoods against NumPyro's, under the same keys: `tests/golden/predictive.json`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::path::Path;

use pyroxene_frontend::{
    Model, RngKey, handlers,
    prelude::*,
    primitives::{Plate, prng_key},
};
use pyroxene_inference::{
    LogLikelihood, Posterior, Predictive, PredictiveError, SiteDraws, SiteSpec, log_likelihood,
};
use serde_json::Value;

/// NumPyro's draws come from another release of XLA, whose `erf_inv` and `log` differ from ours by a few ulp, 1e-12
/// where a uniform is within 1e-7 of one; log densities also by the order of summation.
const TOLERANCE: f64 = 1e-12;

#[derive(Tree, Clone)]
struct Data<L: Leaf = Tensor> {
    x: L,
    y: Option<L>,
}

fn schools(d: &Data) {
    let mu = sample("mu", Normal::new(0.0, 5.0));
    let tau = sample("tau", HalfCauchy::new(5.0));
    plate("school", d.x.dim(0), |_| {
        let z = sample("z", Normal::new(0.0, 1.0));
        let theta = deterministic("theta", mu + tau * z);
        sample("y", Normal::new(theta, d.x).obs(d.y));
    });
}

fn logistic(d: &Data) {
    let beta = plate("coef", 2, |_| sample("beta", Normal::new(0.0, 1.0)));
    let logits = deterministic("logits", d.x.matmul(beta));
    plate("row", d.x.dim(0), |_| sample("y", BernoulliLogits::new(logits).obs(d.y)));
}

fn nested(d: &Data) {
    let scale = sample("scale", Exponential::new(1.0));
    let centre = plate("g", 3, |_| sample("centre", Laplace::new(0.0, 1.0)));
    Plate::new("row", 4).dim(-2).run(|_| {
        Plate::new("col", 3).dim(-1).run(|_| {
            let noise = sample("noise", Normal::new(0.0, 1.0));
            let rows = centre.take(d.x).expand_dims(1);
            sample("t", Normal::new(rows + 0.1 * noise, scale).obs(d.y));
        });
    });
}

fn regressor(d: &Data) {
    let truth = plate("i", 3, |_| {
        let truth = sample("truth", Normal::new(0.0, 1.0));
        sample("x", Normal::new(truth, 0.5).obs(d.x));
        handlers::mask(Array::from([true, false, true]), || {
            handlers::scale(2.0, || sample("y", Normal::new(2.0 * truth, 1.0).obs(d.y)))
        });
        truth
    });
    factor("penalty", -0.5 * truth.sum().square());
}

fn events(d: &Data) {
    let rho = sample("rho", Uniform::new(-1.0, 1.0));
    let kind = sample("kind", CategoricalProbs::new(Array::from([0.2, 0.5, 0.3])));
    let cov = Tensor::eye(2) + rho * (1.0 - Tensor::eye(2));
    let loc = kind.convert(DType::F64) * Tensor::from(Array::from([1.0, 1.0]));
    sample("y", MultivariateNormal::from_covariance_matrix(loc, cov).obs(d.y));
}

fn subsampled(d: &Data) {
    let mu = sample("mu", Normal::new(0.0, 1.0));
    handlers::scale(5.0, || plate("i", 2, |_| sample("y", Normal::new(mu, 1.0).obs(d.y))));
}

fn walk(y: &Option<Tensor>) {
    let start = sample("start", Normal::new(0.0, 1.0));
    let step = |x: &Tensor, y: Option<Tensor>| {
        let x = sample("x", Normal::new(*x, 1.0));
        sample("y", Normal::new(x, 0.5).obs(y));
        (x, ())
    };
    let (last, ()) = match y {
        Some(y) => scan(start, *y, |x, y: &Tensor| step(x, Some(*y))),
        None => scan(start, Tensor::from([0.0; 3]), |x, _: &Tensor| step(x, None)),
    };
    deterministic("last", last);
}

fn minibatch(_: &()) {
    let mu = sample("mu", Normal::new(0.0, 1.0));
    Plate::new("i", 5).subsample_size(2).run(|index| {
        let noise = random::normal(prng_key().unwrap(), &[], DType::F64);
        sample("y", Normal::new(mu + 0.1 * noise + index.convert(DType::F64), 1.0));
    });
}

fn numbers(values: impl IntoIterator<Item = f64>, dims: &[usize]) -> Array {
    Array::new(dims.iter().copied(), values.into_iter().collect::<Vec<f64>>()).unwrap()
}

/// A model of the golden file with its data.
fn model(name: &str) -> (Model<Data>, Data<Array>) {
    let seen = [0.25, -1.5, 0.75];
    let sigma = numbers([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0], &[8]);
    let y = numbers([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0], &[8]);
    let x = numbers([0.5, -1.0, 1.5, 0.25, -0.75, 2.0, 0.0, 0.5, 2.0, -0.5], &[5, 2]);
    let table = numbers((0..12).map(|i| f64::from(i) / 4.0 - 1.0), &[4, 3]);
    let (model, x, y): (fn(&Data), Array, Array) = match name {
        "schools" => (schools, sigma, y),
        "logistic" => (logistic, x, Array::from([1i64, 0, 1, 1, 0])),
        "nested" => (nested, Array::from([0i64, 1, 2, 1]), table),
        "regressor" => (regressor, numbers(seen, &[3]), numbers(seen.map(|x| 2.0 * x), &[3])),
        "events" => (events, Array::from(0.0), numbers([1.0, -1.0], &[2])),
        "subsampled" => (subsampled, Array::from(0.0), numbers([0.5, -0.5], &[2])),
        other => panic!("no model `{other}`"),
    };
    (Model::new(model), Data { x, y: Some(y) })
}

fn golden() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/predictive.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn array(v: &Value) -> Array {
    let dims = v["shape"].as_array().unwrap().iter().map(|d| d.as_u64().unwrap() as usize);
    let number = |x: &Value| x.as_f64().unwrap_or_else(|| x.as_str().unwrap().parse().unwrap());
    Array::new(dims, v["values"].as_array().unwrap().iter().map(number).collect()).unwrap()
}

fn samples(case: &Value) -> Vec<(&str, Array)> {
    case["samples"].as_object().unwrap().iter().map(|(name, v)| (name.as_str(), array(v))).collect()
}

/// Holds draws against golden ones, name by name; `left_out` are sites that NumPyro returns and we do not.
fn check(what: &str, found: &SiteDraws, expected: &Value, left_out: &[&str]) {
    let expected = expected.as_object().unwrap();
    let mut names: Vec<&str> =
        expected.keys().map(String::as_str).filter(|name| !left_out.contains(name)).collect();
    let mut own: Vec<&str> = found.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    own.sort_unstable();
    assert_eq!(own, names, "{what}");
    for (name, found) in found.iter() {
        let expected = array(&expected[name]);
        assert_eq!(found.dims(), expected.dims(), "{what}: {name}");
        for (x, y) in found.to_f64_vec().iter().zip(expected.to_f64_vec()) {
            assert!((x - y).abs() <= TOLERANCE * y.abs().max(1.0), "{what}: {name}: {x}, expected {y}");
        }
    }
}

/// What NumPyro returns of observed sites is their data; ours leaves them out.
fn observed(name: &str) -> &'static [&'static str] {
    if name == "regressor" { &["x", "penalty"] } else { &[] }
}

fn posterior_runs(case: &Value, model: &Model<Data>, data: &Data<Array>) {
    let name = case["model"].as_str().unwrap();
    let (samples, runs) = (samples(case), &case["runs"]);
    let absent = Data { y: None, ..data.clone() };
    let predictive = Predictive::new(model).posterior_samples(&samples);
    let what = |run: &str| format!("{name}, {run}");
    check(&what("posterior"), &predictive.run(7, &absent).unwrap(), &runs["posterior"], observed(name));
    if name == "schools" {
        // Three draws and then two, of which one again.
        let dispatches = predictive.clone().max_bytes(3 * 16 * size_of::<f64>());
        let split = dispatches.run(RngKey::from([0, 7]), &absent).unwrap();
        check(&what("two dispatches"), &split, &runs["posterior"], observed(name));
    }

    let by_chain: Vec<(&str, Array)> = samples
        .iter()
        .map(|(name, x)| (*name, x.reshape([2, 2].into_iter().chain(x.dims()[1..].iter().copied())).unwrap()))
        .collect();
    let chains = Predictive::new(model).posterior_samples(&by_chain).batch_ndims(2).run(7, &absent).unwrap();
    check(&what("by_chain"), &chains, &runs["by_chain"], observed(name));
    let again = predictive.uncondition().run(7, data).unwrap();
    check(&what("unconditioned"), &again, &runs["unconditioned"], &["penalty"]);

    let found = LogLikelihood::of_samples(&samples).run(&model.bind(data).unwrap()).unwrap();
    check(&what("log_likelihood"), &found, &runs["log_likelihood"], &[]);
    let found = LogLikelihood::of_samples(&by_chain).batch_ndims(2).run(&model.bind(data).unwrap()).unwrap();
    check(&what("log_likelihood_by_chain"), &found, &runs["log_likelihood_by_chain"], &[]);
    // Data with `y` and without it: two structures, two recordings, whatever is asked.
    assert_eq!(model.runs(), 2, "{name}");
}

fn other_runs<'a>(case: &'a Value, model: &Model<Data>, data: &Data<Array>) {
    let name = case["model"].as_str().unwrap();
    let (samples, runs) = (samples(case), &case["runs"]);
    let absent = Data { y: None, ..data.clone() };
    let what = |run: &str| format!("{name}, {run}");
    let first = |(name, x): &(&'a str, Array)| {
        let dims: Vec<usize> = x.dims()[1..].to_vec();
        (*name, numbers(x.to_f64_vec().into_iter().take(dims.iter().product()), &dims))
    };
    let one: Vec<(&str, Array)> = samples.iter().map(first).collect();
    let single = Predictive::new(model).posterior_samples(&one).batch_ndims(0).run(7, &absent).unwrap();
    check(&what("single"), &single, &runs["single"], observed(name));
    let partial = Predictive::new(model).posterior_samples(&samples[..1]).run(7, &absent).unwrap();
    check(&what("partial"), &partial, &runs["partial"], observed(name));
    let prior = Predictive::new(model).num_samples(3).run(7, &absent).unwrap();
    check(&what("prior"), &prior, &runs["prior"], observed(name));
    let prior = Predictive::new(model).num_samples(1).run(7, &absent).unwrap();
    check(&what("one_prior"), &prior, &runs["one_prior"], observed(name));
    let all = Predictive::new(model).posterior_samples(&samples).return_sites(samples.iter().map(|s| s.0));
    check(&what("all_sites"), &all.run(7, &absent).unwrap(), &runs["all_sites"], &[]);

    let bound = model.bind(data).unwrap();
    let one: Vec<(&str, Array)> = one.into_iter().filter(|(name, _)| *name != "theta").collect();
    let found = bound.log_probs(&one).unwrap();
    let sum: f64 = found.values().flat_map(Array::to_f64_vec).sum();
    let whole = bound.log_density(&one).unwrap();
    assert!((sum - whole).abs() <= TOLERANCE * whole.abs(), "{name}: {sum} {whole}");
    for (site, expected) in runs["log_probs"].as_object().unwrap() {
        let (found, expected) = (&found[site], array(expected));
        assert_eq!(found.dims(), expected.dims(), "{name}: log prob of {site}");
        for (x, y) in found.to_f64_vec().iter().zip(expected.to_f64_vec()) {
            assert!((x - y).abs() <= TOLERANCE * y.abs().max(1.0), "{name}: {site}: {x}, expected {y}");
        }
    }
}

fn each_case(of: &[&str], f: impl Fn(&Value, &Model<Data>, &Data<Array>)) {
    let golden = golden();
    let cases = golden["cases"].as_array().unwrap();
    for case in cases.iter().filter(|case| of.contains(&case["model"].as_str().unwrap())) {
        let (model, data) = model(case["model"].as_str().unwrap());
        f(case, &model, &data);
    }
}

#[test]
fn predictions_at_posterior_draws_are_numpyros() {
    each_case(&["schools", "logistic", "nested", "regressor", "events", "subsampled"], posterior_runs);
}

#[test]
fn priors_single_draws_and_densities_by_site_are_numpyros() {
    each_case(&["schools", "regressor", "subsampled"], other_runs);
}

#[test]
fn data_of_other_shapes_record_once_more() {
    let golden = golden();
    let (model, data) = model("logistic");
    model.bind(&data).unwrap();
    let case = golden["cases"].as_array().unwrap().iter().find(|c| c["model"] == "logistic").unwrap();
    let predictive = Predictive::new(&model).posterior_samples(&samples(case));
    let new = Data { x: numbers([0.1, 0.2, 3.0, -1.0], &[2, 2]), y: None };
    check("other shapes", &predictive.run(3, &new).unwrap(), &golden["other_shapes"], &[]);
    predictive.run(4, &new).unwrap();
    assert_eq!(model.runs(), 2);
}

#[test]
fn sites_in_loops_subsamples_and_keys_of_the_models_own_are_numpyros() {
    let golden = golden();
    let case = |name: &str| golden["inside"].as_array().unwrap().iter().find(|c| c["model"] == name).unwrap();
    let walk_case = case("walk");
    let (model, draws) = (Model::new(walk), samples(walk_case));
    let predictive = |n: usize| Predictive::new(&model).posterior_samples(&draws[..n]);
    let runs = &walk_case["runs"];
    check("walk, posterior", &predictive(3).run(7, &None).unwrap(), &runs["posterior"], &[]);
    check("walk, partial", &predictive(1).run(7, &None).unwrap(), &runs["partial"], &[]);
    let prior = Predictive::new(&model).num_samples(3).run(7, &None).unwrap();
    check("walk, prior", &prior, &runs["prior"], &[]);
    let data = Some(Array::from([0.5, -0.5, 1.0]));
    let found = LogLikelihood::of_samples(&draws).run(&model.bind(&data).unwrap()).unwrap();
    check("walk, log_likelihood", &found, &runs["log_likelihood"], &[]);
    let refused = predictive(3).uncondition().run(7, &data).unwrap_err().to_string();
    assert!(refused.contains("inside a loop"), "{refused}");

    let (model, case) = (Model::new(minibatch), case("minibatch"));
    let found = Predictive::new(&model).posterior_samples(&samples(case)).run(7, &()).unwrap();
    check("minibatch, posterior", &found, &case["runs"]["posterior"], &[]);
    let found = Predictive::new(&model).num_samples(3).run(7, &()).unwrap();
    check("minibatch, prior", &found, &case["runs"]["prior"], &[]);
}

/// Two chains of three draws, numbered.
fn numbered(site: &str, size: usize) -> Posterior {
    let mut posterior = Posterior::new([SiteSpec::new(site, [size])], []).unwrap();
    for chain in 0..2 {
        let mut draws = posterior.chain();
        let value = |i: usize| (chain * 3 * size + i) as f64 / 10.0;
        draws.extend(3, &[(0..3 * size).map(value).collect::<Vec<_>>()], &[[0.0; 0]; 0]).unwrap();
        posterior.push_chain(draws).unwrap();
    }
    posterior
}

#[test]
fn a_posterior_keeps_its_chains() {
    let model = Model::new(|_: &()| {
        let x = plate("i", 2, |_| sample("x", Normal::new(0.0, 1.0)));
        deterministic("double", 2.0 * x);
    });
    let posterior = numbered("x", 2);
    let flat = Predictive::new(&model).posterior(&posterior).run(0, &()).unwrap();
    assert_eq!(flat.chains_and_draws(), [2, 3]);
    let expected: Vec<f64> = (0..12).map(|i| 2.0 * (f64::from(i) / 10.0)).collect();
    assert_eq!(*flat.site("double").unwrap(), numbers(expected.clone(), &[6, 2]));
    let chains = Predictive::new(&model).posterior(&posterior).batch_ndims(2).run(0, &()).unwrap();
    assert_eq!(*chains.site("double").unwrap(), numbers(expected, &[2, 3, 2]));
}

#[test]
fn transforms_of_many_draws_are_those_of_each() {
    let (model, data) = model("schools");
    let bound = model.bind(&data).unwrap();
    let positions: Vec<f64> = (0..30).map(|i| f64::from(i) / 10.0 - 1.5).collect();
    let many = bound.batched(3);
    let values = many.constrain(&numbers(positions.clone(), &[3, 10])).unwrap();
    for (draw, position) in positions.chunks(10).enumerate() {
        for (output, one) in bound.outputs().iter().zip(bound.constrain(position).unwrap()) {
            let len = one.len();
            let part = &values[&output.name].to_f64_vec()[draw * len..(draw + 1) * len];
            // The two executables may round exponentials differently.
            let close = |(x, y): (&f64, f64)| (x - y).abs() <= 1e-15 * y.abs().max(1.0) * 4.0;
            assert!(part.iter().zip(one.to_f64_vec()).all(close), "{}", output.name);
        }
    }
    let latent: Vec<(&str, Array)> = ["mu", "tau", "z"].map(|name| (name, values[name].clone())).to_vec();
    let back = many.unconstrain(&latent).unwrap().to_f64_vec();
    assert!(back.iter().zip(&positions).all(|(x, y)| (x - y).abs() < 1e-14), "{back:?}");
    let densities = many.log_density(&latent).unwrap().to_f64_vec();
    let by_site = many.log_probs(&latent).unwrap();
    for (draw, density) in densities.iter().enumerate() {
        let part = |x: &Array| x.to_f64_vec().chunks(x.len() / 3).nth(draw).unwrap().iter().sum::<f64>();
        let sum: f64 = by_site.values().map(part).sum();
        assert!((sum - density).abs() <= TOLERANCE * density.abs(), "{sum} {density}");
    }
}

#[test]
fn mistakes_are_named() {
    let (model, data) = model("subsampled");
    let message = |result: Result<SiteDraws, PredictiveError>| result.unwrap_err().to_string();
    let mu = |n: usize| [("mu", numbers(vec![0.5; n], &[n]))];
    let predictive = Predictive::new(&model);
    let found = message(predictive.run(0, &data));
    assert!(found.contains("`num_samples(n)`"), "{found}");
    let found = message(predictive.clone().posterior_samples(&mu(3)).run(0, &data));
    assert!(found.contains("nothing to draw") && found.contains("`y`"), "{found}");
    let found = message(predictive.clone().posterior_samples(&mu(3)).num_samples(4).run(0, &data));
    assert!(found.contains("`num_samples` is 4, but 3"), "{found}");
    let found = message(predictive.clone().posterior(&numbered("nu", 1)).run(0, &data));
    assert!(found.contains("`nu`") && found.contains("`mu`"), "{found}");
    let wrong = predictive.clone().posterior(&numbered("mu", 2)).uncondition();
    let found = message(wrong.run(0, &data));
    assert!(found.contains("site `mu`: expected a value of type f64[6], found f64[6,2]"), "{found}");
    let unknown = predictive.clone().num_samples(2).return_sites(["nu"]).run(0, &data);
    assert!(message(unknown).contains("no site `nu`"));
    let found = message(predictive.clone().posterior(&numbered("mu", 2)).batch_ndims(3).run(0, &data));
    assert!(found.contains("`batch_ndims` is 3"), "{found}");
    let found = message(predictive.num_samples(0).run(0, &data));
    assert!(found.contains("no draws"), "{found}");
    let found = message(log_likelihood(&model, &numbered("nu", 1), &data));
    assert!(found.contains("`mu`"), "{found}");
}
