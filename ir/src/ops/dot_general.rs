//! Contraction of two tensors.

use smallvec::smallvec;

use super::*;
use crate::{
    shape,
    types::{DType, Dims},
};

/// Products of elements summed over `contract` and paired along `batch` (`jax.lax.dot_general`): dimensions of the left
/// operand beside dimensions of the right one. The result has the batch dimensions, then the left operand's other
/// dimensions, then the right one's; integers wrap.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct DotGeneral {
    /// The pairs of dimensions summed over.
    pub contract: SmallVec<[[usize; 2]; 2]>,
    /// The pairs of dimensions that both operands share with the result, in its order.
    pub batch: SmallVec<[[usize; 2]; 2]>,
}

const LEFT: usize = 0;
const RIGHT: usize = 1;

fn side(pairs: &[[usize; 2]], side: usize) -> Dims {
    pairs.iter().map(|p| p[side]).collect()
}

impl DotGeneral {
    /// The contraction along these pairs of dimensions, left operand's first.
    pub fn new(contract: &[[usize; 2]], batch: &[[usize; 2]]) -> DotGeneral {
        DotGeneral { contract: SmallVec::from_slice(contract), batch: SmallVec::from_slice(batch) }
    }

    /// Matrix products along the two last dimensions, over `batch` leading dimensions.
    pub fn matmul(batch: usize) -> DotGeneral {
        DotGeneral { contract: smallvec![[batch + 1, batch]], batch: (0..batch).map(|i| [i, i]).collect() }
    }

    /// The dimensions of an operand of the given rank that the result takes from it alone.
    fn free(&self, s: usize, rank: usize) -> Dims {
        let (batch, contract) = (side(&self.batch, s), side(&self.contract, s));
        (0..rank).filter(|d| !batch.contains(d) && !contract.contains(d)).collect()
    }

    fn fits(&self, x: &Ty, y: &Ty) -> bool {
        let pairs = || self.batch.iter().chain(&self.contract);
        let once =
            |s: usize, rank: usize| self.free(s, rank).len() + self.batch.len() + self.contract.len() == rank;
        x.dtype == y.dtype
            && Class::Number.has(x.dtype)
            && pairs().all(|[i, j]| *i < x.rank() && *j < y.rank() && x.dims[*i] == y.dims[*j])
            && once(LEFT, x.rank())
            && once(RIGHT, y.rank())
    }

    fn result(&self, x: &[usize], y: &[usize]) -> Dims {
        let batch = self.batch.iter().map(|[i, _]| x[*i]);
        let left = self.free(LEFT, x.len()).into_iter().map(|i| x[i]);
        let right = self.free(RIGHT, y.len()).into_iter().map(|i| y[i]);
        batch.chain(left).chain(right).collect()
    }

    /// Calls `f` with the position in the result and the positions in both operands of every product.
    fn walk(&self, x: &[usize], y: &[usize], mut f: impl FnMut(usize, usize, usize)) {
        let (out, sum) = (self.result(x, y), self.contract.iter().map(|[i, _]| x[*i]).collect::<Dims>());
        let (x_strides, y_strides) = (shape::strides(x), shape::strides(y));
        let (left, right) = (self.free(LEFT, x.len()), self.free(RIGHT, y.len()));
        let dot = |index: &[usize], axes: &[usize], strides: &[usize]| -> usize {
            index.iter().zip(axes).map(|(i, a)| i * strides[*a]).sum()
        };
        let x_sum = side(&self.contract, LEFT);
        let y_sum = side(&self.contract, RIGHT);
        let x_axes = [side(&self.batch, LEFT), left.clone()].concat();
        let y_axes = [side(&self.batch, RIGHT), right].concat();
        for to in 0..out.iter().product() {
            let index = shape::unravel(to, &out);
            let (batch, free) = index.split_at(self.batch.len());
            let from_x = dot(&index, &x_axes, &x_strides);
            let from_y = dot(&[batch, &free[left.len()..]].concat(), &y_axes, &y_strides);
            for k in 0..sum.iter().product() {
                let k = shape::unravel(k, &sum);
                f(to, from_x + dot(&k, &x_sum, &x_strides), from_y + dot(&k, &y_sum, &y_strides));
            }
        }
    }

    /// The derivative by one operand: the result's derivative contracted with the other operand.
    fn by(&self, g: &mut Graph, own: usize, args: &[Val], ct: Val) -> Result<Val, TypeError> {
        let other = 1 - own;
        let rank = |s: usize, g: &Graph| g.ty(args[s]).rank();
        let (own_free, other_free) = (self.free(own, rank(own, g)), self.free(other, rank(other, g)));
        let batch = self.batch.len();
        // The result lists the left operand's free dimensions before the right one's.
        let first = if other == LEFT { batch } else { batch + own_free.len() };
        let dot = DotGeneral {
            contract: other_free.iter().enumerate().map(|(i, d)| [first + i, *d]).collect(),
            batch: self.batch.iter().enumerate().map(|(i, pair)| [i, pair[other]]).collect(),
        };
        let by = g.push(dot, &[ct, args[other]])?;
        // Its dimensions: batch, own free ones, and the contracted ones in the order the other operand has them.
        let mut contract = self.contract.clone();
        contract.sort_by_key(|pair| pair[other]);
        let source = [side(&self.batch, own), own_free, side(&contract, own)].concat();
        let mut permutation: Dims = source.iter().map(|_| 0).collect();
        for (at, d) in source.iter().enumerate() {
            permutation[*d] = at;
        }
        g.push(Transpose { permutation }, &[by])
    }
}

