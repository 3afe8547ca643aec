//! What one dispatch costs: the bare Execute, a launch with arguments written and results read, and
//! upload-run-read.
#![allow(clippy::print_stdout, reason = "a program that prints a table")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use pyroxene_ir::{Array, DType, Ty};
use pyroxene_runtime::{CompileOptions, Error, bare_dispatch, default_backend};
use support::square_plus;

const ROUNDS: u32 = 50;
const RUNS: u32 = 2000;

/// The shortest of the means over `RUNS` calls.
fn shortest(mut call: impl FnMut() -> Result<(), Error>) -> Result<Duration, Error> {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..RUNS {
            call()?;
        }
        best = best.min(start.elapsed() / RUNS);
    }
    Ok(best)
}

fn main() -> Result<(), Error> {
    let backend = default_backend()?;
    println!("{}", backend.platform());
    println!("{:>8} {:>10} {:>10} {:>10}", "elements", "bare us", "launch us", "naive us");
    for n in [1, 8, 64, 1024, 16384] {
        let ty = Ty::new(DType::F64, [n]);
        let executable =
            backend.compile(&square_plus("dispatch", &ty).module(), &CompileOptions::default())?;
        let host = vec![1.5; n];
        let y = backend.upload(&Array::from(host.clone()))?;
        let bare = bare_dispatch(&*executable, &[&y, &y], ROUNDS, RUNS)?.unwrap_or_default();
        let mut launch = executable.clone().launch(vec![None, Some(y.clone())])?;
        let mut out = vec![0.0; n];
        let launched = shortest(|| {
            launch.slot_as(0)?.copy_from_slice(black_box(&host));
            launch.run()?;
            out.copy_from_slice(launch.output_as(0)?);
            black_box(&mut out).copy_from_slice(launch.output_as(1)?);
            Ok(())
        })?;
        let array = Array::from(host.clone());
        let naive = shortest(|| {
            let x = backend.upload(&array)?;
            for output in executable.run(&[&x, &y])? {
                black_box(output.to_array()?);
            }
            Ok(())
        })?;
        let us = |time: Duration| time.as_secs_f64() * 1e6;
        println!("{n:>8} {:>10.2} {:>10.2} {:>10.2}", us(bare), us(launched), us(naive));
    }
    Ok(())
}
