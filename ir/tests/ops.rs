//! Table tests over every op: types, values, derivatives to second order, expansions, and golden values.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::{collections::BTreeSet, fs, path::Path};

use common::sample_graph;
use pyroxene_ir::{
    Array, Graph, Op, Phase, Role, Ty, Val,
    eval::eval,
    ops::{Hlo, Sample},
    passes::{batch, jvp, value_and_grad},
};

fn samples() -> impl Iterator<Item = Sample> {
    Op::ALL.iter().flat_map(|info| (info.samples)())
}

#[test]
fn every_op_has_a_file_a_doc_and_a_sample() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ops");
    let mut names = BTreeSet::new();
    for info in Op::ALL {
        assert!(names.insert(info.name), "{} appears twice", info.name);
        let source = fs::read_to_string(dir.join(format!("{}.rs", info.name)));
        let source = source.unwrap_or_else(|e| panic!("src/ops/{}.rs: {e}", info.name));
        assert!(source.starts_with("//! "), "{}: the file opens with one sentence", info.name);
        let (before, _) =
            source.split_once("\npub struct ").unwrap_or_else(|| panic!("{}: no op", info.name));
        let doc = before.lines().rev().take_while(|l| !l.is_empty()).any(|l| l.starts_with("/// "));
        assert!(doc, "{}: the op has no doc", info.name);
        let cases = (info.samples)();
        assert!(!cases.is_empty(), "{} has no samples", info.name);
        assert!(cases.iter().all(|s| s.op.name() == info.name), "{}: samples of another op", info.name);
    }
}

/// Ops from floats to floats that have no derivative to check, or whose check is elsewhere, and why.
const UNCHECKED: [(&str, &str); 16] = [
    ("betainc", "by its first two operands once only: tests/incomplete.rs"),
    ("betainc_grad_a", "by its last operand only: tests/incomplete.rs"),
    ("betainc_grad_b", "by its last operand only: tests/incomplete.rs"),
    ("ceil", "constant between integers"),
    ("floor", "constant between integers"),
    ("gammainc", "by its first operand once only: tests/incomplete.rs"),
    ("gammainc_grad_a", "by its second operand only: tests/incomplete.rs"),
    ("gammaincc", "by its first operand once only: tests/incomplete.rs"),
    ("householder", "a step of `qr`, which has the derivative"),
    ("householder_product", "a step of `qr`, which has the derivative"),
    ("round", "constant between half integers"),
    ("round_away", "constant between half integers"),
    ("sign", "constant away from zero"),
    ("stop_gradient", "none, which is what it is for"),
    ("while_loop", "forwards only: tests/control.rs"),
    ("zeta", "by its second operand only: tests/special.rs"),
];

#[test]
fn every_op_from_floats_to_floats_has_a_derivative_check() {
    let f64s = |x: &Ty| x.dtype == pyroxene_ir::DType::F64;
    for info in Op::ALL {
        let cases = (info.samples)();
        let real = |s: &Sample| {
            let g = sample_graph(s).unwrap();
            s.args.iter().any(|x| f64s(&x.ty())) && g.outputs().iter().any(|v| f64s(g.ty(*v)))
        };
        let reason = UNCHECKED.iter().find(|(name, _)| *name == info.name);
        let checked = cases.iter().any(|s| s.smooth);
        match (cases.iter().any(real), checked, reason) {
            (true, false, None) => {
                panic!("`{}` has no smooth sample: nothing checks its derivative", info.name)
            }
            (_, true, Some((name, _))) => panic!("`{name}` is checked: take it off the list"),
            _ => {}
        }
    }
}

#[test]
fn eval_agrees_with_the_type_rule() {
    for s in samples() {
        let g = sample_graph(&s).unwrap_or_else(|e| panic!("{:?} refuses its sample: {e}", s.op));
        let value = eval(&g, &s.args).unwrap();
        let expected = g.outputs().iter().map(|v| g.ty(*v).clone());
        assert!(value.iter().map(Array::ty).eq(expected), "{s:?}");
    }
}

#[test]
fn ill_typed_operands_are_refused_with_words() {
    for s in samples() {
        let mut tys: Vec<Ty> = s.args.iter().map(Array::ty).collect();
        // No op takes one operand more than its sample except those of any arity.
        tys.push(Ty::new(pyroxene_ir::DType::Bool, [7, 1, 3]));
        let error = s.op.infer(&tys).err().unwrap_or_else(|| panic!("{s:?} accepts {tys:?}"));
        assert_eq!(error.op, s.op.name());
        assert!(!error.expected.is_empty());
    }
}

