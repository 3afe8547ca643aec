//! Random orthogonal matrices.

use pyroxene_ir::{DType, Dims};

use super::{Key, arguments::Call, normal};
use crate::{tensor::Tensor, trace::composed};

/// Orthogonal matrices of float type `dtype`, uniform on their group (`jax.random.orthogonal`): `n` rows and `m` columns,
/// `None` as many; the rows or the columns, whichever are fewer, are orthonormal. By Mezzadri (2007): the factor `Q` of
/// normal draws, its columns with the signs of the diagonal of `R`.
///
/// The dimensions are `shape` followed by `n` and `m`.
#[track_caller]
pub fn orthogonal(key: Key, n: usize, shape: &[usize], dtype: DType, m: impl Into<Option<usize>>) -> Tensor {
    let call = Call::new("orthogonal");
    if call.float(dtype).is_none() {
        return Tensor::POISON;
    }
    let m = m.into().unwrap_or(n);
    let dims: Dims = shape.iter().copied().chain([n.max(m), n.min(m)]).collect();
    composed(call.loc.clone(), || {
        let (q, r) = normal(key, &dims, dtype).qr();
        let mut row = dims.clone();
        row.remove(shape.len());
        row.insert(shape.len(), 1);
        let signed = q * r.diagonal().sign().reshape(&row);
        if n < m { signed.matrix_transpose() } else { signed }
    })
}
