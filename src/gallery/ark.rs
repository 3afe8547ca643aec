//! An autoregression of order five on simulated data, from posteriordb.

use crate::prelude::*;

super::entry!("arK-arK", ["arK", "ar5"], "autoregression of order five", "arK.json");

/// One value a time.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// The series, `f64[200]`.
    #[tree(float)]
    pub y: L,
    /// How many earlier values each one depends on.
    #[tree(static, name = "K")]
    pub order: usize,
}

/// The model of all but the first values; `alpha`, `beta` (of the last value, the one before, …) and `sigma` are latent.
pub fn model(d: &Data) {
    let (times, order) = (d.y.dim(0), d.order);
    let alpha = sample("alpha", Normal::new(0.0, 10.0));
    let beta = plate("lag", order, |_| sample("beta", Normal::new(0.0, 10.0)));
    let sigma = sample("sigma", HalfCauchy::new(2.5));
    let lagged: Vec<Tensor> = (1..=order).map(|k| d.y.at(order - k..times - k)).collect();
    let mean = alpha + Tensor::stack_axis(&lagged, 1).matmul(beta);
    plate("time", times - order, |_| {
        sample("y", Normal::new(mean, sigma).obs(d.y.at(order..)));
    });
}
