//! A scale matrix, given as itself, as its inverse or as its Cholesky factor.

use super::{
    Param,
    vectors::{last_dim, square},
};
use crate::{constraints, tensor::Tensor};

/// The matrix `L Lᵀ` of a distribution, by what its constructor took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub(super) matrix: Tensor,
    pub(super) by: By,
    name: &'static str,
}

/// What the tensor is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum By {
    /// The lower triangular `L`.
    Tril,
    /// `L Lᵀ`.
    Itself,
    /// The inverse of `L Lᵀ`.
    Inverse,
}

impl Scale {
    /// Square matrices, a parameter of this name; others are reported.
    #[track_caller]
    pub(super) fn new(by: By, name: &'static str, matrix: Tensor) -> Scale {
        Scale { matrix: square(name, matrix), by, name }
    }

    pub(super) fn param(self) -> Param {
        let constraint = match self.by {
            By::Tril => constraints::lower_cholesky(),
            By::Itself | By::Inverse => constraints::positive_definite(),
        };
        Param::new(self.name, self.matrix, constraint)
    }

    /// The number of rows.
    pub(super) fn rows(self) -> usize {
        last_dim(self.matrix)
    }

    /// The lower Cholesky factor `L`.
    pub(super) fn tril(self) -> Tensor {
        match self.by {
            By::Tril => self.matrix,
            By::Itself => self.matrix.cholesky(),
            By::Inverse => self.matrix.cholesky_of_inverse(),
        }
    }

    /// `L Lᵀ`.
    pub(super) fn itself(self) -> Tensor {
        if self.by == By::Itself {
            return self.matrix;
        }
        let tril = self.tril();
        tril.matmul(tril.matrix_transpose())
    }
}
