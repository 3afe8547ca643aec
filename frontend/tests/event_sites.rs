//! Sites whose values are vectors and matrices with fewer free coordinates than elements, through XLA.
#![allow(clippy::panic, reason = "a test that cannot go on says why")]

mod common;

use std::sync::Arc;

use common::{errors, evaluate, filled};
use pyroxene_frontend::{Bound, Model, prelude::*, primitives::Param as Initial, transforms::Transform};
use pyroxene_runtime::{Backend, options::Options};

fn improper(support: Support, batch: &[usize], event: &[usize]) -> ImproperUniform {
    ImproperUniform::new(support, batch, event)
}

fn model(_: &()) {
    sample("p", improper(constraints::simplex(), &[], &[3]));
    plate("g", 2, |_| {
        sample("l", improper(constraints::corr_cholesky(), &[], &[3, 3]));
    });
    sample("c", improper(constraints::ordered_vector(), &[], &[2]));
    sample("s", improper(constraints::positive_definite(), &[], &[2, 2]));
    sample("z", improper(constraints::zero_sum(1), &[], &[3]));
}

/// The sites with the number of their coordinates and their values' dimensions.
const SITES: [(&str, usize, &[usize]); 5] =
    [("p", 2, &[3]), ("l", 6, &[2, 3, 3]), ("c", 2, &[2]), ("s", 3, &[2, 2]), ("z", 2, &[3])];

fn support(name: &str) -> Support {
    match name {
        "p" => constraints::simplex(),
        "l" => constraints::corr_cholesky(),
        "c" => constraints::ordered_vector(),
        "s" => constraints::positive_definite(),
        _ => constraints::zero_sum(1),
    }
}

fn position() -> Vec<f64> {
    (0..15).map(|i| 0.3 * f64::from(i % 5) - 0.6 + 0.05 * f64::from(i)).collect()
}

/// The values at a position and the negative log determinants, in the interpreter.
fn expected(position: &[f64]) -> (Vec<Array>, f64) {
    let mut found = evaluate(|| {
        let (mut at, mut out, mut total) = (0, Vec::new(), Tensor::from(0.0));
        for (name, n, dims) in SITES {
            let t = support(name).bijector().unwrap_or_else(|| panic!("{name}"));
            let u = Tensor::from(Array::from(position[at..at + n].to_vec())).reshape(&t.inverse_dims(dims));
            let y = t.forward(u);
            total = total - t.log_abs_det_jacobian(u, y).sum();
            out.push(y);
            at += n;
        }
        out.push(total);
        out
    });
    let total = found.pop().map(|x| x.to_f64_vec()[0]).unwrap_or(f64::NAN);
    (found, total)
}

fn close(x: &[f64], y: &[f64]) {
    assert_eq!(x.len(), y.len());
    for (a, b) in x.iter().zip(y) {
        // A few roundings of numbers of the order of one.
        assert!((a - b).abs() <= 1e-14 * b.abs().max(1.0), "{x:?} against {y:?}");
    }
}

/// A backend of the test's own, since tests run side by side and this one counts compilations.
fn backend() -> anyhow::Result<Arc<dyn Backend>> {
    Ok(pyroxene_runtime::open("cpu", &Options::of_process()?, &mut |_| {})?)
}

fn compiles(bound: &Bound) -> u64 {
    bound.backend().stats().compiles
}

