//! What several models of the gallery are written with: flat densities, linear regression, hidden states.

use crate::prelude::*;

/// A density of one over all real numbers.
#[track_caller]
pub(super) fn flat(dims: &[usize]) -> ImproperUniform {
    ImproperUniform::new(constraints::real(), &[], dims)
}

/// A density of one over the positive numbers.
#[track_caller]
pub(super) fn flat_positive() -> ImproperUniform {
    ImproperUniform::new(constraints::positive(), &[], &[])
}

/// The linear regression `y ~ N(beta₁ + beta₂ x₁ + beta₃ x₂ + …, sigma)`, observed under the name `name`; `beta` is flat,
/// `sigma` has the density `scale`.
#[track_caller]
pub(super) fn linear_regression(name: &str, y: Tensor, columns: &[Tensor], scale: impl Distribution) {
    let beta = sample("beta", flat(&[1 + columns.len()]));
    let sigma = sample("sigma", scale);
    plate("row", y.dim(0), |_| {
        let slopes = columns.iter().enumerate();
        let mean = slopes.fold(beta.at(0), |mean, (k, x)| mean + beta.at(k + 1) * *x);
        sample(name, Normal::new(mean, sigma).obs(y));
    });
}

/// A vector of positive numbers, each greater than the one before, whose elements have the density `prior` there, up to a
/// constant.
#[track_caller]
pub(super) fn positive_ordered(name: &str, prior: impl Distribution) -> Tensor {
    let dims = prior.batch_shape().unwrap_or_default();
    let value = sample(name, ImproperUniform::new(constraints::positive_ordered_vector(), &[], &dims));
    factor(&format!("{name}_prior"), prior.log_prob(value).sum());
    value
}

/// The log density of a series under a hidden Markov chain, summed over its paths: `from_first` and `from_second` are the
/// rows of the transition matrix, `emissions[t, k]` is the log density of the value at time `t` in state `k`, and the
/// chain starts in each state with weight one.
#[track_caller]
pub(super) fn two_states(from_first: Tensor, from_second: Tensor, emissions: Tensor) -> Tensor {
    let transitions = Tensor::stack(&[from_first, from_second]).log();
    let next = |state: &Tensor, emission: &Tensor| {
        ((state.expand_dims(-1) + transitions).logsumexp_axis(0) + *emission, ())
    };
    let (last, ()) = scan(emissions.at(0), emissions.at(1..), next);
    last.logsumexp_axis(0)
}
