//! Arithmetic of dimensions: the one broadcasting rule, strides and index walks shared by ops, builder and interpreter.

use crate::types::Dims;

/// The dimensions both operands broadcast to, NumPy's rule: aligned at the right, sizes equal or one of them 1.
///
/// ```
/// use pyroxene_ir::shape::broadcast;
/// assert_eq!(broadcast(&[3, 1], &[4]).as_deref(), Some(&[3, 4][..]));
/// assert_eq!(broadcast(&[3], &[4]), None);
/// ```
pub fn broadcast(a: &[usize], b: &[usize]) -> Option<Dims> {
    let rank = a.len().max(b.len());
    (0..rank)
        .map(|i| match (from_right(a, rank - 1 - i), from_right(b, rank - 1 - i)) {
            (x, y) if x == y => Some(x),
            (1, y) => Some(y),
            (x, 1) => Some(x),
            _ => None,
        })
        .collect()
}

/// Whether `from` broadcasts to exactly `to`.
pub fn broadcasts_to(from: &[usize], to: &[usize]) -> bool {
    broadcast(from, to).as_deref() == Some(to)
}

fn from_right(dims: &[usize], i: usize) -> usize {
    if i < dims.len() { dims[dims.len() - 1 - i] } else { 1 }
}

/// Row-major strides, in elements.
pub fn strides(dims: &[usize]) -> Dims {
    let mut out: Dims = dims.iter().map(|_| 1).collect();
    for i in (0..dims.len().saturating_sub(1)).rev() {
        out[i] = out[i + 1] * dims[i + 1];
    }
    out
}

/// The multi-index of the element at row-major position `flat`.
pub fn unravel(mut flat: usize, dims: &[usize]) -> Dims {
    let mut index: Dims = dims.iter().map(|_| 0).collect();
    for i in (0..dims.len()).rev() {
        let d = dims[i].max(1);
        index[i] = flat % d;
        flat /= d;
    }
    index
}

/// The axis a possibly negative number means, counting from the right when negative.
pub fn axis(axis: isize, rank: usize) -> Option<usize> {
    let a = if axis < 0 { axis + rank as isize } else { axis };
    usize::try_from(a).ok().filter(|a| *a < rank)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasting_follows_numpy() {
        assert_eq!(broadcast(&[], &[2]).as_deref(), Some(&[2][..]));
        assert_eq!(broadcast(&[2, 1, 3], &[4, 1]).as_deref(), Some(&[2, 4, 3][..]));
        assert_eq!(broadcast(&[0], &[1]).as_deref(), Some(&[0][..]));
        assert_eq!(broadcast(&[2], &[0]), None);
        assert!(broadcasts_to(&[1], &[5]) && !broadcasts_to(&[5], &[1]));
    }

    #[test]
    fn indices_round_trip() {
        let dims = [2, 3, 4];
        let s = strides(&dims);
        for flat in 0..24 {
            let i = unravel(flat, &dims);
            assert_eq!(i.iter().zip(&s).map(|(a, b)| a * b).sum::<usize>(), flat);
        }
        assert_eq!(axis(-1, 3), Some(2));
        assert_eq!(axis(3, 3), None);
        assert_eq!(axis(-4, 3), None);
    }
}
