//! What a chain is between two blocks of transitions: arrays, so that it can be stopped, kept and gone on with anywhere.

use pyroxene_frontend::{Ty, prelude::*};

use super::{dual_averaging::DualAveraging, fisher::Fisher, welford::Welford};

/// The state of a chain.
#[derive(Tree, Clone, Debug)]
pub(crate) struct State<L: Leaf = Tensor> {
    /// The key of all random numbers, `u32[2]`.
    pub(super) key: L,
    /// How many streams of random numbers have been taken (`i64[]`).
    pub(super) count: L,
    /// The number of transitions made.
    pub(super) draw: L,
    pub(super) position: L,
    pub(super) gradient: L,
    pub(super) log_density: L,
    pub(super) step_size: L,
    /// Which way the search for a step size goes (`i32[]`): 1 up, -1 down, 0 before it begins, [`FOUND`] after its end.
    pub(super) search: L,
    pub(super) averaging: DualAveraging<L>,
    /// The factor of the metric.
    pub(super) factor: L,
    pub(super) estimators: Estimators<L>,
    /// Steps so far, those of searches included.
    pub(super) leapfrogs: L,
    pub(super) divergences: L,
}

/// A search for a step size is over.
pub(super) const FOUND: i32 = 2;

/// What the metric is learned by: at most one of the two.
#[derive(Tree, Clone, Debug)]
pub(crate) struct Estimators<L: Leaf = Tensor> {
    pub(super) welford: Option<Welford<L>>,
    pub(super) fisher: Option<Fisher<L>>,
}

/// How the metric is learned.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Learner {
    /// The diagonal of least Fisher divergence.
    Fisher,
    /// Variances of draws.
    Variances,
    /// Covariances of draws.
    Covariances,
}

impl Learner {
    pub(super) fn estimators(self, dimension: usize, float: DType) -> Estimators<Array> {
        let welford = |covariances| Some(Welford::new(dimension, covariances, float));
        match self {
            Learner::Fisher => Estimators { welford: None, fisher: Some(Fisher::new(dimension, float)) },
            Learner::Variances => Estimators { welford: welford(false), fisher: None },
            Learner::Covariances => Estimators { welford: welford(true), fisher: None },
        }
    }

    /// The identity's factor.
    pub(super) fn identity(self, dimension: usize, float: DType) -> Array {
        match self {
            Learner::Covariances => {
                let one = |i: usize| if i.is_multiple_of(dimension + 1) { 1.0 } else { 0.0 };
                square((0..dimension * dimension).map(one).collect(), dimension).convert(float)
            }
            _ => Array::from(vec![1.0; dimension]).convert(float),
        }
    }
}

impl State<Array> {
    /// A chain at the origin, whose density there is not known yet.
    pub(super) fn new(key: [u32; 2], dimension: usize, learner: Learner, step_size: f64) -> State<Array> {
        let float = DType::F64;
        let vector = Array::zeros(&Ty::new(float, [dimension]));
        State {
            key: Array::from(key),
            count: Array::scalar(0i64),
            draw: Array::scalar(0i64),
            position: vector.clone(),
            gradient: vector,
            log_density: Array::scalar(0.0),
            step_size: Array::scalar(step_size),
            search: Array::scalar(0i32),
            averaging: DualAveraging::new(step_size, float),
            factor: learner.identity(dimension, float),
            estimators: learner.estimators(dimension, float),
            leapfrogs: Array::scalar(0i64),
            divergences: Array::scalar(0i64),
        }
    }
}

/// A matrix from its elements.
pub(super) fn square(elements: Vec<f64>, dimension: usize) -> Array {
    let vector = Array::from(elements);
    // The elements are as many as the matrix has.
    vector.reshape([dimension, dimension]).unwrap_or(vector)
}
