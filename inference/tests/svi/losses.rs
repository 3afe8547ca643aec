//! The other losses against NumPyro's for the same key, step by step (`golden/losses.json`), and against expectations.

use pyroxene_frontend::{
    Array, handlers,
    prelude::*,
    primitives::{Param, Plate, subsample},
};
use pyroxene_inference::{
    Loss, RenyiElbo, Svi, SviError, TraceElbo, TraceGraphElbo, TraceMeanFieldElbo,
    optim::{Minimize, Sgd},
};
use serde_json::Value;

/// Both sides compute in doubles; sums in other orders and special functions of other libraries differ by a few roundings,
/// which twenty small steps carry on.
const TOLERANCE: f64 = 1e-8;

/// What model and guide are functions of.
#[derive(Tree, Clone)]
struct Line<L: Leaf = Tensor> {
    x: L,
    y: L,
}

const N: usize = 12;

fn positive(name: &str, value: impl Into<Tensor>) -> Tensor {
    param(name, Param::new(value).constraint(constraints::positive()))
}

fn minibatch(d: &Line, f: impl Fn(Tensor, Tensor, Tensor)) {
    Plate::new("i", N).subsample_size(5).run(|i| f(subsample(d.x, 0), subsample(d.y, 0), i));
}

fn kinds_model(d: &Line) {
    let a = sample("a", Normal::new(0.0, 2.0));
    let tau = sample("tau", Gamma::new(2.0, 1.0));
    let w = sample("w", Dirichlet::new([1.0, 1.0, 1.0]));
    let p = sample("p", Beta::new(2.0, 3.0));
    let v = sample("v", Normal::new(0.0, 1.0).expand(&[2]).to_event(1));
    let eye = Tensor::eye(2) * 2.0;
    let m = sample("m", MultivariateNormal::from_covariance_matrix([0.0, 0.0], eye));
    let s = sample("s", LogNormal::new(0.0, 1.0));
    let shift = sample("d", Normal::new(0.0, 1.0));
    minibatch(d, |x, y, _| {
        let z = handlers::mask(x.greater(-0.5), || sample("z", Normal::new(a, tau)));
        let loc = z + w.take(0i64) * x + p + v.sum() + m.take(0i64) * x + shift;
        sample("y", Normal::new(loc, s).obs(y));
    });
}

fn kinds_guide(d: &Line) {
    sample("a", Normal::new(param("a_loc", 0.1), positive("a_scale", 0.5)));
    sample("tau", Weibull::new(positive("tau_scale", 1.5), positive("tau_shape", 2.0)));
    sample("w", Dirichlet::new(positive("w_concentration", [1.0, 2.0, 3.0])));
    sample("p", Kumaraswamy::new(positive("p_1", 1.5), positive("p_0", 2.5)));
    sample("v", Normal::new(param("v_loc", Tensor::from([0.1, -0.2])), 0.3).to_event(1));
    let tril = Param::new([[0.5, 0.0], [0.1, 0.4]]).constraint(constraints::lower_cholesky());
    let tril = param("m_tril", tril);
    sample("m", MultivariateNormal::from_scale_tril(param("m_loc", Tensor::from([0.0, 0.0])), tril));
    sample("s", LogNormal::new(param("s_loc", 0.0), 0.1));
    sample("d", Delta::new(param("d_at", 0.2)));
    let z_loc = param("z_loc", Tensor::full(&[N], 0.0));
    minibatch(d, |x, _, i| {
        handlers::mask(x.greater(-0.5), || sample("z", Normal::new(z_loc.take(i), 0.4)));
    });
}

fn local_model(d: &Line) {
    minibatch(d, |x, y, _| {
        let z = sample("z", Normal::new(0.0, 1.0));
        sample("y", Normal::new(z * x, 0.5).obs(y));
    });
}

fn local_guide(d: &Line) {
    let (loc, scale) = (param("loc", 0.1), positive("scale", 0.7));
    minibatch(d, |x, _, _| {
        sample("z", Normal::new(loc * x, scale));
    });
}

fn global_model(d: &Line) {
    let a = sample("a", Normal::new(0.0, 2.0));
    let b = sample("b", Normal::new(0.0, 2.0));
    plate("i", N, |_| sample("y", Normal::new(a + b * d.x, 0.5).obs(d.y)));
}

