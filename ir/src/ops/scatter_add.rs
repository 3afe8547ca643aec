//! Adding at integer positions: the transpose of `take`.

use smallvec::smallvec;

use super::{
    take::{OutOfRange, is_index, joint, positions, taken, window_dims},
    *,
};

/// `scatter_add(x, index, updates)`: `x` with each slice of `updates` added at its integer position along `axis`.
/// Positions outside are ignored; repeated ones add up.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ScatterAdd {
    /// The dimension written along.
    pub axis: usize,
}

impl Rules for ScatterAdd {
    const NAME: &'static str = "scatter_add";

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        match args {
            [x, index, updates]
                if self.axis < x.rank()
                    && is_index(index)
                    && Class::Number.has(x.dtype)
                    && updates.dtype == x.dtype
                    && updates.dims.as_slice() == taken(&x.dims, &index.dims, self.axis) =>
            {
                Ok(x.clone())
            }
            _ => Err(TypeError {
                op: Self::NAME,
                operands: args.to_vec(),
                expected: format!("a number, integers, and updates as a take along {} gives them", self.axis),
            }),
        }
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let at = positions(&ty.dims, args[1], self.axis, args[2].dims(), false);
        if ty.dtype.is_float() {
            let (mut x, updates) = (args[0].to_f64_vec(), args[2].to_f64_vec());
            for (p, u) in at.into_iter().zip(updates).filter_map(|(p, u)| p.map(|p| (p, u))) {
                x[p] += u;
            }
            Array::from_f64_iter(ty, x.into_iter())
        } else {
            let (mut x, updates) = (args[0].to_i128_vec(), args[2].to_i128_vec());
            for (p, u) in at.into_iter().zip(updates).filter_map(|(p, u)| p.map(|p| (p, u))) {
                x[p] = x[p].wrapping_add(u);
            }
            Array::from_i128_iter(ty, x.into_iter())
        }
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        let by_updates = cx.graph.push(Take { axis: self.axis }, &[cx.ct, cx.args[1]])?;
        Ok(smallvec![Some(cx.ct), None, Some(by_updates)])
    }

    fn jvp(&self, cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        if cx.tangents[0].is_none() && cx.tangents[2].is_none() {
            return Ok(None);
        }
        let tangent =
            |g: &mut Graph, i: usize| cx.tangents[i].map_or_else(|| g.full_like(cx.args[i], 0.0), Ok);
        let (x, updates) = (tangent(cx.graph, 0)?, tangent(cx.graph, 2)?);
        cx.graph.push(self.clone(), &[x, cx.args[1], updates]).map(Some)
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        let Some(_) = cx.axes[1] else {
            let (x, updates) = (cx.at(0, 0)?, cx.at(2, 0)?);
            let op = ScatterAdd { axis: self.axis + 1 };
            return Ok((cx.graph.push(op, &[x, cx.args[1], updates])?, 0));
        };
        let (x, index) = joint(&mut cx, self.axis, OutOfRange::Drop)?;
        let updates = cx.at(2, self.axis)?;
        let summed = cx.graph.push(self.clone(), &[x, index, updates])?;
        let mut dims = cx.graph.ty(x).dims.clone();
        dims[self.axis] /= cx.size.max(1);
        dims.insert(self.axis, cx.size);
        Ok((cx.graph.reshape(summed, &dims)?, self.axis))
    }

    fn hlo(&self, args: &[Ty]) -> Hlo {
        let dims = ScatterDims {
            update_window_dims: window_dims(&args[0], &args[1], self.axis),
            inserted_window_dims: vec![self.axis],
            scatter_dims_to_operand_dims: vec![self.axis],
            index_vector_dim: args[1].rank(),
        };
        Hlo::WithAttrs("scatter", [HloAttr::Scatter(dims), HloAttr::Combine("add", None)].into())
    }

    fn samples() -> Vec<Sample> {
        let x = Array::from((0..6).map(|i| 0.5 + f64::from(i)).collect::<Vec<_>>());
        let matrix = x.reshape([2, 3]).unwrap_or_else(|_| x.clone());
        let updates = Array::from([1.0, 2.0, 3.0, 4.0]);
        let square = updates.reshape([2, 2]).unwrap_or_else(|_| updates.clone());
        let index = Array::from([2i64, 0, 0, 1]);
        vec![
            Sample::smooth(ScatterAdd { axis: 0 }, [x.clone(), index, updates]),
            Sample::smooth(ScatterAdd { axis: 1 }, [matrix, Array::from([2i32, 2]), square]),
            Sample::values(ScatterAdd { axis: 0 }, [x, Array::from([-3i64, 99]), Array::from([1.0, 2.0])]),
        ]
    }
}
