//! The command's sampling from outside: data from files, every format of draws, interruption, JSON, advice.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use pyroxene::Posterior;
use serde_json::Value;
use tempfile::TempDir;

fn pyroxene<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pyroxene"));
    command.args(args);
    command
}

fn succeeds(command: &mut Command) -> (String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let [stdout, stderr] = [stdout, stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(status.success(), "{stderr}");
    (stdout, stderr)
}

fn sample(out: &Path, more: &[&str]) -> Command {
    let mut command = pyroxene(["sample", "kidiq", "--chains=2", "--warmup=150", "--draws=60", "--out"]);
    command.arg(out).args(more);
    command
}

#[test]
fn every_format_holds_the_same_draws() {
    let directory = TempDir::new().unwrap();
    let draws = |name: &str| {
        let path = directory.path().join(name);
        succeeds(&mut sample(&path, &["--collect-warmup", "--quiet"]));
        let posterior = Posterior::load(&path).unwrap();
        let sites = posterior.sites().map(|s| s.values().to_vec()).collect::<Vec<_>>();
        (sites, posterior.stat("lp").unwrap().values().to_vec())
    };
    let json = draws("draws.json");
    for name in ["draws.zarr", "draws.parquet", "draws.csv"] {
        assert_eq!(draws(name), json, "{name}");
    }
    let zarr = directory.path().join("draws.zarr");
    for variable in
        ["posterior/beta", "observed_data/kid_score", "constant_data/mom_iq", "warmup_posterior/sigma"]
    {
        assert!(zarr.join(variable).join(".zarray").is_file(), "{variable}");
    }
}

#[test]
fn settings_reach_the_sampler() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("draws.csv");
    let settings = [
        "--thinning=3",
        "--target-accept=0.95",
        "--max-tree-depth=2",
        "--metric=low-rank",
        "--threads=1",
        "--init=median",
    ];
    succeeds(&mut sample(&path, &settings));
    let posterior = Posterior::load(&path).unwrap();
    assert_eq!((posterior.num_chains(), posterior.num_draws()), (2, 20));
    assert!(posterior.stat("tree_depth").unwrap().values().iter().all(|depth| *depth <= 2.0));
    let output = sample(&path, &["--target-accept=1.5"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("`target_accept_prob` is 1.5, expected a number between 0 and 1"), "{message}");
    let output = sample(&path, &["--engine=host-driven", "--chain-method=vectorized"]).output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("has no `ChainMethod::Vectorized`"), "{message}");
}

