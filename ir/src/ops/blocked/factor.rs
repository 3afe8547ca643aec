//! The Cholesky factor by blocks of columns.

use super::{super::*, SMALL, blocks, joined, loops, padded, part};
use crate::ops::closed::closed;

/// A factor in both forms, so that products with either need no transpose.
#[derive(Clone, Copy)]
pub(crate) struct Factor {
    /// The lower triangular `L`.
    pub(crate) lower: Val,
    /// `Lᵀ`.
    pub(crate) upper: Val,
}

/// The factor of each matrix: every block of columns is what remains of `A`'s after a product of the columns before it with
/// themselves, factored in a loop (Golub and Van Loan 2013, algorithm 4.2.2 in blocks). Backward stable as LAPACK's, which
/// does the same: no inverse is formed.
pub(crate) fn factor(g: &mut Graph, a: Val) -> Result<Factor, TypeError> {
    let n = g.ty(a).dims[g.ty(a).rank() - 1];
    let blocks = blocks(n);
    let mut left: Option<Val> = None;
    for (start, end) in blocks.iter().copied() {
        let mut rest = part(g, a, (start, n), (start, end))?;
        if let Some(left) = left {
            let (below, own) =
                (part(g, left, (start, n), (0, start))?, part(g, left, (start, end), (0, start))?);
            let known = matrix::product(g, below, own, [1, 1])?;
            rest = g.sub(rest, known)?;
        }
        let args: Vec<Val> = [rest].into_iter().chain(left).collect();
        let made = apart(g, blocks.len() > 1, &args, |g, args| {
            let columns = block(g, args[0], start)?;
            let left = joined(g, &[&args[1..], &[columns]].concat(), true)?;
            if end < n { Ok(vec![left]) } else { whole(g, left) }
        })?;
        if let [lower, upper] = made[..] {
            return Ok(Factor { lower, upper });
        }
        left = made.first().copied();
    }
    // There is a block, and the last one has returned.
    Ok(Factor { lower: a, upper: a })
}

/// The columns of `L` from `start` on, as many as those of what remains of `A`'s below it.
fn block(g: &mut Graph, a: Val, start: usize) -> Result<Val, TypeError> {
    let a = matrix::transposed(g, a)?;
    let rows = loops::factored(g, a)?;
    let columns = matrix::transposed(g, rows)?;
    padded(g, columns, [start, 0], [0, 0])
}

/// A factor and its transpose, NaN all over if a pivot was not positive: that makes all later ones NaN.
fn whole(g: &mut Graph, l: Val) -> Result<Vec<Val>, TypeError> {
    let (n, dims) = (g.ty(l).dims[g.ty(l).rank() - 1], g.ty(l).dims.clone());
    let last = part(g, l, (n - 1, n), (n - 1, n))?;
    let wrong = g.push(Compare(Comparison::Ne), &[last, last])?;
    let (wrong, nan) = (g.broadcast_to(wrong, &dims)?, g.full_like(l, f64::NAN)?);
    let l = g.select(wrong, nan, l)?;
    Ok(vec![l, matrix::transposed(g, l)?])
}

/// What `build` makes: as one function of machine code if it is a block `among` others, with products between them, or
/// too large to become part of a function with what is around. Transposes inside of it do not become part of products, for
/// which libraries are slower than for plain ones.
pub(super) fn apart(
    g: &mut Graph,
    among: bool,
    args: &[Val],
    build: impl FnOnce(&mut Graph, &[Val]) -> Result<Vec<Val>, TypeError>,
) -> Result<Vec<Val>, TypeError> {
    if !among && args.iter().all(|v| g.ty(*v).len() <= SMALL) {
        return build(g, args);
    }
    let tys: Vec<Ty> = args.iter().map(|v| g.ty(*v).clone()).collect();
    let body = closed(tys, build)?;
    Ok(g.push_all(Fence { kernel: true, body }, args)?.into_vec())
}
