//! Graphs the crate's tests share: the graph of one op's sample, and a recorded model with every kind of site.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::sync::Arc;

use pyroxene_ir::{
    Array, CheckSite, CondIndepStackFrame, DType, Dims, Graph, Indices, Loc, ParamInfo, ParamSite, Phase,
    PlateSite, Rng, Role, SampleRegions, SampleSite, Site, SiteKind, Source, Ty, TypeError, ops, threefry,
};

/// The op of a sample over inputs `x0`, `x1`, …; its results are the graph's outputs.
pub(crate) fn sample_graph(sample: &ops::Sample) -> Result<Graph, TypeError> {
    let mut g = Graph::new(Phase::Pure);
    let named = sample.args.iter().enumerate();
    let args: Vec<_> = named.map(|(i, x)| g.input(format!("x{i}"), Role::Argument, x.ty())).collect();
    let outputs = g.push_all(sample.op.clone(), &args)?;
    g.set_outputs(outputs);
    Ok(g)
}

/// `file:line:column`.
pub(crate) fn place(file: &str, line: u32, column: u32) -> Option<Loc> {
    Some(Loc { file: file.to_string().into(), line, column })
}

fn region(
    inputs: &[Ty],
    body: impl FnOnce(&mut Graph, &[pyroxene_ir::Val]) -> Result<Vec<pyroxene_ir::Val>, TypeError>,
) -> Result<Arc<Graph>, TypeError> {
    let mut g = Graph::new(Phase::Pure);
    let args: Vec<_> = inputs.iter().map(|ty| g.input("x", Role::Argument, ty.clone())).collect();
    let out = body(&mut g, &args)?;
    g.set_outputs(out);
    Ok(Arc::new(g))
}

/// The regions of a normal distribution with parameters of `param`'s type and values of `value`'s, up to a constant.
fn normal(g: &mut Graph, value: &Ty, param: &Ty) -> Result<SampleRegions, TypeError> {
    let key = Ty::new(DType::U32, [2]);
    let (three, two) = ([value.clone(), param.clone(), param.clone()], [param.clone(), param.clone()]);
    let drawn = [key, param.clone(), param.clone()];
    let log_prob = region(&three, |g, x| {
        let loc = g.broadcast_to(x[1], &value.dims)?;
        let scale = g.broadcast_to(x[2], &value.dims)?;
        let centred = g.sub(x[0], loc)?;
        let z = g.div(centred, scale)?;
        let (square, half) = (g.mul(z, z)?, g.full(value, -0.5)?);
        let (quadratic, width) = (g.mul(half, square)?, g.log(scale)?);
        Ok(vec![g.sub(quadratic, width)?])
    })?;
    let feasible = region(&[], |g, _| Ok(vec![g.full(value, 0.0)?]))?;
    let feasible_params = region(&[], |g, _| Ok(vec![g.full(param, 0.0)?, g.full(param, 1.0)?]))?;
    let in_support = region(&three[..1], |g, x| Ok(vec![g.push(ops::IsFinite, &[x[0]])?]))?;
    let valid_params = region(&two, |g, x| {
        let (finite, zero) = (g.push(ops::IsFinite, &[x[0]])?, g.full(param, 0.0)?);
        Ok(vec![finite, g.gt(x[1], zero)?])
    })?;
    let draw = region(&drawn, |g, x| {
        let u = threefry::unit_uniform(g, x[0], value)?;
        let loc = g.broadcast_to(x[1], &value.dims)?;
        Ok(vec![g.add(u, loc)?])
    })?;
    let constrain = region(&three[..1], |g, x| Ok(vec![x[0], g.full(&Ty::scalar(value.dtype), 0.0)?]))?;
    let unconstrain = region(&three[..1], |_, x| Ok(vec![x[0]]))?;
    Ok(SampleRegions {
        log_prob: g.add_region(log_prob),
        feasible: g.add_region(feasible),
        feasible_params: g.add_region(feasible_params),
        in_support: g.add_region(in_support),
        valid_params: g.add_region(valid_params),
        draw: Some(g.add_region(draw)),
        constrain: Some(g.add_region(constrain)),
        unconstrain: Some(g.add_region(unconstrain)),
        mean: None,
        weight: None,
    })
}

