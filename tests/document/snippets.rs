//! The snippets that the document gives for each primitive, in its order, run with the dimensions that it states.

use pyroxene::{
    constraints, eval,
    handlers::{SiteInfo, seed, trace},
    nn,
    prelude::*,
    primitives::{Param, inspect, subsample_fn},
};

/// The dimensions of what `f` makes under a seed, and its sites.
fn dims(f: impl Fn() -> Tensor) -> Vec<usize> {
    eval(|| seed(0, &f)).unwrap().dims().to_vec()
}

/// What a trace around `f` sees of the site `name`.
fn site(name: &str, f: impl Fn() -> Tensor, see: impl Fn(&SiteInfo)) {
    eval(|| {
        let (value, sites) = trace(|| seed(0, &f));
        see(&sites[name]);
        value
    })
    .unwrap();
}

#[test]
fn sample_draws_conditions_repeats_and_hints() {
    assert_eq!(dims(|| sample("x", Normal::new(0.0, 1.0))), [0; 0]);
    let observed = || {
        let x = sample("x", Normal::new(0.0, 1.0));
        sample("y", Normal::new(x, 0.5).obs(1.5))
    };
    assert_eq!(eval(|| seed(0, observed)).unwrap(), Array::from(1.5));
    assert_eq!(dims(|| sample("batch", Normal::new(0.0, 1.0).sample_shape(&[10]))), [10]);
    let hinted = || sample("z", Normal::new(0.0, 1.0).infer("is_auxiliary", true));
    site("z", hinted, |z| assert_eq!(z.infer["is_auxiliary"], true.into()));
}

#[test]
fn param_has_a_constraint_or_a_function_of_a_key() {
    let sigma = || param("sigma", Param::new(1.0).constraint(constraints::positive()));
    site("sigma", sigma, |sigma| assert!(sigma.kwargs.contains_key("constraint")));
    let weights = || param("weights", Param::init(|key| random::normal(key, &[10, 5], DType::F64)));
    assert_eq!(dims(weights), [10, 5]);
    let probs =
        || param("probs", Param::new(Tensor::from([1.0; 3]) / 3.0).constraint(constraints::simplex()));
    assert_eq!(dims(probs), [3]);
}

#[test]
fn deterministic_keeps_sums_and_means() {
    let model = || {
        let x = sample("x", Normal::new(0.0, 1.0));
        let y = sample("y", Normal::new(0.0, 1.0));
        let sum = deterministic("sum", x + y);
        deterministic("mean", (x + y) / 2.0) * 2.0 - sum
    };
    assert_eq!(eval(|| seed(0, model)).unwrap(), Array::from(0.0));
}

#[test]
fn factor_takes_likelihoods_penalties_and_densities() {
    let program = pyroxene::Program::trace(
        |y: &Tensor| {
            let mu = sample("mu", Normal::new(0.0, 1.0));
            let sigma = sample("sigma", Gamma::new(2.0, 1.0));
            factor("custom_loglik", -0.5 * ((*y - mu).square() / sigma.square()).sum());
            factor("penalty", -1e6 * mu.less(0.0).select(1.0, 0.0));
            factor("custom_prior", Gamma::new(2.0, 1.0).log_prob(sigma));
        },
        &pyroxene::spec(&Array::from([0.5, 1.0])),
    )
    .unwrap();
    let bound =
        program.bind(&Array::from([0.5, 1.0]), &pyroxene::runtime::default_backend().unwrap()).unwrap();
    let values = [("mu", Array::from(1.0)), ("sigma", Array::from(1.0))];
    // -0.5 - ln √2π, twice the log density of Gamma(2, 1) at 1, which is -1, and -0.5 · 0.25.
    let expected = -0.5 - 0.5 * std::f64::consts::TAU.ln() - 2.0 - 0.125;
    assert!((bound.log_density(&values).unwrap() - expected).abs() < 1e-14);
}

#[test]
fn plates_give_the_dimensions_that_the_document_states() {
    let x = || sample("x", Normal::new(0.0, 1.0));
    assert_eq!(dims(|| plate("data", 100, |_| x())), [100]);
    assert_eq!(dims(|| Plate::new("data", 10_000).subsample_size(100).run(|_| x())), [100]);
    assert_eq!(dims(|| Plate::new("data", 10_000).subsample_size(100).run(|idx| idx)), [100]);
    let nested = || {
        let (batch, features) = (Plate::new("batch", 50).dim(-2), Plate::new("features", 10).dim(-1));
        batch.run(|_| features.run(|_| sample("w", Normal::new(0.0, 1.0))))
    };
    assert_eq!(dims(nested), [50, 10]);
    let stack = |rightmost_dim| {
        dims(move || {
            let plates = plate_stack("data", &[20, 30, 40], rightmost_dim);
            plates[0].run(|_| plates[1].run(|_| plates[2].run(|_| x())))
        })
    };
    assert_eq!(stack(-1), [20, 30, 40]);
    // NumPyro's rule, of which the document's comment is wrong: -3 is the place of the last size.
    assert_eq!(stack(-3), [20, 30, 40, 1, 1]);
    let batch = || {
        let full = Tensor::arange(1000).convert(DType::F64);
        Plate::new("data", 1000).subsample_size(100).run(|_| {
            let batch = subsample(full, 0);
            sample("x", Normal::new(batch, 1.0))
        })
    };
    assert_eq!(dims(batch), [100]);
    assert_eq!(dims(|| subsample_fn(1000, 100, 0)), [100]);
}

#[test]
fn module_takes_two_functions_or_layers() {
    let pair = (
        |key: Key, input_shape: &[usize]| {
            nn::serial([nn::dense(64), nn::relu(), nn::dense(1)]).init(key, input_shape)
        },
        |weights: &nn::Weights, x: Tensor| {
            nn::serial([nn::dense(64), nn::relu(), nn::dense(1)]).apply(weights, x)
        },
    );
    let of_functions = || {
        let net = module("mlp", pair, &[8, 10]);
        net(sample("x", Normal::new(0.0, 1.0).expand(&[8, 10])))
    };
    assert_eq!(dims(of_functions), [8, 1]);
    let of_layers = || {
        let net = module("mlp", nn::serial([nn::dense(64), nn::relu(), nn::dense(1)]), &[8, 10]);
        net(sample("x", Normal::new(0.0, 1.0).expand(&[8, 10])))
    };
    assert_eq!(eval(|| seed(0, of_functions)).unwrap(), eval(|| seed(0, of_layers)).unwrap());
}

#[test]
fn state_keys_and_masks_can_be_asked_for() {
    let count = || {
        let count = mutable("counter", 0);
        mutable("counter", count + 1)
    };
    assert_eq!(eval(|| seed(0, count)).unwrap(), Array::from(1i64));
    let noise = || prng_key().map_or(Tensor::from(0.0), |key| random::normal(key, &[10], DType::F64));
    assert_eq!(dims(noise), [10]);
    assert_eq!(eval(noise).unwrap().dims(), [] as [usize; 0]);
    eval(|| {
        assert!(get_mask().is_none());
        handlers::mask(false, || {
            assert!(get_mask().is_some_and(Tensor::is_false));
            assert!(inspect().mask.is_some());
        });
        Tensor::from(0.0)
    })
    .unwrap();
}
