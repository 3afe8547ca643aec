//! The Wishart distribution of covariance matrices and that of their Cholesky factors.

use std::f64::consts::{LN_2, PI};

use pyroxene_ir::Dims;

use super::{
    Distribution, Param, draw_dims,
    parameters::reals,
    scale::{By, Scale},
    vectors::of_elements,
};
use crate::{
    Triangle,
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
};

/// Declares a distribution by degrees of freedom and a scale matrix in three forms.
macro_rules! by_scale { ($(#[$doc:meta])* $Name:ident) => {
    $(#[$doc])*
    #[derive(Clone, Copy, Debug)]
    pub struct $Name {
        concentration: Tensor,
        scale: Scale,
    }

    impl $Name {
        /// `concentration` degrees of freedom, more than rows less one, and the lower triangular Cholesky factor
        /// `scale_tril` of the scale matrix, `[.., n, n]`; batches broadcast.
        ///
        /// # Errors
        /// Recorded when the matrices are not square.
        #[track_caller]
        pub fn from_scale_tril(concentration: impl Into<Tensor>, scale_tril: impl Into<Tensor>) -> $Name {
            $Name::by(By::Tril, "scale_tril", concentration.into(), scale_tril.into())
        }

        /// The same by the scale matrix itself.
        ///
        /// # Errors
        /// Recorded when the matrices are not square.
        #[track_caller]
        pub fn from_scale_matrix(concentration: impl Into<Tensor>, scale_matrix: impl Into<Tensor>) -> $Name {
            $Name::by(By::Itself, "scale_matrix", concentration.into(), scale_matrix.into())
        }

        /// The same by the inverse of the scale matrix.
        ///
        /// # Errors
        /// Recorded when the matrices are not square.
        #[track_caller]
        pub fn from_rate_matrix(concentration: impl Into<Tensor>, rate_matrix: impl Into<Tensor>) -> $Name {
            $Name::by(By::Inverse, "rate_matrix", concentration.into(), rate_matrix.into())
        }

        #[track_caller]
        fn by(by: By, name: &'static str, concentration: Tensor, matrix: Tensor) -> $Name {
            let [concentration, matrix] = reals([concentration, matrix]);
            $Name { concentration, scale: Scale::new(by, name, matrix) }
        }

        fn listed(&self) -> Vec<Param> {
            let above = constraints::greater_than(self.scale.rows().saturating_sub(1) as f64);
            vec![Param::new("concentration", self.concentration, above), self.scale.param()]
        }

        fn square_shape(&self) -> Dims {
            Dims::from_slice(&[self.scale.rows(), self.scale.rows()])
        }
    }
} }
pub(super) use by_scale;

/// `ln Γₚ(a)`, the logarithm of the multivariate gamma function.
pub(super) fn multigammaln(a: Tensor, p: usize) -> Tensor {
    let terms = (0..p).map(|j| (a - 0.5 * j as f64).lgamma());
    let constant = 0.25 * (p * p.saturating_sub(1)) as f64 * PI.ln();
    terms.fold(Tensor::from(constant), |sum, term| sum + term)
}

/// 0, 1, … for each row.
pub(super) fn row_numbers(p: usize, like: Tensor) -> Tensor {
    Tensor::arange(p).convert(like.dtype())
}

/// A lower triangular matrix of normal numbers with roots of chi-squared ones of `df` on the diagonal (Bartlett).
pub(super) fn bartlett(
    d: &dyn Distribution,
    df: Tensor,
    p: usize,
    key: Key,
    sample_shape: &[usize],
) -> Tensor {
    let [key_diagonal, key_below] = key.split();
    let sized = |n: usize| -> Dims {
        let mut dims = draw_dims(d, sample_shape);
        dims.push(n);
        dims
    };
    let diagonal = random::chisquare(key_diagonal, df, &sized(p), d.dtype()).sqrt();
    let below = random::normal(key_below, &sized(p * p.saturating_sub(1) / 2), d.dtype());
    below.vec_to_tril_matrix(-1).add_diag(diagonal)
}

by_scale! {
    /// Cholesky factors of Wishart matrices (NumPyro's `WishartCholesky`).
    WishartCholesky
}

impl WishartCholesky {
    /// The log density of the matrix with the factor `l`, whose diagonal has the logarithms `log_diagonal`.
    fn log_prob_of_matrix(&self, l: Tensor, log_diagonal: Tensor) -> Tensor {
        let (p, nu, tril) = (self.scale.rows(), self.concentration, self.scale.tril());
        let trace = tril.solve_triangular(l, Triangle::LOWER).square().sum_rightmost(2);
        let normalizer = nu * (tril.tri_logabsdet() + 0.5 * p as f64 * LN_2) + multigammaln(nu * 0.5, p);
        (nu - (p + 1) as f64) * log_diagonal.sum_axis(-1) - trace * 0.5 - normalizer
    }

    /// The degrees of freedom of each element of Bartlett's diagonal.
    fn degrees(&self) -> Tensor {
        self.concentration.expand_dims(-1) - row_numbers(self.scale.rows(), self.concentration)
    }
}

impl Distribution for WishartCholesky {
    fn name(&self) -> String {
        "WishartCholesky".into()
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
        let standard = bartlett(self, self.degrees(), self.scale.rows(), key, sample_shape);
        Some(self.scale.tril().matmul(standard))
    }

    fn mean(&self) -> Option<Tensor> {
        let k = self.degrees() * 0.5;
        let root = (2f64.ln() * 0.5 + (k + 0.5).lgamma() - k.lgamma()).exp();
        Some(of_elements(self, self.scale.tril() * root.expand_dims(-2)))
    }

    fn variance(&self) -> Option<Tensor> {
        let p = self.scale.rows();
        let below = Tensor::tri(p, p, -1).convert(self.dtype());
        let squares = self.scale.tril().square();
        let second = squares.matmul(below) + squares * self.degrees().expand_dims(-2);
        Some(of_elements(self, second - self.mean()?.square()))
    }
}

/// `ln |∂(L Lᵀ)/∂L|`, by the lower triangles.
pub(super) fn log_volume(p: usize, log_diagonal: Tensor) -> Tensor {
    let times = p as f64 - row_numbers(p, log_diagonal);
    (times * log_diagonal).sum_axis(-1) + p as f64 * LN_2
}

by_scale! {
    /// Covariance matrices: the sum of `concentration` squares `x xᵀ` of normal vectors whose covariance is the scale matrix
    /// (NumPyro's `Wishart`).
    Wishart
}

impl Wishart {
    fn factor(&self) -> WishartCholesky {
        WishartCholesky { concentration: self.concentration, scale: self.scale }
    }
}

impl Distribution for Wishart {
    fn name(&self) -> String {
        "Wishart".into()
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
        let nu = self.concentration.expand_dims(-1).expand_dims(-1);
        Some(of_elements(self, nu * self.scale.itself()))
    }

    fn variance(&self) -> Option<Tensor> {
        let nu = self.concentration.expand_dims(-1).expand_dims(-1);
        Some(of_elements(self, nu * squares(self.scale.itself())))
    }
}

/// `sᵢⱼ² + sᵢᵢ sⱼⱼ`.
pub(super) fn squares(s: Tensor) -> Tensor {
    let diagonal = s.diagonal();
    s.square() + diagonal.expand_dims(-1) * diagonal.expand_dims(-2)
}
