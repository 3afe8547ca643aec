//! A model with simplex, correlation, ordered and mixture sites through XLA, against NumPyro's potential energy
//! (`tests/golden/vector_models.json`).
#![allow(clippy::panic, reason = "a test that cannot go on says why")]

mod common;

use std::rc::Rc;

use common::{Within, array, assert_close, dims, golden, list, number, numbers};
use pyroxene_frontend::{Model, prelude::*, transforms::Ordered};
use serde_json::Value;

#[derive(Tree)]
struct Data<L: Leaf = Tensor> {
    counts: L,
    pairs: L,
    ratings: L,
    covariate: L,
    y: L,
}

fn counts(d: &Data) {
    let probs = sample("probs", Dirichlet::new([0.5, 1.0, 2.0, 1.0]));
    sample("counts", MultinomialProbs::new(probs, 13).obs(d.counts));
}

fn pairs(d: &Data) {
    let tau = sample("tau", HalfCauchy::new(Tensor::full(&[3], 2.5)).to_event(1));
    let factor = sample("factor", LKJCholesky::new(3, 2.0));
    let covariance = Tensor::eye(3) * 4.0;
    let mu = sample("mu", MultivariateNormal::from_covariance_matrix([0.0; 3], covariance));
    plate("rows", 4, |_| {
        let tril = tau.expand_dims(-1) * factor;
        sample("pairs", MultivariateNormal::from_scale_tril(mu, tril).obs(d.pairs));
    });
}

fn ratings(d: &Data) {
    let beta = sample("beta", Normal::new(0.0, 2.0));
    let base = Normal::new(0.0, 1.5).expand(&[3]);
    let cutpoints = sample("cutpoints", TransformedDistribution::new(base, [Rc::new(Ordered) as _]));
    plate("raters", 6, |_| {
        sample("ratings", OrderedLogistic::new(beta * d.covariate, cutpoints).obs(d.ratings));
    });
}

fn mixture(d: &Data) {
    let weights = sample("weights", Dirichlet::new([1.0, 1.0]));
    let locs = sample("locs", ImproperUniform::new(constraints::ordered_vector(), &[], &[2]));
    let walk = sample("walk", GaussianRandomWalk::new(0.3, 7));
    plate("times", 7, |_| {
        let components = Normal::new(locs + walk.expand_dims(-1), 1.0);
        sample("y", MixtureSameFamily::new(CategoricalProbs::new(weights), components).obs(d.y));
    });
}

fn model(d: &Data) {
    counts(d);
    pairs(d);
    ratings(d);
    mixture(d);
}

fn data(golden: &Value) -> Data<Array> {
    let floats = |key: &str| array(&golden["data"][key]);
    let integers = |key: &str| floats(key).convert(DType::I64);
    Data {
        counts: integers("counts"),
        pairs: floats("pairs"),
        ratings: integers("ratings"),
        covariate: floats("covariate"),
        y: floats("y"),
    }
}

const SITES: [&str; 9] = ["probs", "tau", "factor", "mu", "beta", "cutpoints", "weights", "locs", "walk"];

#[test]
fn potentials_and_gradients_are_numpyro_s() -> anyhow::Result<()> {
    let golden = golden("vector_models");
    let bound = Model::new(model).bind(&data(&golden))?;
    assert_eq!(bound.dimension(), 26);
    for point in list(&golden["points"]) {
        let position = numbers(&point["position"]);
        let (value, gradient) = bound.potential_and_gradient(&position)?;
        // Sums of some hundred terms, the largest of the order of the potential.
        let expected = number(&point["potential"]);
        assert!((value - expected).abs() < 1e-13 * expected.abs().max(100.0), "{value} against {expected}");
        let slopes = numbers(&point["gradient"]);
        let top = slopes.iter().fold(1.0, |m: f64, g| m.max(g.abs()));
        assert_close("gradient", &gradient, &slopes, Within { rel: 1e-12, abs: 1e-14 * top });
        let outputs = bound.outputs();
        let names: Vec<&str> = outputs.iter().map(|o| &*o.name).collect();
        assert_eq!(names, SITES);
        let constrained = bound.constrain(&position)?;
        let mut named = Vec::new();
        for (name, found) in SITES.iter().zip(&constrained) {
            let expected = &point["constrained"][name];
            assert_eq!(found.dims(), dims(&expected["shape"]), "{name}");
            let values = numbers(&expected["values"]);
            assert_close(name, &found.to_f64_vec(), &values, Within { rel: 1e-13, abs: 1e-15 });
            named.push((*name, found.clone()));
        }
        // What inverses lose to rounding: differences of cutpoints, shares of a stick.
        assert_close("position", &bound.unconstrain(&named)?, &position, Within { rel: 1e-10, abs: 1e-10 });
    }
    Ok(())
}

#[test]
fn partial_correlations_are_drawn_as_numpyro_does() {
    let expected = &golden("vector_models")["cvine"];
    let found = common::evaluate(|| {
        let d = LKJCholesky::new(3, [0.5, 1.5]).sample_method(LKJMethod::Cvine);
        vec![d.sample(Key::new(7), &[2]).unwrap_or_else(|| panic!("no draws"))]
    });
    assert_eq!(found[0].dims(), dims(&expected["shape"]));
    let within = Within { rel: 1e-12, abs: 1e-14 };
    assert_close("cvine", &found[0].to_f64_vec(), &numbers(&expected["values"]), within);
}

/// Draws of the prior have the sites' dimensions and lie in their supports, plates included.
#[test]
fn priors_can_be_drawn() -> anyhow::Result<()> {
    fn prior(_: &()) {
        plate("g", 2, |_| {
            sample("p", Dirichlet::new([1.0, 2.0, 3.0]));
            sample("l", LKJCholesky::new(3, 1.5).sample_method(LKJMethod::Cvine));
            sample("n", MultinomialLogits::new([0.0, 1.0], 5));
            let base = Normal::new(0.0, 1.0).expand(&[3]).to_event(1);
            sample("c", TransformedDistribution::new(base, [Rc::new(Ordered) as _]));
            sample(
                "m",
                MixtureSameFamily::new(CategoricalLogits::new([0.0, 0.5]), Normal::new([-9.0, 9.0], 1.0)),
            );
        });
    }
    let bound = Model::new(prior).bind(&())?;
    let drawn = bound.draws(7)?;
    let dims: Vec<Vec<usize>> = drawn.iter().map(|a| a.dims().to_vec()).collect();
    assert_eq!(dims, [vec![2, 3], vec![2, 3, 3], vec![2, 2], vec![2, 3], vec![2]]);
    let inside = common::evaluate(|| {
        let of = |i: usize| Tensor::from(drawn[i].clone());
        vec![
            constraints::simplex().check(of(0)),
            constraints::corr_cholesky().check(of(1)),
            constraints::multinomial(5).check(of(2)),
            constraints::ordered_vector().check(of(3)),
            of(4).abs().greater(3.0),
        ]
    });
    for (i, holds) in inside.iter().enumerate() {
        assert_eq!(holds.as_slice(), Some(&[true, true][..]), "{i}: {:?}", drawn[i]);
    }
    Ok(())
}
