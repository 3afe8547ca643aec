//! Cholesky factors and triangular systems as CPUs get them, in the interpreter and through XLA: as backward stable as
//! LAPACK's, whatever the size, the condition and the form.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test")]

mod common;

use common::{quick, run};
use pyroxene_ir::{
    Array, DType, Graph, Op, Phase, Role, Val,
    eval::eval,
    ops::{self, TriangularSolve},
    passes::{Legalize, OneKernel, Pass, Query, blocked},
};
use pyroxene_lowering::{kernels, lower};

/// Programs under construction, all of them one executable.
struct Sheet {
    graph: Graph,
    args: Vec<Array>,
}

impl Sheet {
    fn new() -> Sheet {
        Sheet { graph: Graph::new(Phase::Pure), args: Vec::new() }
    }

    fn input(&mut self, x: &Array) -> Val {
        self.args.push(x.clone());
        self.graph.input(format!("x{}", self.args.len()), Role::Argument, x.ty())
    }

    fn push(&mut self, op: impl Into<Op>, args: &[Val]) -> Val {
        self.graph.push(op, args).unwrap()
    }

    fn interpreted(&self) -> Vec<Array> {
        eval(&blocked(&self.graph).unwrap(), &self.args).unwrap()
    }

    fn compiled(&self) -> Vec<Array> {
        let legal = Legalize.run(&self.graph, Query::Evaluate).unwrap();
        let made = kernels(&legal, OneKernel::Auto).unwrap().expect("loops are kernels");
        let lowered = lower(&made.graph, "factorisations").unwrap();
        assert!(!lowered.to_text().contains("triangular-solve("), "{}", lowered.to_text());
        assert!(!lowered.to_text().contains("cholesky("));
        run(&lowered, &quick(made.libraries), &self.args)
    }
}

/// Numbers between −1 and 1, the same each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

fn array(dtype: DType, dims: &[usize], values: Vec<f64>) -> Array {
    Array::new(dims.iter().copied(), values).unwrap().convert(dtype)
}

/// A squared exponential kernel's covariance of ordered points, with this on the diagonal: the condition is about `n` over it.
fn covariance(n: usize, noise: f64, numbers: &mut Numbers) -> Vec<f64> {
    let mut x: Vec<f64> = (0..n).map(|_| 5.0 + 5.0 * numbers.next()).collect();
    x.sort_by(f64::total_cmp);
    let element = |i: usize| {
        let (row, column) = (i / n, i % n);
        let distance = (x[row] - x[column]) / 1.5;
        (-0.5 * distance * distance).exp() + if row == column { noise } else { 0.0 }
    };
    (0..n * n).map(element).collect()
}

fn epsilon(dtype: DType) -> f64 {
    if dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON }
}

const SIZES: [usize; 8] = [1, 2, 5, 16, 33, 64, 100, 200];

/// Higham (2002), theorem 10.3: `|A − L Lᵀ| ≤ γ(n+1) |L| |Lᵀ|` for any order of the sums. A result of a library may be as
/// far off, and is not farther.
fn check_factor(a: &[f64], l: &[f64], n: usize, dtype: DType) {
    let unit = (n + 1) as f64 * epsilon(dtype);
    for i in 0..n {
        assert!(l[i * n + i] > 0.0);
        assert!((i + 1..n).all(|j| l[i * n + j] == 0.0), "zeros above the diagonal, {n}");
        for j in 0..=i {
            let (mut sum, mut size) = (0.0, 0.0);
            for k in 0..=j {
                sum += l[i * n + k] * l[j * n + k];
                size += (l[i * n + k] * l[j * n + k]).abs();
            }
            let off = (a[i * n + j] - sum).abs();
            assert!(off <= unit * size, "{n}: {i} {j}: off by {off:e}, allowed {:e}", unit * size);
        }
    }
}

