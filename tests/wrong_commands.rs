//! The command over wrong models and wrong data: each ends in one message that says what and where, with exit code 1,
//! and leaves no file.
//!
//! This program is both: with the variable COMMAND set it is a command over the entries below, which its tests run.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "wrong_models/models.rs"]
#[allow(dead_code, reason = "another test has the other models")]
mod models;

use std::{
    fs,
    process::{Command, ExitCode},
};

use libtest_mimic::{Arguments, Failed, Trial};
use pyroxene::{
    data::{DataFile, DataFileError},
    gallery::{Entry, MakeProblem, problem},
    prelude::*,
};

use models::{Pair, Schools};

/// Says that this process is the command.
const COMMAND: &str = "PYROXENE_TEST_OF_WRONG_COMMANDS";

/// An entry, and what its message must hold.
struct Wrong {
    entry: Entry,
    parts: &'static [&'static str],
}

const fn wrong(name: &'static str, problem: MakeProblem, parts: &'static [&'static str]) -> Wrong {
    Wrong { entry: Entry { name, aliases: &[], about: "", problem }, parts }
}

const WRONG: &[Wrong] = &[
    wrong(
        "shapes",
        |_| Ok(problem(models::shapes_do_not_broadcast, pair(Array::from([1.0, 2.0])))),
        &["tests/wrong_models/models.rs:31:16: add: shapes [2] and [3] do not broadcast"],
    ),
    wrong(
        "duplicate_site",
        |_| Ok(problem(models::duplicate_site, schools([28.0, 8.0, -3.0]))),
        &["models.rs:53:5: site `mu`: the name is already used at tests/wrong_models/models.rs:52:14"],
    ),
    wrong(
        "outside_the_support",
        |_| Ok(problem(models::positive, Array::from([1.0, -2.0]))),
        &["models.rs:87:5: site `y`: value: expected a positive number, found -2 at index [1]"],
    ),
    wrong(
        "nan",
        |_| Ok(problem(models::schools, schools([28.0, f64::NAN, -3.0]))),
        &["models.rs:25:9: site `y`: value: expected a finite number, found NaN at index [1]"],
    ),
    wrong(
        "another_dtype",
        |_| Ok(problem(models::indexed, Pair { x: Array::from([0.0, 1.0]), y: Array::from([1.0, 2.0]) })),
        &[
            "models.rs:97:35: take: expected an operand with a nonempty dimension 0 and integers, found f64[3]",
        ],
    ),
    wrong(
        "index",
        |_| Ok(problem(models::indexed, Pair { x: Array::from([0i64, 3]), y: Array::from([1.0, 2.0]) })),
        &["models.rs:97:35", "the index: expected one from 0 to 2, found 3 at index [1]"],
    ),
    wrong(
        "field",
        |_| Ok(problem(models::schools, from_file(r#"{"y": [28, 8, -3]}"#)?)),
        &["schools.json: the field `sigma` is missing; there are y"],
    ),
    wrong(
        "kind_of_field",
        |_| Ok(problem(models::schools, from_file(r#"{"y": [28, "8", -3], "sigma": [15, 10, 16]}"#)?)),
        &[
            "schools.json: field `y`: expected numbers or truth values, nested evenly, found the string \"8\" at index [1]",
        ],
    ),
    wrong(
        "no_file",
        |_| Ok(problem(models::schools, from_file("y = 28")?)),
        &["schools.json: expected a JSON object of fields"],
    ),
];

fn pair(x: Array) -> Pair<Array> {
    Pair { x, y: Array::from([1.0, 2.0, 3.0]) }
}

fn schools(y: [f64; 3]) -> Schools<Array> {
    Schools { y: Array::from(y), sigma: Array::from([15.0, 10.0, 16.0]) }
}

fn from_file(text: &str) -> Result<Schools<Array>, DataFileError> {
    DataFile::json("schools.json", text)?.read()
}

fn main() -> ExitCode {
    if std::env::var_os(COMMAND).is_some() {
        let entries: Vec<Entry> = WRONG.iter().map(|wrong| wrong.entry).collect();
        return pyroxene::cli::main(&entries);
    }
    let trials = WRONG.iter().map(|wrong| Trial::test(wrong.entry.name, || fails(wrong)));
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

fn fails(wrong: &Wrong) -> Result<(), Failed> {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(COMMAND, "").args(["sample", wrong.entry.name, "--warmup=10", "--draws=10", "--out"]);
    let output = command.arg(directory.path().join("posterior.json")).output().unwrap();
    let (printed, message) = (String::from_utf8(output.stdout), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.starts_with("error: ") && !message.contains("panicked"), "{message}");
    assert_eq!(message.matches("error: ").count(), 1, "{message}");
    for part in wrong.parts {
        assert!(message.contains(part), "no `{part}` in: {message}");
    }
    assert_eq!(printed.unwrap(), "");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    Ok(())
}
