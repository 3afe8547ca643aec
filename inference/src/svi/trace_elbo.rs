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
    particle.sum_by_site(|p, q| {
        let density = p.log_prob.sum();
        q.map_or(density, |q| density - q.log_prob.sum())
    })
}
