//! Random models through every pass: every query gives the same numbers with and without each pass that can be left out,
//! and every graph on the way goes through its text.
#![allow(clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use common::models::{Dice, run};
use pyroxene_frontend::{Program, prelude::*};
use pyroxene_ir::{
    Graph, Role,
    eval::eval,
    passes::{Need, PIPELINE, Query, Settings},
    text::parse,
};

/// Units of two groups, as many as `few_buckets` asks for.
const UNITS: usize = 1000;

/// Too many for `few_buckets`, and few enough for `segment_rows`.
const TOWNS: usize = 30;

#[derive(Tree, Clone)]
struct Units<L: Leaf = Tensor> {
    group: L,
    town: L,
    y: L,
}

fn units(dice: &Dice) -> Units<Array> {
    let group = (0..UNITS).map(|_| dice.below(2) as i64).collect::<Vec<_>>();
    let y = (0..UNITS).map(|_| dice.below(6) as f64).collect::<Vec<_>>();
    let town = (0..UNITS).map(|_| dice.below(TOWNS as u64) as i64).collect::<Vec<_>>();
    Units { group: group.into(), town: town.into(), y: y.into() }
}

/// A random model and beside it counts of units, for which every pass has something to do: a gather of two means and one of
/// many, terms that depend on data alone, two sums over units, the logarithm of a logistic, and a normal density of several
/// dimensions.
fn model(seed: u64, d: &Units) {
    run(seed);
    let mean = plate("groups", 2, |_| sample("mean", Normal::new(0.0, 1.0)));
    let shift = sample("shift", Normal::new(0.0, 1.0));
    let eta = mean.take(d.group) + shift;
    plate("units", UNITS, |_| sample("size", Normal::new(eta * 0.5, 1.0).obs(d.y)));
    factor("counts", d.y * eta - eta.exp() - (d.y + 1.0).lgamma());
    factor("chance", eta.logistic().log());
    let town = plate("towns", TOWNS, |_| sample("town_mean", Normal::new(0.0, 1.0)));
    plate("units", UNITS, |_| sample("rent", Normal::new(town.take(d.town), 2.0).obs(d.y)));
    let covariance = Tensor::eye(3) * shift.exp() + 0.5;
    sample("path", MultivariateNormal::from_covariance_matrix(0.0, covariance).obs(d.y.at(..3)));
    deterministic("spread", (d.y + 0.5).log().var() * shift);
}

const QUERIES: [Query; 6] = [
    Query::LogDensity,
    Query::Potential,
    Query::PotentialAndGradient,
    Query::Constrain,
    Query::Unconstrain,
    Query::Draws,
];

/// The program with all passes that can be left out, and without each.
fn variants() -> anyhow::Result<Vec<(&'static str, Settings)>> {
    let mut variants = vec![("nothing", Settings::default())];
    for pass in PIPELINE.iter().filter(|p| p.need() == Need::Optional) {
        variants.push((pass.name(), Settings::default().without(pass.name())?));
    }
    Ok(variants)
}

/// The arguments of a query of these inputs.
fn arguments(graph: &Graph, known: &[(String, Array)], u: &[f64]) -> Vec<Array> {
    let of = |name: &str| known.iter().find(|(n, _)| n == name).map(|(_, x)| x.clone());
    let inputs = graph.inputs().iter().filter_map(|v| graph.input_of(*v));
    let value = |name: &str| of(name).unwrap_or_else(|| panic!("an argument `{name}`"));
    inputs
        .map(|input| match input.role {
            Role::Position => Array::from(u),
            Role::Key => Array::from([0u32, 17]),
            _ => value(&input.name),
        })
        .collect()
}

/// What every pass leaves behind is the same after it was text.
fn check_text(program: &Program, query: Query) -> anyhow::Result<()> {
    let mut wrong = None;
    program.resolve(query, &mut |pass, graph| {
        let text = graph.to_string();
        if !parse(&text).is_ok_and(|parsed| parsed == *graph && parsed.to_string() == text) {
            wrong = Some(format!("after {pass} text is not the graph:\n{text}"));
        }
    })?;
    assert!(wrong.is_none(), "{}", wrong.unwrap_or_default());
    Ok(())
}

