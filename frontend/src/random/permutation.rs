//! Random permutations.

use pyroxene_ir::{DType, Loc, ops};

use super::{Key, Population, arguments::Call, bits};
use crate::{
    tensor::Tensor,
    trace::{apply, apply_all, composed},
};

/// The slices of `x` along `axis` in random order, all orders equally likely (`jax.random.permutation`); `independent`
/// orders each line along the axis for itself. A number `n` stands for the integers below it.
///
/// Sorts by random bits, as often as it takes for bits of all sorts together to differ almost surely.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let order = eval(|| random::permutation(Key::new(0), 10, 0, false))?;
/// let mut sorted = order.to_f64_vec();
/// sorted.sort_by(f64::total_cmp);
/// assert_eq!(sorted, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
/// # Ok(()) }
/// ```
#[track_caller]
pub fn permutation(key: Key, x: impl Into<Population>, axis: isize, independent: bool) -> Tensor {
    let (call, x) = (Call::new("permutation"), x.into());
    composed(call.loc.clone(), || match axis_of(&call, x, axis) {
        Some((x, axis)) => permuted(key, x, axis, independent),
        None => Tensor::POISON,
    })
}

/// A population as a tensor, and the dimension that holds its members.
pub(super) fn axis_of(call: &Call, x: Population, axis: isize) -> Option<(Tensor, usize)> {
    let x = match x {
        Population::Integers(n) => Tensor::arange(n),
        Population::Slices(x) => x,
    };
    if x.is_poison() {
        return None;
    }
    let dims = x.dims();
    let found = pyroxene_ir::shape::axis(axis, dims.len());
    if found.is_none() {
        call.fail(format_args!("axis {axis} of a tensor of shape {:?}", &dims[..]), "name one of its axes");
    }
    Some((x, found?))
}

pub(super) fn permuted(key: Key, x: Tensor, axis: usize, independent: bool) -> Tensor {
    let dims = x.dims();
    if independent || dims.len() == 1 {
        return shuffled(key, x, axis);
    }
    let order = shuffled(key, Tensor::arange(dims[axis]), 0);
    if dims[axis] == 0 { x } else { taken(x, order, axis) }
}

/// The slices at positions that are known to be there.
pub(super) fn taken(x: Tensor, at: Tensor, axis: usize) -> Tensor {
    apply(ops::Take { axis }, &[x, at], Loc::caller())
}

fn shuffled(mut key: Key, mut x: Tensor, axis: usize) -> Tensor {
    let dims = x.dims();
    let n = x.ty().len().max(1) as f64;
    // The three is for equal bits to be as unlikely as 1 in n (the analysis of TensorFlow's `random_shuffle`).
    let sorts = (3.0 * n.ln() / f64::from(u32::MAX).ln()).ceil() as usize;
    for _ in 0..sorts {
        let [next, own] = key.split();
        let by = bits(own, &dims, DType::U32);
        let sort = ops::Sort { axis, keys: 1, descending: false, positions: false };
        (key, x) = (next, apply_all(sort, &[by, x], 2, Loc::caller())[1]);
    }
    x
}