/// Fixed weights of both signs, none special.
fn weights(ty: &Ty, salt: u64) -> Array {
    let xs: Vec<f64> = (0..ty.len() as u64).map(|i| ((i + salt) as f64 * 2.399_963).sin() + 0.1).collect();
    Array::new(ty.dims.iter().copied(), xs).unwrap()
}

/// `Σ wᵢ · valueᵢ` over all of `values`, as one scalar.
fn weighted_sum(g: &mut Graph, values: &[Val], salt: u64) -> Val {
    let mut total = None;
    for v in values {
        let w = g.constant(weights(&g.ty(*v).clone(), salt)).unwrap();
        let term = g.mul(*v, w).unwrap();
        let term = g.sum_all(term).unwrap();
        total = Some(total.map_or(term, |t| g.add(t, term).unwrap()));
    }
    total.unwrap()
}

/// The outputs that are doubles.
fn real_outputs(g: &Graph) -> Vec<Val> {
    g.outputs().iter().copied().filter(|v| g.ty(*v).dtype == pyroxene_ir::DType::F64).collect()
}

/// The inputs that are doubles.
fn real_inputs(g: &Graph) -> Vec<Val> {
    g.inputs().iter().copied().filter(|v| g.ty(*v).dtype == pyroxene_ir::DType::F64).collect()
}

/// Compares the gradient of the graph's scalar with central differences in every element of every real input.
///
/// Richardson's extrapolation of two central differences has error h⁴f⁽⁵⁾/480 + ε|f|/h. With h = 1e-4 at magnitude one
/// both lie near 1e-11 for tame functions; the worst sample, erf⁻¹ at 0.99 in second order, has f⁽⁵⁾ ~ 1e12, which
/// leaves 1e-7 of a derivative of 1e3.
fn check_gradient(g: &Graph, args: &[Array], what: &str) -> Graph {
    let wrt = real_inputs(g);
    let with_gradient = value_and_grad(g, &wrt).unwrap_or_else(|e| panic!("{what}: {e}"));
    let values = eval(&with_gradient, args).unwrap();
    for (k, v) in wrt.iter().enumerate() {
        let input = g.inputs().iter().position(|i| i == v).unwrap();
        let gradient = values[1 + k].to_f64_vec();
        for (i, found) in gradient.into_iter().enumerate() {
            let x = args[input].to_f64_vec()[i];
            let at = |x: f64| {
                let mut moved = args.to_vec();
                moved[input].as_mut_slice::<f64>().unwrap()[i] = x;
                eval(g, &moved).unwrap()[0].to_f64_vec()[0]
            };
            let central = |h: f64| (at(x + h) - at(x - h)) / (2.0 * h);
            let h = 1e-4 * x.abs().max(1e-2);
            let expected = (4.0 * central(h / 2.0) - central(h)) / 3.0;
            let scale = expected.abs().max(1.0);
            assert!(
                (found - expected).abs() <= 1e-6 * scale,
                "{what}, operand {input}, element {i} at {x}: rule {found}, differences {expected}"
            );
        }
    }
    with_gradient
}

#[test]
fn derivatives_equal_differences_to_second_order() {
    for s in samples().filter(|s| s.smooth) {
        let mut g = sample_graph(&s).unwrap();
        let outputs = real_outputs(&g);
        let total = weighted_sum(&mut g, &outputs, 1);
        g.set_outputs([total]);
        let mut first = check_gradient(&g, &s.args, &format!("{:?}", s.op));
        let gradients = first.outputs()[1..].to_vec();
        assert!(!gradients.is_empty(), "{:?}: a smooth sample has an f64 operand", s.op);
        let total = weighted_sum(&mut first, &gradients, 5);
        first.set_outputs([total]);
        check_gradient(&first, &s.args, &format!("second order of {:?}", s.op));
    }
}

/// The forward rule against the reverse one, which differences have shown right: `w · (J t) = (Jᵀ w) · t`.
///
/// Both sides are sums of the same products in another order: a few tens of roundings of the largest.
#[test]
fn forward_rules_are_the_transposes_of_reverse_ones() {
    for s in samples().filter(|s| s.smooth) {
        let g = sample_graph(&s).unwrap();
        let wrt = real_inputs(&g);
        let forward = jvp(&g, &wrt).unwrap_or_else(|e| panic!("{:?}: {e}", s.op));
        let tangents: Vec<Array> =
            wrt.iter().enumerate().map(|(i, v)| weights(g.ty(*v), 11 + i as u64)).collect();
        let args: Vec<Array> = s.args.iter().chain(&tangents).cloned().collect();
        let results = eval(&forward, &args).unwrap();
        let (values, moved) = results.split_at(g.outputs().len());
        let mut left = 0.0;
        for (y, t) in values.iter().zip(moved) {
            assert_eq!(y.ty(), t.ty(), "{:?}", s.op);
            if y.dtype() == pyroxene_ir::DType::F64 {
                left += dot(&weights(&y.ty(), 1), t);
            }
        }
        let mut scalar = g.clone();
        let outputs = real_outputs(&g);
        let total = weighted_sum(&mut scalar, &outputs, 1);
        scalar.set_outputs([total]);
        let reverse = eval(&value_and_grad(&scalar, &wrt).unwrap(), &s.args).unwrap();
        let right: f64 = reverse[1..].iter().zip(&tangents).map(|(c, t)| dot(c, t)).sum();
        let size: f64 = reverse[1..].iter().zip(&tangents).map(|(c, t)| dot_size(c, t)).sum();
        assert!((left - right).abs() <= 1e-13 * size.max(1e-3), "{:?}: {left} and {right}", s.op);
    }
}

