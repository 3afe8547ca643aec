//! Estimates by several draws of a guide: what losses that average over particles share.

use pyroxene_frontend::{Program, Tensor, random::Key};
use pyroxene_ir::SiteKind;

use super::{
    error::SviError,
    loss::{Evaluation, Pair, Particle, over_particles},
};

/// How many draws of the guide an estimate averages over, and how they are computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Particles {
    pub(super) n: usize,
    pub(super) vectorize: bool,
}

impl Particles {
    /// Draws computed at once.
    pub(super) fn of(n: usize) -> Particles {
        Particles { n, vectorize: true }
    }

    /// The negative mean of a bound at so many particles, with the states of the one if it is one.
    pub(super) fn estimate(
        self,
        pair: &Pair<'_>,
        key: Key,
        elbo: impl Fn(&Particle) -> Tensor,
    ) -> Evaluation {
        if self.n == 1 {
            let particle = pair.particle(key);
            return Evaluation { loss: -elbo(&particle), states: particle.states() };
        }
        let elbos = over_particles(key, self.n, self.vectorize, |key| elbo(&pair.particle(key)));
        Evaluation { loss: -elbos.mean(), states: Default::default() }
    }

    /// Whether there are any.
    pub(super) fn check(self) -> Result<(), SviError> {
        match self.n {
            0 => Err(SviError::Setting {
                setting: "num_particles",
                found: "0".into(),
                expected: "at least one draw of the guide".into(),
            }),
            _ => Ok(()),
        }
    }
}

/// The methods by which a loss's `particles` are set.
macro_rules! particles { ($Loss:ident, $default:literal) => {
    impl $Loss {
        #[doc = concat!("How many draws of the guide the estimate averages over (`num_particles`). Default ", $default, ".")]
        #[must_use]
        pub fn num_particles(mut self, n: usize) -> $Loss {
            self.particles.n = n;
            self
        }

        /// Whether they are computed at once (`vectorize_particles`), which is faster, or one after the other, which takes
        /// less memory. Default true.
        #[must_use]
        pub fn vectorize_particles(mut self, vectorize: bool) -> $Loss {
            self.particles.vectorize = vectorize;
            self
        }
    }
} }
pub(super) use particles;

/// Refuses programs with mutable states, under a loss that does not carry them on.
pub(super) fn without_states(loss: &str, programs: [&Program; 2]) -> Result<(), SviError> {
    for graph in programs.map(Program::graph) {
        if let Some((v, site)) = graph.sites().find(|(_, site)| site.kind.reads_state()) {
            return Err(SviError::Site {
                site: site.name.clone(),
                loc: graph.node(v).loc.clone(),
                found: format!("a mutable state, which {loss} does not carry from step to step"),
                help: "use TraceElbo or TraceMeanFieldElbo, or a model without `mutable`".into(),
            });
        }
    }
    Ok(())
}

/// The sample sites that nothing hides: node, name and payload, in program order.
pub(super) fn samples(
    program: &Program,
) -> impl Iterator<Item = (pyroxene_ir::Val, &pyroxene_ir::Site, &pyroxene_ir::SampleSite)> {
    program.graph().sites().filter_map(|(v, site)| match &site.kind {
        SiteKind::Sample(sample) if !sample.hidden => Some((v, site, &**sample)),
        _ => None,
    })
}
