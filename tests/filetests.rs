//! File tests: each `tests/filetests/<command>/*.ir` holds a command, a graph, and in comments what must come out.
//!
//! ```text
//! ; test: resolve_sites            the command
//! ; query: potential               what some commands need besides
//! ; Any other comment says why.
//! model {
//!   …
//! }
//! ; pure {                         the output, rewritten by BLESS=1
//! ```
//!
//! Commands: `parse` and `verify` print errors or `ok`; `roundtrip` wants the very text back; the name of a pass runs
//! that pass; `pipeline` runs them all; `give`, `uncondition`, `intervene`, `weigh`, `many`, `checks` and, for CPUs,
//! `blocked` and `kernels` run those; `run` evaluates in the interpreter and through XLA, which must agree. What a pass returns must pass the verifier.
#![allow(clippy::print_stderr, reason = "a test harness speaks on stderr")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use libtest_mimic::{Arguments, Failed, Trial};
use pyroxene_ir::{
    Array, DType, Graph, Phase,
    eval::eval,
    passes::{self, Dce, Legalize, Many, OneKernel, PIPELINE, Pass, Query, Settings, Weight},
    text::parse,
    verify,
};
use pyroxene_lowering::{kernels, lower};
use pyroxene_runtime::{Backend, CompileOptions, Input, Module, default_backend};

const QUERIES: [Query; 12] = [
    Query::Evaluate,
    Query::Function,
    Query::LogDensity,
    Query::Potential,
    Query::PotentialAndGradient,
    Query::Constrain,
    Query::Unconstrain,
    Query::Draws,
    Query::Predictive,
    Query::LogProbs,
    Query::LogLikelihood,
    Query::Trace,
];

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/filetests");
    let files = match find(&root) {
        Ok(files) => files,
        Err(e) => {
            eprintln!("{}: {e}", root.display());
            return ExitCode::FAILURE;
        }
    };
    let backend = backend(&args, &files);
    let mut trials: Vec<Trial> = files.iter().map(|file| trial(file, &backend)).collect();
    let cases: Vec<Case> = files.into_iter().map(|file| file.case).collect();
    trials.push(Trial::test("coverage", move || coverage(&cases)));
    libtest_mimic::run(&args, trials).exit_code()
}

/// A file and what it says.
struct File {
    path: PathBuf,
    name: String,
    case: Case,
}

/// The parts of a file.
#[derive(Clone)]
struct Case {
    text: String,
    /// `key: value` comments before the graph.
    header: Vec<(String, String)>,
    /// The lines of the graph, as a range of the file's lines.
    graph: (usize, usize),
    /// The comments after it, without their marks.
    expected: String,
}

