//! Linear systems with triangular matrices.

use smallvec::smallvec;

use super::*;
use crate::types::DType;

/// The `X` with `op(A) X = B`, or `X op(A) = B`, for triangular `A`, matrix by matrix (`jax.lax.linalg.triangular_solve`):
/// `op(A)` is `A` or its transpose. Of `A` it reads one triangle.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct TriangularSolve {
    /// Whether `A` stands on the left of `X`.
    pub left: bool,
    /// Whether the lower triangle is read.
    pub lower: bool,
    /// Whether `A` is transposed after it is read.
    pub transpose: bool,
    /// Whether the diagonal is taken to be one and not read.
    pub unit_diagonal: bool,
}

impl TriangularSolve {
    /// `A X = B` with lower triangular `A`.
    pub const LOWER: TriangularSolve =
        TriangularSolve { left: true, lower: true, transpose: false, unit_diagonal: false };

    fn fits(&self, a: &Ty, b: &Ty) -> bool {
        let (Some((batch, n, _)), Some((_, rows, columns))) = (matrix::split(a), matrix::split(b)) else {
            return false;
        };
        let size = if self.left { rows } else { columns };
        matrix::is_square(a)
            && a.dtype == b.dtype
            && a.rank() == b.rank()
            && a.dims[..batch] == b.dims[..batch]
            && n == size
    }

    /// Solves for one column by substitution; `at(i, j)` is the position of an element of `op(A)`.
    fn substitute(&self, a: &[f64], at: impl Fn(usize, usize) -> usize, upward: bool, x: &mut [f64]) {
        let n = x.len();
        for step in 0..n {
            let i = if upward { n - 1 - step } else { step };
            let known = if upward { i + 1..n } else { 0..i };
            let dot: f64 = known.map(|j| a[at(i, j)] * x[j]).sum();
            let rest = x[i] - dot;
            x[i] = if self.unit_diagonal { rest } else { rest / a[at(i, i)] };
        }
    }

    fn solve(&self, a: &[f64], b: &mut [f64], n: usize, columns: usize) {
        // A system from the right is the transposed one from the left.
        let transpose = self.transpose == self.left;
        let at = |i: usize, j: usize| if transpose { j * n + i } else { i * n + j };
        let upward = self.lower == transpose;
        let systems = if self.left { columns } else { b.len() / n };
        for s in 0..systems {
            let to = |i: usize| if self.left { i * columns + s } else { s * n + i };
            let mut x: Vec<f64> = (0..n).map(|i| b[to(i)]).collect();
            self.substitute(a, at, upward, &mut x);
            for (i, x) in x.into_iter().enumerate() {
                b[to(i)] = x;
            }
        }
    }
}

impl Rules for TriangularSolve {
    const NAME: &'static str = "triangular_solve";
    const COST: Cost = Cost::Dear;

    fn infer(&self, args: &[Ty]) -> Result<Ty, TypeError> {
        match args {
            [a, b] if self.fits(a, b) => Ok(b.clone()),
            _ => Err(TypeError {
                op: Self::NAME,
                operands: args.to_vec(),
                expected:
                    "square floating-point matrices and right-hand sides of their size, in equal batches"
                        .into(),
            }),
        }
    }

    fn eval(&self, args: &[&Array], ty: &Ty) -> Array {
        let (n, columns) = (args[0].dims()[ty.rank() - 1], ty.dims[ty.rank() - 1]);
        let (a, mut b) = (matrix::each_matrix(args[0]), matrix::each_matrix(args[1]));
        for (a, b) in a.iter().zip(&mut b) {
            self.solve(a, b, n, columns);
        }
        Array::from_f64_iter(ty, b.into_iter().flatten())
    }

    fn vjp(&self, cx: Vjp<'_>) -> Result<Cotangents, TypeError> {
        let (g, x) = (cx.graph, cx.out);
        let adjoint = TriangularSolve { transpose: !self.transpose, ..self.clone() };
        let by_b = g.push(adjoint, &[cx.args[0], cx.ct])?;
        // From op(dA) X + op(A) dX = dB, or its mirror image.
        let by_a = match (self.left, self.transpose) {
            (true, false) => matrix::product(g, by_b, x, [1, 1]),
            (true, true) => matrix::product(g, x, by_b, [1, 1]),
            (false, false) => matrix::product(g, x, by_b, [0, 0]),
            (false, true) => matrix::product(g, by_b, x, [0, 0]),
        }?;
        let by_a = matrix::triangle(g, by_a, self.lower, self.unit_diagonal)?;
        Ok(smallvec![Some(g.neg(by_a)?), Some(by_b)])
    }

    fn jvp(&self, cx: Jvp<'_>) -> Result<Option<Val>, TypeError> {
        let (g, x) = (cx.graph, cx.out);
        let moved = match cx.tangents[0] {
            Some(t) => {
                let t = matrix::triangle(g, t, self.lower, self.unit_diagonal)?;
                let along = |own: usize| if self.transpose { 1 - own } else { own };
                Some(match self.left {
                    true => matrix::product(g, t, x, [along(1), 0])?,
                    false => matrix::product(g, x, t, [1, along(0)])?,
                })
            }
            None => None,
        };
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
            (None, Some(axis)) if self.left => matrix::more_columns(&mut cx, axis, self.clone()),
            (None, Some(axis)) => matrix::more_rows(&mut cx, axis, self.clone()),
            _ => {
                let args = cx.aligned(0)?;
                Ok((cx.graph.push(self.clone(), &args)?, 0))
            }
        }
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::with("triangular-solve", HloAttr::TriangularSolve(self.clone()))
    }

    fn samples() -> Vec<Sample> {
        let mut samples = Vec::new();
        let flags = [false, true];
        for (left, lower) in flags.into_iter().flat_map(|l| flags.map(|r| (l, r))) {
            for (transpose, unit_diagonal) in flags.into_iter().flat_map(|l| flags.map(|r| (l, r))) {
                let op = TriangularSolve { left, lower, transpose, unit_diagonal };
                let b = matrix::sample_matrix(if left { &[3, 2] } else { &[2, 3] }, 1.0);
                let args = [matrix::sample_matrix(&[3, 3], 0.4), b];
                if lower == transpose {
                    samples.push(Sample::values(op.clone(), args.clone().map(|x| x.convert(DType::F32))));
                }
                samples.push(Sample::smooth(op, args));
            }
        }
        let pair = |a: &[usize], b: &[usize]| [matrix::sample_matrix(a, 0.4), matrix::sample_matrix(b, 1.0)];
        samples.push(Sample::smooth(Self::LOWER, pair(&[2, 2, 2], &[2, 2, 1])));
        samples.push(Sample::smooth(Self::LOWER, pair(&[1, 1], &[1, 1])));
        for (a, b) in [([0, 0], [0, 2]), ([2, 2], [2, 0])] {
            samples.push(Sample::values(Self::LOWER, pair(&a, &b)));
        }
        samples
    }
}
