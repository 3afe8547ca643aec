//! What one backend costs, the one that PYROXENE_BACKEND names: a line of numbers for `scripts/backend-costs`, which makes
//! the table and gives each backend a process of its own, started at STARTED (nanoseconds since 1970).
//!
//! With the argument `plugin` it prints the path of the plugin that is installed.
#![allow(clippy::print_stdout, reason = "a program that prints a table")]

use std::{
    fs,
    hint::black_box,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use pyroxene::{
    Array,
    gallery::{Entry, GALLERY, find},
    ir::passes::Query,
    runtime::{Buffer, default_backend},
};

const QUERY: Query = Query::PotentialAndGradient;
const ROUNDS: u32 = 30;
const RUNS: u32 = 1000;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    #[cfg(feature = "xla-rs")]
    pyroxene_xla_rs::register();
    let backend = default_backend()?;
    if std::env::args().nth(1).as_deref() == Some("plugin") {
        let path = backend.platform().plugin.as_deref().ok_or("this backend has no plugin")?;
        println!("{}", path.display());
        return Ok(());
    }
    let started = Duration::from_nanos(std::env::var("STARTED")?.parse()?);
    let ready = SystemTime::now().duration_since(UNIX_EPOCH)?.saturating_sub(started);
    let ready_memory = resident()?;
    let entry = |name| find(GALLERY, name).ok_or_else(|| format!("the gallery has no {name}"));
    let (small, large) = (entry("eight_schools")?, entry("radon")?);
    // A process's first compilation costs more than the others.
    let compiles = [compile(small)?, compile(large)?];
    let (launch, whole) = dispatch(small)?;
    let [first, next] = compiles.map(milliseconds);
    let (start_up, end_memory) = (milliseconds(ready), resident()?);
    println!(
        "{start_up} {first} {next} {} {} {ready_memory} {end_memory}",
        1e3 * milliseconds(launch),
        1e3 * milliseconds(whole)
    );
    Ok(())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The time to compile a model's potential with gradient.
fn compile(entry: &Entry) -> Outcome<Duration> {
    let lowered = (entry.problem)(None)?.trace()?.lower(QUERY)?;
    let backend = default_backend()?;
    let start = Instant::now();
    lowered.compile(&backend)?;
    Ok(start.elapsed())
}

/// The time of one potential with gradient, in a launch and by upload, run, read.
fn dispatch(entry: &Entry) -> Outcome<(Duration, Duration)> {
    let bound = entry.bind()?;
    let position = vec![0.1; bound.dimension()];
    let (mut launch, slot) = bound.launch(QUERY)?;
    let mut gradient = position.clone();
    let launched = shortest(|| {
        launch.slot_as(slot)?.copy_from_slice(black_box(&position));
        launch.run()?;
        gradient.copy_from_slice(launch.output_as(1)?);
        black_box(&mut gradient);
        Ok(black_box(launch.output_as::<f64>(0)?[0]))
    })?;
    let executable = bound.program().compile(QUERY, bound.backend())?.executable().clone();
    let fixed = bound.fixed_arguments(QUERY)?;
    let array = Array::from(&position[..]);
    let whole = shortest(|| {
        let x = bound.backend().upload(&array)?;
        let args: Vec<&Buffer> = fixed.iter().chain([&x]).collect();
        let results = executable.run(&args)?;
        black_box(results[1].to_array()?);
        Ok(results[0].to_array()?.to_f64_vec()[0])
    })?;
    Ok((launched, whole))
}

/// The shortest of the means over `RUNS` calls.
fn shortest(mut call: impl FnMut() -> Outcome<f64>) -> Outcome<Duration> {
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

/// The process's resident memory in megabytes.
fn resident() -> Outcome<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).ok_or("no VmRSS in /proc/self/status")?;
    let kilobytes: f64 = line.split_whitespace().nth(1).ok_or("no value of VmRSS")?.parse()?;
    Ok(kilobytes * 1024.0 / 1e6)
}
