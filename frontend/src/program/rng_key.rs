//! Keys on the host: what a query that draws is given.

use pyroxene_ir::threefry;

use crate::Array;

/// A key of random numbers as the host holds it. A seed makes the key that `jax.random.PRNGKey(seed)` makes; two words
/// are a key of one's own, such as a split.
///
/// ```
/// use pyroxene_frontend::RngKey;
/// assert_eq!(RngKey::from(7), RngKey::from([0, 7]));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RngKey([u32; 2]);

impl From<u64> for RngKey {
    fn from(seed: u64) -> RngKey {
        RngKey([(seed >> 32) as u32, seed as u32])
    }
}

impl From<[u32; 2]> for RngKey {
    fn from(words: [u32; 2]) -> RngKey {
        RngKey(words)
    }
}

impl RngKey {
    /// The key as an argument of a query: `u32[2]`.
    pub(super) fn array(self) -> Array {
        let [high, low] = self.0;
        threefry::key_from_seed(u64::from(high) << 32 | u64::from(low))
    }
}
