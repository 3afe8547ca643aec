//! Sites inside `scan` and `cond` against NumPyro: traces, densities and gradients of `tests/golden/control_flow.json`.
#![allow(clippy::panic, reason = "a test stops at the first surprise")]

mod common;
mod loop_models;

use common::backend;
use indexmap::IndexMap;
use loop_models::*;
use pyroxene_frontend::{
    Model as Recorder,
    handlers::{SiteInfo, seed, trace},
    prelude::*,
    record,
};
use pyroxene_ir::{
    eval::eval,
    passes::{self, Query},
    verify,
};
use serde_json::Value;

/// Every site of each model under two seeds: name, kind, shape, plates and value, and its log probability there.
#[test]
fn traces_are_numpyros() -> anyhow::Result<()> {
    for (f, golden) in models()? {
        for case in list(&golden["cases"]) {
            let what = format!("{} under seed {}", golden["name"], case["seed"]);
            let mut sites: IndexMap<String, SiteInfo> = IndexMap::new();
            let key = case["seed"].as_u64().unwrap_or_default();
            let traced = record(|| {
                (_, sites) = seed(key, || trace(f));
                let log_probs = sites.values().filter(|s| s.kind.is_sample()).map(|s| {
                    let scale = s.scale.unwrap_or(Tensor::from(1.0));
                    s.distribution
                        .as_ref()
                        .map_or(Tensor::from(f64::NAN), |d| (scale * d.log_prob(s.value)).sum())
                });
                let log_probs: Vec<Tensor> = log_probs.collect();
                sites.values().map(|s| s.value).chain(log_probs).collect()
            })?;
            verify(&traced)?;
            let results = eval(&passes::run(&traced, Query::Evaluate, &mut |_, _| {})?, &[])?;
            let expected = list(&case["sites"]);
            let names: Vec<&str> = expected.iter().filter_map(|s| s["name"].as_str()).collect();
            assert_eq!(sites.keys().collect::<Vec<_>>(), names, "{what}");
            let (values, log_probs) = results.split_at(sites.len());
            let mut log_probs = log_probs.iter();
            for ((site, value), row) in sites.values().zip(values).zip(expected) {
                let what = format!("{what}: {}", site.name);
                assert_eq!(value.dims(), dims(&row["value"]), "{what}");
                close(&value.to_f64_vec(), &numbers(&row["value"]), &what);
                assert_eq!(site.kind.is_sample(), row["kind"] == "sample", "{what}");
                if site.kind.is_sample() {
                    assert_eq!(Some(site.is_observed), row["observed"].as_bool(), "{what}");
                    let plates: Vec<Value> = site
                        .frames
                        .iter()
                        .map(|f| serde_json::json!([f.name, f.dim, f.size]))
                        .rev()
                        .collect();
                    assert_eq!(plates, list(&row["plates"]), "{what}");
                    let found = log_probs.next().map(Array::to_f64_vec).unwrap_or_default();
                    // A mask is no part of our distributions.
                    if !golden["name"].as_str().unwrap_or_default().starts_with("masked") {
                        close(&found, &[row["log_prob"].as_f64().unwrap_or(f64::NAN)], &what);
                    }
                }
            }
        }
    }
    Ok(())
}

#[test]
fn densities_are_numpyros() -> anyhow::Result<()> {
    for (f, golden) in models()? {
        let graph = graph(f)?;
        for case in list(&golden["cases"]) {
            let what = format!("{} under seed {}", golden["name"], case["seed"]);
            if let Some(expected) = case["log_density"].as_f64() {
                let found = answer(&graph, Query::LogDensity, &case["sites"], &[])?;
                close(&found[0].to_f64_vec(), &[expected], &what);
            }
            let Some(potential) = case.get("potential").filter(|p| !p.is_null()) else { continue };
            let position = numbers(&potential["position"]);
            let found = answer(&graph, Query::PotentialAndGradient, &case["sites"], &position)?;
            close(&found[0].to_f64_vec(), &[potential["value"].as_f64().unwrap_or(f64::NAN)], &what);
            close(&found[1].to_f64_vec(), &numbers(&potential["gradient"]), &format!("{what}: gradient"));
            let found = answer(&graph, Query::Constrain, &case["sites"], &position)?;
            let outputs = passes::outputs(&graph);
            let mut back = Vec::new();
            for row in list(&potential["constrained"]) {
                let at = outputs.iter().position(|o| row["name"] == *o.name);
                let at = at.ok_or_else(|| anyhow::anyhow!("{what}: no output {}", row["name"]))?;
                close(&found[at].to_f64_vec(), &numbers(&row["value"]), &format!("{what}: {}", row["name"]));
                back.push(serde_json::json!({
                    "name": row["name"], "value": {"shape": found[at].dims(), "values": found[at].to_f64_vec()}
                }));
            }
            let found = answer(&graph, Query::Unconstrain, &Value::from(back), &[])?;
            close(&found[0].to_f64_vec(), &position, &format!("{what}: unconstrained"));
        }
    }
    Ok(())
}

/// On XLA: a key is split as NumPyro's `seed` does, a loop and a choice in it too, and given values change no other draw.
#[test]
fn compiled_draws_are_numpyros() -> anyhow::Result<()> {
    for (f, golden) in
        models()?.into_iter().filter(|(_, m)| m["name"] == "cond_in_scan" || m["name"] == "two_scans")
    {
        let case = &golden["cases"][1];
        let bound = Recorder::new(move |(): &()| f()).bind_on(&(), &backend()?)?;
        let draws = bound.draws(case["seed"].as_u64().unwrap_or_default())?;
        for (output, draw) in bound.outputs().iter().zip(draws) {
            let row = list(&case["sites"]).iter().find(|s| s["name"] == *output.name);
            let row = row.ok_or_else(|| anyhow::anyhow!("no site {}", output.name))?;
            close(
                &draw.to_f64_vec(),
                &numbers(&row["value"]),
                &format!("{}: {}", golden["name"], output.name),
            );
        }
    }
    let program = Recorder::new(|(): &()| length_only()).trace(&())?.substitute(&["x"])?;
    let open = program.bind(&(), &backend()?)?;
    let noise = |x: [f64; 4]| -> anyhow::Result<Vec<f64>> {
        let bound = open.given(&[("x", Array::from(x))])?;
        let at = bound.outputs().iter().position(|o| o.name == "y").ok_or_else(|| anyhow::anyhow!("no y"))?;
        Ok(bound.draws(3)?[at].to_f64_vec().iter().zip(x).map(|(y, x)| y - x).collect())
    };
    close(&noise([0.0; 4])?, &noise([1.0, -2.0, 3.0, 10.0])?, "noise");
    Ok(())
}
