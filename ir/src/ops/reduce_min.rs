//! Minima over dimensions.

use super::{
    extremes::{self, Extreme, share_of_ties, tangent_of_ties},
    reduce_sum::reduced,
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

const EXTREME: Extreme = Extreme { none: f64::INFINITY, beats: |x, y| y < x, of_integers: i128::min };

impl Rules for ReduceMin {
    const NAME: &'static str = "reduce_min";
    const COST: Cost = Cost::Reads;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        reduced(Self::NAME, args, &self.axes, "reduce")
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        EXTREME.eval(args[0], &self.axes, ty)
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        share_of_ties(cx, &self.axes)
    }

    fn jvp(&self, cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        tangent_of_ties(cx, &self.axes)
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        cx.reduced(&self.axes, |axes| ReduceMin { axes })
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        let attrs =
            [HloAttr::Dimensions(self.axes.to_vec()), HloAttr::Combine("minimum", Some(EXTREME.none))];
        Hlo::WithAttrs("reduce", attrs.into())
    }

    fn samples() -> Vec<Sample> {
        extremes::samples(|axes| ReduceMin { axes })
    }
}
