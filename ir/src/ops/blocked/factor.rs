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
    let (mut lower, mut upper): (Option<Val>, Vec<Val>) = (None, Vec::new());
    let blocks = blocks(n);
    for (start, end) in blocks.iter().copied() {
        let mut rest = part(g, a, (start, n), (start, end))?;
        if let Some(left) = lower {
            let (below, own) =
                (part(g, left, (start, n), (0, start))?, part(g, left, (start, end), (0, start))?);
            let known = matrix::product(g, below, own, [1, 1])?;
            rest = g.sub(rest, known)?;
        }
        let [rows, columns] = block(g, rest, blocks.len() > 1)?;
        upper.push(padded(g, rows, [0, 0], [start, 0])?);
        let columns = padded(g, columns, [start, 0], [0, 0])?;
        lower = Some(match lower {
            Some(left) => joined(g, &[left, columns], true)?,
            None => columns,
        });
    }
    let upper = joined(g, &upper, false)?;
    let lower = lower.unwrap_or(upper);
    // A pivot that is not positive makes all later ones NaN.
    let last = part(g, lower, (n - 1, n), (n - 1, n))?;
    let wrong = g.push(Compare(Comparison::Ne), &[last, last])?;
    let mut or_nan = |x: Val| -> Result<Val, TypeError> {
        let dims = g.ty(x).dims.clone();
        let (wrong, nan) = (g.broadcast_to(wrong, &dims)?, g.full_like(x, f64::NAN)?);
        g.select(wrong, nan, x)
    };
    Ok(Factor { lower: or_nan(lower)?, upper: or_nan(upper)? })
}

/// A block of columns of `L` as rows and as columns, from what remains of `A`'s columns.
fn block(g: &mut Graph, a: Val, among: bool) -> Result<[Val; 2], TypeError> {
    let build = |g: &mut Graph, a: Val| -> Result<Vec<Val>, TypeError> {
        let a = matrix::transposed(g, a)?;
        let rows = loops::factored(g, a)?;
        Ok(vec![rows, matrix::transposed(g, rows)?])
    };
    let results = apart(g, among, &[a], |g, args| build(g, args[0]))?;
    Ok([results[0], results[1]])
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
