//! Incomplete gamma and beta functions against mpmath: values in both float types, and first derivatives.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use pyroxene_ir::{
    Array, DType, Graph, Op, Phase, Role, Ty,
    eval::eval,
    ops::{self, Hlo},
    passes::{PassError, jvp, value_and_grad},
};
use serde::Deserialize;

/// `a`, `x`, `P`, `Q`, `∂P/∂a`, `∂P/∂x`, and the condition number of each of the four.
#[derive(Deserialize)]
struct Gamma(f64, f64, f64, f64, f64, f64, [f64; 4]);

#[derive(Deserialize)]
struct Rows<R> {
    double: Vec<R>,
    single: Vec<R>,
}

/// What a row expects of an op, and which of its condition numbers is that value's.
type Expected<R> = (Op, fn(&R) -> f64, usize);

/// Ops on columns, by their expansions in the operands' own precision.
fn expanded<const N: usize>(ops: [&Op; N], columns: &[Array]) -> Vec<Vec<f64>> {
    let tys: Vec<_> = columns.iter().map(Array::ty).collect();
    let mut g = Graph::new(Phase::Pure);
    let args: Vec<_> = tys.iter().map(|ty| g.input("x", Role::Argument, ty.clone())).collect();
    let values = ops.map(|op| {
        let Hlo::Expand(expand) = op.hlo(&tys) else { panic!("{op:?} does not expand") };
        expand(&mut g, &args).unwrap()
    });
    g.set_outputs(values);
    eval(&g, columns).unwrap().iter().map(Array::to_f64_vec).collect()
}

/// What is promised is 1e-11 in double precision, and 1e-9 for derivatives by the shape; what is reached is held here.
///
/// Notes what is off by more than a relative error and eight roundings of the arguments; below the smallest normal number
/// devices flush to zero.
fn compare(
    what: &str,
    dtype: DType,
    base: f64,
    rows: impl Iterator<Item = (String, f64, f64, f64)>,
) -> String {
    let (epsilon, smallest) = match dtype {
        DType::F32 => (f64::from(f32::EPSILON), f64::from(f32::MIN_POSITIVE)),
        _ => (f64::EPSILON, f64::MIN_POSITIVE),
    };
    let mut wrong = String::new();
    for (args, found, expected, condition) in rows {
        let error = (found - expected).abs();
        let tolerance = (base + 8.0 * epsilon * condition) * expected.abs();
        if error.is_nan() || error > tolerance.max(smallest) {
            let relative = error / expected.abs();
            let allowed = tolerance / expected.abs();
            wrong.push_str(&format!(
                "{what} {dtype} {args}: found {found:e}, expected {expected:e}, error {relative:.1e} of {allowed:.1e}\n"
            ));
        }
    }
    wrong
}

fn gamma() -> Rows<Gamma> {
    serde_json::from_str(include_str!("golden/incomplete_gamma.json")).unwrap()
}

fn gamma_columns(rows: &[Gamma], dtype: DType) -> [Array; 2] {
    let column = |f: fn(&Gamma) -> f64| Array::from(rows.iter().map(f).collect::<Vec<f64>>()).convert(dtype);
    [column(|r| r.0), column(|r| r.1)]
}

