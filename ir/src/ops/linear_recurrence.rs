//! Linear recurrences.

use smallvec::smallvec;

use super::{running::Direction, *};
use crate::types::DType;

/// `linear_recurrence(a, b)`: the `y` with `yₖ = aₖ yₖ₋₁ + bₖ` along `axis`, from `y₀ = b₀` on; the first `a` is not read.
///
/// Derivatives of running reductions are such recurrences, and so are their own.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct LinearRecurrence {
    /// The dimension it runs along.
    pub axis: usize,
    /// Whether it runs from the last position to the first.
    pub reverse: bool,
}

impl LinearRecurrence {
    pub(super) fn direction(&self) -> Direction {
        Direction { axis: self.axis, reverse: self.reverse }
    }
}

impl Rules for LinearRecurrence {
    const NAME: &'static str = "linear_recurrence";
    const COST: Cost = Cost::Dear;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        match args {
            [a, b] if a == b && Class::Number.has(a.dtype) && self.axis < a.rank() => Ok(a.clone()),
            _ => Err(TypeError {
                op: Self::NAME,
                operands: args.to_vec(),
                expected: format!("two numeric operands of one type with a dimension {}", self.axis),
            }),
        }
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let along = self.direction();
        if ty.dtype.is_float() {
            let (a, mut y) = (args[0].to_f64_vec(), args[1].to_f64_vec());
            along.each_pair(&ty.dims, |before, at| y[at] += a[at] * y[before]);
            Array::from_f64_iter(ty, y.into_iter())
        } else {
            let (a, mut y) = (args[0].to_i128_vec(), args[1].to_i128_vec());
            // 64 bits of a product decide those below.
            along.each_pair(&ty.dims, |before, at| {
                y[at] = i128::from(a[at].wrapping_mul(y[before]).wrapping_add(y[at]) as i64);
            });
            Array::from_i128_iter(ty, y.into_iter())
        }
    }

    /// `sₖ = aₖ₊₁ sₖ₊₁ + ctₖ` is the derivative by `bₖ`, and `sₖ yₖ₋₁` that by `aₖ`.
    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        let (g, along) = (cx.graph, self.direction());
        let next = along.shifted(g, cx.args[0], -1)?;
        let back = LinearRecurrence { axis: self.axis, reverse: !self.reverse };
        let by_b = g.push(back, &[next, cx.ct])?;
        let before = along.shifted(g, cx.out, 1)?;
        Ok(smallvec![Some(g.mul(by_b, before)?), Some(by_b)])
    }

    fn jvp(&self, mut cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        let moved = cx.all_tangents()?;
        let before = self.direction().shifted(cx.graph, cx.out, 1)?;
        let by_a = cx.graph.mul(moved[0], before)?;
        let sum = cx.graph.add(by_a, moved[1])?;
        cx.graph.push(self.clone(), &[cx.args[0], sum]).map(Some)
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        let batch = cx.common_axis();
        let args = cx.aligned(batch)?;
        let op = LinearRecurrence { axis: self.axis + usize::from(self.axis >= batch), ..self.clone() };
        Ok((cx.graph.push(op, &args)?, batch))
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::ExpandOp(expand)
    }

    fn samples() -> Vec<Sample> {
        let a = Array::from([0.5, -1.5, 2.0, 0.7, 3.0, -2.0, 0.0, 1.2]);
        let b = Array::from([1.0, 0.3, -0.4, 2.5, 0.0, 1.5, -1.0, 0.2]);
        let matrix = |x: &Array| x.reshape([4, 2]).unwrap_or_else(|_| x.clone());
        let op = |axis, reverse| LinearRecurrence { axis, reverse };
        let long = |n: usize, f: fn(f64) -> f64| Array::from((0..n).map(|i| f(i as f64)).collect::<Vec<_>>());
        let none = Array::from(Vec::<f64>::new());
        vec![
            Sample::smooth(op(0, false), [a.clone(), b.clone()]),
            Sample::smooth(op(0, true), [matrix(&a), matrix(&b)]),
            Sample::smooth(op(1, false), [matrix(&a), matrix(&b)]),
            Sample::values(op(0, true), [long(50, |i| i.sin()), long(50, |i| 1.0 + i.cos())]),
            Sample::values(op(0, false), [a.convert(DType::F32), b.convert(DType::F32)]),
            Sample::values(op(0, false), [Array::from([f64::NAN, 2.0]), Array::from([1.0, f64::INFINITY])]),
            Sample::values(op(0, false), [Array::from([3i32, i32::MAX, 5]), Array::from([1i32, 2, -7])]),
            Sample::values(op(0, true), [none.clone(), none]),
        ]
    }
}

fn expand(op: &Op, g: &mut Graph, args: &[Val]) -> Result<Operands, TypeError> {
    let Op::LinearRecurrence(op) = op else {
        return Err(TypeError { op: "linear_recurrence", operands: Vec::new(), expected: "itself".into() });
    };
    let along = op.direction();
    if along.is_short(g, args[0]) {
        // After the steps before, a pair maps the value before its stretch to the value at its end.
        let [_, y] = along.by_doubling(g, [args[0], args[1]], |g, [a, b], [c, d]| {
            let carried = g.mul(c, b)?;
            Ok([g.mul(a, c)?, g.add(carried, d)?])
        })?;
        return Ok(smallvec![y]);
    }
    let from_second = along.without_first(g, args[0])?;
    let y = along.by_scan(g, 0.0, &[from_second, args[1]], |g, y, x| {
        let carried = g.mul(x[0], y)?;
        g.add(carried, x[1])
    })?;
    Ok(smallvec![y])
}
