//! Determinants, as sign and logarithm.

use smallvec::smallvec;

use super::*;
use crate::types::{DType, Dims};

/// The sign of the determinant of each square matrix, and the logarithm of its modulus (`jax.numpy.linalg.slogdet`); zero
/// and −∞ of a singular one.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Slogdet;

/// The transposed inverses.
fn adjoint_inverse(g: &mut Graph, a: Val) -> Result<Val, TypeError> {
    let ty = g.ty(a).clone();
    let one = matrix::identity(g, &ty)?;
    g.push(Solve { transpose: true }, &[a, one])
}

impl MultiRules for Slogdet {
    const OP: &'static str = "slogdet";
    const COST: Cost = Cost::Dear;

    fn infer(&self, args: &[Ty]) -> Result<Tys, TypeError> {
        let a = matrix::square(Self::OP, args)?;
        let ty = a.with_dims(a.dims[..a.rank() - 2].iter().copied());
        Ok(smallvec![ty.clone(), ty])
    }

    fn regions(&self) -> Vec<Arc<Graph>> {
        Vec::new()
    }

    fn with_regions(&self, _regions: Vec<Arc<Graph>>) -> Slogdet {
        Slogdet
    }

    fn eval(&self, args: &[&Array], tys: &[Ty]) -> Vec<Array> {
        let n = args[0].dims()[args[0].dims().len() - 1];
        if n == 0 {
            return vec![Array::filled(&tys[0], 1.0), Array::zeros(&tys[1])];
        }
        let (mut signs, mut logs) = (Vec::new(), Vec::new());
        for mut a in matrix::each_matrix(args[0]) {
            let taus = householder::pack(&mut a, n, n);
            let diagonal: Vec<f64> = (0..n).map(|i| a[i * n + i]).collect();
            let turns = taus.iter().map(|t| if *t == 0.0 { 1.0 } else { -1.0 });
            let sign = |x: &f64| if *x == 0.0 || x.is_nan() { *x } else { x.signum() };
            signs.push(diagonal.iter().map(sign).chain(turns).product());
            logs.push(diagonal.iter().map(|x| x.abs().ln()).sum());
        }
        vec![
            Array::from_f64_iter(&tys[0], signs.into_iter()),
            Array::from_f64_iter(&tys[1], logs.into_iter()),
        ]
    }

    fn saving(&self) -> Option<Op> {
        None
    }

    fn vjp(&self, cx: MultiVjp<'_>) -> Result<Cotangents, TypeError> {
        let (g, a) = (cx.graph, cx.args[0]);
        let Some(ct) = cx.cts[1] else { return Ok(smallvec![None]) };
        let inverse = adjoint_inverse(g, a)?;
        let dims = g.ty(a).dims.clone();
        let map: Dims = (0..dims.len() - 2).collect();
        let ct = g.push(Broadcast { dims, map }, &[ct])?;
        Ok(smallvec![Some(g.mul(ct, inverse)?)])
    }

    fn jvp(&self, cx: MultiJvp<'_>) -> Result<(Operands, Tangents), TypeError> {
        let (g, a) = (cx.graph, cx.args[0]);
        let results = g.push_all(Slogdet, cx.args)?;
        let Some(moved) = cx.tangents[0] else { return Ok((results, smallvec![None, None])) };
        let inverse = adjoint_inverse(g, a)?;
        let products = g.mul(moved, inverse)?;
        let rank = g.ty(a).rank();
        let sum = g.push(ReduceSum { axes: Dims::from_slice(&[rank - 2, rank - 1]) }, &[products])?;
        Ok((results, smallvec![None, Some(sum)]))
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<Batched, TypeError> {
        let a = cx.at(0, 0)?;
        let results = cx.graph.push_all(Slogdet, &[a])?;
        Ok(results.into_iter().map(|v| (v, Some(0))).collect())
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::ExpandOp(expand)
    }

    fn samples() -> Vec<Sample> {
        let mut samples = Vec::new();
        let sizes: [&[usize]; 3] = [&[1, 1], &[3, 3], &[2, 2, 2]];
        for dims in sizes {
            samples.push(Sample::smooth(Slogdet, [matrix::sample_matrix(dims, 0.9)]));
        }
        let single = matrix::sample_matrix(&[3, 3], 0.9).convert(DType::F32);
        samples.push(Sample::values(Slogdet, [single]));
        samples.push(Sample::values(Slogdet, [Array::zeros(&Ty::new(DType::F64, [2, 0, 0]))]));
        // A reflection, a singular matrix, and one that is not a number.
        let few = [0.0, 2.0, 3.0, 0.0, 1.0, 2.0, 0.0, 0.0, 1.0, f64::NAN, 0.0, 1.0];
        samples.extend(Array::from(few).reshape([3, 2, 2]).map(|x| Sample::values(Slogdet, [x])));
        samples
    }
}

fn expand(_op: &Op, g: &mut Graph, args: &[Val]) -> Result<Operands, TypeError> {
    let ty = g.ty(args[0]).clone();
    let (axis, n) = (ty.rank() - 2, ty.dims[ty.rank() - 1]);
    let scalars = ty.with_dims(ty.dims[..axis].iter().copied());
    if n == 0 {
        return Ok(Operands::from_slice(&[g.full(&scalars, 1.0)?, g.full(&scalars, 0.0)?]));
    }
    let packed = g.push_all(Householder, args)?;
    let diagonal = matrix::diagonal(g, packed[0])?;
    let zero = g.full_like(diagonal, 0.0)?;
    let axes = Dims::from_slice(&[axis]);
    // Each reflection turns the sign, and so does each negative element of the diagonal.
    let (negative, still) = (g.lt(diagonal, zero)?, g.eq(packed[1], zero)?);
    let even = g.xor(negative, still)?;
    let turns = g.not(even)?;
    let turns = g.convert(turns, DType::I32)?;
    let count = g.push(ReduceSum { axes: axes.clone() }, &[turns])?;
    let bit = g.full_like(count, 1.0)?;
    let odd = g.and(count, bit)?;
    let odd = g.eq(odd, bit)?;
    let modulus = g.abs(diagonal)?;
    let logs = g.log(modulus)?;
    let log = g.push(ReduceSum { axes: axes.clone() }, &[logs])?;
    let (plus, minus) = (g.full(&scalars, 1.0)?, g.full(&scalars, -1.0)?);
    let sign = g.select(odd, minus, plus)?;
    let smallest = g.push(ReduceMin { axes }, &[modulus])?;
    // Zero of a singular matrix, NaN of NaN, one otherwise.
    let size = g.push(Sign, &[smallest])?;
    Ok(Operands::from_slice(&[g.mul(sign, size)?, log]))
}