fn find(root: &Path) -> io::Result<Vec<File>> {
    let mut files = Vec::new();
    for folder in fs::read_dir(root)? {
        let folder = folder?.path();
        for file in fs::read_dir(&folder)? {
            let path = file?.path();
            if path.extension().is_some_and(|e| e == "ir") {
                let name = path.strip_prefix(root).unwrap_or(&path).with_extension("").display().to_string();
                files.push(File { case: Case::read(fs::read_to_string(&path)?), path, name });
            }
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

impl Case {
    fn read(text: String) -> Case {
        let lines: Vec<&str> = text.lines().collect();
        let is_comment = |line: &&str| line.starts_with(';') || line.trim().is_empty();
        let start = lines.iter().position(|l| !is_comment(l)).unwrap_or(lines.len());
        let tail = lines[start..].iter().rev().take_while(|l| is_comment(l)).count();
        let end = lines.len() - tail;
        let header = lines[..start].iter().filter_map(|l| l.trim_start_matches(';').split_once(": "));
        let header = header.map(|(k, v)| (k.trim().to_string(), v.trim().to_string())).collect();
        let bare = |l: &&str| l.strip_prefix("; ").or(l.strip_prefix(';')).unwrap_or("").to_string();
        let expected = lines[end..].iter().map(bare).collect::<Vec<_>>().join("\n").trim().to_string();
        Case { header, graph: (start, end), expected, text }
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.header.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    fn command(&self) -> &str {
        self.get("test").unwrap_or("")
    }

    /// The file with this output in place of the expected one.
    fn blessed(&self, output: &str) -> String {
        let mut text = String::new();
        for line in self.text.lines().take(self.graph.1) {
            text.push_str(line);
            text.push('\n');
        }
        for line in output.trim().lines() {
            text.push_str(if line.is_empty() { ";" } else { "; " });
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    fn query(&self) -> Result<Query, Failed> {
        let name = self.get("query").unwrap_or("evaluate");
        let known = QUERIES.map(Query::name).join(", ");
        let query = QUERIES.into_iter().find(|q| q.name() == name);
        query.ok_or_else(|| format!("`; query: {name}` is none of {known}").into())
    }

    /// The graph; sound unless a test of the parser or the verifier says otherwise.
    fn graph(&self) -> Result<Graph, Failed> {
        let graph = parse(&self.text)?;
        verify(&graph)?;
        Ok(graph)
    }
}

/// The backend that `run` tests need, or why there is none.
type MaybeBackend = Result<Arc<dyn Backend>, String>;

fn backend(args: &Arguments, files: &[File]) -> MaybeBackend {
    if args.list || !files.iter().any(|f| f.case.command() == "run") {
        return Err("not asked for".into());
    }
    default_backend().map_err(|e| {
        eprintln!("the `run` tests are skipped (ignored): no plugin: {e}");
        e.to_string()
    })
}

fn trial(file: &File, backend: &MaybeBackend) -> Trial {
    let (case, path, backend) = (file.case.clone(), file.path.clone(), backend.clone());
    let skipped = case.command() == "run" && backend.is_err();
    let trial = Trial::test(file.name.clone(), move || check(&path, &case, &backend));
    if skipped { trial.with_kind("skipped: no plugin").with_ignored_flag(true) } else { trial }
}

fn check(path: &Path, case: &Case, backend: &MaybeBackend) -> Result<(), Failed> {
    let output = output(case, backend)?;
    let (expected, found) = (format!("{}\n", case.expected), format!("{}\n", output.trim()));
    if found == expected {
        return Ok(());
    }
    if std::env::var_os("BLESS").is_some_and(|v| v == "1") {
        return Ok(fs::write(path, case.blessed(&output))?);
    }
    Err(format!("{}\n{}", difference(&expected, &found), hint(path)).into())
}

fn hint(path: &Path) -> String {
    format!(
        "{}: if the new output is right, run the test again with BLESS=1 and look at the change",
        path.display()
    )
}

fn difference(expected: &str, found: &str) -> String {
    let diff = similar::TextDiff::from_lines(expected, found);
    diff.unified_diff().context_radius(3).header("expected", "found").to_string()
}

/// What the file's command prints.
fn output(case: &Case, backend: &MaybeBackend) -> Result<String, Failed> {
    match case.command() {
        "parse" => Ok(parse(&case.text).map_or_else(|e| e.to_string(), |_| "ok".into())),
        "verify" => Ok(verify(&parse(&case.text)?).map_or_else(|e| e.to_string(), |()| "ok".into())),
        "roundtrip" => roundtrip(case),
        "pipeline" => {
            let mut named = Vec::new();
            let run = passes::run(&case.graph()?, case.query()?, &mut |name, _| named.push(name.to_string()));
            printed(run.map_err(|e| e.to_string()), &format!("; {}\n", named.join(", ")))
        }
        "give" => {
            let names: Vec<&str> = case.get("give").unwrap_or("").split(", ").collect();
            let observed = case.get("observed") == Some("true");
            printed(passes::give(&case.graph()?, &names, observed).map_err(|e| e.to_string()), "")
        }
        "uncondition" => {
            let names: Option<Vec<&str>> = case.get("uncondition").map(|names| names.split(", ").collect());
            let made = passes::uncondition(&case.graph()?, names.as_deref());
            printed(made.map_err(|e| e.to_string()), "")
        }
        "intervene" => {
            let names: Vec<&str> = case.get("intervene").unwrap_or("").split(", ").collect();
            printed(passes::intervene(&case.graph()?, &names).map_err(|e| e.to_string()), "")
        }
        "trace" => {
            let list =
                |key| -> Vec<&str> { case.get(key).map(|l| l.split(", ").collect()).unwrap_or_default() };
            let replayed = passes::replay(&case.graph()?, &list("sites"), &list("plates"));
            let given = replayed.and_then(|graph| passes::give_params(&graph, None));
            let query = case.query()?;
            let pure = given.and_then(|graph| passes::Settings::default().pure(&graph, query));
            let pure = pure.and_then(|graph| Dce.run(&graph, query));
            printed(pure.map_err(|e| e.to_string()), "")
        }
        "weigh" => {
            let names: Option<Vec<&str>> = case.get("sites").map(|names| names.split(", ").collect());
            let weight = if case.get("weight") == Some("mask") { Weight::Mask } else { Weight::Scale };
            printed(passes::weigh(&case.graph()?, names.as_deref(), weight).map_err(|e| e.to_string()), "")
        }
        "many" => {
            let shared = case.get("shared").map(|names| names.split(", ").map(String::from).collect());
            let draws = case.get("draws").unwrap_or_default().parse()?;
            let how = Many { draws, shared: shared.unwrap_or_default(), ..Many::default() };
            let made = passes::many(&case.graph()?, case.query()?, &how);
            let made = made.and_then(|graph| Dce.run(&graph, Query::Evaluate));
            printed(made.map_err(|e| e.to_string()), "")
        }
        "blocked" => printed(passes::blocked(&case.graph()?).map_err(|e| e.to_string()), ""),
        "kernels" => {
            let made = kernels(&case.graph()?, OneKernel::Always)?.ok_or("there is nothing to gather")?;
            printed(Ok(made.graph), "")
        }
        "checks" => checks(case),
        "run" => run(case, backend),
        "" => Err("the file does not open with `; test: <command>`".into()),
        name => {
            let pass = PIPELINE.iter().find(|p| p.name() == name);
            let pass = pass.ok_or_else(|| format!("`; test: {name}` is neither a command nor a pass"))?;
            let (graph, query) = (case.graph()?, case.query()?);
            let made = pass.run(&graph, query);
            if !pass.finds(&graph) {
                // The manager leaves it out then.
                let made = made.clone()?;
                if Dce.run(&made, query)? != Dce.run(&graph, query)? {
                    return Err(format!("it finds nothing to change, and makes\n{made}").into());
                }
            }
            printed(made.map_err(|e| e.to_string()), "")
        }
    }
}

/// The graph's text after `heading`, or the error.
fn printed(result: Result<Graph, String>, heading: &str) -> Result<String, Failed> {
    match result {
        Err(e) => Ok(format!("error: {e}")),
        Ok(graph) => {
            verify(&graph)?;
            let text = graph.to_string();
            if parse(&text)? != graph {
                return Err(format!("the output does not parse to itself:\n{text}").into());
            }
            Ok(format!("{heading}{text}"))
        }
    }
}

fn roundtrip(case: &Case) -> Result<String, Failed> {
    let graph = case.graph()?;
    let lines: Vec<&str> = case.text.lines().collect();
    let text = format!("{}\n", lines[case.graph.0..case.graph.1].join("\n"));
    if graph.to_string() == text {
        return Ok(String::new());
    }
    Err(difference(&text, &graph.to_string()).into())
}

fn checks(case: &Case) -> Result<String, Failed> {
    let checks = passes::checks(&case.graph()?)?;
    let mut rows = String::new();
    for (i, row) in checks.rows.iter().enumerate() {
        let site = row.site.as_ref().map(|s| format!("site `{s}`: ")).unwrap_or_default();
        let loc = row.loc.as_ref().map(|l| format!(" @ {l}")).unwrap_or_default();
        writeln!(rows, "; row {i}: {site}{}: expected {}{loc}", row.subject, row.expected)?;
    }
    printed(Ok(checks.graph), &rows)
}

/// Evaluates the graph (a model: after the passes for the query) in the interpreter and through XLA.
fn run(case: &Case, backend: &MaybeBackend) -> Result<String, Failed> {
    let backend = backend.as_ref().map_err(|why| format!("no plugin: {why}"))?;
    let source = case.graph()?;
    let query = case.query()?;
    let mut resolved = source;
    if resolved.phase() == Phase::Model {
        let late = ["legalize", "dce"];
        for pass in Settings::default().passes(query).filter(|p| !late.contains(&p.name())) {
            resolved = pass.run(&resolved, query)?;
        }
    }
    let args = arguments(case, &resolved)?;
    let expected = eval(&resolved, &args)?;
    let found = through_xla(&**backend, &Legalize.run(&resolved, query)?, &args)?;
    let mut output = String::new();
    for (i, (e, f)) in expected.iter().zip(&found).enumerate() {
        agree(i, e, f)?;
        writeln!(output, "output {i}: {}", rounded(e))?;
    }
    Ok(output)
}

/// The header's `; input NAME: TYPE = LITERAL`, one for each input of the graph, in order.
fn arguments(case: &Case, graph: &Graph) -> Result<Vec<Array>, Failed> {
    let mut given = case.header.iter().filter(|(key, _)| key.starts_with("input "));
    let mut args = Vec::new();
    for v in graph.inputs() {
        let name = graph.input_of(*v).map_or("", |i| &i.name);
        let Some((key, value)) = given.next() else {
            return Err(format!("expected `; input {name}: {} = …`", graph.ty(*v)).into());
        };
        if key != &format!("input {name}") {
            return Err(format!("expected `; input {name}: …`, found `; {key}: …`").into());
        }
        let (ty, literal) =
            value.split_once(" = ").ok_or_else(|| format!("`{key}`: expected TYPE = LITERAL"))?;
        let constant = parse(&format!("pure {{\n%0: {ty} = constant {literal}\nreturn %0\n}}"))
            .map_err(|e| format!("`{key}`: {}", e.message))?;
        args.extend(eval(&constant, &[])?);
    }
    Ok(args)
}

fn through_xla(backend: &dyn Backend, graph: &Graph, args: &[Array]) -> Result<Vec<Array>, Failed> {
    let lowered = lower(graph, "filetest")?;
    let inputs = lowered.inputs.iter().map(|(name, ty)| Input::new(name.clone(), ty.clone())).collect();
    let outputs = lowered.outputs.clone();
    let module = Module { name: &lowered.name, hlo: &lowered.hlo, inputs, outputs };
    let executable = backend.compile(&module, &CompileOptions::default())?;
    let buffers = args.iter().map(|x| backend.upload(x)).collect::<Result<Vec<_>, _>>()?;
    let results = executable.run(&buffers.iter().collect::<Vec<_>>())?;
    Ok(results.iter().map(|r| r.to_array()).collect::<Result<Vec<_>, _>>()?)
}

/// XLA sums in another order and has its own transcendentals: a few dozen roundings apart in either precision.
fn agree(i: usize, interpreter: &Array, xla: &Array) -> Result<(), Failed> {
    let tolerance = if interpreter.dtype() == DType::F32 { 1e-5 } else { 1e-12 };
    let close = |x: f64, y: f64| {
        x == y || (x.is_nan() && y.is_nan()) || (x - y).abs() <= tolerance * x.abs().max(y.abs()).max(1e-3)
    };
    let (a, b) = (interpreter.to_f64_vec(), xla.to_f64_vec());
    let same = if interpreter.dtype().is_float() {
        interpreter.ty() == xla.ty() && a.into_iter().zip(b).all(|(x, y)| close(x, y))
    } else {
        interpreter == xla
    };
    if same { Ok(()) } else { Err(format!("output {i}: interpreter {interpreter:?}, XLA {xla:?}").into()) }
}

/// The array with ten digits of every float, which is what every platform's library functions agree on.
fn rounded(array: &Array) -> String {
    if !array.dtype().is_float() {
        return format!("{array:?}");
    }
    let digits = if array.dtype() == DType::F32 { 5 } else { 10 };
    let elements: Vec<String> = array.to_f64_vec().iter().map(|x| significant(*x, digits)).collect();
    format!("{} [{}]", array.ty(), elements.join(", "))
}

fn significant(x: f64, digits: usize) -> String {
    let rounded: f64 = format!("{x:.*e}", digits - 1).parse().unwrap_or(x);
    format!("{rounded:?}")
}

/// Every pass has two files or more, and every invariant that a text can break is broken by one.
fn coverage(cases: &[Case]) -> Result<(), Failed> {
    let mut files: BTreeMap<&str, usize> = BTreeMap::new();
    for case in cases {
        *files.entry(case.command()).or_default() += 1;
    }
    let commands = [
        "roundtrip",
        "parse",
        "verify",
        "run",
        "give",
        "uncondition",
        "intervene",
        "weigh",
        "many",
        "checks",
    ];
    let names = PIPELINE.iter().map(|p| p.name()).chain(commands);
    let bare: Vec<&str> = names.filter(|n| files.get(n).copied().unwrap_or(0) < 2).collect();
    if !bare.is_empty() {
        return Err(format!("fewer than two file tests: {}", bare.join(", ")).into());
    }
    // Graphs are built so that texts cannot break the others, which the verifier checks all the same.
    let by_construction = BTreeSet::from([1, 3, 4, 5, 6]);
    let verified = cases.iter().filter(|c| c.command() == "verify").map(|c| c.expected.as_str());
    let broken = verified.flat_map(|e| e.lines()).filter_map(|l| l.strip_prefix("invariant "));
    let broken: BTreeSet<u32> = broken.filter_map(|l| l.split(':').next()?.parse().ok()).collect();
    let missing: Vec<u32> =
        (1..=16).filter(|n| *n != 7 && !by_construction.contains(n) && !broken.contains(n)).collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(format!("no file test breaks invariants {missing:?}").into())
    }
}
