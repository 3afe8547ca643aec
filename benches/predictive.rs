//! A posterior predictive of a gallery model in one process: its first call with everything, and calls after it.
//!
//! `benches/peers/numpyro_predictive.sh` runs it beside NumPyro's `Predictive` on the same model, data, draws and key:
//! `cargo bench --bench predictive -- MODEL DRAWS.json CALLS`. It prints one line of JSON.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise and prints"
)]

use std::{collections::BTreeMap, hint::black_box, time::Instant};

use pyroxene::{
    Array,
    gallery::{GALLERY, find},
    inference::{Predictive, SiteDraws},
    runtime::default_backend,
};
use serde_json::{Value, json};

/// A nested list of numbers.
fn array(value: &Value) -> Array {
    let (mut dims, mut at) = (Vec::new(), value);
    while let Value::Array(items) = at {
        dims.push(items.len());
        at = &items[0];
    }
    let mut numbers = Vec::new();
    flatten(value, &mut numbers);
    Array::new(dims, numbers).unwrap()
}

fn flatten(value: &Value, out: &mut Vec<f64>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| flatten(item, out)),
        number => out.push(number.as_f64().unwrap()),
    }
}

/// What all threads of this process have taken of the cores so far, in seconds, on Linux.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name in parentheses: user and system time are fields 14 and 15, in hundredths.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    fields.iter().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn main() {
    // Cargo says `--bench` too.
    let args: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let [model, draws, calls] = &args[..] else {
        println!("{}", json!({"skipped": "it takes a model, a file of draws and a number of calls"}));
        return;
    };
    let draws: BTreeMap<String, Value> =
        serde_json::from_str(&std::fs::read_to_string(draws).unwrap()).unwrap();
    let draws: Vec<(&str, Array)> = draws.iter().map(|(name, v)| (name.as_str(), array(v))).collect();
    let problem = (find(GALLERY, model).unwrap().problem)(None).unwrap();
    let backend = default_backend().unwrap();
    let predictive = Predictive::default().posterior_samples(&draws).uncondition();

    let (start, cpu) = (Instant::now(), cpu_s());
    let bound = problem.bind(&problem.trace().unwrap(), &backend).unwrap();
    let first = predictive.run_bound(7, &bound).unwrap();
    let (first_s, first_cpu_s, cpu) = (start.elapsed().as_secs_f64(), cpu_s() - cpu, cpu_s());
    let call = || {
        let start = Instant::now();
        black_box(predictive.run_bound(7, &bound).unwrap());
        start.elapsed().as_secs_f64()
    };
    let calls: usize = calls.parse().unwrap();
    let later_s: Vec<f64> = std::iter::repeat_with(call).take(calls).collect();
    let later_cpu_s = (cpu_s() - cpu) / calls as f64;
    let sum = |draws: &SiteDraws| {
        let of = |(name, x): (&str, &Array)| (name.to_string(), json!(x.to_f64_vec().iter().sum::<f64>()));
        draws.iter().map(of).collect::<serde_json::Map<_, _>>()
    };
    println!(
        "{}",
        json!({
            "device": backend.platform().to_string(),
            "first_s": first_s,
            "first_cpu_s": first_cpu_s,
            "later_s": later_s,
            "later_cpu_s": later_cpu_s,
            "sums": sum(&first),
        })
    );
}
