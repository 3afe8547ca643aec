//! The verifier's checks of sample and param sites: operands against the payload, regions against their documented
//! signatures.

use std::fmt;

use super::Verifier;
use crate::{
    graph::{Phase, Val},
    shape,
    site::{ParamInfo, ParamSite, RegionId, SampleSite},
    types::{DType, Dims, Ty},
};

/// What a type must be.
enum Want {
    Exactly(Ty),
    /// The element type, or any float, with dimensions that broadcast to these.
    Within(Option<DType>, Dims),
    Float,
    FloatScalar,
}

impl Want {
    fn fits(&self, ty: &Ty) -> bool {
        match self {
            Want::Exactly(want) => ty == want,
            Want::Within(dtype, dims) => {
                dtype.map_or(ty.dtype.is_float(), |d| ty.dtype == d) && shape::broadcasts_to(&ty.dims, dims)
            }
            Want::Float => ty.dtype.is_float(),
            Want::FloatScalar => ty.dtype.is_float() && ty.rank() == 0,
        }
    }
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Want::Exactly(ty) => write!(f, "{ty}"),
            Want::Within(Some(dtype), dims) => write!(f, "{dtype} of dimensions that broadcast to {dims:?}"),
            Want::Within(None, dims) => write!(f, "a float of dimensions that broadcast to {dims:?}"),
            Want::Float => f.write_str("a float"),
            Want::FloatScalar => f.write_str("a floating-point scalar"),
        }
    }
}

