//! Initial positions for samplers: every latent site given, drawn or mapped from unconstrained space, in program order.

use super::{Dce, Pass, PassError, Query, at, known::Known};
use crate::{
    error::TypeError,
    graph::{Graph, Kind, Role, Val},
    ops::{Concatenate, IsFinite, Slice, Sort, Take},
    site::{SampleSite, SiteKind},
    threefry,
    types::{DType, Dims, Ty},
};

/// How the latent sites of [`initial`] get their values.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Initial {
    /// A site has the median, element by element, of this many draws, given the values before it; with none, or where
    /// the site cannot be drawn from, its value comes from unconstrained coordinates.
    pub draws: usize,
    /// Whether a site has its mean instead, where that is stated and finite.
    pub mean: bool,
    /// Sites whose values are given.
    pub values: Vec<String>,
}

/// The graph of a position for a program: takes the data, the values given to sites in program order, those of
/// [`Initial::values`] in program order, unconstrained coordinates of the position's dimensions, and a key; returns the
/// position.
///
/// # Errors
/// When a region does not fit its site.
pub fn initial(graph: &Graph, how: &Initial) -> Result<Graph, PassError> {
    let mut known = Known::of(graph)?;
    let coordinates = super::layout(graph);
    let dimension = coordinates.iter().map(|c| c.unconstrained.len()).sum();
    let mut given = Vec::new();
    for c in coordinates.iter().filter(|c| how.values.contains(&c.name)) {
        given.push((c.val, known.out.input(c.name.clone(), Role::Site, c.ty.clone())));
    }
    let position = known.out.input("position", Role::Position, Ty::new(DType::F64, [dimension]));
    let key = known.out.input("key", Role::Key, Ty::new(DType::U32, [2]));
    for (site, value) in &given {
        known.set(*site, Some(*value));
    }
    let mut maker = Maker { known, how, given, position, key, pieces: Vec::new() };
    maker.within(&coordinates)?;
    for v in graph.vals() {
        let operands = maker.known.visit(v)?;
        let node = graph.node(v);
        let Kind::Site(site) = &node.kind else { continue };
        let SiteKind::Sample(sample) = &site.kind else { continue };
        if maker.known.value(v).is_some() && !(sample.within && sample.is_latent()) {
            continue;
        }
        let offset = coordinates.iter().find(|c| c.val == v).map(|c| (c.offset, c.unconstrained.clone()));
        let made = maker.site(v, sample, offset, &operands);
        maker.known.set(v, made.map_err(at("initial", node, Some(&site.name)))?);
    }
    let mut out = maker.known.out;
    let pieces = maker.pieces;
    let whole = match &pieces[..] {
        [] => out.full(&Ty::new(DType::F64, [0]), 0.0),
        [piece] => Ok(*piece),
        _ => out.push(Concatenate { axis: 0 }, &pieces),
    };
    let failed = |e| PassError::Type { pass: "initial", site: None, loc: None, source: Box::new(e) };
    let whole = whole.map_err(failed)?;
    out.set_outputs(vec![whole]);
    Dce.run(&out, Query::Evaluate)
}

struct Maker<'a> {
    known: Known<'a>,
    how: &'a Initial,
    given: Vec<(Val, Val)>,
    position: Val,
    key: Val,
    pieces: Vec<Val>,
}

