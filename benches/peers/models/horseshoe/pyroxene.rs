//! Regression under the regularised horseshoe (Piironen and Vehtari 2017), non-centred.

use pyroxene::prelude::*;

#[derive(Tree, Clone)]
pub(crate) struct Data<L: Leaf = Tensor> {
    x: L,
    y: L,
}

pub(crate) fn model(d: &Data) {
    let tau = sample("tau", HalfCauchy::new(0.01));
    let slab = sample("slab", InverseGamma::new(2.0, 8.0));
    let sigma = sample("sigma", HalfNormal::new(2.0));
    let column = Plate::new("column", d.x.dim(1));
    let lambda = column.run(|_| sample("lambda", HalfCauchy::new(1.0)));
    let z = column.run(|_| sample("z", Normal::new(0.0, 1.0)));
    let scale = tau * lambda;
    let beta = scale * z * (slab / (slab + scale.square())).sqrt();
    plate("row", d.y.dim(0), |_| {
        sample("y", Normal::new(d.x.dot(beta), sigma).obs(d.y));
    });
}
