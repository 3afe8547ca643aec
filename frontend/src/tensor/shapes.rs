//! Shapes: the same elements under other dimensions, side by side, repeated or in another order.

use pyroxene_ir::{Dims, Loc, ops};

use super::Tensor;
use crate::trace::{self, ErrorKind, apply, fail};

impl Tensor {
    /// The tensor broadcast to `dims`, NumPy's rule.
    #[track_caller]
    pub fn broadcast_to(self, dims: &[usize]) -> Tensor {
        self.broadcast_at(dims, Loc::caller())
    }

    /// The same elements in row-major order under other dimensions.
    #[track_caller]
    pub fn reshape(self, dims: &[usize]) -> Tensor {
        apply(ops::Reshape { dims: Dims::from_slice(dims) }, &[self], Loc::caller())
    }

    /// The dimensions permuted: dimension `i` of the result is dimension `permutation[i]`.
    #[track_caller]
    pub fn transpose(self, permutation: &[usize]) -> Tensor {
        apply(ops::Transpose { permutation: Dims::from_slice(permutation) }, &[self], Loc::caller())
    }

    /// Tensors one after another along the first dimension.
    #[track_caller]
    pub fn concatenate(parts: &[Tensor]) -> Tensor {
        let loc = Loc::caller();
        if parts.is_empty() {
            let found = "`concatenate` or `stack` of no tensors".to_string();
            let help = "give at least one; `Tensor::full(&[0], 0.0)` is an empty vector".into();
            return fail(ErrorKind::Usage { found, help }, loc);
        }
        match trace::promote("concatenate", parts, &loc) {
            Some(parts) => apply(ops::Concatenate { axis: 0 }, &parts, loc),
            None => Tensor::POISON,
        }
    }

    /// Tensors of equal shape side by side along a new first dimension.
    #[track_caller]
    pub fn stack(parts: &[Tensor]) -> Tensor {
        let rows: Vec<Tensor> = parts
            .iter()
            .map(|t| {
                let mut dims = t.dims();
                dims.insert(0, 1);
                t.reshape(&dims)
            })
            .collect();
        Tensor::concatenate(&rows)
    }
}
