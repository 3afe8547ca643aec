//! Control flow with sites inside: the node that stands for it, and the sites that stand for those inside.

use std::sync::Arc;

use pyroxene_ir::{ControlFlowSite, Dims, Flow, Graph, Loc, SampleSite, Source, Ty, Val};

use super::{
    inside::{Declared, Recorded},
    promoted::{Inner, Over, Promoted, pad},
};
use crate::{
    handlers::{Message, Within, dispatch},
    primitives::fill,
    tensor::Tensor,
    trace::{ErrorKind, TraceError, build_all, fail, report},
};

/// Reports a plate around: which dimension of the sites inside would be its is undecided, as in NumPyro.
pub(super) fn outside_plates(name: &str, message: &Message) -> Option<()> {
    let Some(frame) = message.frames.last() else { return Some(()) };
    let found = format!("{name}: the function calls primitives, and the plate `{}` is around it", frame.name);
    let help = format!(
        "move the plate into the function: `plate(\"{}\", {}, |_| ..)` around the sites there",
        frame.name, frame.size
    );
    let loc = message.loc.clone();
    report(TraceError { loc, site: None, during: None, kind: ErrorKind::Usage { found, help } });
    None
}

/// Adds the node; its `n` results.
pub(super) fn push(
    name: &'static str,
    message: &Message,
    operands: &[Tensor],
    n: usize,
    flow: impl FnOnce(&mut Graph) -> Flow,
) -> Vec<Tensor> {
    let (rng, key) = message.rng();
    let operands: Vec<Tensor> =
        key.map(|key| key.data()).into_iter().chain(operands.iter().copied()).collect();
    build_all(name, &operands, n, message.loc.clone(), |g, v| {
        let flow = ControlFlowSite { flow: flow(g), rng };
        let v = g.push_control_flow(name, flow, v)?;
        Ok(g.results(v)?.to_vec())
    })
}

/// Declares, for what the function or each branch declares, the sites that stand for it; `results` are what
/// [`Recorded::reads`] says of each in turn.
pub(super) fn declare(branches: &[&Recorded], over: Over, mut results: &[Tensor]) -> Option<()> {
    for declared in &branches[0].declared {
        let all = branches.iter().map(|b| Some((*b, b.find(&declared.message.name)?)));
        let all = all.collect::<Option<Vec<_>>>()?;
        let (own, rest) = results.split_at(branches[0].reads(declared)?.len());
        results = rest;
        let mut message = Message {
            seed: None,
            rng_key: None,
            sample_shape: Dims::new(),
            reserved: false,
            stop: false,
            ..declared.message.clone()
        };
        let (value, read) = own.split_first()?;
        let mut latent = false;
        if let Some((_, Some(sample))) = branches[0].site(declared) {
            let slots = sample.slots();
            latent = sample.source == Source::Latent;
            let mut read = read.iter().copied();
            let mut side = |slot: Option<usize>| slot.and_then(|_| read.next());
            let (mask, scale) = (side(slots.mask), side(slots.scale));
            let broadcasting =
                |x: Tensor| pad(x, sample.batch.len().saturating_sub(rank(x, over)), over, &message.loc);
            (message.mask, message.scale) = (mask.map(broadcasting), scale.map(broadcasting));
            let captures: Vec<Tensor> = read.collect();
            let inner: Vec<Inner<'_>> = all.iter().map(|(b, d)| b.inner(d)).collect::<Option<_>>()?;
            let promoted = Promoted::of(&inner, &declared.names, over, &captures, &message.loc)?;
            message.distribution = Some(std::rc::Rc::new(promoted));
        }
        message.value = Some(*value);
        message.within = Some(Within { value: *value, latent });
        dispatch(message, fill);
    }
    Some(())
}

/// The number of dimensions inside.
fn rank(x: Tensor, over: Over) -> usize {
    x.dims().len() - usize::from(matches!(over, Over::Iterations(_)))
}

impl Recorded {
    pub(super) fn find(&self, name: &str) -> Option<&Declared> {
        self.declared.iter().find(|d| d.message.name == name)
    }

