//! Guides with one distribution over all unconstrained coordinates (NumPyro's `AutoContinuous`).

use indexmap::IndexMap;
use pyroxene_frontend::{
    Array, Ellipsis, Tensor,
    distributions::{Delta, Distribution},
    primitives::{Statement, sample},
    random::Key,
    slice,
};

use super::{
    family::{Latents, Recording},
    prototype::Prototype,
};

/// Records the draw of all coordinates, an auxiliary site, and each site of the model as the value that its coordinates
/// have, with the density of the bijection.
pub(super) fn record(recording: &Recording<'_>, prefix: &str, posterior: impl Into<Statement>) {
    let first = recording.prototype.sites.first().and_then(|site| site.bijection.loc.clone());
    let statement = posterior.into().infer("is_auxiliary", true).at_line(first);
    let latent = sample(&format!("_{prefix}_latent"), statement);
    let mut values = Vec::new();
    let unconstrained = recording.prototype.unpack(latent);
    for (site, u) in recording.prototype.sites.iter().zip(unconstrained) {
        let bijection = &site.bijection;
        let transform = bijection.transform(recording.data, &values);
        let value = transform.forward(u);
        let log_density = -transform.log_abs_det_jacobian(u, value);
        let delta = Delta::new(value).log_density(log_density).event_dim(bijection.event_dim());
        values.push(sample(site.name(), Statement::from(delta).at_line(bijection.loc.clone())));
    }
}

/// A parameter by its name: whoever calls has seen to it that there is one.
pub(super) fn given(params: &IndexMap<String, Tensor>, name: &str) -> Tensor {
    params.get(name).copied().unwrap_or_else(missing)
}

/// What stands for a value that is never missing.
pub(super) fn missing() -> Tensor {
    Tensor::from(f64::NAN)
}

/// The values of all sites at coordinates whose last dimension is that of all sites.
pub(super) fn latents(prototype: &Prototype, coordinates: Tensor) -> Latents {
    let mut leading = coordinates.dims().to_vec();
    leading.pop();
    let values = prototype.sites.iter().map(|site| {
        let ty = &site.bijection.unconstrained;
        let own = slice(site.offset as isize, (site.offset + site.len()) as isize);
        let part = coordinates.at((Ellipsis, own));
        part.reshape(&[&leading[..], &ty.dims[..]].concat()).convert(ty.dtype)
    });
    Latents { values: values.collect(), leading, constrained: false }
}

/// Draws of a distribution over all coordinates, with the key that NumPyro's `seed` hands to its one site.
pub(super) fn drawn(
    prototype: &Prototype,
    posterior: &dyn Distribution,
    key: Key,
    sample_shape: &[usize],
) -> Latents {
    let [_, own] = key.split();
    latents(prototype, posterior.sample(own, sample_shape).unwrap_or_else(missing))
}

/// `loc + scale z` for the standard normal quantile `z` at each probability of `q`.
pub(super) fn normal_quantiles(loc: Tensor, scale: Tensor, q: Tensor) -> Tensor {
    loc + scale * q.expand_dims(-1).ndtri()
}

/// The parameter that holds all coordinates, as it begins.
pub(super) fn start(name: String, position: &[f64]) -> Vec<(String, Array)> {
    vec![(name, Array::from(position))]
}
