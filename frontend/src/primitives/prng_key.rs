//! `prng_key`: hands the model a random key of its own.

use pyroxene_ir::{DType, KeySite, Loc, Rng, Site, SiteKind, Ty, Val};

use super::refused;
use crate::{
    handlers::{Message, Seeding, SiteType, dispatch},
    random::Key,
    tensor::Tensor,
    trace::{TraceKind, resolve, with_active},
};

/// A key for random operations of the model's own (NumPyro's `prng_key`): a split of the seed around, or of the key
/// that a query of the recorded model takes. `None` where there is neither: outside `seed` in a function that is no
/// model.
///
/// Queries that take no key, such as a log density, use the key 0, as NumPyro's potential does.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*, primitives::prng_key};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let noise = eval(|| handlers::seed(0, || match prng_key() {
///     Some(key) => random::normal(key, &[10], DType::F64),
///     None => Tensor::from([0.0; 10]),
/// }))?;
/// assert_eq!(noise.dims(), [10]);
/// # Ok(()) }
/// ```
#[track_caller]
pub fn prng_key() -> Option<Key> {
    key_at(Loc::caller(), None)
}

/// A key that only serves to make the initial value of a parameter, or of those whose names begin so.
pub(super) fn initial_key(param: &str, loc: Loc) -> Option<Key> {
    key_at(loc, Some(param.to_string()))
}

fn key_at(loc: Loc, initial: Option<String>) -> Option<Key> {
    let message = dispatch(Message::new(SiteType::PrngKey, "", loc), |message| {
        if message.value.is_some() || refused("prng_key", &message.loc) {
            return;
        }
        let (rng, operand) = message.rng();
        // Only a model has queries that bring a key.
        if rng == Rng::Program && with_active(|t| t.kind) != Some(TraceKind::Model) {
            return;
        }
        let operand = match operand {
            Some(key) => match resolve("prng_key", key.data(), &message.loc) {
                Some(key) => vec![key],
                None => return,
            },
            None => Vec::new(),
        };
        message.value = record_key(KeySite { rng, initial: initial.clone() }, &operand, message.loc.clone());
    });
    message.value.map(Key)
}

/// The next split of a seed, for a site that is not to draw with it itself.
pub(crate) fn take_key(seed: Seeding, loc: Loc) -> Option<Key> {
    let operand = resolve("seed", seed.key.data(), &loc)?;
    record_key(KeySite { rng: Rng::Seed(seed.id), initial: None }, &[operand], loc).map(Key)
}

fn record_key(key: KeySite, operand: &[Val], loc: Loc) -> Option<Tensor> {
    with_active(|t| {
        t.counters.keys += 1;
        let name = format!("key {}", t.counters.keys);
        let site = Site { name, frames: vec![], kind: SiteKind::Key(key) };
        t.push_site(site, Ty::new(DType::U32, [2]), operand, loc)
    })
}
