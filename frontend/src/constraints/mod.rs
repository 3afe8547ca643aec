//! Constraints: what a value must satisfy, how to find one that does, and the bijection from unconstrained space.

mod boolean;
mod greater_than;
mod independent;
mod interval;
mod positive;
mod real;
mod unit_interval;

use std::rc::Rc;

pub use boolean::boolean;
pub use greater_than::greater_than;
pub use independent::independent;
pub use interval::interval;
pub use positive::positive;
pub use real::real;
pub use unit_interval::unit_interval;

use crate::{tensor::Tensor, transforms::Transform};

/// A set of values: the support of a distribution or the domain of a parameter.
///
/// Implement it for a support of your own; nothing needs registration.
pub trait Constraint {
    /// What a value must be, as the end of the sentence "expected …".
    fn describe(&self) -> String;

    /// How many of the rightmost dimensions one value spans.
    fn event_dim(&self) -> usize {
        0
    }

    /// Whether the set is discrete.
    fn is_discrete(&self) -> bool {
        false
    }

    /// Whether each value lies in the set: truth values of the value's dimensions less `event_dim` rightmost ones.
    fn check(&self, value: Tensor) -> Tensor;

    /// A tensor like `prototype` whose values all lie in the set.
    fn feasible_like(&self, prototype: Tensor) -> Tensor;

    /// The bijection from unconstrained space onto the set (NumPyro's `biject_to`); `None` for discrete sets.
    fn bijector(&self) -> Option<Rc<dyn Transform>>;
}

/// A shared constraint, as distributions hand them out.
pub type Support = Rc<dyn Constraint>;
