//! The beta distribution.

use super::{
    Distribution, as_number, batched, draw_dims,
    parameters::{described, parameters},
    quantiles,
    stirling::{Chance, log_beta, log_binomial},
};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
};

parameters! {
    /// Beta, with density proportional to `xᵃ⁻¹ (1 − x)ᵇ⁻¹` for `a = concentration1`, `b = concentration0` (NumPyro's
    /// `Beta`).
    Beta
    /// Exponents less one, of `x` and of `1 − x`; they broadcast.
    (concentration1: positive, concentration0: positive)
}

impl Distribution for Beta {
    described!(Beta);

    fn support(&self) -> Support {
        constraints::unit_interval()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let (a, b) = (self.concentration1, self.concentration0);
        let plain = (a - 1.0).xlogy(value) + (b - 1.0).xlog1py(-value) - log_beta(a, b);
        // Of large shapes the terms are large and cancel: there the density is a binomial mass of `a` among `a + b`.
        let inside = value.greater(0.0) & value.less(1.0);
        let large = a.minimum(b).greater(100.0) & inside;
        let (a, b, x) = (large.select(a, 1.0), large.select(b, 1.0), large.select(value, 0.5));
        let chance = Chance::of_probs(x);
        let steps = a.log() + b.log() - (a + b).log() - chance.log_p - chance.log_q;
        large.select(steps + log_binomial(a, b, chance), plain)
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let (dims, whole) = (draw_dims(self, sample_shape), draw_dims(self, &[]));
        let shapes = [self.concentration1, self.concentration0].map(|c| c.broadcast_to(&whole));
        let both = random::dirichlet(key, Tensor::stack_axis(&shapes, -1), &dims, self.dtype());
        Some(both.take_axis(0i64, -1))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, self.concentration1 / (self.concentration1 + self.concentration0)))
    }

    fn variance(&self) -> Option<Tensor> {
        let total = self.concentration1 + self.concentration0;
        let product = (self.concentration1 / total) * (self.concentration0 / total);
        Some(batched(self, product / (total + 1.0)))
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        Some(self.concentration1.betainc(self.concentration0, value.clamp(0.0, 1.0)))
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        Some(quantiles::beta(self.concentration1, self.concentration0, as_number(q, self.dtype())))
    }
}
