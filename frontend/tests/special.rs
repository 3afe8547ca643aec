//! Special functions through XLA against mpmath, over the table that `ir` holds its interpreter to.

#![allow(clippy::panic)]

use std::collections::BTreeMap;

use pyroxene_frontend::{jit, prelude::*};

/// Arguments, value, derivative by each argument, condition number, |x f''|: see the generator beside the table.
type Row = (Vec<f64>, f64, Vec<Option<f64>>, f64, f64);

const TABLE: &str = include_str!("../../ir/tests/golden/functions.json");

type Function = fn(Tensor) -> Tensor;

/// The functions of the table, in its order; of one argument all but the last.
const UNARY: [(&str, Function); 12] = [
    ("digamma", Tensor::digamma),
    ("erf", Tensor::erf),
    ("erfc", Tensor::erfc),
    ("erfcx", Tensor::erfcx),
    ("i0", Tensor::i0),
    ("i0e", Tensor::i0e),
    ("i1", Tensor::i1),
    ("i1e", Tensor::i1e),
    ("lgamma", Tensor::lgamma),
    ("log1p_square", Tensor::log1p_square),
    ("log_ndtr", Tensor::log_ndtr),
    ("ndtri", Tensor::ndtri),
];

/// The interpreter's tolerance: a relative error and eight roundings of the argument, at roots 45 roundings of one.
fn tolerance(row: &Row, dtype: DType) -> f64 {
    let (base, epsilon) = match dtype {
        DType::F32 => (2e-6, f64::from(f32::EPSILON)),
        _ => (1e-13, f64::EPSILON),
    };
    ((base + 8.0 * epsilon * row.3) * row.1.abs()).max(45.0 * epsilon * row.1.abs().min(1.0))
}

