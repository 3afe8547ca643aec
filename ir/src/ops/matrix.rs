//! What the rules of linear algebra share: transposes, products and triangles of batched matrices.

use super::*;
use crate::types::{DType, Dims};

/// The rows and columns of a batch of matrices and the number of its batch dimensions; `None` of a vector or scalar.
pub(super) fn split(ty: &Ty) -> Option<(usize, usize, usize)> {
    let batch = ty.rank().checked_sub(2)?;
    Some((batch, ty.dims[batch], ty.dims[batch + 1]))
}

/// Whether a type is a batch of square matrices of floats.
pub(super) fn is_square(ty: &Ty) -> bool {
    ty.dtype.is_float() && split(ty).is_some_and(|(_, rows, columns)| rows == columns)
}

/// The one operand of an op of square matrices.
pub(super) fn square<'a>(op: &'static str, args: &'a [Ty]) -> Result<&'a Ty, TypeError> {
    match args {
        [a] if is_square(a) => Ok(a),
        _ => Err(TypeError {
            op,
            operands: args.to_vec(),
            expected: "one operand of square floating-point matrices".into(),
        }),
    }
}

/// Each matrix transposed.
pub(super) fn transposed(g: &mut Graph, x: Val) -> Result<Val, TypeError> {
    let mut permutation: Dims = (0..g.ty(x).rank()).collect();
    let rank = permutation.len();
    permutation.swap(rank - 1, rank - 2);
    g.push(Transpose { permutation }, &[x])
}

/// `X Y`, `X Yᵀ` or `Xᵀ Y`, matrix by matrix: the products along the given of the two last dimensions of each.
pub(super) fn product(g: &mut Graph, x: Val, y: Val, along: [usize; 2]) -> Result<Val, TypeError> {
    let batch = g.ty(x).rank() - 2;
    let mut dot = DotGeneral::matmul(batch);
    dot.contract[0] = along.map(|a| batch + a);
    g.push(dot, &[x, y])
}

/// `X Y`, matrix by matrix.
pub(super) fn matmul(g: &mut Graph, x: Val, y: Val) -> Result<Val, TypeError> {
    product(g, x, y, [1, 0])
}

/// The number of the row, and of the column, of each element of a matrix like those of `x`.
pub(super) fn positions(g: &mut Graph, x: Val) -> Result<[Val; 2], TypeError> {
    let dims = &g.ty(x).dims;
    let dims = Dims::from_slice(&dims[dims.len() - 2..]);
    let mut position = |axis| g.push(Iota { dtype: DType::I32, dims: dims.clone(), axis }, &[]);
    Ok([position(0)?, position(1)?])
}

/// Whether the row of each element of a tensor like `x` compares to its column as said.
pub(super) fn rows_to_columns(g: &mut Graph, x: Val, direction: Comparison) -> Result<Val, TypeError> {
    let positions = positions(g, x)?;
    let mask = g.push(Compare(direction), &positions)?;
    let dims = g.ty(x).dims.clone();
    g.broadcast_to(mask, &dims)
}

/// One triangle of each matrix, zero elsewhere; `strict` leaves out the diagonal.
pub(super) fn triangle(g: &mut Graph, x: Val, lower: bool, strict: bool) -> Result<Val, TypeError> {
    let direction = match (lower, strict) {
        (true, false) => Comparison::Ge,
        (true, true) => Comparison::Gt,
        (false, false) => Comparison::Le,
        (false, true) => Comparison::Lt,
    };
    let (inside, zero) = (rows_to_columns(g, x, direction)?, g.full_like(x, 0.0)?);
    g.select(inside, x, zero)
}

/// The lower triangle of each matrix with its diagonal halved, zero above.
pub(super) fn half_lower(g: &mut Graph, x: Val) -> Result<Val, TypeError> {
    let (half, on) = (g.full_like(x, 0.5)?, rows_to_columns(g, x, Comparison::Eq)?);
    let halved = g.mul(x, half)?;
    let below = triangle(g, x, true, true)?;
    g.select(on, halved, below)
}

/// The symmetric matrices with these lower triangles.
pub(super) fn symmetric(g: &mut Graph, x: Val) -> Result<Val, TypeError> {
    let (lower, below) = (triangle(g, x, true, false)?, triangle(g, x, true, true)?);
    let above = transposed(g, below)?;
    g.add(lower, above)
}

