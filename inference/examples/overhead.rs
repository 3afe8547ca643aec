//! What a leapfrog step costs: eight schools by both engines, against the same evaluations alone.
//!
//! `cargo run --release -p pyroxene-inference --example overhead`
#![allow(clippy::print_stdout)]

use std::time::Instant;

use pyroxene_frontend::{Bound, Model, prelude::*};
use pyroxene_inference::{Engine, Generator, Hmc, Kernel, Mcmc, Metric, Nuts};
use pyroxene_ir::passes::Query;
use pyroxene_runtime::bare_dispatch;

fn eight_schools(d: &(Tensor, Tensor)) {
    let mu = sample("mu", Normal::new(0.0, 5.0));
    let tau = sample("tau", HalfCauchy::new(5.0));
    plate("school", d.0.dim(0), |_| {
        let z = sample("theta_trans", Normal::new(0.0, 1.0));
        let theta = deterministic("theta", mu + tau * z);
        sample("y", Normal::new(theta, d.1).obs(d.0));
    });
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = (
        Array::from([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0]),
        Array::from([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0]),
    );
    let bound = Model::new(eight_schools).bind(&data)?;
    let (rounds, runs) = (20, 5_000);

    let executable =
        bound.program().compile(Query::PotentialAndGradient, bound.backend())?.executable().clone();
    let mut buffers = bound.fixed_arguments(Query::PotentialAndGradient)?;
    buffers.push(bound.backend().upload(&Array::from(vec![0.5; bound.dimension()]))?);
    let args: Vec<_> = buffers.iter().collect();
    let bare = bare_dispatch(&*executable, &args, rounds, runs)?;

    let (mut launch, slot) = bound.launch(Query::PotentialAndGradient)?;
    let mut read = f64::INFINITY;
    let mut sum = 0.0;
    for _ in 0..rounds {
        let start = Instant::now();
        for i in 0..runs {
            launch.slot_as::<f64>(slot)?.fill(0.5 + 1e-9 * i as f64);
            launch.run()?;
            sum += launch.output_as::<f64>(0)?[0] + launch.output_as::<f64>(1)?.iter().sum::<f64>();
        }
        read = read.min(start.elapsed().as_secs_f64() / runs as f64);
    }

    println!("bare Execute and await        {:>8.2} us", bare.map_or(f64::NAN, |d| d.as_secs_f64() * 1e6));
    println!("dispatch with results read    {:>8.2} us   (checksum {sum:.3})", read * 1e6);
    let nuts = Nuts::default();
    leapfrog("host-driven", &bound, Mcmc::from_kernel(nuts).engine(Engine::HostDriven))?;
    leapfrog("in-graph", &bound, in_graph(nuts))?;
    leapfrog("in-graph, threefry", &bound, in_graph(nuts).generator(Generator::Threefry))?;
    leapfrog("in-graph, Fisher", &bound, in_graph(nuts.metric(Metric::Fisher)))?;
    leapfrog("in-graph, dense", &bound, in_graph(nuts.metric(Metric::Dense)))?;
    leapfrog("in-graph, HMC", &bound, in_graph(Hmc::default().trajectory_length(2.0)))
}

fn in_graph(kernel: impl Into<Kernel>) -> Mcmc {
    Mcmc::from_kernel(kernel).engine(Engine::InGraph)
}

/// Prints what a leapfrog step of one chain costs with everything counted, and how many draws its steps are worth.
fn leapfrog(name: &str, bound: &Bound, mcmc: Mcmc) -> Result<(), Box<dyn std::error::Error>> {
    let start = Instant::now();
    let mut chains = mcmc.clone().chains(1).warmup(0).start(bound)?;
    chains.draw(1)?;
    let begin = start.elapsed().as_secs_f64();
    let (mut least, mut ess, mut steps, mut seconds) = (f64::INFINITY, 0.0, 0, 0.0);
    for seed in 0..5 {
        let (posterior, info) = mcmc.clone().chains(1).seed(seed).run_with_info(bound)?;
        let time = (info.warmup() + info.sampling()).as_secs_f64();
        least = least.min(time / info.gradients() as f64);
        seconds += info.sampling().as_secs_f64();
        steps += info.chains.iter().map(|c| c.sampling_gradients).sum::<u64>();
        let rows = posterior.summary();
        ess += rows.rows().iter().map(|row| row.ess_bulk).fold(f64::INFINITY, f64::min);
    }
    println!(
        "{name:<28} {:>7.3} us a leapfrog, {:.4} effective draws a leapfrog, {:>8.0} a second, first draw {begin:.3} s",
        least * 1e6,
        ess / steps as f64,
        ess / seconds,
    );
    Ok(())
}
