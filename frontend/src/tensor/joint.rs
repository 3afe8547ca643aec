//! Several indexed dimensions as one: integer arrays become one array of positions among the elements they choose from.

use pyroxene_ir::{DType, Dims, Loc, ops, shape};

use super::Tensor;
use crate::trace::{apply, broadcast_dims};

/// A tensor with its indexed dimensions merged into one, and the position along it.
pub(super) struct Joint {
    x: Tensor,
    /// The merged dimension.
    axis: usize,
    /// Integer arrays, one for each merged dimension, of the sizes beside them.
    at: Vec<Tensor>,
    sizes: Dims,
    /// The order of dimensions before they were merged.
    permutation: Dims,
    /// The dimensions in that order.
    permuted: Dims,
}

impl Joint {
    /// Merges `axes` of `x`, indexed by `at`, into one dimension at place `axis` among the others.
    pub(super) fn of(x: Tensor, axes: Vec<usize>, at: Vec<Tensor>, axis: usize, loc: &Loc) -> Joint {
        let dims = x.dims();
        let others: Vec<usize> = (0..dims.len()).filter(|i| !axes.contains(i)).collect();
        let axis = axis.min(others.len());
        let permutation: Dims = others[..axis].iter().chain(&axes).chain(&others[axis..]).copied().collect();
        let permuted: Dims = permutation.iter().map(|i| dims[*i]).collect();
        let sizes: Dims = axes.iter().map(|i| dims[*i]).collect();
        let mut merged = permuted.clone();
        merged.drain(axis + 1..axis + axes.len());
        merged[axis] = sizes.iter().product();
        let x = permute(x, &permutation, loc);
        let x = apply(ops::Reshape { dims: merged }, &[x], loc.clone());
        Joint { x, axis, at, sizes, permutation, permuted }
    }

    /// The positions along the merged dimension. One outside stays outside for `Outside::Drop`.
    fn position(&self, outside: Outside, loc: &Loc) -> Tensor {
        if let [at] = self.at.as_slice() {
            return *at;
        }
        let Some(dims) = broadcast_dims("at", &self.at, loc) else { return Tensor::POISON };
        let strides = shape::strides(&self.sizes);
        let mut position = Tensor::from(0i64);
        let mut inside = Tensor::from(true);
        for ((at, n), stride) in self.at.iter().zip(&self.sizes).zip(strides) {
            let at = at.convert(DType::I64).broadcast_to(&dims);
            match outside {
                Outside::Clamp => position = position + at.clamp(0i64, n.saturating_sub(1)) * stride,
                Outside::Drop => {
                    inside = inside & at.greater_equal(0i64) & at.less(*n);
                    position = position + at * stride;
                }
            }
        }
        if outside == Outside::Drop { inside.select(position, -1i64) } else { position }
    }

    /// The slices at the positions.
    pub(super) fn read(&self, loc: &Loc) -> Tensor {
        apply(ops::Take { axis: self.axis }, &[self.x, self.position(Outside::Clamp, loc)], loc.clone())
    }

    /// The dimensions of what [`Joint::read`] gives; `None` after an error.
    pub(super) fn read_dims(&self, loc: &Loc) -> Option<Dims> {
        let at = broadcast_dims("at", &self.at, loc)?;
        let dims = self.x.dims();
        Some(dims[..self.axis].iter().chain(&at).chain(&dims[self.axis + 1..]).copied().collect())
    }

    /// The tensor before merging, with `updates` written at the positions; those outside are dropped.
    pub(super) fn write(&self, updates: Tensor, how: Write, loc: &Loc) -> Tensor {
        let operands = [self.x, self.position(Outside::Drop, loc), updates];
        let written = match how {
            Write::Add => apply(ops::ScatterAdd { axis: self.axis }, &operands, loc.clone()),
            Write::By(by) => apply(ops::Scatter { axis: self.axis, by }, &operands, loc.clone()),
        };
        let apart = apply(ops::Reshape { dims: self.permuted.clone() }, &[written], loc.clone());
        let mut back = self.permutation.clone();
        self.permutation.iter().enumerate().for_each(|(i, p)| back[*p] = i);
        permute(apart, &back, loc)
    }
}

/// What becomes of positions outside.
#[derive(Clone, Copy, PartialEq)]
enum Outside {
    Clamp,
    Drop,
}

/// How an update joins what is there.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Write {
    Add,
    By(ops::Combine),
}

fn permute(x: Tensor, permutation: &[usize], loc: &Loc) -> Tensor {
    if permutation.is_sorted() {
        return x;
    }
    apply(ops::Transpose { permutation: Dims::from_slice(permutation) }, &[x], loc.clone())
}
