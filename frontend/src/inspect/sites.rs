//! The sites of a recorded program as plain data, which outlives the trace.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use pyroxene_ir::{CondIndepStackFrame, Dims, Graph, Hint, Loc, SiteKind, Ty, Val};

use crate::handlers::SiteType;

/// A site of a recorded program: what [`SiteInfo`](crate::handlers::SiteInfo) is while a trace runs, without its tensors.
#[derive(Clone, PartialEq, Debug)]
pub struct RecordedSite {
    /// What the primitive is.
    pub kind: SiteType,
    /// The distribution of a sample site.
    pub distribution: Option<String>,
    /// The support of a sample site or the constraint of a parameter, in words.
    pub support: Option<String>,
    /// The batch of the distribution, under plates and mask.
    pub batch_shape: Dims,
    /// The event of the distribution.
    pub event_shape: Dims,
    /// The dimensions of the log density.
    pub log_prob_shape: Dims,
    /// The type of the value, as it was given where it was: it may be smaller than the batch.
    pub value: Ty,
    /// Whether the value counts as data.
    pub is_observed: bool,
    /// Hints to inference.
    pub infer: BTreeMap<String, Hint>,
    /// The plates around it, outermost first; of a plate itself.
    pub plates: Vec<CondIndepStackFrame>,
    /// The primitive's line.
    pub loc: Option<Loc>,
}

impl RecordedSite {
    /// Batch and event of the value.
    pub fn value_shape(&self) -> (Dims, Dims) {
        split(&self.value.dims, self.event_shape.len())
    }
}

/// The sites that handlers around the model would see, in program order.
pub(super) fn sites(graph: &Graph) -> IndexMap<String, RecordedSite> {
    graph.sites().filter_map(|(v, site)| Some((site.name.clone(), recorded(graph, v)?))).collect()
}

/// The plates that a program declares, in program order.
pub(super) fn plates(graph: &Graph) -> Vec<CondIndepStackFrame> {
    let frame = |kind: &SiteKind| match kind {
        SiteKind::Plate(plate) => Some(plate.frame.clone()),
        _ => None,
    };
    graph.sites().filter_map(|(_, site)| frame(&site.kind)).collect()
}

fn recorded(graph: &Graph, v: Val) -> Option<RecordedSite> {
    let (node, site) = (graph.node(v), graph.site(v)?);
    let plain = |kind: SiteType| RecordedSite {
        kind,
        distribution: None,
        support: None,
        batch_shape: Dims::new(),
        event_shape: Dims::new(),
        log_prob_shape: Dims::new(),
        value: node.ty.clone(),
        is_observed: false,
        infer: BTreeMap::new(),
        plates: site.frames.clone(),
        loc: node.loc.clone(),
    };
    Some(match &site.kind {
        SiteKind::Sample(sample) if sample.hidden => return None,
        // None of these has a name of the user's.
        SiteKind::Check(_) | SiteKind::Key(_) | SiteKind::ControlFlow(_) => return None,
        SiteKind::Sample(sample) => {
            let is_factor = sample.is_factor() && sample.is_auxiliary();
            let given = sample.slots().value.map(|slot| graph.ty(graph.operands(v)[slot]).clone());
            let (_, event_shape) = split(&node.ty.dims, sample.event_dim);
            // NumPyro gives a factor a value without elements, of the term's shape.
            let term = graph.operands(v).get(sample.slots().captures).copied().filter(|_| is_factor);
            let unit = |term: &Ty| node.ty.with_dims(term.dims.iter().chain(&event_shape).copied());
            let given = term.map(|t| unit(graph.ty(t))).or(given);
            RecordedSite {
                distribution: Some(sample.distribution.clone()),
                support: Some(sample.support.clone()),
                batch_shape: sample.distribution_batch.clone().unwrap_or_else(|| sample.batch.clone()),
                event_shape,
                log_prob_shape: sample.batch.clone(),
                value: given.unwrap_or_else(|| node.ty.clone()),
                is_observed: sample.source.is_observed(),
                infer: sample.infer.clone(),
                ..plain(if is_factor { SiteType::Factor } else { SiteType::Sample })
            }
        }
        SiteKind::Param(param) => {
            RecordedSite { support: Some(param.constraint.clone()), ..plain(SiteType::Param) }
        }
        SiteKind::Deterministic => plain(SiteType::Deterministic),
        SiteKind::Plate(plate) => {
            RecordedSite { plates: vec![plate.frame.clone()], ..plain(SiteType::Plate) }
        }
        SiteKind::Mutable(_) => plain(SiteType::Mutable),
    })
}

/// Batch and event of a value's dimensions.
pub(super) fn split(dims: &Dims, event_dim: usize) -> (Dims, Dims) {
    let at = dims.len().saturating_sub(event_dim);
    (dims[..at].iter().copied().collect(), dims[at..].iter().copied().collect())
}
