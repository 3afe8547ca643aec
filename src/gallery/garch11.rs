//! GARCH(1, 1), a series whose variance follows its own past and that of the surprises, from posteriordb.

use super::shared::{flat, flat_positive};
use crate::prelude::*;

super::entry!(
    "garch-garch11",
    ["garch11", "garch"],
    "GARCH(1, 1): a series with changing volatility",
    "garch.json"
);

/// One value a time.
#[derive(Tree, Clone, Debug)]
pub struct Data<L: Leaf = Tensor> {
    /// The series, `f64[200]`.
    #[tree(float)]
    pub y: L,
    /// The first standard deviation, a scalar.
    #[tree(float)]
    pub sigma1: L,
}

/// The model; `mu`, `alpha0`, `alpha1` and `beta1` are latent, all flat where `alpha1 + beta1 < 1`.
pub fn model(d: &Data) {
    let mu = sample("mu", flat(&[]));
    let alpha0 = sample("alpha0", flat_positive());
    let alpha1 = sample("alpha1", Uniform::new(0.0, 1.0));
    let beta1 = sample("beta1", ImproperUniform::new(constraints::interval(0.0, 1.0 - alpha1), &[], &[]));
    let surprise = (d.y - mu).square();
    let next =
        |variance: &Tensor, surprise: &Tensor| (alpha0 + alpha1 * *surprise + beta1 * *variance, *variance);
    let (_, variance) = scan(d.sigma1.square(), surprise, next);
    plate("time", d.y.dim(0), |_| {
        sample("y", Normal::new(mu, variance.sqrt()).obs(d.y));
    });
}
