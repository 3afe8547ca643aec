//! Contiguous slices.

use smallvec::smallvec;

use super::{batching::insert, *};
use crate::{shape, types::Dims};

/// The elements with `start[i] ≤ index < limit[i]` in every dimension.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Slice {
    /// The first index of each dimension.
    pub start: Dims,
    /// One past the last index of each dimension.
    pub limit: Dims,
}

impl Rules for Slice {
    const NAME: &'static str = "slice";

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        let fits = |x: &Ty| {
            x.rank() == self.start.len()
                && x.rank() == self.limit.len()
                && (0..x.rank()).all(|i| self.start[i] <= self.limit[i] && self.limit[i] <= x.dims[i])
        };
        match args {
            [x] if fits(x) => Ok(x.with_dims(self.start.iter().zip(&self.limit).map(|(s, l)| l - s))),
            _ => Err(TypeError {
                op: Self::NAME,
                operands: args.to_vec(),
                expected: format!("one operand that holds the range {:?} to {:?}", self.start, self.limit),
            }),
        }
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let strides = shape::strides(args[0].dims());
        args[0].pick(
            &ty.dims,
            (0..ty.len()).map(|flat| {
                let index = shape::unravel(flat, &ty.dims);
                (0..ty.rank()).map(|i| (index[i] + self.start[i]) * strides[i]).sum()
            }),
        )
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        let high = cx.graph.ty(cx.args[0]).dims.iter().zip(&self.limit).map(|(d, l)| d - l).collect();
        Ok(smallvec![Some(cx.graph.push(Pad { low: self.start.clone(), high }, &[cx.ct])?)])
    }

    fn jvp(&self, cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        cx.tangents[0].map(|t| cx.graph.push(self.clone(), &[t])).transpose()
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        let axis = cx.common_axis();
        let (start, limit) = (insert(&self.start, axis, 0), insert(&self.limit, axis, cx.size));
        cx.in_place(Slice { start, limit })
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::with(
            "slice",
            HloAttr::Slice(self.start.iter().zip(&self.limit).map(|(s, l)| [*s, *l, 1]).collect()),
        )
    }

    fn samples() -> Vec<Sample> {
        let x = Array::from((0..12).map(f64::from).collect::<Vec<_>>());
        let x = x.reshape([3, 4]).unwrap_or(x);
        let slice =
            |s: &[usize], l: &[usize]| Slice { start: Dims::from_slice(s), limit: Dims::from_slice(l) };
        vec![
            Sample::smooth(slice(&[1, 0], &[3, 2]), [x.clone()]),
            Sample::smooth(slice(&[0, 3], &[3, 4]), [x.clone()]),
            Sample::values(slice(&[1, 1], &[1, 3]), [x.convert(crate::types::DType::I32)]),
        ]
    }
}
