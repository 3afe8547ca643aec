//! Maxima over dimensions.

use smallvec::smallvec;

use super::{
    batching::{after_removing, shift},
    reduce_sum::{fold, reduced},
    *,
};
use crate::types::Dims;

/// The largest element over `axes`, which disappear; NaN if one is. Ties share the derivative evenly; of no elements it
/// is the least value of the type.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ReduceMax {
    /// The dimensions reduced, increasing.
    pub axes: Dims,
}

impl Rules for ReduceMax {
    const NAME: &'static str = "reduce_max";
    const COST: Cost = Cost::Reads;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        reduced(Self::NAME, args, &self.axes, "reduce")
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let dims = args[0].dims();
        if ty.dtype.is_float() {
            let pick = |x: f64, y: f64| if y.is_nan() || y > x { y } else { x };
            let found = fold(&args[0].to_f64_vec(), dims, &self.axes, f64::NEG_INFINITY, pick);
            Array::from_f64_iter(ty, found.into_iter())
        } else {
            // The greatest and least values of the type, which `as` gives for infinities.
            let none = Array::filled(&Ty::scalar(ty.dtype), f64::NEG_INFINITY).to_i128_vec()[0];
            let found = fold(&args[0].to_i128_vec(), dims, &self.axes, none, i128::max);
            Array::from_i128_iter(ty, found.into_iter())
        }
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        share_of_ties(cx, &self.axes)
    }

    fn jvp(&self, cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        tangent_of_ties(cx, &self.axes)
    }

    fn batch(&self, cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        let (x, axis) = cx.first();
        let axes = shift(&self.axes, axis);
        let after = after_removing(axis, &axes);
        Ok((cx.graph.push(ReduceMax { axes }, &[x])?, after))
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        let attrs =
            [HloAttr::Dimensions(self.axes.to_vec()), HloAttr::Combine("maximum", Some(f64::NEG_INFINITY))];
        Hlo::WithAttrs("reduce", attrs.into())
    }

    fn samples() -> Vec<Sample> {
        let x = Array::from([0.5, -1.0, 2.0, 0.7, 3.0, -2.0]);
        let x = x.reshape([2, 3]).unwrap_or(x);
        let over = |axes: &[usize]| ReduceMax { axes: Dims::from_slice(axes) };
        vec![
            Sample::smooth(over(&[0]), [x.clone()]),
            Sample::smooth(over(&[1]), [x.clone()]),
            Sample::smooth(over(&[0, 1]), [x.clone()]),
            Sample::values(over(&[0]), [x.convert(crate::types::DType::F32)]),
            Sample::values(over(&[0]), [Array::from([1.0, f64::NAN, 2.0])]),
            Sample::values(over(&[0]), [Array::from([3i32, -4])]),
            Sample::values(over(&[0]), [Array::from([3i64, i64::MIN, i64::MAX])]),
            Sample::values(over(&[0]), [Array::from([u32::MAX, 3])]),
            Sample::values(over(&[0]), [Array::from([u64::MAX, 3])]),
            Sample::values(over(&[0]), [Array::from(Vec::<f64>::new())]),
            Sample::values(over(&[0]), [Array::from(Vec::<i64>::new())]),
        ]
    }
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
