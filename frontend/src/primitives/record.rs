//! Recording a sample site: shapes under plates, and the distribution as closed regions.

use pyroxene_ir::{
    DType, Dims, Graph, ParamInfo, Rng, SampleRegions, SampleSite, Site, SiteKind, Source, Ty, Val, shape,
};

use super::{claim_for, literals, refused, site_error};
use crate::{
    distributions::Distribution,
    handlers::Message,
    random::Key,
    tensor::Tensor,
    trace::{Captures, DEFAULT_FLOAT, ErrorKind, here, region, resolve, with_active},
};

/// Fills a message's value by recording its site; leaves it empty after an error.
pub(super) fn record(message: &mut Message) {
    if let Some((base, mask)) = message.distribution.as_ref().and_then(|d| d.masked()) {
        message.mask = Some(match message.mask {
            Some(outer) => outer & mask,
            None => mask,
        });
        message.distribution = Some(base);
        return record(message);
    }
    let recorded = try_record(message);
    if recorded.is_none() {
        with_active(|t| t.lose("sample", &message.loc));
    }
    message.value = recorded.or(message.value.filter(|_| message.is_observed));
}

fn try_record(message: &Message) -> Option<Tensor> {
    if refused(&message.name, &message.loc) {
        return None;
    }
    let distribution = message.distribution.clone()?;
    let d = &*distribution;
    let loc = &message.loc;
    if message.value.is_some_and(|v| v.is_poison()) || d.params().iter().any(|p| p.value.is_poison()) {
        return None;
    }
    let shapes = Shapes::of(message, d)?;
    if !literals::fit(message, d) {
        return None;
    }
    let value = match message.value {
        Some(value) => Some(resolve("sample", value, loc)?),
        None => None,
    };
    let within = match message.within {
        Some(within) => Some(resolve("sample", within.value, loc)?),
        None => None,
    };
    let latent = is_latent(message);
    // A parameter from outside the function given to a loop is, to the site, the function's own value.
    let own = d.params().iter().map(|p| here(p.value, loc)).collect::<Option<Vec<_>>>()?;
    let mut captures = Captures::of(&own, &own.iter().map(|p| p.ty()).collect::<Vec<_>>());
    let regions = regions(message, d, &shapes, &mut captures)?;
    let mask = match message.mask {
        Some(mask) => Some(resolve("mask", mask, loc)?),
        None => None,
    };
    let scale = match message.scale {
        Some(scale) => Some(resolve("scale", scale, loc)?),
        None => None,
    };
    let (rng, key) = rng(message);
    let key = match key {
        Some(key) if rng == Rng::Explicit => Some(resolve("rng_key", key.data(), loc)?),
        Some(key) => Some(resolve("seed", key.data(), loc)?),
        None => None,
    };
    let mut operands: Vec<Val> =
        [within, value.filter(|_| !latent), mask, scale, key].into_iter().flatten().collect();
    for tensor in captures.tensors() {
        operands.push(resolve("sample", tensor, loc)?);
    }
    let kind = site(message, d, &shapes, regions, rng);
    let name = claim_for(message)?;
    let site = Site { name, frames: message.frames.clone(), kind: SiteKind::Sample(Box::new(kind)) };
    with_active(|t| t.push_site(site, shapes.value(), &operands, loc.clone()))
}

/// Where the site's draw gets its key from. A value needs none, but one given around a seed has reserved a split.
fn rng(message: &Message) -> (Rng, Option<Key>) {
    match message.value {
        None => message.rng(),
        Some(_) if message.seed.is_some() || message.reserved => message.seed_rng(),
        Some(_) => (Rng::None, None),
    }
}

/// Whether nobody has given the site a value: what stands for a latent site inside a control flow has one all the same.
fn is_latent(message: &Message) -> bool {
    message
        .within
        .map_or(message.value.is_none(), |within| within.latent && message.value == Some(within.value))
}

/// A value of the site's, drawn under another name that nobody sees.
pub(crate) fn draw_hidden(message: &Message) -> Option<Tensor> {
    let mut hidden =
        Message { value: None, is_observed: false, mask: None, scale: None, hidden: true, ..message.clone() };
    record(&mut hidden);
    hidden.value
}

fn site(
    message: &Message,
    d: &dyn Distribution,
    shapes: &Shapes,
    regions: SampleRegions,
    rng: Rng,
) -> SampleSite {
    let info = |p: &crate::distributions::Param| ParamInfo {
        name: p.name.into(),
        constraint: p.constraint.describe(),
        event_dim: p.constraint.event_dim(),
    };
    SampleSite {
        distribution: d.name(),
        params: d.params().iter().map(info).collect(),
        support: d.support().describe(),
        discrete: d.support().is_discrete(),
        event_dim: shapes.event.len(),
        batch: shapes.batch.clone(),
        distribution_batch: Some(shapes.own.clone()).filter(|own| *own != shapes.batch),
        source: match message.value {
            Some(_) if !is_latent(message) => Source::Operand { observed: message.is_observed },
            _ => Source::Latent,
        },
        within: message.within.is_some(),
        has_mask: message.mask.is_some(),
        has_scale: message.scale.is_some(),
        no_rsample: !d.support().is_discrete() && !d.has_rsample(),
        infer: message.infer.clone(),
        hidden: message.hidden,
        rng,
        regions,
    }
}