fn check(kind: &str, dtype: DType) -> anyhow::Result<()> {
    let mut table: serde_json::Value = serde_json::from_str(TABLE)?;
    let table: BTreeMap<String, BTreeMap<String, Vec<Row>>> = serde_json::from_value(table["ops"].take())?;
    let names: Vec<&str> = UNARY.iter().map(|(name, _)| *name).chain(["zeta"]).collect();
    assert_eq!(table.keys().collect::<Vec<_>>(), names);
    let rows = || table.iter().flat_map(|(name, kinds)| kinds[kind].iter().map(move |row| (name, row)));
    let column = |name: &str, i: usize| {
        let x: Vec<f64> = table[name][kind].iter().map(|row| row.0[i]).collect();
        Array::from(x).convert(dtype)
    };
    let mut args: Vec<Array> = UNARY.iter().map(|(name, _)| column(name, 0)).collect();
    args.extend([column("zeta", 0), column("zeta", 1)]);
    // One executable for all, since compiling is what takes the time.
    let all = jit(|x: &Vec<Tensor>| {
        let mut values: Vec<Tensor> = UNARY.iter().zip(x).map(|((_, f), x)| f(*x)).collect();
        values.push(x[UNARY.len()].zeta(x[UNARY.len() + 1]));
        Tensor::concatenate(&values)
    });
    let found = all.call(&args)?;
    assert_eq!(found.dtype(), dtype);
    // XLA's CPU code flushes numbers below the normal range to zero.
    let smallest = if dtype == DType::F32 { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE };
    let mut wrong = String::new();
    assert_eq!(found.len(), rows().count());
    for ((name, row), found) in rows().zip(found.to_f64_vec()) {
        let error = (found - row.1).abs();
        if error.is_nan() || error > tolerance(row, dtype).max(smallest) {
            let relative = error / row.1.abs();
            let line =
                format!("{name}{:?}: found {found:e}, expected {:e}, error {relative:.1e}\n", row.0, row.1);
            wrong.push_str(&line);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    Ok(())
}

#[test]
fn doubles_agree_with_mpmath() -> anyhow::Result<()> {
    check("double", DType::F64)
}

#[test]
fn singles_agree_with_mpmath() -> anyhow::Result<()> {
    check("single", DType::F32)
}

/// Arguments, values and their condition numbers, from the tables of the incomplete gamma and beta functions.
type Incomplete = (Vec<f64>, Vec<(f64, f64)>);

/// The rows of a table: `arguments` numbers, then `values`, others, and as the last a list of condition numbers.
fn incomplete(text: &str, kind: &str, arguments: usize, values: usize) -> anyhow::Result<Vec<Incomplete>> {
    let table: serde_json::Value = serde_json::from_str(text)?;
    let numbers =
        |v: &serde_json::Value| v.as_array().into_iter().flatten().filter_map(|x| x.as_f64()).collect();
    let rows = table[kind].as_array().into_iter().flatten();
    let rows = rows.map(|row| {
        let found: Vec<f64> = numbers(row);
        let conditions: Vec<f64> = row.as_array().and_then(|r| r.last()).map(numbers).unwrap_or_default();
        let values = found[arguments..arguments + values].iter().copied().zip(conditions).collect();
        (found[..arguments].to_vec(), values)
    });
    Ok(rows.collect())
}

#[test]
fn incomplete_functions_agree_with_mpmath() -> anyhow::Result<()> {
    const GAMMA: &str = include_str!("../../ir/tests/golden/incomplete_gamma.json");
    const BETA: &str = include_str!("../../ir/tests/golden/incomplete_beta.json");
    let double = ("double", DType::F64, 1e-13, 1e-12, f64::EPSILON, f64::MIN_POSITIVE);
    let [epsilon, smallest] = [f32::EPSILON, f32::MIN_POSITIVE].map(f64::from);
    let single = ("single", DType::F32, 2e-6, 5e-5, epsilon, smallest);
    for (kind, dtype, base, shapes, epsilon, smallest) in [double, single] {
        let (gamma, beta) = (incomplete(GAMMA, kind, 2, 2)?, incomplete(BETA, kind, 3, 4)?);
        let column = |rows: &[Incomplete], i: usize| {
            Array::from(rows.iter().map(|r| r.0[i]).collect::<Vec<f64>>()).convert(dtype)
        };
        let args =
            vec![column(&gamma, 0), column(&gamma, 1), column(&beta, 0), column(&beta, 1), column(&beta, 2)];
        let all = jit(|x: &Vec<Tensor>| {
            let slopes = grad(|(a, b): &(Tensor, Tensor)| Beta::new(*a, *b).cdf(x[4]).unwrap_or(*a).sum());
            let (by_a, by_b) = slopes(&(x[2], x[3]));
            let values = [x[0].gammainc(x[1]), x[0].gammaincc(x[1]), x[2].betainc(x[3], x[4])];
            Tensor::concatenate(&[&values[..], &[by_a, by_b]].concat())
        });
        let found = all.call(&args)?;
        assert_eq!(found.dtype(), dtype);
        // By the shapes as `ir`'s own test of this table has it.
        let of = |rows: &[Incomplete], i: usize, base: f64| {
            rows.iter().map(|r| (r.0.clone(), r.1[i], base)).collect::<Vec<_>>()
        };
        let expected = [
            of(&gamma, 0, base),
            of(&gamma, 1, base),
            of(&beta, 0, base),
            of(&beta, 2, shapes),
            of(&beta, 3, shapes),
        ]
        .concat();
        assert_eq!((found.len(), expected.is_empty()), (expected.len(), false));
        let mut wrong = String::new();
        for ((args, (expected, condition), base), found) in expected.into_iter().zip(found.to_f64_vec()) {
            // Below the smallest normal number devices flush to zero.
            let error = (found - expected).abs();
            let bound = (base + 8.0 * epsilon * condition) * expected.abs();
            if error.is_nan() || error > bound.max(smallest) {
                wrong.push_str(&format!(
                    "{args:?}: found {found:e}, expected {expected:e}, error {error:.1e}\n"
                ));
            }
        }
        assert!(wrong.is_empty(), "{dtype}:\n{wrong}");
    }
    Ok(())
}
