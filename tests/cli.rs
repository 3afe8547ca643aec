//! The command from outside: what it prints, and that each failure is one clear message and exit code 1.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    ffi::OsStr,
    fs,
    io::Read,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

fn pyroxene<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pyroxene"));
    command.args(args);
    command
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// The standard output of a command that succeeds.
fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output).to_string()
}

/// Ends with code 1 and one message on stderr that holds every one of `parts`.
fn fails(command: &mut Command, parts: &[&str]) {
    let output = command.output().unwrap();
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert_eq!(message.matches("error: ").count(), 1, "{message}");
    assert!(!message.contains("panicked"), "{message}");
    for part in parts {
        assert!(message.contains(part), "no `{part}` in: {message}");
    }
}

/// Without the plugins and pips of whoever runs the tests.
fn bare(data: &Path, args: &[&str]) -> Command {
    let mut command = pyroxene(args);
    for name in
        ["PYROXENE_BACKEND", "PYROXENE_PLUGIN", "PYROXENE_PLUGIN_INSTALL", "PJRT_NAMES_AND_LIBRARY_PATHS"]
    {
        command.env_remove(name);
    }
    command.env("PYROXENE_DATA_DIR", data);
    command
}

/// The names of everything below a directory, but of locks.
fn left(directory: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut names = Vec::new();
    for entry in entries.map(Result::unwrap) {
        if entry.path().is_dir() {
            names.extend(left(&entry.path()));
        } else if entry.file_name() != ".lock" {
            names.push(entry.path().display().to_string());
        }
    }
    names
}

#[test]
fn gallery_lists_every_model() {
    let list = succeeds(&mut pyroxene(["gallery"]));
    for entry in pyroxene::gallery::GALLERY {
        assert!(list.contains(entry.name) && list.contains(entry.about), "{list}");
    }
}

#[test]
fn check_prints_the_record_s_numbers() {
    let path = "tests/golden/posteriordb/eight_schools-eight_schools_centered.json";
    let record = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let record: Value = serde_json::from_str(&record).unwrap();
    let record = &record["gradient_check"];
    let numbers = |v: &Value| v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect::<Vec<_>>();
    let at: Vec<String> = numbers(&record["x"]).iter().map(|x| format!("{x:?}")).collect();
    let printed =
        succeeds(&mut pyroxene(["check", "eight_schools_centered", &format!("--at={}", at.join(","))]));
    let printed: Value = serde_json::from_str(&printed).unwrap();
    assert!(printed["log_density"].as_f64().unwrap().is_finite());
    let (found, expected) = (numbers(&printed["gradient"]), numbers(&record["gradient"]));
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0.0, |m: f64, g| m.max(g.abs()));
    let rtol = record["rtol"].as_f64().unwrap();
    for (g, r) in found.iter().zip(&expected) {
        assert!((g - r).abs() <= rtol * r.abs().max(1e-3 * largest), "{g} {r}");
    }
}

#[test]
fn check_speaks_of_what_is_not_finite() {
    let printed = succeeds(&mut pyroxene(["check", "kidiq", "--at=nan,0,0"]));
    assert!(printed.starts_with("{\"log_density\": NaN, \"gradient\": ["), "{printed}");
}

#[test]
fn check_explains_where_numbers_cease_to_be_finite() {
    let explain = |at: &str| succeeds(&mut pyroxene(["check", "kidiq", "--explain", at]));
    let finite = explain("--at=1,0.5,2");
    assert!(finite.ends_with("the log density and its gradient are finite\n"), "{finite}");
    let overflow = explain("--at=1,0,800");
    let lines: Vec<&str> = overflow.lines().collect();
    assert_eq!(lines[1], "the log density is -inf", "{overflow}");
    assert!(lines[2].contains("kidscore_momiq.rs:"), "{overflow}");
    assert!(lines[2].ends_with(": site `sigma`: `exp` of 800 is inf"), "{overflow}");
    let position = explain("--at=nan,0,0");
    assert!(position.ends_with("`input position` is NaN at index [0]\n"), "{position}");
}

