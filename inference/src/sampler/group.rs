//! Chains that one launch takes along: from their first positions through warm-up to any number of draws.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use pyroxene_frontend::{Array, Error};
use pyroxene_runtime as runtime;

use super::{
    block::{ACCEPTANCE_RATE, Controls},
    compiled::{Compiled, Kept, Running},
    generator,
    learner::{Draw, Learner, Learning},
    refinement::{Refinement, blocks},
    schedule::Stretch,
    state::State,
};
use crate::init::Start;

/// A dispatch should take so long: short enough to watch and to stop, long enough to cost nothing.
const DISPATCH: Duration = Duration::from_millis(100);
/// Searches for a step size end here, wherever they are.
const TRIES: usize = 100;
/// The log density of a point that is left for any other: a transition of no length from there ends at the same position,
/// with the density and the gradient that are found at it.
const UNKNOWN: f64 = -1e300;

/// Who is shown transitions, each with its chain's lane.
type See<'a> = &'a mut dyn FnMut(usize, &Draw<'_>);

/// What the user chooses.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Settings {
    pub(crate) step_size: f64,
    pub(crate) adapts_step_size: bool,
    pub(crate) target_accept: f64,
    pub(crate) trajectory_length: f64,
    pub(crate) warmup: usize,
    pub(crate) learning: Learning,
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
    type Error: From<runtime::Error> + From<Error>;

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
    /// The number of transitions so far.
    made: usize,
    /// How many transitions the last dispatch made, and how long each took.
    last: Option<(usize, Duration)>,
}

/// A search for a step size to begin with: single steps from the same position with fresh momenta, each of half or twice
/// the size of the one before, until one is on the other side of the acceptance probability 0.8 (Hoffman and Gelman 2014,
/// algorithm 4).
struct Search {
    size: f64,
    /// 1 up, -1 down, 0 before the first step, which only tells the way.
    way: i32,
    is_over: bool,
}

impl Search {
    fn next(&mut self) -> f64 {
        if !self.is_over {
            self.size *= 2f64.powi(self.way);
        }
        self.size
    }

    fn tell(&mut self, accept: f64) {
        let way = if accept > 0.8 { 1 } else { -1 };
        self.is_over |= self.way != 0 && self.way != way;
        self.way = way;
    }
}

impl Group {
    /// So many chains without a position yet.
    pub(crate) fn new(compiled: &Arc<Compiled>, settings: Settings, lanes: usize) -> Result<Group, Error> {
        let block = &compiled.block;
        let state = State::new(block.dimension, block.form, settings.step_size);
        let running = compiled.launch(lanes)?;
        let states = vec![state; lanes];
        Ok(Group { compiled: compiled.clone(), running, settings, states, made: 0, last: None })
    }

    /// The log density and its gradient at positions of chains, each with its chain's number; the log density is NaN where one
    /// of the two is not finite.
    pub(crate) fn log_densities(
        &mut self,
        positions: &[(usize, &[f64])],
    ) -> Result<Vec<(f64, Vec<f64>)>, runtime::Error> {
        let mut tried = self.states.clone();
        for state in &mut tried {
            state.moving.step_size = Array::scalar(0.0);
            state.moving.log_density = Array::scalar(UNKNOWN);
        }
        for (lane, position) in positions {
            tried[*lane].moving.position = Array::from(*position);
        }
        self.running.run(&mut tried, &Controls::new(1, 1))?;
        let found = positions.iter().map(|(lane, _)| {
            let found = &tried[*lane].moving;
            self.states[*lane].moving.leapfrogs = found.leapfrogs.clone();
            let log_density = found.log_density();
            let known = if log_density == UNKNOWN { f64::NAN } else { log_density };
            (known, found.gradient.to_f64_vec())
        });
        Ok(found.collect())
    }

    /// Gives chain `lane` its random numbers, from 64 random bits.
    pub(crate) fn seed(&mut self, lane: usize, bits: u64) {
        self.states[lane].key = Array::from(generator::key(bits));
    }

