//! Models of `sample`: shapes, keys, hints, partial observation.

use pyroxene_frontend::{
    handlers::{mask, scale},
    prelude::*,
    primitives::{Plate, Statement},
};

use crate::{Twin, twins};

const Y: [f64; 3] = [0.5, -1.0, 2.0];
const COVARIANCE: [[f64; 2]; 2] = [[2.0, 0.6], [0.6, 1.0]];

pub(crate) const TWINS: &[Twin] = twins! {
    chain many_distributions discrete_distributions vectors observed sample_shape sample_shape_in_plates
    sample_shape_and_batch_in_plates expanded_masked_event own_key hints block_plates_hint obs_mask_scalar obs_mask_one
    obs_mask_vector obs_mask_nan obs_mask_multivariate obs_mask_without_obs obs_mask_scaled
};

fn normal() -> Normal {
    Normal::new(0.0, 1.0)
}

fn of(d: impl Distribution) -> Statement {
    Statement::from(d)
}

fn chain() {
    let a = sample("a", normal());
    let b = sample("b", LogNormal::new(a, 0.5));
    let c = sample("c", Laplace::new(a, b));
    let d = sample("d", HalfCauchy::new(b));
    let e = sample("e", Exponential::new(d));
    sample("y", StudentT::new(4.0, c, e).obs(0.25));
}

fn many_distributions() {
    sample("uniform", Uniform::new(-1.0, 3.0).expand(&[2]));
    sample("cauchy", Cauchy::new(1.0, 2.0));
    sample("gumbel", Gumbel::new(1.0, 2.0));
    sample("logistic", Logistic::new(1.0, 2.0));
    sample("half_normal", HalfNormal::new(2.0));
    sample("gamma", Gamma::new(2.5, 0.5));
    sample("inverse_gamma", InverseGamma::new(3.0, 2.0));
    sample("beta", Beta::new(2.0, 3.0));
    sample("dirichlet", Dirichlet::new([1.5, 2.5, 0.5]));
    sample("weibull", Weibull::new(2.0, 1.5));
    sample("pareto", Pareto::new(1.5, 3.0));
    sample("kumaraswamy", Kumaraswamy::new(2.0, 3.0));
}

fn discrete_distributions() {
    sample("bernoulli", BernoulliProbs::new(0.3).expand(&[3]));
    sample("logits", BernoulliLogits::new([-1.0, 0.5]));
    sample("categorical", CategoricalProbs::new([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]]));
    sample("poisson", Poisson::new([0.5, 4.0]));
    sample("binomial", BinomialProbs::new([0.2, 0.7], 5));
    sample("geometric", GeometricProbs::new(0.4));
    sample("uniform", DiscreteUniform::new(2, 5));
    sample("multinomial", MultinomialProbs::new([0.2, 0.3, 0.5], 4));
    sample("gamma_poisson", GammaPoisson::new(2.0, 0.5));
    sample("zero_inflated", ZeroInflatedPoisson::new(0.4, 3.0).expand(&[2]));
}

fn vectors() {
    let mean = sample("mean", MultivariateNormal::from_covariance_matrix(Tensor::zeros(&[2]), COVARIANCE));
    let scale = sample("scale", LKJCholesky::new(2, 1.5));
    let z = sample("z", MultivariateNormal::from_scale_tril(mean, scale));
    sample("walk", GaussianRandomWalk::new(0.5, 3));
    sample("y", Normal::new(z, 1.0).to_event(1).obs([0.5, -1.0]));
}

fn observed() {
    let mu = sample("mu", normal());
    sample("y", Normal::new(mu, 1.0).obs(Y));
    sample("count", Poisson::new(mu.exp()).obs([0, 2, 3]));
    sample("after", Normal::new(mu, 1.0));
}

fn sample_shape() {
    let a = sample("a", of(normal()).sample_shape(&[3]));
    sample("b", of(Normal::new([0.0, 1.0], 1.0)).sample_shape(&[3]));
    let c = MultivariateNormal::from_covariance_matrix(Tensor::zeros(&[2]), COVARIANCE);
    sample("c", of(c).sample_shape(&[2]));
    sample("d", of(Normal::new(a.sum(), 1.0)).sample_shape(&[2, 1]));
}

fn sample_shape_in_plates() {
    Plate::new("i", 3).dim(-3).run(|_| {
        Plate::new("j", 1).dim(-2).run(|_| {
            Plate::new("k", 2).dim(-1).run(|_| sample("x", of(normal()).sample_shape(&[2])));
        })
    })
}

fn sample_shape_and_batch_in_plates() {
    Plate::new("i", 3).dim(-3).run(|_| {
        Plate::new("j", 2).dim(-2).run(|_| sample("x", of(Normal::new([0.0, 5.0], 1.0)).sample_shape(&[2])));
    })
}

fn expanded_masked_event() {
    sample("expanded", HalfNormal::new(2.0).expand(&[2, 1]));
    sample("masked", Normal::new([0.0, 1.0], 1.0).mask([true, false]));
    sample("event", Normal::new(Tensor::zeros(&[2, 3]), 1.0).to_event(1));
    sample("both", normal().expand(&[2, 2]).to_event(1).mask([false, true]));
}

fn own_key() {
    sample("a", normal());
    sample("b", of(normal()).rng_key(9));
    plate("i", 3, |_| sample("c", of(normal()).rng_key(9)));
    sample("d", normal());
}

fn hints() {
    let z = sample("z", of(BernoulliProbs::new(0.3)).infer("enumerate", "parallel"));
    let a = sample("a", of(normal()).infer("is_auxiliary", true));
    sample("y", Normal::new(a + z, 1.0).obs(0.5).infer("kl", "analytic"));
}

fn block_plates_hint() {
    plate("i", 3, |_| {
        sample("a", of(normal()).infer("block_plates", ["i"]));
        sample("b", normal());
    });
}

fn obs_mask_scalar() {
    sample("seen", Normal::new(1.0, 2.0).obs(0.5).obs_mask(true));
    sample("unseen", Normal::new(1.0, 2.0).obs(0.5).obs_mask(false));
    sample("after", normal());
}

fn obs_mask_one() {
    plate("i", 3, |_| sample("y", Normal::new(1.0, 2.0).obs(Y).obs_mask([false])));
}

fn obs_mask_vector() {
    let mu = sample("mu", normal());
    plate("i", 3, |_| {
        let y = sample("y", Normal::new(mu, 2.0).obs(Y).obs_mask([true, false, true]));
        sample("z", Normal::new(y, 1.0));
    });
}

fn obs_mask_nan() {
    let mu = sample("mu", normal());
    plate("i", 3, |_| {
        sample("y", Normal::new(mu, 2.0).obs([0.5, f64::NAN, 2.0]).obs_mask([true, false, true]))
    });
}

fn obs_mask_multivariate() {
    plate("i", 2, |_| {
        let normal = MultivariateNormal::from_covariance_matrix(Tensor::zeros(&[2]), COVARIANCE);
        sample("y", normal.obs([[0.5, -1.0], [2.0, 0.0]]).obs_mask([true, false]))
    });
}

fn obs_mask_without_obs() {
    plate("i", 3, |_| sample("y", of(Normal::new(1.0, 2.0)).obs_mask([true, false, true])));
    sample("after", normal());
}

fn obs_mask_scaled() {
    scale(3.0, || {
        mask([true, true, false], || sample("y", normal().expand(&[3]).obs(Y).obs_mask([true, false, true])))
    });
}
