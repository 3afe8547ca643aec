//! Contraction of tensors whose dimensions carry labels: the one engine behind matrix products and einsum.

use pyroxene_ir::{Dims, Loc, ops};

use super::Tensor;
use crate::trace::{apply, build};

/// The name of a dimension. Equal labels of two operands run together.
pub(super) type Label = i32;

/// A tensor with a label for each dimension; no two are equal.
#[derive(Clone)]
pub(super) struct Labelled {
    pub(super) tensor: Tensor,
    pub(super) labels: Vec<Label>,
}

impl Labelled {
    /// The size along a label, where the tensor has it.
    pub(super) fn size(&self, label: Label) -> Option<usize> {
        let dims = self.tensor.dims();
        self.labels.iter().position(|l| *l == label).and_then(|at| dims.get(at).copied())
    }

    /// The tensor summed over the labels that are not in `keep`.
    pub(super) fn summed(self, keep: &[Label], loc: &Loc) -> Labelled {
        let axes: Dims = (0..self.labels.len()).filter(|i| !keep.contains(&self.labels[*i])).collect();
        if axes.is_empty() {
            return self;
        }
        let labels = self.labels.into_iter().filter(|l| keep.contains(l)).collect();
        Labelled { tensor: apply(ops::ReduceSum { axes }, &[self.tensor], loc.clone()), labels }
    }

    /// The tensor without dimensions of size one that the other operand repeats it along.
    fn squeezed(self, other: &Labelled, loc: &Loc) -> Labelled {
        let dims = self.tensor.dims();
        let repeated = |i: usize| dims[i] == 1 && other.size(self.labels[i]).is_some_and(|n| n != 1);
        let kept: Vec<usize> = (0..self.labels.len()).filter(|i| !repeated(*i)).collect();
        if kept.len() == self.labels.len() {
            return self;
        }
        let to: Dims = kept.iter().map(|i| dims[*i]).collect();
        let labels = kept.iter().map(|i| self.labels[*i]).collect();
        let tensor = build("reshape", &[self.tensor], loc.clone(), |g, v| g.reshape(v[0], &to));
        Labelled { tensor, labels }
    }

    /// The tensor with its dimensions in the order of `labels`, which are its own.
    pub(super) fn ordered(self, labels: &[Label], loc: &Loc) -> Tensor {
        let position = |l: &Label| self.labels.iter().position(|own| own == l);
        let permutation: Option<Dims> = labels.iter().map(position).collect();
        match permutation {
            Some(p) if p.iter().enumerate().all(|(i, at)| i == *at) => self.tensor,
            Some(permutation) => apply(ops::Transpose { permutation }, &[self.tensor], loc.clone()),
            None => Tensor::POISON,
        }
    }
}

/// The products of elements of two operands, summed over the labels that are not in `keep`; sizes agree, or one is 1.
pub(super) fn contract(x: Labelled, y: Labelled, keep: &[Label], loc: &Loc) -> Labelled {
    if x.tensor.is_poison() || y.tensor.is_poison() {
        return Labelled { tensor: Tensor::POISON, labels: keep.to_vec() };
    }
    let (x, y) = (x.clone().squeezed(&y, loc), y.squeezed(&x, loc));
    let wanted = |other: &Labelled| [keep, &other.labels].concat();
    let (x, y) = (x.clone().summed(&wanted(&y), loc), y.summed(&wanted(&x), loc));
    let mut dot = ops::DotGeneral::new(&[], &[]);
    let mut labels = Vec::new();
    for (i, label) in x.labels.iter().enumerate() {
        match y.labels.iter().position(|l| l == label) {
            Some(j) if keep.contains(label) => {
                dot.batch.push([i, j]);
                labels.push(*label);
            }
            Some(j) => dot.contract.push([i, j]),
            None => (),
        }
    }
    labels.extend(x.labels.iter().filter(|l| !y.labels.contains(l)));
    labels.extend(y.labels.iter().filter(|l| !x.labels.contains(l)));
    Labelled { tensor: apply(dot, &[x.tensor, y.tensor], loc.clone()), labels }
}
