//! Checks on values: what can be said about data before any run, as a graph of truth values with their meaning.

use super::{PassError, at};
use crate::{
    error::TypeError,
    graph::{Graph, Kind, Loc, Node, Phase, Val},
    ops::{Compare, Comparison},
    site::{SampleSite, Site, SiteKind, Source},
    types::Dims,
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
    /// Takes the program's data; returns, for each row, a truth value per element and then the elements tested.
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
    let mut collector = Collector {
        graph,
        out: Graph::new(Phase::Pure),
        map: vec![None; graph.len()],
        rows: Vec::new(),
        outputs: Vec::new(),
    };
    collector.nan_in_data()?;
    for v in graph.vals() {
        collector.node(v)?;
    }
    collector.out.set_outputs(collector.outputs);
    Ok(Checks { graph: collector.out, rows: collector.rows })
}

struct Collector<'a> {
    graph: &'a Graph,
    out: Graph,
    /// The value in the new graph; `None` where it depends on a latent site.
    map: Vec<Option<Val>>,
    rows: Vec<Check>,
    outputs: Vec<Val>,
}

impl Collector<'_> {
    fn row(&mut self, check: Check, holds: Val, tested: Val) {
        self.rows.push(check);
        self.outputs.extend([holds, tested]);
    }

    /// Float data must hold no NaN unless they are nothing but observed values and masks, whose sites have checks.
    fn nan_in_data(&mut self) -> Result<(), PassError> {
        let mut roots = self.graph.outputs().to_vec();
        for (v, site) in self.graph.sites() {
            let operands = self.graph.operands(v);
            match &site.kind {
                SiteKind::Sample(s) => roots.extend(&operands[s.slots().captures..]),
                _ => roots.extend(operands),
            }
        }
        let upstream = self.graph.reachable(&roots);
        for v in self.graph.inputs() {
            let node = self.graph.node(*v);
            let new = self.out.copy_node(self.graph, *v, &[]).map_err(at("checks", node, None))?;
            self.map[v.index()] = Some(new);
            if let (Kind::Input(input), true, true) =
                (&node.kind, node.ty.dtype.is_float(), upstream[v.index()])
            {
                let equal = Compare(Comparison::Eq);
                let holds = self.out.push(equal, &[new, new]).map_err(at("checks", node, None))?;
                let (subject, expected) = (format!("data `{}`", input.name), "numbers, not NaN".into());
                self.row(Check { site: None, subject, expected, loc: None }, holds, new);
            }
        }
        Ok(())
    }

    fn node(&mut self, v: Val) -> Result<(), PassError> {
        let graph = self.graph;
        let node = graph.node(v);
        let operands: Vec<Option<Val>> = graph.operands(v).iter().map(|o| self.map[o.index()]).collect();
        let known: Option<Vec<Val>> = operands.iter().copied().collect();
        self.out.set_loc(node.loc.clone());
        self.map[v.index()] = match (&node.kind, known) {
            (Kind::Input(_), _) => return Ok(()),
            (Kind::Pure(_), Some(known)) => {
                Some(self.out.copy_node(graph, v, &known).map_err(at("checks", node, None))?)
            }
            (Kind::Pure(_), None) => None,
            (Kind::Site(site), known) => {
                let err = at("checks", node, Some(&site.name));
                self.site(node, site, &operands, known).map_err(err)?
            }
        };
        Ok(())
    }

    fn site(
        &mut self,
        node: &Node,
        site: &Site,
        operands: &[Option<Val>],
        known: Option<Vec<Val>>,
    ) -> Result<Option<Val>, TypeError> {
        match (&site.kind, known) {
            (SiteKind::Sample(sample), _) if sample.hidden => Ok(None),
            (SiteKind::Sample(sample), _) => self.sample(node, site, sample, operands),
            (SiteKind::Check(check), Some(known)) => {
                let expected = check.expected.clone();
                let row = Check { site: None, subject: site.name.clone(), expected, loc: node.loc.clone() };
                self.row(row, known[0], known[1]);
                Ok(Some(known[0]))
            }
            (SiteKind::Check(_), None) => Ok(None),
            (SiteKind::Plate(frame), _) => {
                let dims = Dims::from_slice(&[frame.size]);
                self.out.push(crate::ops::Iota { dtype: node.ty.dtype, dims, axis: 0 }, &[]).map(Some)
            }
            (SiteKind::Deterministic | SiteKind::Param(_), known) => Ok(known.map(|k| k[0])),
        }
    }

    fn sample(
        &mut self,
        node: &Node,
        site: &Site,
        sample: &SampleSite,
        operands: &[Option<Val>],
    ) -> Result<Option<Val>, TypeError> {
        let slots = sample.slots();
        let mask = slots.mask.map(|s| operands[s]);
        let captures = &operands[slots.captures..];
        let row = |subject: String, expected: &str| {
            let (site, loc) = (Some(site.name.clone()), node.loc.clone());
            Check { site, subject, expected: expected.into(), loc }
        };
        // With a mask known only at run time nothing is certain; without one every element counts.
        if mask.is_some_and(|m| m.is_none()) {
            return Ok(slots.value.and_then(|s| operands[s]));
        }
        let mask = mask.flatten();
        self.params(sample, captures, mask, &row)?;
        let (Source::Operand { .. }, Some(Some(value))) = (sample.source, slots.value.map(|s| operands[s]))
        else {
            return Ok(None);
        };
        let value = self.out.broadcast_to(value, &node.ty.dims)?;
        let region = self.graph.region(sample.regions.in_support).clone();
        let args: Vec<Option<Val>> = std::iter::once(Some(value)).chain(captures.iter().copied()).collect();
        if let Some(inside) = self.inline_known(&region, &args, 0)? {
            let inside = self.out.broadcast_to(inside, &sample.batch)?;
            let holds = self.unless_masked(inside, mask)?;
            self.row(row("value".into(), &sample.support), holds, value);
        }
        Ok(Some(value))
    }

    fn params(
        &mut self,
        sample: &SampleSite,
        captures: &[Option<Val>],
        mask: Option<Val>,
        row: &dyn Fn(String, &str) -> Check,
    ) -> Result<(), TypeError> {
        let region = self.graph.region(sample.regions.valid_params).clone();
        for (i, info) in sample.params.iter().enumerate() {
            let Some(Some(param)) = captures.get(i).copied() else { continue };
            let Some(valid) = self.inline_known(&region, captures, i)? else { continue };
            // A mask that is finer than the parameter says nothing certain about a shared element.
            let same = mask.is_some_and(|m| self.out.ty(m).dims == self.out.ty(valid).dims);
            if mask.is_none() || same {
                let holds = self.unless_masked(valid, mask)?;
                self.row(row(format!("parameter `{}`", info.name), &info.constraint), holds, param);
            }
        }
        Ok(())
    }

    /// Output `i` of a region, if what it needs is known: other arguments may depend on latent values.
    fn inline_known(
        &mut self,
        region: &Graph,
        args: &[Option<Val>],
        i: usize,
    ) -> Result<Option<Val>, TypeError> {
        let needs = region.reachable(&region.outputs()[i..=i]);
        let mut known = Vec::with_capacity(region.inputs().len());
        for (input, arg) in region.inputs().iter().zip(args) {
            match (needs[input.index()], arg) {
                (_, Some(arg)) => known.push(*arg),
                (false, None) => known.push(self.out.full(region.ty(*input), 0.0)?),
                (true, None) => return Ok(None),
            }
        }
        Ok(Some(self.out.inline(region, &known)?[i]))
    }

    fn unless_masked(&mut self, holds: Val, mask: Option<Val>) -> Result<Val, TypeError> {
        let Some(mask) = mask else { return Ok(holds) };
        let dims = self.out.ty(holds).dims.clone();
        let mask = self.out.broadcast_to(mask, &dims)?;
        let off = self.out.not(mask)?;
        self.out.or(holds, off)
    }
}
