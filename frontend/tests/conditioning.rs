//! Values given to sites of a recorded program: no rerun, no compilation, the same numbers as a model that has them.
#![allow(clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use common::backend;
use pyroxene_frontend::{Bound, Model, prelude::*};

#[derive(Tree, Clone)]
struct Data<L: Leaf = Tensor> {
    y: L,
}

fn data() -> Data<Array> {
    Data { y: Array::from([0.5, -1.0, 2.0]) }
}

fn model(d: &Data) {
    let mu = sample("mu", Normal::new(0.0, 5.0));
    let tau = sample("tau", HalfNormal::new(2.0));
    let width = sample("width", Uniform::new(0.0, tau));
    plate("i", 3, |_| {
        let theta = sample("theta", Normal::new(mu, tau));
        sample("y", Normal::new(theta, width + 1.0).obs(d.y));
    });
}

/// The same with `tau` known from the start.
fn with_tau(d: &Data) {
    handlers::condition([("tau", 1.5)], || model(d));
}

fn compiles(bound: &Bound) -> u64 {
    bound.backend().stats().made()
}

#[test]
fn an_observation_added_afterwards_compiles_nothing() -> anyhow::Result<()> {
    let recorded = Model::new(model);
    let bound = recorded.bind_on(&data(), &backend()?)?;
    let position = [0.3, -0.2, 0.4, 0.1, 0.7, -0.5];
    bound.potential_and_gradient(&position)?;
    bound.constrain(&position)?;
    let values: [(&str, Array); 4] = [
        ("mu", Array::from(0.3)),
        ("tau", Array::from(1.5)),
        ("width", Array::from(0.8)),
        ("theta", Array::from([0.1, 0.7, -0.5])),
    ];
    let joint = bound.log_density(&values)?;
    let before = compiles(&bound);

    let program = recorded.trace(&data())?.condition(&["tau"])?;
    let known = program.bind(&data(), bound.backend())?.given(&[("tau", Array::from(1.5))])?;
    let reference = Model::new(with_tau).bind(&data())?;
    let free = [0.3, 0.4, 0.1, 0.7, -0.5];
    assert_eq!(known.dimension(), free.len());
    let (value, gradient) = known.potential_and_gradient(&free)?;
    let rest: Vec<(&str, Array)> = values.iter().filter(|(n, _)| *n != "tau").cloned().collect();
    assert_eq!(known.log_density(&rest)?, joint);
    let names: Vec<String> = known.outputs().into_iter().map(|o| o.name).collect();
    assert_eq!(names, ["mu", "width", "theta"]);
    let constrained = known.constrain(&free)?;
    assert_eq!(compiles(&bound), before, "an observation added afterwards compiled something");
    assert_eq!(recorded.runs(), 1, "the model ran again");

    let (expected, slope) = reference.potential_and_gradient(&free)?;
    // The same arithmetic in another order: a few roundings.
    assert!((value - expected).abs() < 1e-13 * expected.abs(), "{value} against {expected}");
    for (g, s) in gradient.iter().zip(&slope) {
        assert!((g - s).abs() < 1e-13 * s.abs().max(1.0), "{gradient:?} against {slope:?}");
    }
    for (x, y) in constrained.iter().zip(reference.constrain(&free)?) {
        assert_eq!(x.dims(), y.dims());
        assert!((x.to_f64_vec()[0] - y.to_f64_vec()[0]).abs() < 1e-15);
    }
    Ok(())
}

#[test]
fn a_changed_observation_compiles_nothing() -> anyhow::Result<()> {
    let recorded = Model::new(model);
    let program = recorded.trace(&data())?.condition(&["tau", "width"])?;
    let backend = backend()?;
    let bound = program.bind(&data(), &backend)?;
    let free = [0.3, 0.1, 0.7, -0.5];
    let mut seen = Vec::new();
    let mut before = None;
    for tau in [1.5, 2.5, 0.9] {
        let values = [("tau", Array::from(tau)), ("width", Array::from(0.8))];
        seen.push(bound.given(&values)?.potential_and_gradient(&free)?.0);
        assert_eq!(*before.get_or_insert(compiles(&bound)), compiles(&bound));
    }
    assert!(seen[0] != seen[1] && seen[1] != seen[2]);
    assert_eq!(recorded.runs(), 1);
    Ok(())
}

#[test]
fn a_value_whose_transform_depends_on_a_latent_one_is_still_right() -> anyhow::Result<()> {
    // `width` lies below `tau`, which is latent: its coordinate is not fixed, so this potential is compiled anew.
    let program = Model::new(model).trace(&data())?.condition(&["width"])?;
    let backend = backend()?;
    let bound = program.bind(&data(), &backend)?.given(&[("width", Array::from(0.8))])?;
    let known = |d: &Data| handlers::condition([("width", 0.8)], || model(d));
    let reference = Model::new(known).bind(&data())?;
    let free = [0.3, 0.9, 0.1, 0.7, -0.5];
    assert_eq!(bound.potential_and_gradient(&free)?, reference.potential_and_gradient(&free)?);
    Ok(())
}

#[test]
fn wrong_values_are_named() -> anyhow::Result<()> {
    let program = Model::new(model).trace(&data())?;
    let backend = backend()?;
    let text = |e: Option<pyroxene_frontend::Error>| e.map(|e| e.to_string()).unwrap_or_default();
    assert!(
        text(program.condition(&["sigma"]).err()).contains("its sample sites are mu, tau, width, theta, y")
    );
    let bound = program.condition(&["tau"])?.bind(&data(), &backend)?;
    let outside = text(bound.given(&[("tau", Array::from(-1.0))]).err());
    assert!(outside.contains("site `tau`: value: expected a positive number, found -1"), "{outside}");
    let shape = text(bound.given(&[("tau", Array::from([1.0, 2.0]))]).err());
    assert!(shape.contains("site `tau`: expected a value of type f64[], found f64[2]"), "{shape}");
    let missing = text(bound.potential_and_gradient(&[0.0; 5]).err());
    assert!(missing.contains("site `tau` needs a value"), "{missing}");
    let unknown = text(bound.given(&[("mu", Array::from(1.0))]).err());
    assert!(unknown.contains("`mu` is no site that takes a value here; those are tau"), "{unknown}");
    let known = bound.given(&[("tau", Array::from(1.0))])?;
    let length = text(known.potential_and_gradient(&[0.0; 6]).err());
    assert!(length.contains("5 unconstrained coordinates, found 6"), "{length}");
    Ok(())
}