fn normal_site(regions: SampleRegions, batch: &[usize], source: Source) -> SampleSite {
    let param = |name: &str, constraint: &str| ParamInfo {
        name: name.into(),
        constraint: constraint.into(),
        event_dim: 0,
    };
    SampleSite {
        distribution: "Normal".into(),
        params: vec![param("loc", "a real number"), param("scale", "a positive number")],
        support: "a real number".into(),
        discrete: false,
        event_dim: 0,
        batch: Dims::from_slice(batch),
        distribution_batch: None,
        source,
        within: false,
        has_mask: false,
        has_scale: false,
        no_rsample: false,
        infer: Default::default(),
        hidden: false,
        rng: Rng::Program,
        regions,
    }
}

/// A recorded model: a latent `mu`, and eight observations under a plate with a mask, a scale and a seed.
pub(crate) fn model() -> Result<Graph, TypeError> {
    let mut g = Graph::new(Phase::Model);
    let (scalar, vector) = (Ty::scalar(DType::F64), Ty::new(DType::F64, [8]));
    let y = g.input("schools.y", Role::Data, vector.clone());
    let on = g.input("on \"quoted\"", Role::Data, Ty::new(DType::Bool, [8]));
    let key = g.input("key", Role::Key, Ty::new(DType::U32, [2]));
    let (zero, five) = (g.full(&scalar, 0.0)?, g.full(&scalar, 5.0)?);

    let regions = normal(&mut g, &scalar, &scalar)?;
    g.set_loc(place("src/a model: v2.rs", 3, 14));
    let kind = SiteKind::Sample(Box::new(normal_site(regions, &[], Source::Latent)));
    let mu = g.push_site(Site { name: "mu".into(), frames: vec![], kind }, scalar.clone(), &[zero, five]);

    g.set_loc(place("src/model.rs", 4, 5));
    let frame = CondIndepStackFrame { name: "school".into(), dim: -1, size: 8, full_size: 8, counter: 0 };
    let kind = SiteKind::Plate(PlateSite { frame: frame.clone(), indices: Indices::All });
    g.push_site(Site { name: "school".into(), frames: vec![], kind }, Ty::new(DType::I64, [8]), &[]);

    g.set_loc(place("src/model.rs", 5, 9));
    let regions = normal(&mut g, &vector, &scalar)?;
    let mut site = normal_site(regions, &[8], Source::Operand { observed: true });
    (site.has_mask, site.has_scale, site.rng) = (true, true, Rng::Seed(0));
    let kind = SiteKind::Sample(Box::new(site));
    g.push_site(Site { name: "y".into(), frames: vec![frame], kind }, vector, &[y, on, five, key, mu, five]);

    let start = g.constant(Array::scalar(1.0))?;
    let kind = SiteKind::Param(ParamSite {
        constraint: "a positive number".into(),
        event_dim: None,
        given: false,
        constrain: None,
        unconstrain: None,
    });
    g.push_site(Site { name: "width".into(), frames: vec![], kind }, scalar.clone(), &[start]);
    let double = g.add(mu, mu)?;
    let site = Site { name: "double".into(), frames: vec![], kind: SiteKind::Deterministic };
    let double = g.push_site(site, scalar, &[double]);
    let positive = g.gt(double, zero)?;
    let kind = SiteKind::Check(CheckSite { subject: String::new(), expected: "a positive number".into() });
    let site = Site { name: "check".into(), frames: vec![], kind };
    g.push_site(site, Ty::scalar(DType::Bool), &[positive, double]);
    g.set_outputs([double, mu]);
    Ok(g)
}
