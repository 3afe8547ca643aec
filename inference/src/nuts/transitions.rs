//! One chain's transitions by `nuts-rs`: an initial position in, draws with their statistics out.

use std::{cell::Cell, rc::Rc};

use nuts_rs::{
    Chain, CpuMath, DiagNutsSettings, NutsError, Settings, StepSizeAdaptMethod,
    rand::{SeedableRng, rngs::ChaCha8Rng},
};
use pyroxene_runtime as runtime;

use super::{
    Nuts,
    density::{Density, Fault},
};
use crate::{
    potential::Potential,
    results::{StatKind, stat},
};

/// The statistics of a transition, in the order of [`Transitions::draw`].
pub(crate) const STATS: [(&str, StatKind); 9] = [
    (stat::LP, StatKind::Real),
    (stat::ACCEPTANCE_RATE, StatKind::Real),
    (stat::STEP_SIZE, StatKind::Real),
    (stat::TREE_DEPTH, StatKind::Count),
    (stat::N_STEPS, StatKind::Count),
    (stat::DIVERGING, StatKind::Flag),
    (stat::ENERGY, StatKind::Real),
    (stat::ENERGY_ERROR, StatKind::Real),
    (stat::REACHED_MAX_TREE_DEPTH, StatKind::Flag),
];

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

/// A chain that has its initial position.
pub(crate) struct Transitions {
    chain: <DiagNutsSettings as Settings>::Chain<CpuMath<Density>>,
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
        let chain = settings(nuts, warmup).new_chain(0, CpuMath::new(density), rng);
        let mut chain = chain.map_err(|e| Failure::Sampler(format!("{e:#}")))?;
        chain.set_position(position).map_err(|e| failure(e.downcast(), |e| format!("{e:#}")))?;
        Ok(Transitions { chain, evaluations })
    }

    /// How often the log density has been evaluated so far, the search for a step size included.
    pub(crate) fn evaluations(&self) -> u64 {
        self.evaluations.get()
    }

    /// The next transition, for its adaptation alone.
    pub(crate) fn warm_up(&mut self) -> Result<(), Failure> {
        self.chain.draw().map(|_| ()).map_err(|e| failure(e.downcast(), |e| format!("{e:#}")))
    }

    /// The next position and its [`STATS`].
    pub(crate) fn draw(&mut self) -> Result<(Box<[f64]>, [f64; STATS.len()]), Failure> {
        let drawn = self.chain.expanded_draw();
        let (position, _, stats, _) = drawn.map_err(|e| failure(e.downcast(), |e| format!("{e:#}")))?;
        let flag = |b: bool| f64::from(u8::from(b));
        let stats = [
            stats.point.logp,
            stats.adapt.step_size.mean_tree_accept,
            stats.hamiltonian.step_size,
            stats.depth as f64,
            stats.adapt.step_size.n_steps as f64,
            flag(stats.divergence.diverging),
            // nuts-rs's own energy holds the mass matrix's log determinant too.
            stats.point.kinetic_energy - stats.point.logp,
            stats.point.energy_error,
            flag(stats.maxdepth_reached),
        ];
        Ok((position, stats))
    }
}

fn settings(nuts: &Nuts, warmup: usize) -> DiagNutsSettings {
    let mut settings = DiagNutsSettings {
        num_tune: warmup as u64,
        maxdepth: u64::from(nuts.max_tree_depth),
        ..DiagNutsSettings::default()
    };
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
