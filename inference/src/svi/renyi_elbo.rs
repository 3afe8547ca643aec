//! `RenyiElbo`: bounds of the evidence by Rényi divergences, importance-weighted ones among them.

use std::{cell::Cell, collections::BTreeSet};

use pyroxene_frontend::{CondIndepStackFrame, Program, Tensor, Trace, random::Key};
use pyroxene_ir::passes::PLATE_KEY;

use super::{
    error::SviError,
    loss::{Evaluation, Loss, Pair, Particle, over_particles},
    particles::{Particles, particles, samples, without_states},
};

/// The negative variational Rényi bound of order `alpha`, `log E_q[(p(x, z) / q(z))^(1 − α)] / (1 − α)`, estimated at draws
/// of the guide (NumPyro's `RenyiELBO`; Li and Turner 2016). Of order zero it is the importance-weighted bound of Burda,
/// Grosse and Salakhutdinov (2016).
///
/// Where plates are around all of the model's sites, each of their elements has a bound of its own, and these are summed.
///
/// ```
/// use pyroxene_inference::RenyiElbo;
/// let loss = RenyiElbo::new(0.5).num_particles(10);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct RenyiElbo {
    alpha: f64,
    particles: Particles,
}

particles!(RenyiElbo, "2");

impl Default for RenyiElbo {
    /// Order zero.
    fn default() -> RenyiElbo {
        RenyiElbo::new(0.0)
    }
}

impl RenyiElbo {
    /// Order `alpha`, which is not one; below one the bound is tighter than the ELBO.
    pub fn new(alpha: f64) -> RenyiElbo {
        RenyiElbo { alpha, particles: Particles::of(2) }
    }
}

impl Loss for RenyiElbo {
    fn name(&self) -> &'static str {
        "RenyiElbo"
    }

    fn num_particles(&self) -> usize {
        self.particles.n
    }

    fn check(&self, model: &Program, guide: &Program) -> Result<Vec<String>, SviError> {
        self.particles.check()?;
        if self.alpha == 1.0 || self.alpha.is_nan() {
            let (found, expected) =
                (self.alpha.to_string(), "another order: TraceElbo is the limit for 1".into());
            return Err(SviError::Setting { setting: "alpha", found, expected });
        }
        without_states(self.name(), [model, guide])?;
        let common = common(samples(model).map(|(_, site, _)| &site.frames[..]));
        for (v, site, _) in samples(model) {
            let partly = |f: &&CondIndepStackFrame| f.full_size > f.size && !common.contains(&key(f));
            if let Some(plate) = site.frames.iter().find(partly) {
                return Err(SviError::Site {
                    site: site.name.clone(),
                    loc: model.graph().node(v).loc.clone(),
                    found: format!("the plate `{}` subsamples, and other sites are outside it", plate.name),
                    help: "RenyiElbo supports subsampling in plates around all of the model's sites".into(),
                });
            }
        }
        Ok(Vec::new())
    }

    /// All particles see the same subsamples.
    fn prepare(&self, program: &Program) -> Result<Program, SviError> {
        Ok(program.stop_draws()?.key_plates()?)
    }

    fn loss(&self, pair: &Pair<'_>, key: Key) -> Evaluation {
        let ([plates, key], n) = (key.split(), self.particles.n);
        let prepared = |name: &str| (name == PLATE_KEY).then(|| plates.data());
        let run = |key: Key| {
            let [model, guide] = key.split();
            pair.run_with(model, guide, &prepared)
        };
        // The same at every particle, but known where the first is recorded.
        let scale = Cell::new(1.0);
        let elbos = over_particles(key, n, self.particles.vectorize, |key| {
            let (elbo, of_plates) = by_plates(&run(key));
            scale.set(of_plates);
            elbo
        });
        let powers = (1.0 - self.alpha) * elbos;
        let mean = powers.logsumexp_axis(0) - (n as f64).ln();
        let weights = (powers - mean).exp();
        let bound = mean / (1.0 - self.alpha);
        // The bound's gradient is the mean of the gradients of log ratios, by their weights.
        let weighted = (weights.stop_gradient() * elbos).mean_axis(0);
        let loss = -((bound - weighted).stop_gradient() + weighted);
        Evaluation { loss: loss.sum() * scale.get(), states: Default::default() }
    }
}

/// What makes two frames the same plate.
fn key(frame: &CondIndepStackFrame) -> (String, isize) {
    (frame.name.clone(), frame.dim)
}

/// The plates around all sites.
fn common<'a>(sites: impl Iterator<Item = &'a [CondIndepStackFrame]>) -> BTreeSet<(String, isize)> {
    let each = sites.map(|frames| frames.iter().map(key).collect::<BTreeSet<_>>());
    each.reduce(|all, own| all.intersection(&own).cloned().collect()).unwrap_or_default()
}

/// `log p(x, z) − log q(z)` for each element of the plates around all of the model's sites, and what these plates' scales
/// multiply it by, which is taken out.
fn by_plates(particle: &Particle) -> (Tensor, f64) {
    let sites = &particle.model.sites;
    let common = common(sites.values().map(|site| &site.frames[..]));
    let frames = sites.values().next().map(|site| &site.frames[..]).unwrap_or_default();
    let frames: Vec<_> = frames.iter().filter(|f| common.contains(&key(f))).collect();
    let scale = frames.iter().map(|f| f.full_size as f64 / f.size as f64).product();
    let dims: Vec<isize> = frames.iter().map(|f| f.dim).collect();
    let elbo = density(&particle.model, &dims) - density(&particle.guide, &dims);
    (elbo / scale, scale)
}

/// The log density of all sites, summed over all dimensions but these.
fn density(trace: &Trace, dims: &[isize]) -> Tensor {
    let sums = trace.sites.values().map(|site| {
        let rank = site.log_prob.rank() as isize;
        let others: Vec<isize> = (-rank..0).filter(|d| !dims.contains(d)).collect();
        if others.is_empty() { site.log_prob } else { site.log_prob.sum_axis(&others[..]) }
    });
    sums.reduce(|a, b| a + b).unwrap_or_else(|| Tensor::from(0.0))
}
