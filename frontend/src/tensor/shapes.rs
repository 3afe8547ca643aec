//! Shapes: the same elements under other dimensions, in another order, or repeated.

use pyroxene_ir::{Dims, Loc, ops};

use super::{Tensor, axes::Axes};
use crate::trace::{ErrorKind, apply, composed, fail};

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

    /// All elements in row-major order as a vector.
    #[track_caller]
    pub fn ravel(self) -> Tensor {
        self.reshape(&[self.ty().len()])
    }

    /// The dimensions permuted: dimension `i` of the result is dimension `permutation[i]`.
    #[track_caller]
    pub fn transpose(self, permutation: &[usize]) -> Tensor {
        apply(ops::Transpose { permutation: Dims::from_slice(permutation) }, &[self], Loc::caller())
    }

    /// Two dimensions exchanged.
    #[track_caller]
    pub fn swapaxes(self, a: isize, b: isize) -> Tensor {
        let loc = Loc::caller();
        let both = (self.resolve_axis("swapaxes", a, &loc), self.resolve_axis("swapaxes", b, &loc));
        let (Some(a), Some(b)) = both else { return Tensor::POISON };
        let mut permutation: Dims = (0..self.rank()).collect();
        permutation.swap(a, b);
        apply(ops::Transpose { permutation }, &[self], loc)
    }

    /// Dimension `from` moved to place `to`; the others keep their order.
    #[track_caller]
    pub fn moveaxis(self, from: isize, to: isize) -> Tensor {
        let loc = Loc::caller();
        let both = (self.resolve_axis("moveaxis", from, &loc), self.resolve_axis("moveaxis", to, &loc));
        let (Some(from), Some(to)) = both else { return Tensor::POISON };
        let mut permutation: Dims = (0..self.rank()).filter(|i| *i != from).collect();
        permutation.insert(to, from);
        apply(ops::Transpose { permutation }, &[self], loc)
    }

    /// Without the dimensions that `axes` name, which must have size one; `..` leaves out all that do.
    #[track_caller]
    pub fn squeeze(self, axes: impl Into<Axes>) -> Tensor {
        let (loc, axes, dims) = (Loc::caller(), axes.into(), self.dims());
        let Some(mut gone) = self.resolve_axes("squeeze", &axes, &loc) else { return Tensor::POISON };
        if axes.count().is_none() {
            gone.retain(|a| dims[*a] == 1);
        }
        if let Some(axis) = gone.iter().find(|a| dims[**a] != 1) {
            let found =
                format!("squeeze: dimension {axis} of shape {dims:?} has size {}, not 1", dims[*axis]);
            let help = "leave out only dimensions of size 1".to_string();
            return fail(ErrorKind::Usage { found, help }, loc);
        }
        let kept: Dims = (0..dims.len()).filter(|i| !gone.contains(i)).map(|i| dims[i]).collect();
        apply(ops::Reshape { dims: kept }, &[self], loc)
    }

    /// With new dimensions of size one, which lie at `axes` of the result.
    #[track_caller]
    pub fn expand_dims(self, axes: impl Into<Axes>) -> Tensor {
        let (loc, axes) = (Loc::caller(), axes.into());
        if self.is_poison() {
            return self;
        }
        let Some(count) = axes.count() else {
            let found = "expand_dims: `..` names no new dimensions".to_string();
            return fail(ErrorKind::Usage { found, help: "name their places, as in `-1`".into() }, loc);
        };
        // Axes are those of the result; an error shows its rank.
        let mut dims: Dims = self.dims();
        dims.extend(std::iter::repeat_n(1, count));
        let Some(new) = axes.resolve("expand_dims", &dims, &loc) else { return Tensor::POISON };
        let own = self.dims();
        let mut next = own.iter().copied();
        let place = |i: usize| if new.contains(&i) { 1 } else { next.next().unwrap_or(1) };
        let dims = (0..dims.len()).map(place).collect();
        apply(ops::Reshape { dims }, &[self], loc)
    }

    /// The elements in opposite order along `axes`.
    #[track_caller]
    pub fn flip(self, axes: impl Into<Axes>) -> Tensor {
        let (loc, axes) = (Loc::caller(), axes.into());
        match self.resolve_axes("flip", &axes, &loc) {
            Some(axes) => apply(ops::Reverse { axes }, &[self], loc),
            None => Tensor::POISON,
        }
    }

    /// The elements moved `shift` places up along `axis`; those that leave at the end come in at the start.
    #[track_caller]
    pub fn roll(self, shift: isize, axis: isize) -> Tensor {
        let loc = Loc::caller();
        let Some(axis) = self.resolve_axis("roll", axis, &loc) else { return Tensor::POISON };
        let n = self.size(axis);
        let Some(shift) = isize::try_from(n).ok().and_then(|n| shift.checked_rem_euclid(n)) else {
            return self;
        };
        let cut = n - shift.unsigned_abs();
        let parts = [self.part(axis, cut, n, &loc), self.part(axis, 0, cut, &loc)];
        apply(ops::Concatenate { axis }, &parts, loc)
    }

    /// The tensor repeated as a whole, `reps[i]` times along dimension `i`, aligned at the right as NumPy's `tile`.
    #[track_caller]
    pub fn tile(self, reps: &[usize]) -> Tensor {
        if self.is_poison() {
            return self;
        }
        let own = self.dims();
        let rank = own.len().max(reps.len());
        let from_left = |list: &[usize], i: usize| (i + list.len()).checked_sub(rank).map_or(1, |i| list[i]);
        let pairs: Vec<[usize; 2]> = (0..rank).map(|i| [from_left(reps, i), from_left(&own, i)]).collect();
        let map = (rank - own.len()..rank).map(|i| 2 * i + 1).collect();
        self.repeated(pairs.concat(), map, Loc::caller())
    }

    /// Each element repeated `n` times along `axis`.
    #[track_caller]
    pub fn repeat(self, n: usize, axis: isize) -> Tensor {
        let loc = Loc::caller();
        let Some(axis) = self.resolve_axis("repeat", axis, &loc) else { return Tensor::POISON };
        let own = self.dims();
        let pairs: Vec<[usize; 2]> =
            own.iter().enumerate().map(|(i, d)| [*d, if i == axis { n } else { 1 }]).collect();
        self.repeated(pairs.concat(), (0..own.len()).map(|i| 2 * i).collect(), loc)
    }

    /// Broadcasts to `dims`, two for each dimension of the result, and merges these.
    fn repeated(self, dims: Vec<usize>, map: Dims, loc: Loc) -> Tensor {
        let merged: Dims =
            dims.chunks(2).map(|pair| pair.iter().fold(1, |n: usize, d| n.saturating_mul(*d))).collect();
        let spread = apply(ops::Broadcast { dims: Dims::from_vec(dims), map }, &[self], loc.clone());
        apply(ops::Reshape { dims: merged }, &[spread], loc)
    }

    /// With `(low, high, interior)` elements of `value` before, after and between the elements along each dimension, as
    /// XLA's and `jax.lax.pad`; negative `low` and `high` take elements away.
    ///
    /// ```
    /// use pyroxene_frontend::{eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = eval(|| Tensor::from([1.0, 2.0]).pad(&[(1, 0, 2)], 9.0))?;
    /// assert_eq!(x, Array::from([9.0, 1.0, 9.0, 9.0, 2.0]));
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn pad(self, amounts: &[(isize, isize, usize)], value: impl Into<Tensor>) -> Tensor {
        let (loc, value) = (Loc::caller(), value.into());
        composed(loc.clone(), || {
            let Some(both) = crate::trace::promote("pad", &[self, value], &loc) else {
                return Tensor::POISON;
            };
            let padded = both[0].zero_padded(amounts, &loc);
            if crate::trace::constant_of(value).is_some_and(|v| v.to_f64_vec() == [0.0]) || padded.is_poison()
            {
                return padded;
            }
            let inside = Tensor::full(&self.dims(), true).zero_padded(amounts, &loc);
            inside.select(padded, both[1])
        })
    }

    fn zero_padded(self, amounts: &[(isize, isize, usize)], loc: &Loc) -> Tensor {
        let edge = |n: isize| usize::try_from(n).unwrap_or(0);
        let (low, high) =
            (amounts.iter().map(|a| edge(a.0)).collect(), amounts.iter().map(|a| edge(a.1)).collect());
        let interior = amounts.iter().map(|a| a.2).collect();
        let padded = apply(ops::Pad { low, high, interior }, &[self], loc.clone());
        if padded.is_poison() || amounts.iter().all(|a| a.0 >= 0 && a.1 >= 0) {
            return padded;
        }
        let cut = |n: isize| if n < 0 { n.unsigned_abs() } else { 0 };
        let start = amounts.iter().map(|a| cut(a.0)).collect();
        let limit = padded.dims().iter().zip(amounts).map(|(d, a)| d.saturating_sub(cut(a.1))).collect();
        apply(ops::Slice::new(start, limit), &[padded], loc.clone())
    }
}