#[test]
fn compile_shows_every_stage() {
    let emit = |what| succeeds(&mut pyroxene(["compile", "eight_schools", "--emit", what]));
    let sites = emit("sites");
    for part in
        ["theta_trans", "latent", "HalfCauchy", "observed", "deterministic", "school[8] at -1", "0..8"]
    {
        assert!(sites.contains(part), "no `{part}` in: {sites}");
    }
    let ir = emit("ir");
    let parsed = pyroxene::ir::text::parse(&ir).unwrap();
    assert_eq!(parsed.to_string(), ir);
    assert!(emit("hlo").starts_with("HloModule potential_and_gradient"));
    let stats = emit("stats");
    assert!(stats.contains("on CPUs with 1 of its parts as one kernel each"), "{stats}");
    for part in ["recorded", "resolve_sites", "vjp", "dce", "HLO instructions", "XLA"] {
        assert!(stats.contains(part), "no `{part}` in: {stats}");
    }
}

#[test]
fn stages_before_the_device_need_no_plugin() {
    let data = TempDir::new().unwrap();
    for what in ["sites", "ir", "hlo"] {
        succeeds(bare(data.path(), &["compile", "radon", "--emit", what]).env("PATH", ""));
    }
    assert_eq!(left(data.path()), [""; 0]);
}

#[test]
fn a_pass_shows_what_it_made() {
    let after = |pass| {
        let ir = succeeds(&mut pyroxene(["compile", "eight_schools", "--emit=ir", "--pass", pass]));
        pyroxene::ir::text::parse(&ir).unwrap()
    };
    let ends = |graph: &pyroxene::ir::Graph| (graph.sites().count() > 0, graph.outputs().len());
    assert_eq!(
        ["resolve_masks", "resolve_sites", "vjp"].map(after).each_ref().map(ends),
        [(true, 0), (false, 1), (false, 2)]
    );
    fails(&mut pyroxene(["compile", "kidiq", "--emit=ir", "--pass=vjq"]), &["--pass vjq", "vjp, fold"]);
    fails(&mut pyroxene(["compile", "kidiq", "--emit=hlo", "--pass=vjp"]), &["--pass goes with --emit ir"]);
}

#[test]
fn dumps_are_numbered_chosen_and_timed() {
    let directory = TempDir::new().unwrap();
    let dump = |name: &str, variables: &[(&str, &str)]| {
        let into = directory.path().join(name);
        let mut command = pyroxene(["compile", "kidiq", "--emit=hlo"]);
        succeeds(command.env("PYROXENE_DUMP", &into).envs(variables.iter().copied()));
        let mut files: Vec<String> = fs::read_dir(&into)
            .unwrap()
            .map(|f| f.unwrap().file_name().into_string().unwrap().replace("potential_and_gradient", "q"))
            .collect();
        files.sort();
        let timings = fs::read_to_string(into.join("000-potential_and_gradient-timings.txt")).unwrap();
        (files, timings)
    };
    let (files, timings) = dump("all", &[]);
    for (i, stage) in ["traced.ir", "resolve_plates.ir", "resolve_masks.ir"].iter().enumerate() {
        assert_eq!(files[i], format!("000-q-{i:02}-{stage}"));
    }
    let stages: Vec<&str> = timings.lines().map(|l| l.split_whitespace().nth(1).unwrap()).collect();
    assert_eq!(
        (stages.first(), stages.last(), stages.len() + 1),
        (Some(&"traced"), Some(&"kernels"), files.len())
    );
    assert_eq!(timings.lines().filter(|l| l.contains(" ms ")).count(), stages.len() - 1, "{timings}");

    let (files, timings) = dump(
        "some",
        &[
            ("PYROXENE_DUMP_PASS", "^(vjp|lowered)$"),
            ("PYROXENE_DISABLE_PASS", "fold"),
            ("PYROXENE_PASS_LIMIT", "0"),
        ],
    );
    let places = |stage: &str| stages.iter().position(|s| *s == stage).unwrap();
    let expected = [
        format!("000-q-{:02}-vjp.ir", places("vjp")),
        format!("000-q-{:02}-lowered.hlo", places("lowered")),
        "000-q-timings.txt".into(),
    ];
    assert_eq!(files, expected);
    let row = |stage: &str| timings.lines().find(|l| l.contains(stage)).unwrap().to_string();
    assert!(row("fold").contains("left out"), "{timings}");
    assert!(row("dce").contains("beyond the limit"), "{timings}");
    assert!(row("legalize").contains(" ms "), "{timings}");
}

