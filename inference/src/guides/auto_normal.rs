//! Normal distributions of each site's unconstrained value, under the site's own name.

use indexmap::IndexMap;
use pyroxene_frontend::{
    Array, Bound, Tensor,
    constraints::softplus_positive,
    distributions::{Distribution, Normal, TransformedDistribution},
    primitives::{Param, Statement, param, sample},
    random::{self, Key},
};

use super::{
    continuous::given,
    family::{Family, Latents, Recording},
    options::{Options, setters},
    plates::each_site,
    prototype::{LatentSite, Prototype},
};
use crate::{InitStrategy, svi::SviError};

/// Independent normal distributions of each site's unconstrained value (NumPyro's `AutoNormal`): the family of
/// [`AutoDiagonalNormal`](super::AutoDiagonalNormal), with parameters by site, and with sites inside plates that subsample.
///
/// Parameters: `SITE_auto_loc` and `SITE_auto_scale`, of the dimensions of the site's unconstrained value with plates at
/// their full sizes.
#[derive(Clone, Debug)]
pub struct AutoNormal {
    options: Options,
}

impl AutoNormal {
    /// With NumPyro's defaults.
    pub fn new() -> Self {
        AutoNormal { options: Options::new(InitStrategy::default()) }
    }

    setters!(common, init_scale, create_plates);

    fn loc(&self, site: &LatentSite) -> String {
        self.options.site_param(site.name(), "loc")
    }

    fn scale(&self, site: &LatentSite) -> String {
        self.options.site_param(site.name(), "scale")
    }

    /// One site, inside its plates.
    fn site(&self, site: &LatentSite, data: &[Tensor], values: &[Tensor]) -> Tensor {
        let (bijection, ty) = (&site.bijection, &site.unconstrained);
        let event_dim = bijection.unconstrained_event_dim();
        let full = |x: f64| {
            let value = Tensor::full(&ty.dims, x).convert(ty.dtype);
            Param::new(value).event_dim(event_dim).at_line(bijection.loc.clone())
        };
        let loc = param(&self.loc(site), full(0.0));
        let scale = full(self.options.init_scale).constraint(softplus_positive());
        let scale = param(&self.scale(site), scale);
        let base = Normal::new(loc, scale).to_event(event_dim);
        let statement = match bijection.is_identity() {
            true => Statement::from(base),
            false => {
                let transform = bijection.transform(data, values);
                TransformedDistribution::new(base, [transform]).into()
            }
        };
        sample(site.name(), statement.at_line(bijection.loc.clone()))
    }
}

impl Family for AutoNormal {
    const NAME: &'static str = "AutoNormal";
    const LOCAL: bool = true;

    fn options(&self) -> &Options {
        &self.options
    }

    fn record(&self, recording: &Recording<'_>) {
        each_site(recording, |site, data, values| self.site(site, data, values));
    }

    fn params(&self, prototype: &Prototype) -> Vec<String> {
        prototype.sites.iter().flat_map(|site| [self.loc(site), self.scale(site)]).collect()
    }

    fn start(
        &self,
        _: &Bound,
        prototype: &Prototype,
        position: &[f64],
    ) -> Result<Vec<(String, Array)>, SviError> {
        let start = |site: &LatentSite| Ok((self.loc(site), site.repeated(&site.part(position)?)?));
        prototype.sites.iter().map(start).collect()
    }

    fn median(&self, prototype: &Prototype, params: &IndexMap<String, Tensor>) -> Latents {
        let values = prototype.sites.iter().map(|site| given(params, &self.loc(site))).collect();
        Latents { values, leading: Vec::new(), constrained: false }
    }

    fn quantiles(&self, prototype: &Prototype, params: &IndexMap<String, Tensor>, q: Tensor) -> Latents {
        let n = q.dim(0);
        let z = q.ndtri();
        let values = prototype.sites.iter().map(|site| {
            let dims: Vec<usize> =
                std::iter::once(n).chain(site.unconstrained.dims.iter().map(|_| 1)).collect();
            let (loc, scale) = (given(params, &self.loc(site)), given(params, &self.scale(site)));
            loc + scale * z.reshape(&dims).convert(site.unconstrained.dtype)
        });
        Latents { values: values.collect(), leading: vec![n], constrained: false }
    }

    fn draw(
        &self,
        prototype: &Prototype,
        params: &IndexMap<String, Tensor>,
        key: Key,
        sample_shape: &[usize],
    ) -> Latents {
        let mut key = key;
        let mut values = Vec::new();
        for site in &prototype.sites {
            let [next, own] = key.split();
            key = next;
            let ty = &site.unconstrained;
            let dims = [sample_shape, &ty.dims[..]].concat();
            let noise = random::normal(own, &dims, ty.dtype);
            values.push(given(params, &self.loc(site)) + given(params, &self.scale(site)) * noise);
        }
        Latents { values, leading: sample_shape.to_vec(), constrained: false }
    }
}