#[test]
fn coordinates_are_as_many_as_are_free() -> anyhow::Result<()> {
    let program = Model::new(model).trace(&())?;
    let backend = backend()?;
    let bound = program.bind(&(), &backend)?;
    let position = position();
    assert_eq!(bound.dimension(), 15);
    let (values, potential) = expected(&position);
    let (found, gradient) = bound.potential_and_gradient(&position)?;
    close(&[found], &[potential]);
    for (i, g) in gradient.iter().enumerate() {
        let moved = |by: f64| {
            let mut at = position.clone();
            at[i] += by;
            expected(&at).1
        };
        // Central differences of a smooth function: the error is of the order of 1e-10.
        let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        assert!((g - slope).abs() < 1e-8, "coordinate {i}: {g} against {slope}");
    }
    let constrained = bound.constrain(&position)?;
    let mut named = Vec::new();
    for ((name, _, dims), (found, expected)) in SITES.iter().zip(constrained.iter().zip(&values)) {
        assert_eq!(found.dims(), *dims, "{name}");
        close(&found.to_f64_vec(), &expected.to_f64_vec());
        named.push((*name, found.clone()));
    }
    close(&bound.unconstrain(&named)?, &position);

    // Given values are pinned at fewer coordinates than they have elements, in the same executable.
    let before = compiles(&bound);
    let known = program.condition(&["p", "l"])?.bind(&(), &backend)?.given(&named[..2])?;
    assert_eq!(known.dimension(), 7);
    let free = &position[8..];
    let (value, slope) = known.potential_and_gradient(free)?;
    assert_eq!(compiles(&bound), before);
    let fixed = position[..8].to_vec();
    let pinned = [&fixed[..], free].concat();
    let rest = expected(&pinned).1
        - evaluate(|| {
            let mut out = Tensor::from(0.0);
            for (name, range, dims) in [("p", 0..2, &[3][..]), ("l", 2..8, &[2, 3, 3][..])] {
                let t = support(name).bijector().unwrap_or_else(|| panic!("{name}"));
                let u = Tensor::from(Array::from(fixed[range].to_vec())).reshape(&t.inverse_dims(dims));
                out = out - t.log_abs_det_jacobian(u, t.forward(u)).sum();
            }
            vec![out]
        })[0]
            .to_f64_vec()[0];
    close(&[value], &[rest]);
    close(&slope, &gradient[8..]);
    Ok(())
}

#[test]
fn wrong_events_are_named_when_data_are_bound() -> anyhow::Result<()> {
    fn observed(p: &Tensor) {
        sample("p", ImproperUniform::new(constraints::simplex(), &[2], &[2]).obs(*p));
    }
    let bad = filled(vec![2, 2], vec![0.5, 0.5, 0.25, 0.5]);
    let text = Model::new(observed).bind(&bad).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(
        text.contains("site `p`: value: expected numbers not below 0 that sum to 1, found 0.25 at index [1]"),
        "{text}"
    );
    fn parameter(w: &Tensor) {
        let w = param("w", Initial::new(*w).constraint(constraints::simplex()));
        sample("x", Normal::new(w, 1.0));
    }
    assert!(Model::new(parameter).bind(&Array::from([0.5, 0.5])).is_ok());
    let text = Model::new(parameter).bind(&Array::from([0.5, 0.6])).err().map(|e| e.to_string());
    let text = text.unwrap_or_default();
    assert!(text.contains("expected numbers not below 0 that sum to 1"), "{text}");
    Ok(())
}

#[test]
fn an_event_that_its_bijection_cannot_fill_is_reported() {
    let found = errors(|| {
        sample("l", improper(constraints::corr_cholesky(), &[], &[2, 3]));
        sample("p", improper(constraints::simplex(), &[], &[0]));
        vec![Tensor::from(0.0)]
    });
    assert!(found.iter().any(|e| e.contains("site `l`")), "{found:?}");
    assert!(found.iter().any(|e| e.contains("site `p`")), "{found:?}");
}

#[test]
fn a_set_without_bijection_cannot_be_sampled() -> anyhow::Result<()> {
    fn direction(_: &()) {
        sample("d", improper(constraints::sphere(), &[], &[3]));
    }
    let bound = Model::new(direction).bind(&())?;
    let text = bound.potential_and_gradient(&[]).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(text.contains("no unconstrained coordinates: its support is a vector of length 1"), "{text}");
    Ok(())
}
