//! Inspection against NumPyro: dependencies, relations, shapes, warnings and guides of `tests/golden/inspect.json`.

mod drawing;
mod models;
mod validation;

use std::path::Path;

use indexmap::IndexMap;
use models::{GUIDES, MODELS};
use pyroxene_frontend::{
    Program, handlers,
    inspect::{DependencyMap, PlateWarning, check_model_guide_match, format_shapes},
};
use serde_json::Value;

fn golden() -> anyhow::Result<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/inspect.json");
    Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
}

fn traced(name: &str) -> anyhow::Result<Program> {
    let found = MODELS.iter().chain(GUIDES).find(|(n, _)| *n == name);
    let (_, f) = found.ok_or_else(|| anyhow::anyhow!("no model `{name}`"))?;
    Ok(Program::trace(|_: &()| f(), &())?)
}

/// Calls `check` with each golden model that has this entry.
fn each(key: &str, check: impl Fn(&str, &Program, &Value)) -> anyhow::Result<()> {
    let golden = golden()?;
    let models = golden["models"].as_array().map(Vec::as_slice).unwrap_or_default();
    assert_eq!(models.len(), MODELS.len());
    for case in models {
        let name = case["name"].as_str().unwrap_or_default();
        if !case[key].is_null() {
            check(name, &traced(name)?, &case[key]);
        }
    }
    Ok(())
}

fn as_json(map: &DependencyMap) -> Value {
    let outer = map.iter().map(|(d, upstream)| {
        let inner = upstream.iter().map(|(u, plates)| (u.clone(), Value::from_iter(plates.clone())));
        (d.clone(), Value::Object(inner.collect()))
    });
    Value::Object(outer.collect())
}

#[test]
fn dependencies_are_numpyro_s() -> anyhow::Result<()> {
    each("dependencies", |name, program, expected| {
        let found = program.dependencies();
        assert_eq!(as_json(&found.prior_dependencies), expected["prior_dependencies"], "{name}: prior");
        assert_eq!(
            as_json(&found.posterior_dependencies),
            expected["posterior_dependencies"],
            "{name}: posterior"
        );
    })
}

#[test]
fn dependencies_pass_through_a_latent_delta() -> anyhow::Result<()> {
    let found = traced("latent_delta")?.dependencies();
    assert!(found.prior_dependencies["c"].keys().eq(["c", "a"]));
    assert!(!found.prior_dependencies.contains_key("b"));
    assert!(found.posterior_dependencies["a"].contains_key("c"));
    Ok(())
}

#[test]
fn relations_are_numpyro_s() -> anyhow::Result<()> {
    each("relations", |name, program, expected| {
        let found = program.relations();
        let lists = |map: &IndexMap<String, Vec<String>>| {
            Value::Object(map.iter().map(|(k, v)| (k.clone(), Value::from(v.clone()))).collect())
        };
        assert_eq!(lists(&found.sample_sample), expected["sample_sample"], "{name}");
        assert_eq!(lists(&found.sample_param), expected["sample_param"], "{name}");
        assert_eq!(lists(&found.plate_sample), expected["plate_sample"], "{name}");
        let names: Value =
            found.sample_dist.iter().map(|(k, v)| (k.clone(), Value::from(v.clone()))).collect();
        assert_eq!(names, expected["sample_dist"], "{name}");
        let params: Value = found.param_constraint.keys().cloned().collect();
        assert_eq!(params, expected["param_constraint"], "{name}");
        assert_eq!(Value::from(found.observed), expected["observed"], "{name}");
    })
}

#[test]
fn tables_of_shapes_are_numpyro_s() -> anyhow::Result<()> {
    each("shapes", |name, program, expected| {
        let found = program.format_shapes().to_string();
        assert_eq!(Some(&*found), expected.as_str(), "{name}\n{found}");
    })?;
    each("shapes_with_log_prob", |name, program, expected| {
        let found = program.format_shapes().compute_log_prob(true).to_string();
        assert_eq!(Some(&*found), expected.as_str(), "{name}\n{found}");
    })
}

#[test]
fn traced_sites_have_the_program_s_shapes() -> anyhow::Result<()> {
    for (name, f) in MODELS {
        // There an observed value is already broadcast to the plates around.
        if ["expanded", "no_plate"].contains(name) {
            continue;
        }
        let mut table = String::new();
        let program = Program::trace(
            |_: &()| {
                let (_, sites) = handlers::trace(f);
                table = format_shapes(&sites).compute_log_prob(true).to_string();
            },
            &(),
        )?;
        assert_eq!(table, program.format_shapes().compute_log_prob(true).to_string(), "{name}");
    }
    Ok(())
}

#[test]
fn shapes_up_to_a_site_of_chosen_densities_under_a_title() -> anyhow::Result<()> {
    let program = traced("collider")?;
    let table = program.format_shapes().title("Shapes").last_site("b").compute_log_prob_of(|n| n == "a");
    let expected = [
        "       Shapes  ",
        " Param Sites:  ",
        "Sample Sites:  ",
        "       a dist |",
        "        value |",
        "     log_prob |",
        "       b dist |",
        "        value |",
    ];
    assert_eq!(table.to_string(), expected.join("\n"));
    assert_eq!(traced("guide_empty")?.format_shapes().to_string(), "Trace Shapes:");
    Ok(())
}

#[test]
fn missing_plates_are_numpyro_s() -> anyhow::Result<()> {
    for (key, when) in [("strict", PlateWarning::Strict), ("loose", PlateWarning::Loose)] {
        each(key, |name, program, expected| {
            let found = program.validate_structure(when);
            let missing = found.warnings.iter().filter_map(|d| {
                let (_, place) = d.message.split_once("no plate covers the batch dimension ")?;
                let (dim, site) = (place.split(' ').next()?, d.site.as_ref()?);
                let said = format!("Missing a plate statement for batch dimension {dim} at site '{site}'.");
                Some(format!("{said} You can use `numpyro.util.format_shapes` utility to check shapes at all sites of your model."))
            });
            let missing: Value = missing.collect();
            assert_eq!(missing, *expected, "{name}");
            assert!(found.is_valid, "{name}: {found}");
        })?;
    }
    let found = traced("no_plate")?.validate_structure(PlateWarning::Error);
    assert_eq!((found.is_valid, found.errors.len()), (false, 3));
    Ok(())
}

#[test]
fn guides_are_held_against_models_as_numpyro_does() -> anyhow::Result<()> {
    let golden = golden()?;
    for case in golden["matches"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let name = |key: &str| case[key].as_str().unwrap_or_default().to_string();
        let found = check_model_guide_match(&traced(&name("model"))?, &traced(&name("guide"))?);
        let what = format!("{} {}", name("model"), name("guide"));
        match (found, case["error"].as_str()) {
            (Ok(warnings), None) => {
                let messages: Value = warnings.iter().map(|d| d.message.clone()).collect();
                assert_eq!(messages, case["warnings"], "{what}");
            }
            (Err(error), Some(expected)) => {
                let error = error.to_string();
                assert_eq!(error.split("; help").next(), Some(expected), "{what}");
            }
            (found, expected) => anyhow::bail!("{what}: found {found:?}, expected {expected:?}"),
        }
    }
    Ok(())
}