#[test]
fn incomplete_gamma_functions_agree_with_mpmath() {
    let table = gamma();
    let mut wrong = String::new();
    for (rows, dtype, base) in [(&table.double, DType::F64, 1e-13), (&table.single, DType::F32, 2e-6)] {
        let columns = gamma_columns(rows, dtype);
        let ops: [Expected<Gamma>; 2] =
            [(ops::Gammainc.into(), |r| r.2, 0), (ops::Gammaincc.into(), |r| r.3, 1)];
        for (op, expected, k) in ops {
            let found = expanded([&op], &columns).remove(0);
            let rows = rows.iter().zip(found);
            let rows = rows.map(|(r, f)| (format!("({}, {})", r.0, r.1), f, expected(r), r.6[k]));
            wrong.push_str(&compare(op.name(), dtype, base, rows));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn derivatives_of_incomplete_gamma_functions_agree_with_mpmath() {
    let table = gamma();
    let columns = gamma_columns(&table.double, DType::F64);
    let mut wrong = String::new();
    for (op, sign) in [(Op::from(ops::Gammainc), 1.0), (Op::from(ops::Gammaincc), -1.0)] {
        let mut g = Graph::new(Phase::Pure);
        let args: Vec<_> = columns.iter().map(|x| g.input("x", Role::Argument, x.ty())).collect();
        let out = g.push(op.clone(), &args).unwrap();
        let total = g.sum_all(out).unwrap();
        g.set_outputs([total]);
        let values = eval(&value_and_grad(&g, &args).unwrap(), &columns).unwrap();
        for ((name, k, base), found) in [("a", 2, 1e-12), ("x", 3, 1e-13)].into_iter().zip(&values[1..]) {
            let expected = |r: &Gamma| sign * if k == 2 { r.4 } else { r.5 };
            let rows = table.double.iter().zip(found.to_f64_vec());
            let rows = rows.map(|(r, f)| (format!("({}, {})", r.0, r.1), f, expected(r), r.6[k]));
            let what = format!("derivative of {} by {name}", op.name());
            wrong.push_str(&compare(&what, DType::F64, base, rows));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The gradients of the sum of an op's elements by its last operand, and of the sum of that gradient's by it again.
fn by_last(op: Op, columns: &[Array]) -> [Vec<f64>; 2] {
    let mut g = Graph::new(Phase::Pure);
    let args: Vec<_> = columns.iter().map(|x| g.input("x", Role::Argument, x.ty())).collect();
    let last = args[args.len() - 1..].to_vec();
    let out = g.push(op, &args).unwrap();
    let total = g.sum_all(out).unwrap();
    g.set_outputs([total]);
    let mut first = value_and_grad(&g, &last).unwrap();
    let slope = first.outputs()[1];
    let total = first.sum_all(slope).unwrap();
    first.set_outputs([total, slope]);
    let last = first.inputs()[args.len() - 1];
    let values = eval(&value_and_grad(&first, &[last]).unwrap(), columns).unwrap();
    [values[1].to_f64_vec(), values[2].to_f64_vec()]
}

/// The logarithmic derivative of a density is elementary; it is a difference of terms, to whose size errors are held.
fn check_bends(what: &str, rows: impl Iterator<Item = (f64, f64, [f64; 2])>) {
    let mut checked = 0;
    for (found, density, [up, down]) in rows {
        let (expected, size) = (density * (up - down), density * (up.abs() + down.abs()));
        if size.is_finite() && size > 1e-290 {
            checked += 1;
            // The density itself is off by some roundings of its exponent, which is below 700.
            let error = (found - expected).abs() / size;
            assert!(
                error < 1e-12,
                "{what}, row {checked}: found {found:e}, expected {expected:e}, error {error:.1e}"
            );
        }
    }
    assert!(checked > 300, "{what}: {checked} rows");
}

#[test]
fn second_derivatives_are_those_of_densities() {
    let rows = gamma().double;
    // Huge shapes are left out: a rounding of the argument moves the density by more.
    let rows: Vec<Gamma> = rows.into_iter().filter(|r| r.0 < 1e5).collect();
    let columns = gamma_columns(&rows, DType::F64);
    for (op, sign) in [(Op::from(ops::Gammainc), 1.0), (Op::from(ops::Gammaincc), -1.0)] {
        let [_, found] = by_last(op.clone(), &columns);
        let bends = rows.iter().zip(found).map(|(r, f)| (sign * f, r.5, [(r.0 - 1.0) / r.1, 1.0]));
        check_bends(op.name(), bends);
    }
    let digamma = Op::from(ops::Digamma).eval(&[&columns[0]], &[columns[0].ty()])[0].to_f64_vec();
    let [found, _] = by_last(ops::GammaincGradA.into(), &columns);
    let bends = rows.iter().zip(found).zip(digamma).map(|((r, f), psi)| (f, r.5, [r.1.ln(), psi]));
    check_bends("gammainc_grad_a", bends);
    let rows = beta().double;
    let rows: Vec<Beta> = rows.into_iter().filter(|r| r.0.max(r.1) < 1e5).collect();
    let [_, found] = by_last(ops::Betainc.into(), &beta_columns(&rows, DType::F64));
    let slopes = |r: &Beta| [(r.0 - 1.0) / r.2, (r.1 - 1.0) / (1.0 - r.2)];
    check_bends("betainc", rows.iter().zip(found).map(|(r, f)| (f, r.4, slopes(r))));
    let rows = beta().double;
    let rows: Vec<Beta> = rows.into_iter().filter(|r| r.0.max(r.1) < 1e5).collect();
    // The loops of the values, which nobody asks for, would take most of the time.
    let rows: Vec<Beta> = rows.into_iter().step_by(4).collect();
    let columns = beta_columns(&rows, DType::F64);
    let both = Array::from(rows.iter().map(|r| r.0 + r.1).collect::<Vec<f64>>());
    let digamma = |x: &Array| Op::from(ops::Digamma).eval(&[x], &[x.ty()])[0].to_f64_vec();
    let [own_a, own_b, both] = [&columns[0], &columns[1], &both].map(digamma);
    for (op, own, log) in [
        (Op::from(ops::BetaincGradA), own_a, (|x| f64::ln(x)) as fn(f64) -> f64),
        (Op::from(ops::BetaincGradB), own_b, |x| f64::ln_1p(-x)),
    ] {
        let [found, _] = by_last(op.clone(), &columns);
        let bends = rows.iter().zip(found).enumerate();
        let bends = bends.map(|(i, (r, f))| (f, r.4, [log(r.2) + both[i], own[i]]));
        check_bends(op.name(), bends);
    }
}

/// `a`, `b`, `x`, `I`, `∂I/∂x`, `∂I/∂a`, `∂I/∂b`, and the condition number of each of the four.
#[derive(Deserialize)]
struct Beta(f64, f64, f64, f64, f64, f64, f64, [f64; 4]);

fn beta() -> Rows<Beta> {
    serde_json::from_str(include_str!("golden/incomplete_beta.json")).unwrap()
}

fn beta_columns(rows: &[Beta], dtype: DType) -> [Array; 3] {
    let column = |f: fn(&Beta) -> f64| Array::from(rows.iter().map(f).collect::<Vec<f64>>()).convert(dtype);
    [column(|r| r.0), column(|r| r.1), column(|r| r.2)]
}

/// `shapes` is what derivatives by the parameters may be off by: near the mean they are a difference of terms √a times as
/// large, for `a` up to 1e5.
fn check_beta(rows: &[Beta], dtype: DType, base: f64, shapes: f64) {
    let columns = beta_columns(rows, dtype);
    let ops: [(Expected<Beta>, f64); 4] = [
        ((ops::Betainc.into(), |r| r.3, 0), base),
        ((ops::BetaincGradX.into(), |r| r.4, 1), base),
        ((ops::BetaincGradA.into(), |r| r.5, 2), shapes),
        ((ops::BetaincGradB.into(), |r| r.6, 3), shapes),
    ];
    let found = expanded(ops.each_ref().map(|((op, ..), _)| op), &columns);
    let mut wrong = String::new();
    for (((op, expected, k), base), found) in ops.into_iter().zip(found) {
        let rows = rows.iter().zip(found);
        let rows = rows.map(|(r, f)| (format!("({:e}, {:e}, {:e})", r.0, r.1, r.2), f, expected(r), r.7[k]));
        wrong.push_str(&compare(op.name(), dtype, base, rows));
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_incomplete_beta_function_and_its_derivatives_agree_with_mpmath() {
    check_beta(&beta().double, DType::F64, 1e-13, 1e-12);
}

#[test]
fn in_single_precision_they_agree_too() {
    check_beta(&beta().single, DType::F32, 2e-6, 5e-5);
}

/// Derivatives that nobody computes are errors, not NaN; past a `stop_gradient` they are not asked for.
#[test]
fn derivatives_that_nobody_computes_are_errors() {
    let scalar = Ty::scalar(DType::F64);
    let graph = |stop: bool| {
        let mut g = Graph::new(Phase::Pure);
        let [a, x] = ["a", "x"].map(|name| g.input(name, Role::Argument, scalar.clone()));
        let b = g.mul(a, a).unwrap();
        let shape = if stop { g.push(ops::StopGradient, &[b]).unwrap() } else { b };
        let p = g.push(ops::Betainc, &[shape, shape, x]).unwrap();
        let total = g.mul(p, a).unwrap();
        g.set_outputs([total]);
        g
    };
    let refused = |result: Result<Graph, PassError>, words: &str| {
        let message = result.err().map(|e| e.to_string()).unwrap_or_default();
        assert!(message.contains(words), "{message}");
    };
    let g = graph(false);
    let first = value_and_grad(&g, g.inputs()).unwrap();
    let mut second = first.clone();
    second.set_outputs([first.outputs()[1]]);
    refused(value_and_grad(&second, &second.inputs()[..1]), "no second derivative by the shapes");
    refused(jvp(&first, &first.inputs()[..1]), "no second derivative by the shapes");
    value_and_grad(&second, &second.inputs()[1..]).unwrap();
    jvp(&first, &first.inputs()[1..]).unwrap();

    let g = graph(true);
    let derivative = value_and_grad(&g, g.inputs()).unwrap();
    let found = eval(&derivative, &[Array::scalar(1.5), Array::scalar(0.5)]).unwrap();
    // I(b, b) at one half is one half, and its slope by x is that of the density at its centre.
    let by_a = found[1].to_f64_vec()[0];
    assert!((by_a - 0.5).abs() < 1e-14, "{by_a}");

    let mut g = Graph::new(Phase::Pure);
    let [a, x] = ["a", "x"].map(|name| g.input(name, Role::Argument, scalar.clone()));
    let p = g.push(ops::Gammainc, &[a, x]).unwrap();
    g.set_outputs([p]);
    let mut first = value_and_grad(&g, &[a]).unwrap();
    let by_a = first.outputs()[1];
    first.set_outputs([by_a]);
    refused(value_and_grad(&first, &first.inputs()[..1]), "no second derivative by the shape");
    value_and_grad(&first, &first.inputs()[1..]).unwrap();
}
