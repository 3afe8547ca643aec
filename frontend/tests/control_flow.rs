//! Sites inside `scan` and `cond` against NumPyro: traces, densities and gradients of `tests/golden/control_flow.json`.
#![allow(clippy::panic, reason = "a test stops at the first surprise")]

mod common;

use std::path::Path;

use common::backend;
use indexmap::IndexMap;
use pyroxene_frontend::{
    Model as Recorder, Program,
    handlers::{SiteInfo, condition, mask, scale, seed, substitute, trace},
    prelude::*,
    record,
};
use pyroxene_ir::{
    Graph,
    eval::eval,
    passes::{self, Query},
    text, verify,
};
use serde_json::Value;

/// NumPyro's numbers come from XLA, ours from the interpreter: they differ by a few ulp of `erf_inv` and by the order of
/// sums; a recurrence of eight steps and a quotient of densities make 1e-11 of 1e-12.
const TOLERANCE: f64 = 1e-11;

fn y() -> Tensor {
    Tensor::from([0.5, -0.3, 1.2, 0.8, 2.1])
}

fn w() -> Tensor {
    Tensor::from([0.1, -0.4, 0.9, 1.1, 0.2, -0.6, 0.3, 0.7, 0.5, -1.2, 0.4, 2.0]).reshape(&[4, 3])
}

fn seen() -> Tensor {
    Tensor::from(Array::from([true, false, true, true, false]))
}

fn zero() -> Tensor {
    Tensor::from(0.0)
}

fn walk(x: &Tensor, y: Option<Tensor>) -> (Tensor, (Tensor, Tensor)) {
    let x = sample("x", Normal::new(*x, 0.7));
    let y = sample("y", Normal::new(x, 1.0).obs(y));
    (x, (x, y))
}

fn state_space() {
    let tau = sample("tau", HalfNormal::new(1.0));
    let x0 = sample("x0", Normal::new(0.0, 1.0));
    let (last, path) = scan(x0, y(), |x, y| {
        let x = sample("x", Normal::new(*x * 0.9, tau));
        sample("y", Normal::new(x, 0.5).obs(*y));
        (x, x)
    });
    deterministic("range", path.max() - path.min());
    sample("after", Normal::new(last, 1.0));
}

fn length_only() {
    let (_, (x, y)) = Scan::times(4).run(zero(), |x, ()| walk(x, None));
    deterministic("sum", x.sum() + y.sum());
}

fn reverse() {
    let (last, _) = Scan::over(y()).reverse().run(zero(), |x, y| walk(x, Some(*y)));
    deterministic("first", last);
}

fn volatility() {
    scan(Tensor::from(1.0), y(), |h, y| {
        let h = sample("h", LogNormal::new(h.log() * 0.8, 0.3));
        let u = sample("u", Uniform::new(0.0, h));
        sample("y", Normal::new(u, h).obs(*y));
        (h, ())
    });
}

fn plates() {
    let sigma = sample("sigma", HalfCauchy::new(1.0));
    scan(Tensor::from([0.0; 3]), w(), |x, w| {
        plate("n", 3, |_| {
            let x = sample("x", Normal::new(*x, sigma));
            plate("m", 2, |_| sample("z", Exponential::new(x.exp())));
            sample("w", Normal::new(x, 1.0).obs(*w));
            (x, ())
        })
    });
}

fn masked_inside() {
    scan(zero(), (y(), seen()), |x, (y, seen)| {
        let x = sample("x", Normal::new(*x, 0.7));
        mask(*seen, || sample("y", Normal::new(x, 1.0).obs(*y)));
        (x, ())
    });
}

fn masked_outside() {
    mask(seen(), || scale(2.5, || scan(zero(), y(), |x, y| walk(x, Some(*y)))));
}

fn masked_plate() {
    scan(Tensor::from([0.0; 3]), (w(), w().greater(0.0)), |x, (w, seen)| {
        plate("n", 3, |_| {
            let x = sample("x", Normal::new(*x, 1.0));
            mask(*seen, || scale(0.5, || sample("w", StudentT::new(4.0, x, 1.5).obs(*w))));
            (x, ())
        })
    });
}

fn named_inside() {
    scan(zero(), y(), |x, _| {
        let x = sample("x", Normal::new(*x, 0.7));
        deterministic("square", x.square());
        factor("penalty", x.square() * -0.1);
        (x, ())
    });
}