fn dot(x: &Array, y: &Array) -> f64 {
    x.to_f64_vec().iter().zip(y.to_f64_vec()).map(|(x, y)| x * y).sum()
}

fn dot_size(x: &Array, y: &Array) -> f64 {
    x.to_f64_vec().iter().zip(y.to_f64_vec()).map(|(x, y)| (x * y).abs()).sum()
}

/// Three variants of an operand, as members of a batch.
fn members(x: &Array) -> Vec<Array> {
    let n = x.len().max(1);
    let rotated = |k: usize| {
        let xs = x.to_f64_vec();
        let turned = (0..xs.len()).map(|i| xs[(i + k) % n]).collect();
        Array::new(x.dims().iter().copied(), turned).unwrap().convert(x.dtype())
    };
    // Integers that are no doubles stay where they are.
    let exact = x.to_f64_vec().iter().all(|x| x.abs() <= 2f64.powi(53) || x.is_infinite());
    if x.dtype().is_integer() && exact && x.len() == 1 {
        // Positions: turning one element changes nothing.
        return (0..3)
            .map(|k| {
                Array::new(x.dims().iter().copied(), vec![x.to_f64_vec()[0] + f64::from(k)])
                    .unwrap()
                    .convert(x.dtype())
            })
            .collect();
    }
    if x.dtype().is_float() || exact { (0..3).map(rotated).collect() } else { vec![x.clone(); 3] }
}

/// Arrays of one type stacked along a new dimension.
fn stack(members: &[Array], axis: usize) -> Array {
    let mut g = Graph::new(Phase::Pure);
    let rows: Vec<Val> = members
        .iter()
        .map(|x| {
            let v = g.input("x", Role::Argument, x.ty());
            let mut dims = x.dims().to_vec();
            dims.insert(axis, 1);
            g.reshape(v, &dims).unwrap()
        })
        .collect();
    let all = g.push(pyroxene_ir::ops::Concatenate { axis }, &rows).unwrap();
    g.set_outputs([all]);
    eval(&g, members).unwrap().remove(0)
}

fn same_bits(x: &Array, y: &Array) -> bool {
    x.ty() == y.ty() && x.as_bytes() == y.as_bytes()
}

/// Which operands hold a batch: each alone, then all; along the first dimension and along the last.
fn batchings(args: &[Array]) -> Vec<Vec<Option<usize>>> {
    let mut out = Vec::new();
    for back in [false, true] {
        let axis = |x: &Array| Some(if back { x.dims().len() } else { 0 });
        out.extend(
            (0..args.len())
                .map(|k| (0..args.len()).map(|i| (i == k).then(|| axis(&args[i])).flatten()).collect()),
        );
        out.push(args.iter().map(axis).collect());
    }
    // A batch in the middle, and operands that hold it in different places.
    out.push(args.iter().enumerate().map(|(i, x)| Some((i + 1) % (x.dims().len() + 1))).collect());
    out
}

