//! The state of an optimisation between two steps, as the host holds it.

use indexmap::IndexMap;
use pyroxene_frontend::{Array, RngKey, Ty};

/// The state between two steps (NumPyro's `SVIState`).
#[derive(Clone, Debug, PartialEq)]
pub struct SviState {
    /// How many steps were made.
    pub step: usize,
    /// The parameters on unconstrained space; see [`Svi::get_params`](super::Svi::get_params) for their values.
    pub unconstrained: IndexMap<String, Array>,
    /// The optimiser's state.
    pub optim_state: Vec<Array>,
    /// The states of `mutable` sites.
    pub mutable_state: IndexMap<String, Array>,
    /// The key of the steps to come.
    pub rng_key: RngKey,
    /// What the bijections of the parameters' constraints read, as it was at the beginning.
    pub(super) captures: Vec<Array>,
}

impl SviState {
    /// The arrays that steps take, in order: captures, the number of the step, the key, parameters, the optimiser's state,
    /// states.
    pub(super) fn arrays(&self) -> Vec<Array> {
        let mut all = self.captures.clone();
        all.extend([Array::from(self.step as i64), self.rng_key.array()]);
        all.extend(self.unconstrained.values().cloned());
        all.extend(self.optim_state.iter().cloned());
        all.extend(self.mutable_state.values().cloned());
        all
    }

    /// The state of which these are the arrays after the captures.
    pub(super) fn with(&self, arrays: Vec<Array>) -> SviState {
        let mut next = self.clone();
        let mut arrays = arrays.into_iter();
        if let Some(step) = arrays.next().and_then(|a| a.as_slice::<i64>()?.first().copied()) {
            next.step = usize::try_from(step).unwrap_or_default();
        }
        next.rng_key = arrays.next().and_then(|a| RngKey::of_array(&a)).unwrap_or(self.rng_key);
        let slots = next.unconstrained.values_mut().chain(&mut next.optim_state);
        for (slot, array) in slots.chain(next.mutable_state.values_mut()).zip(arrays) {
            *slot = array;
        }
        next
    }

    /// The types of the arrays.
    pub(super) fn tys(&self) -> Vec<Ty> {
        self.arrays().iter().map(Array::ty).collect()
    }
}

/// What a run leads to (NumPyro's `SVIRunResult`).
#[derive(Clone, Debug)]
pub struct SviRunResult {
    /// The parameters, on their constraints.
    pub params: IndexMap<String, Array>,
    /// The state, to go on from.
    pub state: SviState,
    /// The loss at each step.
    pub losses: Vec<f64>,
    /// Whether [`SviMonitor::stop`](super::SviMonitor::stop) ended the run early.
    pub interrupted: bool,
}
