//! Systems of linear equations.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// The `X` with `A X = B`, or `Aᵀ X = B`, for square `A`, matrix by matrix (`jax.numpy.linalg.solve`), by Householder's
/// reflections. Both forms share the reflections of one `A`, so that a gradient costs no second factorisation.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Solve {
    /// Whether `A` is transposed.
    pub transpose: bool,
}

/// Solves for all columns of one right-hand side by Gauss's elimination with partial pivoting.
fn eliminate(mut a: Vec<f64>, b: &mut [f64], n: usize, columns: usize) {
    for k in 0..n {
        let size = |i: &usize| a[i * n + k].abs();
        let pivot = (k..n).fold(k, |best, i| if size(&i) > size(&best) { i } else { best });
        for j in 0..n {
            a.swap(k * n + j, pivot * n + j);
        }
        for j in 0..columns {
            b.swap(k * columns + j, pivot * columns + j);
        }
        for i in k + 1..n {
            let factor = a[i * n + k] / a[k * n + k];
            for j in k..n {
                a[i * n + j] -= factor * a[k * n + j];
            }
            for j in 0..columns {
                b[i * columns + j] -= factor * b[k * columns + j];
            }
        }
    }
    for k in (0..n).rev() {
        for j in 0..columns {
            let dot: f64 = (k + 1..n).map(|i| a[k * n + i] * b[i * columns + j]).sum();
            b[k * columns + j] = (b[k * columns + j] - dot) / a[k * n + k];
        }
    }
}

impl Rules for Solve {
    const NAME: &'static str = "solve";
    const COST: Cost = Cost::Dear;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        let fits = |a: &Ty, b: &Ty| {
            let batch = a.rank() - 2;
            a.dtype == b.dtype && a.rank() == b.rank() && a.dims[..=batch] == b.dims[..=batch]
        };
        match args {
            [a, b] if matrix::is_square(a) && fits(a, b) => Ok(b.clone()),
            _ => Err(TypeError {
                op: Self::NAME,
                operands: args.to_vec(),
                expected:
                    "square floating-point matrices and right-hand sides of as many rows, in equal batches"
                        .into(),
            }),
        }
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let (n, columns) = (ty.dims[ty.rank() - 2], ty.dims[ty.rank() - 1]);
        let (a, mut b) = (matrix::each_matrix(args[0]), matrix::each_matrix(args[1]));
        for (a, b) in a.into_iter().zip(&mut b) {
            let a = if self.transpose { (0..n * n).map(|i| a[i % n * n + i / n]).collect() } else { a };
            eliminate(a, b, n, columns);
        }
        Array::from_f64_iter(ty, b.into_iter().flatten())
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        let (g, x) = (cx.graph, cx.out);
        let by_b = g.push(Solve { transpose: !self.transpose }, &[cx.args[0], cx.ct])?;
        let (left, right) = if self.transpose { (x, by_b) } else { (by_b, x) };
        let by_a = matrix::product(g, left, right, [1, 1])?;
        Ok(smallvec![Some(g.neg(by_a)?), Some(by_b)])
    }

    fn jvp(&self, cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        let g = cx.graph;
        let along = [usize::from(!self.transpose), 0];
        let moved = cx.tangents[0].map(|t| matrix::product(g, t, cx.out, along)).transpose()?;
        let rest = match (cx.tangents[1], moved) {
            (Some(b), Some(moved)) => g.sub(b, moved)?,
            (Some(b), None) => b,
            (None, Some(moved)) => g.neg(moved)?,
            (None, None) => return Ok(None),
        };
        g.push(self.clone(), &[cx.args[0], rest]).map(Some)
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<(Val, usize), TypeError> {
        match (cx.axes[0], cx.axes[1]) {
            (None, Some(axis)) => matrix::more_columns(&mut cx, axis, self.clone()),
            _ => {
                let args = cx.aligned(0)?;
                Ok((cx.graph.push(self.clone(), &args)?, 0))
            }
        }
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::Expand(if self.transpose { expand_transposed } else { expand })
    }

    fn samples() -> Vec<Sample> {
        let pair = |a: &[usize], b: &[usize]| [matrix::sample_matrix(a, 0.4), matrix::sample_matrix(b, 1.0)];
        let cases: [[&[usize]; 2]; 3] = [[&[1, 1], &[1, 1]], [&[3, 3], &[3, 2]], [&[2, 2, 2], &[2, 2, 1]]];
        let mut samples = Vec::new();
        for transpose in [false, true] {
            let op = Solve { transpose };
            samples.extend(cases.map(|[a, b]| Sample::smooth(op.clone(), pair(a, b))));
            let [a, b] = cases[1];
            samples.push(Sample::values(op.clone(), pair(a, b).map(|x| x.convert(DType::F32))));
            for (a, b) in [([0, 0], [0, 2]), ([2, 2], [2, 0])] {
                samples.push(Sample::values(op.clone(), pair(&a, &b)));
            }
        }
        // A zero in the corner: without pivots there is no solution.
        let turned = Array::from([0.0, 1.0, 2.0, 0.5]).reshape([2, 2]);
        samples.extend(
            turned.map(|a| {
                Sample::smooth(Solve { transpose: false }, [a, matrix::sample_matrix(&[2, 1], 1.0)])
            }),
        );
        samples
    }
}

/// `Q` and `R` of the matrices; `None` where there is nothing to solve.
fn factors(g: &mut Graph, args: &[Val]) -> Result<Option<[Val; 2]>, TypeError> {
    if g.ty(args[1]).is_empty() {
        return Ok(None);
    }
    let results = g.push_all(Qr { full: false }, &args[..1])?;
    Ok(Some([results[0], results[1]]))
}

fn expand(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    let Some([q, r]) = factors(g, args)? else { return Ok(args[1]) };
    let turned = matrix::product(g, q, args[1], [0, 0])?;
    g.push(TriangularSolve { lower: false, ..TriangularSolve::LOWER }, &[r, turned])
}

fn expand_transposed(g: &mut Graph, args: &[Val]) -> Result<Val, TypeError> {
    let Some([q, r]) = factors(g, args)? else { return Ok(args[1]) };
    let op = TriangularSolve { lower: false, transpose: true, ..TriangularSolve::LOWER };
    let turned = g.push(op, &[r, args[1]])?;
    matrix::matmul(g, q, turned)
}