#[test]
fn batch_rules_agree_with_a_loop() {
    for s in samples().filter(|s| !s.args.is_empty()) {
        let g = sample_graph(&s).unwrap();
        let all: Vec<Vec<Array>> = s.args.iter().map(members).collect();
        for axes in batchings(&s.args) {
            let what = format!("{:?} of {:?}, batches {axes:?}", s.op, s.args);
            let (batched, found_axes) = batch(&g, &axes, 3).unwrap_or_else(|e| panic!("{what}: {e}"));
            pyroxene_ir::verify::verify(&batched).unwrap_or_else(|e| panic!("{what}: {e}"));
            let args: Vec<Array> = (0..s.args.len())
                .map(|i| axes[i].map_or_else(|| all[i][0].clone(), |axis| stack(&all[i], axis)))
                .collect();
            let found = eval(&batched, &args).unwrap();
            for (k, axis) in found_axes.into_iter().enumerate() {
                let singles: Vec<Array> = (0..3)
                    .map(|m| {
                        let args: Vec<Array> = (0..all.len())
                            .map(|i| all[i][if axes[i].is_some() { m } else { 0 }].clone())
                            .collect();
                        eval(&g, &args).unwrap().remove(k)
                    })
                    .collect();
                // A result that all members share is that of each.
                let expected = axis.map_or_else(|| singles[0].clone(), |axis| stack(&singles, axis));
                assert!(
                    axis.is_some() || singles.iter().all(|s| same_bits(s, &expected)),
                    "{what}: output {k}"
                );
                assert_eq!(found[k].ty(), expected.ty(), "{what}");
                let same = |(f, e): (f64, f64)| close(f, e, 1e-14);
                assert!(
                    found[k].to_f64_vec().into_iter().zip(expected.to_f64_vec()).all(same),
                    "{what}: found {:?}, expected {expected:?}",
                    found[k]
                );
            }
        }
    }
}

fn close(found: f64, expected: f64, tolerance: f64) -> bool {
    found == expected
        || (found.is_nan() && expected.is_nan())
        || (found - expected).abs() <= tolerance * expected.abs()
}

/// The relative error that rounding x² to `digits` bits leaves in erf⁻¹: XLA's formula starts from w = −ln(1 − x²),
/// the rounding moves w by up to 2⁻ᵈ / (1 − x²), and erf⁻¹ grows like √w.
fn erf_inv_slack(x: f64, digits: i32) -> f64 {
    let rest = (1.0 - x * x).max(f64::EPSILON);
    0.5 * 2f64.powi(-digits) / rest / (-rest.ln()).max(0.5)
}

/// An expansion rounds after each of its operations, `eval` once: a few tens of roundings apart in either precision,
/// beside what the formula itself makes of a rounding.
#[test]
fn expansions_agree_with_eval() {
    let mut expanded = 0;
    for s in samples() {
        let tys: Vec<Ty> = s.args.iter().map(Array::ty).collect();
        let mut g = Graph::new(Phase::Pure);
        let args: Vec<Val> = tys.iter().map(|ty| g.input("x", Role::Argument, ty.clone())).collect();
        let outputs = match s.op.hlo(&tys) {
            Hlo::Expand(expand) => vec![expand(&mut g, &args).unwrap()],
            Hlo::ExpandOp(expand) => expand(&s.op, &mut g, &args).unwrap().to_vec(),
            _ => continue,
        };
        expanded += 1;
        g.set_outputs(outputs);
        let found = eval(&g, &s.args).unwrap();
        let expected = eval(&sample_graph(&s).unwrap(), &s.args).unwrap();
        assert_eq!(found.len(), expected.len(), "{s:?}");
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.ty(), expected.ty(), "{s:?}");
            let (tolerance, digits) = if found.dtype().size() == 8 { (1e-13, 53) } else { (2e-6, 24) };
            let xs = s.args[0].to_f64_vec();
            for (i, (f, e)) in found.to_f64_vec().into_iter().zip(expected.to_f64_vec()).enumerate() {
                let slack = if s.op.name() == "erf_inv" { erf_inv_slack(xs[i], digits) } else { 0.0 };
                assert!(close(f, e, tolerance + slack), "{s:?}, element {i}: expansion {f}, eval {e}");
            }
        }
    }
    assert!(expanded > 0, "no op expands");
}

fn golden(path: &str) -> serde_json::Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap()
}

#[test]
fn special_functions_agree_with_mpmath() {
    let table = golden("tests/golden/special.json");
    for (name, cases) in table["ops"].as_object().unwrap() {
        let info = Op::ALL.iter().find(|info| info.name == name).unwrap();
        let op = (info.samples)()[0].op.clone();
        for case in cases.as_array().unwrap() {
            let (x, expected) = (case[0].as_f64().unwrap(), case[1].as_f64().unwrap());
            let x_array = Array::scalar(x);
            let found = op.eval(&[&x_array], &[x_array.ty()])[0].to_f64_vec()[0];
            // The C library's functions err by at most a few units in the last place.
            let tolerance = 5e-16 + if name == "erf_inv" { erf_inv_slack(x, 53) + 1e-15 } else { 0.0 };
            // Below the smallest normal number XLA flushes to zero.
            let flushed = expected.abs() < f64::MIN_POSITIVE && found.abs() < f64::MIN_POSITIVE;
            assert!(
                flushed || close(found, expected, tolerance),
                "{name}({x:?}): found {found:?}, expected {expected:?}"
            );
        }
    }
}
