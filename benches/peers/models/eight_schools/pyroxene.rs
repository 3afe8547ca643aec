//! Eight schools, non-centred.

use pyroxene::prelude::*;

#[derive(Tree, Clone)]
pub(crate) struct Data<L: Leaf = Tensor> {
    y: L,
    sigma: L,
}

pub(crate) fn model(d: &Data) {
    let mu = sample("mu", Normal::new(0.0, 5.0));
    let tau = sample("tau", HalfCauchy::new(5.0));
    plate("school", d.y.dim(0), |_| {
        let theta_trans = sample("theta_trans", Normal::new(0.0, 1.0));
        sample("y", Normal::new(mu + tau * theta_trans, d.sigma).obs(d.y));
    });
}
