//! The ordered logistic distribution.

use super::{Distribution, Param, batched, categorical, float_dtype, parameters::reals};

use crate::{
    constraints::{self, Support},
    random::Key,
    tensor::Tensor,
};

/// Ordered categories: the one whose cutpoints a standard logistic around `predictor` falls between (NumPyro's
/// `OrderedLogistic`).
#[derive(Clone, Copy, Debug)]
pub struct OrderedLogistic {
    predictor: Tensor,
    cutpoints: Tensor,
}

impl OrderedLogistic {
    /// The location `predictor` of the logistic, and `cutpoints` in increasing order along the last dimension, one fewer
    /// than categories; the predictor broadcasts with the other dimensions.
    #[track_caller]
    pub fn new(predictor: impl Into<Tensor>, cutpoints: impl Into<Tensor>) -> OrderedLogistic {
        let [predictor, cutpoints] = reals([predictor.into(), cutpoints.into()]);
        OrderedLogistic { predictor, cutpoints: categorical::vector("cutpoints", cutpoints) }
    }

    /// The cutpoints less the predictor.
    fn centred(&self) -> Tensor {
        self.cutpoints - self.predictor.expand_dims(-1)
    }

    /// The log probabilities of the categories: `ln(σ(b) − σ(a)) = ln σ(b) + ln σ(−a) + ln(1 − e^(a − b))`, which keeps the
    /// digits of both tails.
    fn log_probs(&self) -> Tensor {
        let cuts = self.centred();
        let n = cuts.dim(-1);
        let (below, above) = (cuts.log_sigmoid(), (-cuts).log_sigmoid());
        if n == 0 {
            let mut dims = cuts.dims();
            dims.pop();
            dims.push(1);
            return Tensor::from(0.0).convert(cuts.dtype()).broadcast_to(&dims);
        }
        let part = |x: Tensor, at: usize| x.split_at(&[at], -1);
        let (first, last) = (part(below, 1)[0], part(above, n - 1)[1]);
        // Of the cutpoints themselves: the predictor would round their distance away.
        let (lower, upper) = (part(self.cutpoints, n - 1)[0], part(self.cutpoints, 1)[1]);
        let between = part(below, 1)[1] + part(above, n - 1)[0] + (lower - upper).log1mexp();
        Tensor::concatenate_axis(&[first, between, last], -1)
    }
}

impl Distribution for OrderedLogistic {
    fn name(&self) -> String {
        "OrderedLogistic".into()
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param::new("predictor", self.predictor, constraints::real()),
            Param::new("cutpoints", self.cutpoints, constraints::ordered_vector()),
        ]
    }

    fn support(&self) -> Support {
        constraints::integer_interval(0i64, self.cutpoints.dim(-1))
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        categorical::entry(self.log_probs(), value)
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        Some(categorical::draw(self, self.log_probs().exp(), key, sample_shape))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, Tensor::from(f64::NAN).convert(float_dtype(&self.params()))))
    }

    fn variance(&self) -> Option<Tensor> {
        self.mean()
    }
}
