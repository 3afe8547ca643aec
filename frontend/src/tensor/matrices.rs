//! Matrices as arrangements of elements: transposes, diagonals, triangles and their packing into vectors.

use pyroxene_ir::{DType, Dims, Loc, ops};

use super::Tensor;
use crate::trace::{ErrorKind, apply, composed, fail};

/// Where each element lies: the row's number less the column's, compared with an offset.
fn band(n: usize, m: usize, direction: ops::Comparison, offset: isize, loc: &Loc) -> Tensor {
    let dims = Dims::from_slice(&[n, m]);
    let position = |axis| apply(ops::Iota { dtype: DType::I64, dims: dims.clone(), axis }, &[], loc.clone());
    let row = Tensor::elementwise(ops::Add, &[position(0), Tensor::from(offset as i64)], loc.clone());
    apply(ops::Compare(direction), &[row, position(1)], loc.clone())
}

impl Tensor {
    /// The sizes of the two last dimensions; a tensor without them is an error, and `None`.
    pub(super) fn matrix(self, op: &'static str, loc: &Loc) -> Option<(usize, usize)> {
        if self.is_poison() {
            return None;
        }
        let dims = self.dims();
        if let [.., n, m] = dims.as_slice() {
            return Some((*n, *m));
        }
        let (what, found) = (op.to_string(), dims.to_vec());
        let (expected, help) =
            ("two dimensions or more".into(), "matrices are the two last dimensions".into());
        fail(ErrorKind::Shape { what, found, expected, help }, loc.clone());
        None
    }

    /// The size of square matrices; others are an error, and `None`.
    pub(super) fn square_matrix(self, op: &'static str, loc: &Loc) -> Option<usize> {
        let (n, m) = self.matrix(op, loc)?;
        if n == m {
            return Some(n);
        }
        let (what, found) = (op.to_string(), self.dims().to_vec());
        let (expected, help) = ("square matrices".into(), "the two last sizes must be equal".into());
        fail(ErrorKind::Shape { what, found, expected, help }, loc.clone());
        None
    }

    /// Each matrix transposed: the two last dimensions exchanged (NumPy's `matrix_transpose` and `.mT`).
    #[track_caller]
    pub fn matrix_transpose(self) -> Tensor {
        let loc = Loc::caller();
        if self.matrix("matrix_transpose", &loc).is_none() {
            return Tensor::POISON;
        }
        let mut permutation: Dims = (0..self.rank()).collect();
        let last = permutation.len() - 1;
        permutation.swap(last, last - 1);
        apply(ops::Transpose { permutation }, &[self], loc)
    }

    /// The diagonal of each matrix, `n × n` or not (`jax.numpy.linalg.diagonal`).
    #[track_caller]
    pub fn diagonal(self) -> Tensor {
        let loc = Loc::caller();
        let Some((n, m)) = self.matrix("diagonal", &loc) else { return Tensor::POISON };
        let (size, batch) = (n.min(m), self.rank() - 2);
        composed(loc.clone(), || {
            let square = self.part(batch, 0, size, &loc).part(batch + 1, 0, size, &loc);
            let mut dims = square.dims();
            dims.truncate(batch);
            let len = size.saturating_mul(size);
            dims.push(len);
            let mut slice = ops::Slice::along(&dims, batch, 0, len);
            slice.stride[batch] = size.saturating_add(1);
            apply(slice, &[square.reshape(&dims)], loc)
        })
    }

    /// The sum of the diagonal of each matrix (`jax.numpy.linalg.trace`).
    #[track_caller]
    pub fn trace(self) -> Tensor {
        composed(Loc::caller(), || {
            let diagonal = self.diagonal();
            if diagonal.is_poison() { diagonal } else { diagonal.sum_axis(-1) }
        })
    }

    /// `x` added to the diagonal of each matrix: a scalar, or a vector of its length (NumPyro's `add_diag`).
    #[track_caller]
    pub fn add_diag(self, x: impl Into<Tensor>) -> Tensor {
        let (x, loc) = (x.into(), Loc::caller());
        let Some(n) = self.square_matrix("add_diag", &loc) else { return Tensor::POISON };
        composed(loc.clone(), || {
            let on = band(n, n, ops::Comparison::Eq, 0, &loc);
            // Each element stands in its column.
            let columns = match x.rank() {
                0 => x,
                rank => x.expand_dims(rank - 1),
            };
            self + on.select(columns, 0.0)
        })
    }

