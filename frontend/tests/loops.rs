//! Sites inside `scan` and `cond` where NumPyro has nothing to compare with: nesting, recorded programs, misuse.
#![allow(clippy::panic, reason = "a test stops at the first surprise")]

mod common;
mod loop_models;

use common::backend;
use loop_models::*;
use pyroxene_frontend::{
    Model as Recorder, Program,
    handlers::{condition, mask, seed, substitute, trace},
    prelude::*,
    record,
};
use pyroxene_ir::{
    Graph,
    eval::eval,
    passes::{self, Query},
};
use serde_json::Value;

fn errors(f: Model) -> Vec<String> {
    match Program::trace(|(): &()| f(), &()) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.0.iter().map(ToString::to_string).collect(),
    }
}

/// What each misuse says after its place.
#[test]
fn misuses_are_named() {
    let cases: [(Model, &str); 7] = [
        (
            || {
                plate("n", 3, |_| scan(zero(), y(), |x, y| walk(x, Some(*y))));
            },
            "scan: the function calls primitives, and the plate `n` is around it; help: move the plate into the function: \
             `plate(\"n\", 3, |_| ..)` around the sites there",
        ),
        (
            || {
                scan(zero(), y(), |x, _| (*x + param("b", 1.0), ()));
            },
            "site `b`: `param` is called inside a function given to `scan`; help: call it before, and let the function use \
             its value",
        ),
        (
            || {
                sample("x", Normal::new(0.0, 1.0));
                scan(zero(), y(), |x, y| walk(x, Some(*y)));
            },
            "site `x`: the name is already used",
        ),
        (
            || {
                cond(
                    zero().less(1.0),
                    || sample("a", Normal::new(0.0, 1.0)),
                    || sample("b", Normal::new(0.0, 1.0)),
                );
            },
            "site `b`: cond: branch 0 has this site and branch 1 has not; help: every branch declares the same sites: give \
             the other one too",
        ),
        (
            || {
                cond(
                    zero().less(1.0),
                    || sample("a", Normal::new(0.0, 1.0)),
                    || sample("a", Laplace::new(0.0, 1.0)),
                );
            },
            "site `a`: cond: the site is f64[] Laplace of f64[], f64[] on f64[] in branch 0 and f64[] Normal of f64[], \
             f64[] on f64[] in branch 1; help: one distribution of parameters of the same shapes, both observed or \
             neither; broadcast them, or use two names and `select`",
        ),
        (
            || {
                condition([("x", [1.0; 7])], || scan(zero(), y(), |x, y| walk(x, Some(*y))));
            },
            "site `x`: scan: the value given from outside has shape [7]; help: give a value for each of the 5 iterations \
             along the first dimension, or for the first of them, each of 0 dimensions",
        ),
        (
            || {
                Scan::over(y()).checkpoint(2).run(zero(), |x, y| walk(x, Some(*y)));
            },
            "site `x`: a primitive is called inside a function given to `scan with checkpoints`; help: call it outside and \
             let the function use its value",
        ),
    ];
    for (f, expected) in cases {
        let found = errors(f);
        assert!(found.first().is_some_and(|e| e.contains(expected)), "expected {expected}\nfound {found:#?}");
        let place = found[0].split(": ").next().unwrap_or_default();
        assert!(place.starts_with("frontend/tests/loop"), "the user's line: {place}");
    }
}

fn nested() {
    let s = sample("s", HalfNormal::new(1.0));
    scan(zero(), w(), |x, w| {
        let x = sample("x", Normal::new(*x, s));
        let (last, _) = scan(x, *w, |z, w| {
            let z = sample("z", LogNormal::new(*z, 0.5));
            sample("w", Normal::new(z, 1.0).obs(*w));
            (z, ())
        });
        (last * 0.1, ())
    });
}

/// The same model, loops unrolled by hand into plain sites.
fn unrolled() {
    let s = sample("s", HalfNormal::new(1.0));
    let mut x = zero();
    for i in 0..4i64 {
        x = sample(&format!("x{i}"), Normal::new(x, s));
        let mut z = x;
        for j in 0..3i64 {
            z = sample(&format!("z{i}{j}"), LogNormal::new(z, 0.5));
            sample(&format!("w{i}{j}"), Normal::new(z, 1.0).obs(w().at(i).at(j)));
        }
        x = z * 0.1;
    }
}

