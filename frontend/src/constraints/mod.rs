//! Constraints: what a value must satisfy, how to find one that does, and the bijection from unconstrained space.

use std::rc::Rc;

use crate::{tensor::Tensor, transforms::Transform};

macro_rules! constraints { ($($file:ident: $($name:ident),+;)*) => { $(
    mod $file;
    pub use $file::{$($name),+};
)* } }

constraints! {
    boolean: boolean;
    circular: circular;
    corr_cholesky: corr_cholesky;
    corr_matrix: corr_matrix;
    greater_than: greater_than, greater_than_eq;
    image: image;
    independent: independent, real_matrix, real_vector;
    integer_greater_than: integer_greater_than, nonnegative_integer, positive_integer;
    integer_interval: integer_interval;
    interval: interval, open_interval;
    l1_ball: l1_ball;
    less_than: less_than, less_than_eq;
    lower_cholesky: lower_cholesky, scaled_unit_lower_cholesky, softplus_lower_cholesky;
    multinomial: multinomial;
    nonnegative: nonnegative;
    ordered_vector: ordered_vector;
    positive: positive, softplus_positive;
    positive_definite: positive_definite, positive_semidefinite;
    positive_ordered_vector: positive_ordered_vector;
    real: real;
    simplex: simplex;
    sphere: sphere;
    unit_interval: unit_interval;
    zero_sum: zero_sum;
}

mod matrices;
mod nonzero;

pub(crate) use nonzero::nonzero;

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

    /// The ends of a set of numbers that lie between two, or of events of such numbers; `None` for other sets.
    fn bounds(&self) -> Option<Bounds> {
        None
    }
}

/// The ends of a set of numbers, each `None` where there is no end.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Below all of them.
    pub low: Option<Tensor>,
    /// Above all of them.
    pub high: Option<Tensor>,
}

impl Bounds {
    /// The numbers between them.
    pub(crate) fn support(self) -> Support {
        match (self.low, self.high) {
            (None, None) => real(),
            (Some(low), None) => greater_than(low),
            (None, Some(high)) => less_than(high),
            (Some(low), Some(high)) => interval(low, high),
        }
    }
}

/// A constant in the dimensions and the element type of `prototype`.
fn filled_like(prototype: Tensor, x: impl Into<Tensor>) -> Tensor {
    x.into().convert(prototype.dtype()).broadcast_to(&prototype.dims())
}

/// A shared constraint, as distributions hand them out.
pub type Support = Rc<dyn Constraint>;
