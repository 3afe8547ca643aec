//! Threefry-2x32 in integer ops, with JAX's key derivation and bit layout (`jax_threefry_partitionable`).
//!
//! Salmon, Moraes, Dror, Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3". A key is `u32[2]`, an
//! array of keys `u32[.., 2]`; every function maps over such an array.

use crate::{
    array::Array,
    error::TypeError,
    graph::{Graph, Val},
    ops,
    types::{DType, Dims, Ty},
};

const ROTATIONS: [[u32; 4]; 2] = [[13, 15, 26, 6], [17, 29, 16, 24]];
const PARITY: u32 = 0x1BD1_1BDA;

/// The key JAX derives from a seed: its high and low 32 bits.
pub fn key_from_seed(seed: u64) -> Array {
    Array::from([(seed >> 32) as u32, seed as u32])
}

/// The dimensions of an array of keys, `u32[batch.., 2]`: none for a single key.
fn batch(g: &Graph, keys: Val) -> Result<Dims, TypeError> {
    let ty = g.ty(keys);
    match ty.dims.split_last() {
        Some((2, batch)) if ty.dtype == DType::U32 => Ok(Dims::from_slice(batch)),
        _ => {
            let expected = "a key, which has type u32[2]: make one with `Key::new(seed)`".into();
            Err(TypeError { op: "random", operands: vec![ty.clone()], expected })
        }
    }
}

/// Word `i` of each key, the same for all of `dims`, whose first dimensions are the keys'.
fn word(g: &mut Graph, keys: Val, i: usize, dims: &[usize]) -> Result<Val, TypeError> {
    let batch = batch(g, keys)?;
    let all = g.ty(keys).dims.clone();
    let word = g.push(ops::Slice::along(&all, batch.len(), i, i + 1), &[keys])?;
    let word = g.reshape(word, &batch)?;
    if batch.as_slice() == dims {
        return Ok(word);
    }
    g.push(ops::Broadcast { dims: Dims::from_slice(dims), map: (0..batch.len()).collect() }, &[word])
}

fn rotate_left(g: &mut Graph, x: Val, by: u32) -> Result<Val, TypeError> {
    let up = g.full_like(x, f64::from(by))?;
    let down = g.full_like(x, f64::from(32 - by))?;
    let high = g.push(ops::ShiftLeft, &[x, up])?;
    let low = g.push(ops::ShiftRight, &[x, down])?;
    g.or(high, low)
}

/// The block function: 20 rounds on two counters of equal dimensions, which begin with those of the array of keys.
///
/// # Errors
/// When `keys` is not `u32[.., 2]` or the counters are not `u32` of equal dimensions.
pub fn block(g: &mut Graph, keys: Val, counters: [Val; 2]) -> Result<[Val; 2], TypeError> {
    let dims = g.ty(counters[0]).dims.clone();
    let (k0, k1) = (word(g, keys, 0, &dims)?, word(g, keys, 1, &dims)?);
    let parity = g.full_like(k0, f64::from(PARITY))?;
    let k2 = g.xor(k0, k1)?;
    let k2 = g.xor(k2, parity)?;
    let schedule = [k0, k1, k2];
    let mut x0 = g.add(counters[0], k0)?;
    let mut x1 = g.add(counters[1], k1)?;
    for round in 0..5 {
        for by in ROTATIONS[round % 2] {
            x0 = g.add(x0, x1)?;
            x1 = rotate_left(g, x1, by)?;
            x1 = g.xor(x1, x0)?;
        }
        x0 = g.add(x0, schedule[(round + 1) % 3])?;
        x1 = g.add(x1, schedule[(round + 2) % 3])?;
        let number = g.full_like(x1, (round + 1) as f64)?;
        x1 = g.add(x1, number)?;
        // Each round reads both words twice: fused from end to end, code would double with every one.
        x0 = g.push(ops::Barrier, &[x0])?;
        x1 = g.push(ops::Barrier, &[x1])?;
    }
    Ok([x0, x1])
}

/// The counters of a draw of `dims` under each key: the row-major position in 64 bits, as high and low words.
fn counters(g: &mut Graph, batch: &[usize], dims: &[usize]) -> Result<[Val; 2], TypeError> {
    let n = Ty::new(DType::U32, dims.iter().copied()).len();
    let all = [batch, dims].concat();
    let position = |dtype| ops::Iota { dtype, dims: Dims::from_slice(&[n]), axis: 0 };
    let (high, low) = if u32::try_from(n).is_ok() {
        let low = g.push(position(DType::U32), &[])?;
        (g.full_like(low, 0.0)?, low)
    } else {
        let position = g.push(position(DType::U64), &[])?;
        let shift = g.full_like(position, 32.0)?;
        let high = g.push(ops::ShiftRight, &[position, shift])?;
        (g.convert(high, DType::U32)?, g.convert(position, DType::U32)?)
    };
    let (high, low) = (g.reshape(high, dims)?, g.reshape(low, dims)?);
    Ok([g.broadcast_to(high, &all)?, g.broadcast_to(low, &all)?])
}

/// The words of a draw of `dims` under each key.
fn blocks(g: &mut Graph, keys: Val, dims: &[usize]) -> Result<[Val; 2], TypeError> {
    let batch = batch(g, keys)?;
    let counters = counters(g, &batch, dims)?;
    block(g, keys, counters)
}

