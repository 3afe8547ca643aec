//! Threefry-2x32 in integer ops, with JAX's key derivation and bit layout (`jax_threefry_partitionable`).
//!
//! Salmon, Moraes, Dror, Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3". A key is `u32[2]`.

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

/// Element `i` of a key, broadcast to `dims`.
fn word(g: &mut Graph, key: Val, i: usize, dims: &[usize]) -> Result<Val, TypeError> {
    let ty = g.ty(key);
    if *ty != Ty::new(DType::U32, [2]) {
        let expected = "a key, which has type u32[2]: make one with `Key::new(seed)`".into();
        return Err(TypeError { op: "random", operands: vec![ty.clone()], expected });
    }
    let one = Dims::from_slice(&[i]);
    let word = g.push(ops::Slice::new(one, Dims::from_slice(&[i + 1])), &[key])?;
    let word = g.reshape(word, &[])?;
    g.broadcast_to(word, dims)
}

fn rotate_left(g: &mut Graph, x: Val, by: u32) -> Result<Val, TypeError> {
    let up = g.full_like(x, f64::from(by))?;
    let down = g.full_like(x, f64::from(32 - by))?;
    let high = g.push(ops::ShiftLeft, &[x, up])?;
    let low = g.push(ops::ShiftRight, &[x, down])?;
    g.or(high, low)
}

/// The block function: 20 rounds on two counters of equal dimensions under one key.
///
/// # Errors
/// When `key` is not `u32[2]` or the counters are not `u32` of equal dimensions.
pub fn block(g: &mut Graph, key: Val, counters: [Val; 2]) -> Result<[Val; 2], TypeError> {
    let dims = g.ty(counters[0]).dims.clone();
    let (k0, k1) = (word(g, key, 0, &dims)?, word(g, key, 1, &dims)?);
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

/// The counters of a draw of `dims`: the row-major position in 64 bits, as high and low words.
fn counters(g: &mut Graph, dims: &[usize]) -> Result<[Val; 2], TypeError> {
    let n = Ty::new(DType::U32, dims.iter().copied()).len();
    let position = g.push(ops::Iota { dtype: DType::U64, dims: Dims::from_slice(&[n]), axis: 0 }, &[])?;
    let position = g.reshape(position, dims)?;
    let low = g.convert(position, DType::U32)?;
    let shift = g.full_like(position, 32.0)?;
    let high = g.push(ops::ShiftRight, &[position, shift])?;
    let high = g.convert(high, DType::U32)?;
    Ok([high, low])
}

/// `n` independent keys, `u32[n,2]` (`jax.random.split`).
///
/// # Errors
/// When `key` is not `u32[2]`.
pub fn split(g: &mut Graph, key: Val, n: usize) -> Result<Val, TypeError> {
    let counters = counters(g, &[n])?;
    let [x0, x1] = block(g, key, counters)?;
    let (x0, x1) = (g.reshape(x0, &[n, 1])?, g.reshape(x1, &[n, 1])?);
    g.push(ops::Concatenate { axis: 1 }, &[x0, x1])
}

/// Two keys: the one to go on with, and the one to use.
///
/// # Errors
/// When `key` is not `u32[2]`.
pub fn split_pair(g: &mut Graph, key: Val) -> Result<[Val; 2], TypeError> {
    let keys = split(g, key, 2)?;
    Ok([row(g, keys, 0)?, row(g, keys, 1)?])
}

/// Key `i` of `keys`, `u32[n,2]`.
///
/// # Errors
/// When there is no such row.
pub fn row(g: &mut Graph, keys: Val, i: usize) -> Result<Val, TypeError> {
    let (start, limit) = (Dims::from_slice(&[i, 0]), Dims::from_slice(&[i + 1, 2]));
    let key = g.push(ops::Slice::new(start, limit), &[keys])?;
    g.reshape(key, &[2])
}

/// The key derived from `key` and the scalar `data`, `u32[]` (`jax.random.fold_in`).
///
/// # Errors
/// When `key` is not `u32[2]` or `data` is not `u32[]`.
pub fn fold_in(g: &mut Graph, key: Val, data: Val) -> Result<Val, TypeError> {
    let zero = g.full(&Ty::scalar(DType::U32), 0.0)?;
    let [x0, x1] = block(g, key, [zero, data])?;
    let (x0, x1) = (g.reshape(x0, &[1])?, g.reshape(x1, &[1])?);
    g.push(ops::Concatenate { axis: 0 }, &[x0, x1])
}

/// Random bits of type `ty`, `u32` or `u64` (`jax.random.bits`).
///
/// # Errors
/// When `key` is not `u32[2]` or the element type is another one.
pub fn bits(g: &mut Graph, key: Val, ty: &Ty) -> Result<Val, TypeError> {
    let counters = counters(g, &ty.dims)?;
    let [x0, x1] = block(g, key, counters)?;
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

/// Uniform floats of type `ty` in [0, 1), all significand bits random.
///
/// # Errors
/// When `key` is not `u32[2]` or the element type is not floating point.
pub fn unit_uniform(g: &mut Graph, key: Val, ty: &Ty) -> Result<Val, TypeError> {
    let (words, shift, one) = match ty.dtype {
        DType::F32 => (DType::U32, 9.0, Array::scalar(1.0f32.to_bits())),
        DType::F64 => (DType::U64, 12.0, Array::scalar(1.0f64.to_bits())),
        _ => {
            let expected = "a floating-point type".into();
            return Err(TypeError { op: "uniform", operands: vec![ty.clone()], expected });
        }
    };
    let random = bits(g, key, &ty.with_dtype(words))?;
    let shift = g.full_like(random, shift)?;
    let significand = g.push(ops::ShiftRight, &[random, shift])?;
    let one = g.constant(one)?;
    let one = g.broadcast_to(one, &ty.dims)?;
    let one_to_two = g.or(significand, one)?;
    let one_to_two = g.push(ops::Bitcast { dtype: ty.dtype }, &[one_to_two])?;
    let one = g.full(ty, 1.0)?;
    g.sub(one_to_two, one)
}
