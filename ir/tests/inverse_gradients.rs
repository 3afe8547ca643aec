//! Normal densities' forms against mpmath: values and gradients by the inverse, beside those by the factor's own derivative.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use pyroxene_ir::{
    Array, DType, Graph, Op, Phase, Role, Val,
    eval::eval,
    ops::{self, TriangularSolve},
    passes::{InverseGradients, Legalize, Pass, Query, blocked, jvp, value_and_grad},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    n: usize,
    a: Vec<f64>,
    b: Vec<f64>,
    half_log_determinant: f64,
    quadratic_form: f64,
    log_determinant_by_a: Vec<f64>,
    quadratic_form_by_a: Vec<f64>,
    quadratic_form_by_b: Vec<f64>,
    condition: f64,
}

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str::<Cases>(include_str!("golden/inverse_gradients.json")).unwrap().cases
}

/// Which of the forms a graph returns.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    LogDeterminant,
    Quadratic,
}

/// A form as distributions write it, of `batch` equal matrices and vectors if there is one, summed.
fn form(form: Form, n: usize, batch: Option<usize>, dtype: DType) -> Graph {
    let mut g = Graph::new(Phase::Pure);
    let lead: Vec<usize> = batch.into_iter().collect();
    let dims = |rest: &[usize]| [&lead[..], rest].concat();
    let ty = |rest: &[usize]| pyroxene_ir::Ty::new(dtype, dims(rest));
    let (a, b) = (g.input("a", Role::Argument, ty(&[n, n])), g.input("b", Role::Argument, ty(&[n])));
    let rank = lead.len() + 2;
    let mut permutation: pyroxene_ir::Dims = (0..rank).collect();
    permutation.swap(rank - 1, rank - 2);
    let turned = g.push(ops::Transpose { permutation }, &[a]).unwrap();
    let (both, half) = (g.add(a, turned).unwrap(), g.full_like(a, 0.5).unwrap());
    let mean = g.mul(both, half).unwrap();
    let factor = g.push(ops::Cholesky, &[mean]).unwrap();
    let vectors = match form {
        Form::Quadratic => {
            let column = g.reshape(b, &dims(&[n, 1])).unwrap();
            let x = g.push(TriangularSolve::LOWER, &[factor, column]).unwrap();
            let x = g.reshape(x, &dims(&[n])).unwrap();
            g.mul(x, x).unwrap()
        }
        Form::LogDeterminant => {
            let flat = g.reshape(factor, &dims(&[n * n])).unwrap();
            let mut slice = ops::Slice::along(&dims(&[n * n]), lead.len(), 0, n * n);
            slice.stride[lead.len()] = n + 1;
            let diagonal = g.push(slice, &[flat]).unwrap();
            let size = g.abs(diagonal).unwrap();
            g.log(size).unwrap()
        }
    };
    let sums = g.push(ops::ReduceSum { axes: [rank - 2].into_iter().collect() }, &[vectors]).unwrap();
    let total = g.sum_all(sums).unwrap();
    g.set_outputs([total]);
    g
}

fn by_inverse(graph: &Graph) -> Graph {
    let made = InverseGradients.run(graph, Query::Potential).unwrap();
    assert!(made.vals().any(|v| matches!(made.op(v), Some(Op::Call(_)))), "{made}");
    made
}

/// The value and both gradients: in the interpreter, and as CPUs get it.
fn evaluated(graph: &Graph, args: &[Array]) -> [Vec<Vec<f64>>; 2] {
    let wrt: Vec<Val> = graph.inputs().to_vec();
    let full = value_and_grad(graph, &wrt).unwrap();
    let legal = Legalize.run(&full, Query::Evaluate).unwrap();
    [full, blocked(&legal).unwrap()].map(|g| eval(&g, args).unwrap().iter().map(Array::to_f64_vec).collect())
}

fn largest(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |largest, x| x.abs().max(largest))
}

/// How far `x` is from `y`, in units of `y`'s largest element.
fn distance(x: &[f64], y: &[f64]) -> f64 {
    assert_eq!(x.len(), y.len());
    let off: Vec<f64> = x.iter().zip(y).map(|(x, y)| x - y).collect();
    if largest(y) == 0.0 { largest(&off) } else { largest(&off) / largest(y) }
}

#[test]
fn forms_and_gradients_agree_with_mpmath() {
    for case in cases() {
        let n = case.n;
        for dtype in [DType::F64, DType::F32] {
            let epsilon = if dtype == DType::F64 { f64::EPSILON } else { f64::from(f32::EPSILON) };
            // What a rounding of the matrix does to its inverse, times the roundings of an element.
            let allowed = 4.0 * n as f64 * case.condition * epsilon;
            if allowed > 0.01 {
                continue;
            }
            let a = Array::new([n, n], case.a.clone()).unwrap().convert(dtype);
            let args = [a, Array::from(case.b.clone()).convert(dtype)];
            let zeros = vec![0.0; n];
            for (which, value, by_a, by_b) in [
                (Form::LogDeterminant, case.half_log_determinant, &case.log_determinant_by_a, &zeros),
                (Form::Quadratic, case.quadratic_form, &case.quadratic_form_by_a, &case.quadratic_form_by_b),
            ] {
                let plain = form(which, n, None, dtype);
                for graph in [by_inverse(&plain), plain] {
                    for found in evaluated(&graph, &args) {
                        let off = [
                            distance(&found[0], &[value]),
                            distance(&found[1], by_a),
                            distance(&found[2], by_b),
                        ];
                        assert!(
                            off.iter().all(|off| *off <= allowed),
                            "{n} {dtype}: off by {off:?} of {allowed:e}"
                        );
                    }
                }
            }
        }
    }
}

/// Of a batch each member has its own; and the tangent along a direction is the gradient times it.
#[test]
fn batches_and_tangents_are_those_of_members() {
    let case = cases().into_iter().find(|case| case.n == 6).unwrap();
    let twice = |x: &[f64]| [x, &x.iter().map(|x| 2.0 * x).collect::<Vec<_>>()].concat();
    let (a, b) =
        (Array::new([2, 6, 6], twice(&case.a)).unwrap(), Array::new([2, 6], twice(&case.b)).unwrap());
    for which in [Form::LogDeterminant, Form::Quadratic] {
        let args = [a.clone(), b.clone()];
        let plain = form(which, 6, Some(2), DType::F64);
        let graph = by_inverse(&plain);
        let [expected, _] = evaluated(&plain, &args);
        for found in evaluated(&graph, &args) {
            for (x, y) in found.iter().zip(&expected) {
                assert!(distance(x, y) < 1e-13, "{x:?}, {y:?}");
            }
        }
        let along = jvp(&graph, graph.inputs()).unwrap();
        let directions = [a.clone(), b.clone()];
        let found = eval(&along, &[&args[..], &directions].concat()).unwrap();
        let slope: f64 = expected[1].iter().zip(a.to_f64_vec()).map(|(g, x)| g * x).sum::<f64>()
            + expected[2].iter().zip(b.to_f64_vec()).map(|(g, x)| g * x).sum::<f64>();
        let moved = found[1].to_f64_vec()[0];
        assert!((moved - slope).abs() < 1e-12 * slope.abs().max(1.0), "{moved} {slope}");
    }
}
