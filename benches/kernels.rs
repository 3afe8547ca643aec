//! Value and gradient of gallery models without kernels, where the cost rule puts them, and everywhere, in turns.
//! `cargo bench --bench kernels -- NAME...`; without names, every model.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark stops at the first surprise")]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use pyroxene::{
    gallery::{Entry, GALLERY, find},
    ir::passes::{OneKernel, Query, Settings},
    runtime::{Launch, default_backend},
};

const QUERY: Query = Query::PotentialAndGradient;

const MODES: [OneKernel; 3] = [OneKernel::Never, OneKernel::Auto, OneKernel::Always];

/// Rounds in turn; the time of each mode is its shortest.
const ROUNDS: usize = 12;

/// One model under one mode.
struct Version {
    launch: Box<dyn Launch>,
    slot: usize,
    compile: Duration,
    kernels: usize,
}

fn version(entry: &Entry, mode: OneKernel) -> (Version, usize) {
    let backend = default_backend().unwrap();
    let problem = (entry.problem)(None).unwrap();
    let program = problem.trace().unwrap().with_passes(Settings::default().one_kernel(mode));
    let bound = problem.bind(&program, &backend).unwrap();
    let kernels = program.lower(QUERY).unwrap().in_kernels().map_or(0, |lowered| lowered.kernels());
    let start = Instant::now();
    let (launch, slot) = bound.launch(QUERY).unwrap();
    (Version { launch, slot, compile: start.elapsed(), kernels }, bound.dimension())
}

impl Version {
    fn round(&mut self, position: &[f64], calls: u32) -> Duration {
        let start = Instant::now();
        for _ in 0..calls {
            self.launch.slot_as::<f64>(self.slot).unwrap().copy_from_slice(black_box(position));
            self.launch.run().unwrap();
            black_box(self.launch.output_as::<f64>(0).unwrap()[0]);
        }
        start.elapsed() / calls
    }
}

fn measure(name: &str, entry: &Entry) {
    let mut versions: Vec<(Version, usize)> = MODES.iter().map(|mode| version(entry, *mode)).collect();
    let dimension = versions[0].1;
    let position: Vec<f64> =
        (0..dimension).map(|i| 0.1 + 0.05 * (i % 7) as f64 - 0.15 * (i % 3) as f64).collect();
    let once = versions[0].0.round(&position, 5);
    let calls = (Duration::from_millis(3).as_nanos() / once.as_nanos().max(1)).clamp(1, 1000) as u32;
    let mut best = [Duration::MAX; MODES.len()];
    for _ in 0..ROUNDS {
        for (best, (version, _)) in best.iter_mut().zip(&mut versions) {
            *best = (*best).min(version.round(&position, calls));
        }
    }
    let time = |t: &Duration| format!("{:9.2}", t.as_secs_f64() * 1e6);
    let times: Vec<String> = best.iter().map(time).collect();
    let compiled: Vec<String> =
        versions.iter().map(|(v, _)| format!("{:5.0}", v.compile.as_secs_f64() * 1e3)).collect();
    let kernels: Vec<String> = versions[1..].iter().map(|(v, _)| format!("{:2}", v.kernels)).collect();
    println!(
        "{name:45} {dimension:5} | {} us | {} ms | {}",
        times.join(" "),
        compiled.join(" "),
        kernels.join(" ")
    );
}

fn main() {
    let names: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    println!("model, coordinates | never auto always | compile | kernels");
    if names.is_empty() {
        GALLERY.iter().for_each(|entry| measure(entry.names().next().unwrap_or_default(), entry));
    }
    for name in &names {
        measure(name, find(GALLERY, name).unwrap());
    }
}