    /// The lower triangle of each matrix, row after row, as vectors; `diagonal` 0 takes the diagonal too, −1 leaves it
    /// out, and so on (NumPyro's `matrix_to_tril_vec`). A positive `diagonal` is an error.
    #[track_caller]
    pub fn matrix_to_tril_vec(self, diagonal: isize) -> Tensor {
        composed(Loc::caller(), || self.packed(diagonal))
    }

    fn packed(self, diagonal: isize) -> Tensor {
        let (op, loc) = ("matrix_to_tril_vec", Loc::caller());
        let Some(n) = self.square_matrix(op, &loc) else { return Tensor::POISON };
        let Some(above) = above_diagonal(op, diagonal, &loc) else { return Tensor::POISON };
        let (rows, batch) = (n.saturating_sub(above), self.rank() - 2);
        let len = triangular(rows);
        let mut dims = self.dims();
        dims.truncate(batch);
        if len == 0 {
            dims.push(0);
            return Tensor::full(&dims, 0.0).convert(self.dtype());
        }
        dims.push(n.saturating_mul(n));
        // In the n-th row of the triangle the first element is number n (n + 1) / 2.
        let k = Tensor::arange(len);
        let row = ((k.convert(DType::F64) * 8.0 + 1.0).sqrt() - 1.0) / 2.0;
        let row = row.floor().convert(DType::I64);
        let at = (row + above) * n + (k - row * (row + 1) / 2);
        apply(ops::Take { axis: batch }, &[self.reshape(&dims), at], loc)
    }

    /// The lower triangular matrices with these rows, one after another (NumPyro's `vec_to_tril_matrix`): the inverse of
    /// [`Tensor::matrix_to_tril_vec`], zero elsewhere. A length that fills no triangle, or a positive `diagonal`, is an
    /// error.
    ///
    /// ```
    /// use pyroxene_frontend::{eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let l = eval(|| Tensor::from([1.0, 2.0, 3.0]).vec_to_tril_matrix(0))?;
    /// assert_eq!(l.as_slice::<f64>(), Some(&[1.0, 0.0, 2.0, 3.0][..]));
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn vec_to_tril_matrix(self, diagonal: isize) -> Tensor {
        composed(Loc::caller(), || self.unpacked(diagonal))
    }

    fn unpacked(self, diagonal: isize) -> Tensor {
        let (op, loc) = ("vec_to_tril_matrix", Loc::caller());
        let Some(axis) = self.resolve_axis(op, -1, &loc) else { return Tensor::POISON };
        let Some(above) = above_diagonal(op, diagonal, &loc) else { return Tensor::POISON };
        let mut dims = self.dims();
        let len = dims[axis];
        let rows = triangular_root(len);
        if triangular(rows) != len {
            let (what, expected) = (op.to_string(), "a last size of 1, 3, 6, 10 and so on".into());
            let help = "a triangle of n rows has n (n + 1) / 2 elements".into();
            return fail(ErrorKind::Shape { what, found: dims.to_vec(), expected, help }, loc);
        }
        let n = rows.saturating_add(above);
        dims.truncate(axis);
        dims.extend([n, n]);
        if len == 0 {
            return Tensor::full(&dims, 0.0).convert(self.dtype());
        }
        let inside = band(n, n, ops::Comparison::Ge, diagonal, &loc);
        let (row, column) = (Tensor::arange(n) + diagonal as i64, Tensor::arange(n));
        let at = (row * (row + 1) / 2).reshape(&[n, 1]) + column;
        let taken = apply(ops::Take { axis }, &[self, inside.select(at, 0)], loc);
        inside.select(taken, Tensor::from(0.0).convert(self.dtype()))
    }
}

/// How many diagonals from the main one on are left out; a positive `diagonal` is an error, and `None`.
fn above_diagonal(op: &'static str, diagonal: isize, loc: &Loc) -> Option<usize> {
    if diagonal <= 0 {
        return Some(diagonal.unsigned_abs());
    }
    let found = format!("{op}: diagonal {diagonal} lies above the main one");
    fail(ErrorKind::Usage { found, help: "pass 0, or less to leave out diagonals".into() }, loc.clone());
    None
}

/// The number of elements of a triangle of `n` rows.
pub(crate) fn triangular(n: usize) -> usize {
    n.saturating_mul(n.saturating_add(1)) / 2
}

/// The most rows whose triangle has at most `len` elements.
pub(crate) fn triangular_root(len: usize) -> usize {
    // The square root is off by less than one; what it says is put right by its neighbours.
    let guess = ((8.0 * len as f64 + 1.0).sqrt() / 2.0) as usize + 1;
    (guess.saturating_sub(3)..=guess).rev().find(|n| triangular(*n) <= len).unwrap_or(0)
}
