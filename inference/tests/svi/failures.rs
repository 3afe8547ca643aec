//! What goes wrong: losses and gradients that are not finite, and guides that do not fit their models.

use expect_test::{Expect, expect};
use pyroxene_frontend::{Array, prelude::*, primitives::Param};
use pyroxene_inference::{Guide, LossNotFinite, Svi, SviError, TraceElbo, optim::Sgd};

fn model(y: &Tensor) {
    let x = sample("x", Normal::new(0.0, 1.0));
    sample("y", Normal::new(x, 1.0).obs(*y));
}

fn not_finite(error: SviError) -> LossNotFinite {
    match error {
        SviError::NotFinite(found) => *found,
        other => panic!("{other}"),
    }
}

/// A scale without a constraint: the first steps make it smaller, until it is negative.
fn careless(_: &Tensor) {
    let scale = param("scale", 3.0);
    sample("x", Normal::new(param("loc", 0.0), scale));
}

const SCALE_LINE: u32 = line!() - 3;

#[test]
fn a_run_stops_at_the_step_and_the_line_and_keeps_the_last_good_parameters() {
    let y = Array::from(0.5);
    let svi = Svi::new(model, careless, Sgd::new(0.3), TraceElbo::new());
    let found = not_finite(svi.run(0, 200, &y).unwrap_err());
    assert!(found.step > 0 && found.losses.len() == found.step + 1, "{found}");
    assert!(found.loss.is_nan() && found.losses[..found.step].iter().all(|l| l.is_finite()));
    let origin = found.origin.clone().unwrap();
    assert_eq!(found.site.as_deref(), Some("x"), "{found}");
    assert_eq!(origin.loc.as_ref().unwrap().line, SCALE_LINE, "{found}");
    assert_eq!(origin.operation, "log");
    assert!(origin.operands[0] < 0.0);
    // The same parameters as those of a run that ends before.
    let before = svi.run(0, found.step, &y).unwrap();
    assert_eq!(found.params, before.params);
    assert_eq!(found.state, before.state);
    // A single step tells the same.
    let again = not_finite(svi.update(&before.state, &y).unwrap_err());
    let told = |error: &LossNotFinite| error.to_string();
    assert_eq!((again.step, told(&again)), (found.step, told(&found)));
    // Stable updates leave such steps out, and go on.
    let svi = svi.stable_update(true);
    let stable = svi.run(0, 200, &y).unwrap();
    let left_out = stable.losses.iter().filter(|l| l.is_nan()).count();
    assert!(left_out > 0 && stable.state.step == 200 - left_out);
    // Two programs, of which the compiler rounds one or the other sum in another order.
    let [kept, scale] = [&stable, &before].map(|run| run.params["scale"].to_f64_vec()[0]);
    assert!((kept - scale).abs() < 1e-12);
}

#[test]
fn a_gradient_that_is_not_finite_is_told_apart() {
    fn guide(_: &Tensor) {
        let x = param("x_loc", 0.0);
        factor("edge", x.abs().sqrt());
        sample("x", Normal::new(x, 1.0));
    }
    let svi = Svi::new(model, guide, Sgd::new(0.1), TraceElbo::new());
    let found = not_finite(svi.run(0, 5, &Array::from(0.5)).unwrap_err());
    assert!(found.step == 0 && found.in_gradient && found.loss.is_finite());
    assert_eq!(found.params["x_loc"].to_f64_vec(), [0.0]);
    assert!(found.to_string().contains("step 0: the loss is finite, but its gradient is not"), "{found}");
    assert!(found.to_string().contains("failures.rs"), "{found}");
}

fn refused(guide: impl Guide<Tensor> + Send + Sync + 'static, loss: TraceElbo, expected: Expect) {
    let svi = Svi::new(model, guide, Sgd::new(0.1), loss);
    let text = svi.bind(&Array::from(0.5)).err().unwrap().to_string();
    // Lines change with this file.
    let mut parts = text.split("inference/tests/svi/failures.rs:");
    let first = parts.next().unwrap_or_default().to_string();
    let after =
        |part: &str| format!("FILE{}", part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':'));
    expected.assert_eq(&(first + &parts.map(after).collect::<String>()));
}

#[test]
fn guides_that_do_not_fit_are_refused() {
    fn wide(_: &Tensor) {
        sample("x", Normal::new([0.0, 1.0], 1.0));
    }
    fn observed(_: &Tensor) {
        sample("x", Normal::new(0.0, 1.0).obs(0.5));
    }
    fn integer(_: &Tensor) {
        sample("x", Normal::new(param("n", Tensor::from(2i64)).convert(DType::F64), 1.0));
    }
    fn counting(_: &Tensor) {
        let n = mutable("n", 0.0);
        mutable("n", n + 1.0);
        sample("x", Normal::new(0.0, 1.0));
    }
    let elbo = TraceElbo::new();
    refused(
        wide,
        elbo,
        expect![
            "FILE site `x`: the guide draws f64[2] with 0 event dimensions, the model at FILE f64[] with 0; help: give the guide's distribution the model's dimensions, with `.to_event(n)`"
        ],
    );
    refused(
        observed,
        elbo,
        expect![
            "FILE site `x`: the guide observes it, where the model draws it; help: let the guide draw it"
        ],
    );
    refused(
        integer,
        elbo,
        expect![
            "FILE site `n`: a parameter of type i64[], which has no gradient; help: give it a floating-point initial value"
        ],
    );
    refused(
        counting,
        elbo.num_particles(2),
        expect![
            "FILE site `n`: a mutable state under a loss of 2 particles; help: states go on from step to step with one particle only: set `num_particles(1)`"
        ],
    );
}

#[test]
fn settings_are_checked() {
    let svi = Svi::new(model, careless, Sgd::new(0.1), TraceElbo::new());
    let bound = svi.bind(&Array::from(0.5)).unwrap();
    let init = |name, value| bound.init_with(0, &[(name, value)]).unwrap_err().to_string();
    assert_eq!(init("lok", Array::from(1.0)), "`init_params` is `lok`, expected a parameter: scale, loc");
    assert_eq!(init("loc", Array::from([1.0])), "`init_params` is f64[1] for `loc`, expected f64[]");
    let none = bound.run(0, 0).unwrap_err().to_string();
    assert_eq!(none, "`num_steps` is 0, expected a positive integer");
}

#[test]
fn constraints_are_those_of_the_guide_and_kept() {
    fn guide(_: &Tensor) {
        let scale = param("scale", Param::new(3.0).constraint(constraints::positive()));
        sample("x", Normal::new(param("loc", 0.0), scale));
    }
    let svi = Svi::new(model, guide, Sgd::new(0.3), TraceElbo::new());
    let result = svi.run(0, 200, &Array::from(0.5)).unwrap();
    assert!(result.params["scale"].to_f64_vec()[0] > 0.0);
    assert!(result.losses.iter().all(|l| l.is_finite()));
}
