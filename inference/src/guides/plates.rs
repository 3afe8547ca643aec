//! The plates of an automatic guide: those of the model around its latent sites.

use std::any::Any;

use indexmap::IndexMap;
use pyroxene_frontend::{CondIndepStackFrame, Tensor, primitives::Plate};

use super::{
    family::Recording,
    options::Options,
    prototype::{LatentSite, Prototype},
};

/// The plates by name, and the names of those that the user makes, which come first; the others are the model's in the
/// order of their names. All are declared here, so that subsamples take their keys before any site.
///
/// # Errors
/// What the user's function is, where it is not one of these data.
pub(super) fn create(
    prototype: &Prototype,
    options: &Options,
    data: &dyn Any,
) -> Result<(IndexMap<String, Plate>, Vec<String>), &'static str> {
    let mut out = IndexMap::new();
    if let Some(make) = &options.create_plates {
        for plate in make(data).ok_or("a function of other data")? {
            out.insert(plate.name().to_string(), plate);
        }
    }
    let created = out.keys().cloned().collect();
    let frames = prototype.sites.iter().flat_map(|site| &site.bijection.frames);
    let mut frames: Vec<&CondIndepStackFrame> = frames.collect();
    frames.sort_by(|a, b| a.name.cmp(&b.name));
    for frame in frames {
        out.entry(frame.name.clone()).or_insert_with(|| {
            let plate = Plate::new(&frame.name, frame.full_size).dim(frame.dim);
            if frame.size < frame.full_size { plate.subsample_size(frame.size) } else { plate }
        });
    }
    for plate in out.values() {
        plate.run(|_| ());
    }
    Ok((out, created))
}

/// Has `f` record each site inside its plates, given the values of those before it.
pub(super) fn each_site(recording: &Recording<'_>, f: impl Fn(&LatentSite, &[Tensor], &[Tensor]) -> Tensor) {
    let mut values: Vec<Tensor> = Vec::new();
    for site in &recording.prototype.sites {
        let mut record = || f(site, recording.data, &values);
        let value = within(recording.plates, &site.bijection.frames, &mut record);
        values.push(value);
    }
}

/// Runs `f` inside the plates of these frames, outermost first.
fn within<R>(
    plates: &IndexMap<String, Plate>,
    frames: &[CondIndepStackFrame],
    f: &mut dyn FnMut() -> R,
) -> R {
    match frames.split_first() {
        None => f(),
        Some((frame, inner)) => match plates.get(&frame.name) {
            Some(plate) => plate.run(|_| within(plates, inner, f)),
            None => within(plates, inner, f),
        },
    }
}
