//! Linear algebra on batches of matrices: factors, eigenvalues, determinants and norms.

use pyroxene_ir::{DType, Dims, Loc, Op, ops};

use super::{Tensor, Triangle};
use crate::trace::{ErrorKind, apply, build, composed, fail};

/// Both results of an op of two.
fn apply_two(op: impl Into<Op>, x: Tensor, loc: Loc) -> (Tensor, Tensor) {
    let op = op.into();
    let name = op.name();
    let first = apply(op, &[x], loc.clone());
    (first, build(name, &[first], loc, |g, v| g.part(v[0], 1)))
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
        composed(loc.clone(), || match self.symmetrised("cholesky", &loc) {
            Some(a) => apply(ops::Cholesky, &[a], loc),
            None => Tensor::POISON,
        })
    }

    /// The mean of each square matrix and its transpose; others are an error, and `None`.
    fn symmetrised(self, op: &'static str, loc: &Loc) -> Option<Tensor> {
        self.square_matrix(op, loc)?;
        let a = self.as_float(loc.clone());
        Some((a + a.matrix_transpose()) * 0.5)
    }

    /// The identity.
    #[track_caller]
    pub(super) fn identity(n: usize, dtype: DType) -> Tensor {
        let one = Tensor::from(1.0).convert(dtype);
        Tensor::full(&[n, n], 0.0).convert(dtype).add_diag(one)
    }

    /// `Q R = A` for each matrix `m × n`, with orthonormal columns in `Q`, `m × k`, and upper triangular `R`, `k × n`, where
    /// `k = min(m, n)` (NumPy's `qr`).
    ///
    /// ```
    /// use pyroxene_frontend::{eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let a = Array::new([3, 2], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
    /// let again = eval(|| {
    ///     let (q, r) = Tensor::from(a.clone()).qr();
    ///     q.matmul(r)
    /// })?;
    /// assert!(again.to_f64_vec().iter().zip(a.to_f64_vec()).all(|(x, y)| (x - y).abs() < 1e-14));
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn qr(self) -> (Tensor, Tensor) {
        self.qr_at(false, Loc::caller())
    }

    /// The same with `Q` square and `R` of `A`'s shape (NumPy's `qr(mode="complete")`); without derivative where a matrix is
    /// higher than wide, for there the last columns of `Q` are not determined.
    #[track_caller]
    pub fn qr_complete(self) -> (Tensor, Tensor) {
        self.qr_at(true, Loc::caller())
    }

    fn qr_at(self, full: bool, loc: Loc) -> (Tensor, Tensor) {
        if self.matrix("qr", &loc).is_none() {
            return (Tensor::POISON, Tensor::POISON);
        }
        apply_two(ops::Qr { full }, self.as_float(loc.clone()), loc)
    }

    /// The eigenvalues of each symmetric matrix in ascending order, and orthonormal eigenvectors as the columns of a matrix
    /// (`jax.numpy.linalg.eigh`): of an `A` that is not symmetric the mean with its transpose is taken. Signs of
    /// eigenvectors are arbitrary; their derivatives are infinite where eigenvalues are equal. NaN where an element is not
    /// finite.
    #[track_caller]
    pub fn eigh(self) -> (Tensor, Tensor) {
        let loc = Loc::caller();
        composed(loc.clone(), || match self.symmetrised("eigh", &loc) {
            Some(a) => apply_two(ops::Eigh, a, loc),
            None => (Tensor::POISON, Tensor::POISON),
        })
    }

    /// The eigenvalues of each symmetric matrix in ascending order (NumPy's `eigvalsh`).
    #[track_caller]
    pub fn eigvalsh(self) -> Tensor {
        self.eigh().0
    }

    /// The sign of the determinant of each square matrix, and the logarithm of its modulus (NumPy's `slogdet`); zero and −∞
    /// of a singular one.
    #[track_caller]
    pub fn slogdet(self) -> (Tensor, Tensor) {
        let loc = Loc::caller();
        match self.square_matrix("slogdet", &loc) {
            Some(_) => apply_two(ops::Slogdet, self.as_float(loc.clone()), loc),
            None => (Tensor::POISON, Tensor::POISON),
        }
    }

    /// The determinant of each square matrix (NumPy's `det`): a formula up to `3 × 3`, beyond it by [`Tensor::slogdet`],
    /// where the derivative of a singular matrix is NaN.
    #[track_caller]
    pub fn det(self) -> Tensor {
        let loc = Loc::caller();
        composed(loc.clone(), || {
            let Some(n) = self.square_matrix("det", &loc) else { return Tensor::POISON };
            if n > 3 {
                let (sign, log) = self.slogdet();
                return sign * log.exp();
            }
            let a = self.as_float(loc.clone());
            let rank = a.rank();
            let batch = Dims::from_slice(&a.dims()[..rank - 2]);
            let at = |i: usize, j: usize| {
                a.part(rank - 2, i, i + 1, &loc).part(rank - 1, j, j + 1, &loc).reshape(&batch)
            };
            let minor = |j: usize, k: usize| at(1, j) * at(2, k) - at(1, k) * at(2, j);
            match n {
                0 => Tensor::full(&batch, 1.0).convert(a.dtype()),
                1 => at(0, 0),
                2 => at(0, 0) * at(1, 1) - at(0, 1) * at(1, 0),
                _ => at(0, 0) * minor(1, 2) - at(0, 1) * minor(0, 2) + at(0, 2) * minor(0, 1),
            }
        })
    }

    /// `ln det A` of each symmetric positive definite matrix, by its Cholesky factor; NaN where one is not.
    #[track_caller]
    pub fn logdet_spd(self) -> Tensor {
        composed(Loc::caller(), || {
            let factor = self.cholesky();
            if factor.is_poison() { factor } else { factor.tri_logabsdet() * 2.0 }
        })
    }

    /// `ln |det A|` of each triangular matrix (NumPyro's `tri_logabsdet`, which expects a positive diagonal).
    #[track_caller]
    pub fn tri_logabsdet(self) -> Tensor {
        let loc = Loc::caller();
        composed(loc.clone(), || match self.square_matrix("tri_logabsdet", &loc) {
            Some(_) => self.diagonal().as_float(loc).abs().log().sum_axis(-1),
            None => Tensor::POISON,
        })
    }

    /// The Cholesky factor of the inverse of each symmetric positive definite matrix, without the inverse itself (NumPyro's
    /// `cholesky_of_inverse`).
    #[track_caller]
    pub fn cholesky_of_inverse(self) -> Tensor {
        let loc = Loc::caller();
        composed(loc.clone(), || {
            let Some(n) = self.square_matrix("cholesky_of_inverse", &loc) else { return Tensor::POISON };
            // With rows and columns reversed A = U Uᵀ, so that A⁻¹ = L Lᵀ with L = U⁻ᵀ.
            let axes = Dims::from_slice(&[self.rank() - 2, self.rank() - 1]);
            let turned = |x: Tensor| apply(ops::Reverse { axes: axes.clone() }, &[x], loc.clone());
            let factor = turned(turned(self).cholesky());
            let identity = Tensor::identity(n, factor.dtype()).broadcast_to(&factor.dims());
            factor.solve_triangular(identity, Triangle::UPPER.transposed())
        })
    }

    /// The Euclidean norm of all elements: of a vector its length, of a matrix Frobenius' norm (NumPy's `norm`). Its
    /// derivative at zero is zero.
    #[track_caller]
    pub fn norm(self) -> Tensor {
        composed(Loc::caller(), || self.flat().vector_norm(2.0, -1))
    }

    /// The norms `(Σ |x|ᵖ)^(1/p)` along `axis`, which disappears (`jax.numpy.linalg.vector_norm`); `p` may be infinite,
    /// and zero counts the elements that are not zero. The derivative at zero is zero.
    #[track_caller]
    pub fn vector_norm(self, p: f64, axis: isize) -> Tensor {
        let loc = Loc::caller();
        if self.resolve_axis("vector_norm", axis, &loc).is_none() {
            return Tensor::POISON;
        }
        let x = self.as_float(loc.clone());
        if p.is_nan() {
            let help = "pass a number, or an infinity".into();
            return fail(ErrorKind::Usage { found: "vector_norm: `p` is NaN".into(), help }, loc);
        }
        composed(loc, || {
            let size = x.abs();
            match p {
                f64::INFINITY => size.max_axis(axis),
                f64::NEG_INFINITY => size.min_axis(axis),
                0.0 => x.not_equal(0.0).convert(x.dtype()).sum_axis(axis),
                1.0 => size.sum_axis(axis),
                2.0 => root(x.square().sum_axis(axis), 0.5),
                p => root(size.pow(p).sum_axis(axis), 1.0 / p),
            }
        })
    }
}

/// `sᵉ`, and zero with derivative zero where `s` is zero.
fn root(s: Tensor, exponent: f64) -> Tensor {
    let zero = s.equal(0.0);
    let inside = zero.select(1.0, s);
    let root = if exponent == 0.5 { inside.sqrt() } else { inside.pow(exponent) };
    zero.select(0.0, root)
}
