//! What a chain is between two blocks of transitions: arrays, so that it can be stopped, kept and gone on with anywhere.

use pyroxene_frontend::{Ty, prelude::*};

use super::{dual_averaging::DualAveraging, metric::Form};

/// The state of a chain.
#[derive(Tree, Clone, Debug)]
pub(crate) struct State<L: Leaf = Tensor> {
    /// The key of all random numbers, `u32[2]`.
    pub(super) key: L,
    /// The factor of the metric.
    pub(super) factor: L,
    pub(super) moving: Moving<L>,
}

/// What a transition changes.
#[derive(Tree, Clone, Debug)]
pub(crate) struct Moving<L: Leaf = Tensor> {
    /// How many streams of random numbers have been taken (`i64[]`).
    pub(super) count: L,
    pub(super) position: L,
    pub(super) gradient: L,
    pub(super) log_density: L,
    pub(super) step_size: L,
    pub(super) averaging: DualAveraging<L>,
    /// Steps so far, those of searches included.
    pub(super) leapfrogs: L,
    pub(super) divergences: L,
}

impl State<Array> {
    /// A chain at the origin, whose density there is not known yet, under the identity.
    pub(super) fn new(dimension: usize, form: Form, step_size: f64) -> State<Array> {
        let float = DType::F64;
        let vector = Array::zeros(&Ty::new(float, [dimension]));
        State {
            key: Array::from([0u32, 0]),
            factor: form.identity(dimension),
            moving: Moving {
                count: Array::scalar(0i64),
                position: vector.clone(),
                gradient: vector,
                log_density: Array::scalar(0.0),
                step_size: Array::scalar(step_size),
                averaging: DualAveraging::new(step_size, float),
                leapfrogs: Array::scalar(0i64),
                divergences: Array::scalar(0i64),
            },
        }
    }
}

fn scalar(array: &Array) -> f64 {
    array.to_f64_vec().first().copied().unwrap_or(f64::NAN)
}

impl Moving<Array> {
    /// The step size's adaptation begins again, at this one.
    pub(super) fn adapt_from(&mut self, step_size: f64) {
        self.step_size = Array::scalar(step_size);
        self.averaging = DualAveraging::new(step_size, DType::F64);
    }

    /// The step size that adaptation has come to stays.
    pub(super) fn settle(&mut self) {
        if scalar(&self.averaging.count) > 0.0 {
            let size = scalar(&self.averaging.log_step_avg).exp();
            self.step_size = Array::scalar(size.clamp(f64::MIN_POSITIVE, f64::MAX));
        }
    }

    pub(super) fn step_size(&self) -> f64 {
        scalar(&self.step_size)
    }

    pub(super) fn log_density(&self) -> f64 {
        scalar(&self.log_density)
    }

    pub(super) fn leapfrogs(&self) -> u64 {
        scalar(&self.leapfrogs) as u64
    }

    pub(super) fn divergences(&self) -> usize {
        scalar(&self.divergences) as usize
    }
}
