//! Reversal.

use smallvec::smallvec;

use super::{batching::shift, *};
use crate::{shape, types::Dims};

/// The elements in opposite order along `axes` (NumPy's `flip`).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Reverse {
    /// The dimensions reversed, increasing.
    pub axes: Dims,
}

impl Rules for Reverse {
    const NAME: &'static str = "reverse";
    const COST: Cost = Cost::Arithmetic;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        let increasing = self.axes.windows(2).all(|w| w[0] < w[1]);
        match args {
            [x] if increasing && self.axes.iter().all(|a| *a < x.rank()) => Ok(x.clone()),
            _ => Err(TypeError {
                op: Self::NAME,
                operands: args.to_vec(),
                expected: format!("one operand with dimensions {:?} to reverse", self.axes),
            }),
        }
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let strides = shape::strides(&ty.dims);
        let source = |flat: usize| {
            let mut index = shape::unravel(flat, &ty.dims);
            for a in &self.axes {
                index[*a] = ty.dims[*a] - 1 - index[*a];
            }
            index.iter().zip(&strides).map(|(i, s)| i * s).sum()
        };
        args[0].pick(&ty.dims, (0..ty.len()).map(source))
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        Ok(smallvec![Some(cx.graph.push(self.clone(), &[cx.ct])?)])
    }

    fn jvp(&self, cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        cx.tangents[0].map(|t| cx.graph.push(self.clone(), &[t])).transpose()
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        let axes = shift(&self.axes, cx.common_axis());
        cx.in_place(Reverse { axes })
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::with("reverse", HloAttr::Dimensions(self.axes.to_vec()))
    }

    fn samples() -> Vec<Sample> {
        let x = Array::from((0..6).map(f64::from).collect::<Vec<_>>());
        let x = x.reshape([2, 3]).unwrap_or(x);
        let along = |axes: &[usize]| Reverse { axes: Dims::from_slice(axes) };
        vec![
            Sample::smooth(along(&[0]), [x.clone()]),
            Sample::smooth(along(&[0, 1]), [x.clone()]),
            Sample::values(along(&[1]), [x.convert(crate::types::DType::F32)]),
            Sample::values(along(&[]), [x]),
            Sample::values(along(&[0]), [Array::from([u64::MAX, 1])]),
            Sample::values(along(&[0]), [Array::from([true, false])]),
            Sample::values(along(&[0]), [Array::from(Vec::<i32>::new())]),
        ]
    }
}
