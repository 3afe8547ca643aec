//! Padding with zeros.

use smallvec::smallvec;

use super::{batching::insert, *};
use crate::{shape, types::Dims};

/// The operand with `low[i]` zeros (false) before and `high[i]` after it along each dimension.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Pad {
    /// How many zeros precede the operand along each dimension.
    pub low: Dims,
    /// How many zeros follow it along each dimension.
    pub high: Dims,
}

impl Rules for Pad {
    const NAME: &'static str = "pad";

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        match args {
            [x] if x.rank() == self.low.len() && x.rank() == self.high.len() => {
                let size = |i: usize| self.low[i].saturating_add(x.dims[i]).saturating_add(self.high[i]);
                Ok(x.with_dims((0..x.rank()).map(size)))
            }
            _ => Err(TypeError {
                op: Self::NAME,
                operands: args.to_vec(),
                expected: format!("one operand of rank {}", self.low.len()),
            }),
        }
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let dims = args[0].dims();
        let strides = shape::strides(dims);
        // Position 0 of the extended operand is a zero, so that every element of the result can be picked.
        let mut elements = vec![0usize; ty.len()];
        for (flat, element) in elements.iter_mut().enumerate() {
            let index = shape::unravel(flat, &ty.dims);
            let inside = (0..dims.len()).all(|i| index[i] >= self.low[i] && index[i] < self.low[i] + dims[i]);
            if inside {
                *element = 1 + (0..dims.len()).map(|i| (index[i] - self.low[i]) * strides[i]).sum::<usize>();
            }
        }
        if ty.dtype.is_float() {
            let x = args[0].to_f64_vec();
            Array::from_f64_iter(ty, elements.into_iter().map(|e| if e == 0 { 0.0 } else { x[e - 1] }))
        } else {
            let x = args[0].to_i128_vec();
            Array::from_i128_iter(ty, elements.into_iter().map(|e| if e == 0 { 0 } else { x[e - 1] }))
        }
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        let dims = &cx.graph.ty(cx.args[0]).dims;
        let limit = self.low.iter().zip(dims).map(|(l, d)| l + d).collect();
        Ok(smallvec![Some(cx.graph.push(Slice { start: self.low.clone(), limit }, &[cx.ct])?)])
    }

    fn jvp(&self, cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        cx.tangents[0].map(|t| cx.graph.push(self.clone(), &[t])).transpose()
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        let axis = cx.common_axis();
        let (low, high) = (insert(&self.low, axis, 0), insert(&self.high, axis, 0));
        cx.in_place(Pad { low, high })
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::with(
            "pad",
            HloAttr::ZeroPadding(self.low.iter().zip(&self.high).map(|(l, h)| [*l, *h]).collect()),
        )
    }

    fn samples() -> Vec<Sample> {
        let x = Array::from([1.0, 2.0, 3.0, 4.0]);
        let x = x.reshape([2, 2]).unwrap_or(x);
        let pad = |l: &[usize], h: &[usize]| Pad { low: Dims::from_slice(l), high: Dims::from_slice(h) };
        vec![
            Sample::smooth(pad(&[1, 0], &[0, 2]), [x.clone()]),
            Sample::values(pad(&[0, 1], &[1, 0]), [x.convert(crate::types::DType::I64)]),
        ]
    }
}
