//! Selection between two tensors.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// `select(on, x, y)`: `x` where `on` holds, else `y`, element by element.
///
/// The derivative is selected too, never multiplied by zero, so an infinite derivative of the branch not taken is lost.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Select;

impl Rules for Select {
    const NAME: &'static str = "select";
    const COST: Cost = Cost::Arithmetic;
    const ELEMENTWISE: bool = true;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        match args {
            [on, x, y] if on.dtype == DType::Bool && on.dims == x.dims && x == y => Ok(x.clone()),
            _ => Err(TypeError {
                op: Self::NAME,
                operands: args.to_vec(),
                expected: "a bool and two operands of one type, all of the same dimensions".into(),
            }),
        }
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let on = args[0].to_i128_vec();
        if ty.dtype.is_float() {
            let (x, y) = (args[1].to_f64_vec(), args[2].to_f64_vec());
            Array::from_f64_iter(ty, on.iter().enumerate().map(|(i, on)| if *on != 0 { x[i] } else { y[i] }))
        } else {
            let (x, y) = (args[1].to_i128_vec(), args[2].to_i128_vec());
            Array::from_i128_iter(ty, on.iter().enumerate().map(|(i, on)| if *on != 0 { x[i] } else { y[i] }))
        }
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        let zero = cx.graph.full_like(cx.ct, 0.0)?;
        let by_x = cx.graph.select(cx.args[0], cx.ct, zero)?;
        let by_y = cx.graph.select(cx.args[0], zero, cx.ct)?;
        Ok(smallvec![None, Some(by_x), Some(by_y)])
    }

    fn jvp(&self, mut cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        if cx.tangents[1..].iter().all(Option::is_none) {
            return Ok(None);
        }
        let (x, y) = (cx.tangent(1)?, cx.tangent(2)?);
        cx.graph.select(cx.args[0], x, y).map(Some)
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        let axis = cx.common_axis();
        let args = cx.aligned(axis)?;
        Ok((cx.graph.push(Select, &args)?, axis))
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::Native("select")
    }

    fn samples() -> Vec<Sample> {
        let on = Array::from([true, false, true]);
        vec![
            Sample::smooth(Select, [on.clone(), Array::from([1.0, 2.0, 3.0]), Array::from([4.0, 5.0, 6.0])]),
            Sample::values(Select, [on, Array::from([1u32, 2, 3]), Array::from([4u32, 5, 6])]),
        ]
    }
}
