//! `validate_model`: everything that is wrong with a model, and what is odd about it, from one run of its function.

use std::fmt;

use indexmap::IndexMap;
use pyroxene_ir::{
    CondIndepStackFrame, Graph, Loc, Phase, Role,
    passes::{self, Dependencies, LintKind, PassError, Query},
};

use super::sites::{RecordedSite, plates, sites};
use crate::{
    Array, Spec, Tensor, Tree,
    program::{CheckFailure, Data, Error, IntoModel, Program},
    trace::{Incomplete, TraceError},
};

/// Something to say about a model: an error or a warning.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// The site concerned.
    pub site: Option<String>,
    /// The user's line.
    pub loc: Option<Loc>,
    /// What is wrong or odd, and what to do.
    pub message: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(loc) = &self.loc {
            write!(f, "{loc}: ")?;
        }
        if let Some(site) = &self.site {
            write!(f, "site `{site}`: ")?;
        }
        f.write_str(&self.message)
    }
}

/// When a batch dimension that no plate covers is worth a word (NumPyro's `plate_warning`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PlateWarning {
    /// A warning, if the site is in some plate.
    #[default]
    Loose,
    /// A warning always.
    Strict,
    /// An error always.
    Error,
}

/// What [`validate_model`] finds.
#[derive(Clone, PartialEq, Debug)]
pub struct ValidationResult {
    /// The sites, in program order; where there are errors, as many as could be recorded.
    pub sites: IndexMap<String, RecordedSite>,
    /// Which sample sites depend on which others.
    pub dependencies: Dependencies,
    /// The plates, in program order.
    pub plate_stack: Vec<CondIndepStackFrame>,
    /// Whether there are no errors.
    pub is_valid: bool,
    /// What is odd, or rules some queries out.
    pub warnings: Vec<Diagnostic>,
    /// What is wrong: no query can be answered, or not on these data.
    pub errors: Vec<Diagnostic>,
}

impl fmt::Display for ValidationResult {
    /// A line for each error and each warning, or one that says that there are none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.errors.is_empty() && self.warnings.is_empty() {
            return write!(f, "valid: {} sites, {} plates", self.sites.len(), self.plate_stack.len());
        }
        let errors = self.errors.iter().map(|d| ("error", d));
        let all = errors.chain(self.warnings.iter().map(|d| ("warning", d)));
        for (i, (what, diagnostic)) in all.enumerate() {
            let end = if i > 0 { "\n" } else { "" };
            write!(f, "{end}{what}: {diagnostic}")?;
        }
        Ok(())
    }
}

/// Runs a model's function once on symbols and gathers all that is wrong with it: names, shapes and plates, and data that
/// break its conditions; and what is odd: batch dimensions without a plate, a factor that counts more than once, data
/// that nothing reads, and queries that the model cannot answer (the document's `validate_model`).
///
/// ```
/// use pyroxene_frontend::{inspect::validate_model, prelude::*};
///
/// fn model(y: &Tensor) {
///     let x = sample("x", Normal::new(0.0, 1.0));
///     sample("x", Normal::new(x, 1.0));
///     plate("data", 3, |_| sample("y", Normal::new(x, 1.0).obs(*y)));
/// }
///
/// let found = validate_model(model, &Array::from([0.5, 1.5]));
/// assert!(!found.is_valid);
/// assert_eq!(found.errors.len(), 2, "a name used twice, and two observations for three elements");
/// assert!(found.sites.contains_key("x"));
/// ```
#[track_caller]
pub fn validate_model<D>(model: impl IntoModel<D>, data: &Data<D>) -> ValidationResult
where
    D: Tree<Tensor>,
    Data<D>: Tree<Array, With<Spec> = D::With<Spec>>,
    D::With<Spec>: Tree<Spec, With<Tensor> = D>,
{
    match model.into_model().trace_partly(data) {
        Ok(program) => program.validate(data, PlateWarning::default()),
        Err(found) => Report::failed(&found).done(&found.graph),
    }
}

impl Program {
    /// What is wrong and what is odd about the program and these data; see [`validate_model`]. Programs with values
    /// still to be given are not held against data.
    pub fn validate<T: Tree<Array>>(&self, data: &T, plate_warning: PlateWarning) -> ValidationResult {
        let mut report = self.report(plate_warning);
        match self.check(data) {
            Ok(()) => {}
            Err(Error::Checks(failures)) => report.errors.extend(failures.iter().map(broken)),
            Err(error) => report.errors.push(plain(error.to_string())),
        }
        report.done(self.graph())
    }

