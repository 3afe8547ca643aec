//! Products over dimensions.

use smallvec::smallvec;

use super::{
    reduce_sum::{fold, reduced},
    running::Direction,
    *,
};
use crate::types::{DType, Dims};

/// The product over `axes`, which disappear; integers wrap. Derivatives are products of the other elements, without a
/// division, so zeros do no harm.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ReduceProd {
    /// The dimensions multiplied over, increasing.
    pub axes: Dims,
}

impl ReduceProd {
    /// For each element the product of the others it is multiplied with.
    fn others(&self, g: &mut Graph, x: Val) -> Result<Val, TypeError> {
        let dims = g.ty(x).dims.clone();
        let kept = (0..dims.len()).filter(|i| !self.axes.contains(i));
        let permutation: Dims = kept.chain(self.axes.iter().copied()).collect();
        let mut back = permutation.clone();
        permutation.iter().enumerate().for_each(|(i, p)| back[*p] = i);
        let rest = dims.len() - self.axes.len();
        let permuted: Dims = permutation.iter().map(|p| dims[*p]).collect();
        let merged: Dims =
            permuted[..rest].iter().copied().chain([permuted[rest..].iter().product()]).collect();
        let x = g.push(Transpose { permutation }, &[x])?;
        let x = g.reshape(x, &merged)?;
        let before = exclusive(g, x, Direction { axis: rest, reverse: false })?;
        let after = exclusive(g, x, Direction { axis: rest, reverse: true })?;
        let others = g.mul(before, after)?;
        let others = g.reshape(others, &permuted)?;
        g.push(Transpose { permutation: back }, &[others])
    }

    /// Values of the result's type repeated over the axes.
    fn spread(&self, g: &mut Graph, v: Val, like: Val) -> Result<Val, TypeError> {
        let dims = g.ty(like).dims.clone();
        let map = (0..dims.len()).filter(|i| !self.axes.contains(i)).collect();
        g.push(Broadcast { dims, map }, &[v])
    }
}

/// The products of all elements before each.
fn exclusive(g: &mut Graph, x: Val, along: Direction) -> Result<Val, TypeError> {
    if g.ty(x).dims[along.axis] == 0 {
        return Ok(x);
    }
    let [_, earlier] = along.later_and_earlier(g, x)?;
    let mut first = g.ty(x).clone();
    first.dims[along.axis] = 1;
    let one = g.full(&first, 1.0)?;
    let factors = along.join(g, one, earlier)?;
    g.push(Cumulate { axis: along.axis, reverse: along.reverse, by: Reduction::Prod }, &[factors])
}

impl Rules for ReduceProd {
    const NAME: &'static str = "reduce_prod";
    const COST: Cost = Cost::Dear;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        reduced(Self::NAME, args, &self.axes, "multiply over")
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let dims = args[0].dims();
        if ty.dtype.is_float() {
            let found = fold(&args[0].to_f64_vec(), dims, &self.axes, 1.0, |x, y| x * y);
            return Array::from_f64_iter(ty, found.into_iter());
        }
        // 64 bits of a product decide those below.
        let wrap = |x: i128, y: i128| i128::from(x.wrapping_mul(y) as i64);
        let found = fold(&args[0].to_i128_vec(), dims, &self.axes, 1, wrap);
        Array::from_i128_iter(ty, found.into_iter())
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        let (g, x) = (cx.graph, cx.args[0]);
        let (others, ct) = (self.others(g, x)?, self.spread(g, cx.ct, x)?);
        Ok(smallvec![Some(g.mul(ct, others)?)])
    }

    fn jvp(&self, cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        let (g, Some(t)) = (cx.graph, cx.tangents[0]) else { return Ok(None) };
        let others = self.others(g, cx.args[0])?;
        let terms = g.mul(others, t)?;
        g.push(ReduceSum { axes: self.axes.clone() }, &[terms]).map(Some)
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        cx.reduced(&self.axes, |axes| ReduceProd { axes })
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        let attrs = [HloAttr::Dimensions(self.axes.to_vec()), HloAttr::Combine("multiply", Some(1.0))];
        Hlo::WithAttrs("reduce", attrs.into())
    }

    fn samples() -> Vec<Sample> {
        let x = Array::from([0.5, -1.0, 2.0, 0.7, 3.0, -2.0]);
        let matrix = x.reshape([2, 3]).unwrap_or_else(|_| x.clone());
        let cube = x.reshape([2, 1, 3]).unwrap_or_else(|_| x.clone());
        let over = |axes: &[usize]| ReduceProd { axes: Dims::from_slice(axes) };
        vec![
            Sample::smooth(over(&[0]), [matrix.clone()]),
            Sample::smooth(over(&[1]), [matrix.clone()]),
            Sample::smooth(over(&[0, 2]), [cube]),
            Sample::smooth(over(&[]), [x]),
            Sample::smooth(over(&[0]), [Array::from([2.0, 0.0, 3.0])]),
            Sample::smooth(over(&[0]), [Array::from([2.0, 0.0, 0.0, -1.0])]),
            Sample::values(over(&[0]), [matrix.convert(DType::F32)]),
            Sample::values(over(&[0]), [Array::from([f64::NAN, 0.0])]),
            Sample::values(over(&[0]), [Array::from([i32::MAX, 3])]),
            Sample::values(over(&[0]), [Array::from([i64::MIN, 3])]),
            Sample::values(over(&[0]), [Array::from([u32::MAX, 3])]),
            Sample::values(over(&[0]), [Array::from([u64::MAX, 3])]),
            Sample::values(over(&[0]), [Array::from(Vec::<f64>::new())]),
        ]
    }
}
