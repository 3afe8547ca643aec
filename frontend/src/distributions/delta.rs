//! The distribution of one value.

use pyroxene_ir::{Dims, Loc};

use super::{Distribution, Param, draw_dims, parameters::reals};
use crate::{
    constraints::{self, Support},
    random::Key,
    tensor::Tensor,
    trace::{ErrorKind, fail},
};

/// Always the value `v` (NumPyro's `Delta`).
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let log_prob = eval(|| Delta::new(2.0).log_prob(Tensor::from([2.0, 3.0])))?;
/// assert_eq!(log_prob.as_slice(), Some(&[0.0, f64::NEG_INFINITY][..]));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Delta {
    v: Tensor,
    log_density: Tensor,
    event_dim: usize,
}

impl Delta {
    /// Always `v`, whose dimensions are the batch.
    #[track_caller]
    pub fn new(v: impl Into<Tensor>) -> Delta {
        let [v] = reals([v.into()]);
        Delta { v, log_density: Tensor::from(0.0).convert(v.dtype()), event_dim: 0 }
    }

    /// The same with log density `log_density` at the value instead of zero, of the batch's dimensions.
    #[track_caller]
    pub fn log_density(self, log_density: impl Into<Tensor>) -> Delta {
        let [log_density] = reals([log_density.into()]);
        Delta { log_density, ..self }
    }

    /// The same with the `n` rightmost dimensions of the value as those of one event.
    ///
    /// # Errors
    /// Recorded when the value has fewer dimensions; all are then taken.
    #[track_caller]
    pub fn event_dim(self, n: usize) -> Delta {
        let rank = self.v.rank();
        if n > rank && !self.v.is_poison() {
            let kind = ErrorKind::Shape {
                what: format!("the value of Delta with event_dim {n}"),
                found: self.v.dims().to_vec(),
                expected: format!("at least {n} dimensions"),
                help: "give the value more dimensions, or `event_dim` less".into(),
            };
            fail(kind, Loc::caller());
        }
        Delta { event_dim: n.min(rank), ..self }
    }
}

impl Distribution for Delta {
    fn name(&self) -> String {
        "Delta".into()
    }

    fn params(&self) -> Vec<Param> {
        let v = constraints::independent(constraints::real(), self.event_dim);
        vec![Param::new("v", self.v, v), Param::new("log_density", self.log_density, constraints::real())]
    }

    fn support(&self) -> Support {
        constraints::independent(constraints::real(), self.event_dim)
    }

    fn event_shape(&self) -> Dims {
        let dims = self.v.dims();
        Dims::from_slice(&dims[dims.len().saturating_sub(self.event_dim)..])
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let same = value.equal(self.v).all_rightmost(self.event_dim);
        same.select(self.log_density, f64::NEG_INFINITY)
    }

    fn sample(&self, _key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let mut dims = draw_dims(self, sample_shape);
        dims.extend(self.event_shape());
        Some(self.v.broadcast_to(&dims))
    }

    fn mean(&self) -> Option<Tensor> {
        let mut dims = self.batch_shape()?;
        dims.extend(self.event_shape());
        Some(self.v.broadcast_to(&dims))
    }

    fn variance(&self) -> Option<Tensor> {
        let mean = self.mean()?;
        Some(Tensor::from(0.0).convert(mean.dtype()).broadcast_to(&mean.dims()))
    }
}
