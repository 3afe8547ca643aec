//! `TraceElbo`: the evidence lower bound, estimated at draws of the guide.

use super::loss::{Evaluation, Loss, Pair, Particle, over_particles};
use pyroxene_frontend::{Tensor, random::Key};

/// The negative evidence lower bound `E_q[log q(z) − log p(x, z)]`, estimated at draws of the guide (NumPyro's
/// `Trace_ELBO`; Ranganath, Gerrish and Blei 2014).
///
/// Gradients are those of the draws: sites must have reparametrised samplers, or the gradient is biased.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TraceElbo {
    num_particles: usize,
    vectorize_particles: bool,
}

impl Default for TraceElbo {
    fn default() -> TraceElbo {
        TraceElbo::new()
    }
}

impl TraceElbo {
    /// One particle.
    pub fn new() -> TraceElbo {
        TraceElbo { num_particles: 1, vectorize_particles: true }
    }

    /// How many draws of the guide the estimate averages over (`num_particles`). Default 1.
    #[must_use]
    pub fn num_particles(mut self, n: usize) -> TraceElbo {
        self.num_particles = n;
        self
    }

    /// Whether they are computed at once (`vectorize_particles`), which is faster, or one after the other, which takes less
    /// memory. Default true.
    #[must_use]
    pub fn vectorize_particles(mut self, vectorize: bool) -> TraceElbo {
        self.vectorize_particles = vectorize;
        self
    }
}

impl Loss for TraceElbo {
    fn name(&self) -> &'static str {
        "TraceElbo"
    }

    fn num_particles(&self) -> usize {
        self.num_particles
    }

    fn loss(&self, pair: &Pair<'_>, key: Key) -> Evaluation {
        if self.num_particles == 1 {
            let particle = pair.particle(key);
            return Evaluation { loss: -elbo(&particle), states: particle.states() };
        }
        let elbos = over_particles(key, self.num_particles, self.vectorize_particles, |key| {
            elbo(&pair.particle(key))
        });
        Evaluation { loss: -elbos.mean(), states: Default::default() }
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
