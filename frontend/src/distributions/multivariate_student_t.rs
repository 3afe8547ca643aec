//! Student's t-distribution of vectors.

use std::f64::consts::PI;

use pyroxene_ir::Dims;

use super::{
    Distribution, Param, draw_dims,
    parameters::reals,
    stirling::log_rising,
    vectors::{last_dim, of_elements, of_size, solved, square, times, whole_dims},
};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
};

/// A normal vector over the root of an independent chi-squared number over `df` (NumPyro's `MultivariateStudentT`).
///
/// Draws have one such number for each element of the batch; NumPyro's share them where `df` has fewer dimensions.
#[derive(Clone, Copy, Debug)]
pub struct MultivariateStudentT {
    df: Tensor,
    loc: Tensor,
    scale_tril: Tensor,
}

impl MultivariateStudentT {
    /// `df` degrees of freedom, median `loc`, `[.., n]` or a scalar for all elements, and the lower triangular
    /// `scale_tril`, `[.., n, n]`; batches broadcast.
    ///
    /// # Errors
    /// Recorded when the matrices are not square, or `loc` has another size.
    #[track_caller]
    pub fn new(
        df: impl Into<Tensor>,
        loc: impl Into<Tensor>,
        scale_tril: impl Into<Tensor>,
    ) -> MultivariateStudentT {
        let [df, loc, scale_tril] = reals([df.into(), loc.into(), scale_tril.into()]);
        let scale_tril = square("scale_tril", scale_tril);
        let loc = of_size("the median of MultivariateStudentT", loc, last_dim(scale_tril));
        MultivariateStudentT { df, loc, scale_tril }
    }
}

impl Distribution for MultivariateStudentT {
    fn name(&self) -> String {
        "MultivariateStudentT".into()
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param::new("df", self.df, constraints::positive()),
            Param::new("loc", self.loc, constraints::real_vector()),
            Param::new("scale_tril", self.scale_tril, constraints::lower_cholesky()),
        ]
    }

    fn support(&self) -> Support {
        constraints::real_vector()
    }

    fn event_shape(&self) -> Dims {
        Dims::from_slice(&[last_dim(self.scale_tril)])
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let n = last_dim(self.scale_tril) as f64;
        let square = solved(self.scale_tril, value - self.loc).square().sum_axis(-1);
        let half = self.df * 0.5;
        let constant = log_rising(half, Tensor::from(0.5 * n)) - 0.5 * n * (self.df.log() + PI.ln());
        constant - self.scale_tril.tri_logabsdet() - (half + 0.5 * n) * (square / self.df).log1p()
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let dtype = self.dtype();
        let [normal, chi2] = key.split();
        let standard = random::normal(normal, &whole_dims(self, sample_shape), dtype);
        let square = random::gamma(chi2, self.df * 0.5, &draw_dims(self, sample_shape), dtype) / 0.5;
        let heavy = standard * (self.df / square).sqrt().expand_dims(-1);
        Some(self.loc + times(self.scale_tril, heavy))
    }

    fn mean(&self) -> Option<Tensor> {
        let mean = self.df.less_equal(1.0).expand_dims(-1).select(f64::INFINITY, self.loc);
        Some(of_elements(self, mean))
    }

    fn variance(&self) -> Option<Tensor> {
        let finite = self.df.greater(2.0);
        let above = finite.select(self.df, 3.0);
        let factor = finite.select(above / (above - 2.0), f64::INFINITY);
        let factor = self.df.less_equal(1.0).select(f64::NAN, factor).expand_dims(-1);
        Some(of_elements(self, self.scale_tril.square().sum_axis(-1) * factor))
    }
}