fn global_guide(_: &Line) {
    sample("a", Normal::new(param("a_loc", 0.1), positive("a_scale", 0.5)));
    sample("b", Normal::new(param("b_loc", -0.1), positive("b_scale", 0.5)));
}

fn discrete_model(d: &Line) {
    let switch = sample("switch", BernoulliProbs::new(0.4)).convert(DType::F64);
    let angle = sample("angle", VonMises::new(0.3, 2.0));
    let centre = sample("centre", Normal::new(switch, 1.0));
    plate("i", N, |_| {
        let k = sample("k", CategoricalProbs::new([0.2, 0.5, 0.3])).convert(DType::F64);
        let u = sample("u", Normal::new(centre, 1.0));
        sample("y", Normal::new(k + u + angle.cos() * d.x, 0.8).obs(d.y));
    });
}

fn discrete_guide(_: &Line) {
    let switch = sample("switch", BernoulliLogits::new(param("switch_logits", 0.2)));
    sample("angle", VonMises::new(param("angle_loc", 0.1), positive("angle_k", 1.5)));
    let centre = param("centre_loc", 0.1) + 0.5 * switch.convert(DType::F64);
    sample("centre", Normal::new(centre, 0.5));
    let logits = param("k_logits", Tensor::from([0.0, 0.1, 0.2]).broadcast_to(&[N, 3]));
    let u_loc = param("u_loc", 0.2);
    plate("i", N, |_| {
        let k = sample("k", CategoricalLogits::new(logits)).convert(DType::F64);
        sample("u", Normal::new(u_loc * k, 0.6));
    });
}

