//! The orthogonal matrix that reflections multiply to.

use super::{
    householder::{no_derivative, reflect},
    *,
};
use crate::types::{DType, Dims};

/// `H₁ H₂ … Hₖ`, or its first `n` columns, from `m × n` matrices with vectors below the diagonal and `k ≤ n ≤ m` factors
/// `τ`, as [`Householder`] packs them (LAPACK's `orgqr`, `jax.lax.linalg.householder_product`).
///
/// It has no derivative, as [`Householder`] has none.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct HouseholderProduct;

/// The product for one packed matrix.
pub(super) fn unpack(packed: &[f64], taus: &[f64], m: usize, n: usize) -> Vec<f64> {
    let mut q = vec![0.0; m * n];
    for i in 0..n {
        q[i * n + i] = 1.0;
    }
    for (k, tau) in taus.iter().enumerate().rev() {
        let v: Vec<f64> = (0..m).map(|i| packed[i * n + k]).collect();
        reflect(&mut q, n, 0, (&v, k, *tau));
    }
    q
}

impl Rules for HouseholderProduct {
    const NAME: &'static str = "householder_product";
    const COST: Cost = Cost::Dear;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        let fits = |a: &Ty, taus: &Ty| {
            let Some((batch, m, n)) = matrix::split(a) else { return false };
            a.dtype.is_float()
                && a.dtype == taus.dtype
                && taus.rank() == batch + 1
                && taus.dims[..batch] == a.dims[..batch]
                && taus.dims[batch] <= n
                && n <= m
        };
        match args {
            [a, taus] if fits(a, taus) => Ok(a.clone()),
            _ => Err(TypeError {
                op: Self::NAME,
                operands: args.to_vec(),
                expected:
                    "floating-point matrices no wider than high, and at most as many factors as columns"
                        .into(),
            }),
        }
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let (m, n) = (ty.dims[ty.rank() - 2], ty.dims[ty.rank() - 1]);
        let k = args[1].dims()[ty.rank() - 2];
        let (packed, taus) = (matrix::each_matrix(args[0]), args[1].to_f64_vec());
        let taus = |i: usize| &taus[i * k..(i + 1) * k];
        let products = packed.iter().enumerate().flat_map(|(i, x)| unpack(x, taus(i), m, n));
        Array::from_f64_iter(ty, products)
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        Err(no_derivative(Self::NAME, cx.graph, cx.args))
    }

    fn jvp(&self, cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        Err(no_derivative(Self::NAME, cx.graph, cx.args))
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        let args = cx.aligned(0)?;
        Ok((cx.graph.push(HouseholderProduct, &args)?, 0))
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::with("custom-call", HloAttr::CustomCall("ProductOfElementaryHouseholderReflectors"))
    }

    fn samples() -> Vec<Sample> {
        let mut samples = Vec::new();
        let cases: [(&[usize], usize); 4] = [(&[1, 1], 1), (&[3, 3], 3), (&[4, 3], 2), (&[2, 3, 2], 2)];
        for (dims, k) in cases {
            let vectors = matrix::sample_matrix(dims, 0.7);
            let factors: Dims = dims[..dims.len() - 2].iter().copied().chain([k]).collect();
            let n: usize = factors.iter().product();
            let taus = Array::from((0..n).map(|i| 1.2 + 0.1 * i as f64).collect::<Vec<_>>());
            let args = [vectors, taus.reshape(factors).unwrap_or(taus)];
            let dtype = if dims[0] == 3 { DType::F32 } else { DType::F64 };
            samples.push(Sample::values(HouseholderProduct, args.map(|x| x.convert(dtype))));
        }
        samples
    }
}
