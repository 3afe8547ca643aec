//! What draws cost through XLA: HLO instructions, time to compile, time of a run (`benches/peers/jax_draws.sh` for JAX's).
#![allow(clippy::print_stdout, reason = "a program that prints a table")]

use std::{error::Error, sync::Arc, time::Instant};

use pyroxene_frontend::{DType, Program, prelude::*};
use pyroxene_ir::{Ty, passes::Query, threefry::key_from_seed};
use pyroxene_runtime::{Backend, PjrtBackend, bare_dispatch, options::Options, plugin};

type Draw = fn(Key, usize) -> Tensor;

const DRAWS: &[(&str, Draw)] = &[
    ("normal f32", |k, n| random::normal(k, &[n], DType::F32)),
    ("normal f64", |k, n| random::normal(k, &[n], DType::F64)),
    ("randint i64", |k, n| random::randint(k, &[n], 0, 1000, DType::I64)),
    ("permutation i64", |k, n| random::permutation(k, n, 0, false)),
    ("gamma f64", |k, n| random::gamma(k, 0.5, &[n], DType::F64)),
    ("poisson i64", |k, n| random::poisson(k, 5.5, &[n], DType::I64)),
    ("binomial f64", |k, n| random::binomial(k, 10, 0.5, &[n], DType::F64)),
];

fn main() -> Result<(), Box<dyn Error>> {
    // A backend without a cache of executables.
    let found = plugin::find("cpu", &Options::of_process()?, &mut |_| {})?;
    let backend: Arc<dyn Backend> = Arc::new(PjrtBackend::load(&found.path, &found.origin)?);
    let key = backend.upload(&key_from_seed(0))?;
    println!("{:>16} {:>9} {:>12} {:>10} {:>10}", "draw", "elements", "instructions", "compile ms", "run us");
    for (name, draw) in DRAWS {
        for n in [10, 1000, 1_000_000] {
            let model = |data: &Tensor| {
                deterministic("x", draw(Key::from(*data), n));
            };
            let lowered = Program::trace(model, &Spec(Ty::new(DType::U32, [2])))?.lower(Query::Draws)?;
            let start = Instant::now();
            let compiled = lowered.compile(&backend)?;
            let compile = start.elapsed().as_secs_f64() * 1e3;
            let arguments = vec![&key; lowered.inputs().len()];
            let runs = (1_000_000 / n).clamp(3, 1000) as u32;
            let run = bare_dispatch(&**compiled.executable(), &arguments, 5, runs)?.unwrap_or_default();
            let run = run.as_secs_f64() * 1e6;
            println!("{name:>16} {n:>9} {:>12} {compile:>10.0} {run:>10.1}", lowered.instructions());
        }
    }
    Ok(())
}
