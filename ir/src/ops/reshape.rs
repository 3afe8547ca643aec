//! Reshaping.

use smallvec::smallvec;

use super::*;
use crate::types::Dims;

/// The same elements in row-major order under other dimensions.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Reshape {
    /// The dimensions of the result.
    pub dims: Dims,
}

impl Rules for Reshape {
    const NAME: &'static str = "reshape";
    const COST: Cost = Cost::Shape;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        let len = self.dims.iter().try_fold(1usize, |n, d| n.checked_mul(*d));
        match args {
            [x] if Some(x.len()) == len => Ok(x.with_dims(self.dims.iter().copied())),
            _ => Err(TypeError {
                op: Self::NAME,
                operands: args.to_vec(),
                expected: format!("one operand with as many elements as {:?}", self.dims),
            }),
        }
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        args[0].pick(&ty.dims, 0..ty.len())
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        let dims = cx.graph.ty(cx.args[0]).dims.clone();
        Ok(smallvec![Some(cx.graph.reshape(cx.ct, &dims)?)])
    }

    fn jvp(&self, cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        cx.tangents[0].map(|t| cx.graph.push(self.clone(), &[t])).transpose()
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        let (x, end) = cx.at_an_end()?;
        let dims = end.with(cx.size, &self.dims);
        Ok((cx.graph.push(Reshape { dims }, &[x])?, end.axis(self.dims.len())))
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::Native("reshape")
    }

    fn samples() -> Vec<Sample> {
        let to = |dims: &[usize]| Reshape { dims: Dims::from_slice(dims) };
        vec![
            Sample::smooth(to(&[3, 2]), [Array::from([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])]),
            Sample::smooth(to(&[1, 1]), [Array::scalar(1.5)]),
            Sample::values(to(&[]), [Array::from([7i32])]),
        ]
    }
}
