//! `TraceGraphElbo`: the evidence lower bound with gradients by scores where draws have none.

use pyroxene_frontend::{CondIndepStackFrame, Program, Tensor, TraceSite, computed_from, random::Key};

use super::{
    error::SviError,
    loss::{Evaluation, Loss, Pair, Particle, unscaled},
    particles::{Particles, particles, samples, without_states},
};

/// The negative evidence lower bound, whose gradient is right also where the guide's draws pass no derivative on: discrete
/// sites, and others without [`has_rsample`](pyroxene_frontend::distributions::Distribution::has_rsample) (NumPyro's
/// `TraceGraph_ELBO`; Schulman, Heess, Weber and Abbeel 2015).
///
/// The score of such a draw is multiplied by those terms of the bound alone that are computed from it, and in plates by
/// those of its own element (Rao-Blackwellisation), for a smaller variance. Scores are without the scales of plates and of
/// `scale`, which the terms have: NumPyro's have them twice.
///
/// ```
/// use pyroxene_inference::TraceGraphElbo;
/// let loss = TraceGraphElbo::new().num_particles(10);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TraceGraphElbo {
    particles: Particles,
}

particles!(TraceGraphElbo, "1");

impl Default for TraceGraphElbo {
    fn default() -> TraceGraphElbo {
        TraceGraphElbo::new()
    }
}

impl TraceGraphElbo {
    /// One particle.
    pub fn new() -> TraceGraphElbo {
        TraceGraphElbo { particles: Particles::of(1) }
    }
}

impl Loss for TraceGraphElbo {
    fn name(&self) -> &'static str {
        "TraceGraphElbo"
    }

    fn num_particles(&self) -> usize {
        self.particles.n
    }

    fn can_infer_discrete(&self) -> bool {
        true
    }

    fn check(&self, model: &Program, guide: &Program) -> Result<Vec<String>, SviError> {
        self.particles.check()?;
        without_states(self.name(), [model, guide])?;
        let inside =
            |(.., q): &(_, _, &pyroxene_ir::SampleSite)| q.within && q.is_latent() && !q.has_rsample();
        match samples(guide).find(inside) {
            None => Ok(Vec::new()),
            Some((v, site, q)) => Err(SviError::Site {
                site: site.name.clone(),
                loc: guide.graph().node(v).loc.clone(),
                found: format!(
                    "a draw of {} inside a loop or choice, whose score is not known",
                    q.distribution
                ),
                help: "draw it outside, for all iterations at once".into(),
            }),
        }
    }

    fn prepare(&self, program: &Program) -> Result<Program, SviError> {
        Ok(program.stop_draws()?)
    }

    fn loss(&self, pair: &Pair<'_>, key: Key) -> Evaluation {
        let mut evaluation = self.particles.estimate(pair, key, elbo);
        evaluation.states.clear();
        evaluation
    }
}

/// A term of the bound: its elements, and the plates they are in.
struct Cost<'a> {
    value: Tensor,
    frames: &'a [CondIndepStackFrame],
}

/// The bound, with terms of no value that have the gradients of scores.
fn elbo(particle: &Particle) -> Tensor {
    let (model, guide) = (&particle.model.sites, &particle.guide.sites);
    let of_model = model.values().map(|site| Cost { value: site.log_prob, frames: &site.frames });
    let of_guide = guide.values().map(|site| Cost { value: -site.log_prob, frames: &site.frames });
    let costs: Vec<Cost<'_>> = of_model.chain(of_guide).collect();
    let mut elbo = Tensor::from(0.0);
    for site in model.values() {
        elbo = elbo + site.log_prob.sum();
    }
    for site in guide.values() {
        let log_q = site.log_prob.sum();
        // The expectation of a score is zero.
        elbo = elbo - if by_score(site) { log_q.stop_gradient() } else { log_q };
    }
    let values: Vec<Tensor> = costs.iter().map(|cost| cost.value).collect();
    for site in guide.values().filter(|site| by_score(site) && !site.sample.source.is_observed()) {
        let downstream = computed_from(site.value, &values);
        let downstream = costs.iter().zip(downstream).filter(|(_, depends)| *depends);
        let sums = downstream.map(|(cost, _)| within(cost.value, cost.frames, &site.frames));
        let Some(cost) = sums.reduce(|a, b| a + b) else { continue };
        let score = within(unscaled(site), &site.frames, &site.frames);
        let surrogate = (score * cost.stop_gradient()).sum();
        elbo = elbo + surrogate - surrogate.stop_gradient();
    }
    elbo
}

/// Whether a site's gradient is by its score.
fn by_score(site: &TraceSite) -> bool {
    !site.sample.has_rsample()
}

/// The sums over all dimensions but those of plates in both lists, in place.
fn within(value: Tensor, own: &[CondIndepStackFrame], around: &[CondIndepStackFrame]) -> Tensor {
    let shared =
        |d: isize| own.iter().any(|f| f.dim == d && around.iter().any(|g| (&g.name, g.dim) == (&f.name, d)));
    let rank = value.rank() as isize;
    let others: Vec<isize> = (-rank..0).filter(|d| !shared(*d)).collect();
    if others.is_empty() { value } else { value.sum_axis(pyroxene_frontend::keepdims(&others[..])) }
}
