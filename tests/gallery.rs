//! The gallery against posteriordb's records: log densities and gradients, through XLA and through the interpreter.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    fs,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use pyroxene::{
    Array, Bound,
    gallery::{Entry, GALLERY},
    ir::{Graph, eval::eval, passes::Query},
    jit,
    prelude::*,
};
use serde_json::Value;

/// One row of a record: a point, and what CmdStan or stanli gives there.
struct Point {
    label: String,
    rtol: f64,
    x: Vec<f64>,
    log_density: f64,
    gradient: Vec<f64>,
}

fn record(entry: &Entry) -> Value {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/posteriordb/{}.json", entry.name));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn points(record: &Value) -> Vec<Point> {
    let checks = std::iter::once(&record["gradient_check"]).chain(record["extra_checks"].as_array().unwrap());
    let point = |check: &Value| Point {
        label: check["label"].as_str().unwrap_or("point 0").to_string(),
        rtol: check["rtol"].as_f64().unwrap(),
        x: floats(&check["x"]),
        log_density: check["log_density_propto"].as_f64().unwrap(),
        gradient: floats(&check["gradient"]),
    };
    checks.map(point).collect()
}

/// Log density and gradient by one engine.
type Engine<'a> = (&'static str, &'a dyn Fn(&[f64]) -> (f64, Vec<f64>));

/// Holds an engine against every point: gradients by the record's own tolerance, log densities by their differences
/// from the first point, since records leave constants out.
fn compare(engine: &Engine<'_>, points: &[Point]) -> Result<(), String> {
    let (name, evaluate) = engine;
    let found: Vec<(f64, Vec<f64>)> = points.iter().map(|p| evaluate(&p.x)).collect();
    for (point, (log_density, gradient)) in points.iter().zip(&found) {
        let at = format!("{name}, {}", point.label);
        assert_eq!(gradient.len(), point.gradient.len(), "{at}");
        let largest = point.gradient.iter().fold(0.0, |m: f64, g| m.max(g.abs()));
        for (i, (g, r)) in gradient.iter().zip(&point.gradient).enumerate() {
            let tolerance = point.rtol * r.abs().max(1e-3 * largest);
            let near = (g - r).abs() <= tolerance;
            if !near {
                return Err(format!("{at}: gradient[{i}] is {g}, expected {r} ± {tolerance:e}"));
            }
        }
        let (difference, expected) = (log_density - found[0].0, point.log_density - points[0].log_density);
        let size = point.log_density.abs().max(points[0].log_density.abs());
        let tolerance = 1e-10 * size;
        let near = (difference - expected).abs() <= tolerance;
        if !near {
            return Err(format!(
                "{at}: the log density differs from that of point 0 by {difference}, expected {expected} ± {tolerance:e}"
            ));
        }
    }
    Ok(())
}

fn through_xla(bound: &Bound, x: &[f64]) -> (f64, Vec<f64>) {
    let (potential, gradient) = bound.potential_and_gradient(x).unwrap();
    (-potential, gradient.iter().map(|g| -g).collect())
}

fn through_interpreter(graph: &Graph, data: &[Array], x: &[f64]) -> (f64, Vec<f64>) {
    let arguments: Vec<Array> = data.iter().cloned().chain([Array::from(x)]).collect();
    let results = eval(graph, &arguments).unwrap();
    (-results[0].to_f64_vec()[0], results[1].to_f64_vec().iter().map(|g| -g).collect())
}

/// The kinds of the record's parameters, and how many coordinates each has.
fn kinds(record: &Value) -> Vec<(String, usize)> {
    let kind = |p: &Value| {
        let (kind, size) =
            (p["constraint"]["kind"].as_str().unwrap(), floats(&p["shape"]).iter().product::<f64>());
        (kind.to_string(), size as usize - usize::from(kind == "simplex"))
    };
    record["parameters"].as_array().unwrap().iter().map(kind).collect()
}

/// A simplex as the record has it: the softmax of logarithms whose differences from the mean of those before are the
/// coordinates, up to a factor each (the isometric log-ratio).
fn simplex(u: Tensor) -> Tensor {
    let number = (Tensor::arange(u.dim(0)) + 1).convert(DType::F64);
    let w = u / (number * (number + 1.0)).sqrt();
    let later = w.cumsum_reverse(0).pad(&[(0, 1, 0)], 0.0);
    (later - (number * w).pad(&[(1, 0, 0)], 0.0)).softmax(0)
}

