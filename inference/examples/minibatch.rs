//! Minibatch logistic regression on half a million rows by variational inference: steps a second, and memory.
//!
//! `cargo run --release -p pyroxene-inference --example minibatch -- [STEPS [ROWS]]`; `benches/peers/numpyro_svi.sh` runs the same
//! in NumPyro beside it.
#![allow(clippy::print_stdout)]

use std::time::Instant;

use pyroxene_frontend::{
    prelude::*,
    primitives::{Param, Plate, subsample},
};
use pyroxene_inference::{Svi, TraceElbo, optim::Adam};

const FEATURES: usize = 20;
const BATCH: usize = 256;

#[derive(Tree, Clone)]
struct Rows<L: Leaf = Tensor> {
    x: L,
    y: L,
}

fn model(d: &Rows) {
    let w = sample("w", Normal::new(0.0, 1.0).expand(&[FEATURES]).to_event(1));
    let b = sample("b", Normal::new(0.0, 1.0));
    Plate::new("row", d.x.dim(0)).subsample_size(BATCH).run(|_| {
        let (x, y) = (subsample(d.x, 1), subsample(d.y, 0));
        sample("y", BernoulliLogits::new(x.matmul(w) + b).obs(y));
    });
}

fn guide(_: &Rows) {
    let scale = |name, dims: &[usize]| {
        param(name, Param::new(Tensor::full(dims, 0.1)).constraint(constraints::positive()))
    };
    let w = Normal::new(param("w_loc", Tensor::zeros(&[FEATURES])), scale("w_scale", &[FEATURES]));
    sample("w", w.to_event(1));
    sample("b", Normal::new(param("b_loc", 0.0), scale("b_scale", &[])));
}

/// The number that a multiplicative hash makes of an index, between -1/2 and 1/2.
fn number(i: u64) -> f64 {
    (i.wrapping_mul(2_654_435_761) % (1 << 32)) as f64 / f64::from(u32::MAX) - 0.5
}

fn data(rows: usize) -> Result<Rows<Array>, Box<dyn std::error::Error>> {
    let x: Vec<f64> = (0..rows * FEATURES).map(|i| number(i as u64)).collect();
    let logit = |row: &[f64]| row.iter().enumerate().map(|(j, x)| x * (j as f64 - 10.0) / 5.0).sum::<f64>();
    let noise = |i: usize| number((rows * FEATURES + i) as u64) * 2.0;
    let y = x.chunks(FEATURES).enumerate().map(|(i, row)| f64::from(u8::from(logit(row) + noise(i) > 0.0)));
    let y: Vec<f64> = y.collect();
    Ok(Rows { x: Array::new([rows, FEATURES], x)?, y: Array::from(y) })
}

/// The most memory that the process has had, in bytes, where the system says so.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = |i, default| std::env::args().nth(i).map_or(Ok(default), |n| n.parse::<usize>());
    let (steps, rows) = (argument(1, 5000)?, argument(2, 500_000)?);
    let data = data(rows)?;
    let svi = Svi::new(model, guide, Adam::new(0.01), TraceElbo::new()).bind(&data)?;
    drop(data);
    let start = Instant::now();
    let first = svi.run(0, 100)?;
    let compiled = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let result = svi.run_from(first.state, steps)?;
    let seconds = start.elapsed().as_secs_f64();
    let last = &result.losses[steps.saturating_sub(500)..];
    println!(
        "{{\"library\": \"pyroxene\", \"steps_per_second\": {:.1}, \"first_100_steps_s\": {compiled:.2}, \
         \"peak_rss_mb\": {:.0}, \"data_mb\": {:.0}, \"mean_last_loss\": {:.1}, \"first_loss\": {:.6}}}",
        steps as f64 / seconds,
        peak().map_or(f64::NAN, |bytes| bytes as f64 / 1e6),
        (rows * (FEATURES + 1) * 8) as f64 / 1e6,
        last.iter().sum::<f64>() / last.len() as f64,
        first.losses[0],
    );
    Ok(())
}
