//! What a function of one key costs through XLA: HLO instructions, time to compile, time of a run.
#![allow(clippy::print_stdout, reason = "a program that prints a table")]

use std::{error::Error, sync::Arc, time::Instant};

use pyroxene_frontend::{Array, DType, Program, prelude::*};
use pyroxene_ir::{passes::Query, threefry::key_from_seed};
use pyroxene_runtime::{Backend, PjrtBackend, bare_dispatch, options::Options, plugin};

fn main() -> Result<(), Box<dyn Error>> {
    // A backend without a cache of executables.
    let found = plugin::find("cpu", &Options::of_process()?, &mut |_| {})?;
    let backend: Arc<dyn Backend> = Arc::new(PjrtBackend::load(&found.path, &found.origin)?);
    println!("{:>8} {:>5} {:>12} {:>11} {:>11}", "elements", "type", "instructions", "compile ms", "run us");
    for dtype in [DType::F32, DType::F64] {
        for n in [10, 1000, 1_000_000] {
            let one = Array::from(1.0).convert(dtype);
            let program = Program::trace(
                |_: &()| {
                    plate("n", n, |_| sample("x", Normal::new(0.0, Tensor::from(one.clone()))));
                },
                &(),
            )?;
            let lowered = program.lower(Query::Draws)?;
            let start = Instant::now();
            let compiled = lowered.compile(&backend)?;
            let compile = start.elapsed().as_secs_f64() * 1e3;
            let runs = (2_000_000 / n).clamp(5, 1000) as u32;
            let key = backend.upload(&key_from_seed(0))?;
            let run = bare_dispatch(&**compiled.executable(), &[&key], 5, runs)?.unwrap_or_default();
            let run = run.as_secs_f64() * 1e6;
            println!("{n:>8} {dtype:>5} {:>12} {compile:>11.1} {run:>11.1}", lowered.instructions());
        }
    }
    Ok(())
}
