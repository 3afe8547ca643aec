//! A posterior by NUTS from the process's start to the summary's table, with the time of each part.

use std::{
    fs,
    path::Path,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use pyroxene::{
    Mcmc, Nuts,
    inference::{ChainMethod, RunInfo, View, stat},
    runtime::default_backend_beside,
};
use serde_json::{Value, json};

use super::{engine, leapfrogs, metric, problem, total};
use crate::Arguments;

/// The seconds since the harness started this process.
fn since(started: f64) -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64() - started
}

/// Writes draws, `[chain][draw]` and a draw's dimensions, as NumPy's `.npy` (NEP 1, version 1).
fn write_npy(path: &Path, view: View<'_>) {
    let dims: String = view.shape().iter().map(|d| format!("{d}, ")).collect();
    let mut header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({dims}), }}");
    // Magic, version, length and header together are a multiple of 64 bytes, the last one a line's end.
    header.push_str(&" ".repeat(63 - (10 + header.len()) % 64));
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(view.values().iter().flat_map(|x| x.to_le_bytes()));
    fs::write(path, bytes).unwrap();
}

/// What the threads took for the kept transitions, all together: the sum of the chains' own times. Chains of one program
/// share its time, and each tells all of it.
fn threads_s(info: &RunInfo) -> f64 {
    let sum: f64 = info.chains.iter().map(|c| c.sampling.as_secs_f64()).sum();
    sum.min(info.wall.as_secs_f64() * info.threads as f64)
}

pub(crate) fn run(arguments: &Arguments) -> Value {
    let started = arguments.number("started", 0.0);
    let main_s = since(started);
    // What the peers are given too; all else is the default.
    let nuts = Nuts::default().target_accept_prob(0.8).max_tree_depth(10).metric(metric(arguments));
    let mcmc = Mcmc::from_kernel(nuts)
        .engine(engine(arguments))
        .chains(arguments.number("chains", 4))
        .warmup(arguments.number("warmup", 1000))
        .draws(arguments.number("draws", 1000))
        .seed(arguments.number("seed", 0));
    let vectorized = arguments.text("chain-method") == "vectorized";
    let mcmc = if vectorized { mcmc.chain_method(ChainMethod::Vectorized) } else { mcmc };
    let problem = problem(arguments);
    let start = Instant::now();
    let program = problem.trace().unwrap();
    let trace_s = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let (backend, lowered) = default_backend_beside(|| mcmc.lower(&program).map(|()| Instant::now()));
    let (backend, lowered) = (backend.unwrap(), lowered.unwrap());
    // What the run waits for of the plugin's loading: the rest of it costs no time.
    let plugin_s = lowered.elapsed().as_secs_f64();
    let lower_s = (lowered - start).as_secs_f64();
    let start = Instant::now();
    let bound = problem.bind(&program, &backend).unwrap();
    let bind_s = trace_s + start.elapsed().as_secs_f64();
    let start = Instant::now();
    let (posterior, info) = mcmc.run_with_info(&bound).unwrap();
    // The rest of this call is passes, lowering and compilation.
    let compile_s = lower_s + start.elapsed().as_secs_f64() - info.wall.as_secs_f64();
    let to_draws_s = since(started);
    let summary = posterior.summary().to_string();
    let to_table_s = since(started);
    let out = Path::new(arguments.text("out"));
    for site in program.layout() {
        write_npy(&out.join(format!("{}.npy", site.name)), posterior.site(&site.name).unwrap());
    }
    // Chains of one program take the wall's time together, with however many threads.
    let threads_s = threads_s(&info);
    let sampling_s = if vectorized { info.sampling().as_secs_f64() } else { threads_s / info.threads as f64 };
    json!({
        "main_s": main_s,
        "plugin_s": plugin_s,
        "bind_s": bind_s,
        "compile_s": compile_s,
        "run_s": info.wall.as_secs_f64(),
        "threads_s": threads_s,
        "sampling_s": sampling_s,
        "to_draws_s": to_draws_s,
        "to_table_s": to_table_s,
        "table_lines": summary.lines().count(),
        "threads": info.threads,
        "method": if vectorized { "vectorized" } else { "one chain a thread" },
        "leapfrogs": leapfrogs(&posterior),
        "divergences": total(&posterior, stat::DIVERGING),
    })
}
