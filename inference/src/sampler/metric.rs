//! The metric of a trajectory: a factor `F` of the inverse mass matrix `F Fᵀ`, under which momenta are standard normal.
//!
//! With `p = F⁻ᵀ p̃` the kinetic energy is `½ p̃·p̃`, positions move by `F p̃` and momenta by `Fᵀ ∇ log p`: products of
//! momenta, as the test for a U-turn takes them, need no matrix.

use pyroxene_frontend::Tensor;

/// The form of the factor.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Form {
    /// A vector: standard deviations.
    Diagonal,
    /// A lower triangular matrix.
    Dense,
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
