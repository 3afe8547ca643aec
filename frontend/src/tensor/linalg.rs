//! Linear algebra on batches of matrices: factors, systems of equations, determinants and norms.

use pyroxene_ir::{Dims, Loc, ops, shape};

use super::Tensor;
use crate::trace::{ErrorKind, apply, fail, promote};

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
    /// The lower triangular `L` with `L Lᵀ = A` for each symmetric positive definite matrix (`jax.numpy.linalg.cholesky`,
    /// NumPy's too): of an `A` that is not symmetric the mean with its transpose is taken. Every element is NaN where a
    /// matrix is not positive definite. Matrices that are not square are an error.
    ///
    /// ```
    /// use pyroxene_frontend::{eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let a = Array::new([2, 2], vec![4.0, 2.0, 2.0, 10.0])?;
    /// assert_eq!(eval(|| Tensor::from(a).cholesky())?.as_slice::<f64>(), Some(&[2.0, 0.0, 1.0, 3.0][..]));
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn cholesky(self) -> Tensor {
        let loc = Loc::caller();
        if self.square_matrix("cholesky", &loc).is_none() {
            return Tensor::POISON;
        }
        let a = self.as_float(loc.clone());
        apply(ops::Cholesky, &[(a + a.matrix_transpose()) * 0.5], loc)
    }

    /// The `x` with `A x = b` for triangular `A` (`jax.scipy.linalg.solve_triangular`), of which one triangle is read. A
    /// `b` of one dimension is a vector, of more it is matrices; batches broadcast.
    #[track_caller]
    pub fn solve_triangular(self, b: impl Into<Tensor>, triangle: Triangle) -> Tensor {
        let loc = Loc::caller();
        let Some(system) = System::new("solve_triangular", self, b.into(), &loc) else {
            return Tensor::POISON;
        };
        system.finish(system.triangular(triangle, system.columns, &loc), &loc)
    }

    /// The `x` with `L Lᵀ x = b` for a Cholesky factor `L` (`jax.scipy.linalg.cho_solve`); `b` as in
    /// [`Tensor::solve_triangular`].
    #[track_caller]
    pub fn cho_solve(self, b: impl Into<Tensor>) -> Tensor {
        let loc = Loc::caller();
        let Some(system) = System::new("cho_solve", self, b.into(), &loc) else { return Tensor::POISON };
        let half = system.triangular(Triangle::LOWER, system.columns, &loc);
        system.finish(system.triangular(Triangle::LOWER.transposed(), half, &loc), &loc)
    }

    /// `ln det A` of each symmetric positive definite matrix, by its Cholesky factor; NaN where one is not.
    #[track_caller]
    pub fn logdet_spd(self) -> Tensor {
        let factor = self.cholesky();
        if factor.is_poison() { factor } else { factor.tri_logabsdet() * 2.0 }
    }

    /// `ln |det A|` of each triangular matrix (NumPyro's `tri_logabsdet`, which expects a positive diagonal).
    #[track_caller]
    pub fn tri_logabsdet(self) -> Tensor {
        let loc = Loc::caller();
        if self.square_matrix("tri_logabsdet", &loc).is_none() {
            return Tensor::POISON;
        }
        self.diagonal_at(&loc).as_float(loc).abs().log().sum_axis(-1)
    }

    /// The Cholesky factor of the inverse of each symmetric positive definite matrix, without the inverse itself (NumPyro's
    /// `cholesky_of_inverse`).
    #[track_caller]
    pub fn cholesky_of_inverse(self) -> Tensor {
        let loc = Loc::caller();
        let Some(n) = self.square_matrix("cholesky_of_inverse", &loc) else { return Tensor::POISON };
        // With rows and columns reversed A = U Uᵀ, so that A⁻¹ = L Lᵀ with L = U⁻ᵀ.
        let factor = self.reversed(&loc).cholesky().reversed(&loc);
        let one = Tensor::full(&[n], 1.0).convert(factor.dtype());
        let identity = Tensor::full(&[n, n], 0.0).convert(factor.dtype()).add_diag(one);
        factor.solve_triangular(identity, Triangle::UPPER.transposed())
    }

    /// Rows and columns in reversed order.
    #[track_caller]
    fn reversed(self, loc: &Loc) -> Tensor {
        let rank = self.rank();
        if self.is_poison() || rank < 2 {
            return Tensor::POISON;
        }
        let n = self.dims()[rank - 1];
        if n < 2 {
            return self;
        }
        let at = n as i64 - 1 - Tensor::arange(n);
        let rows = apply(ops::Take { axis: rank - 2 }, &[self, at], loc.clone());
        apply(ops::Take { axis: rank - 1 }, &[rows, at], loc.clone())
    }

    /// The Euclidean norm of all elements: of a vector its length, of a matrix Frobenius' norm (NumPy's `norm`). Its
    /// derivative at zero is zero.
    #[track_caller]
    pub fn norm(self) -> Tensor {
        self.flat().vector_norm(2.0, -1)
    }

    /// The norms `(Σ |x|ᵖ)^(1/p)` along `axis`, which disappears (`jax.numpy.linalg.vector_norm`); `p` may be infinite,
    /// and zero counts the elements that are not zero. The derivative at zero is zero.
    #[track_caller]
    pub fn vector_norm(self, p: f64, axis: isize) -> Tensor {
        let loc = Loc::caller();
        let Some(at) = self.resolve_axis("vector_norm", axis, &loc) else { return Tensor::POISON };
        let x = self.as_float(loc.clone());
        if p.is_nan() {
            let help = "pass a number, or an infinity".into();
            return fail(ErrorKind::Usage { found: "vector_norm: `p` is NaN".into(), help }, loc);
        }
        let size = x.abs();
        match p {
            f64::INFINITY => size.max_axis(axis),
            f64::NEG_INFINITY => size.min_axis(axis),
            0.0 => x.not_equal(0.0).convert(x.dtype()).sum_axis(axis),
            1.0 => size.sum_axis(axis),
            2.0 => root(x.square().sum_axis(at as isize), 0.5),
            p => root(size.pow(p).sum_axis(at as isize), 1.0 / p),
        }
    }
}

/// `sᵉ`, and zero with derivative zero where `s` is zero.
#[track_caller]
fn root(s: Tensor, exponent: f64) -> Tensor {
    let zero = s.equal(0.0);
    let inside = zero.select(1.0, s);
    let root = if exponent == 0.5 { inside.sqrt() } else { inside.pow(exponent) };
    zero.select(0.0, root)
}
