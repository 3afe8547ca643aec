//! `seed`: gives sample sites their random keys.

use std::rc::Rc;

use super::{Handler, Message, Seeding, SiteType, run};
use crate::{random::Key, trace::with_active};

/// A seed that passes some kinds of sites by; see [`seed`].
///
/// ```
/// use pyroxene_frontend::{eval, handlers::{Seed, SiteType}, prelude::*, primitives::Plate};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // The inner seed leaves the subsample to the outer one.
/// let x = eval(|| handlers::seed(1, || Seed::new(0).hide_types([SiteType::Plate]).run(|| {
///     Plate::new("data", 100).subsample_size(5).run(|_| sample("x", Normal::new(0.0, 1.0)))
/// })))?;
/// assert_eq!(x.dims(), [5]);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Seed {
    key: Key,
    hide_types: Vec<SiteType>,
}

impl Seed {
    /// A seed of the key `key`.
    #[track_caller]
    pub fn new(key: impl Into<Key>) -> Seed {
        Seed { key: key.into(), hide_types: Vec::new() }
    }

    /// The same, which gives no keys to sites of these kinds (NumPyro's `hide_types`).
    pub fn hide_types(self, types: impl IntoIterator<Item = SiteType>) -> Seed {
        Seed { hide_types: types.into_iter().collect(), ..self }
    }

    /// Runs `f` with draws from the key; each run starts from it.
    pub fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        let id = with_active(|t| {
            t.counters.seeds += 1;
            t.counters.seeds - 1
        });
        let seeding = Seeding { id: id.unwrap_or_default(), key: self.key };
        run(Rc::new(Seeder { seeding, hide_types: self.hide_types.clone() }), f)
    }
}

struct Seeder {
    seeding: Seeding,
    hide_types: Vec<SiteType>,
}

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
    Seed::new(key).run(f)
}

impl Handler for Seeder {
    fn process(&self, message: &mut Message) {
        if message.wants_key() && !message.kind.is_one_of(&self.hide_types) {
            message.seed = Some(self.seeding);
        }
    }

    fn seeds(&self) -> bool {
        true
    }
}
