//! Every op against XLA: all samples of the op table as one program, compared with the reference semantics.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "a test")]

mod common;

use common::run;
use pyroxene_ir::{
    Array, DType, Graph, Op, Phase, Role, Ty, Val,
    ops::{Hlo, Sample},
    passes::{Legalize, OneKernel, Pass, Query},
};
use pyroxene_lowering::{kernels, lower, sums_by_slices};
use pyroxene_runtime::CompileOptions;

/// Relative tolerances: XLA's vectorised transcendentals and the reference (Rust's, computed in double and rounded)
/// each err by a few units in the last place, which is 2.2e-16 and 1.2e-7.
const F64: f64 = 1e-13;
const F32: f64 = 2e-6;
/// An op HLO lacks is a longer computation, whose intermediate results lose digits in single precision: the worst
/// case is `erf_inv`, which takes the logarithm of 1 − x² near x = 1.
const F32_EXPANDED: f64 = 1e-5;

struct Case {
    /// The op and its operands, for the message.
    title: String,
    value: Val,
    expected: Array,
    /// The relative tolerance of floating-point elements.
    tolerance: f64,
}

/// The sample with its vectors repeated, where the op maps elements: XLA computes a long vector with other instructions
/// than a short one, and both must be right.
fn wide(sample: Sample) -> Sample {
    let tys: Vec<Ty> = sample.args.iter().map(Array::ty).collect();
    let maps = |tys: &[Ty]| sample.op.infer(tys).is_ok_and(|out| out.iter().all(|ty| ty.dims == tys[0].dims));
    if tys.is_empty() || tys[0].rank() != 1 || tys.iter().any(|ty| ty.dims != tys[0].dims) || !maps(&tys) {
        return sample;
    }
    let n = tys[0].dims[0];
    let long: Vec<Ty> = tys.iter().map(|ty| ty.with_dims([16 * n])).collect();
    if !maps(&long) {
        return sample;
    }
    let repeat = |(x, ty): (&Array, &Ty)| Array::from_bytes(ty, &x.as_bytes().repeat(16)).unwrap();
    let args = sample.args.iter().zip(&long).map(repeat).collect();
    Sample { args, ..sample }
}

/// One graph whose inputs are the operands of every sample of some ops and whose outputs are every sample's result.
fn table(of: impl Fn(&str) -> bool) -> (Graph, Vec<Array>, Vec<Case>) {
    let mut graph = Graph::new(Phase::Pure);
    let (mut args, mut cases) = (Vec::new(), Vec::new());
    for info in Op::ALL.iter().filter(|info| of(info.name)) {
        for (n, sample) in (info.samples)().into_iter().map(wide).enumerate() {
            let title = format!("{} sample {n}: {:?} of {:?}", info.name, sample.op, sample.args);
            let input = |(i, x): (usize, &Array)| {
                graph.input(format!("{}.{n}.{i}", info.name), Role::Argument, x.ty())
            };
            let operands: Vec<Val> = sample.args.iter().enumerate().map(input).collect();
            let values =
                graph.push_all(sample.op.clone(), &operands).unwrap_or_else(|e| panic!("{title}: {e}"));
            let results: Vec<Ty> = values.iter().map(|v| graph.ty(*v).clone()).collect();
            let expected = sample.op.eval(&sample.args.iter().collect::<Vec<_>>(), &results);
            let tys: Vec<Ty> = sample.args.iter().map(Array::ty).collect();
            for (value, expected) in values.into_iter().zip(expected) {
                let tolerance = match (expected.dtype(), sample.op.hlo(&tys)) {
                    (DType::F32, Hlo::Expand(_) | Hlo::ExpandOp(_)) => F32_EXPANDED,
                    (DType::F32, _) => F32,
                    _ => F64,
                };
                cases.push(Case { title: title.clone(), value, expected, tolerance });
            }
            args.extend(sample.args);
        }
    }
    graph.set_outputs(cases.iter().map(|c| c.value));
    (graph, args, cases)
}

