//! The multivariate normal distribution whose covariance is a diagonal and a matrix of low rank.

use std::f64::consts::PI;

use pyroxene_ir::{Dims, Loc};

use super::{
    Distribution, Param, draw_dims,
    parameters::reals,
    vectors::{last_dim, of_elements, of_size, times, vector, whole_dims},
};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
    trace::{ErrorKind, fail},
};

/// Normal with covariance `W Wᵀ + diag(d)` (NumPyro's `LowRankMultivariateNormal`), at the cost of the rank of `W`.
///
/// The quadratic form is a sum of squares, where NumPyro's is a difference.
#[derive(Clone, Copy, Debug)]
pub struct LowRankMultivariateNormal {
    loc: Tensor,
    cov_factor: Tensor,
    cov_diag: Tensor,
}

impl LowRankMultivariateNormal {
    /// Mean `loc`, `[.., n]`, `cov_factor`, `[.., n, rank]`, and the positive `cov_diag`, `[.., n]` or one number for
    /// all; batches broadcast.
    ///
    /// # Errors
    /// Recorded when the sizes differ.
    #[track_caller]
    pub fn new(
        loc: impl Into<Tensor>,
        cov_factor: impl Into<Tensor>,
        cov_diag: impl Into<Tensor>,
    ) -> LowRankMultivariateNormal {
        let [loc, cov_factor, cov_diag] = reals([loc.into(), cov_factor.into(), cov_diag.into()]);
        let loc = vector("the mean of LowRankMultivariateNormal", loc);
        let n = last_dim(loc);
        let fits = matches!(&cov_factor.dims()[..], [.., rows, _] if *rows == n);
        if !fits && !cov_factor.is_poison() && !loc.is_poison() {
            let kind = ErrorKind::Shape {
                what: "`cov_factor`".into(),
                found: cov_factor.dims().to_vec(),
                expected: format!("matrices of {n} rows"),
                help: "give a row for each element of the mean".into(),
            };
            let cov_factor = fail(kind, Loc::caller());
            return LowRankMultivariateNormal { loc, cov_factor, cov_diag };
        }
        // One number stands for the whole diagonal.
        let mut diagonal = of_size("`cov_diag`", cov_diag, n);
        if !diagonal.is_poison() && last_dim(diagonal) != n {
            let mut dims = diagonal.dims();
            dims.pop();
            dims.push(n);
            diagonal = diagonal.broadcast_to(&dims);
        }
        LowRankMultivariateNormal { loc, cov_factor, cov_diag: diagonal }
    }
}

impl Distribution for LowRankMultivariateNormal {
    fn name(&self) -> String {
        "LowRankMultivariateNormal".into()
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param::new("loc", self.loc, constraints::real_vector()),
            Param::new("cov_factor", self.cov_factor, constraints::real_matrix()),
            Param::new("cov_diag", self.cov_diag, constraints::independent(constraints::positive(), 1)),
        ]
    }

    fn support(&self) -> Support {
        constraints::real_vector()
    }

    fn event_shape(&self) -> Dims {
        Dims::from_slice(&[last_dim(self.loc)])
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let distance = value - self.loc;
        // By the capacitance matrix I + Wᵀ D⁻¹ W. With z its solution for Wᵀ D⁻¹ x, Woodbury's difference is
        // Σ (x − W z)² / d + Σ z².
        let scaled = self.cov_factor.matrix_transpose() / self.cov_diag.expand_dims(-2);
        let capacitance = scaled.matmul(self.cov_factor).add_diag(1.0).cholesky();
        let z = capacitance.cho_solve(times(scaled, distance).expand_dims(-1)).squeeze(-1);
        let rest = distance - times(self.cov_factor, z);
        let square = (rest.square() / self.cov_diag).sum_axis(-1) + z.square().sum_axis(-1);
        let half_log_det = capacitance.tri_logabsdet() + 0.5 * self.cov_diag.log().sum_axis(-1);
        square * -0.5 - half_log_det - 0.5 * last_dim(self.loc) as f64 * (2.0 * PI).ln()
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let [key_factor, key_diag] = key.split();
        let mut dims = draw_dims(self, sample_shape);
        dims.push(last_dim(self.cov_factor));
        let common = random::normal(key_factor, &dims, self.dtype());
        let own = random::normal(key_diag, &whole_dims(self, sample_shape), self.dtype());
        Some(self.loc + times(self.cov_factor, common) + self.cov_diag.sqrt() * own)
    }

    fn mean(&self) -> Option<Tensor> {
        Some(of_elements(self, self.loc))
    }

    fn variance(&self) -> Option<Tensor> {
        Some(of_elements(self, self.cov_factor.square().sum_axis(-1) + self.cov_diag))
    }
}
