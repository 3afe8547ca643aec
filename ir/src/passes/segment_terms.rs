//! The terms of a plate's sums as products, without what is the same for all terms: that is done to sums.

use super::segment_rows::{Along, Plate};
use crate::{
    graph::{Graph, Val},
    ops::Op,
    types::DType,
};

/// What is done to a sum instead of to each of its terms.
pub(super) enum Step {
    Neg,
    Double,
    Add(Val),
    Sub(Val),
    Mul(Val),
    Div(Val),
}

/// The terms of a sum as products, and what is the same for all of them taken out.
pub(super) struct Terms {
    pub(super) factors: Vec<Val>,
    /// In the order of the terms' ops from the last one to the first.
    pub(super) steps: Vec<Step>,
}

impl Terms {
    /// Of a sum of what `v` has along the plate.
    pub(super) fn of(graph: &Graph, plate: &Plate, v: Val) -> Terms {
        let mut terms = Terms { factors: Vec::new(), steps: Vec::new() };
        let mut next = vec![v];
        // Without what is the same for all, factors are of any size: so their products need a wide range.
        let wide = graph.ty(v).dtype == DType::F64;
        let is_same = |v: Val| plate.uniform[v.index()];
        while let Some(v) = next.pop() {
            let operands = graph.operands(v);
            // What is added to each term is added as often as there are terms; not so inside of a product.
            let alone = next.is_empty() && terms.factors.is_empty();
            let op = graph.op(v).filter(|_| plate.along[v.index()] == Some(Along::Map));
            match op {
                Some(Op::Neg(_)) => {
                    terms.steps.push(Step::Neg);
                    next.push(operands[0]);
                }
                Some(Op::Add(_)) if operands[0] == operands[1] => {
                    terms.steps.push(Step::Double);
                    next.push(operands[0]);
                }
                Some(Op::Add(_)) if alone && operands.iter().any(|o| is_same(*o)) => {
                    let same = usize::from(is_same(operands[1]));
                    terms.steps.push(Step::Add(operands[same]));
                    next.push(operands[1 - same]);
                }
                Some(Op::Sub(_)) if alone && is_same(operands[1]) => {
                    terms.steps.push(Step::Sub(operands[1]));
                    next.push(operands[0]);
                }
                Some(Op::Sub(_)) if alone && is_same(operands[0]) => {
                    terms.steps.extend([Step::Add(operands[0]), Step::Neg]);
                    next.push(operands[1]);
                }
                Some(Op::Div(_)) if is_same(operands[1]) => {
                    terms.steps.push(Step::Div(operands[1]));
                    next.push(operands[0]);
                }
                Some(Op::Mul(_)) => match [0, 1].map(|i| is_same(operands[i])) {
                    [true, _] => {
                        terms.steps.push(Step::Mul(operands[0]));
                        next.push(operands[1]);
                    }
                    [_, true] => {
                        terms.steps.push(Step::Mul(operands[1]));
                        next.push(operands[0]);
                    }
                    _ if wide => next.extend([operands[1], operands[0]]),
                    _ => terms.factors.push(v),
                },
                _ => terms.factors.push(v),
            }
        }
        terms
    }

    /// What must be there to make the sum.
    pub(super) fn roots(&self) -> impl Iterator<Item = Val> {
        let steps = self.steps.iter().filter_map(|step| match step {
            Step::Add(by) | Step::Sub(by) | Step::Mul(by) | Step::Div(by) => Some(*by),
            Step::Neg | Step::Double => None,
        });
        self.factors.iter().copied().chain(steps)
    }
}
