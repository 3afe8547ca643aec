//! Triangular form by Householder's reflections, packed as LAPACK packs it.

use super::*;
use crate::types::{DType, Dims};

/// The reflections that make each `m × n` matrix upper triangular (LAPACK's `geqrf`, `jax.lax.linalg.geqrf`): the triangle
/// with the vectors below it, and their factors `τ`, of which one that is zero reflects nothing.
///
/// It has no derivative: [`Qr`], [`Solve`] and [`Slogdet`], which are made of it, have theirs.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Householder;

/// The refusal of a derivative rule.
pub(super) fn no_derivative(op: &'static str, g: &Graph, args: &[Val]) -> TypeError {
    let operands = args.iter().map(|v| g.ty(*v).clone()).collect();
    TypeError { op, operands, expected: "no derivative through it: use `qr`, `solve` or `slogdet`".into() }
}

/// Reflects the rows of `x` (`columns` of them hold something) by `I − τ v vᵀ`; `v` starts at row `k` with a one that is
/// not stored.
pub(super) fn reflect(x: &mut [f64], columns: usize, from: usize, (v, k, tau): (&[f64], usize, f64)) {
    let m = v.len();
    for j in from..columns {
        let below: f64 = (k + 1..m).map(|i| v[i] * x[i * columns + j]).sum();
        let dot = tau * (x[k * columns + j] + below);
        x[k * columns + j] -= dot;
        for i in k + 1..m {
            x[i * columns + j] -= v[i] * dot;
        }
    }
}

/// Packs one matrix in place and returns the factors.
pub(super) fn pack(x: &mut [f64], m: usize, n: usize) -> Vec<f64> {
    let mut taus = Vec::new();
    for k in 0..m.min(n) {
        let alpha = x[k * n + k];
        let rest = (k + 1..m).map(|i| x[i * n + k]).fold(0.0, f64::hypot);
        // Where nothing lies below there is nothing to reflect; NaN spreads all the same, as on devices.
        let beta = match (rest == 0.0, alpha < 0.0) {
            (true, _) => alpha,
            (false, true) => alpha.hypot(rest),
            (false, false) => -alpha.hypot(rest),
        };
        let tau = if rest == 0.0 { 0.0 } else { (beta - alpha) / beta };
        let divisor = if rest == 0.0 { 1.0 } else { alpha - beta };
        let v: Vec<f64> = (0..m).map(|i| x[i * n + k] / divisor).collect();
        reflect(x, n, k + 1, (&v, k, tau));
        x[k * n + k] = beta;
        for i in k + 1..m {
            x[i * n + k] = v[i];
        }
        taus.push(tau);
    }
    taus
}

impl MultiRules for Householder {
    const OP: &'static str = "householder";
    const COST: Cost = Cost::Dear;

    fn infer(&self, args: &[Ty]) -> Result<Tys, TypeError> {
        match args {
            [a] if a.dtype.is_float() && a.rank() >= 2 => {
                let (batch, sizes) = a.dims.split_at(a.rank() - 2);
                let taus: Dims = batch.iter().copied().chain([sizes[0].min(sizes[1])]).collect();
                Ok([a.clone(), a.with_dims(taus)].into_iter().collect())
            }
            _ => Err(TypeError {
                op: Self::OP,
                operands: args.to_vec(),
                expected: "one operand of floating-point matrices".into(),
            }),
        }
    }

    fn regions(&self) -> Vec<Arc<Graph>> {
        Vec::new()
    }

    fn with_regions(&self, _regions: Vec<Arc<Graph>>) -> Householder {
        Householder
    }

    fn eval(&self, args: &[&Array], tys: &[Ty]) -> Vec<Array> {
        let dims = &tys[0].dims;
        let (m, n) = (dims[dims.len() - 2], dims[dims.len() - 1]);
        let mut packed = matrix::each_matrix(args[0]);
        let taus: Vec<f64> = packed.iter_mut().flat_map(|x| pack(x, m, n)).collect();
        let packed = Array::from_f64_iter(&tys[0], packed.into_iter().flatten());
        vec![packed, Array::from_f64_iter(&tys[1], taus.into_iter())]
    }

    fn saving(&self) -> Option<Op> {
        None
    }

    fn vjp(&self, cx: MultiVjp<'_>) -> Result<Cotangents, TypeError> {
        Err(no_derivative(Self::OP, cx.graph, cx.args))
    }

    fn jvp(&self, cx: MultiJvp<'_>) -> Result<(Operands, Tangents), TypeError> {
        Err(no_derivative(Self::OP, cx.graph, cx.args))
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<Batched, TypeError> {
        let a = cx.at(0, 0)?;
        let results = cx.graph.push_all(Householder, &[a])?;
        Ok(results.into_iter().map(|v| (v, Some(0))).collect())
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::with("custom-call", HloAttr::CustomCall("Qr"))
    }

    fn samples() -> Vec<Sample> {
        let sizes: [&[usize]; 4] = [&[1, 1], &[4, 2], &[2, 3], &[2, 3, 3]];
        let single = matrix::sample_matrix(&[3, 3], 0.3).convert(DType::F32);
        let matrices = sizes.map(|dims| matrix::sample_matrix(dims, 0.3));
        matrices.into_iter().chain([single]).map(|x| Sample::values(Householder, [x])).collect()
    }
}
