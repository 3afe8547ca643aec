//! `TraceMeanFieldElbo`: the evidence lower bound with divergences by formula where there is one.

use pyroxene_frontend::{
    Program, Tensor, TraceSite,
    distributions::{Described, has_kl_divergence, kl_between},
    random::Key,
};
use pyroxene_ir::SampleSite;

use super::{
    error::SviError,
    loss::{Evaluation, Loss, Pair, Particle, unscaled},
    particles::{Particles, particles, samples},
};

/// The negative evidence lower bound, in which the divergence of a latent site's distribution in the guide from that in the
/// model is computed by its formula rather than from a draw (NumPyro's `TraceMeanField_ELBO`); see
/// [`kl_divergence`](pyroxene_frontend::distributions::kl_divergence) for the pairs that have one. For others it is
/// estimated as by [`TraceElbo`](super::TraceElbo), and a warning names them.
///
/// It is right where for each latent site `z` of the guide, what `z` depends on in the model includes no site that depends
/// on `z` in the guide: so if both have their sites in the same order, which is warned of otherwise.
///
/// ```
/// use pyroxene_inference::TraceMeanFieldElbo;
/// let loss = TraceMeanFieldElbo::new().num_particles(4);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TraceMeanFieldElbo {
    particles: Particles,
}

particles!(TraceMeanFieldElbo, "1");

impl Default for TraceMeanFieldElbo {
    fn default() -> TraceMeanFieldElbo {
        TraceMeanFieldElbo::new()
    }
}

impl TraceMeanFieldElbo {
    /// One particle.
    pub fn new() -> TraceMeanFieldElbo {
        TraceMeanFieldElbo { particles: Particles::of(1) }
    }
}

impl Loss for TraceMeanFieldElbo {
    fn name(&self) -> &'static str {
        "TraceMeanFieldElbo"
    }

    fn num_particles(&self) -> usize {
        self.particles.n
    }

    fn check(&self, model: &Program, guide: &Program) -> Result<Vec<String>, SviError> {
        self.particles.check()?;
        let (mut estimated, mut order) = (Vec::new(), Vec::new());
        for (v, site, p) in samples(model).filter(|(.., p)| p.is_latent()) {
            let Some((_, _, q)) = samples(guide).find(|(_, q, _)| q.name == site.name) else {
                return Err(SviError::Site {
                    site: site.name.clone(),
                    loc: model.graph().node(v).loc.clone(),
                    found: "the guide has no such site, so there is no divergence from it".into(),
                    help: "let the guide draw it, or use TraceElbo".into(),
                });
            };
            if !has_formula(q, p) {
                estimated.push(format!("`{}` ({} from {})", site.name, q.distribution, p.distribution));
            }
            order.push(&site.name);
        }
        let mut warnings = Vec::new();
        let of_guide = samples(guide).map(|(_, site, _)| &site.name);
        let of_guide: Vec<&String> = of_guide.filter(|name| order.contains(name)).collect();
        if of_guide != order {
            warnings.push(format!(
                "TraceMeanFieldElbo may be wrong where model and guide have their sites in different orders: the model \
                 {order:?}, the guide {of_guide:?}"
            ));
        }
        if !estimated.is_empty() {
            let sites = estimated.join(", ");
            warnings.push(format!(
                "TraceMeanFieldElbo estimates divergences from draws where it knows no formula: {sites}"
            ));
        }
        Ok(warnings)
    }

    fn loss(&self, pair: &Pair<'_>, key: Key) -> Evaluation {
        self.particles.estimate(pair, key, elbo)
    }
}

/// The expected log density of the data less the divergences, site by site.
fn elbo(particle: &Particle) -> Tensor {
    particle.sum_by_site(|p, q| match q {
        Some(q) if !p.sample.source.is_observed() => match divergence(q, p) {
            Some(kl) => -kl.sum(),
            None => p.log_prob.sum() - q.log_prob.sum(),
        },
        _ => p.log_prob.sum(),
    })
}

/// Whether there is a formula for the divergence between two sites' distributions, with their masks. Inside loops, where
/// parameters are those of all iterations, there is none.
fn has_formula(q: &SampleSite, p: &SampleSite) -> bool {
    let masks = q.has_mask == p.has_mask || is_delta(q) && !q.has_mask;
    masks && !q.within && !p.within && (is_delta(q) || has_kl_divergence(&q.distribution, &p.distribution))
}

fn is_delta(q: &SampleSite) -> bool {
    q.distribution.split('.').next() == Some("Delta")
}

/// The divergence by element of the batch, with the guide's scale, and with both masks.
fn divergence(q: &TraceSite, p: &TraceSite) -> Option<Tensor> {
    if !has_formula(&q.sample, &p.sample) {
        return None;
    }
    if is_delta(&q.sample) {
        // At its only value; the model's density there without the model's scale.
        return Some(masked(q.log_prob - unscaled(p) * q.weight, q, p));
    }
    Some(masked(kl_between(&described(q), &described(p))? * q.weight, q, p))
}

/// Zero where one of the masks is off, if both have one.
fn masked(kl: Tensor, q: &TraceSite, p: &TraceSite) -> Tensor {
    let on = |site: &TraceSite| site.weight.not_equal(0.0);
    if q.sample.has_mask { (on(q) & on(p)).select(kl, 0.0) } else { kl }
}

fn described(site: &TraceSite) -> Described {
    let names = site.sample.params.iter().map(|p| p.name.clone());
    let batch = site.sample.batch.clone();
    let event = site.value.dims().into_iter().skip(batch.len()).collect();
    let params = names.zip(site.params.iter().copied()).collect();
    Described { name: site.sample.distribution.clone(), params, batch, event }
}
