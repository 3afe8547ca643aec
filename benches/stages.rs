//! The stages between a model function and its executable, for models of the gallery.
#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

mod models;

use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use pyroxene::{
    ir::passes::Query,
    lowering::lower,
    runtime::{Backend, PjrtBackend, options::Options, plugin},
};

const QUERY: Query = Query::PotentialAndGradient;

fn stages(c: &mut Criterion) {
    // A backend without a cache of executables, or there would be one compilation and then none.
    let found = plugin::find("cpu", &Options::of_process().unwrap(), &mut |_| {}).unwrap();
    let backend: Arc<dyn Backend> = Arc::new(PjrtBackend::load(&found.path, &found.origin).unwrap());
    for (name, entry) in models::measured() {
        let problem = (entry.problem)(None).unwrap();
        let program = problem.trace().unwrap();
        let graph = program.resolve(QUERY, &mut |_, _| {}).unwrap();
        let lowered = program.lower(QUERY).unwrap();
        let mut group = c.benchmark_group(name);
        group.bench_function("trace", |b| b.iter(|| problem.trace().unwrap()));
        group.bench_function("passes", |b| b.iter(|| program.resolve(QUERY, &mut |_, _| {}).unwrap()));
        group.bench_function("lowering", |b| b.iter(|| lower(&graph, QUERY.name()).unwrap()));
        group.bench_function("trace+passes+lowering", |b| {
            b.iter(|| problem.trace().unwrap().lower(QUERY).unwrap())
        });
        group.sample_size(10);
        group.bench_function("compile", |b| b.iter(|| lowered.compile(&backend).unwrap()));
        group.finish();
    }
}

criterion_group!(benches, stages);
criterion_main!(benches);
