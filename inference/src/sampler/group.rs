//! Chains that one launch takes along: from their first positions through warm-up to any number of draws.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use pyroxene_frontend::{Array, Error};
use pyroxene_runtime as runtime;

use super::{
    block::{Controls, Mode},
    compiled::{Compiled, Running},
    generator,
    schedule::{Stretch, Then, nutpie, stan},
    state::{FOUND, Learner, State},
};

/// A dispatch should take so long: short enough to watch and to stop, long enough to cost nothing.
const DISPATCH: Duration = Duration::from_millis(100);
/// Searches for a step size end here, wherever they are.
const TRIES: usize = 100;

/// What the user chooses.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Settings {
    pub(crate) step_size: f64,
    pub(crate) adapts_step_size: bool,
    pub(crate) target_accept: f64,
    pub(crate) trajectory_length: f64,
    pub(crate) warmup: usize,
}

/// What a dispatch came to.
pub(crate) struct Made {
    /// The number of transitions, and of those kept.
    pub(crate) transitions: usize,
    pub(crate) kept: usize,
}

/// Who is told of transitions.
pub(crate) trait Watcher {
    /// The error that ends everything.
    type Error: From<runtime::Error>;

    /// Whether to stop here.
    fn is_stopped(&self) -> bool;

    /// A dispatch is over.
    fn made(&mut self, group: &Group, made: &Made, adapting: bool) -> Result<(), Self::Error>;
}

/// Chains on one launch.
pub(crate) struct Group {
    compiled: Arc<Compiled>,
    running: Running,
    settings: Settings,
    states: Vec<State<Array>>,
    /// How many transitions the last dispatch made, and how long each took.
    last: Option<(usize, Duration)>,
}

impl Group {
    /// So many chains without a position yet.
    pub(crate) fn new(compiled: &Arc<Compiled>, settings: Settings, lanes: usize) -> Result<Group, Error> {
        let block = &compiled.block;
        let state = State::new([0, 0], block.dimension, block.learner, settings.step_size);
        let states = vec![state; lanes];
        let running = compiled.launch(&states)?;
        Ok(Group { compiled: compiled.clone(), running, settings, states, last: None })
    }

    /// The log density at a position of chain `lane`; its gradient is written to `gradient`.
    pub(crate) fn log_density(
        &mut self,
        lane: usize,
        position: &[f64],
        gradient: &mut [f64],
    ) -> Result<f64, runtime::Error> {
        self.states[lane].position = Array::from(position);
        self.running.set_states(&self.states)?;
        self.dispatch(&Controls::new(1, Mode::Evaluate))?;
        let state = &self.states[lane];
        gradient.copy_from_slice(&state.gradient.to_f64_vec());
        Ok(state.log_density.to_f64_vec()[0])
    }

    /// Gives chain `lane` its random numbers, from 64 random bits.
    pub(crate) fn seed(&mut self, lane: usize, bits: u64) {
        self.states[lane].key = Array::from(generator::key(bits));
    }

    /// Puts chain `lane` where a log density and a gradient have been found.
    pub(crate) fn start_at(&mut self, lane: usize, position: &[f64], log_density: f64, gradient: &[f64]) {
        self.states[lane].at(position, log_density, gradient);
    }

    /// The evaluations of chain `lane` so far.
    pub(crate) fn leapfrogs(&self, lane: usize) -> u64 {
        self.states[lane].leapfrogs()
    }

    pub(crate) fn divergences(&self, lane: usize) -> usize {
        self.states[lane].divergences()
    }

    pub(crate) fn step_size(&self, lane: usize) -> f64 {
        self.states[lane].step_size()
    }

    /// Positions and statistics that chain `lane` has kept in the last dispatch.
    pub(crate) fn kept(&self, lane: usize, made: &Made) -> Result<[&[f64]; 2], runtime::Error> {
        self.running.kept(lane, made.kept)
    }

    /// Runs a block and reads the states.
    fn dispatch(&mut self, controls: &Controls<Array>) -> Result<(), runtime::Error> {
        self.running.run(controls)?;
        self.states = self.running.states()?;
        Ok(())
    }

    /// Adapts the chains, which have their positions; keeps the transitions made, if asked to.
    pub(crate) fn warm_up<W: Watcher>(&mut self, keep: bool, watcher: &mut W) -> Result<(), W::Error> {
        let warmup = self.settings.warmup;
        let learner = self.compiled.block.learner;
        let (stretches, end) = match learner {
            Learner::Fisher => nutpie(warmup),
            _ => (stan(warmup), warmup),
        };
        self.each(State::first_metric);
        // Searches for the other chains' starts have taken streams too.
        self.each(|state| state.count = Array::scalar(0i64));
        self.search(|_| true)?;
        let mut was_early = true;
        for stretch in stretches {
            if stretch.learns && was_early && !stretch.is_early {
                self.each(State::lengthen_windows);
                self.running.set_states(&self.states)?;
            }
            was_early = stretch.is_early;
            self.stretch(stretch, end, keep, watcher)?;
            if watcher.is_stopped() {
                return Ok(());
            }
            match stretch.then {
                Then::Metric => self.each(|state| state.new_metric(learner)),
                Then::FirstMetric => {}
                Then::Nothing => continue,
            }
            self.search(State::has_metric)?;
        }
        if self.settings.adapts_step_size {
            self.each(State::final_step_size);
        }
        self.running.set_states(&self.states)?;
        Ok(())
    }

