//! What tracing catches and promises: located errors, leaked handles, weak literals, unwinding, captures.

#![allow(clippy::panic)]

use pyroxene_frontend::{DType, Error, ErrorKind, Program, TraceErrors, eval, jit, prelude::*, record};
use pyroxene_ir::eval::eval as interpret;

fn errors(f: impl FnOnce() -> Tensor) -> Vec<pyroxene_frontend::TraceError> {
    match record(|| vec![f()]) {
        Err(TraceErrors(errors)) => errors,
        Ok(graph) => panic!("recorded without an error:\n{graph}"),
    }
}

#[test]
fn an_error_names_the_line_once_and_poison_is_silent() {
    let line = line!() + 3;
    let found = errors(|| {
        let (x, y) = (Tensor::from([1.0, 2.0]), Tensor::from([1.0, 2.0, 3.0]));
        let z = x * y;
        (z + 1.0).exp().sum() + z.at(7)
    });
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].loc.line, found[0].loc.file.as_ref()), (line, file!()));
    assert!(matches!(found[0].kind, ErrorKind::Broadcast { op: "mul", .. }));
}

#[test]
fn two_mistakes_are_both_reported() {
    let found = errors(|| {
        let x = Tensor::from([1.0, 2.0]);
        (x + Tensor::from([1.0, 2.0, 3.0])).sum() + x.at(5)
    });
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn a_handle_that_outlives_its_trace_is_caught() {
    let mut leaked = None;
    let recorded = record(|| {
        leaked = Some(Tensor::from(1.0));
        vec![]
    });
    assert!(recorded.is_ok());
    let found = errors(|| leaked.map(|t| t + 1.0).unwrap_or_else(|| Tensor::from(0.0)));
    assert!(matches!(found[0].kind, ErrorKind::Leaked { .. }), "{found:?}");
}

#[test]
fn tensors_outside_any_trace_are_reported_by_the_next_one() {
    let orphan = Tensor::from(1.0) + 2.0;
    let found = errors(|| orphan);
    assert!(found.iter().all(|e| matches!(e.kind, ErrorKind::NoTrace { .. })), "{found:?}");
    assert!(record(|| vec![Tensor::from(1.0)]).is_ok(), "the error is reported once");
}

#[test]
fn a_panic_in_user_code_leaves_the_thread_usable() {
    let caught = std::panic::catch_unwind(|| record(|| panic!("in the model")).is_ok());
    assert!(caught.is_err());
    assert!(record(|| vec![Tensor::from(1.0)]).is_ok());
}

#[test]
fn literals_take_the_type_of_what_they_meet() -> anyhow::Result<()> {
    let graph = record(|| {
        let single = Tensor::from(Array::from([1.0f32]));
        let integer = Tensor::from(Array::from([1i32]));
        vec![
            single * 2.0,
            integer + 1i64,
            integer * 0.5,
            1.0 - single,
            integer + single,
            Tensor::from(3i64) * 0.5,
        ]
    })?;
    let types: Vec<String> = interpret(&graph, &[])?.iter().map(|a| a.ty().to_string()).collect();
    assert_eq!(types, ["f32[1]", "i32[1]", "f64[1]", "f32[1]", "f32[1]", "f64[]"]);
    Ok(())
}

#[test]
fn types_without_a_common_one_are_an_error() {
    let found = errors(|| Tensor::from(Array::from([1u64])) + Tensor::from(Array::from([1i64])));
    assert!(found[0].to_string().contains("u64 and i64 have no common element type"), "{}", found[0]);
}

/// Uses a tensor of the model that is no parameter: it becomes a capture.
struct Shifted {
    by: Tensor,
}

impl Distribution for Shifted {
    fn name(&self) -> String {
        "Shifted".into()
    }
    fn params(&self) -> Vec<Param> {
        vec![]
    }
    fn support(&self) -> Support {
        constraints::real()
    }
    fn log_prob(&self, value: Tensor) -> Tensor {
        -(value - self.by).square()
    }
}

#[test]
fn regions_capture_what_they_read() -> anyhow::Result<()> {
    let model = |_: &()| {
        let mu = sample("mu", Normal::new(0.0, 1.0));
        sample("x", Shifted { by: mu * 2.0 });
    };
    let program = Program::trace(model, &())?;
    let pure = program.resolve(pyroxene_ir::passes::Query::LogDensity, &mut |_, _| {})?;
    let density = interpret(&pure, &[Array::from(1.5), Array::from(4.0)])?[0].to_f64_vec()[0];
    let normal = -0.5 * 1.5f64.powi(2) - 0.5 * (2.0 * std::f64::consts::PI).ln();
    assert!((density - (normal - 1.0)).abs() < 1e-15, "found {density}");
    Ok(())
}

/// Its density does not type-check.
struct Broken;

impl Distribution for Broken {
    fn name(&self) -> String {
        "Broken".into()
    }
    fn params(&self) -> Vec<Param> {
        vec![]
    }
    fn support(&self) -> Support {
        constraints::real()
    }
    fn log_prob(&self, _value: Tensor) -> Tensor {
        Tensor::from([1.0, 2.0]) + Tensor::from([1.0, 2.0, 3.0])
    }
}

#[test]
fn an_error_inside_a_distribution_names_the_site_and_both_lines() {
    let line = line!() + 1;
    let found = errors(|| sample("x", Broken));
    let text = found[0].to_string();
    assert!(text.starts_with(&format!("{}:{line}:", file!())), "{text}");
    assert!(text.contains("site `x`: at ") && text.contains("do not broadcast"), "{text}");
}

#[test]
fn jit_compiles_once_for_each_structure() -> anyhow::Result<()> {
    let runs = std::cell::Cell::new(0);
    let double = jit(|x: &Tensor| {
        runs.set(runs.get() + 1);
        *x * 2.0
    });
    assert_eq!(double.call(&Array::from([1.0, 2.0]))?.to_f64_vec(), [2.0, 4.0]);
    assert_eq!(double.call(&Array::from([3.0, 4.0]))?.to_f64_vec(), [6.0, 8.0]);
    assert_eq!(runs.get(), 1);
    assert_eq!(double.call(&Array::from([1.0f32]))?.dtype(), DType::F32);
    assert_eq!(runs.get(), 2);
    Ok(())
}

#[test]
fn a_draw_without_a_seed_says_so() {
    let found = eval(|| sample("x", Normal::new(0.0, 1.0)));
    let text = found.err().map(|e: Error| e.to_string()).unwrap_or_default();
    assert!(text.contains("site `x`") && text.contains("seed"), "{text}");
}
