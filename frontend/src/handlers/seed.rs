//! `seed`: gives sample sites their random keys.

use std::rc::Rc;

use super::{Handler, Message, Seeding, run};
use crate::{random::Key, trace::with_active};

struct Seed(Seeding);

/// Runs `f` with draws from `key`: each sample site without a value, each plate that draws a subsample and each
/// `prng_key` takes the next split, in program order.
///
/// A site that a handler inside has given a value takes none, as in NumPyro. The innermost seed wins.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = eval(|| handlers::seed(0, || sample("x", Normal::new(0.0, 1.0))))?;
/// assert_eq!(x, eval(|| handlers::seed(0, || sample("x", Normal::new(0.0, 1.0))))?);
/// # Ok(()) }
/// ```
#[track_caller]
pub fn seed<R>(key: impl Into<Key>, f: impl FnOnce() -> R) -> R {
    let key = key.into();
    let id = with_active(|t| {
        t.counters.seeds += 1;
        t.counters.seeds - 1
    });
    run(Rc::new(Seed(Seeding { id: id.unwrap_or_default(), key })), f)
}

impl Handler for Seed {
    fn process(&self, message: &mut Message) {
        if message.wants_key() {
            message.seed = Some(self.0);
        }
    }

    fn seeds(&self) -> bool {
        true
    }
}