/// What XLA found, where it differs from what was expected.
fn difference(found: &Array, Case { expected, tolerance, .. }: &Case) -> Option<String> {
    assert_eq!(found.ty(), expected.ty());
    if !found.dtype().is_float() {
        return (found != expected).then(|| format!("{found:?}"));
    }
    // XLA's CPU code flushes numbers below the normal range to zero.
    let single = found.dtype() == DType::F32;
    let smallest = if single { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE };
    let close = |x: f64, y: f64| {
        x == y || (x.is_nan() && y.is_nan()) || (x - y).abs() <= (tolerance * y.abs()).max(smallest)
    };
    let same = found.to_f64_vec().into_iter().zip(expected.to_f64_vec()).all(|(x, y)| close(x, y));
    (!same).then(|| format!("{found:?}"))
}

/// What XLA makes of a graph.
fn through_xla(graph: &Graph, args: &[Array]) -> Vec<Array> {
    run(&lower(graph, "op_table").unwrap(), &CompileOptions::default(), args)
}

fn assert_as_expected(cases: &[Case], results: &[Array]) {
    assert_eq!(results.len(), cases.len());
    let mut wrong = String::new();
    for (case, result) in cases.iter().zip(results) {
        if let Some(found) = difference(result, case) {
            wrong
                .push_str(&format!("{}\n   expected {:?}\n   XLA says {found}\n", case.title, case.expected));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn xla_computes_what_the_reference_does() {
    let (graph, args, cases) = table(|_| true);
    let legal = Legalize.run(&graph, Query::Evaluate).unwrap();
    assert_as_expected(&cases, &through_xla(&legal, &args));
}

#[test]
fn scatters_compute_the_same_in_kernels() {
    // Those of something empty stay outside.
    let (graph, args, cases) = table(|name| name.starts_with("scatter"));
    let legal = Legalize.run(&graph, Query::Evaluate).unwrap();
    let in_kernels = kernels(&legal, OneKernel::Always).unwrap().unwrap().graph;
    let text = lower(&in_kernels, "scatters").unwrap().to_text();
    let (loops, left) = (text.matches(" while(").count(), text.matches(" scatter(").count());
    assert!(loops >= 30 && left <= 10, "{loops} loops, {left} scatters left");
    assert_as_expected(&cases, &through_xla(&in_kernels, &args));
}

/// Products over the rows of a matrix, in one kernel: up to as many rows as are multiplied at once, and groups of rows with
/// and without a rest.
#[test]
fn products_of_rows_are_those_of_the_reference() {
    let mut graph = Graph::new(Phase::Pure);
    let (mut args, mut outputs) = (Vec::new(), Vec::new());
    let value = |i: usize| 1.0 + ((i * 7919) % 1013) as f64 / 1013.0;
    for (dtype, columns) in [(DType::F64, 20), (DType::F64, 1), (DType::F32, 5)] {
        for rows in [1, 2, 3, 50, 64, 65, 130, 511].into_iter().filter(|n| dtype == DType::F64 || *n < 100) {
            let ty = Ty::new(dtype, [rows, columns]);
            let x = graph.input("x", Role::Argument, ty.clone());
            let half = graph.full_like(x, 0.75).unwrap();
            let mut scaled = graph.mul(x, half).unwrap();
            if rows % 2 == 0 {
                // A number that is added need not be in memory with the sum.
                let less = graph.full_like(x, -0.125).unwrap();
                scaled = graph.add(less, scaled).unwrap();
            }
            outputs.push(
                graph
                    .push(pyroxene_ir::ops::ReduceProd { axes: [0].into_iter().collect() }, &[scaled])
                    .unwrap(),
            );
            let mut values: Vec<f64> = (0..rows * columns).map(value).collect();
            // What is not finite, and zero, stay in their columns.
            for (column, x) in [(1, f64::NAN), (3, f64::INFINITY), (4, 0.0)] {
                if columns > 1 {
                    values[rows / 2 * columns + column] = x;
                }
            }
            args.push(Array::new(ty.dims.to_vec(), values).unwrap().convert(dtype));
        }
    }
    graph.set_outputs(outputs.clone());
    let in_kernel = kernels(&graph, OneKernel::Always).unwrap().unwrap().graph;
    let text = lower(&in_kernel, "products").unwrap().to_text();
    assert!(!text.contains(" reduce("), "{text}");
    let expected = pyroxene_ir::eval::eval(&graph, &args).unwrap();
    for ((x, expected), found) in args.iter().zip(&expected).zip(&through_xla(&in_kernel, &args)) {
        // An error of each multiplication, on either side.
        let unit = if x.ty().dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let tolerance = 2.0 * x.ty().dims[0] as f64 * unit;
        for (e, f) in expected.to_f64_vec().into_iter().zip(found.to_f64_vec()) {
            let same = e == f || e.is_nan() && f.is_nan() || (e - f).abs() <= tolerance * e.abs();
            assert!(same, "{}: expected {e}, found {f}", x.ty());
        }
    }
}

/// Sums of so many numbers, of squares so that none is read as it comes, in one kernel: less than a line, whole lines, lines
/// and a rest, several levels of lines.
#[test]
fn sums_by_slices_are_those_of_the_reference() {
    let lengths = [1, 2, 7, 8, 9, 15, 16, 17, 85, 200, 256, 257, 919, 1000, 2047];
    let mut graph = Graph::new(Phase::Pure);
    let (mut args, mut outputs) = (Vec::new(), Vec::new());
    let value = |i: usize| ((i * 7919) % 1013) as f64 - 400.0;
    for dtype in [DType::F64, DType::F32, DType::I64] {
        for n in lengths {
            let ty = Ty::new(dtype, if n % 2 == 0 { vec![2, n / 2] } else { vec![n] });
            let x = graph.input("x", Role::Argument, ty.clone());
            let square = graph.mul(x, x).unwrap();
            outputs.push(graph.sum_all(square).unwrap());
            args.push(
                Array::new(ty.dims.to_vec(), (0..n).map(value).collect::<Vec<f64>>()).unwrap().convert(dtype),
            );
        }
    }
    // What is not finite stays so, wherever it stands.
    for (at, x) in [(3, f64::NAN), (84, f64::INFINITY), (40, f64::NEG_INFINITY)] {
        let ty = Ty::new(DType::F64, [85]);
        let input = graph.input("x", Role::Argument, ty.clone());
        let twice = graph.add(input, input).unwrap();
        outputs.push(graph.sum_all(twice).unwrap());
        let values: Vec<f64> = (0..85).map(|i| if i == at { x } else { value(i) }).collect();
        args.push(Array::from(values));
    }
    // XLA knows that this is ten times the number.
    let x = graph.input("x", Role::Argument, Ty::scalar(DType::F64));
    let same = graph.broadcast_to(x, &[10]).unwrap();
    outputs.push(graph.sum_all(same).unwrap());
    args.push(Array::scalar(0.1));
    graph.set_outputs(outputs.clone());

    let in_kernel = sums_by_slices(&kernels(&graph, OneKernel::Always).unwrap().unwrap().graph).unwrap();
    let text = lower(&in_kernel, "sums").unwrap().to_text();
    // Those of one element, once for each type, and the ten equal numbers.
    assert_eq!(text.matches(" reduce(").count(), 4, "{text}");
    let expected = pyroxene_ir::eval::eval(&graph, &args).unwrap();
    let found = through_xla(&in_kernel, &args);
    for ((x, expected), found) in args.iter().zip(&expected).zip(&found) {
        let [e, f] = [expected, found].map(|a| a.to_f64_vec()[0]);
        // All are sums of whole numbers that their type holds, but the last: there an error of each of ten additions.
        let single = x.ty().dtype == DType::F32;
        let tolerance = if single { 1e-7 * 12.0 * e.abs() } else { 4.0 * f64::EPSILON };
        let same = e.to_bits() == f.to_bits() || e.is_nan() && f.is_nan() || (e - f).abs() <= tolerance;
        assert!(same, "{}: expected {e}, found {f}", x.ty());
    }
}

#[test]
fn every_op_has_samples() {
    for info in Op::ALL {
        assert!(!(info.samples)().is_empty(), "`{}` has no samples, so nothing tests it", info.name);
    }
}

#[test]
fn result_types_are_those_of_the_type_rule() {
    let (graph, _, cases) = table(|_| true);
    for case in &cases {
        let ty: &Ty = graph.ty(case.value);
        assert_eq!(*ty, case.expected.ty(), "{}", case.title);
    }
}
