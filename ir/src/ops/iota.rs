//! Counting along a dimension.

use super::*;
use crate::{shape, types::Dims};

/// The position along `axis`, from 0, as a tensor of the given type.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Iota {
    /// The element type of the result, a number.
    pub dtype: crate::types::DType,
    /// The dimensions of the result.
    pub dims: Dims,
    /// The dimension counted along.
    pub axis: usize,
}

impl Rules for Iota {
    const NAME: &'static str = "iota";
    const COST: Cost = Cost::Arithmetic;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        if args.is_empty() && self.axis < self.dims.len() && Class::Number.has(self.dtype) {
            return Ok(Ty { dtype: self.dtype, dims: self.dims.clone() });
        }
        let expected = format!("no operands, a numeric type and a dimension of {:?}", self.dims);
        Err(TypeError { op: Self::NAME, operands: args.to_vec(), expected })
    }

    fn eval(&self, _args: &[&Array], ty: &Ty) -> Array {
        Array::from_i128_iter(ty, (0..ty.len()).map(|flat| shape::unravel(flat, &ty.dims)[self.axis] as i128))
    }

    fn vjp(&self, _cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        Ok(Cotangents::new())
    }

    fn jvp(&self, _cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        Ok(None)
    }

    fn batch(&self, cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        let shared = cx.graph.push(self.clone(), cx.args)?;
        Ok((cx.graph.repeat_along(shared, 0, cx.size)?, 0))
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::with("iota", HloAttr::Dimensions(vec![self.axis]))
    }

    fn samples() -> Vec<Sample> {
        use crate::types::DType::*;
        [I32, I64, U32, U64, F32, F64]
            .into_iter()
            .map(|dtype| Sample::values(Iota { dtype, dims: Dims::from_slice(&[2, 3]), axis: 1 }, []))
            .collect()
    }
}
