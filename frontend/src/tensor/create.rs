//! Tensors made from nothing but their shape, and matrices by where their elements lie.

use pyroxene_ir::{DType, Dims, Loc, ops};

use super::Tensor;
use crate::trace::{self, ErrorKind, apply, composed, fail};

impl Tensor {
    /// Every element `x`.
    #[track_caller]
    pub fn full(dims: &[usize], x: impl Into<Tensor>) -> Tensor {
        x.into().broadcast_to(dims)
    }

    /// Every element zero, as a literal: it takes the element type of what it meets.
    #[track_caller]
    pub fn zeros(dims: &[usize]) -> Tensor {
        composed(Loc::caller(), || Tensor::full(dims, 0.0))
    }

    /// Every element one, as a literal: it takes the element type of what it meets.
    #[track_caller]
    pub fn ones(dims: &[usize]) -> Tensor {
        composed(Loc::caller(), || Tensor::full(dims, 1.0))
    }

    /// The integers 0, 1, … n − 1.
    #[track_caller]
    pub fn arange(n: usize) -> Tensor {
        Tensor::counting(trace::DEFAULT_INT, &[n], 0, Loc::caller())
    }

    /// The position along `axis` of each element of a tensor with these dimensions (`jax.lax.broadcasted_iota`).
    #[track_caller]
    pub fn iota(dtype: DType, dims: &[usize], axis: isize) -> Tensor {
        let loc = Loc::caller();
        match pyroxene_ir::shape::axis(axis, dims.len()) {
            Some(axis) => Tensor::counting(dtype, dims, axis, loc),
            None => fail(ErrorKind::Axis { op: "iota", axis, dims: dims.to_vec() }, loc),
        }
    }

    pub(super) fn counting(dtype: DType, dims: &[usize], axis: usize, loc: Loc) -> Tensor {
        apply(ops::Iota { dtype, dims: Dims::from_slice(dims), axis }, &[], loc)
    }

    /// `n` numbers from `start` to `stop`, both included, at equal distances.
    #[track_caller]
    pub fn linspace(start: impl Into<Tensor>, stop: impl Into<Tensor>, n: usize) -> Tensor {
        let (start, stop, loc) = (start.into(), stop.into(), Loc::caller());
        composed(loc.clone(), || {
            let Some(ends) = trace::promote("linspace", &[start, stop], &loc) else { return Tensor::POISON };
            let dtype = ends[0].as_float(loc.clone()).dtype();
            let step = Tensor::counting(dtype, &[n], 0, loc) / n.saturating_sub(1).max(1) as f64;
            // By weights, so that both ends are exact.
            start * (1.0 - step) + stop * step
        })
    }

    /// The identity matrix.
    #[track_caller]
    pub fn eye(n: usize) -> Tensor {
        Tensor::eye_at(n, n, 0, Loc::caller())
    }

    /// An `n × m` matrix with ones where the column is the row plus `k`, zeros elsewhere (NumPy's `eye(n, m, k)`).
    #[track_caller]
    pub fn eye_of(n: usize, m: usize, k: isize) -> Tensor {
        Tensor::eye_at(n, m, k, Loc::caller())
    }

    fn eye_at(n: usize, m: usize, k: isize, loc: Loc) -> Tensor {
        composed(loc.clone(), || {
            let [row, column] = places(&[n, m], &loc);
            (row + offset(k)).equal(column).convert(trace::DEFAULT_FLOAT)
        })
    }

    /// An `n × m` matrix with ones where the column is at most the row plus `k`, zeros elsewhere (NumPy's `tri`).
    #[track_caller]
    pub fn tri(n: usize, m: usize, k: isize) -> Tensor {
        let loc = Loc::caller();
        composed(loc.clone(), || below(&[n, m], k, &loc).convert(trace::DEFAULT_FLOAT))
    }

    /// Each matrix with zeros above diagonal `k`: 0 is the main one, positive ones lie above it.
    #[track_caller]
    pub fn tril(self, k: isize) -> Tensor {
        let loc = Loc::caller();
        composed(loc.clone(), || match self.matrix("tril", &loc) {
            Some(_) => below(&self.dims(), k, &loc).select(self, self.zero()),
            None => Tensor::POISON,
        })
    }

    /// Each matrix with zeros below diagonal `k`: 0 is the main one, positive ones lie above it.
    #[track_caller]
    pub fn triu(self, k: isize) -> Tensor {
        let loc = Loc::caller();
        composed(loc.clone(), || match self.matrix("triu", &loc) {
            Some(_) => below(&self.dims(), k.saturating_sub(1), &loc).select(self.zero(), self),
            None => Tensor::POISON,
        })
    }

