//! Models at the edges of the rules.

use std::rc::Rc;

use pyroxene_frontend::{
    handlers::{block, mask, scope, seed, substitute},
    prelude::*,
    primitives::{Plate, Statement},
};

use crate::{Twin, twins};

const Y: [f64; 3] = [0.5, -1.0, 2.0];

pub(crate) const TWINS: &[Twin] = twins! {
    empty outer_product_of_columns observation_broadcast_to_the_plate delta improper_uniform out_of_the_support
    one_key_for_all_plates hidden_sites_take_keys  scalar_in_two_plates mixture gaussian_process
    logistic_regression hidden_markov lists_of_keys given_inside_and_outside
};

fn normal() -> Normal {
    Normal::new(0.0, 1.0)
}

fn empty() {}

fn outer_product_of_columns() {
    let b = sample("b", normal());
    sample("y", Normal::new(b * Y, 1.0).obs(Tensor::from(Y).expand_dims(-1)));
}

fn observation_broadcast_to_the_plate() {
    plate("i", 3, |_| sample("y", normal().obs(0.5)));
}

fn delta() {
    let x = sample("x", normal());
    let d = sample("d", Delta::new(x + 1.0).log_density(0.25));
    sample("y", Normal::new(d, 1.0).obs(0.5));
}

fn improper_uniform() {
    let flat = ImproperUniform::new(constraints::positive(), &[], &[2]);
    let x = substitute([("x", Tensor::from([0.5, 1.5]))], || sample("x", flat));
    sample("y", Normal::new(x.sum(), 1.0).obs(0.5));
}

fn out_of_the_support() {
    sample("x", Exponential::new(1.0).obs(-1.0));
    mask(false, || sample("z", Exponential::new(1.0).obs(-1.0)));
}

fn one_key_for_all_plates() {
    let (i, j) = (Plate::new("i", 2).dim(-1), Plate::new("j", 2).dim(-2));
    i.run(|_| j.run(|_| sample("a", normal())));
    sample("b", normal().expand(&[2, 2]));
}

fn hidden_sites_take_keys() {
    block(|| {
        sample("hidden", normal());
        sample("given", normal().obs(1.0));
        Plate::new("p", 6).subsample_size(2).run(|_| sample("inside", normal()));
    });
    sample("x", normal());
}

fn given_inside_and_outside() {
    let model = || {
        sample("a", normal());
        sample("b", normal());
    };
    let given = [("a", 1.0)];
    scope("inside", || seed(3, || substitute(given, model)));
    scope("outside", || substitute(given, || seed(3, model)));
}

fn scalar_in_two_plates() {
    Plate::new("i", 2).dim(-2).run(|_| {
        Plate::new("j", 3).dim(-1).run(|_| {
            sample("x", Normal::new(Tensor::zeros(&[2, 1]), 1.0));
            sample("y", Normal::new(Tensor::zeros(&[1, 3]), 1.0));
        })
    });
}

fn mixture() {
    let probs = || CategoricalProbs::new([0.3, 0.7]);
    plate("i", 3, |_| {
        let components: [Rc<dyn Distribution>; 2] =
            [Rc::new(Normal::new(-1.0, 1.0)), Rc::new(Normal::new(2.0, 0.5))];
        sample("y", MixtureGeneral::new(probs(), components).obs(Y));
        sample("z", MixtureSameFamily::new(probs(), Normal::new([-1.0, 2.0], 1.0)));
    });
}

fn gaussian_process() {
    let x = Tensor::from([0.0, 0.5, 1.5]);
    let length = sample("length", LogNormal::new(0.0, 1.0));
    let distance = (x.expand_dims(1) - x.expand_dims(0)) / length;
    let kernel = (distance.square() * -0.5).exp() + Tensor::eye(3) * 0.1;
    sample("y", MultivariateNormal::from_covariance_matrix(Tensor::zeros(&[3]), kernel).obs(Y));
}

fn logistic_regression() {
    let x = Tensor::from([[1.0, 0.5], [1.0, -1.5], [1.0, 2.0]]);
    let b = sample("b", Normal::new(0.0, 2.0).expand(&[2]).to_event(1));
    plate("i", 3, |_| sample("y", BernoulliLogits::new(x.dot(b)).obs([1, 0, 1])));
}

fn hidden_markov() {
    let mut z = sample("z", CategoricalProbs::new([0.4, 0.6]));
    let rows = Tensor::from([[0.9, 0.1], [0.2, 0.8]]);
    for t in 0..2 {
        z = sample(&format!("z_{t}"), CategoricalProbs::new(rows.at(z)));
        sample(&format!("y_{t}"), Normal::new(z * 2.0 - 1.0, 1.0).obs(0.5 * f64::from(t)));
    }
}

fn lists_of_keys() {
    let [first, second] = prng_key().unwrap().split();
    let a = sample("a", Statement::from(normal()).rng_key(first));
    sample("b", Statement::from(Normal::new(a, 1.0)).rng_key(second));
}