/// The query's answers.
fn answers(
    program: &Program,
    query: Query,
    known: &[(String, Array)],
    u: &[f64],
) -> anyhow::Result<Vec<Array>> {
    let graph = program.resolve(query, &mut |_, _| {})?;
    Ok(eval(&graph, &arguments(&graph, known, u))?)
}

/// Both are the same up to roundings: those of sums over a thousand units in another order, of terms up to a few hundred.
fn assert_same(what: &str, found: &[Array], expected: &[Array]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found.ty(), expected.ty(), "{what}");
        let (found, expected) = (found.to_f64_vec(), expected.to_f64_vec());
        let size = expected.iter().fold(1.0, |m: f64, x| m.max(x.abs()));
        for (x, y) in found.iter().zip(&expected) {
            assert!((x - y).abs() <= 1e-12 * size || x == y, "{what}: found {x:e}, expected {y:e}");
        }
    }
}

fn check(seed: u64) -> anyhow::Result<()> {
    let dice = Dice::new(!seed);
    let data = units(&dice);
    let program = Program::trace(move |d: &Units| model(seed, d), &spec(&data))?;
    let plain = program.with_passes(Settings::default().limit(0));
    let text = program.graph().to_string();
    assert_eq!(&parse(&text)?, program.graph(), "{text}");
    assert_eq!(parse(&text)?.to_string(), text);

    let dimension: usize = program.layout().iter().map(|c| c.unconstrained.len()).sum();
    let [u, other] = [(); 2].map(|()| (0..dimension).map(|_| dice.real()).collect::<Vec<f64>>());
    let mut known = vec![];
    for (name, leaf) in [("group", &data.group), ("town", &data.town), ("y", &data.y)] {
        known.push((name.to_string(), leaf.clone()));
    }
    let all = answers(&plain, Query::Constrain, &known, &u)?;
    known.extend(program.outputs().into_iter().zip(all).map(|(o, x)| (o.name, x)));
    for query in QUERIES {
        check_text(&program, query)?;
        let expected = plain.resolve(query, &mut |_, _| {})?;
        let args = arguments(&expected, &known, &u);
        let mut done = vec![(eval(&expected, &args)?, expected)];
        for (name, settings) in variants()? {
            let graph = program.with_passes(settings).resolve(query, &mut |_, _| {})?;
            // Most variants of most queries are the same graph.
            if done.iter().all(|(_, known)| *known != graph) {
                let found = eval(&graph, &args)?;
                assert_same(&format!("{} of model {seed} without {name}", query.name()), &found, &done[0].0);
                done.push((found, graph));
            }
        }
    }

    // Without constants the potential is another one by a number, and its gradient is the same.
    let dropped = program.drop_constants();
    let at = |program: &Program, u: &[f64]| answers(program, Query::PotentialAndGradient, &known, u);
    let [here, there] = [at(&plain, &u)?, at(&plain, &other)?];
    let [found, beyond] = [at(&dropped, &u)?, at(&dropped, &other)?];
    assert_same(&format!("gradient of model {seed} without constants"), &found[1..], &here[1..]);
    let value = |all: &[Array]| all[0].to_f64_vec()[0];
    let (difference, expected) = (value(&beyond) - value(&found), value(&there) - value(&here));
    let slack = 1e-12 * value(&here).abs().max(value(&there).abs());
    assert!((difference - expected).abs() <= slack, "model {seed}: {difference:e}, expected {expected:e}");
    assert!((value(&found) - value(&here)).abs() > 1.0, "model {seed} has constants");
    Ok(())
}

#[test]
fn random_models_are_the_same_through_every_pass() -> anyhow::Result<()> {
    (0..4).try_for_each(check)
}

/// Every pass that can be left out changes these models, so that the test above compares something.
#[test]
fn every_pass_changes_random_models() -> anyhow::Result<()> {
    let data = units(&Dice::new(0));
    let program = Program::trace(|d: &Units| model(0, d), &spec(&data))?;
    let query = Query::PotentialAndGradient;
    let whole = program.resolve(query, &mut |_, _| {})?;
    for pass in PIPELINE.iter().filter(|p| p.need() == Need::Optional) {
        let settings = Settings::default().without(pass.name())?;
        let without = program.with_passes(settings).resolve(query, &mut |_, _| {})?;
        assert!(without != whole, "{} has nothing to do", pass.name());
    }
    Ok(())
}
