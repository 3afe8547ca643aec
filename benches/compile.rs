//! From a model function to an executable, value and gradient, for comparison with JAX: see `peers/jax_compile.sh`.
//!
//! Prints one line of JSON a case: the milliseconds of tracing, passes and lowering, and of XLA's compilation, in each
//! of `--rounds` rounds, and the potential at a fixed position.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark stops at the first surprise")]

use std::{sync::Arc, time::Instant};

use pyroxene::{
    Bound, Error, Model, Program,
    gallery::{GALLERY, find},
    ir::passes::Query,
    prelude::*,
    runtime::{Backend, PjrtBackend, options::Options, plugin},
};

const QUERY: Query = Query::PotentialAndGradient;
const GALLERY_CASES: [&str; 5] = ["eight_schools", "blr", "arK", "kidscore_momiq", "low_dim_gauss_mix"];
/// The steps of the recurrence.
const STEPS: usize = 10_000;

/// A recurrence whose every step reads the one before.
fn recurrence(xs: &Tensor) {
    let a = sample("a", Normal::new(0.0, 1.0));
    let (last, all) = scan(Tensor::from(0.1), *xs, |c, x| {
        let next = (*c * a + *x).tanh();
        (next, next)
    });
    factor("sum", last + all.sum());
}

type Trace<'a> = Box<dyn Fn() -> Result<Program, Error> + 'a>;

/// The position of posteriordb's gradient records.
fn position(n: usize) -> Vec<f64> {
    (0..n).map(|i| 0.1 + 0.05 * (i % 7) as f64 - 0.15 * (i % 3) as f64).collect()
}

fn measure(
    name: &str,
    query: Query,
    trace: &Trace<'_>,
    rounds: usize,
    backend: &Arc<dyn Backend>,
    bound: &Bound,
) {
    let (mut front, mut xla) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let start = Instant::now();
        let lowered = trace().unwrap().lower(query).unwrap();
        front.push(start.elapsed().as_secs_f64() * 1e3);
        let start = Instant::now();
        lowered.compile(backend).unwrap();
        xla.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let value = bound.potential_and_gradient(&position(bound.dimension())).unwrap().0;
    println!("{}", serde_json::json!({"case": name, "front_ms": front, "xla_ms": xla, "potential": value}));
}

fn main() {
    let rounds = std::env::args().skip_while(|a| a != "--rounds").nth(1);
    let rounds = rounds.map_or(5, |n| n.parse().unwrap());
    // A backend without a cache of executables, or there would be one compilation and then none.
    let found = plugin::find("cpu", &Options::of_process().unwrap(), &mut |_| {}).unwrap();
    let backend: Arc<dyn Backend> = Arc::new(PjrtBackend::load(&found.path, &found.origin).unwrap());
    for name in GALLERY_CASES {
        let problem = (find(GALLERY, name).unwrap().problem)(None).unwrap();
        let bound = problem.bind(&problem.trace().unwrap(), &backend).unwrap();
        measure(name, QUERY, &(Box::new(|| problem.trace()) as Trace<'_>), rounds, &backend, &bound);
    }
    let xs = Array::from((0..STEPS).map(|i| (i as f64 * 0.1).sin()).collect::<Vec<_>>());
    let bound = Model::new(recurrence).bind_on(&xs, &backend).unwrap();
    for (name, query) in [("recurrence", Query::Potential), ("recurrence_gradient", QUERY)] {
        let trace: Trace<'_> = Box::new(|| Model::new(recurrence).trace(&xs));
        measure(name, query, &trace, rounds, &backend, &bound);
    }
}