/// The dimensions of a site.
struct Shapes {
    /// The batch of the distribution under its plates and mask.
    own: Dims,
    /// The batch with the plates around.
    batch: Dims,
    event: Dims,
    dtype: DType,
}

impl Shapes {
    fn value(&self) -> Ty {
        Ty::new(self.dtype, self.batch.iter().chain(&self.event).copied())
    }

    /// Works out the batch under the plates and holds it against an observed value; `None` after a reported error.
    fn of(message: &Message, d: &dyn Distribution) -> Option<Shapes> {
        let wrong = |what: String, found: &[usize], expected: String, help: &str| {
            let kind = ErrorKind::Shape { what, found: found.to_vec(), expected, help: help.into() };
            site_error(&message.name, &message.loc, kind);
        };
        let Some(own) = d.batch_shape() else {
            let list: Vec<String> =
                d.params().iter().map(|p| format!("{} {}", p.name, p.value.ty())).collect();
            let found = format!("{}: the parameters {} do not broadcast", d.name(), list.join(" and "));
            let help = "sizes must agree from the right, or one of them be 1".into();
            site_error(&message.name, &message.loc, ErrorKind::Usage { found, help });
            return None;
        };
        let event = d.event_shape();
        let within = within(message);
        let rank = message.frames.iter().map(|f| f.dim.unsigned_abs()).max().unwrap_or(0);
        let mut plates: Dims = std::iter::repeat_n(1, rank).collect();
        for frame in &message.frames {
            plates[rank - frame.dim.unsigned_abs()] = frame.size;
        }
        // As in NumPyro, a mask with more dimensions than the distribution expands it.
        let masked = match message.mask.map(|m| m.dims()) {
            Some(mask) => {
                let in_plates = shape::broadcast(&own, &plates);
                let both = shape::broadcast(&own, &mask);
                // A batch that fits the plates is not to blame where the mask does not fit them.
                let fits = in_plates.as_ref().is_none_or(|batch| shape::broadcast(batch, &mask).is_some());
                match both.filter(|_| fits) {
                    Some(both) => both,
                    None => {
                        let batch = in_plates.unwrap_or(own);
                        let expected =
                            format!("one that broadcasts with the batch {:?}{within}", batch.as_slice());
                        let help = "a mask has batch dimensions, never event dimensions";
                        wrong("the mask".into(), &mask, expected, help);
                        return None;
                    }
                }
            }
            None => own.clone(),
        };
        // Plates expand the distribution, and a sample shape with it; without them it stays what it is.
        let own = masked.clone();
        let masked: Dims = message.sample_shape.iter().chain(&masked).copied().collect();
        let mut batch = shape::broadcast(&masked, &plates).unwrap_or_else(|| masked.clone());
        for frame in &message.frames {
            let at = batch.len().checked_sub(frame.dim.unsigned_abs()).map(|i| batch[i]);
            if at != Some(frame.size) {
                let what = format!("the batch of {} inside the plate `{}`", d.name(), frame.name);
                let expected = format!("size {} or 1 at dim {}", frame.size, frame.dim);
                let help = "make the parameters' sizes fit the plate, or move the statement out of it";
                wrong(what, &masked, expected, help);
                return None;
            }
        }
        let own = if message.frames.is_empty() { own } else { batch.clone() };
        let mut dtype = d.dtype();
        if let Some(value) = message.value {
            let given = value.ty();
            dtype = given.dtype;
            let whole: Dims = batch.iter().chain(&event).copied().collect();
            // A value may add batch dimensions, never stretch an event.
            if message.frames.is_empty()
                && given.dims.ends_with(&event)
                && shape::broadcasts_to(&whole, &given.dims)
            {
                batch = Dims::from_slice(&given.dims[..given.dims.len() - event.len()]);
            } else if !shape::broadcasts_to(&given.dims, &whole) {
                let what = if message.is_observed { "the observed value" } else { "the substituted value" };
                let expected = format!(
                    "one that broadcasts to {:?}, the site's batch and event{within}",
                    whole.as_slice()
                );
                wrong(
                    what.into(),
                    &given.dims,
                    expected,
                    "reshape the value, or fix the parameters or the plate",
                );
                return None;
            }
        }
        if let Some(scale) = message.scale.filter(|s| !shape::broadcasts_to(&s.dims(), &batch)) {
            let help = "scale by a scalar, or by one factor for each batch element";
            wrong(
                "the scale".into(),
                &scale.dims(),
                format!("one that broadcasts to the batch {batch:?}{within}"),
                help,
            );
            return None;
        }
        let shapes = Shapes { own, batch, event, dtype };
        if !shapes.value().fits() {
            site_error(&message.name, &message.loc, ErrorKind::too_large(&shapes.value()));
            return None;
        }
        Some(shapes)
    }
}

