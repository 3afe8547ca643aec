//! The verifier's checks of control flow with sites inside, and of the sites that stand for those.

use std::sync::Arc;

use super::{Verifier, sample::key_ty};
use crate::{
    graph::{Graph, Phase, Val},
    site::{ControlFlowSite, Flow, Site, SiteKind},
    types::{DType, Ty},
};

impl Verifier<'_> {
    /// Invariants 10 and 18.
    pub(super) fn control_flow(&mut self, v: Val, site: &Site, flow: &ControlFlowSite) {
        if !site.frames.is_empty() {
            self.report(18, v, "a control flow has no plates around it");
        }
        let Some(regions) = self.model_regions(v, flow) else { return };
        let mut operands = self.operand_tys(v);
        if flow.rng.has_key() && operands.first() != Some(&key_ty()) {
            let found = operands.first().map_or("nothing".into(), Ty::to_string);
            return self.report(18, v, format!("the key: expected {}, found {found}", key_ty()));
        }
        operands.drain(..flow.first());
        match &flow.flow {
            Flow::Scan { consts, carries, length, .. } => {
                self.scan(v, &regions[0], &operands, (*consts, *carries, *length));
            }
            Flow::Switch { .. } => self.switch(v, &regions, &operands),
        }
        let found: Vec<Ty> = self.graph.node(v).results().cloned().collect();
        let expected = flow.results(self.graph.regions()).unwrap_or_default();
        if expected != found {
            self.report(18, v, format!("expected results {expected:?}, found {found:?}"));
        }
    }

    /// The regions, if all are there and none is wrong.
    fn model_regions(&mut self, v: Val, flow: &ControlFlowSite) -> Option<Vec<Arc<Graph>>> {
        let before = self.errors.len();
        let mut out = Vec::new();
        for id in flow.regions() {
            match self.graph.regions().get(id.index()).cloned() {
                None => {
                    let n = self.graph.regions().len();
                    self.report(10, v, format!("no region {}; the graph has {n}", id.index()));
                }
                Some(region) if region.phase() != Phase::Model => {
                    self.report(10, v, format!("region {} is not of the model phase", id.index()));
                }
                Some(region) => out.push(region),
            }
        }
        if out.is_empty() && self.errors.len() == before {
            self.report(18, v, "expected at least one region");
        }
        // Outputs that do not exist are the region's own violation.
        let sound = out.iter().all(|r| r.outputs().iter().all(|o| o.index() < r.len()));
        (sound && self.errors.len() == before).then_some(out)
    }

    fn scan(
        &mut self,
        v: Val,
        body: &Graph,
        operands: &[Ty],
        (consts, carries, length): (usize, usize, usize),
    ) {
        let first = consts.saturating_add(carries);
        let inputs: Vec<&Ty> = body.inputs().iter().map(|i| body.ty(*i)).collect();
        let whole = |(i, ty): (usize, &&Ty)| match i < first {
            true => (*ty).clone(),
            false => ty.with_dims(std::iter::once(length).chain(ty.dims.iter().copied())),
        };
        let expected: Vec<Ty> = inputs.iter().enumerate().map(whole).collect();
        if expected != operands || first > inputs.len() {
            self.report(18, v, format!("expected operands {expected:?}, found {operands:?}"));
        }
        let carried: Vec<&Ty> = inputs.into_iter().skip(consts).take(carries).collect();
        let next: Vec<&Ty> = body.outputs().iter().take(carries).map(|o| body.ty(*o)).collect();
        if carried != next || next.len() != carries {
            self.report(18, v, format!("it carries {carried:?} into an iteration and {next:?} out of it"));
        }
    }

    fn switch(&mut self, v: Val, branches: &[Arc<Graph>], operands: &[Ty]) {
        let Some((index, operands)) = operands.split_first() else {
            return self.report(18, v, "expected an index, found no operand");
        };
        if *index != Ty::scalar(DType::I32) {
            self.report(18, v, format!("expected an index i32[], found {index}"));
        }
        let tys = |g: &Graph, vals: &[Val]| vals.iter().map(|v| g.ty(*v).clone()).collect::<Vec<Ty>>();
        let results = tys(&branches[0], branches[0].outputs());
        for (i, branch) in branches.iter().enumerate() {
            let (found, returned) = (tys(branch, branch.inputs()), tys(branch, branch.outputs()));
            if found != operands {
                self.report(18, v, format!("branch {i} takes {found:?} of operands {operands:?}"));
            }
            if returned != results {
                self.report(18, v, format!("branch {i} returns {returned:?}, the first {results:?}"));
            }
        }
    }

    /// Invariant 19.
    pub(super) fn within(&mut self, v: Val, value: &Ty) {
        let Some(first) = self.graph.operands(v).first().copied() else { return };
        let (of, _) = self.graph.origin(first);
        let flows = self.graph.site(of).is_some_and(|s| matches!(s.kind, SiteKind::ControlFlow(_)));
        if !flows || self.graph.ty(first) != value {
            let found = self.graph.ty(first);
            self.report(19, v, format!("expected a result of a control flow of type {value}, found {found}"));
        }
    }
}
