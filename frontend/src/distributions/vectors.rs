//! What distributions of vectors share: their sizes, held together, and quadratic forms.

use pyroxene_ir::{Dims, Loc};

use super::Distribution;
use crate::{
    Triangle,
    tensor::Tensor,
    trace::{ErrorKind, fail},
};

/// The size of the last dimension; zero without one.
pub(super) fn last_dim(x: Tensor) -> usize {
    x.dims().last().copied().unwrap_or_default()
}

/// A tensor of at least one dimension; a scalar is reported.
#[track_caller]
pub(super) fn vector(what: &str, x: Tensor) -> Tensor {
    if x.rank() > 0 || x.is_poison() {
        return x;
    }
    let kind = ErrorKind::Shape {
        what: what.into(),
        found: Vec::new(),
        expected: "at least one dimension".into(),
        help: "give a vector, or a batch of vectors".into(),
    };
    fail(kind, Loc::caller())
}

/// Square matrices; others are reported.
#[track_caller]
pub(super) fn square(what: &str, x: Tensor) -> Tensor {
    if x.is_poison() || matches!(&x.dims()[..], [.., n, m] if n == m) {
        return x;
    }
    let kind = ErrorKind::Shape {
        what: what.into(),
        found: x.dims().to_vec(),
        expected: "square matrices".into(),
        help: "the two last sizes must be equal".into(),
    };
    fail(kind, Loc::caller())
}

/// A vector that meets others of size `n`: of that size, or one that is repeated; another is reported.
#[track_caller]
pub(super) fn of_size(what: &str, x: Tensor, n: usize) -> Tensor {
    if x.is_poison() || x.rank() == 0 || [1, n].contains(&last_dim(x)) {
        return x;
    }
    let kind = ErrorKind::Shape {
        what: what.into(),
        found: x.dims().to_vec(),
        expected: format!("a last size of {n}, as the matrix has"),
        help: "the number of elements of a value is that of the matrix's rows".into(),
    };
    fail(kind, Loc::caller())
}

/// `A x` for each matrix and vector.
pub(super) fn times(matrix: Tensor, vector: Tensor) -> Tensor {
    Tensor::einsum("...ij,...j->...i", &[matrix, vector])
}

/// `L⁻¹ x` for each lower triangular matrix and vector.
pub(super) fn solved(tril: Tensor, vector: Tensor) -> Tensor {
    tril.solve_triangular(vector.expand_dims(-1), Triangle::LOWER).squeeze(-1)
}

/// The dimensions of a draw: `sample_shape`, the batch and the event.
pub(super) fn whole_dims(d: &dyn Distribution, sample_shape: &[usize]) -> Dims {
    let mut dims = super::draw_dims(d, sample_shape);
    dims.extend(d.event_shape());
    dims
}

/// A quantity of each element of a value, such as a mean, in all of the batch's and the event's dimensions.
pub(super) fn of_elements(d: &dyn Distribution, x: Tensor) -> Tensor {
    super::spread(x, &whole_dims(d, &[]))
}