impl Maker<'_> {
    /// Coordinates for the sites within control flows: what their draws depend on is known inside alone.
    fn within(&mut self, coordinates: &[super::Coordinates]) -> Result<(), PassError> {
        for c in coordinates {
            let (Some(site), node) = (self.known.graph.site(c.val), self.known.graph.node(c.val)) else {
                continue;
            };
            let SiteKind::Sample(sample) = &site.kind else { continue };
            if sample.within && self.known.value(c.val).is_none() {
                let u =
                    self.piece(c.offset, &c.unconstrained).map_err(at("initial", node, Some(&site.name)))?;
                self.known.coordinates.insert(c.val, u);
            }
        }
        Ok(())
    }

    /// Coordinates of a site in the position given.
    fn piece(&mut self, offset: usize, ty: &Ty) -> Result<Val, TypeError> {
        let [start, limit, stride] = [offset, offset + ty.len(), 1].map(|n| Dims::from_slice(&[n]));
        let piece = Slice { start, limit, stride };
        let piece = self.known.out.push(piece, &[self.position])?;
        let piece = self.known.out.convert(piece, ty.dtype)?;
        self.known.out.reshape(piece, &ty.dims)
    }

    /// A latent site's value, and its piece of the position where it has coordinates.
    fn site(
        &mut self,
        v: Val,
        sample: &SampleSite,
        coordinates: Option<(usize, Ty)>,
        operands: &[Option<Val>],
    ) -> Result<Option<Val>, TypeError> {
        let captures = &operands[sample.slots().captures..];
        let given = self.given.iter().find(|(site, _)| *site == v).map(|(_, value)| *value);
        let draws = if coordinates.is_some() { self.how.draws } else { 1 };
        let value = match given {
            Some(value) => Some(value),
            None if sample.within => None,
            None => self.center(sample, draws, captures)?,
        };
        let Some((offset, ty)) = coordinates else { return Ok(value) };
        let (Some(constrain), Some(unconstrain)) = (sample.regions.constrain, sample.regions.unconstrain)
        else {
            return Ok(value);
        };
        let with = |first| std::iter::once(Some(first)).chain(captures.iter().copied()).collect::<Vec<_>>();
        let graph = self.known.graph;
        let (u, value) = match value {
            Some(value) => {
                let u = self.known.inline(&graph.region(unconstrain).clone(), &with(value), 0)?;
                (u, Some(value))
            }
            None => {
                let u = self.piece(offset, &ty)?;
                let value = self.known.inline(&graph.region(constrain).clone(), &with(u), 0)?;
                (Some(u), value)
            }
        };
        if let Some(u) = u {
            let flat = self.known.out.reshape(u, &[ty.len()])?;
            self.pieces.push(self.known.out.convert(flat, DType::F64)?);
        }
        Ok(value)
    }

    /// The mean where it is wanted and finite, else the median.
    fn center(
        &mut self,
        sample: &SampleSite,
        n: usize,
        captures: &[Option<Val>],
    ) -> Result<Option<Val>, TypeError> {
        let median = self.median(sample, n, captures)?;
        let Some(region) = sample.regions.mean.filter(|_| self.how.mean) else { return Ok(median) };
        let region = self.known.graph.region(region).clone();
        let args = &captures[..region.inputs().len().min(captures.len())];
        let Some(mean) = self.known.inline(&region, args, 0)? else { return Ok(median) };
        let Some(median) = median else { return Ok(Some(mean)) };
        let out = &mut self.known.out;
        let finite = out.push(IsFinite, &[mean])?;
        out.select(finite, mean, median).map(Some)
    }

    /// The median of `n` draws; `None` where there are none.
    fn median(
        &mut self,
        sample: &SampleSite,
        n: usize,
        captures: &[Option<Val>],
    ) -> Result<Option<Val>, TypeError> {
        let Some(region) = sample.regions.draw.filter(|_| n > 0) else { return Ok(None) };
        let region = self.known.graph.region(region).clone();
        let mut draws = Vec::with_capacity(n);
        for _ in 0..n {
            let [next, own] = threefry::split_pair(&mut self.known.out, self.key)?;
            self.key = next;
            let args: Vec<Option<Val>> = std::iter::once(Some(own)).chain(captures.iter().copied()).collect();
            let args = &args[..region.inputs().len().min(args.len())];
            let Some(drawn) = self.known.inline(&region, args, 0)? else { return Ok(None) };
            draws.push(drawn);
        }
        let [first, _, ..] = draws[..] else { return Ok(draws.first().copied()) };
        let out = &mut self.known.out;
        let dims = out.ty(first).dims.clone();
        let row: Vec<usize> = std::iter::once(1).chain(dims.iter().copied()).collect();
        let rows = draws.iter().map(|d| out.reshape(*d, &row)).collect::<Result<Vec<_>, _>>()?;
        let stacked = out.push(Concatenate { axis: 0 }, &rows)?;
        let sorted = out.push(Sort { axis: 0, keys: 1, descending: false, positions: false }, &[stacked])?;
        let middle = |out: &mut Graph, i: usize| {
            let i = out.constant(i as i64)?;
            out.push(Take { axis: 0 }, &[sorted, i])
        };
        let (low, high) = (middle(out, (n - 1) / 2)?, middle(out, n / 2)?);
        let sum = out.add(low, high)?;
        let half = out.full_like(sum, 0.5)?;
        out.mul(sum, half).map(Some)
    }
}
