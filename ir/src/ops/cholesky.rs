//! The Cholesky factor.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// The lower triangular `L` with `L Lᵀ = A`, zero above the diagonal (`jax.lax.linalg.cholesky`). It reads the lower
/// triangle of each matrix; every element is NaN where a matrix is not positive definite.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Cholesky;

/// The factor of one matrix, row-major, column by column.
fn factor(a: &[f64], n: usize) -> Vec<f64> {
    let mut l = vec![0.0; n * n];
    for j in 0..n {
        for i in j..n {
            let dot: f64 = (0..j).map(|k| l[i * n + k] * l[j * n + k]).sum();
            let rest = a[i * n + j] - dot;
            if i == j && (rest.is_nan() || rest <= 0.0) {
                return vec![f64::NAN; n * n];
            }
            l[i * n + j] = if i == j { rest.sqrt() } else { rest / l[j * n + j] };
        }
    }
    l
}

impl Rules for Cholesky {
    const NAME: &'static str = "cholesky";
    const COST: Cost = Cost::Dear;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        matrix::square(Self::NAME, args).cloned()
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let n = ty.dims[ty.rank() - 1];
        Array::from_f64_iter(ty, matrix::each_matrix(args[0]).iter().flat_map(|a| factor(a, n)))
    }

    /// Murray (2016), "Differentiation of the Cholesky decomposition", equation 9, for an operand whose lower triangle
    /// alone is read: with `Φ` the lower triangle with halved diagonal and `P = Φ(Lᵀ L̄)`, it is `2Φ(L⁻ᵀ (P + Pᵀ)/2 L⁻¹)`.
    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        let (g, l) = (cx.graph, cx.out);
        let p = matrix::product(g, l, cx.ct, [0, 0])?;
        let p = matrix::half_lower(g, p)?;
        let p_transposed = matrix::transposed(g, p)?;
        let p = g.add(p, p_transposed)?;
        let left =
            g.push(TriangularSolve { left: true, transpose: true, ..TriangularSolve::LOWER }, &[l, p])?;
        let both = g.push(TriangularSolve { left: false, ..TriangularSolve::LOWER }, &[l, left])?;
        Ok(smallvec![Some(matrix::half_lower(g, both)?)])
    }

    /// `L Φ(L⁻¹ dA L⁻ᵀ)`, equation 8 of the same paper.
    fn jvp(&self, cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        let (g, l) = (cx.graph, cx.out);
        let Some(t) = cx.tangents[0] else { return Ok(None) };
        let t = matrix::symmetric(g, t)?;
        let left = g.push(TriangularSolve::LOWER, &[l, t])?;
        let right = TriangularSolve { left: false, transpose: true, ..TriangularSolve::LOWER };
        let both = g.push(right, &[l, left])?;
        let half = matrix::half_lower(g, both)?;
        matrix::matmul(g, l, half).map(Some)
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        let a = cx.at(0, 0)?;
        Ok((cx.graph.push(Cholesky, &[a])?, 0))
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::with("cholesky", HloAttr::Cholesky)
    }

    fn samples() -> Vec<Sample> {
        let sizes: [&[usize]; 3] = [&[1, 1], &[3, 3], &[2, 2, 2]];
        let mut samples = Vec::new();
        for dims in sizes {
            samples.push(Sample::smooth(Cholesky, [matrix::sample_matrix(dims, 0.2)]));
        }
        samples.push(Sample::values(Cholesky, [matrix::sample_matrix(&[3, 3], 0.2).convert(DType::F32)]));
        for dims in [&[0, 0][..], &[0, 2, 2]] {
            samples
                .push(Sample::values(Cholesky, [Array::zeros(&Ty::new(DType::F64, dims.iter().copied()))]));
        }
        // One matrix of the batch is indefinite.
        let mixed = Array::from([4.0, 0.0, 2.0, 3.0, 1.0, 0.0, 2.0, 1.0]);
        let mixed = mixed.reshape([2, 2, 2]).unwrap_or(mixed);
        samples.push(Sample::values(Cholesky, [mixed]));
        samples
    }
}
