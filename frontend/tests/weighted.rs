//! Interventions, masks and scales put on a recorded program: the numbers of the handlers, no rerun, no recompilation.
#![allow(clippy::panic, reason = "a conversion that fails stops a test")]

mod common;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use common::backend;
use pyroxene_frontend::{
    Bound, Model,
    handlers::{do_, mask, scale},
    prelude::*,
};

fn model(y: &Tensor) {
    let mu = sample("mu", Normal::new(0.0, 5.0));
    let tau = sample("tau", HalfNormal::new(2.0));
    plate("i", 3, |_| {
        let theta = sample("theta", Normal::new(mu, tau));
        sample("y", Normal::new(theta, 0.5).obs(*y));
    });
    factor("f", -mu.square());
}

fn y() -> Array {
    Array::from([0.5, -1.0, 2.0])
}

fn values() -> [(&'static str, Array); 3] {
    [("mu", Array::from(0.3)), ("tau", Array::from(1.5)), ("theta", Array::from([0.1, 0.7, -0.5]))]
}

const POSITION: [f64; 5] = [0.3, -0.2, 0.4, 0.1, 0.7];

/// The same log densities and potentials.
fn same(found: &Bound, expected: &Bound) -> anyhow::Result<()> {
    // Products with a mask's and a scale's value in another order.
    let close =
        |x: f64, y: f64| assert!((x - y).abs() <= 1e-13 * y.abs().max(1.0), "found {x}, expected {y}");
    close(found.log_density(&values())?, expected.log_density(&values())?);
    let (value, gradient) = found.potential_and_gradient(&POSITION)?;
    let (known, slopes) = expected.potential_and_gradient(&POSITION)?;
    close(value, known);
    gradient.iter().zip(&slopes).for_each(|(x, y)| close(*x, *y));
    Ok(())
}

#[test]
fn an_intervention_afterwards_equals_the_handler() -> anyhow::Result<()> {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let recorded = Model::new(move |y: &Tensor| {
        counted.fetch_add(1, Ordering::Relaxed);
        model(y);
    });
    let backend = backend()?;
    let program = recorded.trace(&y())?.do_(&["mu"])?;
    let open = program.bind(&y(), &backend)?;
    for value in [1.0, -2.5] {
        let intervened = move |y: &Tensor| do_([("mu", value)], || model(y));
        let bound = open.given(&[("mu__CF", Array::from(value))])?;
        let expected = Model::new(intervened).bind_on(&y(), &backend)?;
        same(&bound, &expected)?;
        if value == 1.0 {
            assert_eq!(bound.draws(4)?, expected.draws(4)?);
        }
    }
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    let first = open.given(&[("mu__CF", Array::from(1.0))])?;
    first.log_density(&values())?;
    let before = backend.stats().made();
    open.given(&[("mu__CF", Array::from(3.0))])?.log_density(&values())?;
    assert_eq!(backend.stats().made(), before);
    Ok(())
}

#[test]
fn masks_and_scales_afterwards_equal_the_handlers() -> anyhow::Result<()> {
    let backend = backend()?;
    let program = Model::new(model).trace(&y())?;
    let on = || Array::from([true, false, true]);
    let masked = move |y: &Tensor| {
        let mu = sample("mu", Normal::new(0.0, 5.0));
        let tau = sample("tau", HalfNormal::new(2.0));
        plate("i", 3, |_| {
            let theta = sample("theta", Normal::new(mu, tau));
            mask(on(), || scale([2.0, 1.0, 0.5], || sample("y", Normal::new(theta, 0.5).obs(*y))));
        });
        factor("f", -mu.square());
    };
    let open = program.mask(&["y"])?.scale(&["y"])?.bind(&y(), &backend)?;
    let weights = Array::from([2.0, 1.0, 0.5]);
    let bound = open.given(&[("y/mask", on()), ("y/scale", weights.clone())])?;
    same(&bound, &Model::new(masked).bind_on(&y(), &backend)?)?;
    let before = backend.stats().made();
    let all = open.given(&[("y/mask", Array::from([true; 3])), ("y/scale", Array::from([1.0; 3]))])?;
    all.log_density(&values())?;
    all.potential_and_gradient(&POSITION)?;
    assert_eq!(backend.stats().made(), before);
    same(&all, &Model::new(model).bind_on(&y(), &backend)?)?;

    let wrong = open.given(&[("y/mask", on()), ("y/scale", Array::from([2.0, -1.0, 0.5]))]).err();
    let wrong = wrong.map(|e| e.to_string()).unwrap_or_default();
    assert!(wrong.contains("the scale") && wrong.contains("expected a positive number, found -1"), "{wrong}");
    Ok(())
}

#[test]
fn one_mask_and_one_scale_for_all() -> anyhow::Result<()> {
    let backend = backend()?;
    let program = Model::new(model).trace(&y())?;
    let open = program.scale_all()?.mask_all()?.bind(&y(), &backend)?;
    let scaled = open.given(&[("scale", Array::from(0.25)), ("mask", Array::from(true))])?;
    let quarter = |y: &Tensor| scale(0.25, || model(y));
    same(&scaled, &Model::new(quarter).bind_on(&y(), &backend)?)?;
    let off = open.given(&[("scale", Array::from(0.25)), ("mask", Array::from(false))])?;
    assert_eq!(off.log_density(&values())?, 0.0);
    Ok(())
}

#[test]
fn wrong_names_are_told() -> anyhow::Result<()> {
    let program = Model::new(model).trace(&y())?;
    let text = |e: Option<pyroxene_frontend::Error>| e.map(|e| e.to_string()).unwrap_or_default();
    for found in [program.do_(&["sigma"]), program.mask(&["sigma"]), program.scale(&["sigma"])] {
        let found = text(found.err());
        assert!(found.contains("its sample sites are mu, tau, theta, y, f"), "{found}");
    }
    let twice = text(program.mask(&["y"])?.mask(&["y"]).err());
    assert!(twice.contains("site `y`: the program has a site `y/mask` already"), "{twice}");
    Ok(())
}
