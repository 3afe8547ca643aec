//! The pass manager: runs the passes a query needs, in order, leaving out those that settings say.

use std::{
    borrow::Cow,
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::{ColumnMajor, PIPELINE, Pass, PassError, Query, RowBlocks, Vjp};
use crate::{graph::Graph, verify::verify};

/// Whether a pass can be left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// Without it no query can be answered, or not rightly.
    Required,
    /// It makes the result faster or more exact: it runs unless settings leave it out.
    Optional,
    /// It changes the result in a way that not everybody wants: it runs only where settings ask for it.
    OnRequest,
}

/// Whether a program's parts are gathered into kernels, which XLA's CPU compiler makes one function of machine code each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OneKernel {
    /// Where that makes the program faster, as far as sizes and ops tell.
    #[default]
    Auto,
    /// Wherever ops allow it.
    Always,
    /// Nowhere.
    Never,
}

/// Which of the passes that can be left out run, and what becomes of the result.
///
/// ```
/// use pyroxene_ir::passes::Settings;
/// let settings = Settings::default().without("fold")?.limit(2);
/// assert!(Settings::default().without("legalize").is_err(), "XLA lacks what it expands");
/// # Ok::<(), pyroxene_ir::passes::SettingError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings {
    with: BTreeSet<&'static str>,
    without: BTreeSet<&'static str>,
    limit: Option<usize>,
    one_kernel: Option<OneKernel>,
}

/// A pass that settings name cannot be left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// It is needed.
    #[error("the pass `{pass}` cannot be left out; those that can are {}", optional())]
    Required {
        /// The pass.
        pass: String,
    },
    /// There is no such pass.
    #[error("there is no pass `{pass}`; those that can be left out are {}", optional())]
    Unknown {
        /// The name.
        pass: String,
    },
}

/// The optional passes, in order.
fn optional() -> String {
    let names = PIPELINE.iter().filter(|p| p.need() != Need::Required).map(|p| p.name());
    names.collect::<Vec<_>>().join(", ")
}

impl Settings {
    /// The same without the pass of this name.
    ///
    /// # Errors
    /// When there is no such pass, or queries need it.
    pub fn without(mut self, pass: &str) -> Result<Settings, SettingError> {
        match PIPELINE.iter().find(|p| p.name() == pass) {
            None => Err(SettingError::Unknown { pass: pass.to_string() }),
            Some(p) if p.need() == Need::Required => Err(SettingError::Required { pass: pass.to_string() }),
            Some(p) => {
                self.without.insert(p.name());
                Ok(self)
            }
        }
    }

    /// The same with the pass of this name, one that runs only where it is asked for.
    ///
    /// # Errors
    /// When there is no such pass.
    pub fn with(mut self, pass: &str) -> Result<Settings, SettingError> {
        let Some(p) = PIPELINE.iter().find(|p| p.name() == pass) else {
            return Err(SettingError::Unknown { pass: pass.to_string() });
        };
        self.with.insert(p.name());
        Ok(self)
    }

    /// The same with the passes that suit processors and no accelerators.
    #[must_use]
    pub fn for_cpus(mut self) -> Settings {
        self.with.extend([RowBlocks.name(), ColumnMajor.name()]);
        self
    }

    /// The same with the first `n` optional passes of each query alone: halving `n` finds the pass at fault.
    #[must_use]
    pub fn limit(mut self, n: usize) -> Settings {
        self.limit = Some(n);
        self
    }

    /// The same with the choice of kernels made, over what the environment says.
    #[must_use]
    pub fn one_kernel(mut self, mode: OneKernel) -> Settings {
        self.one_kernel = Some(mode);
        self
    }

    /// The choice of kernels, if it is made.
    pub fn kernels(&self) -> Option<OneKernel> {
        self.one_kernel
    }

    /// Runs every pass that applies, verifying after each in debug builds; `observe` sees each step.
    ///
    /// # Errors
    /// The first pass's error.
    pub fn run(
        &self,
        graph: &Graph,
        query: Query,
        observe: &mut dyn FnMut(Step<'_>),
    ) -> Result<Graph, PassError> {
        self.run_passes(self.passes(query), graph, query, observe)
    }

    /// Runs the passes up to the gradient's: the graph that answers the query in tensor arithmetic, which another graph
    /// can take in. What comes after them is done once for the whole of that.
    ///
    /// # Errors
    /// The first pass's error.
    pub fn pure(&self, graph: &Graph, query: Query) -> Result<Graph, PassError> {
        let last = PIPELINE.iter().take_while(|p| p.name() != Vjp.name()).count();
        let early = |p: &&dyn Pass| PIPELINE.iter().take(last + 1).any(|q| q.name() == p.name());
        self.run_passes(self.passes(query).filter(early), graph, query, &mut |_| {})
    }

    fn run_passes(
        &self,
        passes: impl Iterator<Item = &'static dyn Pass>,
        graph: &Graph,
        query: Query,
        observe: &mut dyn FnMut(Step<'_>),
    ) -> Result<Graph, PassError> {
        let mut current = Cow::Borrowed(graph);
        let mut applied = 0;
        for pass in passes {
            let outcome = match self.skips(pass, applied) {
                Some(skipped) => skipped,
                None => {
                    let start = Instant::now();
                    let finds = pass.finds(&current);
                    if finds {
                        current = Cow::Owned(pass.run(&current, query)?);
                    }
                    let time = start.elapsed();
                    if finds && cfg!(debug_assertions) {
                        let pass = pass.name();
                        verify(&current).map_err(|errors| PassError::Invalid { pass, errors })?;
                    }
                    Outcome::Ran(time)
                }
            };
            applied += usize::from(pass.need() != Need::Required && matches!(outcome, Outcome::Ran(_)));
            observe(Step { pass: pass.name(), graph: &current, outcome });
        }
        Ok(current.into_owned())
    }

    /// The passes that have something to do for a query, in order, those left out among them.
    pub fn passes(&self, query: Query) -> impl Iterator<Item = &'static dyn Pass> {
        let asked = |p: &dyn Pass| p.need() != Need::OnRequest || self.with.contains(p.name());
        PIPELINE.iter().copied().filter(move |p| p.applies(query) && asked(*p))
    }

    /// Why the pass is left out after so many optional ones, if it is.
    fn skips(&self, pass: &dyn Pass, applied: usize) -> Option<Outcome> {
        if pass.need() == Need::Required {
            None
        } else if self.without.contains(pass.name()) {
            Some(Outcome::LeftOut)
        } else {
            self.limit.is_some_and(|n| applied >= n).then_some(Outcome::BeyondLimit)
        }
    }
}

/// One pass of a run, as an observer sees it.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The pass's name.
    pub pass: &'static str,
    /// The graph after it.
    pub graph: &'a Graph,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a pass in a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It ran and took this long, without its verification.
    Ran(Duration),
    /// [`Settings::without`] names it.
    LeftOut,
    /// It comes after as many optional passes as [`Settings::limit`] allows.
    BeyondLimit,
}
