//! Systems of linear equations on batches of matrices, and inverses.

use pyroxene_ir::{Dims, Loc, ops, shape};

use super::Tensor;
use crate::trace::{ErrorKind, apply, composed, fail, promote};

/// Which triangle of a matrix is read, and how it enters a system of equations.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let l = Array::new([2, 2], vec![2.0, 0.0, 1.0, 4.0])?;
/// let x = eval(|| Tensor::from(l).solve_triangular([2.0, 8.0], Triangle::LOWER.transposed()))?;
/// assert_eq!(x.as_slice::<f64>(), Some(&[0.0, 2.0][..]));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Triangle {
    lower: bool,
    transpose: bool,
    unit_diagonal: bool,
}

impl Triangle {
    /// The lower triangle with the diagonal.
    pub const LOWER: Triangle = Triangle { lower: true, transpose: false, unit_diagonal: false };
    /// The upper triangle with the diagonal.
    pub const UPPER: Triangle = Triangle { lower: false, ..Triangle::LOWER };

    /// The same triangle, transposed after it is read.
    pub const fn transposed(self) -> Triangle {
        Triangle { transpose: !self.transpose, ..self }
    }

    /// The same triangle with ones on the diagonal, which is not read.
    pub const fn unit_diagonal(self) -> Triangle {
        Triangle { unit_diagonal: true, ..self }
    }
}

/// The right-hand side of a system of equations, brought to batches of columns.
struct System {
    matrix: Tensor,
    columns: Tensor,
    /// The dimensions of the solution.
    dims: Dims,
    /// Columns of a batch that shares its matrix lie side by side; these are their dimensions.
    side_by_side: Option<Dims>,
}

impl System {
    /// Brings matrix and right-hand side together: one element type, equal batches. `None` after an error.
    fn new(op: &'static str, a: Tensor, b: Tensor, loc: &Loc) -> Option<System> {
        if a.is_poison() || b.is_poison() {
            return None;
        }
        let both = promote(op, &[a, b], loc)?;
        let (a, b) = (both[0].as_float(loc.clone()), both[1].as_float(loc.clone()));
        let n = a.square_matrix(op, loc)?;
        let (a_dims, b_dims) = (a.dims(), b.dims());
        // NumPy's rule: one dimension is a vector, more are matrices.
        let vector = b_dims.len() == 1;
        let rows = b_dims.len().checked_sub(if vector { 1 } else { 2 }).map(|at| b_dims[at]);
        let batches = (&a_dims[..a_dims.len() - 2], &b_dims[..b_dims.len().saturating_sub(2)]);
        let batch = shape::broadcast(batches.0, batches.1).filter(|_| rows == Some(n));
        let Some(batch) = batch else {
            let what = format!("{op}: the right-hand side of matrices of shape {a_dims:?}");
            let expected = format!("[{n}], or [.., {n}, k] with a batch that broadcasts");
            let help = "a vector has one dimension, a batch of vectors needs a last one of size 1".into();
            fail(ErrorKind::Shape { what, found: b_dims.to_vec(), expected, help }, loc.clone());
            return None;
        };
        let columns = if vector { 1 } else { b_dims[b_dims.len() - 1] };
        let full: Dims = batch.iter().copied().chain([n, columns]).collect();
        let dims = if vector { full[..full.len() - 1].into() } else { full.clone() };
        if batches.0.is_empty() && batch.len() == 1 {
            return Some(System::shared(a, b, full, loc));
        }
        let column = if vector { b.reshape(&[n, 1]) } else { b };
        let matrix: Dims = batch.iter().copied().chain([n, n]).collect();
        Some(System {
            matrix: a.broadcast_at(&matrix, loc.clone()),
            columns: column.broadcast_at(&full, loc.clone()),
            dims,
            side_by_side: None,
        })
    }

    /// One matrix for a batch of right-hand sides `[s, n, k]`: they become one of `s k` columns.
    fn shared(a: Tensor, b: Tensor, dims: Dims, loc: &Loc) -> System {
        let apart = Dims::from_slice(&[dims[1], dims[0], dims[2]]);
        let turned = apply(ops::Transpose { permutation: Dims::from_slice(&[1, 0, 2]) }, &[b], loc.clone());
        let columns = turned.reshape(&[dims[1], dims[0].saturating_mul(dims[2])]);
        System { matrix: a, columns, dims, side_by_side: Some(apart) }
    }

