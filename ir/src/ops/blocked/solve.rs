//! Triangular systems by blocks of rows, and what is made of a factor's inverse.

use super::{
    super::*,
    blocks,
    factor::apart,
    joined,
    loops::{self, Read},
    padded, part,
};

/// The matrix of a triangular system, and its transpose if that is at hand.
#[derive(Clone, Copy)]
pub(crate) struct Triangular {
    /// The matrix.
    pub(crate) matrix: Val,
    /// Its transpose.
    pub(crate) transpose: Option<Val>,
}

impl Triangular {
    /// The solution of the system that `op` says, with right-hand sides `b`: each block of rows is what remains of `b`'s
    /// after a product with the blocks that are known, solved by substitution. No inverse is formed, so that it is as
    /// backward stable as substitution alone.
    pub(crate) fn solve(self, g: &mut Graph, op: &TriangularSolve, b: Val) -> Result<Val, TypeError> {
        if op.left {
            return self.solve_left(g, op, b);
        }
        // From the right it is the transposed system from the left.
        let b = matrix::transposed(g, b)?;
        let mirrored = TriangularSolve { left: true, transpose: !op.transpose, ..op.clone() };
        let x = self.solve_left(g, &mirrored, b)?;
        matrix::transposed(g, x)
    }

    fn solve_left(self, g: &mut Graph, op: &TriangularSolve, b: Val) -> Result<Val, TypeError> {
        let ty = g.ty(b).clone();
        let (n, m) = (ty.dims[ty.rank() - 2], ty.dims[ty.rank() - 1]);
        let forward = op.lower != op.transpose;
        let stored = Read { forward, transposed: op.transpose, unit: op.unit_diagonal };
        let blocks = blocks(n);
        if m == 1 || blocks.len() == 1 {
            let whole = |g: &mut Graph, args: &[Val]| Ok(vec![loops::solved(g, args[0], args[1], stored)?]);
            return Ok(apart(g, false, &[self.matrix, b], whole)?[0]);
        }
        let (t, how) = match (op.transpose, self.transpose) {
            (false, _) => (self.matrix, stored),
            (true, Some(transpose)) => (transpose, Read { transposed: false, ..stored }),
            (true, None) => {
                let turn = |g: &mut Graph, args: &[Val]| Ok(vec![matrix::transposed(g, args[0])?]);
                let turned = apart(g, true, &[self.matrix], turn)?;
                (turned[0], Read { transposed: false, ..stored })
            }
        };
        let mut known: Option<(Val, (usize, usize))> = None;
        let turn = |i: usize| if forward { blocks[i] } else { blocks[blocks.len() - 1 - i] };
        for (start, end) in (0..blocks.len()).map(turn) {
            let mut rest = part(g, b, (start, end), (0, m))?;
            if let Some((x, rows)) = known {
                let weights = part(g, t, (start, end), rows)?;
                let sum = matrix::matmul(g, weights, x)?;
                rest = g.sub(rest, sum)?;
            }
            let own = part(g, t, (start, end), (start, end))?;
            let block = |g: &mut Graph, args: &[Val]| Ok(vec![loops::solved(g, args[0], args[1], how)?]);
            let x = apart(g, true, &[own, rest], block)?[0];
            known = Some(match known {
                None => (x, (start, end)),
                Some((before, rows)) if forward => (joined(g, &[before, x], false)?, (rows.0, end)),
                Some((after, rows)) => (joined(g, &[x, after], false)?, (start, rows.1)),
            });
        }
        Ok(known.map_or(b, |(x, _)| x))
    }
}

/// `L⁻¹` and its transpose, block row by block row, with what is zero left out; `unit` takes `L`'s diagonal to be one. Each
/// column solves its system by substitution.
pub(crate) fn inverse(g: &mut Graph, l: Val, unit: bool) -> Result<[Val; 2], TypeError> {
    let n = g.ty(l).dims[g.ty(l).rank() - 1];
    let how = Read { forward: true, transposed: false, unit };
    let blocks = blocks(n);
    let mut known: Option<Val> = None;
    for (start, end) in blocks.iter().copied() {
        let mut args = vec![l];
        if let Some(known) = known {
            let left = part(g, l, (start, end), (0, start))?;
            args.extend([known, matrix::matmul(g, left, known)?]);
        }
        let made = apart(g, blocks.len() > 1, &args, |g, args| {
            let own = part(g, args[0], (start, end), (start, end))?;
            let ty = g.ty(own).clone();
            let right = matrix::identity(g, &ty)?;
            let w = match *args {
                [_, known, sum] => {
                    let sum = g.neg(sum)?;
                    let right = joined(g, &[sum, right], true)?;
                    let rows = loops::solved(g, own, right, how)?;
                    let known = padded(g, known, [0, 0], [0, end - start])?;
                    joined(g, &[known, rows], false)?
                }
                _ => loops::solved(g, own, right, how)?,
            };
            if end < n { Ok(vec![w]) } else { Ok(vec![w, matrix::transposed(g, w)?]) }
        })?;
        if let [w, transpose] = made[..] {
            return Ok([w, transpose]);
        }
        known = made.first().copied();
    }
    // There is a block, and the last one has returned.
    Ok([l, l])
}

/// `Wᵀ W` of a lower triangular `W`, which is there transposed too, with what is zero left out.
pub(crate) fn gram(g: &mut Graph, w: Val, transpose: Val) -> Result<Val, TypeError> {
    let n = g.ty(w).dims[g.ty(w).rank() - 1];
    let mut rows = Vec::new();
    for (start, end) in blocks(n) {
        let (left, right) = (part(g, transpose, (start, end), (start, n))?, part(g, w, (start, n), (0, n))?);
        rows.push(matrix::matmul(g, left, right)?);
    }
    joined(g, &rows, false)
}
