//! Updates at an index: a new tensor with some elements set, added to, multiplied or compared (`jax.numpy`'s `x.at[..]`).

use pyroxene_ir::{Loc, ops::Combine};

use super::{Tensor, at::Plan, index::Index, joint::Write};
use crate::trace::composed;

macro_rules! updates { ($($(#[$doc:meta])* $name:ident $how:expr, $combine:expr;)*) => {
    impl Tensor { $(
        $(#[$doc])*
        #[track_caller]
        pub fn $name(self, index: impl Index, value: impl Into<Tensor>) -> Tensor {
            let (loc, value) = (Loc::caller(), value.into());
            composed(loc.clone(), || {
                let items = index.items();
                self.updated(stringify!($name), items, value, ($how, $combine), &loc).unwrap_or(Tensor::POISON)
            })
        }
    )* }
} }
updates! {
    /// The tensor with `value`, broadcast, in place of the elements at an index ([`Tensor::at`]); integer positions
    /// outside are dropped. Where several meet in one position, one of them stays: on the CPU the last.
    ///
    /// ```
    /// use pyroxene_frontend::{eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = eval(|| Tensor::from([1.0, 2.0, 3.0]).at_set(1.., 0.0))?;
    /// assert_eq!(x, Array::from([1.0, 0.0, 0.0]));
    /// # Ok(()) }
    /// ```
    at_set Write::By(Combine::Set), |_, new| new;
    /// The tensor with `value`, broadcast, added to the elements at an index; repeated integer positions add up.
    at_add Write::Add, |old, new| old + new;
    /// The tensor with the elements at an index times `value`, broadcast; repeated integer positions multiply.
    at_mul Write::By(Combine::Mul), |old, new| old * new;
    /// The tensor with the smaller of `value`, broadcast, and the elements at an index.
    at_min Write::By(Combine::Min), |old, new| old.minimum(new);
    /// The tensor with the larger of `value`, broadcast, and the elements at an index.
    at_max Write::By(Combine::Max), |old, new| old.maximum(new);
}

impl Tensor {
    fn updated(
        self,
        op: &'static str,
        items: Vec<super::index::Item>,
        value: Tensor,
        (how, combine): (Write, fn(Tensor, Tensor) -> Tensor),
        loc: &Loc,
    ) -> Option<Tensor> {
        let plan = Plan::of(op, self, items, loc)?;
        let part = plan.stretched(self, loc);
        let part = match plan.joint(part, loc) {
            Some(joint) => joint.write(plan.updates(op, self, value, &joint.read_dims(loc)?, loc)?, how, loc),
            None => combine(part, plan.updates(op, self, value, &part.dims(), loc)?),
        };
        Some(plan.restored(self, part, loc))
    }
}