#[test]
fn data_come_from_files() {
    let directory = TempDir::new().unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let run = |path: &Path| {
        let mut command = pyroxene(["check", "wells", "--at=0.5,-0.1", "--data"]);
        command.arg(path);
        command
    };
    let json = file("two.json", r#"{"switched": [0, 1], "dist": [100, 10], "N": 2}"#);
    let csv = file("two.csv", "switched,dist\n0,100\n1,10\n");
    let ((from_json, note), (from_csv, nothing)) = (succeeds(&mut run(&json)), succeeds(&mut run(&csv)));
    assert_eq!(from_json, from_csv);
    assert_ne!(from_json, succeeds(&mut pyroxene(["check", "wells", "--at=0.5,-0.1"])).0);
    assert!(note.contains("two.json: the model does not read N"), "{note}");
    assert_eq!(nothing, "");
    for (path, expected) in [
        (
            file("bad.csv", "switched,distance\n1,100\n"),
            "bad.csv: the field `dist` is missing; there are switched, distance",
        ),
        (
            file("bad.json", r#"{"switched": [1], "dist": ["a"]}"#),
            "field `dist`: expected numbers or truth values",
        ),
        (file("data.txt", ""), "expected a file named .json, .npz or .csv"),
        (directory.path().join("none.json"), "none.json: No such file"),
    ] {
        let output = run(&path).output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(message.contains(expected), "no `{expected}` in: {message}");
    }
}

#[test]
fn results_are_json_on_request() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("draws.parquet");
    let parse =
        |text: &str| -> Value { serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}")) };
    let sampled = parse(&succeeds(&mut sample(&path, &["--json", "--seed=9"])).0);
    assert_eq!((&sampled["seed"], &sampled["interrupted"]), (&9.into(), &false.into()));
    let diagnosed = parse(&succeeds(pyroxene(["diagnose", "--json"]).arg(&path)).0);
    assert_eq!(sampled["summary"], diagnosed);
    assert_eq!(diagnosed["rows"][0]["name"], "beta[0]");
    for args in [
        &["gallery"][..],
        &["env"],
        &["doctor"],
        &["plugin", "list"],
        &["plugin", "path"],
        &["compile", "kidiq", "--emit=sites"],
        &["compile", "kidiq", "--emit=stats"],
    ] {
        parse(&succeeds(pyroxene(args).arg("--json")).0);
    }
    let refused = pyroxene(["compile", "kidiq", "--emit=hlo", "--json"]).output().unwrap();
    assert!(String::from_utf8(refused.stderr).unwrap().contains("--json goes with"));
}

#[test]
fn processes_share_a_cache_at_once() {
    let cache = TempDir::new().unwrap();
    let sample = || {
        let args = ["sample", "kidiq", "--chains=1", "--warmup=20", "--draws=20", "--json"];
        let mut command = pyroxene(args);
        command.env("PYROXENE_CACHE", cache.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let report = |output: Output| -> Value {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    // Which of them compiles what is left to chance; what they say and leave is not.
    let together = [(); 4].map(|()| sample().spawn().unwrap());
    let together = together.map(|child| report(child.wait_with_output().unwrap()));
    let made = |report: &Value, how: &str| report["executables"][how].as_u64().unwrap();
    let alone = report(sample().output().unwrap());
    let kept = fs::read_dir(cache.path().join("executables")).unwrap().count() as u64;
    assert_eq!((made(&alone, "compiled"), made(&alone, "from_disk")), (0, kept));
    for other in together {
        assert_eq!(other["summary"], alone["summary"]);
        assert_eq!(made(&other, "compiled") + made(&other, "from_disk"), kept);
    }
}

#[test]
fn a_second_start_compiles_nothing() {
    let (cache, data) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let draws = data.path().join("draws.zarr");
    let draws = draws.to_str().unwrap();
    let run = |args: &[&str]| succeeds(pyroxene(args).env("PYROXENE_CACHE", cache.path())).0;
    let parse = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
    let kept = || {
        // A command that runs no program makes no directory.
        let files = fs::read_dir(cache.path().join("executables")).into_iter().flatten().map(Result::unwrap);
        let state = |f: fs::DirEntry| (f.file_name(), f.metadata().unwrap().modified().unwrap());
        files.map(state).collect::<BTreeMap<_, _>>()
    };
    let sample = ["sample", "kidiq", "--chains=2", "--warmup=150", "--draws=60", "--json", "--out", draws];
    let made =
        |report: &Value| ["compiled", "from_disk"].map(|how| report["executables"][how].as_u64().unwrap());
    let (first, second) = (parse(&run(&sample)), parse(&run(&sample)));
    let programs = kept().len() as u64;
    assert!(programs > 1);
    assert_eq!((made(&first), made(&second)), ([programs, 0], [0, programs]));
    assert_eq!(first["summary"], second["summary"]);

    for args in [
        &["predict", "kidiq", "--posterior", draws][..],
        &["check", "eight_schools", "--at=0,0,0,0,0,0,0,0,0,0"],
        &["doctor"],
    ] {
        run(&["cache", "clear"]);
        run(args);
        let before = kept();
        run(args);
        // All that the first start left was read by the second, which added nothing.
        assert!(before.keys().eq(kept().keys()), "{args:?}");
        assert!(before.iter().all(|(file, used)| kept()[file] > *used), "{args:?}");
    }
    let report = parse(&run(&["cache", "clear", "--json"]));
    assert_eq!(report["removed"]["executables"], 1, "doctor's sum");
    assert_eq!(parse(&run(&["cache", "show", "--json"]))["kept"]["executables"], 0);
    assert!(
        succeeds(pyroxene(["cache", "show"]).env("PYROXENE_CACHE", "off"))
            .0
            .starts_with("off: PYROXENE_CACHE")
    );
}

#[test]
fn the_level_of_optimisation_is_part_of_what_is_kept() {
    let cache = TempDir::new().unwrap();
    let compiled = |level: &str| {
        let mut command = pyroxene(["check", "eight_schools", "--at=0,0,0,0,0,0,0,0,0,0"]);
        succeeds(command.env("PYROXENE_CACHE", cache.path()).env("PYROXENE_OPT_LEVEL", level));
        fs::read_dir(cache.path().join("executables")).unwrap().count()
    };
    // Unset is the first level on a CPU.
    let once = compiled("");
    assert_eq!((once > 0, compiled("1"), compiled("3")), (true, once, 2 * once));
}

#[test]
fn quiet_prints_the_result_alone() {
    let directory = TempDir::new().unwrap();
    let (out, err) = succeeds(&mut sample(&directory.path().join("draws.csv"), &["--quiet"]));
    assert!(out.trim_start().starts_with("mean"), "{out}");
    assert_eq!(err, "");
}

#[test]
fn diagnose_gives_advice_for_each_problem() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("draws.zarr");
    let args = ["sample", "eight_schools_centered", "--chains=1", "--warmup=200", "--draws=300", "--out"];
    succeeds(pyroxene(args).arg(&path));
    let (text, _) = succeeds(pyroxene(["diagnose"]).arg(&path));
    for part in
        ["1 chains of 300 draws", "tau", "there is one chain", "Run at least four", "bulk ESS below 100"]
    {
        assert!(text.contains(part), "no `{part}` in: {text}");
    }
    let missing = pyroxene(["diagnose", "none.zarr"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(1));
    let message = String::from_utf8(missing.stderr).unwrap();
    assert!(message.contains("cannot read a posterior from none.zarr"), "{message}");
}

/// Ctrl-C: the file holds the draws so far.
#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_a_readable_file() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("draws.zarr");
    // How long a run takes on this machine now, from the process's start to its end.
    let start = Instant::now();
    succeeds(&mut sample(&directory.path().join("first.csv"), &[]));
    let run = start.elapsed();
    let args = ["sample", "kidiq", "--chains=2", "--threads=2", "--warmup=100", "--draws=100000000", "--out"];
    let mut command = pyroxene(args);
    let mut child = command.arg(&path).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let interrupt = || {
        let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
    };
    // The chains draw for as long as they are let; before they begin, the signal has no handler or no draws to keep.
    std::thread::sleep(3 * run + Duration::from_secs(1));
    interrupt();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_secs(60), "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{message}");
    assert!(message.contains("stopping after the transitions at hand"), "{message}");
    assert!(message.contains("interrupted: ") && message.contains("of 2 chains of 100000000"), "{message}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("beta[0]"));
    let posterior = Posterior::load(&path).unwrap();
    assert!((1..100_000_000).contains(&posterior.num_draws()));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
}

#[test]
fn completions_and_graphs() {
    for shell in ["bash", "zsh", "fish"] {
        let (script, _) = succeeds(&mut pyroxene(["completion", shell]));
        assert!(script.contains("sample") && script.contains("max-tree-depth"), "{shell}");
    }
    for pass in [&[][..], &["--pass=vjp"]] {
        let (dot, _) = succeeds(pyroxene(["compile", "eight_schools", "--emit=dot"]).args(pass));
        assert!(dot.starts_with("digraph {") && dot.trim_end().ends_with('}'), "{dot}");
        assert_eq!(dot.contains("y: Normal\", shape=ellipse, style=filled, fillcolor=grey"), pass.is_empty());
    }
}

#[test]
fn every_subcommand_s_help_has_an_example() {
    let (help, _) = succeeds(&mut pyroxene(["--help"]));
    let list = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let names: Vec<&str> = list.lines().filter_map(|l| l.split_whitespace().next()).collect();
    assert!(names.len() >= 9, "{names:?}");
    for name in names.iter().filter(|name| **name != "help") {
        let (help, _) = succeeds(&mut pyroxene([name, "--help"]));
        assert!(help.contains("Example"), "{name}: {help}");
    }
}
