//! The multinomial distribution whose probabilities are Dirichlet's.

use pyroxene_ir::Dims;

use super::{
    Dirichlet, Distribution, Param, as_number, draw_dims, float_dtype,
    multinomial::Trials,
    parameters::reals,
    stirling::{log_beta, log_rising},
    vectors::{last_dim, of_elements, vector},
};
use crate::{
    constraints::{self, Support},
    random::Key,
    tensor::Tensor,
};

/// How often each outcome occurs in `total_count` trials, where the probabilities are drawn once from a Dirichlet
/// distribution of this `concentration` (NumPyro's `DirichletMultinomial`).
#[derive(Clone, Copy, Debug)]
pub struct DirichletMultinomial {
    concentration: Tensor,
    trials: Trials,
}

impl DirichletMultinomial {
    /// Positive concentrations along the last dimension, and the number of trials; their batches broadcast.
    ///
    /// # Errors
    /// Recorded when the concentrations are a scalar.
    #[track_caller]
    pub fn new(concentration: impl Into<Tensor>, total_count: impl Into<Tensor>) -> DirichletMultinomial {
        let [concentration] = reals([concentration.into()]);
        let concentration = vector("the concentration of DirichletMultinomial", concentration);
        DirichletMultinomial { concentration, trials: Trials::new(total_count.into()) }
    }

    /// The most trials there can be (NumPyro's `total_count_max`): where the number is no constant, draws are NumPyro's only
    /// with it.
    pub fn total_count_max(self, most: usize) -> DirichletMultinomial {
        DirichletMultinomial { trials: self.trials.at_most(most), ..self }
    }
}

impl Distribution for DirichletMultinomial {
    fn name(&self) -> String {
        "DirichletMultinomial".into()
    }

    fn params(&self) -> Vec<Param> {
        let positive = constraints::independent(constraints::positive(), 1);
        vec![Param::new("concentration", self.concentration, positive), self.trials.param()]
    }

    fn support(&self) -> Support {
        self.trials.support()
    }

    fn event_shape(&self) -> Dims {
        Dims::from_slice(&[last_dim(self.concentration)])
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let counts = as_number(value, float_dtype(&self.params()));
        // k! Γ(a) / Γ(a + k), of the whole and of each outcome: k B(a, k), which keeps its digits, or one.
        let term = |a: Tensor, k: Tensor| {
            let none = k.equal(0.0);
            let (some, zero) = (none.select(1.0, k), none.select(k, 0.0));
            none.select((zero + 1.0).lgamma() - log_rising(a, zero), some.log() + log_beta(a, some))
        };
        let whole = term(self.concentration.sum_axis(-1), counts.sum_axis(-1));
        whole - term(self.concentration, counts).sum_axis(-1)
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let [key_probs, key_counts] = key.split();
        let dims = draw_dims(self, sample_shape);
        let mut whole = draw_dims(self, &[]);
        whole.push(last_dim(self.concentration));
        let probs =
            Dirichlet::new(self.concentration.broadcast_to(&whole)).sample(key_probs, sample_shape)?;
        Some(self.trials.draw(key_counts, probs, &dims, self.dtype()))
    }

    fn mean(&self) -> Option<Tensor> {
        let probs = Dirichlet::new(self.concentration).mean()?;
        Some(of_elements(self, probs * self.trials.column(float_dtype(&self.params()))))
    }

    fn variance(&self) -> Option<Tensor> {
        let n = self.trials.column(float_dtype(&self.params()));
        let total = self.concentration.sum_axis(crate::keepdims(-1));
        let probs = self.concentration / total;
        Some(of_elements(self, n * probs * (1.0 - probs) * ((n + total) / (1.0 + total))))
    }
}