fn numbers(array: &Value) -> Vec<f64> {
    array["values"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn golden() -> (Value, Line<Array>) {
    let all: Value = serde_json::from_str(include_str!("../golden/losses.json")).unwrap();
    let data = Line { x: Array::from(numbers(&all["x"])), y: Array::from(numbers(&all["y"])) };
    (all, data)
}

fn check(case: &str, model: fn(&Line), guide: fn(&Line), loss: impl Loss + 'static) {
    let (all, data) = golden();
    let expected = &all["cases"][case];
    let svi = Svi::new(model, guide, Sgd::new(1e-3), loss);
    let losses = numbers(&expected["losses"]);
    let result = svi.run(all["key"].as_u64().unwrap(), losses.len(), &data).unwrap();
    let close = |what: &str, found: &[f64], expected: &[f64]| {
        assert_eq!(found.len(), expected.len(), "{case}: {what}");
        for (a, b) in found.iter().zip(expected) {
            let near = (a - b).abs() <= TOLERANCE * b.abs().max(1e-3);
            assert!(near, "{case}: {what}: {found:?}, NumPyro has {expected:?}");
        }
    };
    close("losses", &result.losses, &losses);
    let params = expected["params"].as_object().unwrap();
    assert_eq!(result.params.len(), params.len(), "{case}");
    for (name, expected) in params {
        close(name, &result.params[name].to_f64_vec(), &numbers(expected));
    }
}

#[test]
fn divergences_by_formula() {
    check("mean_field", kinds_model, kinds_guide, TraceMeanFieldElbo::new());
    check("mean_field_particles", kinds_model, kinds_guide, TraceMeanFieldElbo::new().num_particles(3));
}

#[test]
fn renyi_bounds_of_several_orders() {
    check("renyi", global_model, global_guide, RenyiElbo::default().num_particles(4));
    check("renyi_half", global_model, global_guide, RenyiElbo::new(0.5));
    check("renyi_negative", global_model, global_guide, RenyiElbo::new(-0.7).num_particles(3));
}

#[test]
fn renyi_bounds_by_element_of_a_plate_that_subsamples() {
    let loss = RenyiElbo::new(0.2).num_particles(3);
    check("renyi_local", local_model, local_guide, loss);
    check("renyi_local", local_model, local_guide, loss.vectorize_particles(false));
}

#[test]
fn gradients_by_scores() {
    check("graph", discrete_model, discrete_guide, TraceGraphElbo::new());
    check("graph_particles", discrete_model, discrete_guide, TraceGraphElbo::new().num_particles(4));
}

/// Two switches under a scale, which NumPyro's estimate counts twice, one of them with elements outside plates.
fn scaled_model(_: &Line) {
    handlers::scale(3.0, || {
        let one = sample("one", BernoulliProbs::new(0.3)).convert(DType::F64);
        let two = sample("two", BernoulliProbs::new([0.6, 0.2])).convert(DType::F64);
        let sum = one + two.take(0i64) * 2.0 - two.take(1i64);
        sample("y", Normal::new(sum, 1.0).obs(1.5));
    });
}

fn scaled_guide(_: &Line) {
    handlers::scale(3.0, || {
        sample("one", BernoulliLogits::new(param("one_logits", 0.4)));
        sample("two", BernoulliLogits::new(param("two_logits", Tensor::from([0.3, -0.5]))));
    });
}

/// The loss of the above summed over all outcomes.
fn exact(logits: [f64; 3]) -> f64 {
    let q = logits.map(|l| 1.0 / (1.0 + (-l).exp()));
    let p = [0.3, 0.6, 0.2];
    let mut loss = 0.0;
    for outcome in 0..8usize {
        let on = [0, 1, 2].map(|i| outcome >> i & 1 == 1);
        let mass = |p: [f64; 3]| (0..3).map(|i| if on[i] { p[i] } else { 1.0 - p[i] }).product::<f64>();
        let [a, b, c] = on.map(|on| f64::from(u8::from(on)));
        let log_y = -0.5 * (1.5 - (a + 2.0 * b - c)).powi(2) - 0.5 * std::f64::consts::TAU.ln();
        loss += mass(q) * 3.0 * (mass(q).ln() - mass(p).ln() - log_y);
    }
    loss
}

#[test]
fn the_mean_of_gradients_by_scores_is_the_gradient() {
    const DRAWS: usize = 40_000;
    let start = [0.4, 0.3, -0.5];
    let (_, data) = golden();
    let loss = TraceGraphElbo::new().num_particles(DRAWS);
    let svi = Svi::new(scaled_model, scaled_guide, Sgd::new(1.0), loss);
    let (state, value) = svi.update(&svi.init(0, &data).unwrap(), &data).unwrap();
    let params = svi.get_params(&state, &data).unwrap();
    let moved = [params["one_logits"].to_f64_vec(), params["two_logits"].to_f64_vec()].concat();
    // One draw's loss and gradient have standard deviations below 8; with five of the mean's, a false alarm has a chance of
    // one in a million.
    let within = 5.0 * 8.0 / (DRAWS as f64).sqrt();
    assert!((value - exact(start)).abs() < within, "loss {value}, exactly {}", exact(start));
    for i in 0..3 {
        let shifted = |by: f64| {
            let mut at = start;
            at[i] += by;
            exact(at)
        };
        let gradient = (shifted(1e-5) - shifted(-1e-5)) / 2e-5;
        let found = start[i] - moved[i];
        assert!((found - gradient).abs() < within, "gradient {i}: {found}, exactly {gradient}");
        // So small that the gradient of another scale would be noticed.
        assert!(within < 0.5 * gradient.abs(), "gradient {i} is too small to tell: {gradient}");
    }
}

fn refused(model: fn(&Line), guide: fn(&Line), loss: impl Loss + 'static) -> String {
    let (_, data) = golden();
    let error: Result<_, SviError> = Svi::new(model, guide, Sgd::new(0.1), loss).bind(&data);
    error.err().unwrap().to_string()
}

#[test]
fn losses_say_what_they_cannot_do() {
    let one = |found: String, expected: &[&str]| {
        assert!(expected.iter().all(|e| found.contains(e)), "{found}");
    };
    one(refused(global_model, global_guide, RenyiElbo::new(1.0)), &["`alpha` is 1", "TraceElbo"]);
    one(refused(global_model, global_guide, TraceElbo::new().num_particles(0)), &["`num_particles` is 0"]);
    one(
        refused(kinds_model, kinds_guide, RenyiElbo::default()),
        &["site `z`", "the plate `i` subsamples", "losses.rs:"],
    );
    let no_sites = |_: &Line| _ = param("unused", 0.0);
    one(refused(global_model, no_sites, TraceMeanFieldElbo::new()), &["site `a`", "losses.rs:"]);
    let counting = |_: &Line| {
        let count = mutable("count", 0.0);
        mutable("count", count + 1.0);
        sample("a", Normal::new(0.0, 1.0));
    };
    one(refused(counting, |_| {}, TraceGraphElbo::new()), &["`count`", "mutable state", "losses.rs:"]);
    one(refused(counting, |_| {}, RenyiElbo::new(0.0).num_particles(1)), &["mutable state"]);
}

#[test]
fn estimated_divergences_and_other_orders_are_named() {
    let (_, data) = golden();
    let program = |f: fn(&Line)| {
        let model = pyroxene_frontend::Model::new(move |d: &Line| f(d));
        model.trace(&data).unwrap()
    };
    let turned = |d: &Line| {
        sample("b", Normal::new(param("b_loc", 0.0), 1.0));
        sample("a", StudentT::new(3.0, param("a_loc", 0.0), 1.0));
        let _ = d;
    };
    let loss = TraceMeanFieldElbo::new();
    let warnings = loss.check(&program(global_model), &program(turned)).unwrap();
    assert_eq!(warnings.len(), 2);
    assert!(warnings[0].contains(r#"the model ["a", "b"], the guide ["b", "a"]"#), "{warnings:?}");
    assert!(warnings[1].ends_with("no formula: `a` (StudentT from Normal)"), "{warnings:?}");
    assert!(loss.check(&program(global_model), &program(global_guide)).unwrap().is_empty());
}

#[test]
fn one_step_of_minimize_finds_the_mode() {
    // The example of NumPyro's `Minimize`: a line without noise, so the mode is where it was, but for the prior.
    let x: Vec<f64> = (0..100).map(|i| f64::from(i) / 9.9).collect();
    let y = x.iter().map(|x| 3.0 * x + 2.0).collect::<Vec<_>>();
    let data = Line { x: Array::from(x), y: Array::from(y) };
    let model = |d: &Line| {
        let a = sample("a", Normal::new(0.0, 1.0));
        let b = sample("b", Normal::new(0.0, 1.0));
        plate("n", d.y.dim(0), |_| sample("y", Normal::new(a + b * d.x, 0.1).obs(d.y)));
    };
    let guide = |_: &Line| {
        sample("a", Delta::new(param("a_at", 0.0)));
        sample("b", Delta::new(param("b_at", 0.0)));
    };
    let svi = Svi::new(model, guide, Minimize::default(), TraceElbo::new());
    let result = svi.run(0, 2, &data).unwrap();
    let [a, b] = ["a_at", "b_at"].map(|name| result.params[name].to_f64_vec()[0]);
    assert!((a - 2.0).abs() < 1e-2 && (b - 3.0).abs() < 1e-2, "{a} {b}");
    // The second step starts at the end of the first, where the gradient is below the search's tolerance.
    let [first, second] = <[f64; 2]>::try_from(result.losses).unwrap();
    assert!((first - second).abs() < 1e-6 * first.abs(), "{first} {second}");
}

#[test]
fn draws_that_pass_derivatives_on_are_those_of_numpyro_but_for_mixtures() {
    let recorded = pyroxene_frontend::record(|| {
        let by_draw = [
            Normal::new(0.0, 1.0).has_rsample(),
            Gamma::new(2.0, 1.0).expand(&[3]).to_event(1).has_rsample(),
            Dirichlet::new([1.0, 2.0]).has_rsample(),
            LogNormal::new(0.0, 1.0).mask(true).has_rsample(),
            MultivariateNormal::from_scale_tril([0.0, 0.0], Tensor::eye(2)).has_rsample(),
            Delta::new(1.0).has_rsample(),
        ];
        let mixture = MixtureSameFamily::new(CategoricalProbs::new([0.5, 0.5]), Normal::new([0.0, 1.0], 1.0));
        let by_score = [
            Poisson::new(2.0).has_rsample(),
            CategoricalLogits::new([0.0, 1.0]).expand(&[3]).to_event(1).has_rsample(),
            VonMises::new(0.0, 1.0).expand(&[2]).mask(true).has_rsample(),
            // NumPyro's says that it has one, though its weights decide which component a draw is of.
            mixture.has_rsample(),
        ];
        assert_eq!((by_draw, by_score), ([true; 6], [false; 4]));
        vec![Tensor::from(0.0)]
    });
    recorded.unwrap();
}