    fn stretch<W: Watcher>(
        &mut self,
        stretch: Stretch,
        end: usize,
        keep: bool,
        watcher: &mut W,
    ) -> Result<(), W::Error> {
        let controls = Controls {
            adapts_step_size: Array::scalar(self.settings.adapts_step_size),
            learns: Array::scalar(stretch.learns),
            is_early: Array::scalar(stretch.is_early),
            end: Array::scalar(end as i64),
            ..Controls::new(0, Mode::Run)
        };
        let thinning = if keep { 1 } else { usize::MAX };
        self.transitions(stretch.transitions, thinning, controls, watcher)
    }

    /// Makes `n` transitions and keeps every `thinning`-th of them.
    pub(crate) fn draw<W: Watcher>(
        &mut self,
        n: usize,
        thinning: usize,
        watcher: &mut W,
    ) -> Result<(), W::Error> {
        self.transitions(n, thinning, Controls::new(0, Mode::Run), watcher)
    }

    /// Makes `n` transitions in blocks of about [`DISPATCH`].
    fn transitions<W: Watcher>(
        &mut self,
        n: usize,
        thinning: usize,
        controls: Controls<Array>,
        watcher: &mut W,
    ) -> Result<(), W::Error> {
        let adapting = self.is_adapting();
        let thinning = thinning.min(i64::MAX as usize / 2);
        let mut done = 0;
        while done < n && !watcher.is_stopped() {
            let phase = done % thinning;
            // The last row is overwritten by transitions that are not kept.
            let room = self.compiled.block.rows.saturating_mul(thinning) - 1 - phase;
            let transitions = (n - done).min(room).min(self.block_size());
            let start = Instant::now();
            self.dispatch(&Controls {
                n: Array::scalar(transitions as i64),
                thinning: Array::scalar(thinning as i64),
                phase: Array::scalar(phase as i64),
                target_accept: Array::scalar(self.settings.target_accept),
                trajectory_length: Array::scalar(self.settings.trajectory_length),
                ..controls.clone()
            })?;
            self.last = Some((transitions, start.elapsed().div_f64(transitions as f64)));
            done += transitions;
            let kept = (phase + transitions) / thinning;
            watcher.made(self, &Made { transitions, kept }, adapting)?;
        }
        Ok(())
    }

    /// Whether the next transition is one of warm-up.
    fn is_adapting(&self) -> bool {
        let made = self.states[0].draw.to_f64_vec().first().copied().unwrap_or(0.0);
        made < self.settings.warmup as f64
    }

    /// How many transitions to make at once.
    fn block_size(&self) -> usize {
        // The first one tells how long it takes. Others may be longer, so blocks grow by steps.
        let Some((last, pace)) = self.last else { return 1 };
        let n = DISPATCH.as_secs_f64() / pace.as_secs_f64().max(1e-9);
        (n as usize).clamp(1, last.saturating_mul(16))
    }

    /// Finds a step size to begin at for the chains that are `to_begin`, if step sizes are adapted, and begins to adapt
    /// it there.
    fn search(&mut self, to_begin: impl Fn(&State<Array>) -> bool) -> Result<(), runtime::Error> {
        self.running.set_states(&self.states)?;
        if !self.settings.adapts_step_size {
            return Ok(());
        }
        let begins: Vec<bool> = self.states.iter().map(to_begin).collect();
        for (state, begins) in self.states.iter_mut().zip(&begins) {
            state.search = Array::scalar(if *begins { 0 } else { FOUND });
        }
        self.running.set_states(&self.states)?;
        let is_found = |state: &State<Array>| state.search.as_slice::<i32>() == Some(&[FOUND][..]);
        for _ in 0..TRIES {
            self.dispatch(&Controls::new(1, Mode::Search))?;
            if self.states.iter().all(is_found) {
                break;
            }
        }
        for (state, begins) in self.states.iter_mut().zip(begins) {
            if begins {
                state.restart_averaging();
            }
        }
        self.running.set_states(&self.states)
    }

    fn each(&mut self, f: impl Fn(&mut State<Array>)) {
        self.states.iter_mut().for_each(f);
    }
}
