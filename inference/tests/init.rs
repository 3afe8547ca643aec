//! Where chains start: each of NumPyro's strategies, seen through steps too small to move.
#![allow(clippy::unwrap_used, clippy::panic)]

use expect_test::expect;
use pyroxene_frontend::{Bound, Model, prelude::*};
use pyroxene_inference::{InitStrategy, Mcmc, Nuts, Posterior};

fn funnel() -> Model<()> {
    Model::new(|_: &()| {
        let mu = sample("mu", Normal::new(10.0, 1.0));
        let tau = sample("tau", HalfCauchy::new(5.0));
        let theta = plate("school", 3, |_| sample("theta", Normal::new(mu, tau)));
        let flat = sample("flat", ImproperUniform::new(constraints::real(), &[], &[2]));
        let share = sample("share", Uniform::new(2.0, 4.0));
        // A gradient of zero would say that a coordinate has no scale, and the smallest step would be a large one.
        factor("tilt", 0.1 * (theta.sum() + flat.sum() + share));
    })
}

/// The first draw of each chain, whose trajectory is shorter than 1e-9.
fn starts(bound: &Bound, strategy: InitStrategy) -> Posterior {
    // The interpreter takes its time over medians.
    let chains = if matches!(strategy, InitStrategy::Uniform { .. }) { 8 } else { 3 };
    let nuts = Nuts::default().step_size(1e-13).adapt_step_size(false).max_tree_depth(1);
    let mcmc = Mcmc::from_kernel(nuts).chains(chains).warmup(0).draws(1).seed(4);
    mcmc.init_strategy(strategy).run_bound(bound).unwrap()
}

fn near(posterior: &Posterior, site: &str, expected: impl Fn(f64) -> bool) {
    let view = posterior.site(site).unwrap();
    assert!(view.values().iter().all(|x| expected(*x)), "{site}: {:?}", view.values());
}

fn is(value: f64) -> impl Fn(f64) -> bool {
    move |x| (x - value).abs() < 1e-6
}

#[test]
fn feasible_is_zero_on_unconstrained_space() {
    let posterior = starts(&funnel().bind(&()).unwrap(), InitStrategy::Feasible);
    for (site, value) in [("mu", 0.0), ("tau", 1.0), ("theta", 0.0), ("flat", 0.0), ("share", 3.0)] {
        near(&posterior, site, is(value));
    }
}

#[test]
fn uniform_keeps_to_its_radius() {
    let bound = funnel().bind(&()).unwrap();
    for radius in [0.25, 2.0] {
        let posterior = starts(&bound, InitStrategy::Uniform { radius });
        near(&posterior, "mu", |x| x.abs() <= radius);
        near(&posterior, "tau", |x| x.ln().abs() <= radius);
        let mu = posterior.site("mu").unwrap().values().to_vec();
        assert!(mu.iter().any(|x| x.abs() > radius / 4.0), "8 of 8 in the middle quarter: 2e-5, {mu:?}");
    }
}

#[test]
fn median_is_of_the_prior_given_the_medians_before() {
    let posterior = starts(&funnel().bind(&()).unwrap(), InitStrategy::Median { num_samples: 15 });
    // The median of 15 normal draws has a standard deviation of 0.32: beyond 2 lies 1e-9 of it.
    near(&posterior, "mu", |x| (x - 10.0).abs() < 2.0);
    near(&posterior, "share", |x| (2.0..4.0).contains(&x));
    let values = |site: &str| posterior.site(site).unwrap().values().to_vec();
    for (chain, theta) in values("theta").chunks(3).enumerate() {
        // 6.5 standard deviations of a median of 15 draws around mu.
        assert!(
            theta.iter().all(|t| (t - values("mu")[chain]).abs() < 2.1 * values("tau")[chain]),
            "{theta:?}"
        );
    }
    near(&posterior, "flat", |x| x.abs() <= 2.0);
    // An even number of draws has two in the middle.
    near(&starts(&funnel().bind(&()).unwrap(), InitStrategy::Median { num_samples: 2 }), "share", |x| {
        (2.0..4.0).contains(&x)
    });
}

#[test]
fn mean_is_of_the_prior_given_the_means_before() {
    let posterior = starts(&funnel().bind(&()).unwrap(), InitStrategy::Mean);
    // The gradient is all but zero there, so that the first step is longer than elsewhere.
    near(&posterior, "mu", |x| (x - 10.0).abs() < 1e-2);
    near(&posterior, "theta", |x| (x - 10.0).abs() < 1e-2);
    near(&posterior, "share", is(3.0));
    // A half-Cauchy site has an infinite mean, a flat one none.
    near(&posterior, "tau", |x| x > 0.0 && x.is_finite());
    near(&posterior, "flat", |x| x.abs() <= 2.0);
}

#[test]
fn sample_is_a_draw_from_the_prior() {
    let posterior = starts(&funnel().bind(&()).unwrap(), InitStrategy::Sample);
    // 6 standard deviations.
    near(&posterior, "mu", |x| (x - 10.0).abs() < 6.0);
    let mut mu = posterior.site("mu").unwrap().values().to_vec();
    mu.dedup();
    assert_eq!(mu.len(), 3, "each chain has its own");
}

#[test]
fn values_are_the_ones_given_and_the_rest_is_uniform() {
    let values = [("tau", Array::from(2.5)), ("theta", Array::from([1.0, -2.0, 3.0]))];
    let posterior = starts(&funnel().bind(&()).unwrap(), InitStrategy::value(values));
    near(&posterior, "tau", is(2.5));
    for theta in posterior.site("theta").unwrap().values().chunks(3) {
        assert!(theta.iter().zip([1.0, -2.0, 3.0]).all(|(x, y)| is(y)(*x)), "{theta:?}");
    }
    near(&posterior, "mu", |x| x.abs() <= 2.0);
}

#[test]
fn given_sites_keep_their_values() {
    let bound = funnel().trace(&()).unwrap().condition(&["mu", "tau"]).unwrap();
    let bound = bound.bind(&(), &pyroxene_runtime::default_backend().unwrap()).unwrap();
    let bound = bound.given(&[("mu", Array::from(-7.0)), ("tau", Array::from(1e-3))]).unwrap();
    let posterior = starts(&bound, InitStrategy::Sample);
    near(&posterior, "theta", |x| (x + 7.0).abs() < 6e-3);
}

#[test]
fn what_no_site_can_start_with_is_refused() {
    let bound = funnel().bind(&()).unwrap();
    let error = |strategy| {
        let mcmc = Mcmc::from_kernel(Nuts::default()).init_strategy(strategy);
        mcmc.run_bound(&bound).unwrap_err().to_string()
    };
    expect!["`nu` is no site that takes a value here; those are mu, tau, theta, flat, share"]
        .assert_eq(&error(InitStrategy::value([("nu", Array::from(1.0))])));
    expect!["site `tau`: expected a value of type f64[], found f64[2]"]
        .assert_eq(&error(InitStrategy::value([("tau", Array::from([1.0, 2.0]))])));
    expect!["`radius` is NaN, expected a positive, finite number"]
        .assert_eq(&error(InitStrategy::Uniform { radius: f64::NAN }));
    let outside = error(InitStrategy::value([("tau", Array::from(-1.0))]));
    assert!(outside.contains("tau"), "{outside}");
}
