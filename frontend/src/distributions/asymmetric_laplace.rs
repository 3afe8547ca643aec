//! The asymmetric Laplace distribution, by its asymmetry or by the quantile that its mode is.

use super::{
    Distribution, batched, draw_dims,
    parameters::{as_another, described, parameters},
};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
};

parameters! {
    /// Exponential tails on both sides of `loc`, of scale `scale · asymmetry` below and `scale / asymmetry` above (NumPyro's
    /// `AsymmetricLaplace`).
    AsymmetricLaplace
    /// Mode `loc`, scale `scale`, `asymmetry` of the lower tail; they broadcast.
    (loc: real, scale: positive, asymmetry: positive)
}

impl AsymmetricLaplace {
    fn left(&self) -> Tensor {
        self.scale * self.asymmetry
    }

    fn right(&self) -> Tensor {
        self.scale / self.asymmetry
    }

    /// The probability of a value below the mode.
    fn below(&self) -> Tensor {
        let square = self.asymmetry.square();
        square / (1.0 + square)
    }
}

impl Distribution for AsymmetricLaplace {
    described!(AsymmetricLaplace);

    fn support(&self) -> Support {
        constraints::real()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let d = value - self.loc;
        -(d.abs() / d.less(0.0).select(self.left(), self.right())) - (self.left() + self.right()).log()
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let mut dims = draw_dims(self, sample_shape);
        dims.insert(0, 2);
        let both = random::exponential(key, &dims, self.dtype());
        Some(self.loc - self.left() * both.take(0i64) + self.right() * both.take(1i64))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, self.loc + (self.right() - self.left())))
    }

    fn variance(&self) -> Option<Tensor> {
        Some(batched(self, self.left().square() + self.right().square()))
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        let (d, below) = (value - self.loc, self.below());
        let upper = (1.0 - below) * (-d.abs() / self.right()).exp();
        Some(d.less(0.0).select(below * (-d.abs() / self.left()).exp(), 1.0 - upper))
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        let below = self.below();
        let (lower, upper) = ((q / below).log(), ((1.0 - q) / (1.0 - below)).log());
        Some(q.less_equal(below).select(self.loc + self.left() * lower, self.loc - self.right() * upper))
    }
}

parameters! {
    /// Exponential tails on both sides of `loc`, which is the quantile of the probability `quantile` (NumPyro's
    /// `AsymmetricLaplaceQuantile`).
    AsymmetricLaplaceQuantile
    /// Mode `loc`, scale `scale`, and the probability `quantile` of a value below `loc`; they broadcast.
    (loc: real, scale: positive, quantile: unit_interval)
}

impl AsymmetricLaplaceQuantile {
    fn by_asymmetry(&self) -> AsymmetricLaplace {
        let asymmetry = (self.quantile / (1.0 - self.quantile)).sqrt();
        AsymmetricLaplace::new(self.loc, self.scale * asymmetry / self.quantile, asymmetry)
    }
}

impl Distribution for AsymmetricLaplaceQuantile {
    described!(AsymmetricLaplaceQuantile);
    as_another!(by_asymmetry);
}