#[test]
fn factors_are_as_near_as_roundings_allow() {
    let mut numbers = Numbers(1);
    let mut cases = Vec::new();
    let mut sheet = Sheet::new();
    for dtype in [DType::F64, DType::F32] {
        for n in SIZES.into_iter().filter(|n| dtype == DType::F64 || [5, 64, 100].contains(n)) {
            // A condition of 1e3, and of 1e10 (in single precision 1e5, beyond which the matrix is not positive).
            for noise in [1e-1, if dtype == DType::F64 { 1e-8 } else { 1e-3 }] {
                let mut a = array(dtype, &[n, n], covariance(n, noise, &mut numbers)).to_f64_vec();
                // What is above the diagonal is not read.
                (0..n * n).filter(|i| i / n < i % n).for_each(|i| a[i] = f64::NAN);
                let x = sheet.input(&array(dtype, &[n, n], a.clone()));
                sheet.push(ops::Cholesky, &[x]);
                cases.push((a, n, dtype));
            }
        }
    }
    let outputs: Vec<Val> =
        sheet.graph.vals().filter(|v| matches!(sheet.graph.op(*v), Some(Op::Cholesky(_)))).collect();
    sheet.graph.set_outputs(outputs);
    for results in [sheet.interpreted(), sheet.compiled()] {
        for (l, (a, n, dtype)) in results.iter().zip(&cases) {
            check_factor(a, &l.to_f64_vec(), *n, *dtype);
        }
    }
}

#[test]
fn what_is_not_positive_definite_has_no_factor() {
    let mut sheet = Sheet::new();
    let mut outputs = Vec::new();
    for n in [1, 2, 16, 70] {
        for (place, value) in [(0, 0.0), (n - 1, -1.0), (n / 2, 0.0), (n - 1, f64::NAN)] {
            let mut a = covariance(n, 1.0, &mut Numbers(2));
            a[place * n + place] = value;
            let x = sheet.input(&array(DType::F64, &[n, n], a));
            outputs.push(sheet.push(ops::Cholesky, &[x]));
        }
    }
    sheet.graph.set_outputs(outputs);
    for results in [sheet.interpreted(), sheet.compiled()] {
        for l in results {
            assert!(l.to_f64_vec().iter().all(|x| x.is_nan()), "{:?}", l.dims());
        }
    }
}

/// One system: the matrix, of which what is not to be read is NaN, and right-hand sides.
struct System {
    op: TriangularSolve,
    batch: usize,
    n: usize,
    m: usize,
    dtype: DType,
    a: Array,
    b: Array,
}

impl System {
    fn new(op: &TriangularSolve, [batch, n, m]: [usize; 3], dtype: DType, numbers: &mut Numbers) -> System {
        let element = |i: usize, numbers: &mut Numbers| {
            let (row, column) = (i / n % n, i % n);
            let inside = if op.lower { row > column } else { row < column };
            match (row == column, inside) {
                (true, _) if op.unit_diagonal => f64::NAN,
                (true, _) => 1.5 + 0.5 * numbers.next(),
                (false, true) => numbers.next() * 2.0 / (n as f64).sqrt(),
                (false, false) => f64::NAN,
            }
        };
        let a = (0..batch * n * n).map(|i| element(i, numbers)).collect();
        let b = (0..batch * n * m).map(|_| numbers.next()).collect();
        let (rows, columns) = if op.left { (n, m) } else { (m, n) };
        let dims = |rows, columns| if batch == 1 { vec![rows, columns] } else { vec![batch, rows, columns] };
        let (a, b) = (array(dtype, &dims(n, n), a), array(dtype, &dims(rows, columns), b));
        System { op: op.clone(), batch, n, m, dtype, a, b }
    }

    /// Higham (2002), theorem 8.5: `|B − T X| ≤ γn |T| |X|` for substitution in any order.
    fn check(&self, x: &Array) {
        let (n, m) = (self.n, self.m);
        let (a, b, x) = (self.a.to_f64_vec(), self.b.to_f64_vec(), x.to_f64_vec());
        let unit = (n + 1) as f64 * epsilon(self.dtype);
        let turned = self.op.transpose == self.op.left;
        for q in 0..self.batch {
            let t = |i: usize, j: usize| {
                let (row, column) = if turned { (j, i) } else { (i, j) };
                let inside = if self.op.lower { row > column } else { row < column };
                match (row == column, inside) {
                    (true, _) if self.op.unit_diagonal => 1.0,
                    (false, false) => 0.0,
                    _ => a[(q * n + row) * n + column],
                }
            };
            let at = |i: usize, s: usize| q * n * m + if self.op.left { i * m + s } else { s * n + i };
            for s in 0..m {
                for i in 0..n {
                    let sum: f64 = (0..n).map(|j| t(i, j) * x[at(j, s)]).sum();
                    let size: f64 = (0..n).map(|j| (t(i, j) * x[at(j, s)]).abs()).sum();
                    let off = (b[at(i, s)] - sum).abs();
                    assert!(off <= unit * size, "{:?} {n} {m}: off by {off:e} of {size:e}", self.op);
                }
            }
        }
    }
}