    /// The solution in the shape of the right-hand side.
    fn finish(&self, x: Tensor, loc: &Loc) -> Tensor {
        let x = match &self.side_by_side {
            Some(apart) => {
                let permutation = Dims::from_slice(&[1, 0, 2]);
                apply(ops::Transpose { permutation }, &[x.reshape(apart)], loc.clone())
            }
            None => x,
        };
        if x.dims() == self.dims { x } else { x.reshape(&self.dims) }
    }

    /// Solves with one triangle of the matrix.
    fn triangular(&self, triangle: Triangle, columns: Tensor, loc: &Loc) -> Tensor {
        let Triangle { lower, transpose, unit_diagonal } = triangle;
        let op = ops::TriangularSolve { left: true, lower, transpose, unit_diagonal };
        apply(op, &[self.matrix, columns], loc.clone())
    }
}

impl Tensor {
    /// The `x` with `A x = b` for triangular `A` (`jax.scipy.linalg.solve_triangular`), of which one triangle is read. A
    /// `b` of one dimension is a vector, of more it is matrices; batches broadcast.
    #[track_caller]
    pub fn solve_triangular(self, b: impl Into<Tensor>, triangle: Triangle) -> Tensor {
        let (b, loc) = (b.into(), Loc::caller());
        composed(loc.clone(), || {
            let Some(system) = System::new("solve_triangular", self, b, &loc) else {
                return Tensor::POISON;
            };
            system.finish(system.triangular(triangle, system.columns, &loc), &loc)
        })
    }

    /// The `x` with `L Lᵀ x = b` for a Cholesky factor `L` (`jax.scipy.linalg.cho_solve`); `b` as in
    /// [`Tensor::solve_triangular`].
    #[track_caller]
    pub fn cho_solve(self, b: impl Into<Tensor>) -> Tensor {
        let (b, loc) = (b.into(), Loc::caller());
        composed(loc.clone(), || {
            let Some(system) = System::new("cho_solve", self, b, &loc) else { return Tensor::POISON };
            let half = system.triangular(Triangle::LOWER, system.columns, &loc);
            system.finish(system.triangular(Triangle::LOWER.transposed(), half, &loc), &loc)
        })
    }

    /// The `x` with `A x = b` for square matrices (NumPy's `solve`); `b` as in [`Tensor::solve_triangular`]. Infinite or NaN
    /// where a matrix is singular. For symmetric positive definite matrices [`Tensor::cho_solve`] is cheaper.
    ///
    /// ```
    /// use pyroxene_frontend::{eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let a = Array::new([2, 2], vec![0.0, 2.0, 1.0, 0.0])?;
    /// let x = eval(|| Tensor::from(a).solve([4.0, 3.0]))?;
    /// assert!(x.to_f64_vec().iter().zip([3.0, 2.0]).all(|(x, y)| (x - y).abs() < 1e-15));
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn solve(self, b: impl Into<Tensor>) -> Tensor {
        let (b, loc) = (b.into(), Loc::caller());
        composed(loc.clone(), || {
            let Some(system) = System::new("solve", self, b, &loc) else { return Tensor::POISON };
            let op = ops::Solve { transpose: false };
            system.finish(apply(op, &[system.matrix, system.columns], loc.clone()), &loc)
        })
    }

    /// The inverse of each square matrix (NumPy's `inv`); infinite or NaN where one is singular. To apply an inverse use
    /// [`Tensor::solve`].
    #[track_caller]
    pub fn inv(self) -> Tensor {
        let loc = Loc::caller();
        composed(loc.clone(), || {
            let Some(n) = self.square_matrix("inv", &loc) else { return Tensor::POISON };
            let a = self.as_float(loc.clone());
            a.solve(Tensor::identity(n, a.dtype()).broadcast_to(&a.dims()))
        })
    }
}
