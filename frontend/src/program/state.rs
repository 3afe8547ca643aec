//! State from run to run: prior draws of a bound program, whose mutable sites go on from where they are.

use pyroxene_ir::passes::{self, Query};

use super::{bound::Bound, error::Error};
use crate::Array;

/// The state of a program's mutable sites between two runs, in program order.
#[derive(Clone, PartialEq, Debug)]
pub struct State(pub Vec<(String, Array)>);

impl Bound {
    /// One draw of latent and deterministic sites from the prior; NumPyro's `seed(model, rng_seed=seed)`. Mutable sites
    /// have their initial state.
    ///
    /// # Errors
    /// When a site cannot be drawn from.
    pub fn draws(&self, seed: u64) -> Result<Vec<Array>, Error> {
        self.draws_from(seed, &mut self.initial_state()?)
    }

    /// As [`Bound::draws`], from the state that the run before has left, which is replaced by this run's.
    ///
    /// ```
    /// use pyroxene_frontend::{Model, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let counter = Model::new(|_: &()| {
    ///     let count = mutable("counter", 0.0);
    ///     mutable("counter", count + 1.0);
    ///     deterministic("seen", count);
    /// });
    /// let bound = counter.bind(&())?;
    /// let mut state = bound.initial_state()?;
    /// let seen = (0..3).map(|run| Ok(bound.draws_from(run, &mut state)?[0].to_f64_vec()[0]));
    /// assert_eq!(seen.collect::<Result<Vec<_>, pyroxene_frontend::Error>>()?, [0.0, 1.0, 2.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When a site cannot be drawn from, or the state is not one of this program.
    pub fn draws_from(&self, seed: u64, state: &mut State) -> Result<Vec<Array>, Error> {
        let values: Vec<(&str, Array)> = state.0.iter().map(|(n, v)| (n.as_str(), v.clone())).collect();
        let key = pyroxene_ir::threefry::key_from_seed(seed);
        let mut results = self.run(Query::Draws, &values, &[key])?;
        let next = results.split_off(self.outputs().len().min(results.len()));
        for ((_, old), new) in state.0.iter_mut().zip(next) {
            *old = new;
        }
        Ok(results)
    }

    /// What the first run finds in mutable sites.
    ///
    /// # Errors
    /// When an initial value depends on a random one.
    pub fn initial_state(&self) -> Result<State, Error> {
        let graph = self.recorded().graph();
        // Draws ask each time, and most programs have none.
        if !graph.sites().any(|(_, site)| site.kind.reads_state()) {
            return Ok(State(Vec::new()));
        }
        let values = self.evaluated(passes::states(graph)?)?.into_iter();
        let name = |v| graph.site(v).map(|site| site.name.clone());
        Ok(State(values.filter_map(|(v, value)| Some((name(v)?, value))).collect()))
    }
}
