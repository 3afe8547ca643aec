//! What handlers do at their edges: plates hidden and renamed, interventions, substitution of every kind, wrong uses.
#![allow(clippy::panic, reason = "a conversion that fails stops a test")]

mod common;

use std::cell::Cell;

use common::{
    errors,
    sites::{Model, close, density, run},
};
use indexmap::IndexMap;
use pyroxene_frontend::{
    Hint, Program,
    handlers::{
        Argument, Scope, SiteType, block, condition, do_, expose_types, lift, mask, replay, scale, scope,
        seed, substitute, trace, uncondition,
    },
    prelude::*,
    primitives::{Param as Parameter, Plate},
};

fn plated() -> Tensor {
    plate("i", 3, |_| sample("x", Normal::new(0.0, 1.0)))
}

/// A normal log density by hand.
fn normal(x: f64, loc: f64, scale: f64) -> f64 {
    let z = (x - loc) / scale;
    -0.5 * z * z - scale.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln()
}

fn given(values: &[(&str, f64)]) -> IndexMap<String, Array> {
    values.iter().map(|(name, value)| ((*name).to_string(), Array::from(*value))).collect()
}

#[test]
fn scopes_rename_plates_and_frames() -> anyhow::Result<()> {
    let inside = Scope::new("b").divider(".");
    let (sites, _) = run(|| {
        seed(0, || scope("a", || plate("outer", 2, |_| inside.run(plated))));
    })?;
    assert!(sites.keys().eq(["a/outer", "a/b.i", "a/b.x"]), "{:?}", sites.keys());
    let frames: Vec<&str> = sites["a/b.x"].frames.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(frames, ["a/outer", "a/b.i"]);
    let (sites, _) = run(|| {
        seed(0, || Scope::new("a").hide_types([SiteType::Plate]).run(plated));
    })?;
    assert!(sites.keys().eq(["i", "a/x"]), "{:?}", sites.keys());
    assert_eq!(sites["a/x"].frames[0].name, "i");
    Ok(())
}

#[test]
fn a_hidden_guide_leaves_its_names_to_the_model() -> anyhow::Result<()> {
    let program = Program::trace(
        |(): &()| {
            let (_, guide) = block(|| trace(|| seed(0, plated)));
            replay(&guide, plated);
        },
        &(),
    )?;
    let names: Vec<&str> = program.graph().sites().map(|(_, s)| s.name.as_str()).collect();
    assert_eq!(names, ["i#2", "x#2", "i", "x"]);
    Ok(())
}

#[test]
fn params_and_states_in_a_block_are_plain_values() -> anyhow::Result<()> {
    let program = Program::trace(
        |(): &()| {
            let hidden = block(|| param("w", 2.0) + mutable("count", 1.0));
            deterministic("sum", hidden);
        },
        &(),
    )?;
    let names: Vec<&str> = program.graph().sites().map(|(_, s)| s.name.as_str()).collect();
    let names: Vec<&str> = names.into_iter().filter(|n| !n.starts_with("check")).collect();
    assert_eq!(names, ["sum"]);
    Ok(())
}

fn chain() -> Tensor {
    let x = sample("x", Normal::new(0.0, 1.0));
    sample("y", Normal::new(x * 2.0, 1.0))
}

#[test]
fn a_counterfactual_keeps_the_fact_and_follows_the_intervention() -> anyhow::Result<()> {
    // In the single world where x was 5 and is set to 1, y follows the 1.
    let counterfactual = || {
        condition([("x", 5.0)], || do_([("x", 1.0)], chain));
    };
    close(
        &[density(counterfactual, &given(&[("y", 2.5)]))?],
        &[normal(5.0, 0.0, 1.0) + normal(2.5, 2.0, 1.0)],
        "",
    );
    // The other way about, the fact is data of the fresh site just the same.
    let inside = || {
        do_([("x", 1.0)], || condition([("x", 5.0)], chain));
    };
    close(&[density(inside, &given(&[("y", 2.5)]))?], &[normal(5.0, 0.0, 1.0) + normal(2.5, 2.0, 1.0)], "");
    let (sites, values) = run(|| {
        seed(0, || do_([("x", 1.0)], chain));
    })?;
    assert!(!sites["x"].is_observed && values[0] != Array::from(1.0));
    Ok(())
}