#[test]
fn passes_that_cannot_be_left_out() {
    let compile = |variable, value| {
        let mut command = pyroxene(["compile", "kidiq", "--emit=hlo"]);
        command.env(variable, value);
        command
    };
    for (pass, part) in [("resolve_sites", "cannot be left out"), ("legalise", "there is no pass")] {
        let parts = ["PYROXENE_DISABLE_PASS", part, pass, "fold, ", "dce"];
        fails(&mut compile("PYROXENE_DISABLE_PASS", pass), &parts);
    }
    fails(&mut compile("PYROXENE_PASS_LIMIT", "x"), &["PYROXENE_PASS_LIMIT is `x`, expected number"]);
    fails(
        &mut compile("PYROXENE_DUMP_PASS", "["),
        &["PYROXENE_DUMP_PASS is `[`, expected regular expression"],
    );
}

#[test]
fn inspect_tells_shapes_dependencies_and_plates() {
    let data = TempDir::new().unwrap();
    let inspect = |args: &[&str]| {
        let args = [&["inspect"], args].concat();
        succeeds(bare(data.path(), &args).env("PATH", ""))
    };
    let printed = inspect(&["eight_schools"]);
    for part in ["Trace Shapes:\n", "school plate 8 |", "log_prob 8 |", "theta_trans, mu, tau", "school  8"] {
        assert!(printed.contains(part), "no `{part}` in: {printed}");
    }
    let found: Value = serde_json::from_str(&inspect(&["eight_schools", "--json"])).unwrap();
    assert_eq!(found["is_valid"], true);
    assert_eq!(found["dependencies"]["prior_dependencies"]["y"]["tau"], serde_json::json!([]));
    assert_eq!(
        found["relations"]["plate_sample"]["school"],
        serde_json::json!(["theta_trans", "theta", "y"])
    );
    assert_eq!(found["plates"][0]["dim"], -1);
    let theta = found["sites"].as_array().unwrap().iter().find(|s| s["name"] == "theta_trans").unwrap();
    assert_eq!((&theta["distribution"], &theta["shape"]), (&"Normal".into(), &serde_json::json!([8])));
    // Its flat priors have no draws.
    let printed = inspect(&["kidiq"]);
    assert!(printed.contains("warning: src/gallery/kidscore_momiq.rs:"), "{printed}");
}

#[test]
fn render_draws_with_nothing_installed() {
    let directory = TempDir::new().unwrap();
    let file = |name: &str| directory.path().join(name);
    let render = |name: &str| {
        let mut command = bare(directory.path(), &["render", "eight_schools", "--distributions", "-o"]);
        command.arg(file(name)).env("PATH", "");
        command
    };
    assert_eq!(succeeds(&mut render("m.svg")), format!("wrote {}\n", file("m.svg").display()));
    let svg = fs::read_to_string(file("m.svg")).unwrap();
    for part in ["<svg ", ">school (8)</text>", ">tau ~ HalfCauchy</text>", "stroke-dasharray", "</svg>"] {
        assert!(svg.contains(part), "no `{part}` in: {svg}");
    }
    succeeds(render("m.dot").arg("--quiet"));
    assert!(fs::read_to_string(file("m.dot")).unwrap().contains("\"tau\" -> \"theta\""));
    fails(&mut render("m.png"), &["m.png", "end it in .svg, or in .dot for Graphviz"]);
    fails(&mut render("no/m.svg"), &["no/m.svg"]);
}

