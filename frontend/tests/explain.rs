//! Explanations of log densities and gradients that are not finite: operation, site, line, element.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::sync::atomic::{AtomicU32, Ordering};

use pyroxene_frontend::{Bound, Model, NotFinite, Quantity, prelude::*};

/// The line that the model of a test marks, by calling [`here`] on the line before.
static MARKED: AtomicU32 = AtomicU32::new(0);

#[track_caller]
fn here() {
    MARKED.store(std::panic::Location::caller().line() + 1, Ordering::Relaxed);
}

fn bind(model: fn(&Tensor)) -> Bound {
    Model::new(model).bind(&Array::from([0.5, 1.5, 2.5])).unwrap()
}

/// The explanation, which must point to the marked line.
fn explain(bound: &Bound, position: &[f64]) -> NotFinite {
    let (value, gradient) = bound.potential_and_gradient(position).unwrap();
    let found = bound.explain(position).unwrap().unwrap();
    assert!(!value.is_finite() || gradient.iter().any(|g| !g.is_finite()), "XLA finds all finite: {found}");
    assert!(matches!(found.quantity, Quantity::LogDensity(_)) != value.is_finite());
    let loc = found.origin.loc.as_ref().unwrap();
    assert_eq!(loc.line, MARKED.load(Ordering::Relaxed), "{found}");
    assert!(loc.file.ends_with("explain.rs"), "{found}");
    found
}

// The marked line is one for all tests of this process, so one test holds them.
#[test]
fn operation_site_and_line_are_named() {
    an_operation_of_the_model_s_own();
    a_site_s_density();
    a_gradient_alone();
    a_branch_that_is_left_aside();
    an_infinity_that_does_no_harm();
    a_conditioned_program();
}

fn an_operation_of_the_model_s_own() {
    let bound = bind(|y| {
        let x = sample("x", Normal::new(0.0, 1.0));
        here();
        let width = (x - [0.0, 1.0, 3.0]).sqrt();
        sample("y", Normal::new(0.0, width).obs(*y));
    });
    let found = explain(&bound, &[2.0]);
    assert_eq!((found.site.as_deref(), found.origin.operation.as_str()), (None, "sqrt"));
    assert_eq!(
        (&found.origin.index[..], found.origin.count, &found.origin.operands[..]),
        (&[2][..], 1, &[-1.0][..])
    );
    assert!(!found.derivative && found.origin.found.is_nan());
    let text = found.to_string();
    assert!(text.starts_with("the log density is NaN\n"), "{text}");
    assert!(text.ends_with(": `sqrt` of -1 is NaN at index [2]"), "{text}");
}

fn a_site_s_density() {
    let bound = bind(|y| {
        let x = sample("x", Normal::new(0.0, 1.0));
        here();
        sample("y", Normal::new(1.0, x).obs(*y));
    });
    let found = explain(&bound, &[-2.0]);
    assert_eq!((found.site.as_deref(), found.origin.operation.as_str()), (Some("y"), "log"));
    assert_eq!((&found.origin.operands[..], found.derivative), (&[-2.0][..], false));
}

fn a_gradient_alone() {
    let bound = bind(|y| {
        let x = sample("x", Normal::new(0.0, 1.0));
        let size = x.abs();
        here();
        let size = size.sqrt();
        sample("y", Normal::new(size, 1.0).obs(*y));
    });
    let found = explain(&bound, &[0.0]);
    assert_eq!((found.site.as_deref(), found.derivative), (None, true), "{found}");
    let Quantity::Gradient { coordinate, site, found: value } = &found.quantity else { panic!("{found}") };
    assert_eq!((*coordinate, site.as_str(), value.is_nan()), (0, "x", true));
    assert!(found.to_string().contains("its derivative by coordinate 0 (site `x`) is NaN"), "{found}");
}

fn a_branch_that_is_left_aside() {
    let bound = bind(|y| {
        let x = sample("x", Normal::new(0.0, 1.0));
        here();
        let log = x.log();
        let mean = x.greater(0.0).select(log, 0.0);
        sample("y", Normal::new(mean, 1.0).obs(*y));
    });
    // The select leaves the infinity aside; its derivative, zero times infinity, remains.
    let found = explain(&bound, &[0.0]);
    assert!(found.derivative, "{found}");
    // Neither value nor derivative is spoilt here, whatever the logarithm is.
    assert_eq!(bound.explain(&[-1.0]).unwrap(), None);
}

fn an_infinity_that_does_no_harm() {
    let bound = bind(|y| {
        let x = sample("x", Normal::new(0.0, 1.0));
        let large = (x * 1e6).exp();
        let none = (-large).exp();
        here();
        let wrong = (x - 3.0).log();
        sample("y", Normal::new(none + wrong, 1.0).obs(*y));
    });
    let found = explain(&bound, &[1.0]);
    assert_eq!((found.origin.operation.as_str(), &found.origin.operands[..]), ("log", &[-2.0][..]));
}

fn a_conditioned_program() {
    let model = Model::new(|y: &Tensor| {
        let z = sample("z", Normal::new(0.0, 1.0));
        let x = sample("x", Normal::new(0.0, 1.0));
        here();
        let width = (x * z).sqrt();
        sample("y", Normal::new(0.0, width).obs(*y));
    });
    let data = Array::from([0.5, 1.5, 2.5]);
    let program = model.trace(&data).unwrap().condition(&["z"]).unwrap();
    let backend = pyroxene_runtime::default_backend().unwrap();
    let bound = program.bind(&data, &backend).unwrap().given(&[("z", Array::from(-1.0))]).unwrap();
    let found = explain(&bound, &[2.0]);
    assert_eq!((found.origin.operation.as_str(), &found.origin.operands[..]), ("sqrt", &[-2.0][..]));
    assert_eq!(bound.explain(&[-2.0]).unwrap(), None);
}

#[test]
fn positions_are_explained_too() {
    let bound = bind(|y| {
        let x = sample("x", Normal::new(0.0, 1.0));
        sample("y", Normal::new(x, 1.0).obs(*y));
    });
    let found = bound.explain(&[f64::INFINITY]).unwrap().unwrap();
    assert_eq!((found.origin.operation.as_str(), found.origin.loc), ("input position", None));
    assert!(bound.explain(&[0.0, 1.0]).is_err());
}
