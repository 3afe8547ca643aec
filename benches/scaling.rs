//! Trace, passes and lowering of long chains of ops: the time must grow with the length and no faster.
#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

use std::{fs, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pyroxene::{Program, ir::passes::Query, prelude::*};

/// A model whose one factor is a chain of so many ops on its one site: a sine, a product with a number of its own, a
/// sum with the site, and so on.
fn chain(length: usize) -> impl Fn(&()) {
    move |_: &()| {
        let x = sample("x", Normal::new(0.0, 1.0).expand(&[4]));
        let mut y = x;
        for i in 0..length {
            y = match i % 3 {
                0 => y.sin(),
                1 => y * (1.0 + i as f64),
                _ => y + x,
            };
        }
        factor("chain", y.sum());
    }
}

/// What this thread has had of a core so far, on Linux: other work on the machine does not count.
fn cpu_time() -> Duration {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(stat.split_whitespace().next().unwrap().parse().unwrap())
}

fn scaling(c: &mut Criterion) {
    for query in [Query::Potential, Query::PotentialAndGradient] {
        let mut group = c.benchmark_group(query.name());
        group.sample_size(10);
        for length in [1_000, 10_000, 100_000] {
            group.throughput(Throughput::Elements(length as u64));
            group.bench_function(BenchmarkId::new("trace+passes+lowering", length), |b| {
                b.iter_custom(|times| {
                    let start = cpu_time();
                    for _ in 0..times {
                        Program::trace::<()>(chain(length), &()).unwrap().lower(query).unwrap();
                    }
                    cpu_time() - start
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, scaling);
criterion_main!(benches);
