//! Broadcasting with explicit dimensions.

use smallvec::smallvec;

use super::{batching::insert, *};
use crate::{shape, types::Dims};

/// Repeats the operand along new dimensions (HLO's `broadcast`): dimension `i` of the operand is `map[i]` of the result.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Broadcast {
    /// The dimensions of the result.
    pub dims: Dims,
    /// For each dimension of the operand the dimension of the result it becomes, increasing.
    pub map: Dims,
}

impl Rules for Broadcast {
    const NAME: &'static str = "broadcast";
    const COST: Cost = Cost::Shape;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        let increasing = self.map.windows(2).all(|w| w[0] < w[1]);
        match args {
            [x] if increasing
                && x.rank() == self.map.len()
                && x.dims.iter().zip(&self.map).all(|(d, to)| self.dims.get(*to) == Some(d)) =>
            {
                Ok(x.with_dims(self.dims.iter().copied()))
            }
            _ => Err(TypeError {
                op: Self::NAME,
                operands: args.to_vec(),
                expected: format!("one operand whose dimensions are {:?} of {:?}", self.map, self.dims),
            }),
        }
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let strides = shape::strides(args[0].dims());
        args[0].pick(
            &ty.dims,
            (0..ty.len()).map(|flat| {
                let index = shape::unravel(flat, &ty.dims);
                self.map.iter().zip(&strides).map(|(to, s)| index[*to] * s).sum()
            }),
        )
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        let axes = (0..self.dims.len()).filter(|i| !self.map.contains(i)).collect();
        Ok(smallvec![Some(cx.graph.push(ReduceSum { axes }, &[cx.ct])?)])
    }

    fn jvp(&self, cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        cx.tangents[0].map(|t| cx.graph.push(self.clone(), &[t])).transpose()
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        let (x, end) = cx.at_an_end()?;
        let dims = end.with(cx.size, &self.dims);
        let axis = end.axis(self.dims.len());
        let own: Dims = self.map.iter().map(|to| end.shifted(*to)).collect();
        let map = insert(&own, end.axis(own.len()), axis);
        Ok((cx.graph.push(Broadcast { dims, map }, &[x])?, axis))
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::with("broadcast", HloAttr::Dimensions(self.map.to_vec()))
    }

    fn samples() -> Vec<Sample> {
        let to = |dims: &[usize], map: &[usize]| Broadcast {
            dims: Dims::from_slice(dims),
            map: Dims::from_slice(map),
        };
        vec![
            Sample::smooth(to(&[2, 3], &[]), [Array::scalar(1.5)]),
            Sample::smooth(to(&[2, 3], &[0]), [Array::from([1.0, 2.0])]),
            Sample::smooth(to(&[2, 3], &[1]), [Array::from([1.0, 2.0, 3.0])]),
            Sample::values(to(&[0, 2], &[1]), [Array::from([true, false])]),
        ]
    }
}
