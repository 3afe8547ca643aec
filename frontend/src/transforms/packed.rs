//! What the transforms of vectors into triangular matrices share: how many rows a vector fills, and the parts of both.

use pyroxene_ir::Dims;

use super::last_size;
use crate::tensor::{Tensor, triangular, triangular_root};

/// The dimensions of the matrices whose triangles have the last size of `dims` elements, with `more` rows than those.
pub(super) fn matrix_dims(dims: &[usize], more: usize) -> Dims {
    let Some((len, batch)) = dims.split_last() else { return Dims::new() };
    let n = triangular_root(*len).saturating_add(more);
    batch.iter().copied().chain([n, n]).collect()
}

/// The dimensions of the vectors that hold the triangles of matrices, without `fewer` diagonals from the main one on.
pub(super) fn vector_dims(dims: &[usize], fewer: usize) -> Dims {
    let [batch @ .., _, n] = dims else { return Dims::new() };
    batch.iter().copied().chain([triangular(n.saturating_sub(fewer))]).collect()
}

/// A vector's strict lower triangle as matrices with zeros elsewhere, and its last elements, the diagonals; `None` after
/// an error.
pub(super) fn unpack(x: Tensor) -> Option<(Tensor, Tensor)> {
    let len = last_size(x);
    let n = triangular_root(len);
    if x.rank() == 0 || triangular(n) != len {
        // Records what is wrong with the length.
        x.vec_to_tril_matrix(0);
        return None;
    }
    let parts = x.split_at(&[len - n], -1);
    let [below, diagonal] = parts[..] else { return None };
    Some((below.vec_to_tril_matrix(-1), diagonal))
}

/// The elements of `unpack`'s second part.
pub(super) fn diagonal(x: Tensor) -> Tensor {
    let len = last_size(x);
    x.split_at(&[len.saturating_sub(triangular_root(len))], -1).last().copied().unwrap_or(x)
}

/// The vector of a strict lower triangle and what stands for the diagonal.
pub(super) fn pack(below: Tensor, diagonal: Tensor) -> Tensor {
    Tensor::concatenate_axis(&[below.matrix_to_tril_vec(-1), diagonal], -1)
}