/// A loop in a loop against the same sites one by one: NumPyro has none to compare with.
#[test]
fn loops_nest() -> anyhow::Result<()> {
    let (loops, plain) = (graph(nested)?, graph(unrolled)?);
    let names = |g: &Graph| {
        passes::layout(g).iter().map(|c| (c.name.clone(), c.unconstrained.len())).collect::<Vec<_>>()
    };
    assert_eq!(names(&loops), [("s".into(), 1), ("x".into(), 4), ("z".into(), 12)]);
    let position: Vec<f64> = (0..17).map(|i| 0.3 * (i as f64 * 1.7).sin()).collect();
    // s, then of each step x and three z.
    let order: Vec<usize> = std::iter::once(0)
        .chain((0..4).flat_map(|i| std::iter::once(1 + i).chain((0..3).map(move |j| 5 + 3 * i + j))))
        .collect();
    let twin: Vec<f64> = order.iter().map(|i| position[*i]).collect();
    let found = answer(&loops, Query::PotentialAndGradient, &Value::Null, &position)?;
    let expected = answer(&plain, Query::PotentialAndGradient, &Value::Null, &twin)?;
    close(&found[0].to_f64_vec(), &expected[0].to_f64_vec(), "potential");
    let gradient = found[1].to_f64_vec();
    close(&order.iter().map(|i| gradient[*i]).collect::<Vec<_>>(), &expected[1].to_f64_vec(), "gradient");
    Ok(())
}

/// On XLA: a recorded program conditioned on sites inside, its checks, initial positions and draws.
#[test]
fn recorded_programs_take_values_inside() -> anyhow::Result<()> {
    fn model(y: &Tensor) {
        let tau = sample("tau", HalfNormal::new(1.0));
        scan(zero(), *y, |x, y| {
            let x = sample("x", Normal::new(*x, tau));
            sample("y", Exponential::new(x.exp()).obs(*y));
            (x, ())
        });
    }
    let data = Array::from([0.5, 0.3, 1.2, 0.8]);
    let recorded = Recorder::new(model);
    let bound = recorded.bind_on(&data, &backend()?)?;
    let x = [0.1, -0.2, 0.4, 0.3];
    let values = [("tau", Array::from(0.7)), ("x", Array::from(x))];
    let joint = bound.log_density(&values)?;
    let position = bound.unconstrain(&values)?;
    let (value, gradient) = bound.potential_and_gradient(&position)?;
    // The transform of `tau` is the exponential: its Jacobian is `tau`.
    assert!((value + joint + 0.7f64.ln()).abs() < 1e-12, "{value} {joint}");
    let before = bound.backend().stats().made();
    let program = recorded.trace(&data)?.condition(&["x"])?;
    let known = program.bind(&data, bound.backend())?.given(&[("x", Array::from(x))])?;
    assert_eq!(known.dimension(), 1);
    let (same, slope) = known.potential_and_gradient(&position[..1])?;
    assert!((same - value).abs() < 1e-12 && (slope[0] - gradient[0]).abs() < 1e-12, "{same} {slope:?}");
    assert_eq!(bound.backend().stats().made(), before, "real supports are pinned");
    // An observation inside another, given from outside, replaces the data there.
    let program = recorded.trace(&data)?.condition(&["y"])?;
    let other = program.bind(&data, bound.backend())?.given(&[("y", Array::from([1.0; 4]))])?;
    let reference = recorded.bind_on(&Array::from([1.0; 4]), bound.backend())?;
    assert!((other.log_density(&values)? - reference.log_density(&values)?).abs() < 1e-12);

    let (graph, mut args) = bound.initial(15, false, &[("tau".to_string(), Array::from(0.7))])?;
    args.extend([Array::from(vec![0.25; 5]), pyroxene_ir::threefry::key_from_seed(1)]);
    let start = eval(&graph, &args)?[0].to_f64_vec();
    close(&start, &[0.7f64.ln(), 0.25, 0.25, 0.25, 0.25], "an initial position");

    let wrong = recorded.bind_on(&Array::from([0.5, -0.3, 1.2, 0.8]), bound.backend());
    let message = wrong.err().map(|e| e.to_string()).unwrap_or_default();
    assert!(message.contains("site `y`") && message.contains("[1]") && message.contains("-0.3"), "{message}");
    let nan = recorded.bind_on(&Array::from([0.5, f64::NAN, 1.2, 0.8]), bound.backend());
    assert!(nan.is_err(), "NaN among observed values");
    Ok(())
}