#[test]
fn sample_prints_a_table_and_writes_a_file() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("posterior.json");
    let sample = || {
        let mut command =
            pyroxene(["sample", "kidiq", "--chains=2", "--warmup=200", "--draws=50", "--seed=3", "--out"]);
        command.arg(&file);
        (succeeds(&mut command), fs::read_to_string(&file).unwrap())
    };
    let (printed, written) = sample();
    for part in ["cpu", "seed", "3", "trace", "compile", "sampling", "leapfrog", "beta[0]", "sigma", "r_hat"]
    {
        assert!(printed.contains(part), "no `{part}` in: {printed}");
    }
    let groups: Value = serde_json::from_str(&written).unwrap();
    let beta = groups["posterior"]["beta"].as_array().unwrap();
    assert_eq!((beta.len(), beta[0].as_array().unwrap().len()), (2, 50));
    assert_eq!(groups["sample_stats"]["diverging"].as_array().unwrap().len(), 2);
    assert_eq!(left(directory.path()), [file.display().to_string()]);
    assert_eq!(sample().1, written, "one seed gives the same draws");
}

#[test]
fn unknown_models_and_coordinates() {
    fails(
        &mut pyroxene(["sample", "eight_school"]),
        &["unknown model `eight_school`, did you mean `eight_schools`?"],
    );
    fails(&mut pyroxene(["check", "x", "--at=0"]), &["unknown model `x`; `pyroxene gallery` lists"]);
    fails(&mut pyroxene(["compile", "", "--emit=ir"]), &["unknown model ``"]);
    fails(&mut pyroxene(["check", "kidiq", "--at=0,one,2"]), &["--at: coordinate 1 is `one`"]);
    let parts = ["found 2 coordinates, expected 3 for kidiq-kidscore_momiq: beta (2), sigma (1)"];
    fails(&mut pyroxene(["check", "kidiq", "--at=-1,2"]), &parts);
}

#[test]
fn settings_out_of_range() {
    fails(&mut pyroxene(["sample", "kidiq", "--chains=0"]), &["chains"]);
    fails(&mut pyroxene(["sample", "kidiq", "--draws=0"]), &["draws"]);
    fails(&mut pyroxene(["sample", "kidiq", "--warmup=18446744073709551615"]), &["warmup", "at most 2^53"]);
}

#[test]
fn an_unwritable_file_is_told_before_sampling_and_nothing_is_left() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("no/such/directory/posterior.json");
    let sample = |out: &Path| {
        let mut command = pyroxene(["sample", "kidiq", "--warmup=10", "--draws=10", "--out"]);
        command.arg(out);
        command
    };
    fails(&mut sample(&file), &["no/such/directory"]);
    let taken = TempDir::with_suffix(".json").unwrap();
    fails(&mut sample(taken.path()), &[taken.path().to_str().unwrap(), "this is a directory"]);
    fails(&mut sample(&directory.path().join("draws.txt")), &["draws.txt", ".json, .zarr, .parquet or .csv"]);
    if cfg!(target_os = "linux") {
        for path in ["/dev/full", "/proc/posterior.json", "/proc/posterior.zarr"] {
            fails(&mut sample(Path::new(path)), &[path, "nothing was drawn"]);
        }
    }
    assert_eq!(left(directory.path()), [""; 0]);
}

#[test]
fn plugins_that_are_missing_or_none() {
    let data = TempDir::new().unwrap();
    let sample = || bare(data.path(), &["sample", "kidiq"]);
    fails(
        sample().env("PYROXENE_PLUGIN", "/nonexistent/plugin.so"),
        &["/nonexistent/plugin.so", "PYROXENE_PLUGIN"],
    );
    let text = data.path().join("plugin.so");
    fs::write(&text, "this is no shared library").unwrap();
    fails(sample().env("PYROXENE_PLUGIN", &text), &[text.to_str().unwrap(), "PYROXENE_PLUGIN"]);
    // This program is no library either, and half of it is not even a program.
    let program = Path::new(env!("CARGO_BIN_EXE_pyroxene"));
    fails(sample().env("PYROXENE_PLUGIN", program), &[program.to_str().unwrap(), "PYROXENE_PLUGIN"]);
    let whole = fs::read(program).unwrap();
    fs::write(&text, &whole[..whole.len() / 2]).unwrap();
    fails(sample().env("PYROXENE_PLUGIN", &text), &["cut short", "PYROXENE_PLUGIN"]);
}

