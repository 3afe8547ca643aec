//! Constants.

use super::*;

/// An array known while recording. Data belong in inputs; a constant is for literals and small tables.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Constant(
    /// The value.
    pub Array,
);

impl Rules for Constant {
    const NAME: &'static str = "constant";
    const COST: Cost = Cost::Arithmetic;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        if args.is_empty() {
            return Ok(self.0.ty());
        }
        Err(TypeError { op: Self::NAME, operands: args.to_vec(), expected: "no operands".into() })
    }

    fn eval(&self, _args: &[&Array], _ty: &Ty) -> Array {
        self.0.clone()
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
        Hlo::with("constant", HloAttr::Literal(self.0.clone()))
    }

    fn samples() -> Vec<Sample> {
        [
            Array::scalar(true),
            Array::from([1i32, -2]),
            Array::from([1i64 << 40]),
            Array::from([u32::MAX]),
            Array::from([u64::MAX]),
            Array::from([0.1f32, f32::INFINITY]),
            Array::from([0.1f64, f64::NEG_INFINITY, -0.0]),
            Array::from(Vec::<f64>::new()),
        ]
        .into_iter()
        .map(|value| Sample::values(Constant(value), []))
        .collect()
    }
}