/// Blocked sites have values and neither densities nor names; a mask that is off leaves no trace of what is masked.
#[test]
fn sites_inside_can_be_hidden_and_masked() -> anyhow::Result<()> {
    fn hidden() {
        let total = seed(0, || handlers::hide(["x"], || scan(zero(), y(), |x, y| walk(x, Some(*y))).0));
        sample("z", Normal::new(total, 1.0));
    }
    let program = graph(hidden)?;
    let outputs: Vec<String> = passes::outputs(&program).into_iter().map(|o| o.name).collect();
    assert_eq!(outputs, ["z"]);
    fn masked() {
        let bad = Tensor::from([0.5, f64::NAN, 1.2, 0.8, f64::INFINITY]);
        mask(Tensor::from(Array::from([true, false, true, true, false])), || {
            scan(zero(), bad, |_, y| {
                (sample("y", Normal::new(sample("m", Normal::new(0.0, 1.0)), 1.0).obs(*y)), ())
            })
        });
    }
    let found =
        answer(&graph(masked)?, Query::PotentialAndGradient, &Value::Null, &[0.1, 0.2, 0.3, 0.4, 0.5])?;
    let numbers = [found[0].to_f64_vec(), found[1].to_f64_vec()].concat();
    assert!(numbers.iter().all(|x| x.is_finite()), "{numbers:?}");
    Ok(())
}

/// The values that handlers around a loop give, whatever is between.
#[test]
fn handlers_reach_inside() -> anyhow::Result<()> {
    let close_to = |f: &dyn Fn() -> Vec<Tensor>| -> anyhow::Result<()> {
        let pure = passes::run(&record(f)?, Query::Evaluate, &mut |_, _| {})?;
        for pair in eval(&pure, &[])?.chunks(2) {
            close(&pair[0].to_f64_vec(), &pair[1].to_f64_vec(), "given");
        }
        Ok(())
    };
    // Replayed latent sites have the values of the trace; an observed one stays as it is.
    close_to(&|| {
        let (_, first) = seed(1, || trace(two_scans));
        let (_, again) = seed(0, || trace(|| handlers::replay(&first, two_scans)));
        ["a", "x", "c", "d", "b", "y"].iter().flat_map(|n| [again[*n].value, first[*n].value]).collect()
    })?;
    // Names inside are those that the handler sees of the sites outside.
    close_to(&|| {
        let walk = || scan(zero(), y(), |x, y| walk(x, Some(*y))).1.0;
        let x = condition([("out/in/x", y() * 2.0)], || {
            handlers::scope("out", || condition([("in/x", y())], || handlers::scope("in", walk)))
        });
        vec![x, y() * 2.0]
    })?;
    // One value for all iterations of a loop in a loop, and of a choice in a loop.
    close_to(&|| {
        let z = w() * 0.3 + 1.0;
        let (_, sites) = seed(0, || trace(|| condition([("z", z)], nested)));
        let (_, chosen) = seed(0, || trace(|| substitute([("x", y())], cond_in_scan)));
        vec![sites["z"].value, z, chosen["x"].value, y()]
    })
}

/// Loops of no iterations, derivatives around loops, and what is not finite inside one.
#[test]
fn edges_have_an_answer() -> anyhow::Result<()> {
    fn model(y: &Tensor) {
        let start = sample("start", Normal::new(0.0, 1.0));
        let (last, _) = scan(start, *y, |x, y| {
            let x = sample("x", Normal::new(*x, 1.0));
            sample("y", Normal::new(x.sqrt(), 1.0).obs(*y));
            (x, ())
        });
        deterministic("last", last);
    }
    let recorded = Recorder::new(model);
    let none = recorded.bind_on(&Array::from(Vec::<f64>::new()), &backend()?)?;
    assert_eq!(none.dimension(), 1);
    let (value, gradient) = none.potential_and_gradient(&[0.5])?;
    assert!(
        (value - 0.125 - 0.918_938_533_204_672_7).abs() < 1e-12 && gradient == [0.5],
        "{value} {gradient:?}"
    );
    let two = recorded.bind_on(&Array::from([0.1, 0.2]), none.backend())?;
    assert!(two.explain(&[0.1, 0.4, 0.9])?.is_none());
    let found = two.explain(&[0.1, 0.4, -0.9])?.ok_or_else(|| anyhow::anyhow!("all is finite"))?;
    assert!(found.to_string().contains("frontend/tests/loops.rs"), "{found}");
    let inside = errors(|| {
        pyroxene_frontend::grad(|x: &Tensor| scan(*x, y(), |x, y| walk(x, Some(*y))).0)(&zero());
    });
    assert!(inside.first().is_some_and(|e| e.contains("a function given to `grad`")), "{inside:?}");
    Ok(())
}

/// Iterations are no plate; what else has no plate around it is still told.
#[test]
fn iterations_need_no_plate() -> anyhow::Result<()> {
    let told = |f| Ok::<_, anyhow::Error>(passes::lints(&graph(f)?).len());
    assert_eq!([told(plates)?, told(nested)?, told(cond_in_scan)?], [0, 0, 0]);
    fn bare() {
        scan(zero(), w(), |x, w| (sample("x", Normal::new(*w + *x, 1.0)).sum(), ()));
    }
    assert_eq!(told(bare)?, 1);
    Ok(())
}
