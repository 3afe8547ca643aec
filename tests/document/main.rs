//! The usage examples of the primitives' document, each a file of `examples/`, run.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(dead_code, reason = "an example's `main` is not called here")]

#[path = "../../examples/counter.rs"]
mod counter;
#[path = "../../examples/custom_likelihood.rs"]
mod custom_likelihood;
#[path = "../../examples/hierarchical.rs"]
mod hierarchical;
#[path = "../../examples/large_data.rs"]
mod large_data;
#[path = "../../examples/linear_regression.rs"]
mod linear_regression;
#[path = "../../examples/neural_network.rs"]
mod neural_network;
#[path = "../../examples/partial_observation.rs"]
mod partial_observation;
mod snippets;

use pyroxene::{Bound, Model, prelude::*};

/// The draw of one site.
fn draw(bound: &Bound, seed: u64, site: &str) -> Array {
    let place = bound.outputs().iter().position(|o| o.name == site).unwrap();
    bound.draws(seed).unwrap().swap_remove(place)
}

#[test]
fn the_regression_finds_its_line_and_predicts() {
    let data = linear_regression::data();
    let model = Model::new(linear_regression::linear_regression);
    let posterior = Mcmc::new(Nuts::default(), &model).chains(2).warmup(300).draws(500).seed(0).run(&data);
    let posterior = posterior.unwrap();
    // Posterior standard deviations are below 0.45: five of them over the root of 300 effective draws are 0.13.
    for (site, expected) in [("alpha", 1.0), ("beta", 2.0)] {
        let found = mean_of(&posterior, site);
        assert!((found - expected).abs() < 0.2, "{site}: {found}");
    }
    let unknown = linear_regression::Data { y: None, ..data };
    assert_eq!(draw(&model.bind(&unknown).unwrap(), 0, "y").dims(), [20]);
    assert_eq!(draw(&model.bind(&unknown).unwrap(), 0, "prediction").dims(), [20]);
}

fn mean_of(posterior: &Posterior, site: &str) -> f64 {
    posterior.site(site).unwrap().mean()[0]
}

#[test]
fn groups_share_their_prior() {
    let bound = Model::new(hierarchical::hierarchical).bind(&hierarchical::data()).unwrap();
    assert_eq!(bound.dimension(), 5);
    let values = [
        ("mu_global", Array::from(0.0)),
        ("sigma_global", Array::from(1.0)),
        ("mu_group", Array::from([0.0, 1.0, -1.0])),
    ];
    // By SciPy 1.17.1: norm.logpdf(0) + expon.logpdf(1) + norm.logpdf([0, 1, -1]).sum() + the twelve of `y`.
    let expected = -17.118016531274762;
    assert!((bound.log_density(&values).unwrap() - expected).abs() < 1e-12 * expected.abs());
}

#[test]
fn small_data_run_as_written_and_large_ones_name_the_mistake() {
    let small = large_data::data(500).unwrap();
    let bound = Model::new(large_data::subsampled_twice).bind(&small).unwrap();
    assert!(bound.log_density(&[("weights", Array::from([1.0, -1.0, 0.5]))]).unwrap() > 0.0);

    let large = large_data::data(5000).unwrap();
    let error = Model::new(large_data::subsampled_twice).trace(&large).unwrap_err().to_string();
    assert!(error.contains("reduced to the subsample of the plate `data` before"), "{error}");
    assert!(error.contains("examples/large_data.rs:"), "{error}");

    let unknown = large_data::Data { y: None, ..large.clone() };
    let bound = Model::new(large_data::large_dataset).bind(&unknown).unwrap();
    assert_eq!(draw(&bound, 0, "y").dims(), [1000]);
    // A density needs to know which rows: NUTS has no key to draw them with.
    let bound = Model::new(large_data::large_dataset).bind(&large).unwrap();
    let error = bound.log_density(&[("weights", Array::from([1.0, -1.0, 0.5]))]).unwrap_err().to_string();
    assert!(error.contains("site `data`") && error.contains("do not support subsampling"), "{error}");
}