    /// A sample site as [`Promoted`] reads it.
    fn inner(&self, declared: &Declared) -> Option<Inner<'_>> {
        let (v, sample) = self.site(declared)?;
        let (graph, site) = (&self.body.graph, sample?);
        let operands = graph.operands(v);
        let captures = operands[site.slots().captures..].iter().map(|o| graph.ty(*o).clone()).collect();
        Some(Inner { graph, site, value: graph.ty(v).clone(), captures })
    }

    /// What all declared sites read, in turn.
    pub(super) fn all_reads(&self, order: &[Declared]) -> Option<Vec<Val>> {
        let each = order.iter().map(|d| self.reads(self.find(&d.message.name)?));
        Some(each.collect::<Option<Vec<_>>>()?.concat())
    }
}

/// Whether all branches declare the same sites; reported if not.
pub(super) fn same_sites(name: &str, branches: &[Recorded], loc: &Loc) -> Option<()> {
    let refuse = |site: &Declared, found: String, help: &str| {
        let (loc, site) = (site.message.loc.clone(), Some(site.message.name.clone()));
        report(TraceError { loc, site, during: None, kind: ErrorKind::Usage { found, help: help.into() } });
        None
    };
    for (i, one) in branches.iter().enumerate() {
        for (k, other) in branches.iter().enumerate().filter(|(k, _)| *k != i) {
            for declared in &one.declared {
                let Some(twin) = other.find(&declared.message.name) else {
                    let found = format!("{name}: branch {i} has this site and branch {k} has not");
                    return refuse(
                        declared,
                        found,
                        "every branch declares the same sites: give the other one too",
                    );
                };
                let (Some(a), Some(b)) = (one.describe(declared), other.describe(twin)) else { continue };
                if i < k && a != b {
                    let found = format!("{name}: the site is {a} in branch {i} and {b} in branch {k}");
                    let help = "one distribution of parameters of the same shapes, both observed or neither; broadcast \
                                them, or use two names and `select`";
                    return refuse(twin, found, help);
                }
            }
        }
    }
    let mut reads = branches.iter().map(|b| b.all_reads(&branches[0].declared));
    if reads.any(|r| r.is_none()) {
        fail(
            ErrorKind::Usage {
                found: format!("{name}: a site inside has no value"),
                help: "see above".into(),
            },
            loc.clone(),
        );
        return None;
    }
    Some(())
}

impl Recorded {
    /// What has to be the same in all branches.
    fn describe(&self, declared: &Declared) -> Option<String> {
        let (v, sample) = self.site(declared)?;
        let tys: Vec<String> =
            self.reads(declared)?.iter().map(|v| self.body.graph.ty(*v).to_string()).collect();
        let kind = |s: &SampleSite| {
            let source = match s.source {
                Source::Latent => "",
                source if source.is_observed() => "observed ",
                _ => "substituted ",
            };
            let coordinates = s.regions.constrain.map(|id| {
                let region = self.body.graph.region(id);
                region.inputs().first().map(|u| region.ty(*u).to_string()).unwrap_or_default()
            });
            let masks = [(s.has_mask, ", masked"), (s.has_scale, ", scaled")];
            let masks: String = masks.iter().filter(|(has, _)| *has).map(|(_, word)| *word).collect();
            let coordinates = coordinates.map(|u| format!(" on {u}")).unwrap_or_default();
            format!("{source}{} of {}{coordinates}{masks}", s.distribution, tys[1..].join(", "))
        };
        let what = sample.map_or("deterministic".to_string(), kind);
        Some(format!("{} {what}", self.body.graph.ty(v)))
    }

    /// The graph as a region that takes these inputs and returns its outputs and then these values.
    pub(super) fn region(
        &self,
        inputs: &[(Ty, Option<Val>)],
        reads: &[Val],
        loc: &Loc,
    ) -> Option<Arc<Graph>> {
        let outputs = [self.body.graph.outputs(), reads].concat();
        let made = self.rewired(inputs, &outputs);
        made.map(Arc::new).map_err(|e| fail(ErrorKind::Type(e), loc.clone())).ok()
    }
}
