//! Random numbers in the graph: threefry keys and draws equal to `jax.random`'s for the same key.

mod cauchy;
mod exponential;
mod normal;
mod uniform;

use pyroxene_ir::{Array, DType, Loc, Ty, threefry};

pub use cauchy::cauchy;
pub use exponential::exponential;
pub use normal::normal;
pub use uniform::{bernoulli, uniform};

use crate::{
    tensor::Tensor,
    trace::{apply, build},
};

/// A key for random draws: a tensor of type `u32[2]`. Use each key once; [`Key::split`] gives new ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key(pub(crate) Tensor);

impl Key {
    /// The key of a seed (`jax.random.key`, 64-bit).
    #[track_caller]
    pub fn new(seed: u64) -> Key {
        Key(Tensor::from(threefry::key_from_seed(seed)))
    }

    /// The tensor `u32[2]` that is the key.
    pub fn data(self) -> Tensor {
        self.0
    }

    /// `N` independent keys (`jax.random.split`).
    #[track_caller]
    pub fn split<const N: usize>(self) -> [Key; N] {
        let loc = Loc::caller();
        let keys = build("split", &[self.0], loc.clone(), |g, v| threefry::split(g, v[0], N));
        std::array::from_fn(|i| Key(build("split", &[keys], loc.clone(), |g, v| threefry::row(g, v[0], i))))
    }

    /// The key derived from this one and an integer (`jax.random.fold_in`).
    #[track_caller]
    pub fn fold_in(self, data: impl Into<Tensor>) -> Key {
        let (data, loc) = (data.into(), Loc::caller());
        let data = apply(pyroxene_ir::ops::Convert { dtype: DType::U32 }, &[data], loc.clone());
        Key(build("fold_in", &[self.0, data], loc, |g, v| threefry::fold_in(g, v[0], v[1])))
    }
}

impl From<u64> for Key {
    #[track_caller]
    fn from(seed: u64) -> Key {
        Key::new(seed)
    }
}

impl From<Tensor> for Key {
    /// A key from its data, `u32[2]`.
    fn from(data: Tensor) -> Key {
        Key(data)
    }
}

impl From<Array> for Key {
    /// A constant key from its data, `u32[2]`.
    #[track_caller]
    fn from(data: Array) -> Key {
        Key(Tensor::from(data))
    }
}

/// Random bits of element type `u32` or `u64` (`jax.random.bits`).
#[track_caller]
pub fn bits(key: Key, dims: &[usize], dtype: DType) -> Tensor {
    let ty = Ty::new(dtype, dims.iter().copied());
    build("bits", &[key.0], Loc::caller(), |g, v| threefry::bits(g, v[0], &ty))
}
