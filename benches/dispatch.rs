//! One dispatch of value and gradient with results read, beside the bare Execute of the same executable.
#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

mod models;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::{Criterion, criterion_group, criterion_main};
use pyroxene::{
    Array,
    ir::passes::Query,
    runtime::{Buffer, bare_dispatch},
};

const QUERY: Query = Query::PotentialAndGradient;

/// Each time is the shortest mean of this many calls in a row: what a call costs when nothing else wants the core.
const ROUND: u32 = 100;

/// The number of rounds for about `calls` calls.
fn rounds(calls: u64) -> u32 {
    u32::try_from(calls / u64::from(ROUND)).unwrap_or(u32::MAX).max(1)
}

/// What criterion takes for the time of `calls` calls.
fn total(one: Duration, calls: u64) -> Duration {
    Duration::from_secs_f64(one.as_secs_f64() * calls as f64)
}

fn shortest_mean(rounds: u32, mut call: impl FnMut()) -> Duration {
    let round = || {
        let start = Instant::now();
        (0..ROUND).for_each(|_| call());
        start.elapsed() / ROUND
    };
    std::iter::repeat_with(round).take(rounds as usize).min().unwrap_or_default()
}

/// The point of posteriordb's records, which the peers' script uses too.
fn position(dimension: usize) -> Vec<f64> {
    (0..dimension).map(|i| 0.1 + 0.05 * (i % 7) as f64 - 0.15 * (i % 3) as f64).collect()
}

fn dispatch(c: &mut Criterion) {
    for (name, entry) in models::measured() {
        let bound = entry.bind().unwrap();
        let position = position(bound.dimension());
        let mut group = c.benchmark_group(name);

        let executable = bound.program().compile(QUERY, bound.backend()).unwrap().executable().clone();
        let mut arguments = bound.fixed_arguments(QUERY).unwrap();
        arguments.push(bound.backend().upload(&Array::from(&position[..])).unwrap());
        let arguments: Vec<&Buffer> = arguments.iter().collect();
        group.bench_function("bare", |b| {
            b.iter_custom(|calls| {
                let bare = bare_dispatch(&*executable, &arguments, rounds(calls), ROUND);
                total(bare.unwrap().unwrap(), calls)
            });
        });

        let (mut launch, slot) = bound.launch(QUERY).unwrap();
        let mut gradient = position.clone();
        let mut call = || {
            launch.slot_as::<f64>(slot).unwrap().copy_from_slice(black_box(&position));
            launch.run().unwrap();
            gradient.copy_from_slice(launch.output_as(1).unwrap());
            black_box(&mut gradient);
            black_box(launch.output_as::<f64>(0).unwrap()[0]);
        };
        group.bench_function("value and gradient", |b| {
            b.iter_custom(|calls| total(shortest_mean(rounds(calls), &mut call), calls));
        });
        group.finish();
    }
}

criterion_group!(benches, dispatch);
criterion_main!(benches);
