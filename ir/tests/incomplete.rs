//! Incomplete gamma and beta functions against mpmath: values in both float types, and first derivatives.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use pyroxene_ir::{
    Array, DType, Graph, Op, Phase, Role,
    eval::eval,
    ops::{self, Hlo},
    passes::value_and_grad,
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

/// The op on columns, by its expansion in the operands' own precision.
fn expanded(op: &Op, columns: &[Array]) -> Vec<f64> {
    let tys: Vec<_> = columns.iter().map(Array::ty).collect();
    let Hlo::Expand(expand) = op.hlo(&tys) else { panic!("{op:?} does not expand") };
    let mut g = Graph::new(Phase::Pure);
    let args: Vec<_> = tys.iter().map(|ty| g.input("x", Role::Argument, ty.clone())).collect();
    let out = expand(&mut g, &args).unwrap();
    g.set_outputs([out]);
    eval(&g, columns).unwrap()[0].to_f64_vec()
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
            let found = expanded(&op, &columns);
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

/// `a`, `b`, `x`, `I`, `∂I/∂x`, and the condition number of either.
#[derive(Deserialize)]
struct Beta(f64, f64, f64, f64, f64, [f64; 2]);

#[test]
fn the_incomplete_beta_function_and_its_derivative_agree_with_mpmath() {
    let table: Rows<Beta> = serde_json::from_str(include_str!("golden/incomplete_beta.json")).unwrap();
    let mut wrong = String::new();
    for (rows, dtype, base) in [(&table.double, DType::F64, 1e-13), (&table.single, DType::F32, 2e-6)] {
        let column =
            |f: fn(&Beta) -> f64| Array::from(rows.iter().map(f).collect::<Vec<f64>>()).convert(dtype);
        let columns = [column(|r| r.0), column(|r| r.1), column(|r| r.2)];
        let ops: [Expected<Beta>; 2] =
            [(ops::Betainc.into(), |r| r.3, 0), (ops::BetaincGradX.into(), |r| r.4, 1)];
        for (op, expected, k) in ops {
            let found = expanded(&op, &columns);
            let rows = rows.iter().zip(found);
            let rows = rows.map(|(r, f)| (format!("({}, {}, {})", r.0, r.1, r.2), f, expected(r), r.5[k]));
            wrong.push_str(&compare(op.name(), dtype, base, rows));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