impl Verifier<'_> {
    pub(super) fn sample(&mut self, v: Val, site: &SampleSite) {
        let value = self.graph.ty(v).clone();
        let batch = value.rank().checked_sub(site.event_dim).map(|n| &value.dims[..n]);
        if batch != Some(&site.batch) {
            let message = format!(
                "expected batch {:?} and {} event dimensions, found {value}",
                site.batch, site.event_dim
            );
            self.report(13, v, message);
        }
        let Some(captures) = self.sample_operands(v, site, &value) else { return };
        self.densities(v, site, &value, &captures);
        self.fallbacks(v, site, &value, &captures);
        self.bijection(v, site, &value, &captures);
    }

    /// Checks the operands; the captures' types, unless operands are missing.
    fn sample_operands(&mut self, v: Val, site: &SampleSite, value: &Ty) -> Option<Vec<Ty>> {
        let tys = self.operand_tys(v);
        let slots = site.slots();
        if slots.within.is_some() {
            self.within(v, value);
        }
        let leading = [
            (slots.within, "value inside", Want::Exactly(value.clone())),
            (slots.value, "value", Want::Within(Some(value.dtype), value.dims.clone())),
            (slots.mask, "mask", Want::Within(Some(DType::Bool), site.batch.clone())),
            (slots.scale, "scale", Want::Within(None, site.batch.clone())),
            (slots.key, "key", Want::Exactly(key_ty())),
        ];
        let leading: Vec<_> = leading.into_iter().filter(|(slot, ..)| slot.is_some()).collect();
        let least = slots.captures + site.params.len();
        if tys.len() < least {
            let mut names: Vec<&str> = leading.iter().map(|(_, name, _)| *name).collect();
            names.extend(site.params.iter().map(|p| p.name.as_str()));
            let names = names.join(", ");
            self.report(9, v, format!("expected at least {least} operands ({names}), found {}", tys.len()));
            return None;
        }
        for ((_, name, want), found) in leading.iter().zip(&tys) {
            if !want.fits(found) {
                self.report(14, v, format!("the {name}: expected {want}, found {found}"));
            }
        }
        Some(tys[slots.captures..].to_vec())
    }

    fn densities(&mut self, v: Val, site: &SampleSite, value: &Ty, captures: &[Ty]) {
        let regions = &site.regions;
        let given = [Want::Exactly(value.clone())];
        let per_batch = |dtype| [Want::Within(dtype, site.batch.clone())];
        self.signature(v, ("log_prob", regions.log_prob), &given, captures, &per_batch(None));
        self.signature(
            v,
            ("in_support", regions.in_support),
            &given,
            captures,
            &per_batch(Some(DType::Bool)),
        );
        if let Some(mean) = regions.mean {
            self.signature(v, ("mean", mean), &[], captures, &given);
        }
        if let Some(weight) = regions.weight {
            self.signature(v, ("weight", weight), &[], captures, &per_batch(None));
        }
        if let Some(draw) = regions.draw {
            self.signature(v, ("draw", draw), &[Want::Exactly(key_ty())], captures, &given);
        }
    }

    fn fallbacks(&mut self, v: Val, site: &SampleSite, value: &Ty, captures: &[Ty]) {
        let regions = &site.regions;
        let infos = site.params.iter().zip(captures);
        let safe: Vec<Want> =
            infos.clone().map(|(_, p)| Want::Within(Some(p.dtype), p.dims.clone())).collect();
        let valid = |(info, p): (&ParamInfo, &Ty)| {
            let batch = p.rank().saturating_sub(info.event_dim);
            Want::Within(Some(DType::Bool), Dims::from_slice(&p.dims[..batch]))
        };
        let valid: Vec<Want> = infos.map(valid).collect();
        let inside = [Want::Within(Some(value.dtype), value.dims.clone())];
        self.signature(v, ("feasible", regions.feasible), &[], captures, &inside);
        self.signature(v, ("feasible_params", regions.feasible_params), &[], captures, &safe);
        self.signature(v, ("valid_params", regions.valid_params), &[], captures, &valid);
    }

    fn bijection(&mut self, v: Val, site: &SampleSite, value: &Ty, captures: &[Ty]) {
        let (constrain, unconstrain) = match (site.regions.constrain, site.regions.unconstrain) {
            (None, None) => return,
            (Some(c), Some(u)) => (c, u),
            _ => return self.report(12, v, "`constrain` and `unconstrain` come together, found one"),
        };
        if site.discrete {
            self.report(12, v, "a discrete support has neither `constrain` nor `unconstrain`");
        }
        // Integers observed under a continuous distribution have no coordinates; nobody asks these regions.
        if !value.dtype.is_float() {
            return;
        }
        let outputs = [Want::Exactly(value.clone()), Want::FloatScalar];
        self.both_ways(v, (constrain, unconstrain), value, captures, &outputs);
    }

    /// A bijection: `constrain` makes `outputs`, `unconstrain` what it takes.
    fn both_ways(
        &mut self,
        v: Val,
        (constrain, unconstrain): (RegionId, RegionId),
        value: &Ty,
        captures: &[Ty],
        outputs: &[Want],
    ) {
        self.signature(v, ("constrain", constrain), &[Want::Float], captures, outputs);
        // The documented `u` is whatever `constrain` takes.
        let u = self.graph.regions().get(constrain.index());
        let u = u.and_then(|r| r.inputs().first().map(|i| r.ty(*i).clone()));
        let u = [u.map_or(Want::Float, Want::Exactly)];
        self.signature(v, ("unconstrain", unconstrain), &[Want::Exactly(value.clone())], captures, &u);
    }

    /// Invariants 9 to 12 and 14 of a param site.
    pub(super) fn param(&mut self, v: Val, param: &ParamSite, ty: &Ty) {
        let operands = self.operand_tys(v);
        let Some((_, captures)) = operands.split_first() else { return self.count(v, 1) };
        self.operand_is(v, ty);
        match (param.constrain, param.unconstrain) {
            (None, None) => self.count(v, 1),
            (Some(c), Some(u)) => self.both_ways(v, (c, u), ty, captures, &[Want::Exactly(ty.clone())]),
            _ => self.report(12, v, "`constrain` and `unconstrain` come together, found one"),
        }
    }

    /// The region that draws a plate's indices.
    pub(super) fn indices_region(&mut self, v: Val, draw: RegionId, indices: &Ty) {
        let outputs = [Want::Exactly(indices.clone())];
        self.signature(v, ("draw", draw), &[Want::Exactly(key_ty())], &[], &outputs);
    }

    /// Invariants 10, 11 and 12 of one region.
    fn signature(
        &mut self,
        v: Val,
        (name, id): (&str, RegionId),
        own: &[Want],
        captures: &[Ty],
        outputs: &[Want],
    ) {
        let graph = self.graph;
        let Some(region) = graph.regions().get(id.index()) else {
            let n = graph.regions().len();
            return self.report(10, v, format!("`{name}` is region {}; the graph has {n}", id.index()));
        };
        if region.phase() != Phase::Pure {
            self.report(10, v, format!("`{name}`, region {}, is not pure", id.index()));
        }
        let inputs = region.inputs();
        if inputs.len() < own.len() || inputs.len() > own.len() + captures.len() {
            let (least, most) = (own.len(), own.len() + captures.len());
            self.report(
                11,
                v,
                format!("`{name}`: expected {least} to {most} inputs, found {}", inputs.len()),
            );
        }
        let captures = captures.iter().map(|ty| Want::Exactly(ty.clone()));
        let wants: Vec<&Want> = own.iter().collect();
        let captures: Vec<Want> = captures.collect();
        for (i, (want, input)) in wants.into_iter().chain(&captures).zip(inputs).enumerate() {
            let found = region.ty(*input);
            if !want.fits(found) {
                self.report(11, v, format!("`{name}`, input {i}: expected {want}, found {found}"));
            }
        }
        let found = region.outputs();
        if found.len() != outputs.len() {
            self.report(
                12,
                v,
                format!("`{name}`: expected {} outputs, found {}", outputs.len(), found.len()),
            );
        }
        // An output that does not exist is the region's own violation.
        for (i, (want, v_out)) in
            outputs.iter().zip(found).enumerate().filter(|(_, (_, o))| o.index() < region.len())
        {
            let found = region.ty(*v_out);
            if !want.fits(found) {
                self.report(12, v, format!("`{name}`, output {i}: expected {want}, found {found}"));
            }
        }
    }
}

pub(super) fn key_ty() -> Ty {
    Ty::new(DType::U32, [2])
}
