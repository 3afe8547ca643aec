//! Products of vectors, matrices and tensors under NumPy's names and rules.

use pyroxene_ir::{Dims, Loc, ops, shape};

use super::{
    Tensor,
    contraction::{Label, Labelled, contract},
};
use crate::trace::{ErrorKind, apply, broadcast_dims, composed, fail, promote};

/// Labels of the dimensions of matrix products; those of the batch count down from −1 at the right.
const ROW: Label = 0;
const COLUMN: Label = 1;
const SUMMED: Label = 2;

fn batch_label(from_right: usize) -> Label {
    -1 - from_right as Label
}

/// Both operands of a product in one element type; `None` after an error.
fn both(op: &'static str, x: Tensor, y: Tensor, loc: &Loc) -> Option<[Tensor; 2]> {
    if x.is_poison() || y.is_poison() {
        return None;
    }
    promote(op, &[x, y], loc).and_then(|both| <[Tensor; 2]>::try_from(both).ok())
}

/// Sizes that a product sums over and that differ.
fn uneven(op: &'static str, x: &[usize], y: &[usize], help: &str, loc: Loc) -> Tensor {
    let found = format!("{op}: shapes {x:?} and {y:?} do not fit");
    fail(ErrorKind::Usage { found, help: help.into() }, loc)
}

impl Tensor {
    /// Products of elements summed over `contract` and paired along `batch`, both pairs of a dimension of this tensor and
    /// one of `other` (`jax.lax.dot_general`). The result has the batch dimensions, then the others of this tensor, then
    /// those of `other`.
    #[track_caller]
    pub fn dot_general(
        self,
        other: impl Into<Tensor>,
        contract: &[[usize; 2]],
        batch: &[[usize; 2]],
    ) -> Tensor {
        let loc = Loc::caller();
        match both("dot_general", self, other.into(), &loc) {
            Some(operands) => apply(ops::DotGeneral::new(contract, batch), &operands, loc),
            None => Tensor::POISON,
        }
    }

    /// The product of matrices, or of a matrix and a vector, over batches that broadcast (NumPy's `matmul`): shapes
    /// `[.., n, k]` and `[.., k, m]` give `[.., n, m]`; a vector `[k]` on either side loses its dimension. Sizes that do
    /// not fit, and scalars, are errors.
    ///
    /// ```
    /// use pyroxene_frontend::{eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::new([2, 2], vec![1.0, 2.0, 3.0, 4.0])?;
    /// let y = eval(|| Tensor::from(x).matmul([1.0, 10.0]))?;
    /// assert_eq!(y.as_slice::<f64>(), Some(&[21.0, 43.0][..]));
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn matmul(self, other: impl Into<Tensor>) -> Tensor {
        let loc = Loc::caller();
        let Some([x, y]) = both("matmul", self, other.into(), &loc) else { return Tensor::POISON };
        let (x_dims, y_dims) = (x.dims(), y.dims());
        let (Some(n), Some(m)) = (x_dims.last(), y_dims.get(y_dims.len().saturating_sub(2))) else {
            return uneven("matmul", &x_dims, &y_dims, "multiply scalars with `*`", loc);
        };
        if n != m {
            let help = "the last size of the left must be the last but one of the right, or its only one";
            return uneven("matmul", &x_dims, &y_dims, help, loc);
        }
        let batch = |dims: &[usize]| Dims::from_slice(&dims[..dims.len().saturating_sub(2)]);
        let (x_batch, y_batch) = (batch(&x_dims), batch(&y_dims));
        let Some(all) = shape::broadcast(&x_batch, &y_batch) else {
            return uneven("matmul", &x_dims, &y_dims, "the batches before the matrices must broadcast", loc);
        };
        let labelled = |tensor: Tensor, batch: &[usize], free: Label, first: bool| {
            let mut labels: Vec<Label> = (0..batch.len()).rev().map(batch_label).collect();
            labels.push(SUMMED);
            if tensor.rank() > 1 {
                labels.insert(labels.len() - usize::from(first), free);
            }
            Labelled { tensor, labels }
        };
        let (x, y) = (labelled(x, &x_batch, ROW, true), labelled(y, &y_batch, COLUMN, false));
        let mut out: Vec<Label> = (0..all.len()).rev().map(batch_label).collect();
        out.extend(x.labels.contains(&ROW).then_some(ROW));
        out.extend(y.labels.contains(&COLUMN).then_some(COLUMN));
        contract(x, y, &out, &loc).ordered(&out, &loc)
    }