impl Rules for DotGeneral {
    const NAME: &'static str = "dot_general";
    const COST: Cost = Cost::Dear;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        match args {
            [x, y] if self.fits(x, y) => Ok(x.with_dims(self.result(&x.dims, &y.dims))),
            _ => Err(TypeError {
                op: Self::NAME,
                operands: args.to_vec(),
                expected: format!(
                    "two numeric operands of one element type with equal sizes in the pairs of dimensions {:?}",
                    self.batch.iter().chain(&self.contract).collect::<Vec<_>>()
                ),
            }),
        }
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let (x_dims, y_dims) = (args[LEFT].dims(), args[RIGHT].dims());
        if ty.dtype.is_float() {
            let (x, y) = (args[LEFT].to_f64_vec(), args[RIGHT].to_f64_vec());
            let mut out = vec![0.0; ty.len()];
            self.walk(x_dims, y_dims, |to, i, j| out[to] += x[i] * y[j]);
            Array::from_f64_iter(ty, out.into_iter())
        } else {
            let (x, y) = (args[LEFT].to_i128_vec(), args[RIGHT].to_i128_vec());
            let mut out = vec![0i128; ty.len()];
            self.walk(x_dims, y_dims, |to, i, j| out[to] = out[to].wrapping_add(x[i].wrapping_mul(y[j])));
            Array::from_i128_iter(ty, out.into_iter())
        }
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        let by = |g: &mut Graph, own| self.by(g, own, cx.args, cx.ct);
        Ok(smallvec![Some(by(cx.graph, LEFT)?), Some(by(cx.graph, RIGHT)?)])
    }

    fn jvp(&self, cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        let (g, args) = (cx.graph, cx.args);
        let left = cx.tangents[LEFT].map(|t| g.push(self.clone(), &[t, args[RIGHT]])).transpose()?;
        let right = cx.tangents[RIGHT].map(|t| g.push(self.clone(), &[args[LEFT], t])).transpose()?;
        match (left, right) {
            (Some(left), Some(right)) => g.add(left, right).map(Some),
            (left, right) => Ok(left.or(right)),
        }
    }

    fn batch(&self, cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        let mut dot = self.clone();
        for pair in dot.batch.iter_mut().chain(&mut dot.contract) {
            for s in [LEFT, RIGHT] {
                pair[s] += usize::from(cx.axes[s].is_some_and(|axis| pair[s] >= axis));
            }
        }
        // A batch of one operand is one more of its free dimensions.
        let rank = |s: usize, g: &Graph| g.ty(cx.args[s]).rank();
        let left = dot.free(LEFT, rank(LEFT, cx.graph));
        let position = |free: &[usize], axis: usize| free.iter().take_while(|d| **d != axis).count();
        let axis = match (cx.axes[LEFT], cx.axes[RIGHT]) {
            (Some(x), Some(y)) => {
                dot.batch.insert(0, [x, y]);
                0
            }
            (Some(x), None) => dot.batch.len() + position(&left, x),
            (None, y) => {
                let right = dot.free(RIGHT, rank(RIGHT, cx.graph));
                dot.batch.len() + left.len() + position(&right, y.unwrap_or(0))
            }
        };
        Ok((cx.graph.push(dot, cx.args)?, axis))
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::with("dot", HloAttr::Dot(self.contract.to_vec(), self.batch.to_vec()))
    }

    fn samples() -> Vec<Sample> {
        let filled = |dims: &[usize], phase: f64| {
            let n: usize = dims.iter().product();
            // Positive, so that sums do not cancel and single precision keeps its digits.
            let x = Array::from((0..n).map(|i| 1.5 + (i as f64 * 1.7 + phase).sin()).collect::<Vec<_>>());
            x.reshape(dims.iter().copied()).unwrap_or(x)
        };
        let dot = DotGeneral::new;
        let cases: [(DotGeneral, [&[usize]; 2]); 8] = [
            (dot(&[[0, 0]], &[]), [&[3], &[3]]),
            (dot(&[], &[]), [&[2], &[3]]),
            (DotGeneral::matmul(0), [&[2, 3], &[3, 4]]),
            (DotGeneral::matmul(1), [&[2, 2, 3], &[2, 3, 2]]),
            (dot(&[[0, 2], [2, 0]], &[]), [&[2, 2, 3], &[3, 2, 2]]),
            (dot(&[[1, 0]], &[[2, 1]]), [&[2, 3, 2], &[3, 2, 2]]),
            (DotGeneral::matmul(0), [&[1, 1], &[1, 1]]),
            (dot(&[[2, 0]], &[[1, 2], [0, 1]]), [&[2, 1, 3], &[3, 2, 1]]),
        ];
        let mut samples = Vec::new();
        for (op, [x, y]) in cases {
            let args = [filled(x, 0.0), filled(y, 0.5)];
            samples.push(Sample::values(op.clone(), args.clone().map(|a| a.convert(DType::F32))));
            samples.push(Sample::smooth(op, args));
        }
        for (x, y) in [([0, 3], [3, 2]), ([2, 0], [0, 2])] {
            samples.push(Sample::values(DotGeneral::matmul(0), [filled(&x, 0.0), filled(&y, 0.0)]));
        }
        let whole = |x: Array, dtype| x.convert(dtype).reshape([2, 2]).unwrap_or_else(|_| x.clone());
        for dtype in [DType::I32, DType::I64, DType::U32, DType::U64] {
            let args = [[1i64, 2, 3, 1 << 31], [5, 7, 2, 3]].map(|x| whole(Array::from(x), dtype));
            samples.push(Sample::values(DotGeneral::matmul(0), args));
        }
        samples
    }
}