    /// The same without data.
    pub fn validate_structure(&self, plate_warning: PlateWarning) -> ValidationResult {
        self.report(plate_warning).done(self.graph())
    }

    fn report(&self, plate_warning: PlateWarning) -> Report {
        let mut report = Report::default();
        let graph = self.graph();
        report.queries(graph);
        report.lints(graph, plate_warning);
        report.unread(graph);
        report
    }
}

/// Errors and warnings as they come.
#[derive(Default)]
struct Report {
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

impl Report {
    fn failed(found: &Incomplete) -> Report {
        let mut report = Report { errors: found.errors.iter().map(traced).collect(), warnings: Vec::new() };
        report.lints(&found.graph, PlateWarning::default());
        report
    }

    fn done(self, graph: &Graph) -> ValidationResult {
        ValidationResult {
            sites: sites(graph),
            dependencies: passes::dependencies(graph),
            plate_stack: plates(graph),
            is_valid: self.errors.is_empty(),
            warnings: self.warnings,
            errors: self.errors,
        }
    }

    /// The queries that the program cannot answer: an error if it can answer none.
    fn queries(&mut self, graph: &Graph) {
        let queries = [
            (Query::LogDensity, "no log density: "),
            (Query::Potential, "no potential for HMC and NUTS: "),
            (Query::Draws, "no prior draws: "),
        ];
        let failed = queries.map(|(query, use_)| resolves(graph, query).err().map(|error| (error, use_)));
        if let [Some((error, _)), Some(_), Some(_)] = &failed {
            self.errors.push(passed(error, ""));
            return;
        }
        let mut told: Vec<Diagnostic> = Vec::new();
        for (error, use_) in failed.into_iter().flatten() {
            // What rules out the log density rules out the potential too.
            if told.iter().all(|d| *d != passed(&error, "")) {
                told.push(passed(&error, ""));
                self.warnings.push(passed(&error, use_));
            }
        }
    }

    /// What is likely a mistake.
    fn lints(&mut self, graph: &Graph, plate_warning: PlateWarning) {
        for lint in passes::lints(graph) {
            let found =
                Diagnostic { site: Some(lint.site.clone()), loc: lint.loc.clone(), message: lint.message() };
            match (&lint.kind, plate_warning) {
                (LintKind::MissingPlate { .. }, PlateWarning::Loose) if lint.plates.is_empty() => {}
                (LintKind::MissingPlate { .. }, PlateWarning::Error) => self.errors.push(found),
                _ => self.warnings.push(found),
            }
        }
    }

    /// Data that no site reads.
    fn unread(&mut self, graph: &Graph) {
        let roots: Vec<_> = graph.sites().map(|(v, _)| v).chain(graph.outputs().iter().copied()).collect();
        let read = graph.reachable(&roots);
        for v in graph.inputs() {
            if let Some(input) = graph.input_of(*v)
                && input.role == Role::Data
                && !read[v.index()]
            {
                let message =
                    format!("data `{}` is read by no site; help: leave it out, or observe it", input.name);
                self.warnings.push(plain(message));
            }
        }
    }
}

/// Whether the program can answer the query: once its sites are resolved, only arithmetic is left.
fn resolves(graph: &Graph, query: Query) -> Result<(), PassError> {
    let mut graph = graph.clone();
    for pass in passes::PIPELINE {
        graph = pass.run(&graph, query)?;
        if graph.phase() == Phase::Pure {
            break;
        }
    }
    Ok(())
}

fn plain(message: String) -> Diagnostic {
    Diagnostic { site: None, loc: None, message }
}

fn traced(error: &TraceError) -> Diagnostic {
    let message = match &error.during {
        Some(_) => format!("at {}: {}", error.loc, error.kind),
        None => error.kind.to_string(),
    };
    let loc = error.during.as_ref().unwrap_or(&error.loc).clone();
    Diagnostic { site: error.site.clone(), loc: Some(loc), message }
}

fn passed(error: &PassError, prefix: &str) -> Diagnostic {
    match error {
        PassError::Site { site, loc, found, help } => Diagnostic {
            site: Some(site.clone()),
            loc: loc.clone(),
            message: format!("{prefix}{found}; help: {help}"),
        },
        PassError::Type { site, loc, source, .. } => {
            Diagnostic { site: site.clone(), loc: loc.clone(), message: format!("{prefix}{source}") }
        }
        other => plain(format!("{prefix}{other}")),
    }
}

fn broken(failure: &CheckFailure) -> Diagnostic {
    let bare = CheckFailure { site: None, loc: None, ..failure.clone() };
    Diagnostic { site: failure.site.clone(), loc: failure.loc.clone(), message: bare.to_string() }
}
