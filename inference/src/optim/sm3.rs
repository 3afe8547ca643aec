//! SM3: Adagrad in the memory of a vector for each dimension.

use pyroxene_frontend::Tensor;

use super::{EachParameter, Schedule, each::inverse_root, like};

/// [`Adagrad`](super::Adagrad) whose sums of squared gradients are bounded by one number for each row, column, and so on
/// (`numpyro.optim.SM3`; Anil, Gupta, Koren and Singer 2019).
///
/// ```
/// use pyroxene_inference::optim::Sm3;
/// let optimizer = Sm3::new(0.1);
/// ```
#[derive(Clone, Debug)]
pub struct Sm3 {
    step_size: Schedule,
    momentum: f64,
}

impl Sm3 {
    /// With a step size, a number or a [`Schedule`].
    #[must_use]
    pub fn new(step_size: impl Into<Schedule>) -> Sm3 {
        Sm3 { step_size: step_size.into(), momentum: 0.9 }
    }

    /// The share of the mean direction that stays at each step. Default 0.9.
    #[must_use]
    pub fn momentum(mut self, momentum: f64) -> Sm3 {
        self.momentum = momentum;
        self
    }
}

/// A scalar as a vector of one, which has a dimension to bound along.
fn at_least_1d(x: Tensor) -> Tensor {
    if x.rank() == 0 { x.reshape(&[1]) } else { x }
}

/// The largest elements along all dimensions but `axis`.
fn bound_along(x: Tensor, axis: usize) -> Tensor {
    let others: Vec<isize> = (0..x.rank()).filter(|a| *a != axis).map(|a| a as isize).collect();
    if others.is_empty() { x } else { x.max_axis(&others[..]) }
}

/// A vector along `axis` of a tensor of this rank.
fn laid_along(x: Tensor, axis: usize, rank: usize) -> Tensor {
    let mut dims = vec![1; rank];
    dims[axis] = x.dims().iter().product();
    x.reshape(&dims)
}

impl EachParameter for Sm3 {
    /// The mean direction, then a vector of bounds for each dimension.
    fn init_each(&self, x: Tensor) -> Vec<Tensor> {
        let x = at_least_1d(x);
        let bounds = x.dims().into_iter().map(|n| Tensor::full(&[n], 0.0).convert(x.dtype()));
        [like(0.0, x)].into_iter().chain(bounds).collect()
    }

    fn update_each(&self, step: Tensor, g: Tensor, x: Tensor, state: &[Tensor]) -> (Tensor, Vec<Tensor>) {
        let (old, x, g) = (x, at_least_1d(x), at_least_1d(g));
        let Some((mean, bounds)) = state.split_first() else { return (old, Vec::new()) };
        let rank = x.rank();
        let laid = bounds.iter().enumerate().map(|(axis, b)| laid_along(*b, axis, rank));
        let least = laid.reduce(|a, b| a.minimum(b)).unwrap_or_else(|| like(0.0, x));
        let sum = least + g.square();
        let mean = (1.0 - self.momentum) * (g * inverse_root(sum)) + self.momentum * *mean;
        let x = x - self.step_size.at_in(step, x.dtype()) * mean;
        let bounds = (0..rank).map(|axis| bound_along(sum, axis));
        (x.reshape(&old.dims()), [mean].into_iter().chain(bounds).collect())
    }
}
