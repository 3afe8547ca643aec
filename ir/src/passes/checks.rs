//! Checks on values: what can be said about data before any run, as a graph of truth values with their meaning.

use super::{PassError, at, known::Known};
use crate::{
    error::TypeError,
    graph::{Graph, Kind, Loc, Node, Val},
    ops::{Compare, Comparison},
    site::{SampleSite, Site, SiteKind},
};

/// What one output of a checks graph means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Check {
    /// The site it concerns; none for a leaf of the data.
    pub site: Option<String>,
    /// What must satisfy it: `value`, ``parameter `scale` `` or ``data `sigma` ``.
    pub subject: String,
    /// What must hold, as the end of the sentence "expected …".
    pub expected: String,
    /// The user's line.
    pub loc: Option<Loc>,
}

/// The checks of a program that depend on data alone.
#[derive(Clone, Debug)]
pub struct Checks {
    /// Takes the program's data, then the values given to its sites in program order; returns, for each row, a truth
    /// value per element and then the elements tested.
    pub graph: Graph,
    /// The meaning of each pair of outputs.
    pub rows: Vec<Check>,
}

/// Collects the checks of a recorded program: supports of observed values, constraints of parameters, index ranges
/// and NaN in data, each as far as it depends on no latent value. Masked elements pass.
///
/// # Errors
/// When a region does not fit its site.
pub fn checks(graph: &Graph) -> Result<Checks, PassError> {
    let mut collector = Collector { known: Known::of(graph)?, rows: Vec::new(), outputs: Vec::new() };
    collector.nan_in_data()?;
    for v in graph.vals() {
        let node = graph.node(v);
        let operands = collector.known.visit(v)?;
        if let Kind::Site(site) = &node.kind {
            collector.site(v, node, site, &operands).map_err(at("checks", node, Some(&site.name)))?;
        }
    }
    let mut graph = collector.known.out;
    graph.set_outputs(collector.outputs);
    Ok(Checks { graph, rows: collector.rows })
}

struct Collector<'a> {
    known: Known<'a>,
    rows: Vec<Check>,
    outputs: Vec<Val>,
}

impl Collector<'_> {
    fn row(&mut self, check: Check, holds: Val, tested: Val) {
        self.rows.push(check);
        self.outputs.extend([holds, tested]);
    }

    /// Float data must hold no NaN unless they are nothing but observed values and masks, whose sites have checks, and
    /// what is only kept under a name.
    fn nan_in_data(&mut self) -> Result<(), PassError> {
        let graph = self.known.graph;
        let mut roots = graph.outputs().to_vec();
        for (v, site) in graph.sites() {
            let operands = graph.operands(v);
            match &site.kind {
                SiteKind::Sample(s) => roots.extend(&operands[s.slots().captures..]),
                // It decides no density: a gap in the data may stay a gap.
                SiteKind::Deterministic => {}
                _ => roots.extend(operands),
            }
        }
        let upstream = graph.reachable(&roots);
        for v in graph.inputs() {
            let node = graph.node(*v);
            let (Kind::Input(input), Some(data)) = (&node.kind, self.known.value(*v)) else { continue };
            if node.ty.dtype.is_float() && upstream[v.index()] {
                let equal = self.known.out.push(Compare(Comparison::Eq), &[data, data]);
                let holds = equal.map_err(at("checks", node, None))?;
                let (subject, expected) = (format!("data `{}`", input.name), "numbers, not NaN".into());
                self.row(Check { site: None, subject, expected, loc: None }, holds, data);
            }
        }
        Ok(())
    }

    fn site(&mut self, v: Val, node: &Node, site: &Site, operands: &[Option<Val>]) -> Result<(), TypeError> {
        match &site.kind {
            SiteKind::Sample(sample) if !sample.hidden => self.sample(v, node, site, sample, operands),
            SiteKind::Check(check) => {
                if let [Some(holds), Some(tested)] = operands {
                    let subject = if check.subject.is_empty() { &site.name } else { &check.subject };
                    let (subject, expected, loc) =
                        (subject.clone(), check.expected.clone(), node.loc.clone());
                    self.row(Check { site: None, subject, expected, loc }, *holds, *tested);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn sample(
        &mut self,
        v: Val,
        node: &Node,
        site: &Site,
        sample: &SampleSite,
        operands: &[Option<Val>],
    ) -> Result<(), TypeError> {
        let slots = sample.slots();
        let captures = &operands[slots.captures..];
        let row = |subject: String, expected: &str| {
            let (site, loc) = (Some(site.name.clone()), node.loc.clone());
            Check { site, subject, expected: expected.into(), loc }
        };
        // With a mask known only at run time nothing is certain; without one every element counts.
        let mask = match slots.mask.map(|s| operands[s]) {
            Some(None) => return Ok(()),
            mask => mask.flatten(),
        };
        self.params(sample, captures, mask, &row)?;
        let Some(value) = self.known.value(v) else { return Ok(()) };
        let region = self.known.graph.region(sample.regions.in_support).clone();
        let args: Vec<Option<Val>> = std::iter::once(Some(value)).chain(captures.iter().copied()).collect();
        if let Some(inside) = self.known.inline(&region, &args, 0)? {
            let inside = self.known.out.broadcast_to(inside, &sample.batch)?;
            let holds = self.unless_masked(inside, mask)?;
            self.row(row("value".into(), &sample.support), holds, value);
        }
        Ok(())
    }

    fn params(
        &mut self,
        sample: &SampleSite,
        captures: &[Option<Val>],
        mask: Option<Val>,
        row: &dyn Fn(String, &str) -> Check,
    ) -> Result<(), TypeError> {
        let region = self.known.graph.region(sample.regions.valid_params).clone();
        for (i, info) in sample.params.iter().enumerate() {
            let Some(Some(param)) = captures.get(i).copied() else { continue };
            let Some(valid) = self.known.inline(&region, captures, i)? else { continue };
            // A mask that is finer than the parameter says nothing certain about a shared element.
            let same = mask.is_some_and(|m| self.known.out.ty(m).dims == self.known.out.ty(valid).dims);
            if mask.is_none() || same {
                let holds = self.unless_masked(valid, mask)?;
                self.row(row(format!("parameter `{}`", info.name), &info.constraint), holds, param);
            }
        }
        Ok(())
    }

    fn unless_masked(&mut self, holds: Val, mask: Option<Val>) -> Result<Val, TypeError> {
        let Some(mask) = mask else { return Ok(holds) };
        let dims = self.known.out.ty(holds).dims.clone();
        let mask = self.known.out.broadcast_to(mask, &dims)?;
        let off = self.known.out.not(mask)?;
        self.known.out.or(holds, off)
    }
}
