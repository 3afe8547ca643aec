//! Literals that break what is known of them.

use pyroxene::{handlers::mask, prelude::*, primitives::Param};

pub(crate) fn negative_scale() {
    let mu = sample("mu", Normal::new(0.0, 5.0));
    plate("school", 3, |_| sample("x", Normal::new(mu, -1.0)));
}

pub(crate) fn probability_above_one() {
    sample("x", BernoulliProbs::new([0.5, 1.5]));
}

pub(crate) fn weights_that_do_not_add_up() {
    sample("x", CategoricalProbs::new([0.5, 0.6]));
}

pub(crate) fn interval_that_is_empty() {
    sample("x", Uniform::new(1.0, 0.0));
}

pub(crate) fn covariance_that_is_none() {
    let covariance = [[1.0, 2.0], [2.0, 1.0]];
    sample("x", MultivariateNormal::from_covariance_matrix(Tensor::zeros(&[2]), covariance));
}

pub(crate) fn observed_outside_the_support() {
    sample("x", Exponential::new(1.0).obs([0.5, -1.0]));
}

pub(crate) fn observed_outside_but_masked() {
    mask([true, false], || sample("x", Exponential::new(1.0).obs([0.5, -1.0])));
}

pub(crate) fn param_outside_its_constraint() {
    let sigma = param("sigma", Param::new(-1.0).constraint(constraints::positive()));
    sample("x", Normal::new(0.0, sigma));
}

pub(crate) fn position_out_of_range() {
    let alpha = plate("group", 3, |_| sample("alpha", Normal::new(0.0, 1.0)));
    sample("y", Normal::new(alpha.at([0, 3]), 1.0));
}

pub(crate) fn factor_of_nan() {
    factor("f", f64::NAN);
}
