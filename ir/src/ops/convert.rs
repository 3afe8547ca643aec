//! Conversion between element types.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// The elements in another element type. Floats to integers truncate towards zero; to truth values, nonzero is true.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Convert {
    /// The element type of the result.
    pub dtype: DType,
}

impl Rules for Convert {
    const NAME: &'static str = "convert";
    const COST: Cost = Cost::Shape;
    const ELEMENTWISE: bool = true;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        match args {
            [x] => Ok(x.with_dtype(self.dtype)),
            _ => Err(TypeError { op: Self::NAME, operands: args.to_vec(), expected: "one operand".into() }),
        }
    }

    fn eval(&self, args: &[&Array], _ty: &Ty) -> Array {
        args[0].convert(self.dtype)
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        let from = cx.graph.ty(cx.args[0]).dtype;
        let by = if from.is_float() && self.dtype.is_float() {
            Some(cx.graph.convert(cx.ct, from)?)
        } else {
            None
        };
        Ok(smallvec![by])
    }

    fn jvp(&self, cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        let from = cx.graph.ty(cx.args[0]).dtype;
        let real = from.is_float() && self.dtype.is_float();
        cx.tangents[0].filter(|_| real).map(|t| cx.graph.convert(t, self.dtype)).transpose()
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        cx.in_place(self.clone())
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::Native("convert")
    }

    fn samples() -> Vec<Sample> {
        let from = [
            Array::from([0.0, 1.0, 2.75]),
            Array::from([0.0f32, 1.0, 2.75]),
            Array::from([0i32, 1, 7]),
            Array::from([0i64, 1, 7]),
            Array::from([0u32, 1, u32::MAX]),
            Array::from([false, true]),
        ];
        from.iter()
            .flat_map(|x| DType::ALL.map(|dtype| Sample::values(Convert { dtype }, [x.clone()])))
            .filter(|s| s.args[0].dtype() != DType::U32 || s.op != Op::Convert(Convert { dtype: DType::I32 }))
            .chain([Sample::smooth(Convert { dtype: DType::F64 }, [from[0].clone()])])
            .collect()
    }
}
