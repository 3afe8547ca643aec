//! Queries: the questions a recorded model answers, and the names and places of what they take and return.

use crate::{
    graph::{Graph, Val},
    site::{CondIndepStackFrame, SampleSite, Site, SiteKind},
    types::{DType, Ty},
};

/// A question to a recorded model.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Query {
    /// The graph's own outputs; sites inside draw from their seeds.
    Evaluate,
    /// The same of a function over a program's data that runs many times, so that what data alone decide is worth computing
    /// once.
    Function,
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
    /// `(data…, key, values given…) →` the value of every site that [`outputs_of`] lists, drawn where nobody gave it.
    Predictive,
    /// `(data…, value of each latent site in program order) →` the log density of each sample site, element by element
    /// of its batch, with its mask and its scale (NumPyro's `compute_log_probs` without its sum).
    LogProbs,
    /// `(data…, value of each latent site in program order) →` the same of observed sites alone and without scale
    /// (NumPyro's `log_likelihood`).
    LogLikelihood,
    /// `(data…, key, values given and states in program order) →` what [`traced`](super::traced) lists: values and log
    /// densities of sample sites, indices of plates, parameters, states for the next run (NumPyro's `trace` of a seeded
    /// program). With [`give_params`](super::give_params) and [`replay`](super::replay) it is what an ELBO needs.
    Trace,
}

impl Query {
    /// The name in dumps and HLO modules.
    pub fn name(self) -> &'static str {
        match self {
            Query::Evaluate => "evaluate",
            Query::Function => "function",
            Query::LogDensity => "log_density",
            Query::Potential => "potential",
            Query::PotentialAndGradient => "potential_and_gradient",
            Query::Constrain => "constrain",
            Query::Unconstrain => "unconstrain",
            Query::Draws => "draws",
            Query::Predictive => "predictive",
            Query::LogProbs => "log_probs",
            Query::LogLikelihood => "log_likelihood",
            Query::Trace => "trace",
        }
    }

    /// Whether it asks for densities, summed or not.
    pub(crate) fn wants_density(self) -> bool {
        matches!(self, Query::LogDensity | Query::Potential | Query::PotentialAndGradient | Query::Trace)
            || self.keeps_elements()
    }

    /// Whether it asks for densities site by site and element by element.
    pub(crate) fn keeps_elements(self) -> bool {
        matches!(self, Query::LogProbs | Query::LogLikelihood)
    }

    /// Whether the site's density takes part in it.
    pub(crate) fn asks_for(self, sample: &SampleSite) -> bool {
        let concerns = self != Query::LogLikelihood || sample.source.is_observed();
        self.wants_density() && concerns && !sample.hidden
    }

    /// Whether the site's value is among its results.
    pub(crate) fn returns(self, site: &Site) -> bool {
        match (self, &site.kind) {
            (Query::Constrain | Query::Draws, SiteKind::Sample(sample)) => sample.is_latent(),
            (Query::Predictive, SiteKind::Sample(sample)) => !sample.hidden && !sample.is_factor(),
            (Query::Constrain | Query::Draws | Query::Predictive, SiteKind::Deterministic) => true,
            (Query::Predictive, SiteKind::Param(_)) => true,
            _ => false,
        }
    }

    /// Whether its executable runs many times for one set of data; the others run once or twice.
    pub(crate) fn runs_often(self) -> bool {
        matches!(self, Query::Function | Query::Potential | Query::PotentialAndGradient | Query::Constrain)
    }

    /// Whether it reads a value for each latent site.
    pub fn takes_values(self) -> bool {
        matches!(self, Query::LogDensity | Query::Unconstrain) || self.keeps_elements()
    }

    /// Whether it reads a key.
    pub fn takes_key(self) -> bool {
        matches!(self, Query::Draws | Query::Predictive | Query::Trace)
    }

    /// Whether it goes on from the states that the run before has left.
    pub fn takes_states(self) -> bool {
        matches!(self, Query::Draws | Query::Trace)
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

/// One value that a query returns.
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
    outputs_of(graph, Query::Draws)
}

/// What a query returns of each site, in program order; nothing for queries whose results are not by site.
pub fn outputs_of(graph: &Graph, query: Query) -> Vec<QueryOutput> {
    graph.sites().filter_map(|(val, site)| output(graph, query, val, site)).collect()
}

fn output(graph: &Graph, query: Query, val: Val, site: &Site) -> Option<QueryOutput> {
    let ty = match &site.kind {
        SiteKind::Sample(sample) if query.keeps_elements() && query.asks_for(sample) => {
            density_ty(graph, sample)
        }
        _ if query.returns(site) => graph.ty(val).clone(),
        _ => return None,
    };
    let is_sample = matches!(site.kind, SiteKind::Sample(_));
    Some(QueryOutput { val, name: site.name.clone(), ty, frames: site.frames.clone(), is_sample })
}

/// The element type and dimensions of a site's log density.
pub(super) fn density_ty(graph: &Graph, sample: &SampleSite) -> Ty {
    let log_prob = graph.region(sample.regions.log_prob);
    let dtype = log_prob.outputs().first().map_or(DType::F64, |v| log_prob.ty(*v).dtype);
    Ty { dtype, dims: sample.batch.clone() }
}
