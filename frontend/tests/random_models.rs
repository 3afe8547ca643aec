//! Random models: XLA against the reference interpreter, gradients against finite differences, and the potential
//! against the log density with the Jacobian's determinant taken by finite differences too.
#![allow(clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use common::models::{Dice, constrained, interpret, run};
use pyroxene_frontend::{Bound, Model, Program, prelude::*};
use pyroxene_ir::passes::{Query, layout};

fn potential(program: &Program, u: &[f64]) -> anyhow::Result<f64> {
    Ok(interpret(program, Query::Potential, &[Array::from(u)])?[0].to_f64_vec()[0])
}

fn flat(values: &[Array]) -> Vec<f64> {
    values.iter().flat_map(Array::to_f64_vec).collect()
}

/// The central difference of `f` along coordinate `i`, with the step that balances truncation against rounding.
fn difference<T>(
    u: &[f64],
    i: usize,
    f: impl Fn(&[f64]) -> anyhow::Result<T>,
) -> anyhow::Result<(T, T, f64)> {
    let step = 6e-6 * u[i].abs().max(1.0);
    let shifted = |by: f64| {
        let mut at = u.to_vec();
        at[i] += by;
        f(&at)
    };
    Ok((shifted(step)?, shifted(-step)?, 2.0 * step))
}

fn close(what: &str, seed: u64, found: f64, expected: f64, rel: f64) {
    let bound = rel * expected.abs().max(1.0);
    assert!((found - expected).abs() <= bound, "{what} of model {seed}: found {found}, expected {expected}");
}

fn check(seed: u64) -> anyhow::Result<()> {
    let model = Model::new(move |_: &()| run(seed));
    let program = model.trace(&())?;
    let dimension: usize = layout(program.graph()).iter().map(|c| c.unconstrained.len()).sum();
    let dice = Dice::new(!seed);
    let u: Vec<f64> = (0..dimension).map(|_| dice.real() * 1.5).collect();
    let bound: Bound = model.bind(&())?;

    // XLA and the interpreter order sums differently and round functions differently, by a few ulp each.
    let (value, gradient) = bound.potential_and_gradient(&u)?;
    let both = interpret(&program, Query::PotentialAndGradient, &[Array::from(u.as_slice())])?;
    close("the potential", seed, value, both[0].to_f64_vec()[0], 1e-12);
    for (x, y) in gradient.iter().zip(both[1].to_f64_vec()) {
        close("the gradient", seed, *x, y, 1e-11);
    }

    // Central differences: step² of truncation and ε/step of rounding, both about 1e-10 of the value's size.
    let mut log_det = 0.0;
    for i in 0..dimension {
        let (up, down, width) = difference(&u, i, |at| potential(&program, at))?;
        close("the slope", seed, gradient[i], (up - down) / width, 1e-6);
        // Supports depend on earlier sites alone, so the Jacobian is triangular.
        let (up, down, width) = difference(&u, i, |at| Ok(flat(&constrained(&program, at)?)))?;
        log_det += ((up[i] - down[i]) / width).abs().ln();
    }
    let values = constrained(&program, &u)?;
    let log_density = interpret(&program, Query::LogDensity, &values)?[0].to_f64_vec()[0];
    close("the density with the Jacobian", seed, -value, log_density + log_det, 1e-7);
    let back = interpret(&program, Query::Unconstrain, &values)?[0].to_f64_vec();
    for (x, y) in back.iter().zip(&u) {
        close("the position found again", seed, *x, *y, 1e-9);
    }
    Ok(())
}

#[test]
fn random_models_agree_with_the_interpreter_and_with_differences() -> anyhow::Result<()> {
    (0..12).try_for_each(check)
}