/// The plates around, for messages.
fn within(message: &Message) -> String {
    let names: Vec<String> = message.frames.iter().map(|f| format!("`{}`", f.name)).collect();
    match &names[..] {
        [] => String::new(),
        [name] => format!(" inside the plate {name}"),
        names => format!(" inside the plates {}", names.join(", ")),
    }
}

/// Whether a region's result depends on its first input.
fn reads_first(region: &Graph) -> bool {
    region.inputs().first().is_some_and(|value| region.reachable(region.outputs())[value.index()])
}

/// Holds the result of a distribution's method against the dimensions that it must broadcast to and, where given, the
/// number of elements that it must have: a density that sums over its batch would count once for each element.
fn expect(
    message: &Message,
    d: &dyn Distribution,
    method: &str,
    region: &Graph,
    dims: &[usize],
    len: Option<usize>,
) -> Option<()> {
    let found = region.ty(*region.outputs().first()?);
    if shape::broadcasts_to(&found.dims, dims) && len.is_none_or(|len| found.len() == len) {
        return Some(());
    }
    let kind = ErrorKind::Shape {
        what: format!("`{method}` of {}", d.name()),
        found: found.dims.to_vec(),
        expected: format!("{dims:?}"),
        help: "a method gets values of batch and event dimensions and keeps the batch: sum over events alone"
            .into(),
    };
    site_error(&message.name, &message.loc, kind);
    None
}

/// Records every region of the site.
fn regions(
    message: &Message,
    d: &dyn Distribution,
    shapes: &Shapes,
    captures: &mut Captures,
) -> Option<SampleRegions> {
    let (name, loc) = (&message.name, &message.loc);
    let support = d.support();
    let ty = shapes.value();
    let mut record =
        |args: &[(&str, Ty)], f: &dyn Fn(&[Tensor]) -> Vec<Tensor>| region(name, loc, args, captures, f);
    let value = [("value", ty.clone())];
    let log_prob = record(&value, &|a| vec![d.log_prob(a[0]).as_float(loc.clone())])?;
    let spread = |g: &Graph| reads_first(g).then(|| Ty::new(DType::Bool, shapes.batch.iter().copied()).len());
    expect(message, d, "log_prob", &log_prob, &shapes.batch, spread(&log_prob))?;
    let prototype = || Tensor::from(0.0).convert(ty.dtype).broadcast_to(&ty.dims);
    let feasible = record(&[], &|_| vec![support.feasible_like(prototype()).convert(ty.dtype)])?;
    let feasible_params =
        record(&[], &|_| d.params().iter().map(|p| p.constraint.feasible_like(p.value)).collect())?;
    let in_support = record(&value, &|a| vec![support.check(a[0])])?;
    let valid_params = record(&[], &|_| d.params().iter().map(|p| p.constraint.check(p.value)).collect())?;
    let key = [("key", Ty::new(DType::U32, [2]))];
    let drawable = std::cell::Cell::new(true);
    let draw = record(&key, &|a| {
        // All plates around are one expansion under one key.
        let free = message.frames.is_empty() && message.value.is_none();
        let (sample, batch) = shapes.batch.split_at(if free { message.sample_shape.len() } else { 0 });
        let drawn = d.sample_expanded(Key::from(a[0]), sample, batch);
        drawable.set(drawn.is_some());
        drawn.map(|x| x.convert(shapes.dtype)).into_iter().collect()
    })?;
    if drawable.get() {
        expect(message, d, "sample", &draw, &ty.dims, Some(ty.len()))?;
    }
    expect(message, d, "the check of the support", &in_support, &shapes.batch, None)?;
    let bijector = support.bijector();
    let (constrain, unconstrain) = match &bijector {
        Some(t) => {
            let u =
                Ty::new(if ty.dtype.is_float() { ty.dtype } else { DEFAULT_FLOAT }, t.inverse_dims(&ty.dims));
            let constrain = record(&[("u", u)], &|a| {
                let y = t.forward(a[0]);
                vec![y, t.log_abs_det_jacobian(a[0], y).sum()]
            })?;
            // A bijection onto events of other sizes than the site's would read and write beside them.
            expect(message, d, "the bijection of the support", &constrain, &ty.dims, Some(ty.len()))?;
            (Some(constrain), Some(record(&value, &|a| vec![t.inverse(a[0])])?))
        }
        None => (None, None),
    };
    let described = std::cell::Cell::new(false);
    let mean = if message.value.is_none() && ty.dtype.is_float() {
        Some(record(&[], &|_| {
            let mean = d.mean();
            described.set(mean.is_some());
            mean.map(|m| m.convert(ty.dtype).broadcast_to(&ty.dims)).into_iter().collect()
        })?)
    } else {
        None
    };
    with_active(|t| {
        let mut add = |g: Graph| t.add_region(g);
        SampleRegions {
            log_prob: add(log_prob),
            feasible: add(feasible),
            feasible_params: add(feasible_params),
            in_support: add(in_support),
            valid_params: add(valid_params),
            draw: drawable.get().then(|| add(draw)),
            constrain: constrain.map(&mut add),
            unconstrain: unconstrain.map(&mut add),
            mean: mean.filter(|_| described.get()).map(&mut add),
            weight: None,
        }
    })
}
