//! Comparison of a recorded model with its golden record, aspect by aspect.

use std::panic::{AssertUnwindSafe, catch_unwind};

use indexmap::IndexMap;
use pyroxene_frontend::{
    Array, Hint, Program, Tensor,
    handlers::{SiteInfo, SiteType, seed, substitute, trace},
    inspect::format_shapes,
    record, spec,
};
use pyroxene_ir::{
    eval::eval,
    passes::{self, Lint, LintKind, Query},
};
use serde_json::Value;

use crate::{
    Twin,
    apart::APART,
    golden::{self, array, dims, list, number, numbers, text},
};

const SEED: u64 = 3;

/// NumPyro's draws come from XLA, ours from the interpreter: they differ by its `erf_inv` and `tan` (a few ulp, 1e-12
/// where a uniform is within 1e-7 of one), and log densities by summation order.
const TOLERANCE: f64 = 1e-12;

type Sites = IndexMap<String, SiteInfo>;
type Verdict = Result<(), String>;

/// A model as it was drawn under the seed.
struct Run {
    sites: Sites,
    values: Vec<Array>,
    /// The scales of the sites that have one, in order.
    scales: Vec<Option<Array>>,
    /// The table of shapes.
    table: String,
}

/// What is compared, by name.
type Aspect = (&'static str, fn(&Value, &Run, fn()) -> Verdict);

const ASPECTS: &[Aspect] = &[
    ("names", |case, run, _| names(case, run)),
    ("sites", |case, run, _| each(case, run, site)),
    ("scales", scales),
    ("values", |case, run, _| each(case, run, values)),
    ("log_probs", |case, _, f| log_probs(case, f)),
    ("shapes", shapes),
    ("dependencies", |case, _, f| dependencies(case, f)),
    ("relations", |case, _, f| relations(case, f)),
    ("warnings", |case, _, f| warnings(case, f)),
];

/// Holds every golden case of a theme against its twin, or against the list of what is apart.
pub(crate) fn theme(theme: &str, twins: &[Twin]) {
    let cases = golden::cases(theme);
    let mut wrong = Vec::new();
    for case in &cases {
        let name = text(&case["name"]);
        let left_out = APART.iter().any(|(model, aspect, _)| *model == name && *aspect == "twin");
        match (twins.iter().find(|(twin, _)| *twin == name), left_out) {
            (Some((_, f)), false) => wrong.extend(compare(case, name, *f)),
            (None, true) => {}
            (Some(_), true) => wrong.push(format!("{name}: has a twin and a reason why it has none")),
            (None, false) => wrong.push(format!("{name}: has no twin")),
        }
    }
    let known = |name: &str| cases.iter().any(|c| c["name"] == name);
    wrong.extend(twins.iter().filter(|t| !known(t.0)).map(|(name, _)| format!("{name}: no golden case")));
    assert!(wrong.is_empty(), "{theme}: {} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// The aspects that are not as recorded and not apart, and those that are apart and yet as recorded.
fn compare(case: &Value, name: &str, f: fn()) -> Vec<String> {
    let apart = |aspect: &str| APART.iter().find(|(m, a, _)| *m == name && *a == aspect);
    let run = match (catch_unwind(AssertUnwindSafe(|| draw(f))), apart("recording")) {
        (Ok(Ok(run)), None) => run,
        (Ok(Err(_)), Some(_)) => return vec![],
        (Ok(Ok(_)), Some(_)) => return vec![format!("{name}: recording: recorded, so it is apart no more")],
        (Ok(Err(error)), None) => return vec![format!("{name}: {error}")],
        (Err(_), _) => return vec![format!("{name}: panicked")],
    };
    let verdict = |(aspect, holds): &Aspect| match (holds(case, &run, f), apart(aspect)) {
        (Ok(()), None) | (Err(_), Some(_)) => None,
        (Err(found), None) => Some(format!("{name}: {aspect}: {found}")),
        (Ok(()), Some(_)) => Some(format!("{name}: {aspect}: as in NumPyro, so it is apart no more")),
    };
    ASPECTS.iter().filter_map(verdict).collect()
}

/// Draws every site, as a trace around the seed sees them.
fn draw(f: fn()) -> anyhow::Result<Run> {
    let (mut sites, mut table) = (Sites::new(), String::new());
    let graph = record(|| {
        (_, sites) = trace(|| seed(SEED, f));
        table = format_shapes(&sites).compute_log_prob(true).to_string();
        let scales = sites.values().filter_map(|s| s.scale);
        sites.values().map(|s| s.value).chain(scales).collect()
    })?;
    let pure = passes::run(&graph, Query::Evaluate, &mut |_, _| {})?;
    let mut values = eval(&pure, &[])?;
    let mut given = values.split_off(sites.len()).into_iter();
    let scales = sites.values().map(|s| s.scale.and_then(|_| given.next())).collect();
    Ok(Run { sites, values, scales, table })
}

fn close(found: &[f64], expected: &[f64]) -> Verdict {
    let near = |x: f64, y: f64| {
        (x - y).abs() <= TOLERANCE * y.abs().max(1.0) || x == y || (x.is_nan() && y.is_nan())
    };
    if found.len() == expected.len() && found.iter().zip(expected).all(|(x, y)| near(*x, *y)) {
        return Ok(());
    }
    Err(format!("found {found:?}, expected {expected:?}"))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Verdict {
    if found == expected { Ok(()) } else { Err(format!("{what}: found {found:?}, expected {expected:?}")) }
}

/// NumPyro's name of a kind of site: a factor is a sample of `Unit`.
fn kind(kind: SiteType) -> &'static str {
    match kind {
        SiteType::Sample | SiteType::Factor => "sample",
        SiteType::Param => "param",
        SiteType::Deterministic => "deterministic",
        SiteType::Mutable => "mutable",
        SiteType::Plate => "plate",
        _ => "other",
    }
}

fn names(case: &Value, run: &Run) -> Verdict {
    let expected: Vec<String> =
        golden::sites(case).iter().map(|s| format!("{} {}", text(&s["type"]), text(&s["name"]))).collect();
    let found = run.sites.iter().map(|(name, site)| format!("{} {name}", kind(site.kind)));
    same("sites", found.collect(), expected)
}

/// What the check says of each golden site.
fn each(case: &Value, run: &Run, check: fn(&Value, &SiteInfo, &Array) -> Verdict) -> Verdict {
    for expected in golden::sites(case) {
        let name = text(&expected["name"]);
        if !list(&expected["leaves"]).is_empty() {
            leaves(expected, name, run)?;
            continue;
        }
        let Some((at, _, info)) = run.sites.get_full(name) else { return Err(format!("no site `{name}`")) };
        check(expected, info, &run.values[at]).map_err(|found| format!("`{name}`: {found}"))?;
    }
    Ok(())
}

/// The leaves of a tree are sites of their own, in its order.
fn leaves(expected: &Value, name: &str, run: &Run) -> Verdict {
    let prefix = format!("{name}/");
    let own = run.sites.keys().zip(&run.values).filter(|(site, _)| site.starts_with(&prefix));
    let own: Vec<&Array> = own.map(|(_, value)| value).collect();
    let golden = list(&expected["leaves"]);
    same("leaves", own.len(), golden.len())?;
    for (found, golden) in own.iter().zip(golden) {
        same("shape", found.dims().to_vec(), dims(&golden["shape"]))?;
        close(&found.to_f64_vec(), &numbers(&golden["values"])).map_err(|e| format!("`{name}`: {e}"))?;
    }
    Ok(())
}

fn site(expected: &Value, info: &SiteInfo, value: &Array) -> Verdict {
    // A factor's value has no elements; ours has the batch's dimensions too.
    if !value.is_empty() {
        same("shape", value.dims().to_vec(), dims(&expected["shape"]))?;
    }
    if let Some(observed) = expected["observed"].as_bool() {
        same("observed", info.is_observed, observed)?;
    }
    let hints: Vec<(String, String)> = info.infer.iter().map(|(k, v)| (k.clone(), hint(v))).collect();
    let golden = expected["infer"].as_object().into_iter().flatten();
    let mut golden: Vec<(String, String)> = golden.map(|(k, v)| (k.clone(), v.to_string())).collect();
    golden.sort();
    same("hints", hints, golden)?;
    // Ours keeps no plates of a plate.
    if info.kind == SiteType::Plate {
        return Ok(());
    }
    // NumPyro lists the innermost plate first.
    let frames = info.frames.iter().rev().map(|f| (f.name.clone(), f.dim as f64, f.size as f64));
    let golden = list(&expected["frames"]).iter().map(|f| (text(&f[0]).into(), number(&f[1]), number(&f[2])));
    same("plates", frames.collect::<Vec<(String, f64, f64)>>(), golden.collect())
}

/// A hint as JSON writes it.
fn hint(hint: &Hint) -> String {
    match hint {
        Hint::Bool(b) => b.to_string(),
        Hint::Int(n) => n.to_string(),
        Hint::Text(s) => format!("{s:?}"),
        Hint::List(names) => {
            format!("[{}]", names.iter().map(|n| format!("{n:?}")).collect::<Vec<_>>().join(","))
        }
    }
}

/// The scales of sample sites, those of plates included.
fn scales(case: &Value, run: &Run, _: fn()) -> Verdict {
    for expected in golden::sites(case).iter().filter(|s| s["type"] == "sample") {
        let name = text(&expected["name"]);
        let Some(at) = run.sites.get_index_of(name) else { return Err(format!("no site `{name}`")) };
        let found = run.scales[at].as_ref().map_or(vec![1.0], Array::to_f64_vec);
        let golden = numbers(&expected["scale"]["values"]);
        close(&found, if golden.is_empty() { &[1.0] } else { &golden })
            .map_err(|e| format!("`{name}`: {e}"))?;
    }
    Ok(())
}

fn values(expected: &Value, _: &SiteInfo, value: &Array) -> Verdict {
    close(&value.to_f64_vec(), &numbers(&expected["values"]))
}

/// The values that NumPyro drew, of latent sites, parameters and plates.
fn drawn(case: &Value) -> Vec<(String, Tensor)> {
    let given = golden::sites(case).iter().filter(|s| {
        let latent = s["type"] == "sample" && s["observed"] == false;
        let subsampled = s["type"] == "plate" && s["subsample_size"].as_u64().is_some_and(|n| s["size"] != n);
        latent || subsampled
    });
    given.map(|s| (text(&s["name"]).to_string(), Tensor::from(array(s)))).collect()
}

/// The table of shapes, with those of log densities.
fn shapes(case: &Value, run: &Run, _: fn()) -> Verdict {
    same("table", run.table.as_str(), text(&case["shapes"]))
}

/// The program without a seed of its own, as NumPyro's inspection sees it.
fn program(f: fn()) -> Result<Program, String> {
    Program::trace(|_: &Tensor| f(), &spec(&Array::from(0.0))).map_err(|e| e.to_string())
}

fn json(x: impl serde::Serialize) -> Value {
    serde_json::to_value(x).unwrap()
}

fn dependencies(case: &Value, f: fn()) -> Verdict {
    let found = json(program(f)?.dependencies());
    for key in ["prior_dependencies", "posterior_dependencies"] {
        same(key, found[key].to_string(), case["dependencies"][key].to_string())?;
    }
    Ok(())
}

fn relations(case: &Value, f: fn()) -> Verdict {
    let mut found = json(program(f)?.relations());
    let mut golden = case["relations"].clone();
    for side in [&mut found, &mut golden] {
        // Ours says constraints in words, and of a wrapper what is in it.
        for told in side["param_constraint"].as_object_mut().into_iter().flatten() {
            *told.1 = Value::Null;
        }
        for told in side["sample_dist"].as_object_mut().into_iter().flatten() {
            *told.1 = text(told.1).split('(').next().unwrap_or_default().into();
        }
    }
    for side in [&mut found, &mut golden] {
        for params in side["sample_param"].as_object_mut().into_iter().flatten() {
            let mut names: Vec<String> = list(params.1).iter().map(|n| text(n).to_string()).collect();
            names.sort();
            *params.1 = json(names);
        }
    }
    for key in
        ["sample_sample", "sample_param", "sample_dist", "param_constraint", "plate_sample", "observed"]
    {
        same(key, found[key].to_string(), golden[key].to_string())?;
    }
    Ok(())
}

/// Batch dimensions that no plate covers, by site and in order.
fn warnings(case: &Value, f: fn()) -> Verdict {
    let dim = |lint: &Lint| match lint.kind {
        LintKind::MissingPlate { dim, .. } => Some(format!("dimension {dim} at site '{}'", lint.site)),
        _ => None,
    };
    let found: Vec<String> = passes::lints(program(f)?.graph()).iter().filter_map(dim).collect();
    let told =
        |w: &Value| text(w).split("batch ").nth(1).and_then(|w| w.split(". You").next()).map(String::from);
    same("missing plates", found, list(&case["warnings"]).iter().filter_map(told).collect())
}

/// The log density of each site at NumPyro's values, whatever ours are, before and after it is summed.
fn log_probs(case: &Value, f: fn()) -> Verdict {
    let (own, total) = densities(case, f).map_err(|e| e.to_string())?;
    for expected in golden::sites(case).iter().filter(|s| s["type"] == "sample") {
        let name = text(&expected["name"]);
        let Some(found) = own.get(name) else { return Err(format!("no log density of `{name}`")) };
        let golden = &expected["log_prob"];
        let what = |e: String| format!("`{name}`: {e}");
        same("shape", found.dims().to_vec(), dims(&golden["shape"])).map_err(what)?;
        close(&[found.to_f64_vec().iter().sum()], &[number(&golden["sum"])]).map_err(what)?;
    }
    close(&[total], &[number(&case["log_density"])])
}

/// The log densities by site, and that of the whole.
fn densities(case: &Value, f: fn()) -> anyhow::Result<(IndexMap<String, Array>, f64)> {
    let graph = record(|| {
        substitute(drawn(case), || seed(SEED, f));
        vec![]
    })?;
    let own = passes::run(&graph, Query::LogProbs, &mut |_, _| {})?;
    let names = passes::outputs_of(&graph, Query::LogProbs).into_iter().map(|o| o.name);
    let own = names.zip(eval(&own, &[])?).collect();
    let total = passes::run(&graph, Query::LogDensity, &mut |_, _| {})?;
    Ok((own, eval(&total, &[])?[0].to_f64_vec()[0]))
}
