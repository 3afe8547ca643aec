//! The inverse Wishart distribution of covariance matrices and that of their Cholesky factors.

use std::f64::consts::LN_2;

use pyroxene_ir::Dims;

use super::{
    Distribution, Param,
    parameters::reals,
    scale::{By, Scale},
    vectors::of_elements,
    wishart::{bartlett, by_scale, log_volume, multigammaln, row_numbers, squares},
};
use crate::{
    Triangle,
    constraints::{self, Support},
    random::Key,
    tensor::Tensor,
};

by_scale! {
    /// Cholesky factors of inverse Wishart matrices (NumPyro's `InverseWishartCholesky`).
    InverseWishartCholesky
}

impl InverseWishartCholesky {
    /// The log density of the matrix with the factor `l`, whose diagonal has the logarithms `log_diagonal`.
    fn log_prob_of_matrix(&self, l: Tensor, log_diagonal: Tensor) -> Tensor {
        let (p, nu, tril) = (self.scale.rows(), self.concentration, self.scale.tril());
        let trace = l.solve_triangular(tril, Triangle::LOWER).square().sum_rightmost(2);
        let normalizer = nu * (0.5 * p as f64 * LN_2 - tril.tri_logabsdet()) + multigammaln(nu * 0.5, p);
        -(nu + (p + 1) as f64) * log_diagonal.sum_axis(-1) - trace * 0.5 - normalizer
    }
}

impl Distribution for InverseWishartCholesky {
    fn name(&self) -> String {
        "InverseWishartCholesky".into()
    }

    fn params(&self) -> Vec<Param> {
        self.listed()
    }

    fn support(&self) -> Support {
        constraints::lower_cholesky()
    }

    fn event_shape(&self) -> Dims {
        self.square_shape()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let (p, log_diagonal) = (self.scale.rows(), value.diagonal().log());
        self.log_prob_of_matrix(value, log_diagonal) + log_volume(p, log_diagonal)
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let p = self.scale.rows();
        let less = (p.max(1) - 1) as f64 - row_numbers(p, self.concentration);
        let standard = bartlett(self, self.concentration.expand_dims(-1) - less, p, key, sample_shape);
        // The scale's factor over Bartlett's.
        let inverse = standard.solve_triangular(Tensor::eye(p).convert(self.dtype()), Triangle::LOWER);
        Some(self.scale.tril().matmul(inverse))
    }
}

by_scale! {
    /// The inverses of Wishart matrices whose scale matrix is the inverse of this one: the conjugate prior of covariance
    /// matrices (NumPyro's `InverseWishart`).
    InverseWishart
}

impl InverseWishart {
    fn factor(&self) -> InverseWishartCholesky {
        InverseWishartCholesky { concentration: self.concentration, scale: self.scale }
    }

    /// The degrees of freedom less the rows and this many, NaN unless positive.
    fn beyond(&self, more: usize) -> Tensor {
        let beyond = self.concentration - (self.scale.rows() + more) as f64;
        beyond.greater(0.0).select(beyond, f64::NAN).expand_dims(-1).expand_dims(-1)
    }
}

impl Distribution for InverseWishart {
    fn name(&self) -> String {
        "InverseWishart".into()
    }

    fn params(&self) -> Vec<Param> {
        self.listed()
    }

    fn support(&self) -> Support {
        constraints::positive_definite()
    }

    fn event_shape(&self) -> Dims {
        self.square_shape()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let l = value.cholesky();
        self.factor().log_prob_of_matrix(l, l.diagonal().log())
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let l = self.factor().sample(key, sample_shape)?;
        Some(l.matmul(l.matrix_transpose()))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(of_elements(self, self.scale.itself() / self.beyond(1)))
    }

    fn variance(&self) -> Option<Tensor> {
        let variance = squares(self.scale.itself()) / (self.beyond(1).square() * self.beyond(3));
        Some(of_elements(self, variance))
    }
}
