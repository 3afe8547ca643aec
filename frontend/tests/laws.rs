//! Laws of handlers on random models: what composing two of them must equal, value for value.
#![allow(clippy::panic, reason = "a law that does not hold panics")]

mod common;

use common::{
    models,
    sites::{Sites, density, run},
};
use indexmap::IndexMap;
use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed},
};
use pyroxene_frontend::{
    Model, Program,
    handlers::{SiteType, block, condition, replay, scale, seed, substitute, trace},
    prelude::{Array, Tensor},
    record,
};
use pyroxene_ir::{
    eval::eval,
    passes::{self, Query},
    threefry,
};

/// The same cases in every run.
fn config(cases: u32) -> Config {
    Config { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(6), ..Config::default() }
}

/// Evaluates `f`, whose results are the sites of two runs, and holds these against each other: the same names in the
/// same order, and the same values to the last bit.
fn same(f: impl FnOnce() -> [Sites; 2]) -> anyhow::Result<()> {
    let mut names = [const { Vec::new() }; 2];
    let graph = record(|| {
        let sites = f();
        names = [0, 1].map(|i| sites[i].keys().cloned().collect());
        sites.iter().flat_map(|s| s.values().map(|site| site.value)).collect()
    })?;
    assert_eq!(names[0], names[1]);
    let values = eval(&passes::run(&graph, Query::Evaluate, &mut |_, _| {})?, &[])?;
    for (i, name) in names[0].iter().enumerate() {
        assert_eq!(values[i], values[names[0].len() + i], "{name}");
    }
    Ok(())
}

/// The values of latent sample sites.
fn latent(sites: &Sites) -> Vec<(String, Tensor)> {
    let latent = sites.iter().filter(|(_, s)| s.kind == SiteType::Sample && !s.is_observed);
    latent.map(|(name, site)| (name.clone(), site.value)).collect()
}

/// Draws of the latent sample sites as arrays.
fn drawn(model: impl Fn()) -> anyhow::Result<IndexMap<String, Array>> {
    let (sites, values) = run(model)?;
    let latent: Vec<String> = latent(&sites).into_iter().map(|(name, _)| name).collect();
    Ok(sites.keys().cloned().zip(values).filter(|(name, _)| latent.contains(name)).collect())
}

/// Sums of the same terms in another order, and a product that rounds twice.
fn close(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() <= 1e-12 * expected.abs().max(1.0),
        "found {found}, expected {expected}"
    );
}

/// A query of the program in the interpreter: data first, then values of sites by name, then the key.
fn answer(program: &Program, query: Query, values: &IndexMap<String, Array>) -> anyhow::Result<Vec<Array>> {
    let graph = program.resolve(query, &mut |_, _| {})?;
    let argument = |v: &pyroxene_ir::Val| match graph.input_of(*v).map(|i| i.name.as_str()) {
        Some("rng_key") => Ok(threefry::key_from_seed(3)),
        Some(name) => values.get(name).cloned().ok_or_else(|| anyhow::anyhow!("no value for {name}")),
        None => Err(anyhow::anyhow!("an input without a name")),
    };
    let args: Vec<Array> = graph.inputs().iter().map(argument).collect::<anyhow::Result<_>>()?;
    Ok(eval(&graph, &args)?)
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn a_block_hides_all_and_changes_nothing(of in any::<u64>(), key in 0u64..1000) {
        same(|| {
            let model = || models::run(of);
            let ((_, inside), outside) = trace(|| block(|| seed(key, || trace(model))));
            assert!(outside.is_empty(), "{:?}", outside.keys());
            [inside, seed(key, || trace(model)).1]
        }).unwrap_or_else(|e| panic!("{e}"));
    }

    #[test]
    fn a_seed_reaches_through_a_block(of in any::<u64>(), key in 0u64..1000) {
        same(|| {
            let model = || models::run(of);
            let (_, hidden) = seed(key, || block(|| trace(model)));
            [hidden, block(|| seed(key, || trace(model))).1]
        }).unwrap_or_else(|e| panic!("{e}"));
    }

    #[test]
    fn substituting_a_trace_gives_the_trace(of in any::<u64>(), key in 0u64..1000) {
        same(|| {
            let model = || models::run(of);
            let (_, sites) = seed(key, || trace(model));
            let (_, again) = substitute(latent(&sites), || trace(model));
            [sites, again]
        }).unwrap_or_else(|e| panic!("{e}"));
    }

    #[test]
    fn replaying_a_seeded_trace_gives_the_trace(of in any::<u64>(), key in 0u64..1000) {
        same(|| {
            let model = || models::run(of);
            let (_, sites) = seed(key, || trace(model));
            let (_, inside) = seed(key + 1, || trace(|| replay(&sites, model)));
            [sites, inside]
        }).unwrap_or_else(|e| panic!("{e}"));
    }

    #[test]
    fn scales_multiply(of in any::<u64>(), a in 0.1..10.0, b in 0.1..10.0) {
        let holds = || -> anyhow::Result<()> {
            let values = drawn(|| seed(1, || models::run(of)))?;
            let nested = density(|| scale(a, || scale(b, || models::run(of))), &values)?;
            close(nested, density(|| scale(a * b, || models::run(of)), &values)?);
            close(nested, a * b * density(|| models::run(of), &values)?);
            Ok(())
        };
        holds().unwrap_or_else(|e| panic!("{e}"));
    }

    #[test]
    fn conditioning_a_recording_equals_conditioning_the_model(of in any::<u64>(), which in any::<prop::sample::Index>()) {
        let holds = || -> anyhow::Result<()> {
            let values = drawn(|| seed(2, || models::run(of)))?;
            let names: Vec<&String> = values.keys().collect();
            if names.is_empty() {
                return Ok(());
            }
            let name = names[which.index(names.len())].clone();
            let value = values[&name].clone();
            let after = Model::new(move |_: &()| models::run(of)).trace(&())?.condition(&[&name])?;
            let known = name.clone();
            let given = value.clone();
            let before = Model::new(move |_: &()| {
                condition([(known.clone(), Tensor::from(given.clone()))], || models::run(of));
            }).trace(&())?;
            for query in [Query::LogDensity, Query::Draws] {
                assert_eq!(answer(&after, query, &values)?, answer(&before, query, &values)?, "{name}: {query:?}");
            }
            close(answer(&after, Query::LogDensity, &values)?[0].to_f64_vec()[0], density(|| models::run(of), &values)?);
            Ok(())
        };
        holds().unwrap_or_else(|e| panic!("{e}"));
    }
}
