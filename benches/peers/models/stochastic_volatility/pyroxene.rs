//! Stochastic volatility (Hoffman and Gelman 2014), the random walk non-centred.

use pyroxene::prelude::*;

#[derive(Tree, Clone)]
pub(crate) struct Data<L: Leaf = Tensor> {
    returns: L,
}

pub(crate) fn model(d: &Data) {
    let sigma = sample("sigma", Exponential::new(50.0));
    let nu = sample("nu", Exponential::new(0.1));
    plate("day", d.returns.dim(0), |_| {
        let z = sample("z", Normal::new(0.0, 1.0));
        let s = sigma * z.cumsum(-1);
        sample("returns", StudentT::new(nu, 0.0, s.exp()).obs(d.returns));
    });
}
