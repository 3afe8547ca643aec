//! The multivariate normal distribution.

use std::f64::consts::PI;

use pyroxene_ir::Dims;

use super::{
    Distribution, Param,
    parameters::reals,
    scale::{By, Scale},
    vectors::{of_elements, of_size, solved, times, whole_dims},
};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
};

/// Normal distributions of vectors, by the covariance matrix, its inverse, or its Cholesky factor (NumPyro's
/// `MultivariateNormal`).
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let covariance = Array::new([2, 2], vec![1.0, 0.5, 0.5, 2.0])?;
/// let log_prob = eval(|| {
///     MultivariateNormal::from_covariance_matrix([0.0, 1.0], covariance).log_prob(Tensor::from([0.0, 1.0]))
/// })?;
/// let expected = -(2.0 * std::f64::consts::PI).ln() - 0.5 * 1.75f64.ln();
/// assert!((log_prob.to_f64_vec()[0] - expected).abs() < 1e-15);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MultivariateNormal {
    loc: Tensor,
    scale: Scale,
}

impl MultivariateNormal {
    /// Mean `loc`, `[.., n]` or a scalar for all elements, and `scale_tril`, `[.., n, n]`, the lower triangular Cholesky
    /// factor of the covariance; batches broadcast.
    ///
    /// # Errors
    /// Recorded when the matrices are not square, or `loc` has another size.
    #[track_caller]
    pub fn from_scale_tril(loc: impl Into<Tensor>, scale_tril: impl Into<Tensor>) -> MultivariateNormal {
        MultivariateNormal::by(By::Tril, "scale_tril", loc.into(), scale_tril.into())
    }

    /// The same by the covariance matrix, symmetric and positive definite.
    ///
    /// # Errors
    /// As [`MultivariateNormal::from_scale_tril`].
    #[track_caller]
    pub fn from_covariance_matrix(
        loc: impl Into<Tensor>,
        covariance_matrix: impl Into<Tensor>,
    ) -> MultivariateNormal {
        MultivariateNormal::by(By::Itself, "covariance_matrix", loc.into(), covariance_matrix.into())
    }

    /// The same by the inverse of the covariance matrix.
    ///
    /// # Errors
    /// As [`MultivariateNormal::from_scale_tril`].
    #[track_caller]
    pub fn from_precision_matrix(
        loc: impl Into<Tensor>,
        precision_matrix: impl Into<Tensor>,
    ) -> MultivariateNormal {
        MultivariateNormal::by(By::Inverse, "precision_matrix", loc.into(), precision_matrix.into())
    }

    #[track_caller]
    fn by(by: By, name: &'static str, loc: Tensor, matrix: Tensor) -> MultivariateNormal {
        let [loc, matrix] = reals([loc, matrix]);
        let scale = Scale::new(by, name, matrix);
        MultivariateNormal { loc: of_size("the mean of MultivariateNormal", loc, scale.rows()), scale }
    }
}

impl Distribution for MultivariateNormal {
    fn name(&self) -> String {
        "MultivariateNormal".into()
    }

    fn params(&self) -> Vec<Param> {
        vec![Param::new("loc", self.loc, constraints::real_vector()), self.scale.param()]
    }

    fn support(&self) -> Support {
        constraints::real_vector()
    }

    fn event_shape(&self) -> Dims {
        Dims::from_slice(&[self.scale.rows()])
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let distance = value - self.loc;
        let (standard, log_det) = match self.scale.by {
            // The factor of the precision needs no inverse.
            By::Inverse => {
                let factor = self.scale.matrix.cholesky();
                (times(factor.matrix_transpose(), distance), -factor.tri_logabsdet())
            }
            By::Tril | By::Itself => {
                let tril = self.scale.tril();
                (solved(tril, distance), tril.tri_logabsdet())
            }
        };
        let n = self.scale.rows() as f64;
        standard.square().sum_axis(-1) * -0.5 - log_det - 0.5 * n * (2.0 * PI).ln()
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let standard = random::normal(key, &whole_dims(self, sample_shape), self.dtype());
        Some(self.loc + times(self.scale.tril(), standard))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(of_elements(self, self.loc))
    }

    fn variance(&self) -> Option<Tensor> {
        let variance = match self.scale.by {
            By::Itself => self.scale.matrix.diagonal(),
            By::Tril | By::Inverse => self.scale.tril().square().sum_axis(-1),
        };
        Some(of_elements(self, variance))
    }
}
