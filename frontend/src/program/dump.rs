//! Dumps: with `PYROXENE_DUMP` set, the text of a program after each pass and of its HLO, numbered in pipeline order.

use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
};

use pyroxene_ir::Graph;
use pyroxene_runtime::options::Options;

use super::error::Error;

/// Numbers the programs of this process, so that their dumps do not overwrite each other.
static PROGRAMS: AtomicUsize = AtomicUsize::new(0);

/// Where one query's dumps go.
pub(super) struct Dump {
    /// The directory and the beginning of the files' names.
    target: Option<(PathBuf, String)>,
    stage: usize,
    failed: Option<Error>,
}

impl Dump {
    /// The dump of a query; it writes nothing where no directory is asked for.
    pub(super) fn of(query: &str) -> Result<Dump, Error> {
        let options = Options::of_process().map_err(pyroxene_runtime::Error::from)?;
        let target = options.dump.map(|directory| {
            let number = PROGRAMS.fetch_add(1, Ordering::Relaxed);
            (directory, format!("{number:03}-{query}"))
        });
        Ok(Dump { target, stage: 0, failed: None })
    }

    /// Writes a graph after a pass; an error is kept for [`Dump::finish`].
    pub(super) fn graph(&mut self, pass: &str, graph: &Graph) {
        if self.target.is_some() {
            self.write(pass, "ir", &graph.to_string());
        }
    }

    /// Writes text of a stage.
    pub(super) fn write(&mut self, stage: &str, extension: &str, text: &str) {
        let Some((directory, prefix)) = &self.target else { return };
        let path = directory.join(format!("{prefix}-{:02}-{stage}.{extension}", self.stage));
        self.stage += 1;
        let written = fs::create_dir_all(directory).and_then(|()| fs::write(&path, text));
        if let (Err(source), None) = (written, &self.failed) {
            self.failed = Some(Error::Dump { path, source });
        }
    }

    /// Whether text is wanted at all.
    pub(super) fn is_on(&self) -> bool {
        self.target.is_some()
    }

    /// The first error met.
    pub(super) fn finish(self) -> Result<(), Error> {
        self.failed.map_or(Ok(()), Err)
    }
}
