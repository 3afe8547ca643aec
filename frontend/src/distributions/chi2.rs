//! The chi-squared distribution.

use super::{
    Distribution, Gamma,
    parameters::{as_another, described, parameters},
};

parameters! {
    /// The sum of `df` squares of standard normals, a gamma of shape `df / 2` and rate ½ (NumPyro's `Chi2`).
    Chi2
    /// `df` degrees of freedom, any positive number.
    (df: positive)
}

impl Chi2 {
    fn gamma(&self) -> Gamma {
        Gamma::new(self.df * 0.5, 0.5)
    }
}

impl Distribution for Chi2 {
    described!(Chi2);
    as_another!(gamma);
}
