//! Multinomial draws.

use pyroxene_ir::{DType, Dims};

use super::{
    IntoShape, Key,
    arguments::{Call, NOT_NEGATIVE},
    binomial,
};
use crate::{control::scan, tensor::Tensor, trace::composed};

/// Counts of float type `dtype` of `n` trials over outcomes of probabilities `p`, `[.., k]`, floats
/// (`jax.random.multinomial`): one binomial draw after another, of the trials left.
///
/// The dimensions are `shape` followed by `k`; `n` and the batch of `p` broadcast to `shape`, and `None` is the shape they
/// broadcast to.
#[track_caller]
pub fn multinomial(
    key: Key,
    n: impl Into<Tensor>,
    p: impl Into<Tensor>,
    shape: impl IntoShape,
    dtype: DType,
) -> Tensor {
    let (call, n, p) = (Call::new("multinomial"), n.into(), p.into());
    call.domain("n", n, &NOT_NEGATIVE);
    let (Some(float), Some(())) = (call.probability(p), call.float(dtype)) else { return Tensor::POISON };
    if n.is_poison() || p.is_poison() {
        return Tensor::POISON;
    }
    let dims = p.dims();
    let Some((k, batch)) = dims.split_last() else {
        call.fail("probabilities of shape []", "give a vector, or a batch of vectors");
        return Tensor::POISON;
    };
    let Some(shape) = call.shape_of(shape, &[&n.dims(), batch]) else { return Tensor::POISON };
    composed(call.loc.clone(), || {
        let all: Dims = shape.iter().chain([k]).copied().collect();
        let p = p.broadcast_to(&all).moveaxis(-1, 0);
        let left = p.cumsum_reverse(0);
        let ratios = (p / left.equal(0.0).select(1.0, left)).clamp(0.0, 1.0);
        let keys = key.split_shape(&[*k]);
        let trials = n.convert(float).broadcast_to(&shape);
        let (_, counts) = scan(trials, (ratios, keys), |left, (ratio, key)| {
            let count = binomial(Key(*key), *left, *ratio, &shape, float);
            (*left - count, count)
        });
        counts.moveaxis(0, -1).convert(dtype)
    })
}
