//! Reinterpretation of bits.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// The same bits read as another element type of the same width (`bitcast_convert_type`).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Bitcast {
    /// The element type of the result.
    pub dtype: DType,
}

impl Rules for Bitcast {
    const NAME: &'static str = "bitcast";
    const COST: Cost = Cost::Shape;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        match args {
            [x] if x.dtype.size() == self.dtype.size() && ![x.dtype, self.dtype].contains(&DType::Bool) => {
                Ok(x.with_dtype(self.dtype))
            }
            _ => Err(TypeError {
                op: Self::NAME,
                operands: args.to_vec(),
                expected: format!("one number as wide as {}", self.dtype),
            }),
        }
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        // The type rule has made the widths equal, so the lengths agree.
        Array::from_bytes(ty, args[0].as_bytes()).unwrap_or_else(|_| Array::zeros(ty))
    }

    fn vjp(&self, _cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        Ok(smallvec![None])
    }

    fn jvp(&self, _cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        Ok(None)
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        cx.in_place(self.clone())
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::Native("bitcast-convert")
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::values(Bitcast { dtype: DType::F64 }, [Array::from([0x3ff0_0000_0000_0000u64, 1])]),
            Sample::values(Bitcast { dtype: DType::F32 }, [Array::from([0x3f80_0000u32, 0])]),
            Sample::values(Bitcast { dtype: DType::U64 }, [Array::from([1.5f64, -0.0])]),
            Sample::values(Bitcast { dtype: DType::I32 }, [Array::from([u32::MAX, 7])]),
        ]
    }
}
