//! The sampler against posteriordb: posterior means and second moments within Monte Carlo error of the reference draws.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{fs, path::Path};

use pyroxene::{
    Mcmc, Nuts, Posterior,
    gallery::{GALLERY, find},
    inference::{
        diagnostics::{mcse_mean, rhat},
        stat,
    },
};
use serde_json::Value;

/// How many standard errors a moment may be off. posteriordb publishes the errors but no bound: for the 26 comparisons
/// of this file, 5 condemns a correct sampler with probability 1.5e-5.
const GATE: f64 = 5.0;

fn reference(posterior: &str) -> Value {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/posteriordb/{posterior}.json"));
    let record: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    record["reference"].clone()
}

/// All draws of the scalar that posteriordb names `name`, as in `theta[1]`, counted from 1.
fn scalar(posterior: &Posterior, name: &str) -> Vec<f64> {
    let (site, element) = match name.split_once('[') {
        Some((site, index)) => (site, index.trim_end_matches(']').parse::<usize>().unwrap() - 1),
        None => (name, 0),
    };
    posterior.site(site).unwrap().scalar(element)
}

/// Runs four chains of the gallery's model and holds each scalar's first two moments against the record:
/// |mean − reference| ≤ 5 √(mcse² + mcse_reference²).
fn holds_to_its_record(name: &str) {
    let entry = find(GALLERY, name).unwrap();
    let posterior = Mcmc::from_kernel(Nuts::default()).seed(0).run_bound(&entry.bind().unwrap()).unwrap();
    let divergences = posterior.stat(stat::DIVERGING).unwrap().values().iter().sum::<f64>();
    assert!(
        divergences < 40.0,
        "{divergences} of 4000 transitions diverged: the reference sampler has under 0.1 %"
    );
    let reference = reference(entry.name);
    let number = |key: &str, i: usize| reference[key][i].as_f64().unwrap();
    let names = reference["names"].as_array().unwrap();
    assert!(!names.is_empty());
    for (i, name) in names.iter().enumerate() {
        let name = name.as_str().unwrap();
        let draws = scalar(&posterior, name);
        let mixed = rhat(&draws.chunks(posterior.num_draws()).collect::<Vec<_>>());
        // Over seeds the largest is 1.009: beta of kidscore_momiq, whose correlation a diagonal mass matrix leaves.
        assert!(mixed < 1.03, "{name}: R-hat {mixed}");
        type Moment = (&'static str, &'static str, fn(f64) -> f64);
        let moments: [Moment; 2] =
            [("mean", "mcse_mean", |x| x), ("mean_squared", "mcse_mean_squared", |x| x * x)];
        for (moment, error, f) in moments {
            let values: Vec<f64> = draws.iter().map(|x| f(*x)).collect();
            let own_error = mcse_mean(&values.chunks(posterior.num_draws()).collect::<Vec<_>>());
            // The reference has 10 000 effective draws; with fewer than 100, anything would pass.
            assert!(
                own_error < 10.0 * number(error, i),
                "{name}: {moment} has the standard error {own_error}"
            );
            let found = values.iter().sum::<f64>() / values.len() as f64;
            let (expected, error) = (number(moment, i), number(error, i).hypot(own_error));
            let off = (found - expected).abs() / error;
            assert!(
                off <= GATE,
                "{name}: {moment} is {found}, expected {expected} ± {error}: {off:.1} errors off"
            );
        }
    }
}

#[test]
fn eight_schools_noncentered() {
    holds_to_its_record("eight_schools-eight_schools_noncentered");
}

#[test]
fn kidscore_momiq() {
    holds_to_its_record("kidiq-kidscore_momiq");
}
