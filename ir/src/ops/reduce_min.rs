//! Minima over dimensions.

use super::{
    batching::{after_removing, shift},
    reduce_max::{share_of_ties, tangent_of_ties},
    reduce_sum::{fold, reduced},
    *,
};
use crate::types::Dims;

/// The smallest element over `axes`, which disappear; NaN if one is. Ties share the derivative evenly; of no elements it
/// is the greatest value of the type.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ReduceMin {
    /// The dimensions reduced, increasing.
    pub axes: Dims,
}

impl Rules for ReduceMin {
    const NAME: &'static str = "reduce_min";
    const COST: Cost = Cost::Reads;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        reduced(Self::NAME, args, &self.axes, "reduce")
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let dims = args[0].dims();
        if ty.dtype.is_float() {
            let pick = |x: f64, y: f64| if y.is_nan() || y < x { y } else { x };
            let found = fold(&args[0].to_f64_vec(), dims, &self.axes, f64::INFINITY, pick);
            Array::from_f64_iter(ty, found.into_iter())
        } else {
            // The greatest and least values of the type, which `as` gives for infinities.
            let none = Array::filled(&Ty::scalar(ty.dtype), f64::INFINITY).to_i128_vec()[0];
            let found = fold(&args[0].to_i128_vec(), dims, &self.axes, none, i128::min);
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
        Ok((cx.graph.push(ReduceMin { axes }, &[x])?, after))
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        let attrs =
            [HloAttr::Dimensions(self.axes.to_vec()), HloAttr::Combine("minimum", Some(f64::INFINITY))];
        Hlo::WithAttrs("reduce", attrs.into())
    }

    fn samples() -> Vec<Sample> {
        let x = Array::from([0.5, -1.0, 2.0, 0.7, 3.0, -2.0]);
        let x = x.reshape([2, 3]).unwrap_or(x);
        let over = |axes: &[usize]| ReduceMin { axes: Dims::from_slice(axes) };
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
