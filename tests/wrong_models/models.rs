//! The models of the wrong-model tests.

use std::cell::Cell;

use pyroxene::prelude::*;

#[derive(Tree, Clone)]
pub(crate) struct Schools<L: Leaf = Tensor> {
    pub(crate) y: L,
    pub(crate) sigma: L,
}

#[derive(Tree, Clone)]
pub(crate) struct Pair<L: Leaf = Tensor> {
    pub(crate) x: L,
    pub(crate) y: L,
}

/// Nothing is wrong with this one.
pub(crate) fn schools(d: &Schools) {
    let mu = sample("mu", Normal::new(0.0, 5.0));
    let tau = sample("tau", HalfCauchy::new(5.0));
    plate("school", d.y.dim(0), |_| {
        let theta = sample("theta", Normal::new(mu, tau));
        sample("y", Normal::new(theta, d.sigma).obs(d.y));
    });
}

pub(crate) fn shapes_do_not_broadcast(d: &Pair) {
    let slope = sample("slope", Normal::new(0.0, 1.0));
    let mean = slope * d.x + d.y;
    sample("z", Normal::new(mean, 1.0));
}

pub(crate) fn parameters_do_not_broadcast(d: &Pair) {
    sample("z", Normal::new(d.x, d.y));
}

pub(crate) fn plate_of_another_size(d: &Schools) {
    plate("school", 8, |_| {
        sample("theta", Normal::new(d.y, d.sigma));
    });
}

pub(crate) fn observation_of_another_shape(d: &Pair) {
    plate("pair", d.x.dim(0), |_| {
        sample("z", Normal::new(d.x, 1.0).obs(d.y));
    });
}

pub(crate) fn duplicate_site(d: &Schools) {
    let mu = sample("mu", Normal::new(0.0, 5.0));
    sample("mu", Normal::new(mu, d.sigma).obs(d.y));
}

pub(crate) fn plates_at_one_dimension(d: &Schools) {
    let (a, b) = (Plate::new("a", 3), Plate::new("b", 3));
    a.run(|_| b.run(|_| sample("theta", Normal::new(d.y, d.sigma))));
}

pub(crate) fn two_errors(d: &Schools) {
    let first = d.y + Tensor::from([1.0, 2.0]);
    let second = d.sigma.sum_axis(3);
    sample("z", Normal::new(first, second));
}

thread_local! {
    static KEPT: Cell<Option<Tensor>> = const { Cell::new(None) };
}

pub(crate) fn leaked_tensor(d: &Schools) {
    if KEPT.get().is_none() {
        // An earlier trace leaves its tensor behind.
        let _ = pyroxene::eval(|| {
            let kept = Tensor::from([1.0, 2.0, 3.0]);
            KEPT.set(Some(kept));
            kept
        });
    }
    if let Some(kept) = KEPT.get() {
        sample("z", Normal::new(kept * d.y, 1.0));
    }
}

pub(crate) fn positive(y: &Tensor) {
    let rate = sample("rate", HalfNormal::new(1.0));
    sample("y", Exponential::new(rate).obs(*y));
}

pub(crate) fn binary(y: &Tensor) {
    let p = sample("p", Uniform::new(0.0, 1.0));
    sample("y", BernoulliProbs::new(p).obs(*y));
}

pub(crate) fn indexed(d: &Pair) {
    let alpha = plate("group", 3, |_| sample("alpha", Normal::new(0.0, 1.0)));
    sample("y", Normal::new(alpha.take(d.x), 1.0).obs(d.y));
}

pub(crate) fn indexed_as_numpy(d: &Pair) {
    let alpha = plate("group", 3, |_| sample("alpha", Normal::new(0.0, 1.0)));
    sample("y", Normal::new(alpha.at(d.x), 1.0).obs(d.y));
}

pub(crate) fn optional((x, y): &(Tensor, Option<Tensor>)) {
    sample("y", Normal::new(*x, 1.0).obs(*y));
}
