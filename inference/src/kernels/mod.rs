//! The kernels of Markov chain Monte Carlo: what a user chooses.

mod hmc;
mod nuts;

pub use hmc::Hmc;
pub use nuts::{Metric, Nuts};

use crate::mcmc::Error;

/// A kernel of [`Mcmc`](crate::Mcmc).
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Kernel {
    /// The No-U-Turn sampler.
    Nuts(Nuts),
    /// Hamiltonian Monte Carlo with trajectories of one length.
    Hmc(Hmc),
}

impl From<Nuts> for Kernel {
    fn from(nuts: Nuts) -> Kernel {
        Kernel::Nuts(nuts)
    }
}

impl From<Hmc> for Kernel {
    fn from(hmc: Hmc) -> Kernel {
        Kernel::Hmc(hmc)
    }
}

impl Kernel {
    pub(crate) fn validate(&self) -> Result<(), Error> {
        match self {
            Kernel::Nuts(nuts) => nuts.validate(),
            Kernel::Hmc(hmc) => hmc.validate(),
        }
    }

    pub(crate) fn metric(&self) -> Metric {
        match self {
            Kernel::Nuts(nuts) => nuts.metric,
            Kernel::Hmc(hmc) => hmc.metric,
        }
    }
}

/// What kernels say of a probability and of a step size that cannot be.
fn check(target_accept_prob: f64, step_size: f64) -> Result<(), Error> {
    let fail =
        |setting, found: f64, expected| Err(Error::Setting { setting, found: found.to_string(), expected });
    if !(target_accept_prob > 0.0 && target_accept_prob < 1.0) {
        return fail("target_accept_prob", target_accept_prob, "a number between 0 and 1");
    }
    if !(step_size > 0.0 && step_size.is_finite()) {
        return fail("step_size", step_size, "a positive, finite number");
    }
    Ok(())
}