#[test]
fn no_plugin_and_no_way_to_get_one() {
    let root = TempDir::new().unwrap();
    let data = root.path().join("data");
    let sample = || bare(&data, &["sample", "kidiq"]);
    fails(sample().env("PATH", ""), &["no pip was found", "PYROXENE_PLUGIN"]);
    assert_eq!(left(&data), [""; 0]);
    fails(sample().env("PYROXENE_PLUGIN_INSTALL", "never"), &["PYROXENE_PLUGIN_INSTALL=never"]);
    fails(sample().env("PYROXENE_PLUGIN_INSTALL", "perhaps"), &["`perhaps`, expected auto|never"]);
    assert_eq!(left(&data), [""; 0]);
}

#[test]
fn doctor_tells_good_from_broken() {
    let cache = TempDir::new().unwrap();
    for (kept, run) in
        [("0 executables", "compiled and ran"), ("1 executable,", "loaded from the cache and ran")]
    {
        let good = succeeds(pyroxene(["doctor"]).env("PYROXENE_CACHE", cache.path()));
        for part in ["plugin", "device", "C API", kept, run, "PYROXENE_DATA_DIR"] {
            assert!(good.contains(part), "no `{part}` in: {good}");
        }
    }
    let data = TempDir::new().unwrap();
    let mut broken = bare(data.path(), &["doctor"]);
    broken.env("PATH", "").env("PYROXENE_PLUGINS", "x");
    fails(&mut broken, &["2 of the checks"]);
    let report = stdout(&broken.output().unwrap()).to_string();
    assert!(report.contains("PYROXENE_PLUGINS set, but no variable is called so"), "{report}");
    let mut unknown = bare(data.path(), &["doctor"]);
    unknown.env("PYROXENE_BACKEND", "xla");
    fails(&mut unknown, &["1 of the checks"]);
    let report = stdout(&unknown.output().unwrap()).to_string();
    assert!(report.contains("no backend is called `xla`"), "{report}");
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let mut child = pyroxene(["compile", "radon", "--emit", "ir"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 16];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""));
}

#[test]
fn usage() {
    for subcommand in ["sample", "check", "compile", "inspect", "render", "gallery", "doctor", "env"] {
        assert!(succeeds(&mut pyroxene([subcommand, "--help"])).contains("Usage:"));
    }
    let output = pyroxene(["sample"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("<MODEL>"));
    let output = pyroxene(["sample", "eight_schools", "--seed", "-1"]).output().unwrap();
    assert!(stderr(&output).contains("invalid value '-1' for '--seed <SEED>'"), "{}", stderr(&output));
}

#[test]
fn a_guide_is_fitted_and_its_draws_predict() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("wells.json");
    let path = path.to_str().unwrap();
    let args = ["fit", "wells", "--guide", "auto_normal", "--steps", "3000", "--json", "--out", path];
    let fit: Value = serde_json::from_str(&succeeds(&mut pyroxene(args))).unwrap();
    assert_eq!((&fit["guide"], &fit["steps"]), (&"auto_normal".into(), &3000.into()));
    assert!(fit["avg_loss"].as_f64().unwrap() < fit["init_loss"].as_f64().unwrap());
    assert!(fit["sites"].as_array().unwrap().iter().all(|row| row["mean"].is_string()));
    let predicted = ["predict", "wells", "--posterior", path, "--json", "--quiet"];
    let predicted: Value = serde_json::from_str(&succeeds(&mut pyroxene(predicted))).unwrap();
    assert_eq!((&predicted["from"], &predicted["draws"]), (&"posterior".into(), &1000.into()));
    fails(&mut pyroxene(["fit", "wells", "--steps", "0"]), &["--steps is 0, expected at least 1"]);
    fails(
        &mut pyroxene(["fit", "wells", "--step-size", "1e300"]),
        &["step ", "help: take a smaller step size"],
    );
}
