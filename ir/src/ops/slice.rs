//! Slices at fixed positions.

use smallvec::smallvec;

use super::{batching::insert, *};
use crate::{shape, types::Dims};

/// Every `stride[i]`-th element with `start[i] ≤ index < limit[i]` in every dimension.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(from = "Text", into = "Text")]
pub struct Slice {
    /// The first index of each dimension.
    pub start: Dims,
    /// One past the last index of each dimension.
    pub limit: Dims,
    /// The distance of neighbours along each dimension, at least 1.
    pub stride: Dims,
}

/// The text form, which leaves out strides of one.
#[derive(Serialize, Deserialize)]
struct Text {
    start: Dims,
    limit: Dims,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stride: Option<Dims>,
}

impl From<Text> for Slice {
    fn from(Text { start, limit, stride }: Text) -> Slice {
        let stride = stride.unwrap_or_else(|| start.iter().map(|_| 1).collect());
        Slice { start, limit, stride }
    }
}

impl From<Slice> for Text {
    fn from(Slice { start, limit, stride }: Slice) -> Text {
        let steps = stride.iter().any(|s| *s != 1) || stride.len() != start.len();
        Text { start, limit, stride: steps.then_some(stride) }
    }
}

impl Slice {
    /// All elements with `start[i] ≤ index < limit[i]` in every dimension.
    pub fn new(start: Dims, limit: Dims) -> Slice {
        let stride = start.iter().map(|_| 1).collect();
        Slice { start, limit, stride }
    }

    /// The elements from `start` to `limit` along `axis` of an operand of dimensions `dims`.
    pub fn along(dims: &[usize], axis: usize, start: usize, limit: usize) -> Slice {
        let (mut from, mut to): (Dims, Dims) = (dims.iter().map(|_| 0).collect(), Dims::from_slice(dims));
        (from[axis], to[axis]) = (start, limit);
        Slice::new(from, to)
    }

    /// The number of elements along dimension `i`.
    fn size(&self, i: usize) -> usize {
        (self.limit[i] - self.start[i]).div_ceil(self.stride[i])
    }
}

impl Rules for Slice {
    const NAME: &'static str = "slice";
    const COST: Cost = Cost::Arithmetic;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        let fits = |x: &Ty| {
            x.rank() == self.start.len()
                && x.rank() == self.limit.len()
                && x.rank() == self.stride.len()
                && (0..x.rank()).all(|i| {
                    self.start[i] <= self.limit[i] && self.limit[i] <= x.dims[i] && self.stride[i] > 0
                })
        };
        match args {
            [x] if fits(x) => Ok(x.with_dims((0..x.rank()).map(|i| self.size(i)))),
            _ => Err(TypeError {
                op: Self::NAME,
                operands: args.to_vec(),
                expected: format!(
                    "one operand that holds the range {:?} to {:?}, in steps {:?}",
                    self.start, self.limit, self.stride
                ),
            }),
        }
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let strides = shape::strides(args[0].dims());
        args[0].pick(
            &ty.dims,
            (0..ty.len()).map(|flat| {
                let index = shape::unravel(flat, &ty.dims);
                (0..ty.rank()).map(|i| (self.start[i] + index[i] * self.stride[i]) * strides[i]).sum()
            }),
        )
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        let dims = &cx.graph.ty(cx.args[0]).dims;
        // What the last step leaves out is padding too.
        let last = |i: usize| {
            self.size(i).checked_sub(1).map_or(self.start[i], |n| self.start[i] + n * self.stride[i] + 1)
        };
        let high = (0..dims.len()).map(|i| dims[i] - last(i)).collect();
        let interior = self.stride.iter().map(|s| s - 1).collect();
        Ok(smallvec![Some(cx.graph.push(Pad { low: self.start.clone(), high, interior }, &[cx.ct])?)])
    }

    fn jvp(&self, cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        cx.tangents[0].map(|t| cx.graph.push(self.clone(), &[t])).transpose()
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        let axis = cx.common_axis();
        let (start, limit) = (insert(&self.start, axis, 0), insert(&self.limit, axis, cx.size));
        cx.in_place(Slice { start, limit, stride: insert(&self.stride, axis, 1) })
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        let range = |i: usize| [self.start[i], self.limit[i], self.stride[i]];
        Hlo::with("slice", HloAttr::Slice((0..self.start.len()).map(range).collect()))
    }

    fn samples() -> Vec<Sample> {
        let x = Array::from((0..12).map(f64::from).collect::<Vec<_>>());
        let x = x.reshape([3, 4]).unwrap_or(x);
        let slice = |start: &[usize], limit: &[usize], stride: &[usize]| Slice {
            start: Dims::from_slice(start),
            limit: Dims::from_slice(limit),
            stride: Dims::from_slice(stride),
        };
        vec![
            Sample::smooth(slice(&[1, 0], &[3, 2], &[1, 1]), [x.clone()]),
            Sample::smooth(slice(&[0, 3], &[3, 4], &[1, 1]), [x.clone()]),
            Sample::smooth(slice(&[0, 1], &[3, 4], &[2, 2]), [x.clone()]),
            Sample::smooth(slice(&[1, 0], &[3, 3], &[5, 3]), [x.clone()]),
            Sample::values(slice(&[2, 2], &[2, 4], &[3, 1]), [x.convert(crate::types::DType::F32)]),
            Sample::values(slice(&[1, 1], &[1, 3], &[1, 1]), [x.convert(crate::types::DType::I32)]),
            Sample::values(slice(&[0], &[4], &[3]), [Array::from([true, false, false, true])]),
            Sample::values(slice(&[], &[], &[]), [Array::scalar(3u64)]),
        ]
    }
}
