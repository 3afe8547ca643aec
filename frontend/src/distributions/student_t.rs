//! Student's t-distribution.

use super::{
    Distribution, as_number, batched, draw_dims,
    parameters::{described, parameters},
    quantiles,
    stirling::log_rising,
};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
};

parameters! {
    /// Student's t with `df` degrees of freedom, moved to `loc` and stretched by `scale` (NumPyro's `StudentT`).
    StudentT
    /// `df` degrees of freedom, median `loc`, scale `scale`; they broadcast.
    (df: positive, loc: real, scale: positive)
}

impl Distribution for StudentT {
    described!(StudentT);

    fn support(&self) -> Support {
        constraints::real()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let half = self.df * 0.5;
        let kernel = (half + 0.5) * ((value - self.loc) / self.scale / self.df.sqrt()).log1p_square();
        let constant =
            log_rising(half, Tensor::from(0.5)) - 0.5 * (self.df.log() + std::f64::consts::PI.ln());
        constant - self.scale.log() - kernel
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let (dims, dtype) = (draw_dims(self, sample_shape), self.dtype());
        let [normal, chi2] = key.split();
        let square = random::gamma(chi2, self.df * 0.5, &dims, dtype) / 0.5;
        let standard = random::normal(normal, &dims, dtype) * (self.df / square).sqrt();
        Some(self.loc + self.scale * standard)
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, self.df.less_equal(1.0).select(f64::INFINITY, self.loc)))
    }

    fn variance(&self) -> Option<Tensor> {
        let finite = self.df.greater(2.0);
        let above = finite.select(self.df, 3.0);
        let variance = finite.select(self.scale.square() * (above / (above - 2.0)), f64::INFINITY);
        Some(batched(self, self.df.less_equal(1.0).select(f64::NAN, variance)))
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        let z = (value - self.loc) / self.scale;
        let tail = 0.5 * (self.df * 0.5).betainc(0.5, self.df / (self.df + z.square()));
        Some(z.greater(0.0).select(1.0 - tail, tail))
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        Some(self.loc + self.scale * quantiles::student_t(self.df, as_number(q, self.dtype())))
    }
}
