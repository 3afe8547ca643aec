//! One value for each site: maximum a posteriori estimates on the sites' supports.

use indexmap::IndexMap;
use pyroxene_frontend::{
    Array, Bound, Tensor,
    distributions::Delta,
    primitives::{Param, Statement, param, sample},
    random::Key,
};
use pyroxene_ir::{DType, eval::eval};

use super::{
    continuous::given,
    family::{Family, Latents, Recording},
    options::{Options, setters},
    plates::each_site,
    prototype::{LatentSite, Prototype},
};
use crate::{InitStrategy, svi::SviError};

/// One value for each site, on its support (NumPyro's `AutoDelta`): under `TraceElbo` the maximum of the posterior density
/// there, without the Jacobians that [`AutoLaplaceApproximation`](super::AutoLaplaceApproximation) has.
///
/// Parameters: `SITE_auto_loc`, of the dimensions of the site with plates at their full sizes. They begin at the medians of
/// the prior, as NumPyro's do.
#[derive(Clone, Debug)]
pub struct AutoDelta {
    options: Options,
}

impl AutoDelta {
    /// With NumPyro's defaults.
    pub fn new() -> Self {
        AutoDelta { options: Options::new(InitStrategy::Median { num_samples: 15 }) }
    }

    setters!(common, create_plates);

    fn loc(&self, site: &LatentSite) -> String {
        self.options.site_param(site.name(), "loc")
    }

    /// One site, inside its plates.
    fn site(&self, site: &LatentSite, data: &[Tensor], values: &[Tensor]) -> Tensor {
        let bijection = &site.bijection;
        let support = bijection.support(data, values);
        let prototype = Tensor::zeros(&site.ty.dims).convert(site.ty.dtype);
        let loc = Param::new(support.feasible_like(prototype)).constraint(support);
        let loc = loc.event_dim(bijection.event_dim()).at_line(bijection.loc.clone());
        let loc = param(&self.loc(site), loc);
        let delta = Delta::new(loc).event_dim(bijection.event_dim());
        sample(site.name(), Statement::from(delta).at_line(bijection.loc.clone()))
    }

    fn values(&self, prototype: &Prototype, params: &IndexMap<String, Tensor>, leading: &[usize]) -> Latents {
        let value = |site: &LatentSite| {
            let dims = [leading, &site.ty.dims[..]].concat();
            given(params, &self.loc(site)).broadcast_to(&dims)
        };
        let values = prototype.sites.iter().map(value).collect();
        Latents { values, leading: leading.to_vec(), constrained: true }
    }
}

impl Family for AutoDelta {
    const NAME: &'static str = "AutoDelta";
    const LOCAL: bool = true;

    fn options(&self) -> &Options {
        &self.options
    }

    fn record(&self, recording: &Recording<'_>) {
        each_site(recording, |site, data, values| self.site(site, data, values));
    }

    fn params(&self, prototype: &Prototype) -> Vec<String> {
        prototype.sites.iter().map(|site| self.loc(site)).collect()
    }

    fn start(
        &self,
        bound: &Bound,
        prototype: &Prototype,
        position: &[f64],
    ) -> Result<Vec<(String, Array)>, SviError> {
        let coordinates = Array::from(position);
        let inputs = [("position", coordinates.ty())];
        let graph = bound.program().function(&inputs, |data, args| {
            let made = prototype.constrained(data, &prototype.unpack(args[0]));
            made.into_iter().map(|(value, _)| value).collect()
        });
        let graph = graph.map_err(pyroxene_frontend::Error::from)?;
        let args: Vec<Array> =
            bound.data().iter().cloned().chain([coordinates.convert(DType::F64)]).collect();
        let values = eval(&graph, &args).map_err(pyroxene_frontend::Error::from)?;
        let start = |(site, value): (&LatentSite, Array)| Ok((self.loc(site), site.repeated(&value)?));
        prototype.sites.iter().zip(values).map(start).collect()
    }

    fn median(&self, prototype: &Prototype, params: &IndexMap<String, Tensor>) -> Latents {
        self.values(prototype, params, &[])
    }

    fn quantiles(&self, prototype: &Prototype, params: &IndexMap<String, Tensor>, q: Tensor) -> Latents {
        self.values(prototype, params, &[q.dim(0)])
    }

    fn draw(
        &self,
        prototype: &Prototype,
        params: &IndexMap<String, Tensor>,
        _: Key,
        sample_shape: &[usize],
    ) -> Latents {
        self.values(prototype, params, sample_shape)
    }
}
