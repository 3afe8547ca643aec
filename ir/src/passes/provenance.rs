//! Provenance: which sites the values of a program, and the densities of its sites, are computed from.

use super::control_flow::sites_within;
use crate::{
    graph::{Graph, Kind, Val},
    ops::Op,
    site::{ControlFlowSite, Flow, RegionId, SampleSite, Site, SiteKind},
};

/// A set of marked sites, as bits.
#[derive(Clone, Default)]
pub(super) struct Marks(Vec<u64>);

impl Marks {
    fn of(mark: usize) -> Marks {
        let mut words = vec![0; mark / 64 + 1];
        words[mark / 64] = 1 << (mark % 64);
        Marks(words)
    }

    fn join(&mut self, other: &Marks) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    /// Whether the site is in the set.
    pub(super) fn contains(&self, mark: usize) -> bool {
        self.0.get(mark / 64).is_some_and(|word| word >> (mark % 64) & 1 == 1)
    }
}

/// Abstract interpretation of a recorded program (Wingate et al., 2011, "Nonstandard Interpretations of Probabilistic
/// Programs for Efficient Inference"): each value is the set of marked sites that it is computed from.
pub(super) struct Provenance<'a> {
    graph: &'a Graph,
    values: Vec<Marks>,
}

impl<'a> Provenance<'a> {
    /// Follows the sites for which `mark` gives a number: they stand for themselves, whatever their values are computed
    /// from. The values of all others stand for what goes into them.
    pub(super) fn of(graph: &'a Graph, mark: impl Fn(&Site) -> Option<usize>) -> Provenance<'a> {
        let mut provenance = Provenance { graph, values: Vec::with_capacity(graph.len()) };
        for v in graph.vals() {
            let marks = match &graph.node(v).kind {
                Kind::Site(site) => match (&site.kind, mark(site)) {
                    (SiteKind::ControlFlow(flow), _) => provenance.control_flow(v, flow, 0, &mark),
                    (_, Some(mark)) => Marks::of(mark),
                    (_, None) => provenance.computed(v),
                },
                Kind::Part(k) => {
                    let from = graph.operands(v)[0];
                    match graph.site(from).map(|site| &site.kind) {
                        Some(SiteKind::ControlFlow(flow)) => {
                            provenance.control_flow(from, flow, *k as usize, &mark)
                        }
                        _ => provenance.join(&[from]),
                    }
                }
                _ => provenance.join(&graph.operands(v)),
            };
            provenance.values.push(marks);
        }
        provenance
    }

    fn join(&self, operands: &[Val]) -> Marks {
        let mut marks = Marks::default();
        for operand in operands {
            marks.join(&self.values[operand.index()]);
        }
        marks
    }

    /// What result `k` of a loop or choice with sites inside is computed from. Where all branches return the value of one
    /// site it is that site; else what goes in, and the sites, whichever result it is (both as in NumPyro).
    fn control_flow(
        &self,
        v: Val,
        flow: &ControlFlowSite,
        k: usize,
        mark: impl Fn(&Site) -> Option<usize>,
    ) -> Marks {
        let mut marks = self.join(&self.graph.operands(v));
        for (p, value, _) in sites_within(self.graph, v) {
            let Some(mark) = self.graph.site(p).and_then(&mark) else { continue };
            let returned = |branch: &RegionId| {
                let outputs = self.graph.region(*branch).outputs();
                outputs.get(k) == outputs.get(value)
            };
            if let Flow::Switch { branches } = &flow.flow
                && branches.iter().all(returned)
            {
                return Marks::of(mark);
            }
            marks.join(&Marks::of(mark));
        }
        marks
    }

    /// What the value of a site is computed from: for a sample site its value if it has one, else what it is drawn by.
    pub(super) fn computed(&self, v: Val) -> Marks {
        let operands = self.graph.operands(v);
        match self.graph.site(v).map(|site| &site.kind) {
            Some(SiteKind::Sample(sample)) => {
                match (sample.slots().value.or(sample.slots().within), sample.regions.draw) {
                    (Some(value), _) => self.join(&operands[value..=value]),
                    (None, Some(draw)) => {
                        let key = Marks::default();
                        self.region(self.graph.region(draw), &key, &operands[sample.slots().captures..])
                    }
                    (None, None) => Marks::default(),
                }
            }
            Some(SiteKind::Check(_)) | None => Marks::default(),
            Some(_) => self.join(&operands),
        }
    }

    /// What the density of the sample site `v` is computed from, given its value; its mask takes part, its scale does not.
    pub(super) fn density(&self, v: Val, sample: &SampleSite) -> Marks {
        let (operands, slots) = (self.graph.operands(v), sample.slots());
        let mask = slots.mask.map(|slot| operands[slot]);
        if mask.is_some_and(|mask| self.is_off(mask)) {
            return Marks::default();
        }
        let region = self.graph.region(sample.regions.log_prob);
        let mut marks = self.region(region, &self.values[v.index()], &operands[slots.captures..]);
        marks.join(&self.join(mask.as_slice()));
        marks
    }

    /// Whether a mask is the literal `false`: then there is no density, whatever else the site says.
    fn is_off(&self, mask: Val) -> bool {
        match self.graph.op(mask) {
            Some(Op::Constant(constant)) => constant.0.as_slice::<bool>() == Some(&[false]),
            Some(Op::Broadcast(_)) => self.graph.operands(mask).first().is_some_and(|v| self.is_off(*v)),
            _ => false,
        }
    }

    /// What the outputs of a region are computed from, whose first argument has the marks `first` and whose others are
    /// `captures`.
    fn region(&self, region: &Graph, first: &Marks, captures: &[Val]) -> Marks {
        let needed = region.reachable(region.outputs());
        let mut marks = Marks::default();
        for (i, input) in region.inputs().iter().enumerate() {
            match i.checked_sub(1).and_then(|capture| captures.get(capture)) {
                _ if !needed[input.index()] => {}
                None => marks.join(first),
                Some(capture) => marks.join(&self.values[capture.index()]),
            }
        }
        marks
    }
}
