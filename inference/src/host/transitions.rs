//! One chain's transitions by `nuts-rs`: an initial position in, draws with their statistics out.

use std::{cell::Cell, rc::Rc};

use nuts_rs::{
    Chain, CpuMath, DiagNutsSettings, EuclideanAdaptOptions, LowRankNutsSettings, NutsError, NutsSettings,
    Settings, StepSizeAdaptMethod,
    rand::{SeedableRng, rngs::ChaCha8Rng},
};
use pyroxene_runtime as runtime;

use super::density::{Density, Fault};
use crate::{
    kernels::{Metric, Nuts},
    mcmc::OF_BOTH,
    potential::Potential,
};

/// Why a transition could not be made.
pub(crate) enum Failure {
    /// The device failed.
    Device(runtime::Error),
    /// nuts-rs gave up, in its words.
    Sampler(String),
}

/// The random numbers of one chain: they depend on the run's seed and the chain's number alone.
pub(crate) fn chain_rng(seed: u64, chain: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&chain.to_le_bytes());
    ChaCha8Rng::from_seed(key)
}

/// A transition: where it ended, and its statistics.
pub(crate) struct Drawn {
    pub(crate) position: Box<[f64]>,
    pub(crate) stats: [f64; OF_BOTH],
    pub(crate) diverging: bool,
    pub(crate) step_size: f64,
}

/// A chain of `nuts-rs`, whatever its metric.
trait Kernel {
    fn draw(&mut self) -> Result<Drawn, Failure>;
}

/// A chain that has its initial position.
pub(crate) struct Transitions {
    chain: Box<dyn Kernel>,
    evaluations: Rc<Cell<u64>>,
}

impl Transitions {
    /// A chain of `warmup` adapting transitions and any number of others, from `position`.
    pub(crate) fn start(
        nuts: &Nuts,
        warmup: usize,
        potential: Potential,
        position: &[f64],
        rng: &mut ChaCha8Rng,
    ) -> Result<Transitions, Failure> {
        let (density, evaluations) = Density::new(potential);
        let chain = match nuts.metric {
            Metric::Auto | Metric::Diagonal | Metric::Fisher | Metric::Dense => {
                Diagonal::start(nuts, warmup, density, position, rng)?
            }
            Metric::LowRank => LowRank::start(nuts, warmup, density, position, rng)?,
        };
        Ok(Transitions { chain, evaluations })
    }

    /// How often the log density has been evaluated so far, the search for a step size included.
    pub(crate) fn evaluations(&self) -> u64 {
        self.evaluations.get()
    }

    /// The next transition. The first ones, as many as were announced, adapt the sampler.
    pub(crate) fn draw(&mut self) -> Result<Drawn, Failure> {
        self.chain.draw()
    }
}

// The chains' statistics have the same fields and no common type.
macro_rules! kernels { ($($Kernel:ident: $Settings:ident, $choose:expr);*) => { $(
    struct $Kernel(<$Settings as Settings>::Chain<CpuMath<Density>>);

    impl $Kernel {
        fn start(
            nuts: &Nuts,
            warmup: usize,
            density: Density,
            position: &[f64],
            rng: &mut ChaCha8Rng,
        ) -> Result<Box<dyn Kernel>, Failure> {
            let mut settings = settings($Settings::default(), nuts, warmup);
            $choose(&mut settings, nuts);
            let chain = settings.new_chain(0, CpuMath::new(density), rng);
            let mut chain = chain.map_err(|e| Failure::Sampler(format!("{e:#}")))?;
            chain.set_position(position).map_err(|e| failure(e.downcast(), |e| format!("{e:#}")))?;
            Ok(Box::new($Kernel(chain)))
        }
    }

    impl Kernel for $Kernel {
        fn draw(&mut self) -> Result<Drawn, Failure> {
            let drawn = self.0.expanded_draw();
            let (position, _, stats, _) = drawn.map_err(|e| failure(e.downcast(), |e| format!("{e:#}")))?;
            let flag = |b: bool| f64::from(u8::from(b));
            let (diverging, step_size) = (stats.divergence.diverging, stats.hamiltonian.step_size);
            let stats = [
                stats.point.logp,
                stats.adapt.step_size.mean_tree_accept,
                step_size,
                stats.depth as f64,
                stats.adapt.step_size.n_steps as f64,
                flag(diverging),
                // nuts-rs's own energy holds the mass matrix's log determinant too.
                stats.point.kinetic_energy - stats.point.logp,
                stats.point.energy_error,
                flag(stats.maxdepth_reached),
                stats.point.index_in_trajectory as f64,
            ];
            Ok(Drawn { position, stats, diverging, step_size })
        }
    }
)* } }
kernels! {
    Diagonal: DiagNutsSettings, |settings: &mut DiagNutsSettings, nuts: &Nuts| {
        settings.adapt_options.mass_matrix_options.use_grad_based_estimate = nuts.metric == Metric::Fisher;
    };
    LowRank: LowRankNutsSettings, |_: &mut LowRankNutsSettings, _: &Nuts| {}
}

fn settings<A>(
    mut settings: NutsSettings<EuclideanAdaptOptions<A>>,
    nuts: &Nuts,
    warmup: usize,
) -> NutsSettings<EuclideanAdaptOptions<A>>
where
    A: std::fmt::Debug + Copy + Default + serde::Serialize,
{
    settings.num_tune = warmup as u64;
    settings.maxdepth = u64::from(nuts.max_tree_depth);
    let steps = &mut settings.adapt_options.step_size_settings;
    steps.target_accept = nuts.target_accept_prob;
    steps.initial_step = nuts.step_size;
    // As in Stan and NumPyro: after warm-up all transitions have one step size, which the statistics then show.
    steps.jitter = None;
    if !nuts.adapt_step_size {
        steps.adapt_options.method = StepSizeAdaptMethod::Fixed(nuts.step_size);
    }
    settings
}

/// A device's error keeps its type; everything else is known by its words.
fn failure<E>(error: Result<NutsError, E>, words: impl Fn(E) -> String) -> Failure {
    match error {
        Ok(NutsError::LogpFailure(source)) => match source.downcast::<Fault>() {
            Ok(fault) => match *fault {
                Fault::Device(source) => Failure::Device(source),
                Fault::NotFinite => Failure::Sampler(Fault::NotFinite.to_string()),
            },
            Err(other) => Failure::Sampler(other.to_string()),
        },
        Ok(other) => Failure::Sampler(other.to_string()),
        Err(other) => Failure::Sampler(words(other)),
    }
}
