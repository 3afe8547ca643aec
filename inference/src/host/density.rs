//! The compiled log density as `nuts-rs` asks for it, with what counts as a divergence and what ends the run.

use std::{cell::Cell, collections::HashMap, rc::Rc};

use nuts_rs::{CpuLogpFunc, CpuMathError, HasDims, LogpError, rand::Rng};
use pyroxene_runtime as runtime;

use crate::potential::Potential;

/// The log density of one chain.
pub(super) struct Density {
    potential: Potential,
    evaluations: Rc<Cell<u64>>,
}

impl Density {
    /// The density, and the counter of its evaluations.
    pub(super) fn new(potential: Potential) -> (Density, Rc<Cell<u64>>) {
        let evaluations = Rc::new(Cell::new(0));
        (Density { potential, evaluations: evaluations.clone() }, evaluations)
    }
}

/// Why there is no log density at a position.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The trajectory has left the support, or met an overflow: it diverges there.
    #[error("the log density or its gradient is not finite")]
    NotFinite,
    /// The device failed.
    #[error(transparent)]
    Device(#[from] runtime::Error),
}

impl LogpError for Fault {
    fn is_recoverable(&self) -> bool {
        matches!(self, Fault::NotFinite)
    }
}

impl HasDims for Density {
    fn dim_sizes(&self) -> HashMap<String, u64> {
        HashMap::from([("unconstrained_parameter".to_string(), self.potential.dimension() as u64)])
    }
}

impl CpuLogpFunc for Density {
    type LogpError = Fault;
    type FlowParameters = ();
    type ExpandedVector = ();

    fn dim(&self) -> usize {
        self.potential.dimension()
    }

    fn logp(&mut self, position: &[f64], gradient: &mut [f64]) -> Result<f64, Fault> {
        self.evaluations.set(self.evaluations.get() + 1);
        let log_density = self.potential.log_density(position, gradient)?;
        let mut finite = log_density.is_finite();
        for g in gradient {
            finite &= g.is_finite();
            // nuts-rs refuses to start where a component is exactly zero, as it is for a site that a mask switches
            // off; the smallest normal number is lost in any other component.
            *g += f64::MIN_POSITIVE;
        }
        if finite { Ok(log_density) } else { Err(Fault::NotFinite) }
    }

    fn expand_vector<R: Rng + ?Sized>(
        &mut self,
        _rng: &mut R,
        _position: &[f64],
    ) -> Result<(), CpuMathError> {
        Ok(())
    }
}