#[test]
fn systems_are_solved_as_nearly_as_by_substitution() {
    let mut numbers = Numbers(3);
    let mut sheet = Sheet::new();
    let (mut systems, mut outputs) = (Vec::new(), Vec::new());
    let flags = [false, true];
    for (left, lower) in flags.into_iter().flat_map(|l| flags.map(|r| (l, r))) {
        for (transpose, unit_diagonal) in flags.into_iter().flat_map(|l| flags.map(|r| (l, r))) {
            let op = TriangularSolve { left, lower, transpose, unit_diagonal };
            let mut sizes = vec![[1, 5, 1], [3, 4, 2], [2, 70, 3]];
            if !unit_diagonal && left {
                sizes.extend([[1, 1, 1], [1, 16, 3], [1, 100, 1], [1, 130, 7]]);
            }
            for size in sizes {
                let dtype = if size[1] == 16 { DType::F32 } else { DType::F64 };
                let system = System::new(&op, size, dtype, &mut numbers);
                let args = [sheet.input(&system.a), sheet.input(&system.b)];
                outputs.push(sheet.push(op.clone(), &args));
                systems.push(system);
            }
        }
    }
    sheet.graph.set_outputs(outputs);
    for results in [sheet.interpreted(), sheet.compiled()] {
        results.iter().zip(&systems).for_each(|(x, system)| system.check(x));
    }
}

/// `(L Lᵀ)⁻¹` as gradients ask for it: by the inverse of the factor, which is multiplied by itself.
#[test]
fn inverses_are_right() {
    let mut sheet = Sheet::new();
    let (mut cases, mut outputs) = (Vec::new(), Vec::new());
    for n in [1, 2, 16, 64, 100, 130] {
        let a = covariance(n, 1e-2, &mut Numbers(4));
        let x = sheet.input(&array(DType::F64, &[n, n], a.clone()));
        let l = sheet.push(ops::Cholesky, &[x]);
        let dims: pyroxene_ir::Dims = [n, n].into_iter().collect();
        let iota = |sheet: &mut Sheet, axis| {
            sheet.push(ops::Iota { dtype: DType::I32, dims: dims.clone(), axis }, &[])
        };
        let (row, column) = (iota(&mut sheet, 0), iota(&mut sheet, 1));
        let on = sheet.push(ops::Compare(ops::Comparison::Eq), &[row, column]);
        let (one, zero) = (sheet.graph.full_like(l, 1.0).unwrap(), sheet.graph.full_like(l, 0.0).unwrap());
        let identity = sheet.graph.select(on, one, zero).unwrap();
        let w = sheet.push(TriangularSolve::LOWER, &[l, identity]);
        outputs.push(sheet.push(ops::DotGeneral::new(&[[0, 0]], &[]), &[w, w]));
        cases.push((a, n));
    }
    sheet.graph.set_outputs(outputs);
    for results in [sheet.interpreted(), sheet.compiled()] {
        for (inverse, (a, n)) in results.iter().zip(&cases) {
            let (n, inverse) = (*n, inverse.to_f64_vec());
            for i in 0..n * n {
                let sum: f64 = (0..n).map(|k| a[i / n * n + k] * inverse[k * n + i % n]).sum();
                let expected = if i / n == i % n { 1.0 } else { 0.0 };
                // The condition is at most n / 1e-2 (rows sum to at most n), the forward error that times n roundings.
                let allowed = 100.0 * (n * n) as f64 * f64::EPSILON;
                assert!((sum - expected).abs() <= allowed, "{n}: {i}: {sum}");
            }
        }
    }
}
