//! This project's side of `peers/compare.sh`: one model, one data file, one task a process, one line of JSON as its result.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark stops at the first surprise and prints"
)]

mod models;
mod tasks;

use std::collections::BTreeMap;

/// What the command line says: a task, then `--name value` pairs.
struct Arguments {
    task: String,
    values: BTreeMap<String, String>,
}

impl Arguments {
    fn of_process() -> Arguments {
        // Cargo says `--bench` too.
        let mut words = std::env::args().skip(1).filter(|a| a != "--bench");
        let task = words.next().unwrap_or_default();
        let mut values = BTreeMap::new();
        while let (Some(name), Some(value)) = (words.next(), words.next()) {
            values.insert(name.trim_start_matches("--").to_owned(), value);
        }
        Arguments { task, values }
    }

    fn text(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    fn number<T: std::str::FromStr>(&self, name: &str, default: T) -> T {
        self.values.get(name).and_then(|v| v.parse().ok()).unwrap_or(default)
    }
}

fn main() {
    let arguments = Arguments::of_process();
    let result = match arguments.task.as_str() {
        "density" => tasks::density::run(&arguments),
        "leapfrog" => tasks::leapfrog::run(&arguments),
        "sample" => tasks::sample::run(&arguments),
        "stream" => tasks::stream::run(&arguments),
        other => serde_json::json!({"skipped": format!(
            "the task `{other}`: peers/compare.sh runs this with density, leapfrog, sample or stream"
        )}),
    };
    println!("{result}");
}
