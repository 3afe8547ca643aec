//! Sites, handlers and keys that are wrong.

use pyroxene::{
    handlers::{condition, mask, scale, substitute},
    prelude::*,
    primitives::{Param, Statement},
};

fn normal() -> Normal {
    Normal::new(0.0, 1.0)
}

pub(crate) fn deterministic_of_a_sites_name() {
    let x = sample("x", normal());
    deterministic("x", x * 2.0);
}

pub(crate) fn mask_of_integers() {
    mask([1, 0], || sample("x", Normal::new([0.0, 1.0], 1.0)));
}

pub(crate) fn mask_of_another_shape() {
    plate("i", 3, |_| mask([true, false], || sample("x", normal())));
}

pub(crate) fn mask_of_the_event() {
    let on = Tensor::from([[true, false, true], [true, true, true]]);
    mask(on, || sample("x", Dirichlet::new(Tensor::ones(&[2, 3]))));
}

pub(crate) fn obs_mask_of_integers() {
    sample("y", normal().obs([0.5, 1.5]).obs_mask([1, 0]));
}

pub(crate) fn obs_mask_of_the_event() {
    let normal = MultivariateNormal::from_covariance_matrix(Tensor::zeros(&[3]), Tensor::eye(3));
    sample("y", normal.obs([0.5, 1.5, 2.5]).obs_mask([true, false, true]));
}

pub(crate) fn scale_of_zero() {
    scale(0.0, || sample("x", normal()));
}

pub(crate) fn scale_of_another_shape() {
    plate("i", 3, |_| scale([1.0, 2.0], || sample("x", normal())));
}

pub(crate) fn observed_outside_the_event() {
    let normal = MultivariateNormal::from_covariance_matrix(Tensor::zeros(&[2]), Tensor::eye(2));
    sample("y", normal.obs([0.5, 1.5, 2.5]));
}

pub(crate) fn conditioned_on_another_shape() {
    condition([("x", Tensor::from([1.0, 2.0]))], || plate("i", 3, |_| sample("x", normal())));
}

pub(crate) fn substituted_by_another_shape() {
    substitute([("x", Tensor::from([1.0, 2.0]))], || plate("i", 3, |_| sample("x", normal())));
}

pub(crate) fn param_without_a_value() {
    let loc = param("loc", Param::absent());
    sample("x", Normal::new(loc, 1.0));
}

pub(crate) fn param_of_other_dimensions() {
    let a = param("a", 1.0);
    let b = param("a", [1.0, 2.0]);
    sample("x", Normal::new(a + b, 1.0));
}

pub(crate) fn site_in_a_gradient() {
    let slope = grad(|x: &Tensor| *x * sample("x", normal()));
    sample("y", Normal::new(slope(&Tensor::from(1.0)), 1.0));
}

pub(crate) fn key_of_another_type() {
    sample("x", Statement::from(normal()).rng_key(Tensor::from([1, 2])));
}

pub(crate) fn unseeded() -> Tensor {
    sample("x", normal())
}

pub(crate) fn unseeded_in_a_plate() -> Tensor {
    plate("i", 3, |_| sample("x", normal()))
}

pub(crate) fn discrete_latent(y: &Tensor) {
    let z = sample("z", BernoulliProbs::new(0.3));
    sample("y", Normal::new(z, 1.0).obs(*y));
}