#[test]
fn a_subsample_counts_for_the_whole() {
    let data = large_data::data(5000).unwrap();
    let weights = [("weights", Array::from([1.0, -1.0, 0.5]))];
    let seeded = Model::new(|d: &large_data::Data| handlers::seed(0, || large_data::large_dataset(d)));
    let found = seeded.bind(&data).unwrap().log_density(&weights).unwrap();
    // Every residual is zero: whichever rows are drawn, they count five times.
    let prior = -0.5 * (1.0 + 1.0 + 0.25) - 1.5 * std::f64::consts::TAU.ln();
    let expected = prior + 5000.0 * (-0.5 * std::f64::consts::TAU.ln() - 0.1f64.ln());
    assert!((found - expected).abs() < 1e-9 * expected.abs(), "{found} for {expected}");
}

#[test]
fn a_likelihood_of_ones_own_is_the_posterior_s() {
    let posterior = Mcmc::new(Nuts::default(), custom_likelihood::custom_likelihood).chains(2).seed(0);
    let posterior = posterior.warmup(300).draws(1000).run(&custom_likelihood::data()).unwrap();
    // Beta(8, 4): mean 2/3, standard deviation 0.13; five of these over the root of 300 effective draws are 0.038.
    let found = mean_of(&posterior, "theta");
    assert!((found - 2.0 / 3.0).abs() < 0.038, "{found}");
}

#[test]
fn the_counter_counts() {
    let bound = Model::new(counter::counting).bind(&()).unwrap();
    let mut state = bound.initial_state().unwrap();
    assert_eq!(state.0, [("counter".to_string(), Array::from(0.0))]);
    let first = bound.draws_from(7, &mut state).unwrap()[0].to_f64_vec()[0];
    let second = bound.draws_from(7, &mut state).unwrap()[0].to_f64_vec()[0];
    // The same key with a scale of 1 and then of 2.
    assert!((second - 2.0 * first).abs() < 1e-15, "{first} {second}");
    assert_eq!(state.0[0].1, Array::from(2.0));
    assert_eq!(bound.draws(7).unwrap()[0].to_f64_vec()[0], first);
}

#[test]
fn what_is_observed_stays_and_gaps_are_drawn() {
    let bound = Model::new(partial_observation::with_gaps).bind(&partial_observation::data()).unwrap();
    let names: Vec<String> = bound.outputs().iter().map(|o| o.name.clone()).collect();
    assert_eq!(names, ["mu", "y_unobserved", "y"]);
    let (y, drawn) = (draw(&bound, 0, "y").to_f64_vec(), draw(&bound, 0, "y_unobserved").to_f64_vec());
    assert_eq!(y, [1.2, drawn[1], 0.7, 1.9, drawn[4]]);
    assert!(y.iter().all(|y| y.is_finite()));
    // Each part has a density where it counts; what `y_unobserved` is elsewhere does not matter.
    let values = [("mu", Array::from(1.0)), ("y_unobserved", Array::from([9.0, 2.0, 9.0, 9.0, 0.0]))];
    let expected: f64 =
        [1.2f64, 2.0, 0.7, 1.9, 0.0].iter().map(|y| -0.5 * (y - 1.0) * (y - 1.0)).sum::<f64>()
            - 0.5 * 0.04
            - 5.0f64.ln()
            - 3.0 * std::f64::consts::TAU.ln();
    assert!((bound.log_density(&values).unwrap() - expected).abs() < 1e-12 * expected.abs());
}

#[test]
fn a_network_follows_a_sine() {
    let data = neural_network::data().unwrap();
    let model = Model::new(neural_network::bayesian_network);
    let posterior =
        Mcmc::new(Nuts::default(), &model).chains(2).warmup(200).draws(200).seed(0).run(&data).unwrap();
    // Deviations are 0.05 and there are forty of them: where the net follows, its mean is within a few hundredths.
    let found = posterior.site("mean").unwrap().mean();
    for (x, mean) in data.x.to_f64_vec().iter().zip(found) {
        assert!((mean - x.sin()).abs() < 0.1, "at {x}: {mean}");
    }
    let unknown = neural_network::Data { y: None, ..data };
    assert_eq!(draw(&model.bind(&unknown).unwrap(), 0, "y").dims(), [40]);
}
