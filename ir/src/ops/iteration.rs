//! Series and continued fractions of elements, summed in a loop until every element has converged.

use super::{
    closed::closed,
    formula::{Num, record},
    *,
};
use crate::types::Dims;

/// The carries after repeated steps: `step` makes the next ones from the number of the step, counted from 1, the `consts`
/// and the carries, while `go` holds of any element and for at most `most` steps. All operands are of one type.
pub(super) fn iterate(
    g: &mut Graph,
    [consts, carries]: [&[Val]; 2],
    most: i32,
    go: impl for<'s> Fn(&[Num<'s>]) -> Num<'s>,
    step: impl for<'s> Fn(Num<'s>, &[Num<'s>]) -> Vec<Num<'s>>,
) -> Result<Operands, TypeError> {
    let start = g.constant(Array::scalar(0i32))?;
    let mut operands: Operands = consts.iter().copied().collect();
    operands.push(start);
    operands.extend_from_slice(carries);
    let tys: Vec<Ty> = operands.iter().map(|v| g.ty(*v).clone()).collect();
    let at = consts.len();
    // The values of elements, without the counter.
    let elements = |x: &[Val]| [&x[..at], &x[at + 1..]].concat();
    let cond = closed(tys.clone(), |g, x| {
        let going = record(g, &elements(x), |x| vec![go(x)])?[0];
        let done = g.not(going)?;
        let axes: Dims = (0..g.ty(done).rank()).collect();
        let done = g.push(ReduceAnd { axes }, &[done])?;
        let last = g.constant(Array::scalar(most))?;
        let (some, soon) = (g.not(done)?, g.lt(x[at], last)?);
        Ok(vec![g.and(some, soon)?])
    })?;
    let body = closed(tys, |g, x| {
        let one = g.constant(Array::scalar(1i32))?;
        let count = g.add(x[at], one)?;
        let like = g.ty(x[at + 1]).clone();
        let n = g.convert(count, like.dtype)?;
        let n = g.broadcast_to(n, &like.dims)?;
        let all = [&[n], elements(x).as_slice()].concat();
        let mut next = vec![count];
        next.extend(record(g, &all, |x| step(x[0], &x[1..]))?);
        Ok(next)
    })?;
    let results = g.push_all(While { cond, body }, &operands)?;
    Ok(results[1..].iter().copied().collect())
}

/// Whether the last factor of a product still changed it. A product that has converged must stay as it is while others go
/// on, for roundings of its factors would add up.
pub(super) fn moves<'s>(change: Num<'s>) -> Num<'s> {
    (change - 1.0).abs().greater(change.epsilon())
}
