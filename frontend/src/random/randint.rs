//! Draws of integers from a range.

use pyroxene_ir::{Array, DType};

use super::{Key, arguments::Call, bits};
use crate::{
    tensor::Tensor,
    trace::{self, DEFAULT_INT},
};

/// Draws of integer type `dtype` and dimensions `shape`, uniform on the integers from `minval` to `maxval` exclusive
/// (`jax.random.randint`). The bounds broadcast to `shape` and are clipped to the element type; constant ones must leave
/// a range between them. Where none is left, `minval` is drawn.
///
/// The offset is a remainder of twice as many random bits as the type has; where the range has more than 2¹⁶ values (for
/// 64-bit types 2³²) of as many bits as the type has, so that some values of a large range are up to twice as likely.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let dice = eval(|| random::randint(Key::new(0), &[100], 1, 7, DType::I64))?;
/// assert!(dice.to_f64_vec().iter().all(|n| (1.0..=6.0).contains(n)));
/// # Ok(()) }
/// ```
#[track_caller]
pub fn randint(
    key: Key,
    shape: &[usize],
    minval: impl Into<Tensor>,
    maxval: impl Into<Tensor>,
    dtype: DType,
) -> Tensor {
    let (call, minval, maxval) = (Call::new("randint"), minval.into(), maxval.into());
    refuse_empty(&call, minval, maxval);
    let (minval, maxval) = (integers(minval), integers(maxval));
    if call.integer(dtype).is_none() {
        return Tensor::POISON;
    }
    let Some(dims) = call.shape(shape, &[minval, maxval]) else { return Tensor::POISON };
    // The greatest value of the type has no successor in it, so an upper bound beyond is remembered.
    let greatest = common_limits(dtype, maxval.dtype()).1;
    let beyond = maxval.greater(constant(greatest, maxval.dtype())).broadcast_to(&dims);
    let (low, high) = (clip(minval, dtype).broadcast_to(&dims), clip(maxval, dtype).broadcast_to(&dims));
    let empty = high.less_equal(low);
    let words = if dtype.size() == 4 { DType::U32 } else { DType::U64 };
    let one = Tensor::from(1i64).convert(words);
    let span = empty.select(one, (high - low).bitcast(words));
    // A span of all values wraps to zero, by which the remainder is the dividend.
    let span = (beyond & !empty).select(span + one, span);
    let half = Tensor::from(1i64 << (dtype.size() * 4)).convert(words).broadcast_to(&dims);
    let multiplier = half % span;
    let multiplier = multiplier * multiplier % span;
    let [high_key, low_key] = key.split();
    let (high_bits, low_bits) = (bits(high_key, &dims, words), bits(low_key, &dims, words));
    let offset = (high_bits % span * multiplier + low_bits % span) % span;
    low + offset.bitcast(dtype)
}

/// Reports constants between which there is no integer.
fn refuse_empty(call: &Call, minval: Tensor, maxval: Tensor) {
    let (Some(low), Some(high)) = (trace::constant_of(minval), trace::constant_of(maxval)) else { return };
    let (low, high) = (low.to_i128_vec(), high.to_i128_vec());
    let last = |x: &[i128], i: usize| if x.len() == 1 { x.first().copied() } else { x.get(i).copied() };
    let same = low.len() == high.len() || low.len() == 1 || high.len() == 1;
    let found = (0..low.len().max(high.len()))
        .filter_map(|i| last(&low, i).zip(last(&high, i)))
        .find(|(low, high)| same && low >= high);
    if let Some((low, high)) = found {
        call.fail(
            format_args!("the range from {low} to {high} is empty"),
            "give a larger upper bound, exclusive",
        );
    }
}

/// Bounds as integers of their own type, or of the default one.
#[track_caller]
fn integers(x: Tensor) -> Tensor {
    x.convert(if x.dtype().is_integer() { x.dtype() } else { DEFAULT_INT })
}

/// The least and the greatest value of an integer type.
fn limits(dtype: DType) -> (i128, i128) {
    match dtype {
        DType::I32 => (i32::MIN.into(), i32::MAX.into()),
        DType::U32 => (0, u32::MAX.into()),
        DType::U64 => (0, u64::MAX.into()),
        _ => (i64::MIN.into(), i64::MAX.into()),
    }
}

fn common_limits(a: DType, b: DType) -> (i128, i128) {
    (limits(a).0.max(limits(b).0), limits(a).1.min(limits(b).1))
}

/// An integer that the type holds.
#[track_caller]
fn constant(x: i128, dtype: DType) -> Tensor {
    Tensor::from(match dtype {
        DType::I32 => Array::from(x as i32),
        DType::U32 => Array::from(x as u32),
        DType::U64 => Array::from(x as u64),
        _ => Array::from(x as i64),
    })
}

/// Integers in another type, clipped to its range.
#[track_caller]
fn clip(x: Tensor, dtype: DType) -> Tensor {
    if x.dtype() == dtype {
        return x;
    }
    let (least, greatest) = common_limits(dtype, x.dtype());
    x.maximum(constant(least, x.dtype())).minimum(constant(greatest, x.dtype())).convert(dtype)
}
