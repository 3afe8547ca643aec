//! `TraceElbo`: the evidence lower bound, estimated at draws of the guide.

use pyroxene_frontend::{Program, Tensor, random::Key};

use super::{
    error::SviError,
    loss::{Evaluation, Loss, Pair, Particle},
    particles::{Particles, particles},
};

/// The negative evidence lower bound `E_q[log q(z) − log p(x, z)]`, estimated at draws of the guide (NumPyro's
/// `Trace_ELBO`; Ranganath, Gerrish and Blei 2014).
///
/// Gradients are those of the draws: sites must have reparametrised samplers, or the gradient is biased.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TraceElbo {
    particles: Particles,
}

particles!(TraceElbo, "1");

impl Default for TraceElbo {
    fn default() -> TraceElbo {
        TraceElbo::new()
    }
}

impl TraceElbo {
    /// One particle.
    pub fn new() -> TraceElbo {
        TraceElbo { particles: Particles::of(1) }
    }
}

impl Loss for TraceElbo {
    fn name(&self) -> &'static str {
        "TraceElbo"
    }

    fn num_particles(&self) -> usize {
        self.particles.n
    }

    fn check(&self, _: &Program, _: &Program) -> Result<Vec<String>, SviError> {
        self.particles.check()?;
        Ok(Vec::new())
    }

    fn loss(&self, pair: &Pair<'_>, key: Key) -> Evaluation {
        self.particles.estimate(pair, key, elbo)
    }
}

/// `log p(x, z) − log q(z)`, summed site by site.
fn elbo(particle: &Particle) -> Tensor {
    let (model, guide) = (&particle.model.sites, &particle.guide.sites);
    let of_model = model.iter().map(|(name, site)| {
        let density = site.log_prob.sum();
        guide.get(name).map_or(density, |site| density - site.log_prob.sum())
    });
    let of_guide_alone = guide.iter().filter(|(name, _)| !model.contains_key(*name));
    let all = of_model.chain(of_guide_alone.map(|(_, site)| -site.log_prob.sum()));
    all.reduce(|a, b| a + b).unwrap_or_else(|| Tensor::from(0.0))
}
