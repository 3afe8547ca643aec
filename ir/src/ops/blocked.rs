//! Factorisations as loops and products: what a device gets whose compiler makes poor loops of its own of them.
//!
//! A block of columns is one small loop, written so that it can become one function of machine code; what lies between
//! blocks are products of matrices, which libraries are good at.

mod factor;
mod loops;
mod solve;

pub(crate) use factor::{Factor, factor};
pub(crate) use solve::{Triangular, gram, inverse};

use super::*;
use crate::types::Dims;

/// The rows of a block at most: more are cheaper by products of matrices, and a block's rows stay in the nearest cache.
const ROWS: usize = 64;

/// The largest matrix that is cut to blocks: the number of blocks is that of functions to compile.
const LARGEST: usize = 1024;

/// The elements of a loop's tensors beyond which nothing but the loop itself is part of its function.
const SMALL: usize = 1 << 12;

/// Whether matrices with so many rows are made of loops here.
pub(crate) fn takes(rows: usize) -> bool {
    (1..=LARGEST).contains(&rows)
}

/// Where blocks of about equal size begin and end.
fn blocks(rows: usize) -> Vec<(usize, usize)> {
    let most = ROWS.max(rows / 8);
    let count = rows.div_ceil(most);
    (0..count).map(|i| (rows * i / count, rows * (i + 1) / count)).collect()
}

/// Rows and columns of each matrix.
fn part(g: &mut Graph, x: Val, rows: (usize, usize), columns: (usize, usize)) -> Result<Val, TypeError> {
    let dims = g.ty(x).dims.clone();
    let batch = dims.len() - 2;
    if rows == (0, dims[batch]) && columns == (0, dims[batch + 1]) {
        return Ok(x);
    }
    let mut slice = Slice::along(&dims, batch, rows.0, rows.1);
    (slice.start[batch + 1], slice.limit[batch + 1]) = columns;
    g.push(slice, &[x])
}

/// Each matrix with zeros beside it: rows above and below, columns left and right.
fn padded(g: &mut Graph, x: Val, rows: [usize; 2], columns: [usize; 2]) -> Result<Val, TypeError> {
    if rows == [0, 0] && columns == [0, 0] {
        return Ok(x);
    }
    let batch = g.ty(x).rank() - 2;
    let side = |i: usize| -> Dims {
        let zeros = std::iter::repeat_n(0, batch);
        zeros.chain([rows[i], columns[i]]).collect()
    };
    g.push(Pad::new(side(0), side(1)), &[x])
}

/// Matrices below each other, or beside each other along the last axis.
fn joined(g: &mut Graph, parts: &[Val], beside: bool) -> Result<Val, TypeError> {
    match parts {
        [one] => Ok(*one),
        _ => {
            let axis = g.ty(parts[0]).rank() - 2 + usize::from(beside);
            g.push(Concatenate { axis }, parts)
        }
    }
}