    /// NumPy's `dot`: the inner product of vectors, the product of matrices, `*` with a scalar; in general the sum over
    /// the last dimension of this tensor and the last but one of `other` (or its only one), without broadcasting.
    #[track_caller]
    pub fn dot(self, other: impl Into<Tensor>) -> Tensor {
        let loc = Loc::caller();
        let Some([x, y]) = both("dot", self, other.into(), &loc) else { return Tensor::POISON };
        let (x_dims, y_dims) = (x.dims(), y.dims());
        if x_dims.is_empty() || y_dims.is_empty() {
            return Tensor::elementwise(ops::Mul, &[x, y], loc);
        }
        let (i, j) = (x_dims.len() - 1, y_dims.len().saturating_sub(2));
        if x_dims[i] != y_dims[j] {
            let help = "the last size of the left must be the last but one of the right, or its only one";
            return uneven("dot", &x_dims, &y_dims, help, loc);
        }
        apply(ops::DotGeneral::new(&[[i, j]], &[]), &[x, y], loc)
    }

    /// The sum over the last `n` dimensions of this tensor and the first `n` of `other` (NumPy's `tensordot`).
    #[track_caller]
    pub fn tensordot(self, other: impl Into<Tensor>, n: usize) -> Tensor {
        let loc = Loc::caller();
        let Some([x, y]) = both("tensordot", self, other.into(), &loc) else { return Tensor::POISON };
        let (x_dims, y_dims) = (x.dims(), y.dims());
        let first = x_dims.len().checked_sub(n).filter(|first| y_dims.get(..n) == Some(&x_dims[*first..]));
        let Some(first) = first else {
            let help = "the last sizes of the left must be the first ones of the right";
            return uneven("tensordot", &x_dims, &y_dims, help, loc);
        };
        let pairs: Vec<[usize; 2]> = (0..n).map(|i| [first + i, i]).collect();
        apply(ops::DotGeneral::new(&pairs, &[]), &[x, y], loc)
    }

    /// The products of every element with every element of `other`, as a matrix (NumPy's `outer`).
    #[track_caller]
    pub fn outer(self, other: impl Into<Tensor>) -> Tensor {
        let loc = Loc::caller();
        match both("outer", self, other.into(), &loc) {
            Some([x, y]) => apply(ops::DotGeneral::new(&[], &[]), &[x.flat(), y.flat()], loc),
            None => Tensor::POISON,
        }
    }

    /// Kronecker's product (NumPy's `kron`): every element of this tensor times `other`, block by block.
    #[track_caller]
    pub fn kron(self, other: impl Into<Tensor>) -> Tensor {
        let loc = Loc::caller();
        let Some([x, y]) = both("kron", self, other.into(), &loc) else { return Tensor::POISON };
        let rank = x.rank().max(y.rank());
        let padded = |t: Tensor| {
            let mut dims: Dims = (t.rank()..rank).map(|_| 1).collect();
            dims.extend(t.dims());
            dims
        };
        let (x_dims, y_dims) = (padded(x), padded(y));
        let apart = |dims: &[usize], first: bool| -> Dims {
            dims.iter().flat_map(|d| if first { [*d, 1] } else { [1, *d] }).collect()
        };
        composed(loc.clone(), || {
            let blocks = [x.reshape(&apart(&x_dims, true)), y.reshape(&apart(&y_dims, false))];
            let Some(dims) = broadcast_dims("kron", &blocks, &loc) else { return Tensor::POISON };
            let together: Dims = dims.chunks(2).map(|d| d[0].saturating_mul(d[1])).collect();
            Tensor::elementwise(ops::Mul, &blocks, loc).reshape(&together)
        })
    }
}
