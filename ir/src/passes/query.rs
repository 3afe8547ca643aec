//! Queries: the questions a recorded model answers, and the names and places of what they take and return.

use crate::{
    graph::{Graph, Val},
    site::{CondIndepStackFrame, SiteKind},
    types::Ty,
};

/// A question to a recorded model.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Query {
    /// The graph's own outputs; sites inside draw from their seeds.
    Evaluate,
    /// `(data…, value of each sample site in program order) → log density`.
    LogDensity,
    /// `(data…, position) → −log density` on the unconstrained space, with the transforms' Jacobians.
    Potential,
    /// The same with its gradient by the position as second output.
    PotentialAndGradient,
    /// `(data…, position) →` the value of each latent and each deterministic site, in program order.
    Constrain,
    /// `(data…, value of each latent site in program order) → position`.
    Unconstrain,
    /// `(data…, key, state of each mutable site, in program order) →` a draw of each latent site and each deterministic
    /// site, in program order, and then the states for the next run.
    Draws,
}

impl Query {
    /// The name in dumps and HLO modules.
    pub fn name(self) -> &'static str {
        match self {
            Query::Evaluate => "evaluate",
            Query::LogDensity => "log_density",
            Query::Potential => "potential",
            Query::PotentialAndGradient => "potential_and_gradient",
            Query::Constrain => "constrain",
            Query::Unconstrain => "unconstrain",
            Query::Draws => "draws",
        }
    }

    /// Whether it asks for a density.
    pub(crate) fn wants_density(self) -> bool {
        matches!(self, Query::LogDensity | Query::Potential | Query::PotentialAndGradient)
    }

    /// Whether it reads a position.
    pub fn takes_position(self) -> bool {
        matches!(self, Query::Potential | Query::PotentialAndGradient | Query::Constrain)
    }
}

/// Where the unconstrained coordinates of one latent site lie in the position.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Coordinates {
    /// The site's node.
    pub val: Val,
    /// The site's name.
    pub name: String,
    /// The first coordinate.
    pub offset: usize,
    /// The type of the site's unconstrained value.
    pub unconstrained: Ty,
    /// The type of its value on the support.
    pub ty: Ty,
}

/// The latent sites with continuous support, in program order, laid one after another in the position.
pub fn layout(graph: &Graph) -> Vec<Coordinates> {
    let mut offset = 0;
    let mut out = Vec::new();
    for (val, site) in graph.sites() {
        let SiteKind::Sample(sample) = &site.kind else { continue };
        let (true, Some(constrain)) = (sample.is_latent(), sample.regions.constrain) else { continue };
        let region = graph.region(constrain);
        let Some(u) = region.inputs().first() else { continue };
        let unconstrained = region.ty(*u).clone();
        let len = unconstrained.len();
        out.push(Coordinates {
            val,
            name: site.name.clone(),
            offset,
            unconstrained,
            ty: graph.ty(val).clone(),
        });
        offset += len;
    }
    out
}

/// One value that [`Query::Constrain`] or [`Query::Draws`] returns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QueryOutput {
    /// The site's node.
    pub val: Val,
    /// The site's name.
    pub name: String,
    /// The type of its value.
    pub ty: Ty,
    /// The plates around it.
    pub frames: Vec<CondIndepStackFrame>,
    /// Whether it is a random variable rather than a deterministic value.
    pub is_sample: bool,
}

/// What [`Query::Constrain`] and [`Query::Draws`] return: latent and deterministic sites, in program order.
pub fn outputs(graph: &Graph) -> Vec<QueryOutput> {
    graph
        .sites()
        .filter_map(|(val, site)| {
            let is_sample = match &site.kind {
                SiteKind::Sample(sample) if sample.is_latent() => true,
                SiteKind::Deterministic => false,
                _ => return None,
            };
            let (name, frames, ty) = (site.name.clone(), site.frames.clone(), graph.ty(val).clone());
            Some(QueryOutput { val, name, ty, frames, is_sample })
        })
        .collect()
}
