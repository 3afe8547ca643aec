//! Joining and splitting tensors along a dimension.

use pyroxene_ir::{Loc, ops};

use super::Tensor;
use crate::trace::{self, ErrorKind, apply, composed, fail};

impl Tensor {
    /// Tensors one after another along the first dimension.
    #[track_caller]
    pub fn concatenate(parts: &[Tensor]) -> Tensor {
        Tensor::joined("concatenate", parts, 0, Loc::caller())
    }

    /// Tensors one after another along `axis`.
    #[track_caller]
    pub fn concatenate_axis(parts: &[Tensor], axis: isize) -> Tensor {
        Tensor::joined("concatenate_axis", parts, axis, Loc::caller())
    }

    /// Tensors of equal shape side by side along a new first dimension.
    #[track_caller]
    pub fn stack(parts: &[Tensor]) -> Tensor {
        Tensor::stacked("stack", parts, 0, Loc::caller())
    }

    /// Tensors of equal shape side by side along a new dimension, which is `axis` of the result.
    #[track_caller]
    pub fn stack_axis(parts: &[Tensor], axis: isize) -> Tensor {
        Tensor::stacked("stack_axis", parts, axis, Loc::caller())
    }

    fn joined(op: &'static str, parts: &[Tensor], axis: isize, loc: Loc) -> Tensor {
        let Some(first) = parts.first() else {
            let found = format!("`{op}` of no tensors");
            let help = "give at least one; `Tensor::full(&[0], 0.0)` is an empty vector".into();
            return fail(ErrorKind::Usage { found, help }, loc);
        };
        if parts.iter().any(|t| t.is_poison()) {
            return Tensor::POISON;
        }
        let Some(axis) = first.resolve_axis(op, axis, &loc) else { return Tensor::POISON };
        match trace::promote(op, parts, &loc) {
            Some(parts) => apply(ops::Concatenate { axis }, &parts, loc),
            None => Tensor::POISON,
        }
    }

    fn stacked(op: &'static str, parts: &[Tensor], axis: isize, loc: Loc) -> Tensor {
        composed(loc.clone(), || {
            let rows: Vec<Tensor> = parts.iter().map(|t| t.expand_dims(axis)).collect();
            Tensor::joined(op, &rows, axis, loc)
        })
    }

    /// The differences of neighbours along `axis`: each element less the one before (NumPy's `diff`).
    #[track_caller]
    pub fn diff(self, axis: isize) -> Tensor {
        let loc = Loc::caller();
        composed(loc.clone(), || {
            let Some(axis) = self.resolve_axis("diff", axis, &loc) else { return Tensor::POISON };
            let n = self.size(axis);
            self.part(axis, n.min(1), n, &loc) - self.part(axis, 0, n.saturating_sub(1), &loc)
        })
    }

    /// The tensor cut into `sections` parts of equal size along `axis`.
    #[track_caller]
    pub fn split(self, sections: usize, axis: isize) -> Vec<Tensor> {
        let loc = Loc::caller();
        let Some(at) = self.resolve_axis("split", axis, &loc) else { return vec![Tensor::POISON; sections] };
        let n = self.size(at);
        if sections == 0 || !n.is_multiple_of(sections) {
            let found = format!("split: {n} elements along dimension {at} are not {sections} equal parts");
            let help = "`split_at` cuts anywhere".to_string();
            fail(ErrorKind::Usage { found, help }, loc);
            return vec![Tensor::POISON; sections];
        }
        let size = n / sections;
        (0..sections).map(|i| self.part(at, i * size, (i + 1) * size, &loc)).collect()
    }

    /// The tensor cut before each of the positions `at`, increasing, along `axis` (NumPy's `split` at indices).
    #[track_caller]
    pub fn split_at(self, at: &[usize], axis: isize) -> Vec<Tensor> {
        let loc = Loc::caller();
        let count = at.len() + 1;
        let Some(axis) = self.resolve_axis("split_at", axis, &loc) else {
            return vec![Tensor::POISON; count];
        };
        let n = self.size(axis);
        if !at.is_sorted() || at.last().is_some_and(|last| *last > n) {
            let found = format!("split_at: cuts at {at:?} of {n} elements along dimension {axis}");
            fail(ErrorKind::Usage { found, help: format!("cuts increase from 0 to {n}") }, loc);
            return vec![Tensor::POISON; count];
        }
        let starts = std::iter::once(0).chain(at.iter().copied());
        let limits = at.iter().copied().chain([n]);
        starts.zip(limits).map(|(start, limit)| self.part(axis, start, limit, &loc)).collect()
    }
}
