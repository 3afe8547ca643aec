//! The metric of a trajectory: a factor `F` of the inverse mass matrix `F Fᵀ`, under which momenta are standard normal.
//!
//! With `p = F⁻ᵀ p̃` the kinetic energy is `½ p̃·p̃`, positions move by `F p̃` and momenta by `Fᵀ ∇ log p`: products of
//! momenta, as the test for a U-turn takes them, need no matrix.

use pyroxene_frontend::{Array, Tensor};

/// The form of the factor.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Form {
    /// A vector: standard deviations.
    Diagonal,
    /// A lower triangular matrix.
    Dense,
}

impl Form {
    /// The identity's factor.
    pub(super) fn identity(self, dimension: usize) -> Array {
        match self {
            Form::Diagonal => Array::from(vec![1.0; dimension]),
            Form::Dense => {
                let one = |i: usize| if i.is_multiple_of(dimension + 1) { 1.0 } else { 0.0 };
                square((0..dimension * dimension).map(one).collect(), dimension)
            }
        }
    }
}

/// A matrix from its elements, row by row.
pub(super) fn square(elements: Vec<f64>, dimension: usize) -> Array {
    let vector = Array::from(elements);
    // The elements are as many as the matrix has.
    vector.reshape([dimension, dimension]).unwrap_or(vector)
}

/// A form with its factor.
#[derive(Clone, Copy)]
pub(super) struct Metric {
    pub(super) form: Form,
    pub(super) factor: Tensor,
}

impl Metric {
    /// Where a momentum moves the position to, a unit of time long.
    pub(super) fn velocity(self, momentum: Tensor) -> Tensor {
        match self.form {
            Form::Diagonal => self.factor * momentum,
            Form::Dense => self.factor.matmul(momentum),
        }
    }

    /// What a gradient adds to the momentum in a unit of time.
    pub(super) fn force(self, gradient: Tensor) -> Tensor {
        match self.form {
            Form::Diagonal => self.factor * gradient,
            Form::Dense => gradient.matmul(self.factor),
        }
    }
}
