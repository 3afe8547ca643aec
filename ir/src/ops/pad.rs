//! Padding with zeros.

use smallvec::smallvec;

use super::{batching::insert, *};
use crate::{shape, types::Dims};

/// The operand with `low[i]` zeros (false) before, `high[i]` after and `interior[i]` between its elements along each
/// dimension.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(from = "Text", into = "Text")]
pub struct Pad {
    /// How many zeros precede the operand along each dimension.
    pub low: Dims,
    /// How many zeros follow it along each dimension.
    pub high: Dims,
    /// How many zeros lie between neighbours along each dimension.
    pub interior: Dims,
}

/// The text form, which leaves out zeros between elements where there are none.
#[derive(Serialize, Deserialize)]
struct Text {
    low: Dims,
    high: Dims,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    interior: Option<Dims>,
}

impl From<Text> for Pad {
    fn from(Text { low, high, interior }: Text) -> Pad {
        let interior = interior.unwrap_or_else(|| low.iter().map(|_| 0).collect());
        Pad { low, high, interior }
    }
}

impl From<Pad> for Text {
    fn from(Pad { low, high, interior }: Pad) -> Text {
        let spread = interior.iter().any(|n| *n != 0) || interior.len() != low.len();
        Text { low, high, interior: spread.then_some(interior) }
    }
}

impl Pad {
    /// `low[i]` zeros before and `high[i]` after the operand along each dimension.
    pub fn new(low: Dims, high: Dims) -> Pad {
        let interior = low.iter().map(|_| 0).collect();
        Pad { low, high, interior }
    }

    /// How far the elements of a dimension of size `n` reach with the zeros between them.
    fn extent(&self, i: usize, n: usize) -> usize {
        n.checked_sub(1)
            .map_or(0, |steps| steps.saturating_mul(self.interior[i].saturating_add(1)).saturating_add(1))
    }
}

impl Rules for Pad {
    const NAME: &'static str = "pad";
    const COST: Cost = Cost::Arithmetic;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        match args {
            [x] if [&self.low, &self.high, &self.interior]
                .iter()
                .all(|amounts| amounts.len() == x.rank()) =>
            {
                let extent = |i: usize| self.extent(i, x.dims[i]);
                let size = |i: usize| self.low[i].saturating_add(extent(i)).saturating_add(self.high[i]);
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
        // Where along a dimension of the operand an index of the result lies.
        let source = |i: usize, index: usize| {
            let (at, step) = (index.checked_sub(self.low[i])?, self.interior[i].saturating_add(1));
            (at % step == 0 && at / step < dims[i]).then(|| at / step * strides[i])
        };
        // Position 0 of the extended operand is a zero, so that every element of the result can be picked.
        let element = |flat: usize| {
            let index = shape::unravel(flat, &ty.dims);
            let position = (0..dims.len()).map(|i| source(i, index[i])).sum::<Option<usize>>();
            position.map_or(0, |p| p + 1)
        };
        let elements: Vec<usize> = (0..ty.len()).map(element).collect();
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
        let limit = (0..dims.len()).map(|i| self.low[i] + self.extent(i, dims[i])).collect();
        let stride = self.interior.iter().map(|n| n.saturating_add(1)).collect();
        Ok(smallvec![Some(cx.graph.push(Slice { start: self.low.clone(), limit, stride }, &[cx.ct])?)])
    }

    fn jvp(&self, cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        cx.tangents[0].map(|t| cx.graph.push(self.clone(), &[t])).transpose()
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        let axis = cx.common_axis();
        let (low, high) = (insert(&self.low, axis, 0), insert(&self.high, axis, 0));
        cx.in_place(Pad { low, high, interior: insert(&self.interior, axis, 0) })
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        let amounts = |i: usize| [self.low[i], self.high[i], self.interior[i]];
        Hlo::with("pad", HloAttr::ZeroPadding((0..self.low.len()).map(amounts).collect()))
    }

    fn samples() -> Vec<Sample> {
        let x = Array::from([1.0, 2.0, 3.0, 4.0]);
        let x = x.reshape([2, 2]).unwrap_or(x);
        let pad = |low: &[usize], high: &[usize], interior: &[usize]| Pad {
            low: Dims::from_slice(low),
            high: Dims::from_slice(high),
            interior: Dims::from_slice(interior),
        };
        vec![
            Sample::smooth(pad(&[1, 0], &[0, 2], &[0, 0]), [x.clone()]),
            Sample::smooth(pad(&[0, 1], &[2, 0], &[1, 3]), [x.clone()]),
            Sample::values(pad(&[0, 1], &[1, 0], &[0, 0]), [x.convert(crate::types::DType::I64)]),
            Sample::values(pad(&[1], &[1], &[2]), [Array::from([true, true])]),
            Sample::values(pad(&[1], &[1], &[2]), [Array::from(Vec::<f32>::new())]),
            Sample::values(pad(&[], &[], &[]), [Array::scalar(2u32)]),
        ]
    }
}
