//! Models of the gallery on every backend in one process: gradients of the same HLO bytes, and sampling.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops at the first surprise and says what it ran on"
)]

use std::sync::{Arc, LazyLock};

use pyroxene::{
    Array, Mcmc, Nuts, Posterior,
    gallery::{GALLERY, find},
    ir::passes::Query,
    runtime::{
        Backend, Cached, OptLevel, default_backend,
        options::{Effort, Options},
    },
};
use pyroxene_xla_rs::{XlaBackend, register};

const QUERY: Query = Query::PotentialAndGradient;

/// Models that together use most of what graphs are made of.
const MODELS: [&str; 5] = ["eight_schools", "eight_schools_centered", "kidiq", "radon", "wells"];

/// The plugin by itself; the CPU client that the crate is linked to; the plugin through the crate.
struct Backends {
    pjrt: Arc<dyn Backend>,
    own: Arc<dyn Backend>,
    plugin: Arc<dyn Backend>,
}

static BACKENDS: LazyLock<Backends> = LazyLock::new(|| {
    register();
    let pjrt = default_backend().unwrap();
    let path = pjrt.platform().plugin.clone().unwrap();
    let own = XlaBackend::cpu().unwrap();
    let plugin = XlaBackend::plugin(&path, &pjrt.platform().origin).unwrap();
    let backends = Backends { pjrt, own: Arc::new(Cached::new(own)), plugin: Arc::new(Cached::new(plugin)) };
    for (name, backend) in [("pjrt", &backends.pjrt), ("xla-rs", &backends.own), ("xla-rs", &backends.plugin)]
    {
        let platform = backend.platform();
        println!("{name}: {platform}; from: {}; version: {}", platform.origin, platform.version);
    }
    backends
});

/// Whether the plugin compiles alike on both ways to it: through the crate it has the last level of optimisation, by itself
/// the one that `PYROXENE_OPT_LEVEL` says. Another level may order a sum differently.
fn compiles_alike() -> bool {
    let options = Options::of_process().unwrap();
    options.compile_options(BACKENDS.pjrt.platform(), Effort::Full).opt_level == OptLevel::O3
}

/// Positions in and out of the typical set.
fn positions(dimension: usize) -> Vec<Vec<f64>> {
    let position = |scale: f64| {
        (0..dimension).map(|i| scale * (0.1 + 0.05 * (i % 7) as f64 - 0.15 * (i % 3) as f64)).collect()
    };
    [0.0, 1.0, -4.0].map(position).to_vec()
}

/// `found` against `expected`, one to a coordinate: the largest relative difference.
fn difference(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let differences =
        found.iter().zip(expected).map(|(f, e)| if f == e { 0.0 } else { (f - e).abs() / e.abs() });
    // A difference that is not a number is the largest.
    differences.fold(0.0, |largest, d| if d <= largest { largest } else { d })
}

#[test]
fn gradients_are_equal() {
    for name in MODELS {
        let entry = find(GALLERY, name).unwrap();
        let problem = (entry.problem)(None).unwrap();
        let program = problem.trace().unwrap();
        let lowered = program.lower(QUERY).unwrap();
        let dimension: usize = program.layout().iter().map(|c| c.unconstrained.len()).sum();
        // Potential and gradient, from the one `lowered`.
        let evaluate = |backend: &Arc<dyn Backend>, x: &[f64]| {
            let executable = lowered.compile(backend).unwrap().executable().clone();
            let mut arguments = problem.bind(&program, backend).unwrap().fixed_arguments(QUERY).unwrap();
            arguments.push(backend.upload(&Array::from(x)).unwrap());
            let results = executable.run(&arguments.iter().collect::<Vec<_>>()).unwrap();
            results.iter().flat_map(|r| r.to_array().unwrap().to_f64_vec()).collect::<Vec<f64>>()
        };
        let mut largest: f64 = 0.0;
        for x in positions(dimension) {
            let expected = evaluate(&BACKENDS.pjrt, &x);
            assert_eq!(expected.len(), dimension + 1);
            // The same library, reached in another way.
            let other = difference(&evaluate(&BACKENDS.plugin, &x), &expected);
            let bound = if compiles_alike() { 0.0 } else { 1e-12 };
            assert!(other <= bound, "{}: a relative difference of {other:e} at {x:?}", entry.name);
            let difference = difference(&evaluate(&BACKENDS.own, &x), &expected);
            // Two releases of XLA may order a sum differently; beyond that they compute the same.
            assert!(difference <= 1e-12, "{}: a relative difference of {difference:e} at {x:?}", entry.name);
            largest = largest.max(difference);
        }
        let bytes = lowered.hlo().len();
        println!("{}: {bytes} bytes of HLO, gradients differ by {largest:.1e} at most", entry.name);
    }
}

fn sample(backend: &Arc<dyn Backend>, warmup: usize, draws: usize) -> Posterior {
    let problem = (find(GALLERY, MODELS[0]).unwrap().problem)(None).unwrap();
    let bound = problem.bind(&problem.trace().unwrap(), backend).unwrap();
    let mcmc = Mcmc::from_kernel(Nuts::default()).chains(2).seed(3);
    mcmc.warmup(warmup).draws(draws).run_bound(&bound).unwrap()
}

fn all_draws(posterior: &Posterior) -> Vec<f64> {
    posterior.sites().flat_map(|site| site.values().to_vec()).collect()
}

/// While few leapfrogs have been taken, rounding has not grown: draw by draw.
#[test]
fn first_draws_are_equal() {
    let pjrt = all_draws(&sample(&BACKENDS.pjrt, 20, 10));
    let other = difference(&all_draws(&sample(&BACKENDS.plugin, 20, 10)), &pjrt);
    let difference = difference(&all_draws(&sample(&BACKENDS.own, 20, 10)), &pjrt);
    println!("{}: draws after 20 transitions differ by {difference:.1e} at most", MODELS[0]);
    // Each leapfrog may multiply a rounding difference of 1e-16 by a small factor; an error is of order one.
    assert!(difference <= 1e-6, "{difference:e}");
    assert!(other <= if compiles_alike() { 0.0 } else { 1e-6 }, "{other:e}");
}

/// Where the gradients are the same bits, so are all draws; otherwise chains part in time, and posteriors agree.
#[test]
fn a_sampling_run_is_equal() {
    let pjrt = sample(&BACKENDS.pjrt, 500, 500);
    if compiles_alike() {
        assert_eq!(all_draws(&sample(&BACKENDS.plugin, 500, 500)), all_draws(&pjrt));
    } else {
        println!(
            "skipped: draws through the crate, because the plugin compiles at another level; PYROXENE_OPT_LEVEL=3"
        );
    }
    let own = sample(&BACKENDS.own, 500, 500);
    let same = all_draws(&own) == all_draws(&pjrt);
    println!(
        "{}: the draws of 1000 transitions are {}the same bits",
        MODELS[0],
        if same { "" } else { "not " }
    );
    let (own, pjrt) = (own.summary(), pjrt.summary());
    assert_eq!(own.rows().len(), pjrt.rows().len());
    for (own, pjrt) in own.rows().iter().zip(pjrt.rows()) {
        // Five standard errors: about one false alarm in 10^5 runs whose draws differ, over 18 rows.
        let tolerance = 5.0 * own.mcse_mean.hypot(pjrt.mcse_mean);
        let means = (own.mean, pjrt.mean);
        assert!((means.0 - means.1).abs() <= tolerance, "{}: {means:?} ± {tolerance}", own.name);
    }
}
