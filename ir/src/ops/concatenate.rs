//! Concatenation.

use super::*;
use crate::{shape, types::Dims};

/// The operands one after another along `axis`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Concatenate {
    /// The dimension that grows.
    pub axis: usize,
}

impl Rules for Concatenate {
    const NAME: &'static str = "concatenate";
    const COST: Cost = Cost::Arithmetic;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        let agree = |first: &Ty| {
            self.axis < first.rank()
                && args.iter().all(|a| {
                    a.dtype == first.dtype
                        && a.rank() == first.rank()
                        && (0..a.rank()).all(|i| i == self.axis || a.dims[i] == first.dims[i])
                })
        };
        match args.first() {
            Some(first) if agree(first) => {
                let mut ty = first.clone();
                ty.dims[self.axis] = args.iter().fold(0, |n: usize, a| n.saturating_add(a.dims[self.axis]));
                Ok(ty)
            }
            _ => Err(TypeError {
                op: Self::NAME,
                operands: args.to_vec(),
                expected: format!(
                    "operands of one element type that differ at most in dimension {}",
                    self.axis
                ),
            }),
        }
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let starts: Vec<usize> = args
            .iter()
            .scan(0, |at, a| {
                let start = *at;
                *at += a.dims()[self.axis];
                Some(start)
            })
            .collect();
        let source = |flat: usize| {
            let mut index = shape::unravel(flat, &ty.dims);
            let from = starts.partition_point(|s| *s <= index[self.axis]) - 1;
            // Empty operands share a start with their successor; the last one with that start owns the index.
            index[self.axis] -= starts[from];
            let strides = shape::strides(args[from].dims());
            (from, index.iter().zip(&strides).map(|(i, s)| i * s).sum::<usize>())
        };
        if ty.dtype.is_float() {
            let xs: Vec<Vec<f64>> = args.iter().map(|a| a.to_f64_vec()).collect();
            Array::from_f64_iter(ty, (0..ty.len()).map(source).map(|(from, at)| xs[from][at]))
        } else {
            let xs: Vec<Vec<i128>> = args.iter().map(|a| a.to_i128_vec()).collect();
            Array::from_i128_iter(ty, (0..ty.len()).map(source).map(|(from, at)| xs[from][at]))
        }
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        let mut at = 0;
        cx.args
            .iter()
            .map(|arg| {
                let dims = cx.graph.ty(*arg).dims.clone();
                let mut start: Dims = dims.iter().map(|_| 0).collect();
                let mut limit = dims.clone();
                start[self.axis] = at;
                limit[self.axis] += at;
                at = limit[self.axis];
                cx.graph.push(Slice::new(start, limit), &[cx.ct]).map(Some)
            })
            .collect()
    }

    fn jvp(&self, mut cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        let tangents = cx.all_tangents()?;
        cx.graph.push(self.clone(), &tangents).map(Some)
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        let batch = cx.common_axis();
        let args = cx.aligned(batch)?;
        let axis = self.axis + usize::from(self.axis >= batch);
        Ok((cx.graph.push(Concatenate { axis }, &args)?, batch))
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::with("concatenate", HloAttr::Dimensions(vec![self.axis]))
    }

    fn samples() -> Vec<Sample> {
        let x = Array::from([1.0, 2.0, 3.0, 4.0]);
        let square = x.reshape([2, 2]).unwrap_or_else(|_| x.clone());
        let row = Array::from([5.0, 6.0]);
        let column = row.reshape([2, 1]).unwrap_or_else(|_| row.clone());
        vec![
            Sample::smooth(Concatenate { axis: 0 }, [x.clone(), Array::from(Vec::<f64>::new()), row]),
            Sample::smooth(Concatenate { axis: 1 }, [square, column]),
            Sample::values(Concatenate { axis: 0 }, [Array::from([1u64]), Array::from([2u64, 3])]),
        ]
    }
}
