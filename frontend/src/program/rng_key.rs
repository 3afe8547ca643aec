//! Keys on the host: what a query that draws is given.

use pyroxene_ir::threefry;

use super::{error::Error, function::record};
use crate::{Array, random::Key, tensor::Tensor};

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
    /// `N` independent keys (`jax.random.split`).
    ///
    /// # Errors
    /// None that a caller can cause: the interpreter's.
    ///
    /// ```
    /// use pyroxene_frontend::{RngKey, eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let [_, second] = RngKey::from(0).split::<2>()?;
    /// assert_eq!(second.array(), eval(|| Key::new(0).split::<2>()[1].data())?);
    /// # Ok(()) }
    /// ```
    pub fn split<const N: usize>(self) -> Result<[RngKey; N], Error> {
        let graph = record(|| Key::from(Tensor::from(self.array())).split::<N>().map(Key::data).to_vec())?;
        let keys = pyroxene_ir::eval::eval(&graph, &[])?;
        Ok(std::array::from_fn(|i| keys.get(i).and_then(RngKey::of_array).unwrap_or(self)))
    }

    /// The key that an array `u32[2]` is; none of another type.
    pub fn of_array(array: &Array) -> Option<RngKey> {
        match array.as_slice::<u32>()? {
            [high, low] => Some(RngKey([*high, *low])),
            _ => None,
        }
    }

    /// The key as an argument of a query: `u32[2]`.
    pub fn array(self) -> Array {
        let [high, low] = self.0;
        threefry::key_from_seed(u64::from(high) << 32 | u64::from(low))
    }
}
