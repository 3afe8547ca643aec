//! `subsample` and `subsample_fn`: the rows of data that belong to a plate's subsample.

use pyroxene_ir::{DType, Graph, Loc, Ty, ops};

use super::{PlateMessenger, site_error};
use crate::{
    handlers::{Argument, Message, SiteType, dispatch},
    random::{self, Key},
    tensor::{Operand, Tensor},
    trace::{Captures, DEFAULT_INT, ErrorKind, apply, region, type_of, with_active},
};

/// Of `data`, the elements that belong to the subsamples of the plates around (NumPyro's `subsample`): along each
/// plate's dimension, counted from the right of the last `event_dim` dimensions. Data without such a dimension, or with
/// one of size 1, stay as they are.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*, primitives::{Plate, subsample}};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let batch = eval(|| handlers::seed(0, || {
///     let full = Tensor::iota(DType::F64, &[10_000, 3], 0);
///     Plate::new("data", 10_000).subsample_size(100).run(|_| subsample(full, 1))
/// }))?;
/// assert_eq!(batch.dims(), [100, 3]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// Recorded, with this line, when the trace ends: data whose size along the plate's dimension is not the plate's, and
/// data that were subsampled before.
#[track_caller]
pub fn subsample(data: impl Operand, event_dim: usize) -> Tensor {
    let data = data.into();
    let mut message = Message::new(SiteType::Subsample, "", Loc::caller());
    message.kwargs.insert("event_dim".into(), Argument::Int(event_dim as i64));
    message.value = Some(data);
    dispatch(message, |_| {}).value.unwrap_or(Tensor::POISON)
}

/// `n` of the integers below `size`, drawn without replacement (NumPyro's `_subsample_fn`): a Fisher-Yates shuffle of
/// the last `n` places, as NumPyro does it on a CPU. All in order where `n` is `size`.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*, primitives::subsample_fn};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut drawn = eval(|| subsample_fn(100, 5, 0))?.to_f64_vec();
/// drawn.dedup();
/// assert_eq!(drawn.len(), 5);
/// # Ok(()) }
/// ```
#[track_caller]
pub fn subsample_fn(size: usize, n: usize, key: impl Into<Key>) -> Tensor {
    let (key, loc) = (key.into(), Loc::caller());
    if n == size {
        return Tensor::iota(DEFAULT_INT, &[size], 0);
    }
    if n == 0 || n > size {
        let found = format!("subsample_fn: {n} of {size} elements");
        let help = "draw between one and all of the elements".into();
        return crate::trace::fail(ErrorKind::Usage { found, help }, loc);
    }
    let keys = key.split_shape(&[n]);
    let steps = Tensor::iota(DEFAULT_INT, &[n], 0);
    // Position i, from the last one down, changes places with one that is not above it.
    let partner = |(key, step): &(Tensor, Tensor)| {
        random::randint(Key::from(*key), &[], 0, Tensor::from(size as i64) - *step, DEFAULT_INT)
    };
    let partners = crate::vmap(partner)(&(keys, steps));
    exchanged(size, n, steps, partners)
}

/// The last `n` places after the exchanges. Only they are kept, and what the exchanges have put elsewhere, so that a
/// small subsample of many elements costs the square of its own size and not their number.
fn exchanged(size: usize, n: usize, steps: Tensor, partners: Tensor) -> Tensor {
    let (first, numbers) = (size as i64 - n as i64, Tensor::iota(DEFAULT_INT, &[n], 0));
    let tail = numbers + first;
    // Of each exchange with a place below the tail, what it has put there.
    let put = Tensor::iota(DEFAULT_INT, &[n], 0);
    let (tail, _) = crate::scan((tail, put), (steps, partners), |(tail, put), (step, j)| {
        let (step, j) = (*step, *j);
        let i = Tensor::from(n as i64 - 1) - step;
        let at_i = tail.dynamic_slice(&[i], &[1]);
        let before = partners.equal(j) & numbers.less(step);
        let latest = before.select(numbers, -1).max();
        let below = latest.less(0).select(j, put.dynamic_slice(&[latest.maximum(0)], &[1]).reshape(&[]));
        let (inside, place) = (j.greater_equal(first), (j - first).maximum(0));
        let at_j = inside.select(tail.dynamic_slice(&[place], &[1]).reshape(&[]), below);
        let changed = tail.dynamic_update_slice(at_j.reshape(&[1]), &[i]);
        let at_place = changed.dynamic_slice(&[place], &[1]);
        let changed = changed.dynamic_update_slice(inside.select(at_i, at_place), &[place]);
        ((changed, put.dynamic_update_slice(at_i, &[step])), ())
    })
    .0;
    tail
}

/// Whether a plate's indices are to be taken from what is reduced to that plate's subsample already; reported if so.
pub(crate) fn is_taken_twice(data: Tensor, indices: Tensor, loc: &Loc) -> bool {
    let plate = with_active(|t| {
        let plate = t.marks.plate_of(indices).filter(|plate| t.marks.is_subsampled(data, plate));
        plate.map(str::to_string)
    });
    let Some(plate) = plate.flatten() else { return false };
    let found = format!("the data were reduced to the subsample of the plate `{plate}` before");
    let help = "`subsample` takes the rows already: leave out the indices, or index the whole data".into();
    site_error(&plate, loc, ErrorKind::Usage { found, help });
    true
}

/// The closed graph that draws a plate's indices with a key.
pub(super) fn index_region(name: &str, loc: &Loc, size: usize, n: usize) -> Option<Graph> {
    let key = [("key", Ty::new(DType::U32, [2]))];
    region(name, loc, &key, &mut Captures::default(), |a| vec![subsample_fn(size, n, Key::from(a[0]))])
}

/// The elements of `value` in the plate's subsample.
pub(super) fn take_rows(
    plate: &PlateMessenger,
    message: &Message,
    value: Tensor,
    event_dim: usize,
) -> Tensor {
    let Some(ty) = type_of(value) else { return value };
    let Some(axis) = ty.rank().checked_sub(event_dim + plate.dim.unsigned_abs()) else { return value };
    let size = ty.dims[axis];
    if size == 1 || (size == plate.size && plate.frame.size == plate.size && !is_listed(plate)) {
        return value;
    }
    let done = with_active(|t| t.marks.is_subsampled(value, &plate.name)) == Some(true);
    if done || size != plate.size {
        let what = if message.kind == SiteType::Param { "parameter" } else { "data" };
        let found = if done {
            format!("the data were reduced to the subsample of the plate `{}` before", plate.name)
        } else {
            format!(
                "the {what} of type {ty} with event_dim {event_dim} has size {size} along the plate `{}` (dim {}), whose size is {}",
                plate.name, plate.dim, plate.size
            )
        };
        let help = if done { "subsample once" } else { "pass the whole data, or another `event_dim`" };
        let site = if message.name.is_empty() { &plate.name } else { &message.name };
        site_error(site, &message.loc, ErrorKind::Usage { found, help: help.into() });
        return Tensor::POISON;
    }
    let taken = apply(ops::Take { axis }, &[value, plate.subsample], message.loc.clone());
    with_active(|t| t.marks.mark_subsampled(taken, value, &plate.name));
    taken
}

/// Whether the plate's indices were listed rather than all.
fn is_listed(plate: &PlateMessenger) -> bool {
    with_active(|t| t.marks.plate_of(plate.subsample).is_some()) == Some(true)
}
