//! Item response theory with two parameters an item, posteriordb's irt_2pl.

use pyroxene::prelude::*;

#[derive(Tree, Clone)]
pub(crate) struct Data<L: Leaf = Tensor> {
    y: L,
}

pub(crate) fn model(d: &Data) {
    let (items, persons) = (d.y.dim(0), d.y.dim(1));
    let item = Plate::new("item", items);
    let sigma_theta = sample("sigma_theta", HalfCauchy::new(2.0));
    let theta = plate("person", persons, |_| sample("theta", Normal::new(0.0, sigma_theta)));
    let sigma_a = sample("sigma_a", HalfCauchy::new(2.0));
    let a = item.run(|_| sample("a", LogNormal::new(0.0, sigma_a)));
    let mu_b = sample("mu_b", Normal::new(0.0, 5.0));
    let sigma_b = sample("sigma_b", HalfCauchy::new(2.0));
    let b = item.run(|_| sample("b", Normal::new(mu_b, sigma_b)));
    let logits = a.expand_dims(-1) * (theta - b.expand_dims(-1));
    let (answered, answering) =
        (Plate::new("answered", items).dim(-2), Plate::new("answering", persons).dim(-1));
    answered.run(|_| answering.run(|_| sample("y", BernoulliLogits::new(logits).obs(d.y))));
}
