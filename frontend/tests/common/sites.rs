//! Programs held against golden records of NumPyro's traces: sites, draws, plates, densities.

use indexmap::IndexMap;
use pyroxene_frontend::{
    Array,
    handlers::{SiteInfo, SiteType, trace},
    record,
};
use pyroxene_ir::{
    eval::eval,
    passes::{self, Query},
};
use serde_json::Value;

use super::{dims, list, numbers};

/// NumPyro's draws come from XLA, ours from the interpreter: they differ by its `erf_inv` and `tan` (a few ulp, 1e-12
/// where a uniform is within 1e-7 of one), and log densities by summation order.
pub(crate) const TOLERANCE: f64 = 1e-12;

pub(crate) fn find<'a>(cases: &'a Value, key: &str, name: &str) -> anyhow::Result<&'a Value> {
    list(cases).iter().find(|c| c[key] == name).ok_or_else(|| anyhow::anyhow!("no golden case `{name}`"))
}

pub(crate) fn close(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: found {found:?}, expected {expected:?}");
    for (x, y) in found.iter().zip(expected) {
        assert!(
            (x - y).abs() <= TOLERANCE * y.abs().max(1.0),
            "{what}: found {found:?}, expected {expected:?}"
        );
    }
}

pub(crate) type Model = Box<dyn Fn()>;
pub(crate) type Sites = IndexMap<String, SiteInfo>;

/// Draws every site of `f`, as a trace around it sees them.
pub(crate) fn run(f: impl Fn()) -> anyhow::Result<(Sites, Vec<Array>)> {
    let mut sites = Sites::new();
    let graph = record(|| {
        (_, sites) = trace(&f);
        sites.values().map(|s| s.value).collect()
    })?;
    let pure = passes::run(&graph, Query::Evaluate, &mut |_, _| {})?;
    Ok((sites, eval(&pure, &[])?))
}

/// The log density of the program at values of its latent sites.
pub(crate) fn density(f: impl Fn(), values: &IndexMap<String, Array>) -> anyhow::Result<f64> {
    let graph = record(|| {
        f();
        vec![]
    })?;
    let pure = passes::run(&graph, Query::LogDensity, &mut |_, _| {})?;
    let names = pure.inputs().iter().filter_map(|v| pure.input_of(*v).map(|i| i.name.clone()));
    let value =
        |name: String| values.get(&name).cloned().ok_or_else(|| anyhow::anyhow!("no value for `{name}`"));
    let args: Vec<Array> = names.map(value).collect::<anyhow::Result<_>>()?;
    Ok(eval(&pure, &args)?[0].to_f64_vec()[0])
}

/// Holds a program's sites, draws and plates against a golden record, and its density at those draws.
pub(crate) fn check(what: &str, f: impl Fn(), case: &Value) -> anyhow::Result<()> {
    let (sites, values) = run(&f)?;
    let names: Vec<&str> = list(&case["sites"]).iter().filter_map(|s| s["name"].as_str()).collect();
    let found: Vec<&str> =
        sites.iter().filter(|(_, s)| s.kind != SiteType::Plate).map(|(n, _)| n.as_str()).collect();
    assert_eq!(found, names, "{what}");
    let values: IndexMap<String, Array> = sites.keys().cloned().zip(values).collect();
    for site in list(&case["sites"]) {
        let name = site["name"].as_str().unwrap_or_default();
        let dims = dims(&site["shape"]);
        // A factor's value has no elements; ours has the batch's dimensions too.
        if !values[name].is_empty() {
            assert_eq!(values[name].dims(), dims, "{what}: shape of {name}");
        }
        close(&values[name].to_f64_vec(), &numbers(&site["values"]), &format!("{what}: {name}"));
        if let Some(observed) = site["observed"].as_bool() {
            assert_eq!(sites[name].is_observed, observed, "{what}: {name} observed");
        }
        // NumPyro lists the innermost plate first.
        let frames = sites[name].frames.iter().rev().map(|f| (f.name.as_str(), f.dim as i64, f.size as i64));
        let frames: Vec<(&str, i64, i64)> = frames.collect();
        let int = |v: &Value| v.as_i64().unwrap_or_default();
        let golden =
            list(&site["frames"]).iter().map(|f| (f[0].as_str().unwrap_or(""), int(&f[1]), int(&f[2])));
        assert_eq!(frames, golden.collect::<Vec<_>>(), "{what}: plates of {name}");
    }
    if let Some(expected) = case["log_density"].as_f64() {
        close(&[density(f, &values)?], &[expected], &format!("{what}: log density"));
    }
    Ok(())
}