#[test]
fn interventions_in_plates_and_scopes_and_twice() -> anyhow::Result<()> {
    let seen = Cell::new(0);
    let (sites, values) = run(|| {
        seed(0, || {
            let inside = || {
                let (x, inside) = trace(plated);
                assert!(inside.contains_key("m/x") && inside.contains_key("m/x__CF"), "{:?}", inside.keys());
                assert_eq!(inside["m/x"].frames.len(), 1);
                seen.set(seen.get() + 1);
                deterministic("seen", x)
            };
            do_([("m/x", 7.0)], || do_([("m/x", 3.0)], || scope("m", inside)))
        });
    })?;
    assert_eq!(seen.get(), 1);
    assert!(sites.keys().eq(["m/i", "m/x", "m/seen"]), "{:?}", sites.keys());
    assert_eq!(sites["m/x"].infer["interventions"], Hint::Int(2));
    assert_eq!(values[2], Array::from([3.0; 3]));
    Ok(())
}

#[test]
fn a_second_intervention_is_told_of() -> anyhow::Result<()> {
    let twice = |(): &()| {
        do_([("x", 7.0)], || do_([("x", 3.0)], || sample("x", Normal::new(0.0, 1.0))));
    };
    let said: Vec<String> = Program::trace(twice, &())?.warnings()?.iter().map(ToString::to_string).collect();
    let [said] = &said[..] else { panic!("{said:?}") };
    assert!(said.contains("site `x`: 2 interventions on the site"), "{said}");
    Ok(())
}

/// NumPyro 0.22: `replay(seed(f, 0), trace)` splits for the plate before its indices are replayed, so that `y` has the
/// third of the seed's splits either way.
#[test]
fn a_replayed_subsample_has_taken_its_key() -> anyhow::Result<()> {
    let model = || {
        Plate::new("rows", 10).subsample_size(2).run(|_| sample("x", Normal::new(0.0, 1.0)));
        sample("y", Normal::new(0.0, 1.0));
    };
    let (_, drawn) = run(|| seed(0, model))?;
    let (_, replayed) = run(|| {
        let (_, guide) = block(|| trace(|| seed(0, model)));
        let rows: IndexMap<_, _> = guide.into_iter().filter(|(name, _)| name == "rows").collect();
        replay(&rows, || seed(0, model));
    })?;
    assert_eq!(drawn, replayed);
    Ok(())
}

#[test]
fn every_kind_of_site_can_be_substituted() -> anyhow::Result<()> {
    let model = || {
        let w = param("w", 1.0);
        let count = mutable("count", 0.0);
        let rows = Plate::new("rows", 10).subsample_size(2).run(|rows| rows);
        let sum = deterministic("sum", w + count);
        deterministic("all", sum + rows.sum().convert(DType::F64));
    };
    let values = || {
        let rows = Tensor::from(Array::from([4i64, 5]));
        [("w", 10.0.into()), ("count", 20.0.into()), ("rows", rows)]
    };
    let (sites, all) = run(|| substitute(values(), model))?;
    assert!(sites.keys().eq(["w", "count", "rows", "sum", "all"]), "{:?}", sites.keys());
    assert_eq!(all[4], Array::from(39.0));
    let (_, all) = run(|| substitute([("sum", 100.0)], || substitute(values(), model)))?;
    assert_eq!(all[4], Array::from(109.0));
    Ok(())
}