    /// Puts chain `lane` where a log density and a gradient have been found.
    pub(crate) fn start_at(&mut self, lane: usize, start: &Start) {
        let moving = &mut self.states[lane].moving;
        moving.position = Array::from(&*start.position);
        moving.gradient = Array::from(&*start.gradient);
        moving.log_density = Array::scalar(start.log_density);
    }

    /// The evaluations of chain `lane` so far.
    pub(crate) fn leapfrogs(&self, lane: usize) -> u64 {
        self.states[lane].moving.leapfrogs()
    }

    pub(crate) fn divergences(&self, lane: usize) -> usize {
        self.states[lane].moving.divergences()
    }

    pub(crate) fn step_size(&self, lane: usize) -> f64 {
        self.states[lane].moving.step_size()
    }

    /// What chain `lane` has kept in the last dispatch.
    pub(crate) fn kept(&self, lane: usize, made: &Made) -> Result<Kept<'_>, runtime::Error> {
        self.running.kept(lane, made.kept)
    }

    /// Adapts the chains, which have their positions; keeps the transitions made, if asked to.
    pub(crate) fn warm_up<W: Watcher>(&mut self, keep: bool, watcher: &mut W) -> Result<(), W::Error> {
        let Settings { warmup, learning, adapts_step_size, .. } = self.settings;
        let dimension = self.compiled.block.dimension;
        let mut learners: Vec<_> = self.states.iter().map(|_| learning.learner(dimension, warmup)).collect();
        for (state, learner) in self.states.iter_mut().zip(&mut learners) {
            let [position, gradient] = [&state.moving.position, &state.moving.gradient];
            let first = learner.begin(&position.to_f64_vec(), &gradient.to_f64_vec());
            state.factor = first.unwrap_or_else(|| state.factor.clone());
        }
        self.search(&vec![true; self.states.len()])?;
        for Stretch { transitions, learns, searches } in learning.stretches(warmup) {
            let controls = Controls { adapts_step_size: Array::scalar(adapts_step_size), ..self.controls() };
            let thinning = if keep || learns { 1 } else { usize::MAX };
            let mut see = |lane: usize, draw: &Draw<'_>| learners[lane].see(draw);
            self.transitions(transitions, thinning, controls, learns.then_some(&mut see), watcher)?;
            if watcher.is_stopped() {
                return Ok(());
            }
            if learns {
                let anew = self.renew(&mut learners);
                if searches {
                    self.search(&anew)?;
                }
            }
        }
        if adapts_step_size {
            self.states.iter_mut().for_each(|state| state.moving.settle());
        }
        self.refine(&learners, watcher)
    }

    /// The last transitions of warm-up, between which the step size comes to its target.
    fn refine<W: Watcher>(&mut self, learners: &[Box<dyn Learner>], watcher: &mut W) -> Result<(), W::Error> {
        let Settings { warmup, learning, adapts_step_size, target_accept, .. } = self.settings;
        let mut refinements = Vec::new();
        for (state, learner) in self.states.iter().zip(learners) {
            let target = learner.target_accept(target_accept);
            refinements.push(Refinement::new(state.moving.step_size(), target));
        }
        for transitions in blocks(learning.refining(warmup)) {
            let mut see = |lane: usize, draw: &Draw<'_>| refinements[lane].see(draw);
            self.transitions(transitions, 1, self.controls(), Some(&mut see), watcher)?;
            if watcher.is_stopped() {
                break;
            }
            if adapts_step_size {
                for (state, refinement) in self.states.iter_mut().zip(&mut refinements) {
                    state.moving.step_size = Array::scalar(refinement.step_size());
                }
            }
        }
        Ok(())
    }

    /// New metrics; which chains have one.
    fn renew(&mut self, learners: &mut [Box<dyn Learner>]) -> Vec<bool> {
        let mut renew = |(state, learner): (&mut State<Array>, &mut Box<dyn Learner>)| {
            let factor = learner.factor();
            let is_new = factor.is_some();
            state.factor = factor.unwrap_or_else(|| state.factor.clone());
            is_new
        };
        self.states.iter_mut().zip(learners).map(&mut renew).collect()
    }

    fn controls(&self) -> Controls<Array> {
        Controls {
            target_accept: Array::scalar(self.settings.target_accept),
            trajectory_length: Array::scalar(self.settings.trajectory_length),
            ..Controls::new(0, self.compiled.block.kernel.limit())
        }
    }

    /// Makes `n` transitions and keeps every `thinning`-th of them.
    pub(crate) fn draw<W: Watcher>(
        &mut self,
        n: usize,
        thinning: usize,
        watcher: &mut W,
    ) -> Result<(), W::Error> {
        self.transitions(n, thinning, self.controls(), None, watcher)
    }

    /// Makes `n` transitions in blocks of about [`DISPATCH`], and shows those kept to `see`, each with its chain's lane.
    fn transitions<W: Watcher>(
        &mut self,
        n: usize,
        thinning: usize,
        controls: Controls<Array>,
        mut see: Option<See<'_>>,
        watcher: &mut W,
    ) -> Result<(), W::Error> {
        let adapting = self.made < self.settings.warmup;
        let thinning = thinning.min(i64::MAX as usize / 2);
        let mut done = 0;
        while done < n && !watcher.is_stopped() {
            let haste = self.running.haste;
            // Chains in one run have no haste, so that the first one's leapfrogs are all.
            if haste.is_over(self.made, self.leapfrogs(0)) {
                self.running = self.compiled.relaunch()?;
            }
            let phase = done % thinning;
            // The last row is overwritten by transitions that are not kept.
            let room = self.compiled.block.rows.saturating_mul(thinning) - 1 - phase;
            let transitions = (n - done).min(room).min(self.block_size()).min(haste.stretch(self.made));
            let start = Instant::now();
            let controls = Controls {
                n: Array::scalar(transitions as i64),
                thinning: Array::scalar(thinning as i64),
                phase: Array::scalar(phase as i64),
                ..controls.clone()
            };
            self.running.run(&mut self.states, &controls)?;
            self.last = Some((transitions, start.elapsed().div_f64(transitions as f64)));
            done += transitions;
            self.made += transitions;
            let kept = (phase + transitions) / thinning;
            if let Some(see) = &mut see {
                for lane in 0..self.states.len() {
                    self.running.kept(lane, kept)?.draws().for_each(|draw| see(lane, &draw));
                }
            }
            watcher.made(self, &Made { transitions, kept }, adapting)?;
        }
        Ok(())
    }

    /// How many transitions to make at once.
    fn block_size(&self) -> usize {
        // The first one tells how long it takes. Others may be longer, so blocks grow by steps.
        let Some((last, pace)) = self.last else { return 1 };
        let n = DISPATCH.as_secs_f64() / pace.as_secs_f64().max(1e-9);
        (n as usize).clamp(1, last.saturating_mul(16))
    }

    /// Finds a step size for the chains that begin anew, if step sizes are adapted, and begins to adapt it there.
    fn search(&mut self, begins: &[bool]) -> Result<(), runtime::Error> {
        if !self.settings.adapts_step_size {
            return Ok(());
        }
        let search = |(state, begins): (&State<Array>, &bool)| Search {
            size: state.moving.step_size(),
            way: 0,
            is_over: !begins,
        };
        let mut searches: Vec<Search> = self.states.iter().zip(begins).map(search).collect();
        for _ in 0..TRIES {
            if searches.iter().all(|search| search.is_over) {
                break;
            }
            let mut tried = self.states.clone();
            for (state, search) in tried.iter_mut().zip(&mut searches) {
                state.moving.step_size = Array::scalar(search.next());
            }
            self.running.run(&mut tried, &Controls::new(1, 1))?;
            for (lane, search) in searches.iter_mut().enumerate().filter(|(_, search)| !search.is_over) {
                search.tell(self.running.kept(lane, 1)?.stats[ACCEPTANCE_RATE]);
                let [state, tried] = [&mut self.states[lane].moving, &mut tried[lane].moving];
                (state.count, state.leapfrogs) = (tried.count.clone(), tried.leapfrogs.clone());
            }
        }
        for ((state, search), _) in self.states.iter_mut().zip(searches).zip(begins).filter(|(_, b)| **b) {
            state.moving.adapt_from(search.size);
        }
        Ok(())
    }
}