fn events() {
    scan(Tensor::from([1.0 / 3.0; 3]), y(), |p, y| {
        let p = sample("p", Dirichlet::new(*p * 3.0 + 1.0));
        let v = sample("v", MultivariateNormal::from_covariance_matrix(*y * p, Tensor::eye(3)));
        (p, v)
    });
}

fn discrete() {
    let transitions = Tensor::from([0.7, 0.3, 0.2, 0.8]).reshape(&[2, 2]);
    scan(Tensor::from(0i64), y(), |z, y| {
        let z = sample("z", CategoricalProbs::new(transitions.take(*z)));
        sample("y", Normal::new(Tensor::from([-1.0, 1.0]).take(z), 1.0).obs(*y));
        (z, z)
    });
}

fn two_scans() {
    let a = sample("a", Normal::new(0.0, 1.0));
    let (last, _) = scan(a, y(), |x, y| walk(x, Some(*y)));
    Scan::times(3).run((last / 3.0).exp(), |c, ()| {
        let c = sample("c", Gamma::new(*c + 1.0, 2.0));
        sample("d", Normal::new(c, 1.0));
        (c, ())
    });
    sample("b", Normal::new(last, 1.0));
}

fn autoregressive() {
    scan(zero(), y(), |past, y| {
        let y = sample("y", Normal::new(*past * 0.6, 1.0).obs(*y));
        (y, ())
    });
}

fn conditioned() {
    condition([("y", y())], || Scan::times(5).run(zero(), |x, ()| walk(x, None)));
}

fn substituted() {
    substitute([("x", y() / 2.0)], || scan(zero(), y(), |x, y| walk(x, Some(*y))));
}

fn forecast() {
    condition([("y", y())], || Scan::times(8).run(zero(), |x, ()| walk(x, None)));
}

fn branches() {
    let k = sample("k", Normal::new(0.0, 1.0));
    let x = cond(
        k.greater(0.0),
        || sample("x", Normal::new(20.0, k.square() + 1.0)),
        || sample("x", Normal::new(k, 2.0)),
    );
    sample("y", Normal::new(x, 1.0).obs(3.0));
}

fn branches_with_plates() {
    let s = sample("s", HalfNormal::new(1.0));
    let one = |loc: Tensor| {
        let x = plate("n", 3, |_| {
            let x = sample("x", Normal::new(loc, s));
            sample("w", Normal::new(x, 1.0).obs(w().at(0)));
            x
        });
        deterministic("mean", x.mean());
        x.sum()
    };
    let t = cond(s.less(0.7), || one(Tensor::from(1.0)), || one(-s));
    sample("t", Normal::new(t, 1.0));
}

fn cond_in_scan() {
    scan(zero(), y(), |x, y| {
        let x = cond(
            x.greater(0.0),
            || sample("x", Normal::new(*x - 1.0, 0.5)),
            || sample("x", Normal::new(*x + 1.0, 0.8)),
        );
        sample("y", Normal::new(x, 1.0).obs(*y));
        (x, ())
    });
}

type Model = fn();

const MODELS: [(&str, Model); 19] = [
    ("state_space", state_space),
    ("length_only", length_only),
    ("reverse", reverse),
    ("volatility", volatility),
    ("plates", plates),
    ("masked_inside", masked_inside),
    ("masked_outside", masked_outside),
    ("masked_plate", masked_plate),
    ("named_inside", named_inside),
    ("events", events),
    ("discrete", discrete),
    ("two_scans", two_scans),
    ("autoregressive", autoregressive),
    ("conditioned", conditioned),
    ("substituted", substituted),
    ("forecast", forecast),
    ("branches", branches),
    ("branches_with_plates", branches_with_plates),
    ("cond_in_scan", cond_in_scan),
];

fn golden() -> anyhow::Result<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/control_flow.json");
    Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
}

