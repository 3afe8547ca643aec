//! The Dirichlet distribution.

use pyroxene_ir::Dims;

use super::{
    Distribution, Param, draw_dims,
    parameters::reals,
    stirling::{deviance, factorial_rest},
    vectors::{last_dim, vector},
};
use crate::{
    constraints::{self, Support},
    random::{self, Key, epsilon, tiny},
    tensor::Tensor,
};

/// Dirichlet: probabilities of outcomes, with density proportional to `Π xᵢ^(concentrationᵢ − 1)` (NumPyro's `Dirichlet`).
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let log_prob = eval(|| Dirichlet::new([1.0, 1.0, 1.0]).log_prob(Tensor::from([0.2, 0.3, 0.5])))?;
/// assert!((log_prob.to_f64_vec()[0] - 2f64.ln()).abs() < 1e-15);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Dirichlet {
    concentration: Tensor,
}

impl Dirichlet {
    /// Positive numbers, one for each outcome along the last dimension; the others are the batch.
    ///
    /// # Errors
    /// Recorded when they are a scalar.
    #[track_caller]
    pub fn new(concentration: impl Into<Tensor>) -> Dirichlet {
        let [concentration] = reals([concentration.into()]);
        Dirichlet { concentration: vector("the concentration of Dirichlet", concentration) }
    }

    /// The sum of the concentrations, in a dimension of size one.
    fn total(&self) -> Tensor {
        self.concentration.sum_axis(crate::keepdims(-1))
    }
}

impl Distribution for Dirichlet {
    fn name(&self) -> String {
        "Dirichlet".into()
    }

    fn params(&self) -> Vec<Param> {
        let positive = constraints::independent(constraints::positive(), 1);
        vec![Param::new("concentration", self.concentration, positive)]
    }

    fn support(&self) -> Support {
        constraints::simplex()
    }

    fn event_shape(&self) -> Dims {
        Dims::from_slice(&[last_dim(self.concentration)])
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let (a, total) = (self.concentration, self.concentration.sum_axis(-1));
        let plain = (a - 1.0).xlogy(value).sum_axis(-1) + total.lgamma() - a.lgamma().sum_axis(-1);
        // Of large concentrations the terms are large and cancel: there the density is a multinomial mass.
        let large = a.min_axis(-1).greater(100.0) & value.min_axis(-1).greater(0.0);
        let on = large.expand_dims(-1);
        let (a, x) = (on.select(a, 1.0), on.select(value, 1.0));
        let total = a.sum_axis(-1);
        let mean = total.expand_dims(-1) * x;
        let parts = deviance(a, mean, mean.log()) + factorial_rest(a) - a.log() + x.log();
        // What the sum of the probabilities is beside one, so that slopes are those of the plain form.
        let beside = total * (x.sum_axis(-1) - 1.0);
        large.select(factorial_rest(total) - total.log() + beside - parts.sum_axis(-1), plain)
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let dtype = self.dtype();
        let drawn = random::dirichlet(key, self.concentration, &draw_dims(self, sample_shape), dtype);
        Some(drawn.clamp(tiny(dtype), 1.0 - epsilon(dtype)))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(self.concentration / self.total())
    }

    fn variance(&self) -> Option<Tensor> {
        let (total, mean) = (self.total(), self.concentration / self.total());
        Some(mean * ((total - self.concentration) / total) / (total + 1.0))
    }
}
