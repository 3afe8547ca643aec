//! Vectors taken apart into slices, and slices put together in pairs: how kernels add up and multiply by whole registers.

use pyroxene_ir::{Dims, Graph, TypeError, Val, ops};

/// The elements of a vector from one place up to another.
pub(crate) fn line(g: &mut Graph, x: Val, from: usize, to: usize) -> Result<Val, TypeError> {
    g.push(ops::Slice::new(Dims::from_slice(&[from]), Dims::from_slice(&[to])), &[x])
}

/// The first slices of a vector, `count` of them with `width` elements each.
pub(crate) fn lines(g: &mut Graph, x: Val, width: usize, count: usize) -> Result<Vec<Val>, TypeError> {
    (0..count).map(|i| line(g, x, i * width, (i + 1) * width)).collect()
}

/// What several values of one type, at least one, are together: neighbours first, then neighbours among these, and so on.
pub(crate) fn paired(
    g: &mut Graph,
    mut terms: Vec<Val>,
    combine: impl Fn(&mut Graph, Val, Val) -> Result<Val, TypeError>,
) -> Result<Val, TypeError> {
    while terms.len() > 1 {
        let pair = |pair: &[Val]| if let [x, y] = pair { combine(g, *x, *y) } else { Ok(pair[0]) };
        terms = terms.chunks(2).map(pair).collect::<Result<_, _>>()?;
    }
    Ok(terms[0])
}
