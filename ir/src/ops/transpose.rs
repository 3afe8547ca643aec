//! Transposition.

use smallvec::smallvec;

use super::{
    batching::{End, insert, shift},
    *,
};
use crate::{shape, types::Dims};

/// Permutes dimensions: dimension `i` of the result is dimension `permutation[i]` of the operand.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Transpose {
    /// Each dimension of the operand once.
    pub permutation: Dims,
}

impl Rules for Transpose {
    const NAME: &'static str = "transpose";
    const COST: Cost = Cost::Shape;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        match args {
            [x] if x.rank() == self.permutation.len()
                && (0..x.rank()).all(|i| self.permutation.contains(&i)) =>
            {
                Ok(x.with_dims(self.permutation.iter().map(|p| x.dims[*p])))
            }
            _ => Err(TypeError {
                op: Self::NAME,
                operands: args.to_vec(),
                expected: format!(
                    "one operand of rank {}, permuted by {:?}",
                    self.permutation.len(),
                    self.permutation
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
                self.permutation.iter().zip(&index).map(|(p, i)| strides[*p] * i).sum()
            }),
        )
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        let mut permutation: Dims = self.permutation.clone();
        for (i, p) in self.permutation.iter().enumerate() {
            permutation[*p] = i;
        }
        Ok(smallvec![Some(cx.graph.push(Transpose { permutation }, &[cx.ct])?)])
    }

    fn jvp(&self, cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        cx.tangents[0].map(|t| cx.graph.push(self.clone(), &[t])).transpose()
    }

    fn batch(&self, cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        let (x, axis) = cx.first();
        let end = if axis > 0 && axis == self.permutation.len() { End::Back } else { End::Front };
        let permutation = insert(&shift(&self.permutation, axis), end.axis(self.permutation.len()), axis);
        Ok((cx.graph.push(Transpose { permutation }, &[x])?, end.axis(self.permutation.len())))
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::with("transpose", HloAttr::Dimensions(self.permutation.to_vec()))
    }

    fn samples() -> Vec<Sample> {
        let x = Array::from((0..24).map(f64::from).collect::<Vec<_>>());
        let cube = x.reshape([2, 3, 4]).unwrap_or(x);
        vec![Sample::smooth(Transpose { permutation: Dims::from_slice(&[2, 0, 1]) }, [cube])]
    }
}
