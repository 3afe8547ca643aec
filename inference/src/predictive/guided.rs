//! Predictions at draws from a guide: what variational inference has fitted, in place of a posterior's draws.

use std::sync::Arc;

use indexmap::IndexMap;
use pyroxene_frontend::{Array, Bound, Model, RngKey, Spec, Tensor, Tree};
use pyroxene_ir::SampleSite;

use super::{Predictive, error::PredictiveError, sample_sites};
use crate::{
    results::SiteDraws,
    svi::{Guide, GuideProgram},
};

/// No guide: predictions from the prior, or at draws that are given.
#[derive(Clone, Copy, Debug)]
pub struct NoGuide;

/// A guide to draw latent sites from.
#[derive(Clone, Debug)]
pub struct WithGuide<G>(Arc<G>);

impl<M> Predictive<M> {
    /// Draws latent sites from a guide with the values of its parameters, such as an optimisation has found, and the rest
    /// from the model at these draws (NumPyro's `Predictive(model, guide=guide, params=params, num_samples=n)`; say
    /// [`Predictive::num_samples`] too). Parameters of the model get their values from `params` as well.
    ///
    /// ```
    /// use pyroxene_frontend::{prelude::*, primitives::Param};
    /// use pyroxene_inference::{Predictive, Svi, TraceElbo, optim::Adam};
    ///
    /// #[derive(Tree, Clone)]
    /// struct Line<L: Leaf = Tensor> { x: L, y: Option<L> }
    ///
    /// fn model(d: &Line) {
    ///     let slope = sample("slope", Normal::new(0.0, 1.0));
    ///     plate("i", d.x.dim(0), |_| sample("y", Normal::new(slope * d.x, 0.1).obs(d.y)));
    /// }
    ///
    /// fn guide(_: &Line) {
    ///     let scale = param("scale", Param::new(0.1).constraint(constraints::positive()));
    ///     sample("slope", Normal::new(param("loc", 0.0), scale));
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let data = Line { x: Array::from([0.0, 1.0, 2.0]), y: Some(Array::from([0.1, 0.9, 2.2])) };
    /// let fit = Svi::new(model, guide, Adam::new(0.05), TraceElbo::new()).run(0, 500, &data)?;
    /// let new = Line { x: Array::from([3.0, 4.0]), y: None };
    /// let predicted = Predictive::new(model).guide(guide, &fit.params).num_samples(100).run(1, &new)?;
    /// assert_eq!(predicted.site("y")?.dims(), [100, 2]);
    /// # Ok(()) }
    /// ```
    pub fn guide<G>(self, guide: G, params: &IndexMap<String, Array>) -> Predictive<M, WithGuide<G>> {
        let Predictive { model, num_samples, batch_ndims, return_sites, uncondition, max_bytes, .. } = self;
        let (guide, samples) = (WithGuide(Arc::new(guide)), None);
        let fresh = Predictive {
            model,
            guide,
            params: Vec::new(),
            samples,
            num_samples,
            batch_ndims,
            return_sites,
            uncondition,
            max_bytes,
        };
        fresh.params(params)
    }
}

impl<D, G: Guide<D>> Predictive<Model<D>, WithGuide<G>>
where
    D: Tree<Tensor>,
    D::With<Array>: Tree<Array, With<Spec> = D::With<Spec>>,
    D::With<Spec>: Tree<Spec, With<Tensor> = D>,
{
    /// Runs guide and model on `data`. The key is split into one for the model and one for the guide, as in NumPyro.
    ///
    /// # Errors
    /// When model or guide are wrong or the data do not fit them; when nobody said how many draws to make; when there is
    /// nothing to return.
    pub fn run(&self, key: impl Into<RngKey>, data: &D::With<Array>) -> Result<SiteDraws, PredictiveError> {
        let bound = self.model.bind(data)?;
        let guide = self.guide.0.record(&bound, data).map_err(Box::new)?;
        self.run_guided(key, &bound, &guide)
    }
}

impl<M, G> Predictive<M, G> {
    /// Runs a guide that was recorded for a program with its data, and the program at its draws.
    ///
    /// # Errors
    /// As for one that is recorded here.
    pub fn run_guided(
        &self,
        key: impl Into<RngKey>,
        bound: &Bound,
        guide: &GuideProgram,
    ) -> Result<SiteDraws, PredictiveError> {
        let batch = self.batch()?;
        let [key, guide_key] = key.into().split()?;
        let guide = bound.with_program(&guide.program)?;
        let drawn = |s: &SampleSite| !s.hidden && !s.is_factor() && !s.source.is_observed();
        let names = sample_sites(&guide).filter(|(_, site)| drawn(site)).map(|(name, _)| name.to_string());
        let names: Vec<String> = names.collect();
        let draws = guide.batched(batch.len()).params(&self.shared_params()).return_sites(names);
        let draws = draws.predictive(guide_key, &[])?;
        let latent = |name: &str| sample_sites(bound).any(|(site, s)| site == name && drawn(s));
        let given: Vec<(&str, Array)> =
            draws.iter().filter(|(name, _)| latent(name)).map(|(n, v)| (n.as_str(), v.clone())).collect();
        self.predict(key, bound, &batch, &given)
    }
}
