//! What the largest and the smallest element over dimensions share: all but which one it is.

use smallvec::smallvec;

use super::{reduce_sum::fold, *};
use crate::types::{DType, Dims};

/// Which of two elements is kept.
pub(super) struct Extreme {
    /// What no element is beyond, the result of none.
    pub(super) none: f64,
    /// Whether the second of two numbers takes the place of the first.
    pub(super) beats: fn(f64, f64) -> bool,
    /// The one of two integers.
    pub(super) of_integers: fn(i128, i128) -> i128,
}

impl Extreme {
    pub(super) fn eval(&self, x: &Array, axes: &[usize], ty: &Ty) -> Array {
        if ty.dtype.is_float() {
            let pick = |x: f64, y: f64| if y.is_nan() || (self.beats)(x, y) { y } else { x };
            let found = fold(&x.to_f64_vec(), x.dims(), axes, self.none, pick);
            return Array::from_f64_iter(ty, found.into_iter());
        }
        // The greatest and least values of the type, which `as` gives for infinities.
        let none = Array::filled(&Ty::scalar(ty.dtype), self.none).to_i128_vec()[0];
        let found = fold(&x.to_i128_vec(), x.dims(), axes, none, self.of_integers);
        Array::from_i128_iter(ty, found.into_iter())
    }
}

/// Cases of both: over each dimension and all, of every type, with NaN, and of nothing.
pub(super) fn samples<T: Into<Op>>(over: fn(Dims) -> T) -> Vec<Sample> {
    let x = Array::from([0.5, -1.0, 2.0, 0.7, 3.0, -2.0]);
    let x = x.reshape([2, 3]).unwrap_or(x);
    let over = |axes: &[usize]| over(Dims::from_slice(axes));
    vec![
        Sample::smooth(over(&[0]), [x.clone()]),
        Sample::smooth(over(&[1]), [x.clone()]),
        Sample::smooth(over(&[0, 1]), [x.clone()]),
        Sample::values(over(&[0]), [x.convert(DType::F32)]),
        Sample::values(over(&[0]), [Array::from([1.0, f64::NAN, 2.0])]),
        Sample::values(over(&[0]), [Array::from([3i32, -4])]),
        Sample::values(over(&[0]), [Array::from([3i64, i64::MIN, i64::MAX])]),
        Sample::values(over(&[0]), [Array::from([u32::MAX, 3])]),
        Sample::values(over(&[0]), [Array::from([u64::MAX, 3])]),
        Sample::values(over(&[0]), [Array::from(Vec::<f64>::new())]),
        Sample::values(over(&[0]), [Array::from(Vec::<i64>::new())]),
    ]
}

/// The tangent of an extreme: the mean of the tangents of the elements that attain it.
pub(super) fn tangent_of_ties(cx: Jvp<'_>, axes: &[usize]) -> Result<Option<Val>, TypeError> {
    let (g, Some(t)) = (cx.graph, cx.tangents[0]) else { return Ok(None) };
    let (attains, ties) = ties(g, cx.args[0], cx.out, axes)?;
    let moved = g.mul(t, attains)?;
    let moved = g.push(ReduceSum { axes: Dims::from_slice(axes) }, &[moved])?;
    g.div(moved, ties).map(Some)
}

/// Which elements attain the extreme, as numbers, and how many do.
fn ties(g: &mut Graph, x: Val, extreme: Val, axes: &[usize]) -> Result<(Val, Val), TypeError> {
    let ty = g.ty(x).clone();
    let map: Dims = (0..ty.rank()).filter(|i| !axes.contains(i)).collect();
    let extreme = g.push(Broadcast { dims: ty.dims, map }, &[extreme])?;
    let attains = g.eq(x, extreme)?;
    let attains = g.convert(attains, ty.dtype)?;
    let ties = g.push(ReduceSum { axes: Dims::from_slice(axes) }, &[attains])?;
    Ok((attains, ties))
}

/// The derivative of an extreme by its operand: shared evenly between the elements that attain it.
pub(super) fn share_of_ties(cx: Vjp<'_>, axes: &[usize]) -> Result<Cotangents, TypeError> {
    let (g, x) = (cx.graph, cx.args[0]);
    let (attains, ties) = ties(g, x, cx.out, axes)?;
    let part = g.div(cx.ct, ties)?;
    let dims = g.ty(x).dims.clone();
    let map: Dims = (0..dims.len()).filter(|i| !axes.contains(i)).collect();
    let part = g.push(Broadcast { dims, map }, &[part])?;
    Ok(smallvec![Some(g.mul(part, attains)?)])
}
