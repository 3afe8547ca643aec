//! What permutations and choices are made of.

use pyroxene_ir::Array;

use crate::tensor::Tensor;

/// What to permute or to choose from: the integers from 0 up to a number exclusive, or the slices of a tensor.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let deck = eval(|| random::permutation(Key::new(0), 52, 0, false))?;
/// let word = eval(|| random::permutation(Key::new(0), Array::from([3.5, 1.5, 2.5]), 0, false))?;
/// assert_eq!((deck.len(), word.len()), (52, 3));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Population {
    /// 0, 1, … n − 1.
    Integers(usize),
    /// The slices along a dimension.
    Slices(Tensor),
}

impl From<usize> for Population {
    fn from(n: usize) -> Population {
        Population::Integers(n)
    }
}

impl From<Tensor> for Population {
    fn from(x: Tensor) -> Population {
        Population::Slices(x)
    }
}

impl From<Array> for Population {
    /// The slices of a constant.
    #[track_caller]
    fn from(x: Array) -> Population {
        Population::Slices(Tensor::from(x))
    }
}