/// Two words as the elements of a last dimension.
fn pair(g: &mut Graph, words: [Val; 2]) -> Result<Val, TypeError> {
    let mut dims = g.ty(words[0]).dims.clone();
    let axis = dims.len();
    dims.push(1);
    let words = [g.reshape(words[0], &dims)?, g.reshape(words[1], &dims)?];
    g.push(ops::Concatenate { axis }, &words)
}

/// Independent keys from each key: `u32[batch.., dims.., 2]` (`jax.random.split`).
///
/// # Errors
/// When `keys` is not `u32[batch.., 2]`.
pub fn split(g: &mut Graph, keys: Val, dims: &[usize]) -> Result<Val, TypeError> {
    let words = blocks(g, keys, dims)?;
    pair(g, words)
}

/// Keys `start` to `start + n` of those that [`split`] makes of one key: `u32[n, 2]`.
///
/// # Errors
/// When `key` is not `u32[2]` or `start` not `u32[]`.
pub fn split_from(g: &mut Graph, key: Val, start: Val, n: usize) -> Result<Val, TypeError> {
    let low = g.push(ops::Iota { dtype: DType::U32, dims: Dims::from_slice(&[n]), axis: 0 }, &[])?;
    let start = g.broadcast_to(start, &[n])?;
    let low = g.add(low, start)?;
    let high = g.full_like(low, 0.0)?;
    // All counters are of one key.
    let keys = g.broadcast_to(key, &[n, 2])?;
    let words = block(g, keys, [high, low])?;
    pair(g, words)
}

/// Two keys from each key: the one to go on with, and the one to use.
///
/// # Errors
/// When `keys` is not `u32[batch.., 2]`.
pub fn split_pair(g: &mut Graph, keys: Val) -> Result<[Val; 2], TypeError> {
    let keys = split(g, keys, &[2])?;
    Ok([row(g, keys, 0)?, row(g, keys, 1)?])
}

/// Key `i` of each row of `keys`: from `u32[batch.., n, 2]`, keys `u32[batch.., 2]`.
///
/// # Errors
/// When there is no such key.
pub fn row(g: &mut Graph, keys: Val, i: usize) -> Result<Val, TypeError> {
    let mut dims = g.ty(keys).dims.clone();
    let Some(axis) = dims.len().checked_sub(2) else {
        let expected = "an array of keys, u32[.., n, 2]".into();
        return Err(TypeError { op: "row", operands: vec![g.ty(keys).clone()], expected });
    };
    let key = g.push(ops::Slice::along(&dims, axis, i, i + 1), &[keys])?;
    dims.remove(axis);
    g.reshape(key, &dims)
}

/// The key derived from each key and `data`, `u32[]` or one word a key (`jax.random.fold_in`).
///
/// # Errors
/// When `keys` is not `u32[batch.., 2]` or `data` is neither `u32[]` nor `u32[batch..]`.
pub fn fold_in(g: &mut Graph, keys: Val, data: Val) -> Result<Val, TypeError> {
    let batch = batch(g, keys)?;
    let zero = g.full(&Ty::new(DType::U32, batch.iter().copied()), 0.0)?;
    let data = if g.ty(data).dims.is_empty() { g.broadcast_to(data, &batch)? } else { data };
    let words = block(g, keys, [zero, data])?;
    pair(g, words)
}

/// Random bits of type `ty`, `u32` or `u64`, under each key: of dimensions `batch.., ty.dims..` (`jax.random.bits`).
///
/// # Errors
/// When `keys` is not `u32[batch.., 2]` or the element type is another one.
pub fn bits(g: &mut Graph, keys: Val, ty: &Ty) -> Result<Val, TypeError> {
    let [x0, x1] = blocks(g, keys, &ty.dims)?;
    match ty.dtype {
        DType::U32 => g.xor(x0, x1),
        DType::U64 => {
            let (high, low) = (g.convert(x0, DType::U64)?, g.convert(x1, DType::U64)?);
            let shift = g.full_like(high, 32.0)?;
            let high = g.push(ops::ShiftLeft, &[high, shift])?;
            g.or(high, low)
        }
        _ => Err(TypeError { op: "bits", operands: vec![ty.clone()], expected: "u32 or u64".into() }),
    }
}

/// Uniform floats of type `ty` in [0, 1) under each key, all significand bits random.
///
/// # Errors
/// When `keys` is not `u32[batch.., 2]` or the element type is not floating point.
pub fn unit_uniform(g: &mut Graph, keys: Val, ty: &Ty) -> Result<Val, TypeError> {
    let (words, shift, one) = match ty.dtype {
        DType::F32 => (DType::U32, 9.0, Array::scalar(1.0f32.to_bits())),
        DType::F64 => (DType::U64, 12.0, Array::scalar(1.0f64.to_bits())),
        _ => {
            let expected = "a floating-point type".into();
            return Err(TypeError { op: "uniform", operands: vec![ty.clone()], expected });
        }
    };
    let random = bits(g, keys, &ty.with_dtype(words))?;
    let all = g.ty(random).dims.clone();
    let shift = g.full_like(random, shift)?;
    let significand = g.push(ops::ShiftRight, &[random, shift])?;
    let one = g.constant(one)?;
    let one = g.broadcast_to(one, &all)?;
    let one_to_two = g.or(significand, one)?;
    let one_to_two = g.push(ops::Bitcast { dtype: ty.dtype }, &[one_to_two])?;
    let one = g.full_like(one_to_two, 1.0)?;
    g.sub(one_to_two, one)
}
