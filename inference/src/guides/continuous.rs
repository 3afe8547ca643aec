//! Guides with one distribution over all unconstrained coordinates (NumPyro's `AutoContinuous`).

use indexmap::IndexMap;
use pyroxene_frontend::{
    Array, Bound, Ellipsis, Tensor,
    distributions::{Delta, Distribution},
    primitives::{Statement, sample},
    random::Key,
    slice,
};

use super::{
    family::{Family, Latents, Recording},
    options::Options,
    posterior::Fitted,
    prototype::Prototype,
};
use crate::svi::SviError;

/// A [`Family`] of distributions of the vector of all coordinates, located by its parameter `loc`.
pub(super) trait Continuous: Clone + Send + Sync + 'static {
    /// NumPyro's name.
    const NAME: &'static str;

    fn options(&self) -> &Options;

    /// The name of the parameter that holds the medians of all coordinates.
    fn loc(&self) -> String {
        self.options().param("loc")
    }

    /// Records the parameters for `n` coordinates; what these are drawn from.
    fn record(&self, n: usize) -> Statement;

    /// The names of the parameters.
    fn params(&self) -> Vec<String>;

    /// What is worked out once from the parameters, under names of its own.
    fn prepared(&self, _fitted: &Fitted<'_>) -> Result<Vec<(String, Array)>, SviError> {
        Ok(Vec::new())
    }

    /// The fitted distribution, from parameters and what is prepared.
    fn posterior(&self, params: &IndexMap<String, Tensor>) -> Box<dyn Distribution>;

    /// The standard deviation of each coordinate alone.
    fn deviations(&self, params: &IndexMap<String, Tensor>) -> Tensor;

    /// The key of the draws, of the one that the user gives: the one that NumPyro's `seed` hands to the guide's one site.
    fn own_key(&self, key: Key) -> Key {
        let [_, own] = key.split();
        own
    }
}

impl<C: Continuous> Family for C {
    const NAME: &'static str = C::NAME;
    const LOCAL: bool = false;

    fn options(&self) -> &Options {
        Continuous::options(self)
    }

    fn record(&self, recording: &Recording<'_>) {
        let posterior = Continuous::record(self, recording.prototype.latent_dim());
        record(recording, &Continuous::options(self).prefix, posterior);
    }

    fn params(&self, _: &Prototype) -> Vec<String> {
        Continuous::params(self)
    }

    fn start(&self, _: &Bound, _: &Prototype, position: &[f64]) -> Result<Vec<(String, Array)>, SviError> {
        Ok(vec![(self.loc(), Array::from(position))])
    }

    fn prepared(&self, fitted: &Fitted<'_>) -> Result<Vec<(String, Array)>, SviError> {
        Continuous::prepared(self, fitted)
    }

    fn median(&self, prototype: &Prototype, params: &IndexMap<String, Tensor>) -> Latents {
        latents(prototype, given(params, &self.loc()))
    }

    fn quantiles(&self, prototype: &Prototype, params: &IndexMap<String, Tensor>, q: Tensor) -> Latents {
        let z = q.expand_dims(-1).ndtri();
        latents(prototype, given(params, &self.loc()) + self.deviations(params) * z)
    }

    fn draw(
        &self,
        prototype: &Prototype,
        params: &IndexMap<String, Tensor>,
        key: Key,
        sample_shape: &[usize],
    ) -> Latents {
        let draws = self.posterior(params).sample(self.own_key(key), sample_shape);
        latents(prototype, draws.unwrap_or_else(missing))
    }
}

/// Records the draw of all coordinates, an auxiliary site, and each site of the model as the value that its coordinates
/// have, with the density of the bijection.
fn record(recording: &Recording<'_>, prefix: &str, posterior: Statement) {
    let first = recording.prototype.sites.first().and_then(|site| site.bijection.loc.clone());
    let statement = posterior.infer("is_auxiliary", true).at_line(first);
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
fn latents(prototype: &Prototype, coordinates: Tensor) -> Latents {
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