#[test]
fn lifted_parameters_are_drawn_once() -> anyhow::Result<()> {
    let twice = || {
        let w = || param("w", Parameter::new(0.5).constraint(constraints::positive()));
        deterministic("zero", w() - w());
    };
    let (sites, values) = run(|| {
        let prior = [("a/w", Exponential::new(1.0)), ("b/w", Exponential::new(1.0))];
        seed(0, || lift(prior, || ["a", "b"].map(|prefix| scope(prefix, twice))));
    })?;
    assert!(sites.keys().eq(["a/w", "a/zero", "b/w", "b/zero"]), "{:?}", sites.keys());
    assert_eq!((&values[1], &values[3]), (&Array::from(0.0), &Array::from(0.0)));
    assert_ne!(values[0], values[2]);
    assert_eq!(sites["a/w"].kind, SiteType::Sample);
    // A prior that does not span the plate stands for one value, as the parameter did.
    let (sites, values) = run(|| {
        seed(0, || {
            lift(Exponential::new(1.0), || {
                let within = |_| param("w", 1.0);
                Plate::new("i", 10).subsample(Array::from([1i64, 2])).run(within)
            })
        });
    })?;
    assert!(sites["w"].frames.is_empty() && sites["w"].scale.is_some() && values[1].dims().is_empty());
    Ok(())
}

#[test]
fn what_was_observed_is_kept_as_an_argument() -> anyhow::Result<()> {
    let (sites, _) = run(|| {
        seed(0, || {
            uncondition(|| {
                factor("f", 1.0);
                sample("y", Normal::new(0.0, 1.0).obs(1.5))
            })
        });
    })?;
    assert!(matches!(sites["y"].kwargs["obs"], Argument::Tensor(_)));
    assert!(!sites["y"].is_observed && sites["f"].is_observed);
    let types = || expose_types([SiteType::Sample], || factor("f", 1.0));
    assert!(run(types)?.0.contains_key("f"));
    Ok(())
}

#[test]
fn wrong_uses_are_named_with_their_line() {
    let other = |f: fn() -> Tensor| {
        let (_, sites) = block(|| trace(|| seed(0, f)));
        sites
    };
    let cases: Vec<(&str, Model)> = vec![
        (
            "site `x`: replay: it is a sample site that is not observed here and a deterministic site in the trace, at",
            Box::new(move || {
                let sites = trace(|| deterministic("x", 1.0)).1;
                replay(&sites, || sample("x", Normal::new(0.0, 1.0)));
            }),
        ),
        (
            "site `x`: replay: it is a sample site that is not observed here and an observed sample site in the trace",
            Box::new(move || {
                let sites = other(|| sample("x", Normal::new(0.0, 1.0).obs(1.0)));
                seed(0, || replay(&sites, || sample("x", Normal::new(0.0, 1.0))));
            }),
        ),
        (
            "site `i`: replay: it is a plate here and a sample site in the trace",
            Box::new(move || {
                let sites = other(|| sample("i", Normal::new(0.0, 1.0)));
                seed(0, || replay(&sites, plated));
            }),
        ),
        (
            "`scale` needs a positive number, found 0; help: to switch densities off use `mask(false, || ...)`",
            Box::new(|| {
                seed(0, || scale(0.0, plated));
            }),
        ),
        (
            "`scale` needs a positive number, found NaN",
            Box::new(|| {
                seed(0, || scale(Tensor::from([1.0, f64::NAN, 1.0]), plated));
            }),
        ),
        (
            "`mask` needs truth values, found i64[3]",
            Box::new(|| {
                seed(0, || mask(Array::from([1i64, 0, 1]), plated));
            }),
        ),
    ];
    for (expected, wrong) in cases {
        let found = errors(|| {
            wrong();
            vec![]
        });
        assert!(
            found.first().is_some_and(|e| e.contains(expected) && e.contains("handler_edges.rs:")),
            "found {found:?}, expected `{expected}`"
        );
    }
}