/// The identity, for each matrix of this type.
pub(super) fn identity(g: &mut Graph, ty: &Ty) -> Result<Val, TypeError> {
    let (one, zero) = (g.full(ty, 1.0)?, g.full(ty, 0.0)?);
    let on = rows_to_columns(g, one, Comparison::Eq)?;
    g.select(on, one, zero)
}

/// The matrices with these diagonals, zero elsewhere.
pub(super) fn diagonal_matrix(g: &mut Graph, x: Val) -> Result<Val, TypeError> {
    let mut dims = g.ty(x).dims.clone();
    let (rank, n) = (dims.len(), dims[dims.len() - 1]);
    dims.push(n);
    let spread = g.push(Broadcast { dims, map: (0..rank).collect() }, &[x])?;
    let (on, zero) = (rows_to_columns(g, spread, Comparison::Eq)?, g.full_like(spread, 0.0)?);
    g.select(on, spread, zero)
}

/// The diagonal of each square matrix.
pub(super) fn diagonal(g: &mut Graph, x: Val) -> Result<Val, TypeError> {
    let mut dims = g.ty(x).dims.clone();
    let n = dims.pop().unwrap_or(0);
    let last = dims.len() - 1;
    dims[last] = n.saturating_mul(n);
    let flat = g.reshape(x, &dims)?;
    let mut slice = Slice::along(&dims, last, 0, n.saturating_mul(n));
    slice.stride[last] = n.saturating_add(1);
    g.push(slice, &[flat])
}

/// The batch rule of `A X = B` where all of the batch share `A`: the members are more columns of one `B`.
pub(super) fn more_columns(
    cx: &mut Batch<'_>,
    axis: usize,
    op: impl Into<Op>,
) -> Result<(Val, usize), TypeError> {
    let rank = cx.graph.ty(cx.args[0]).rank();
    together(cx, axis, (rank, rank - 1), op)
}

/// The batch rule of `X A = B` where all of the batch share `A`: the members are more rows of one `B`.
pub(super) fn more_rows(
    cx: &mut Batch<'_>,
    axis: usize,
    op: impl Into<Op>,
) -> Result<(Val, usize), TypeError> {
    let rank = cx.graph.ty(cx.args[0]).rank();
    together(cx, axis, (rank - 2, rank - 2), op)
}

/// Moves the batch of the second operand to dimension `to`, which joins the one after it as dimension `joined`.
fn together(
    cx: &mut Batch<'_>,
    axis: usize,
    (to, joined): (usize, usize),
    op: impl Into<Op>,
) -> Result<(Val, usize), TypeError> {
    let g = &mut *cx.graph;
    let b = g.move_axis(cx.args[1], axis, to)?;
    let apart = g.ty(b).dims.clone();
    let mut together = apart.clone();
    together[joined] = apart[joined].saturating_mul(together.remove(joined + 1));
    let b = g.reshape(b, &together)?;
    let x = g.push(op, &[cx.args[0], b])?;
    Ok((g.reshape(x, &apart)?, to))
}

/// The elements of a batch of matrices, one matrix after another, for loops of reference semantics.
pub(super) fn each_matrix(x: &Array) -> Vec<Vec<f64>> {
    let dims = x.dims();
    let size: usize = dims[dims.len() - 2..].iter().product();
    if size == 0 { Vec::new() } else { x.to_f64_vec().chunks(size).map(<[f64]>::to_vec).collect() }
}

/// A well-conditioned test matrix, none of whose elements or factors is special: a dominant diagonal and small waves
/// beside it.
pub(super) fn sample_matrix(dims: &[usize], phase: f64) -> Array {
    let n = dims[dims.len() - 1];
    let len: usize = dims.iter().product();
    let element = |i: usize| {
        let (row, column) = (i / n.max(1) % n.max(1), i % n.max(1));
        let diagonal = if row == column { 2.0 + 0.3 * row as f64 } else { 0.0 };
        diagonal + 0.6 * (1.3 * i as f64 + phase).sin()
    };
    let x = Array::from((0..len).map(element).collect::<Vec<f64>>());
    x.reshape(dims.iter().copied()).unwrap_or(x)
}
