//! Losses: what variational inference minimises, as functions of a model and a guide that run together.

use indexmap::IndexMap;
use pyroxene_frontend::{Program, Tensor, Trace, TraceSite, Tracer, map, random::Key, vmap};

use super::error::SviError;

/// A loss of variational inference (NumPyro's `ELBO`): recorded once, in the graph of a step, which differentiates it.
pub trait Loss: Send + Sync {
    /// NumPyro's name in Rust case, for messages.
    fn name(&self) -> &'static str;

    /// The loss at the parameters and states of `pair`, under a key for all its draws.
    fn loss(&self, pair: &Pair<'_>, key: Key) -> Evaluation;

    /// How many draws of the guide one evaluation takes. States of `mutable` sites go on only with one.
    fn num_particles(&self) -> usize {
        1
    }

    /// Whether the gradient is right where the guide draws discrete sites.
    fn can_infer_discrete(&self) -> bool {
        false
    }

    /// Looks at the recordings before anything is compiled; returns what a user should know, one warning a line.
    ///
    /// # Errors
    /// When the loss cannot be computed of these two.
    fn check(&self, model: &Program, guide: &Program) -> Result<Vec<String>, SviError> {
        let _ = (model, guide);
        Ok(Vec::new())
    }

    /// The recording of a model or guide in the form in which the loss runs it.
    ///
    /// # Errors
    /// When it cannot be had.
    fn prepare(&self, program: &Program) -> Result<Program, SviError> {
        Ok(program.clone())
    }
}

/// What evaluating a loss gives.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// The loss, a scalar.
    pub loss: Tensor,
    /// The states of `mutable` sites for the next step, of those that have changed.
    pub states: IndexMap<String, Tensor>,
}

/// Model and guide at one step, with their data, the values of parameters and the states of `mutable` sites.
pub struct Pair<'a> {
    pub(super) model: &'a Tracer,
    pub(super) guide: &'a Tracer,
    pub(super) model_data: &'a [Tensor],
    pub(super) guide_data: &'a [Tensor],
    pub(super) params: &'a IndexMap<String, Tensor>,
    pub(super) states: &'a IndexMap<String, Tensor>,
}

/// One draw of the guide, and the model run against it.
#[derive(Clone, Debug)]
pub struct Particle {
    /// The model's trace, its latent sites and plates replayed from the guide's.
    pub model: Trace,
    /// The guide's trace.
    pub guide: Trace,
}

impl Particle {
    /// The states that both leave; those of the model, where it shares a name with the guide.
    pub fn states(&self) -> IndexMap<String, Tensor> {
        let all = self.guide.states.iter().chain(&self.model.states);
        all.map(|(name, state)| (name.clone(), *state)).collect()
    }

    /// The sum over the model's sites of what `term` makes of each and of the guide's site of that name, less the log
    /// densities of the guide's other sites.
    pub(super) fn sum_by_site(&self, term: impl Fn(&TraceSite, Option<&TraceSite>) -> Tensor) -> Tensor {
        let (model, guide) = (&self.model.sites, &self.guide.sites);
        let of_model = model.iter().map(|(name, site)| term(site, guide.get(name)));
        let of_guide_alone = guide.iter().filter(|(name, _)| !model.contains_key(*name));
        let all = of_model.chain(of_guide_alone.map(|(_, site)| -site.log_prob.sum()));
        all.reduce(|a, b| a + b).unwrap_or_else(|| Tensor::from(0.0))
    }
}

/// A site's log density without scales; zero where it is masked.
pub(super) fn unscaled(site: &TraceSite) -> Tensor {
    let off = site.weight.equal(0.0);
    off.select(0.0, site.log_prob / off.select(1.0, site.weight))
}

impl Pair<'_> {
    /// Draws from the guide and runs the model against it: `key` is split into one for the model and one for the guide, as
    /// NumPyro's losses do.
    #[track_caller]
    pub fn particle(&self, key: Key) -> Particle {
        let [model, guide] = key.split();
        self.run(model, guide)
    }

    /// The same with the two keys.
    #[track_caller]
    pub fn run(&self, model_seed: Key, guide_seed: Key) -> Particle {
        self.run_with(model_seed, guide_seed, &|_| None)
    }

    /// The same with values for what [`Loss::prepare`] has made parameters of both programs, by name.
    #[track_caller]
    pub fn run_with(
        &self,
        model_seed: Key,
        guide_seed: Key,
        prepared: &dyn Fn(&str) -> Option<Tensor>,
    ) -> Particle {
        let known = |name: &str| self.params.get(name).or_else(|| self.states.get(name)).copied();
        let of = |name: &str| known(name).or_else(|| prepared(name));
        let guide = self.guide.run(self.guide_data, guide_seed, &of);
        let replayed = |name: &str| {
            let site = guide.sites.get(name).map(|site| site.value);
            let drawn = site.or_else(|| guide.plates.get(name).copied());
            let left = || guide.states.get(name).copied();
            drawn.or_else(|| self.params.get(name).copied()).or_else(left).or_else(|| of(name))
        };
        let model = self.model.run(self.model_data, model_seed, &replayed);
        Particle { model, guide }
    }
}

/// `f` at `n` keys, split from one, along the first dimension: all at once, or one after the other.
pub fn over_particles(key: Key, n: usize, vectorize: bool, f: impl Fn(Key) -> Tensor) -> Tensor {
    let keys = key.split_shape(&[n]);
    let f = |key: &Tensor| f(Key::from(*key));
    if vectorize { vmap(f)(&keys) } else { map(keys, f) }
}
