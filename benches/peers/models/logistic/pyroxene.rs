//! Logistic regression; of the precision that its columns have.

use pyroxene::prelude::*;

#[derive(Tree, Clone)]
pub(crate) struct Data<L: Leaf = Tensor> {
    x: L,
    y: L,
}

pub(crate) fn model(d: &Data) {
    let scale = Tensor::from(1.0).convert(d.x.dtype());
    let beta = plate("column", d.x.dim(1), |_| sample("beta", Normal::new(0.0, scale)));
    plate("row", d.y.dim(0), |_| {
        sample("y", BernoulliLogits::new(d.x.dot(beta)).obs(d.y));
    });
}
