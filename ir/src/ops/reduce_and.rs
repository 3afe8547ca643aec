//! Conjunction over dimensions.

use smallvec::smallvec;

use super::{
    reduce_sum::{fold, remaining},
    *,
};
use crate::types::{DType, Dims};

/// Whether all elements over `axes` are true; those dimensions disappear. Over nothing it is true.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ReduceAnd {
    /// The dimensions reduced, increasing.
    pub axes: Dims,
}

impl Rules for ReduceAnd {
    const NAME: &'static str = "reduce_and";
    const COST: Cost = Cost::Reads;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        match args {
            [x] if x.dtype == DType::Bool => remaining(&x.dims, &self.axes).map(|dims| x.with_dims(dims)),
            _ => None,
        }
        .ok_or_else(|| TypeError {
            op: Self::NAME,
            operands: args.to_vec(),
            expected: format!("one bool operand with dimensions {:?} to reduce", self.axes),
        })
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let all = fold(&args[0].to_i128_vec(), args[0].dims(), &self.axes, 1, |x, y| x & y);
        Array::from_i128_iter(ty, all.into_iter())
    }

    fn vjp(&self, _cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        Ok(smallvec![None])
    }

    fn jvp(&self, _cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        Ok(None)
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        cx.reduced(&self.axes, |axes| ReduceAnd { axes })
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        let attrs = [HloAttr::Dimensions(self.axes.to_vec()), HloAttr::Combine("and", Some(1.0))];
        Hlo::WithAttrs("reduce", attrs.into())
    }

    fn samples() -> Vec<Sample> {
        let x = Array::from([true, false, true, true]);
        let square = x.reshape([2, 2]).unwrap_or(x);
        let over = |axes: &[usize]| ReduceAnd { axes: Dims::from_slice(axes) };
        vec![
            Sample::values(over(&[1]), [square]),
            Sample::values(over(&[0]), [Array::from([true, true])]),
            Sample::values(over(&[0]), [Array::from(Vec::<bool>::new())]),
        ]
    }
}