/// Our coordinates of the point that has the coordinates `x` in the record, and how far the record's log-Jacobian is above
/// ours. They differ for simplexes, which NumPyro breaks off a stick, and for positive ordered vectors, where it
/// takes the exponentials of an ordered vector: both go through the values.
fn our_coordinates(kinds: &[(String, usize)], x: Tensor) -> (Tensor, Tensor) {
    let (mut ours, mut above, mut from) = (Vec::new(), Tensor::from(0.0), 0);
    for (kind, count) in kinds {
        let u = x.at(from..from + count);
        from += count;
        let (values, log_jacobian, support) = match kind.as_str() {
            "simplex" => (simplex(u), simplex(u).log().sum(), constraints::simplex()),
            "positive_ordered" => (u.exp().cumsum(0), u.sum(), constraints::positive_ordered_vector()),
            _ => {
                ours.push(u);
                continue;
            }
        };
        let bijector = support.bijector().unwrap();
        let own = bijector.inverse(values);
        above = above + log_jacobian - bijector.log_abs_det_jacobian(own, values);
        ours.push(own);
    }
    (Tensor::concatenate(&ours), above)
}

/// An engine's log density and gradient at the record's coordinates, and by these.
fn translated(
    record: &Value,
    evaluate: impl Fn(&[f64]) -> (f64, Vec<f64>),
) -> impl Fn(&[f64]) -> (f64, Vec<f64>) {
    let kinds = kinds(record);
    let same = !kinds.iter().any(|(kind, _)| kind == "simplex" || kind == "positive_ordered");
    // Our coordinates, and what is added to the log density; its gradient by `x` where ours has the gradient `g`.
    let there = jit(move |(x, g): &(Tensor, Tensor)| {
        let density = |x: &Tensor| {
            let (ours, above) = our_coordinates(&kinds, *x);
            (ours * *g).sum() + above
        };
        let (ours, above) = our_coordinates(&kinds, *x);
        (ours, above, grad(density)(x))
    });
    move |x: &[f64]| {
        if same {
            return evaluate(x);
        }
        let call = |g: &[f64]| there.call(&(Array::from(x), Array::from(g))).unwrap();
        let (ours, above, _) = call(x);
        let (log_density, gradient) = evaluate(&ours.to_f64_vec());
        (log_density + above.to_f64_vec()[0], call(&gradient).2.to_f64_vec())
    }
}

fn check(entry: &Entry) -> Result<(), String> {
    let record = record(entry);
    let points = points(&record);
    assert!(points.len() >= 2, "differences need two points");
    let bound = entry.bind().map_err(|e| e.to_string())?;
    parameters_are_the_record_s(&bound, &record)?;
    let graph = bound.program().resolve(Query::PotentialAndGradient, &mut |_, _| {}).unwrap();
    compare(&("XLA", &translated(&record, |x| through_xla(&bound, x))), &points)?;
    let interpreted = translated(&record, |x| through_interpreter(&graph, bound.data(), x));
    compare(&("interpreter", &interpreted), &points)
}

/// Latent sites have the record's names, shapes and order; what it derives is there too.
fn parameters_are_the_record_s(bound: &Bound, record: &Value) -> Result<(), String> {
    let named = |list: &Value| -> Vec<(String, Vec<usize>)> {
        let shape = |p: &Value| floats(&p["shape"]).iter().map(|n| *n as usize).collect();
        list.as_array().unwrap().iter().map(|p| (p["name"].as_str().unwrap().to_string(), shape(p))).collect()
    };
    let layout = bound.program().layout();
    let latent: Vec<_> = layout.iter().map(|c| (c.name.clone(), c.ty.dims.to_vec())).collect();
    let computed = bound.outputs().into_iter().filter(|o| !o.is_sample);
    let computed: Vec<_> = computed.map(|o| (o.name, o.ty.dims.to_vec())).collect();
    let expected = (named(&record["parameters"]), named(&record["derived"]));
    let found = (latent, computed);
    if found != expected {
        return Err(format!("latent and computed values are {found:?}, expected {expected:?}"));
    }
    let (dimension, expected) = (bound.dimension(), record["dimension"].as_u64().unwrap() as usize);
    if dimension != expected {
        return Err(format!("a position has {dimension} coordinates, expected {expected}"));
    }
    Ok(())
}

/// Every model in one test, on as many threads as there are cores, so that a list of names cannot fall behind the gallery.
#[test]
fn every_model_agrees_with_its_record() {
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(entry) = GALLERY.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(failure) = check(entry) {
                failures.lock().unwrap().push(format!("{}: {failure}", entry.name));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn names_are_distinct_and_each_record_has_a_model() {
    let mut names: Vec<&str> = GALLERY.iter().flat_map(Entry::names).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
    let records = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/posteriordb");
    let records = fs::read_dir(records).unwrap().map(|file| file.unwrap().path());
    let records = records.filter(|path| path.extension().is_some_and(|e| e == "json"));
    let mut records: Vec<String> =
        records.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    records.sort_unstable();
    let mut posteriors: Vec<&str> = GALLERY.iter().map(|entry| entry.name).collect();
    posteriors.sort_unstable();
    assert_eq!(posteriors, records);
}