    /// Zero, or false, in this tensor's element type.
    pub(super) fn zero(self) -> Tensor {
        if self.dtype() == DType::Bool { Tensor::from(false) } else { Tensor::from(0i64) }
    }

    /// The matrix with this vector on diagonal `k`, or diagonal `k` of this matrix (NumPy's `diag`).
    #[track_caller]
    pub fn diag(self, k: isize) -> Tensor {
        let loc = Loc::caller();
        match (self.is_poison(), self.dims().as_slice()) {
            (true, _) => self,
            (_, [n]) => self.on_diagonal(*n, k, &loc),
            (_, [n, m]) => self.of_diagonal([*n, *m], k, &loc),
            (_, dims) => {
                let (what, found, help) =
                    ("diag".to_string(), dims.to_vec(), "`diagonal` takes batches".into());
                fail(ErrorKind::Shape { what, found, expected: "a vector or a matrix".into(), help }, loc)
            }
        }
    }

    fn on_diagonal(self, n: usize, k: isize, loc: &Loc) -> Tensor {
        let (up, down) = (k.max(0).unsigned_abs(), k.min(0).unsigned_abs());
        let size = n.saturating_add(up).saturating_add(down);
        // Row after row, elements of the diagonal are a row and one apart.
        let low = down.saturating_mul(size).saturating_add(up);
        let extent = n.saturating_sub(1).saturating_mul(size.saturating_add(1)) + usize::from(n > 0);
        let high = size.saturating_mul(size).saturating_sub(low).saturating_sub(extent);
        let [low, high] = if n == 0 { [0, size.saturating_mul(size)] } else { [low, high] };
        let one = |x: usize| Dims::from_slice(&[x]);
        let flat =
            apply(ops::Pad { low: one(low), high: one(high), interior: one(size) }, &[self], loc.clone());
        apply(ops::Reshape { dims: Dims::from_slice(&[size, size]) }, &[flat], loc.clone())
    }

    fn of_diagonal(self, [n, m]: [usize; 2], k: isize, loc: &Loc) -> Tensor {
        let (up, down) = (k.max(0).unsigned_abs(), k.min(0).unsigned_abs());
        let length = n.saturating_sub(down).min(m.saturating_sub(up));
        let flat = apply(ops::Reshape { dims: Dims::from_slice(&[n * m]) }, &[self], loc.clone());
        let start = if length == 0 { 0 } else { down * m + up };
        let limit = start + length.saturating_sub(1) * (m + 1) + usize::from(length > 0);
        let one = |x: usize| Dims::from_slice(&[x]);
        apply(ops::Slice { start: one(start), limit: one(limit), stride: one(m + 1) }, &[flat], loc.clone())
    }

    /// For each integer `i` the vector of `n` zeros with a one at position `i`, all zeros where that is outside
    /// (`jax.nn.one_hot`): a new last dimension, of floats.
    ///
    /// ```
    /// use pyroxene_frontend::{eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = eval(|| Tensor::from(Array::from([1i64, 0])).one_hot(2))?;
    /// assert_eq!(x.as_slice(), Some(&[0.0, 1.0, 1.0, 0.0][..]));
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn one_hot(self, n: usize) -> Tensor {
        let loc = Loc::caller();
        composed(loc.clone(), || {
            if !self.is_poison() && !self.dtype().is_integer() {
                let found = format!("one_hot: expected integers, found {}", self.ty());
                let help = "convert first, as in `x.convert(DType::I64)`".into();
                return fail(ErrorKind::Usage { found, help }, loc);
            }
            let classes = Tensor::counting(self.dtype(), &[n], 0, loc);
            self.expand_dims(-1).equal(classes).convert(trace::DEFAULT_FLOAT)
        })
    }
}

/// A diagonal's number; those beyond any matrix are alike, and must not wrap around.
fn offset(k: isize) -> i64 {
    (k as i64).clamp(-(1 << 41), 1 << 41)
}

/// Row and column of each element of matrices.
fn places(dims: &[usize], loc: &Loc) -> [Tensor; 2] {
    let rank = dims.len();
    [rank - 2, rank - 1].map(|axis| Tensor::counting(DType::I64, dims, axis, loc.clone()))
}

/// Whether each element of matrices lies on or below diagonal `k`.
fn below(dims: &[usize], k: isize, loc: &Loc) -> Tensor {
    let [row, column] = places(dims, loc);
    (row + offset(k)).greater_equal(column)
}
