//! What has a meaning in a recorded program and yet is likely a mistake, with the user's line and a mend.

use std::fmt;

use super::missing_plates;
use crate::{
    graph::{Graph, Loc, Val},
    site::{Hint, SampleSite, Site, SiteKind},
};

/// A likely mistake at a sample site.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lint {
    /// The site.
    pub site: String,
    /// The user's line.
    pub loc: Option<Loc>,
    /// The plates around the site, outermost first.
    pub plates: Vec<String>,
    /// What it is.
    pub kind: LintKind,
}

/// The kinds of likely mistakes.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum LintKind {
    /// A batch dimension that no plate covers: a plate was forgotten, or shapes broadcast by mistake.
    MissingPlate {
        /// The dimension, counted from the right.
        dim: isize,
        /// Its size.
        size: usize,
    },
    /// A factor that does not vary along a plate around it, and so counts once for each element of the plate.
    RepeatedFactor {
        /// The plate.
        plate: String,
        /// Its size.
        times: usize,
        /// The dimensions that would say so.
        full: Vec<usize>,
    },
    /// Several interventions on one site, of which the innermost holds.
    RepeatedIntervention {
        /// How many there are.
        times: i64,
    },
}

/// The likely mistakes of a recorded program, in program order.
pub fn lints(graph: &Graph) -> Vec<Lint> {
    let missing = missing_plates(graph).into_iter().filter_map(|m| {
        let kind = LintKind::MissingPlate { dim: m.dim, size: m.size };
        Some((m.val, lint(graph, m.val, kind)?))
    });
    let repeated = graph.sites().flat_map(|(v, site)| match &site.kind {
        SiteKind::Sample(sample) if sample.is_factor() && !sample.hidden => repeats(graph, v, site, sample)
            .into_iter()
            .filter_map(|kind| Some((v, lint(graph, v, kind)?)))
            .collect(),
        _ => Vec::new(),
    });
    let intervened = graph.sites().filter_map(|(v, site)| match &site.kind {
        SiteKind::Sample(sample) => match sample.infer.get("interventions") {
            Some(Hint::Int(times)) => {
                Some((v, lint(graph, v, LintKind::RepeatedIntervention { times: *times })?))
            }
            _ => None,
        },
        _ => None,
    });
    let mut all: Vec<(Val, Lint)> = missing.chain(repeated).chain(intervened).collect();
    all.sort_by_key(|(v, _)| v.index());
    all.into_iter().map(|(_, lint)| lint).collect()
}

fn lint(graph: &Graph, v: Val, kind: LintKind) -> Option<Lint> {
    let site = graph.site(v)?;
    let plates = site.frames.iter().map(|f| f.name.clone()).collect();
    Some(Lint { site: site.name.clone(), loc: graph.node(v).loc.clone(), plates, kind })
}

/// The plates along which a factor's one parameter has no dimension of its own.
fn repeats(graph: &Graph, v: Val, site: &Site, sample: &SampleSite) -> Vec<LintKind> {
    let operands = graph.operands(v);
    let Some(term) = operands.get(sample.slots().captures) else { return Vec::new() };
    let dims = &graph.ty(*term).dims;
    let size_at = |dim: isize| dims.len().checked_sub(dim.unsigned_abs()).map_or(1, |i| dims[i]);
    let repeated = site.frames.iter().filter(|f| f.size > 1 && size_at(f.dim) == 1);
    let full = sample.batch.to_vec();
    repeated
        .map(|f| LintKind::RepeatedFactor { plate: f.name.clone(), times: f.size, full: full.clone() })
        .collect()
}

impl Lint {
    /// What it is and what to do, without the place.
    pub fn message(&self) -> String {
        match &self.kind {
            LintKind::MissingPlate { dim, size } => {
                let around = match &self.plates[..] {
                    [] => String::new(),
                    [plate] => format!(", only `{plate}` is around"),
                    plates => format!(", only `{}` are around", plates.join("`, `")),
                };
                format!(
                    "no plate covers the batch dimension {dim} of size {size}{around}; help: shapes may have broadcast by \
                     mistake, as [{size}, 1] against [{size}] does; else put the site into a plate at dim {dim}, or count \
                     the dimension as part of the event: `to_event`"
                )
            }
            LintKind::RepeatedFactor { plate, times, full } => format!(
                "the factor does not vary along the plate `{plate}` and counts {times} times, once for each element; help: \
                 move it out of the plate, or say that it is meant: `term.broadcast_to(&{full:?})`"
            ),
            LintKind::RepeatedIntervention { times } => format!(
                "{times} interventions on the site, of which the innermost holds; help: leave all but one `do_` out"
            ),
        }
    }
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(loc) = &self.loc {
            write!(f, "{loc}: ")?;
        }
        write!(f, "site `{}`: {}", self.site, self.message())
    }
}
