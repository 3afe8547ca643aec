//! The beta distribution by its mean.

use super::{
    Beta, Distribution,
    parameters::{as_another, described, parameters},
};

parameters! {
    /// Beta with mean `mean` and sample size `concentration`, the sum of its two concentrations (NumPyro's
    /// `BetaProportion`).
    BetaProportion
    /// Mean `mean`, between 0 and 1, and sample size `concentration`; they broadcast.
    (mean: unit_interval, concentration: positive)
}

impl BetaProportion {
    fn beta(&self) -> Beta {
        Beta::new(self.mean * self.concentration, (1.0 - self.mean) * self.concentration)
    }
}

impl Distribution for BetaProportion {
    described!(BetaProportion);
    as_another!(beta);
}
