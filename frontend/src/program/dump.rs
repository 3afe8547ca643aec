//! Dumps: with `PYROXENE_DUMP` set, the text of a program after each stage, numbered in order, and what each took.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use pyroxene_ir::{
    Graph,
    passes::{Outcome, Step},
};
use pyroxene_runtime::options::{Options, Pattern};

use super::error::Error;

/// Numbers the queries of this process, so that their dumps do not overwrite each other.
static QUERIES: AtomicUsize = AtomicUsize::new(0);

/// Where one query's dumps go.
pub(super) struct Dump {
    target: Option<Target>,
    stage: usize,
    /// One row for each stage.
    timings: String,
    failed: Option<Error>,
}

struct Target {
    directory: PathBuf,
    /// The beginning of the files' names.
    prefix: String,
    /// Which stages are written; none is all.
    pattern: Option<Pattern>,
}

impl Dump {
    /// The dump of a query; it writes nothing where no directory is asked for.
    pub(super) fn of(query: &str, options: &Options) -> Dump {
        let target = options.dump.clone().map(|directory| {
            let prefix = format!("{:03}-{query}", QUERIES.fetch_add(1, Ordering::Relaxed));
            Target { directory, prefix, pattern: options.dump_pass.clone() }
        });
        Dump { target, stage: 0, timings: String::new(), failed: None }
    }

    /// Writes a graph after a pass; an error is kept for [`Dump::finish`].
    pub(super) fn step(&mut self, step: Step<'_>) {
        let took = match step.outcome {
            Outcome::Ran(time) => milliseconds(time),
            Outcome::LeftOut => "left out".into(),
            Outcome::BeyondLimit => "beyond the limit".into(),
        };
        self.graph(step.pass, step.graph, &took);
    }

    /// Writes the graph of a stage that took so long.
    pub(super) fn graph(&mut self, stage: &str, graph: &Graph, took: &str) {
        self.write(stage, "ir", took, &format!("{} nodes", graph.len()), || graph.to_string());
    }

    /// Writes the HLO of a stage that took so long.
    pub(super) fn hlo(
        &mut self,
        stage: &str,
        time: Duration,
        instructions: usize,
        text: impl FnOnce() -> String,
    ) {
        let size = format!("{instructions} instructions");
        self.write(stage, "hlo", &milliseconds(time), &size, text);
    }

    fn write(&mut self, stage: &str, extension: &str, took: &str, size: &str, text: impl FnOnce() -> String) {
        let Some(Target { directory, prefix, pattern }) = &self.target else { return };
        // Writing to a String cannot fail.
        let _ = writeln!(self.timings, "{:02}  {stage:<20}  {took:>16}  {size}", self.stage);
        let path = directory.join(format!("{prefix}-{:02}-{stage}.{extension}", self.stage));
        self.stage += 1;
        if pattern.as_ref().is_none_or(|p| p.matches(stage)) {
            let failed = write_file(&path, &text()).err();
            self.failed = self.failed.take().or(failed);
        }
    }

    /// Writes the table of times; returns the first error met.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        if let Some(Target { directory, prefix, .. }) = &self.target {
            let failed = write_file(&directory.join(format!("{prefix}-timings.txt")), &self.timings).err();
            self.failed = self.failed.take().or(failed);
        }
        self.failed.map_or(Ok(()), Err)
    }
}

fn write_file(path: &Path, text: &str) -> Result<(), Error> {
    let directory = path.parent().map_or(Ok(()), fs::create_dir_all);
    let written = directory.and_then(|()| fs::write(path, text));
    written.map_err(|source| Error::Dump { path: path.to_path_buf(), source })
}

/// `1.250 ms`
fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}
