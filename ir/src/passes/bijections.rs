//! The bijections between the supports of latent sites and unconstrained space, as graphs of their own: guides are made of
//! them.

use super::{Coordinates, PassError, at, known::Known, layout};
use crate::{
    error::TypeError,
    graph::{Graph, Kind, Node, Phase, Role, Val},
    ops::Op,
    site::{RegionId, SampleSite, Site, SiteKind},
    types::Ty,
};

/// Part of a program as a closed graph.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Excerpt {
    /// It takes what `reads` lists, and then its own argument if it has one.
    pub graph: Graph,
    /// Numbers among the program's inputs, followed by the values of its latent sites in the order of [`layout`].
    pub reads: Vec<usize>,
}

/// What a latent site's support says of its values. It may depend on data and on latent sites before this one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bijection {
    /// The site.
    pub site: Coordinates,
    /// `u → (value, log |det J|)`, the second one number for each element of the batch.
    pub constrain: Excerpt,
    /// `value → u`.
    pub unconstrain: Excerpt,
    /// `value → truth value` for each element of the batch.
    pub in_support: Excerpt,
    /// A value inside the support; it takes no argument of its own.
    pub feasible: Excerpt,
    /// Whether unconstrained coordinates are the values themselves.
    pub is_identity: bool,
}

/// The bijections of a program's latent sites with continuous supports, in program order.
///
/// # Errors
/// When a support depends on what is drawn, such as a plate's subsample, or on a value that is given later.
pub fn bijections(graph: &Graph) -> Result<Vec<Bijection>, PassError> {
    let mut known = Known::of(graph)?;
    let sites = layout(graph);
    let before = known.out.inputs().len();
    let mut values = Vec::with_capacity(sites.len());
    for c in &sites {
        let value = known.out.input(c.name.clone(), Role::Site, c.ty.clone());
        known.set(c.val, Some(value));
        values.push(value);
    }
    let reader = Reader { before, program: graph.inputs().len() };
    let mut out = Vec::with_capacity(sites.len());
    for v in graph.vals() {
        let operands = known.visit(v)?;
        let Some(i) = sites.iter().position(|c| c.val == v) else { continue };
        known.set(v, Some(values[i]));
        let node = graph.node(v);
        let Kind::Site(site) = &node.kind else { continue };
        let SiteKind::Sample(sample) = &site.kind else { continue };
        let captures = &operands[sample.slots().captures..];
        out.extend(reader.bijection(&known, &sites[i], (node, site), sample, captures)?);
    }
    Ok(out)
}

/// Cuts excerpts out of what is known.
struct Reader {
    /// How many inputs the graph of what is known has before the values of latent sites.
    before: usize,
    /// How many of them are the program's; the others stand for values given to sites.
    program: usize,
}

impl Reader {
    fn bijection(
        &self,
        known: &Known<'_>,
        c: &Coordinates,
        at_site: (&Node, &Site),
        sample: &SampleSite,
        captures: &[Option<Val>],
    ) -> Result<Option<Bijection>, PassError> {
        let (Some(constrain), Some(unconstrain)) = (sample.regions.constrain, sample.regions.unconstrain)
        else {
            return Ok(None);
        };
        let graph = known.graph;
        let excerpt =
            |region: &Graph, argument: Option<&Ty>| self.excerpt(known, at_site, region, argument, captures);
        let split = by_element(graph.region(constrain), &sample.batch);
        let split = split.map_err(at("bijections", at_site.0, Some(&at_site.1.name)))?;
        let region = |id: RegionId| &**graph.region(id);
        Ok(Some(Bijection {
            site: c.clone(),
            is_identity: split.outputs().first() == split.inputs().first(),
            constrain: excerpt(&split, Some(&c.unconstrained))?,
            unconstrain: excerpt(region(unconstrain), Some(&c.ty))?,
            in_support: excerpt(region(sample.regions.in_support), Some(&c.ty))?,
            feasible: excerpt(region(sample.regions.feasible), None)?,
        }))
    }

    /// The region over what its captures are made of.
    fn excerpt(
        &self,
        known: &Known<'_>,
        (node, site): (&Node, &Site),
        region: &Graph,
        argument: Option<&Ty>,
        captures: &[Option<Val>],
    ) -> Result<Excerpt, PassError> {
        let err = at("bijections", node, Some(&site.name));
        let needs = region.reachable(region.outputs());
        let own = usize::from(argument.is_some());
        let mut roots = Vec::new();
        for (input, capture) in region.inputs()[own..].iter().zip(captures) {
            match capture {
                Some(v) if needs[input.index()] => roots.push(*v),
                None if needs[input.index()] => return Err(unknown(node, site)),
                _ => {}
            }
        }
        let from = &known.out;
        let live = from.reachable(&roots);
        let (mut out, mut reads) = (Graph::new(Phase::Pure), Vec::new());
        let mut map: Vec<Option<Val>> = vec![None; from.len()];
        for (i, v) in from.inputs().iter().enumerate().filter(|(_, v)| live[v.index()]) {
            if (self.program..self.before).contains(&i) {
                return Err(unknown(node, site));
            }
            reads.push(if i < self.before { i } else { i - self.before + self.program });
            map[v.index()] = Some(out.copy_node(from, *v, &[]).map_err(&err)?);
        }
        let argument = argument.map(|ty| out.input("x", Role::Argument, ty.clone()));
        for v in from.vals().filter(|v| live[v.index()]) {
            if map[v.index()].is_none() {
                let operands: Vec<Val> = from.operands(v).iter().filter_map(|o| map[o.index()]).collect();
                map[v.index()] = Some(out.copy_node(from, v, &operands).map_err(&err)?);
            }
        }
        let mut args: Vec<Val> = argument.into_iter().collect();
        for (input, capture) in region.inputs()[own..].iter().zip(captures) {
            let made = capture.and_then(|v| map[v.index()]);
            args.push(made.map_or_else(|| out.full(region.ty(*input), 0.0), Ok).map_err(&err)?);
        }
        let outputs = out.inline(region, &args).map_err(&err)?;
        out.set_outputs(outputs);
        Ok(Excerpt { graph: out, reads })
    }
}

/// The region `constrain` with the logarithm of the determinant element by element of the batch, where its sum over all
/// of them shows what it is a sum of; else with an equal part for each.
fn by_element(constrain: &Graph, batch: &[usize]) -> Result<Graph, TypeError> {
    let mut out = constrain.clone();
    let [value, total] = constrain.outputs() else { return Ok(out) };
    let summand = match constrain.op(*total) {
        Some(Op::ReduceSum(_)) => constrain.operands(*total).first().copied(),
        _ => None,
    };
    let log_det = match summand.filter(|x| constrain.ty(*x).dims[..] == *batch) {
        Some(x) => x,
        None => {
            let elements: usize = batch.iter().product();
            let share = out.full_like(*total, 1.0 / elements.max(1) as f64)?;
            let each = out.mul(*total, share)?;
            out.broadcast_to(each, batch)?
        }
    };
    out.set_outputs([*value, log_det]);
    Ok(out)
}

fn unknown(node: &Node, site: &Site) -> PassError {
    PassError::Site {
        site: site.name.clone(),
        loc: node.loc.clone(),
        found: "the support depends on what is drawn, or on a value that is given later".into(),
        help: "an automatic guide maps the site onto its support: let it depend on data and on latent sites alone".into(),
    }
}
