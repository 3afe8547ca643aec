//! The sampler against posteriordb: posterior means and second moments within Monte Carlo error of the reference draws.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops at the first surprise, and the long one prints its table"
)]

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use pyroxene::{
    Mcmc, Nuts, Posterior,
    gallery::{Entry, GALLERY, find},
    inference::{
        diagnostics::{mcse_mean, rhat},
        stat,
    },
};
use serde_json::Value;

/// How many standard errors a moment may be off. posteriordb publishes the errors but no bound: 5 condemns a correct
/// sampler with probability 4e-5 over the short tests, 2e-4 over the long one.
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

/// One moment of one scalar beside its reference.
struct Moment {
    /// As in `theta[1], mean_squared`.
    name: String,
    found: f64,
    expected: f64,
    /// The standard error of `found`, and that of `expected`.
    errors: (f64, f64),
}

impl Moment {
    /// The difference in standard errors.
    fn deviation(&self) -> f64 {
        (self.found - self.expected) / self.errors.0.hypot(self.errors.1)
    }

    fn says(&self) -> String {
        let Moment { name, found, expected, errors } = self;
        let (error, off) = (errors.0.hypot(errors.1), self.deviation());
        format!("{name} is {found}, expected {expected} ± {error}: {off:.1} errors off")
    }
}

/// A run beside its reference.
struct Run {
    moments: Vec<Moment>,
    rhat: f64,
    divergences: f64,
    gradients: u64,
    wall: Duration,
}

impl Run {
    /// Four chains of the gallery's model.
    fn of(entry: &Entry, draws: usize) -> Run {
        let start = Instant::now();
        let mcmc = Mcmc::from_kernel(Nuts::default()).seed(0).draws(draws);
        let (posterior, info) = mcmc.run_with_info(&entry.bind().unwrap()).unwrap();
        let wall = start.elapsed();
        let divergences = posterior.stat(stat::DIVERGING).unwrap().values().iter().sum();
        let reference = reference(entry.name);
        let (mut moments, mut largest) = (Vec::new(), 0.0);
        for (i, name) in reference["names"].as_array().unwrap().iter().enumerate() {
            let name = name.as_str().unwrap();
            let draws = scalar(&posterior, name);
            largest = rhat(&draws.chunks(posterior.num_draws()).collect::<Vec<_>>()).max(largest);
            let number = |key: &str| reference[key][i].as_f64().unwrap();
            for (moment, power) in [("mean", 1), ("mean_squared", 2)] {
                let values: Vec<f64> = draws.iter().map(|x| x.powi(power)).collect();
                let own_error = mcse_mean(&values.chunks(posterior.num_draws()).collect::<Vec<_>>());
                moments.push(Moment {
                    name: format!("{name}, {moment}"),
                    found: values.iter().sum::<f64>() / values.len() as f64,
                    expected: number(moment),
                    errors: (own_error, number(&format!("mcse_{moment}"))),
                });
            }
        }
        assert!(!moments.is_empty());
        Run { moments, rhat: largest, divergences, gradients: info.gradients(), wall }
    }

    /// The moments that are off by more than the gate, or whose own error is so large that anything would pass: the
    /// reference has 10 000 effective draws, so ten times its error is that of 100.
    fn failures(&self) -> Vec<String> {
        let near = |m: &Moment| m.deviation().abs() <= GATE && m.errors.0 < 10.0 * m.errors.1;
        self.moments
            .iter()
            .filter(|m| !near(m))
            .map(|m| format!("{} (own error {})", m.says(), m.errors.0))
            .collect()
    }

    fn worst(&self) -> &Moment {
        let off = |m: &Moment| m.deviation().abs();
        self.moments.iter().max_by(|a, b| off(a).total_cmp(&off(b))).unwrap()
    }
}

fn holds_to_its_record(name: &str) {
    let run = Run::of(find(GALLERY, name).unwrap(), 1000);
    assert!(run.failures().is_empty(), "{}", run.failures().join("\n"));
    // The reference sampler has under 0.1 % on each of these models.
    assert!(run.divergences < 40.0, "{} of 4000 transitions diverged", run.divergences);
    // Over seeds the largest is 1.009: beta of kidscore_momiq, whose correlation a diagonal mass matrix leaves.
    assert!(run.rhat < 1.03, "R-hat {}", run.rhat);
}

#[test]
fn eight_schools_noncentered() {
    holds_to_its_record("eight_schools-eight_schools_noncentered");
}

#[test]
fn kidscore_momiq() {
    holds_to_its_record("kidiq-kidscore_momiq");
}

#[test]
fn ark() {
    holds_to_its_record("arK-arK");
}

#[test]
fn garch() {
    holds_to_its_record("garch-garch11");
}

#[test]
fn gaussian_process() {
    holds_to_its_record("gp_pois_regr-gp_regr");
}

#[test]
fn hidden_markov() {
    holds_to_its_record("hmm_example-hmm_example");
}

/// Of these, eight_schools_centered is the one that another seed may fail: its chains stick in the neck of the funnel, and
/// tell by R-hat and divergences that their own errors mean little. With this seed it is 4.5 errors off, the others 2.6.
#[test]
#[ignore = "minutes of sampling: scripts/posteriordb-moments runs it and shows its table"]
fn every_model_with_reference_moments() {
    println!("| posterior | wall time | gradients | divergences | R-hat | worst deviation | of |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | --- |");
    let (mut deviations, mut failures) = (Vec::new(), Vec::new());
    for entry in GALLERY.iter().filter(|entry| !reference(entry.name).is_null()) {
        let run = Run::of(entry, 2000);
        let (worst, wall) = (run.worst(), run.wall.as_secs_f64());
        println!(
            "| {} | {wall:.1} s | {} | {} | {:.4} | {:.2} | {} |",
            entry.name,
            run.gradients,
            run.divergences,
            run.rhat,
            worst.deviation(),
            worst.name
        );
        failures.extend(run.failures().iter().map(|failure| format!("{}: {failure}", entry.name)));
        deviations.extend(run.moments.iter().map(Moment::deviation));
    }
    let spread = (deviations.iter().map(|d| d * d).sum::<f64>() / deviations.len() as f64).sqrt();
    println!("\n{} deviations, root mean square {spread:.3}", deviations.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
