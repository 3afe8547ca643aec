//! The loop of samplers that reject: until no element is pending.

use crate::{control::while_loop, tensor::Tensor};

/// Repeats `step` on the elements that are `pending`, with the others as they are, until none is; the last values. The
/// values of an element are those at its position along the first dimensions, which are `pending`'s.
#[track_caller]
pub(super) fn repeat_while<const N: usize>(
    start: [Tensor; N],
    pending: impl Fn(&[Tensor]) -> Tensor,
    step: impl Fn(&[Tensor]) -> [Tensor; N],
) -> Vec<Tensor> {
    let next = |(x, go): &(Vec<Tensor>, Tensor)| {
        let kept = |(next, before): (Tensor, &Tensor)| {
            let mut mask = go.dims();
            mask.resize(before.rank(), 1);
            go.reshape(&mask).select(next, *before)
        };
        let next: Vec<Tensor> = step(x).into_iter().zip(x).map(kept).collect();
        let go = pending(&next);
        (next, go)
    };
    let go = pending(&start);
    while_loop((start.to_vec(), go), |(_, go)| any(*go), next).0
}

/// Whether any element is true.
#[track_caller]
pub(super) fn any(x: Tensor) -> Tensor {
    !(!x).all_rightmost(x.rank())
}
