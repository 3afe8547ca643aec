//! Keys: values that stand for streams of random bits, and the ways to derive one from another.

use pyroxene_ir::{Array, DType, Loc, Ty, ops, threefry};

use crate::{
    tensor::Tensor,
    trace::{ErrorKind, apply, build, fail, type_of},
};

/// A key for random draws: a tensor of type `u32[2]`. Use each key once; [`Key::split`] gives new ones.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let difference = eval(|| {
///     let [first, second] = Key::new(0).split();
///     random::normal(first, &[3], DType::F64) - random::normal(second, &[3], DType::F64)
/// })?;
/// assert!(difference.to_f64_vec().iter().all(|x| *x != 0.0));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key(pub(crate) Tensor);

impl Key {
    /// The key of a seed (`jax.random.key`, 64-bit).
    #[track_caller]
    pub fn new(seed: u64) -> Key {
        Key(Tensor::from(threefry::key_from_seed(seed)))
    }

    /// The tensor `u32[2]` that is the key (`jax.random.key_data`).
    pub fn data(self) -> Tensor {
        self.0
    }

    /// `N` independent keys (`jax.random.split`).
    #[track_caller]
    pub fn split<const N: usize>(self) -> [Key; N] {
        let loc = Loc::caller();
        let keys = build("split", &[self.0], loc.clone(), |g, v| threefry::split(g, v[0], &[N]));
        std::array::from_fn(|i| Key(build("split", &[keys], loc.clone(), |g, v| threefry::row(g, v[0], i))))
    }

    /// The data of independent keys, `u32[shape.., 2]` (`jax.random.split` with a shape): to be mapped over, or taken
    /// apart with `Key::from(keys.at(i))`.
    ///
    /// ```
    /// use pyroxene_frontend::{eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let keys = eval(|| Key::new(0).split_shape(&[5]))?;
    /// assert_eq!(keys.dims(), [5, 2]);
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn split_shape(self, shape: &[usize]) -> Tensor {
        build("split", &[self.0], Loc::caller(), |g, v| threefry::split(g, v[0], shape))
    }

    /// The key derived from this one and an integer, of which the lower 32 bits count (`jax.random.fold_in`).
    #[track_caller]
    pub fn fold_in(self, data: impl Into<Tensor>) -> Key {
        let (data, loc) = (data.into(), Loc::caller());
        match type_of(data) {
            Some(ty) if !ty.dtype.is_integer() || ty.rank() > 0 => {
                let found = format!("fold_in: data of type {ty}");
                Key(fail(
                    ErrorKind::Usage { found, help: "give an integer, as in `key.fold_in(3)`".into() },
                    loc,
                ))
            }
            _ => {
                let data = apply(ops::Convert { dtype: DType::U32 }, &[data], loc.clone());
                Key(build("fold_in", &[self.0, data], loc, |g, v| threefry::fold_in(g, v[0], v[1])))
            }
        }
    }
}

impl From<u64> for Key {
    #[track_caller]
    fn from(seed: u64) -> Key {
        Key::new(seed)
    }
}

impl From<Tensor> for Key {
    /// A key from its data, `u32[2]` (`jax.random.wrap_key_data`).
    #[track_caller]
    fn from(data: Tensor) -> Key {
        match type_of(data) {
            Some(ty) if ty != Ty::new(DType::U32, [2]) => {
                let found = format!("a key of type {ty}, expected u32[2]");
                let help =
                    "make one with `Key::new(seed)`, or take one of an array with `Key::from(keys.at(i))`";
                Key(fail(ErrorKind::Usage { found, help: help.into() }, Loc::caller()))
            }
            _ => Key(data),
        }
    }
}

impl From<Array> for Key {
    /// A constant key from its data, `u32[2]`.
    #[track_caller]
    fn from(data: Array) -> Key {
        Key::from(Tensor::from(data))
    }
}
