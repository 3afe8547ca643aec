//! Pins: unconstrained coordinates of values given to sites, so that a compiled potential serves a conditioned program.

use super::{PassError, at, known::Known};
use crate::{
    graph::{Graph, Kind},
    site::{SiteKind, Source},
};

/// The given sites whose unconstrained coordinates depend on no latent value.
#[derive(Clone, Debug)]
pub struct Pins {
    /// Takes the program's data, then the values given to its sites in program order; returns, for each name, the
    /// flattened unconstrained value, the transform's `log |det J|` there, and the value it gives back.
    pub graph: Graph,
    /// The sites.
    pub names: Vec<String>,
}

impl Pins {
    /// Keeps the sites that `f` holds for.
    pub fn keep(&mut self, f: impl Fn(&str) -> bool) {
        let kept: Vec<bool> = self.names.iter().map(|n| f(n)).collect();
        let outputs = self.graph.outputs().chunks_exact(3).zip(&kept).filter(|(_, k)| **k);
        let outputs: Vec<_> = outputs.flat_map(|(row, _)| row.to_vec()).collect();
        self.graph.set_outputs(outputs);
        let mut next = kept.into_iter();
        self.names.retain(|_| next.next().unwrap_or(false));
    }
}

/// Finds the given sites of a program that can be pinned: a potential of the program in which they are latent equals
/// the conditioned one, up to the constant `log |det J|`, where their coordinates are held at these.
///
/// # Errors
/// When a region does not fit its site.
pub fn pins(graph: &Graph) -> Result<Pins, PassError> {
    let mut known = Known::of(graph)?;
    let (mut names, mut outputs) = (Vec::new(), Vec::new());
    for v in graph.vals() {
        let node = graph.node(v);
        let operands = known.visit(v)?;
        let Kind::Site(site) = &node.kind else { continue };
        let SiteKind::Sample(sample) = &site.kind else { continue };
        let (Source::Given { .. }, Some(value), false) = (sample.source, known.value(v), sample.hidden)
        else {
            continue;
        };
        let (Some(constrain), Some(unconstrain)) = (sample.regions.constrain, sample.regions.unconstrain)
        else {
            continue;
        };
        let err = at("pins", node, Some(&site.name));
        let captures = &operands[sample.slots().captures..];
        let with = |first| std::iter::once(Some(first)).chain(captures.iter().copied()).collect::<Vec<_>>();
        let region = graph.region(unconstrain).clone();
        let Some(u) = known.inline(&region, &with(value), 0).map_err(&err)? else { continue };
        let region = graph.region(constrain).clone();
        let Some(log_det) = known.inline(&region, &with(u), 1).map_err(&err)? else { continue };
        let Some(back) = known.inline(&region, &with(u), 0).map_err(&err)? else { continue };
        let len = known.out.ty(u).len();
        outputs.extend([known.out.reshape(u, &[len]).map_err(&err)?, log_det, back]);
        names.push(site.name.clone());
    }
    known.out.set_outputs(outputs);
    Ok(Pins { graph: known.out, names })
}
