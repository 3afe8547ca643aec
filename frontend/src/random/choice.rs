//! Random choices, with and without replacement, by equal or given probabilities.

use pyroxene_ir::{DType, Dims, ops};

use super::{
    Key, Population,
    arguments::Call,
    gumbel,
    permutation::{axis_of, permuted, taken},
    randint, uniform,
};
use crate::{
    tensor::{Side, Tensor},
    trace::{apply, composed, constant_of},
};

/// Members of `a`, the slices of a tensor along `axis` or the integers below a number, drawn at random
/// (`jax.random.choice`): each time from all of them if `replace`, else without drawing one twice. `p` holds their
/// probabilities, which need not sum to one; `None` is equal ones.
///
/// The dimensions are those of `a`, with `axis` replaced by `shape`.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let names = eval(|| random::choice(Key::new(0), 5, &[3], false, None, 0))?;
/// assert_eq!(names.dims(), [3]);
/// let weights = Tensor::from;
/// let loaded = eval(|| random::choice(Key::new(0), 3, &[9], true, Some(weights([0.0, 0.2, 0.8])), 0))?;
/// assert!(loaded.to_f64_vec().iter().all(|i| *i > 0.0));
/// # Ok(()) }
/// ```
#[track_caller]
pub fn choice(
    key: Key,
    a: impl Into<Population>,
    shape: &[usize],
    replace: bool,
    p: Option<Tensor>,
    axis: isize,
) -> Tensor {
    let (call, a) = (Call::new("choice"), a.into());
    composed(call.loc.clone(), || {
        let Some((a, axis)) = axis_of(&call, a, axis) else { return Tensor::POISON };
        let (dims, draws) = (a.dims(), shape.iter().fold(1, |n: usize, d| n.saturating_mul(*d)));
        let all: Dims = [&dims[..axis], shape, &dims[axis + 1..]].concat().into();
        if draws == 0 {
            return Tensor::full(&all, 0).convert(a.dtype());
        }
        let known = |p| weighted(&call, p, dims[axis], draws, replace);
        if !possible(&call, dims[axis], draws, replace) || !p.is_none_or(known) {
            return Tensor::POISON;
        }
        let drawn = match (p, replace) {
            (None, true) => taken(a, randint(key, shape, 0, dims[axis], DType::I64), axis),
            (Some(p), true) => taken(a, by_weight(key, p, shape), axis),
            (None, false) => {
                let first = ops::Slice::along(&dims, axis, 0, draws);
                apply(first, &[permuted(key, a, axis, false)], call.loc.clone())
            }
            (Some(p), false) => taken(a, distinct(key, p, draws), axis),
        };
        drawn.reshape(&all)
    })
}

/// Whether there are enough members.
fn possible(call: &Call, members: usize, draws: usize, replace: bool) -> bool {
    let fits = members > 0 && (replace || draws <= members);
    if !fits {
        let how = if replace { "" } else { " without replacement" };
        call.fail(format_args!("{draws} draws{how} from {members} members"), "draw fewer, or from more");
    }
    fits
}

/// Whether these can be the probabilities of so many members.
fn weighted(call: &Call, p: Tensor, members: usize, draws: usize, replace: bool) -> bool {
    if p.is_poison() {
        return false;
    }
    let ty = p.ty();
    if !ty.dtype.is_float() || ty.dims[..] != [members] {
        call.fail(format_args!("`p` of type {ty}"), &format!("give {members} floats, one for each member"));
        return false;
    }
    let Some(known) = constant_of(p) else { return true };
    let known = known.to_f64_vec();
    if let Some(bad) = known.iter().find(|p| !p.is_finite() || **p < 0.0) {
        call.fail(format_args!("`p` has the element {bad}"), "give numbers from 0 up");
        return false;
    }
    match known.iter().filter(|p| **p > 0.0).count() {
        0 => {
            call.fail("no member has a probability above 0", "let one have");
            false
        }
        drawable => possible(call, drawable, draws, replace),
    }
}

/// Positions by the distribution function's inverse.
fn by_weight(key: Key, p: Tensor, shape: &[usize]) -> Tensor {
    let cumulated = p.cumsum(0);
    let total = cumulated.at(-1);
    let u = uniform(key, shape, p.dtype(), 0.0, 1.0);
    cumulated.searchsorted(total * (1.0 - u), Side::Left)
}

/// Distinct positions: those of the largest of log probabilities plus Gumbel draws (Vieira 2014).
fn distinct(key: Key, p: Tensor, draws: usize) -> Tensor {
    (gumbel(key, &p.dims(), p.dtype()) + p.log()).top_k(draws).1
}