fn list(v: &Value) -> &[Value] {
    v.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn numbers(v: &Value) -> Vec<f64> {
    list(&v["values"]).iter().filter_map(|x| x.as_f64().or_else(|| x.as_bool().map(f64::from))).collect()
}

fn dims(v: &Value) -> Vec<usize> {
    list(&v["shape"]).iter().filter_map(Value::as_u64).map(|n| n as usize).collect()
}

fn close(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: found {found:?}, expected {expected:?}");
    for (x, y) in found.iter().zip(expected) {
        assert!(
            (x - y).abs() <= TOLERANCE * y.abs().max(1.0),
            "{what}: found {found:?}, expected {expected:?}"
        );
    }
}

/// The golden models with their Rust twins.
fn models() -> anyhow::Result<Vec<(Model, Value)>> {
    let golden = golden()?;
    let models = list(&golden["models"]);
    assert_eq!(models.len(), MODELS.len());
    let twin = |m: &Value| MODELS.iter().find(|(name, _)| m["name"] == *name).map(|(_, f)| (*f, m.clone()));
    models.iter().map(|m| twin(m).ok_or_else(|| anyhow::anyhow!("no model {}", m["name"]))).collect()
}

fn graph(f: fn()) -> anyhow::Result<Graph> {
    let graph = record(|| {
        f();
        Vec::new()
    })?;
    verify(&graph)?;
    assert_eq!(text::parse(&graph.to_string())?, graph, "the text form reads back");
    Ok(graph)
}

/// Evaluates a query, its values of sites being those of a golden trace.
fn answer(graph: &Graph, query: Query, sites: &Value, position: &[f64]) -> anyhow::Result<Vec<Array>> {
    let pure = passes::run(graph, query, &mut |_, _| {})?;
    let mut args = Vec::new();
    for v in pure.inputs() {
        let name = pure.input_of(*v).map(|i| i.name.clone()).unwrap_or_default();
        let ty = pure.ty(*v);
        if name == "position" {
            args.push(Array::from(position));
            continue;
        }
        let site = list(sites).iter().find(|s| s["name"] == *name);
        let value = &site.ok_or_else(|| anyhow::anyhow!("no value of {name}"))?["value"];
        assert_eq!(dims(value), ty.dims.as_slice(), "{name}");
        let values = numbers(value);
        let array = match ty.dtype {
            DType::I64 => Array::from(values.iter().map(|x| *x as i64).collect::<Vec<_>>()),
            _ => Array::from(values),
        };
        args.push(array.reshape(ty.dims.iter().copied())?);
    }
    Ok(eval(&pure, &args)?)
}

/// Every site of each model under two seeds: name, kind, shape, plates and value, and its log probability there.
#[test]
fn traces_are_numpyros() -> anyhow::Result<()> {
    for (f, golden) in models()? {
        for case in list(&golden["cases"]) {
            let what = format!("{} under seed {}", golden["name"], case["seed"]);
            let mut sites: IndexMap<String, SiteInfo> = IndexMap::new();
            let key = case["seed"].as_u64().unwrap_or_default();
            let traced = record(|| {
                (_, sites) = seed(key, || trace(f));
                let log_probs = sites.values().filter(|s| s.kind.is_sample()).map(|s| {
                    let scale = s.scale.unwrap_or(Tensor::from(1.0));
                    s.distribution
                        .as_ref()
                        .map_or(Tensor::from(f64::NAN), |d| (scale * d.log_prob(s.value)).sum())
                });
                let log_probs: Vec<Tensor> = log_probs.collect();
                sites.values().map(|s| s.value).chain(log_probs).collect()
            })?;
            verify(&traced)?;
            let results = eval(&passes::run(&traced, Query::Evaluate, &mut |_, _| {})?, &[])?;
            let expected = list(&case["sites"]);
            let names: Vec<&str> = expected.iter().filter_map(|s| s["name"].as_str()).collect();
            assert_eq!(sites.keys().collect::<Vec<_>>(), names, "{what}");
            let (values, log_probs) = results.split_at(sites.len());
            let mut log_probs = log_probs.iter();
            for ((site, value), row) in sites.values().zip(values).zip(expected) {
                let what = format!("{what}: {}", site.name);
                assert_eq!(value.dims(), dims(&row["value"]), "{what}");
                close(&value.to_f64_vec(), &numbers(&row["value"]), &what);
                assert_eq!(site.kind.is_sample(), row["kind"] == "sample", "{what}");
                if site.kind.is_sample() {
                    assert_eq!(Some(site.is_observed), row["observed"].as_bool(), "{what}");
                    let plates: Vec<Value> = site
                        .frames
                        .iter()
                        .map(|f| serde_json::json!([f.name, f.dim, f.size]))
                        .rev()
                        .collect();
                    assert_eq!(plates, list(&row["plates"]), "{what}");
                    let found = log_probs.next().map(Array::to_f64_vec).unwrap_or_default();
                    // A mask is no part of our distributions.
                    if !golden["name"].as_str().unwrap_or_default().starts_with("masked") {
                        close(&found, &[row["log_prob"].as_f64().unwrap_or(f64::NAN)], &what);
                    }
                }
            }
        }
    }
    Ok(())
}

#[test]
fn densities_are_numpyros() -> anyhow::Result<()> {
    for (f, golden) in models()? {
        let graph = graph(f)?;
        for case in list(&golden["cases"]) {
            let what = format!("{} under seed {}", golden["name"], case["seed"]);
            if let Some(expected) = case["log_density"].as_f64() {
                let found = answer(&graph, Query::LogDensity, &case["sites"], &[])?;
                close(&found[0].to_f64_vec(), &[expected], &what);
            }
            let Some(potential) = case.get("potential").filter(|p| !p.is_null()) else { continue };
            let position = numbers(&potential["position"]);
            let found = answer(&graph, Query::PotentialAndGradient, &case["sites"], &position)?;
            close(&found[0].to_f64_vec(), &[potential["value"].as_f64().unwrap_or(f64::NAN)], &what);
            close(&found[1].to_f64_vec(), &numbers(&potential["gradient"]), &format!("{what}: gradient"));
            let found = answer(&graph, Query::Constrain, &case["sites"], &position)?;
            let outputs = passes::outputs(&graph);
            let mut back = Vec::new();
            for row in list(&potential["constrained"]) {
                let at = outputs.iter().position(|o| row["name"] == *o.name);
                let at = at.ok_or_else(|| anyhow::anyhow!("{what}: no output {}", row["name"]))?;
                close(&found[at].to_f64_vec(), &numbers(&row["value"]), &format!("{what}: {}", row["name"]));
                back.push(serde_json::json!({
                    "name": row["name"], "value": {"shape": found[at].dims(), "values": found[at].to_f64_vec()}
                }));
            }
            let found = answer(&graph, Query::Unconstrain, &Value::from(back), &[])?;
            close(&found[0].to_f64_vec(), &position, &format!("{what}: unconstrained"));
        }
    }
    Ok(())
}

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
        assert!(place.starts_with("frontend/tests/control_flow.rs:"), "the user's line: {place}");
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
    let before = bound.backend().stats().compiles;
    let program = recorded.trace(&data)?.condition(&["x"])?;
    let known = program.bind(&data, bound.backend())?.given(&[("x", Array::from(x))])?;
    assert_eq!(known.dimension(), 1);
    let (same, slope) = known.potential_and_gradient(&position[..1])?;
    assert!((same - value).abs() < 1e-12 && (slope[0] - gradient[0]).abs() < 1e-12, "{same} {slope:?}");
    assert_eq!(bound.backend().stats().compiles, before, "real supports are pinned");
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

/// On XLA: a key is split as NumPyro's `seed` does, a loop and a choice in it too, and given values change no other draw.
#[test]
fn compiled_draws_are_numpyros() -> anyhow::Result<()> {
    for (f, golden) in
        models()?.into_iter().filter(|(_, m)| m["name"] == "cond_in_scan" || m["name"] == "two_scans")
    {
        let case = &golden["cases"][1];
        let bound = Recorder::new(move |(): &()| f()).bind_on(&(), &backend()?)?;
        let draws = bound.draws(case["seed"].as_u64().unwrap_or_default())?;
        for (output, draw) in bound.outputs().iter().zip(draws) {
            let row = list(&case["sites"]).iter().find(|s| s["name"] == *output.name);
            let row = row.ok_or_else(|| anyhow::anyhow!("no site {}", output.name))?;
            close(
                &draw.to_f64_vec(),
                &numbers(&row["value"]),
                &format!("{}: {}", golden["name"], output.name),
            );
        }
    }
    let program = Recorder::new(|(): &()| length_only()).trace(&())?.substitute(&["x"])?;
    let open = program.bind(&(), &backend()?)?;
    let noise = |x: [f64; 4]| -> anyhow::Result<Vec<f64>> {
        let bound = open.given(&[("x", Array::from(x))])?;
        let at = bound.outputs().iter().position(|o| o.name == "y").ok_or_else(|| anyhow::anyhow!("no y"))?;
        Ok(bound.draws(3)?[at].to_f64_vec().iter().zip(x).map(|(y, x)| y - x).collect())
    };
    close(&noise([0.0; 4])?, &noise([1.0, -2.0, 3.0, 10.0])?, "noise");
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
