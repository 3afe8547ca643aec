//! Sums by segment in rows: every division of elements into segments, against sums made one by one.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

use pyroxene_ir::{
    Array, DType, Graph, Op, Phase, Role, Ty, TypeError, Val,
    eval::eval,
    ops,
    passes::{Dce, HoistData, Pass, Query, SegmentRows, Settings, split, value_and_grad},
    verify,
};

/// `Σ e^(s (y − a[group] − b[group] x))` of data `group`, `x` and `y`, and its derivatives by `a`, `b` and `s`.
fn graph(elements: usize, segments: usize, [dtype, index]: [DType; 2]) -> Result<Graph, TypeError> {
    let mut g = Graph::new(Phase::Pure);
    let along = Ty::new(dtype, [elements]);
    let group = g.input("group", Role::Data, along.with_dtype(index));
    let [x, y] = ["x", "y"].map(|name| g.input(name, Role::Data, along.clone()));
    let [a, b] = ["a", "b"].map(|name| g.input(name, Role::Argument, Ty::new(dtype, [segments])));
    let s = g.input("s", Role::Argument, Ty::scalar(dtype));
    let [of_a, of_b] = [a, b].map(|v| g.push(ops::Take { axis: 0 }, &[v, group]));
    let slope = g.mul(of_b?, x)?;
    let mean = g.add(of_a?, slope)?;
    let rest = g.sub(y, mean)?;
    let scale = g.broadcast_to(s, &[elements])?;
    let rest = g.mul(rest, scale)?;
    let exp = g.exp(rest)?;
    let sum = g.sum_all(exp)?;
    g.set_outputs([sum]);
    Ok(value_and_grad(&g, &[a, b, s])?)
}

/// The same, one element after the other.
fn one_by_one(group: &[i64], [x, y, a, b]: [&[f64]; 4], s: f64) -> [Vec<f64>; 4] {
    let (mut sum, mut by_s) = (0.0, 0.0);
    let (mut by_a, mut by_b) = (vec![0.0; a.len()], vec![0.0; a.len()]);
    for (i, j) in group.iter().enumerate() {
        let j = (*j).clamp(0, a.len() as i64 - 1) as usize;
        let rest = y[i] - a[j] - b[j] * x[i];
        let e = (s * rest).exp();
        sum += e;
        by_a[j] -= s * e;
        by_b[j] -= s * e * x[i];
        by_s += rest * e;
    }
    [vec![sum], by_a, by_b, vec![by_s]]
}

/// Numbers between −1 and 1 that look like drawn ones.
fn numbers(n: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    (0..n).map(|_| next()).collect()
}

fn array(dtype: DType, x: &[f64]) -> Array {
    match dtype {
        DType::F32 => Array::from(x.iter().map(|x| *x as f32).collect::<Vec<_>>()),
        DType::I32 => Array::from(x.iter().map(|x| *x as i32).collect::<Vec<_>>()),
        DType::I64 => Array::from(x.iter().map(|x| *x as i64).collect::<Vec<_>>()),
        DType::U64 => Array::from(x.iter().map(|x| *x as u64).collect::<Vec<_>>()),
        _ => Array::from(x.to_vec()),
    }
}

fn sorts(graph: &Graph) -> usize {
    graph.vals().filter(|v| matches!(graph.op(*v), Some(Op::Sort(_)))).count()
}

/// Checks these groups.
fn check(group: &[i64], segments: usize, dtypes: [DType; 2]) {
    let elements = group.len();
    let graph = graph(elements, segments, dtypes).unwrap();
    let in_rows = SegmentRows.run(&graph, Query::Function).unwrap();
    verify(&in_rows).unwrap();
    assert_eq!(sorts(&in_rows), 1, "{elements} elements in {segments} segments");
    let hoisted = HoistData.run(&Dce.run(&in_rows, Query::Function).unwrap(), Query::Function).unwrap();
    assert_eq!(sorts(&split(&hoisted).unwrap().unwrap().main), 0, "the order is known before the run");

    let [x, y] = [1, 2].map(|seed| numbers(elements, seed));
    let [a, b] = [3, 4].map(|seed| numbers(segments, seed));
    let expected = one_by_one(group, [&x, &y, &a, &b], 0.7);
    let positions: Vec<f64> = group.iter().map(|i| *i as f64).collect();
    let args = [
        array(dtypes[1], &positions),
        array(dtypes[0], &x),
        array(dtypes[0], &y),
        array(dtypes[0], &a),
        array(dtypes[0], &b),
        array(dtypes[0], &[0.7]).reshape([]).unwrap(),
    ];
    // Roundings of as many terms, each at most 1 + |x| of a few.
    let tolerance = if dtypes[0] == DType::F32 { 1e-4 } else { 1e-12 };
    for (found, expected) in eval(&in_rows, &args).unwrap().iter().zip(expected) {
        for (found, expected) in found.to_f64_vec().into_iter().zip(expected) {
            let close = (found - expected).abs() <= tolerance * (1.0 + expected.abs());
            assert!(close, "{found} for {expected}: {elements} elements in {segments} segments");
        }
    }
}

const DOUBLE: [DType; 2] = [DType::F64, DType::I64];

#[test]
fn every_division_into_segments_has_its_sums() {
    for (elements, segments) in [(128, 1), (128, 14), (150, 17), (250, 29), (400, 20), (919, 45), (919, 85)] {
        let last = segments as i64 - 1;
        let drawn = numbers(elements, elements as u64);
        let n = |i: usize| i as i64;
        let divisions: [&dyn Fn(usize) -> i64; 7] = [
            &|_| 0,
            &|_| last,
            &|i| n(i) % (last + 1),
            // As many rows as there can be: every segment with one element more than a row holds, of either width.
            &|i| (n(i) / 5).min(last),
            &|i| (n(i) / 9).min(last),
            // Few large ones and many of one or none, in no order.
            &|i| ((drawn[i].abs().powi(5)) * segments as f64) as i64,
            // Positions outside count for the nearest.
            &|i| (drawn[i] * 2.0 * segments as f64) as i64,
        ];
        for division in divisions {
            check(&(0..elements).map(division).collect::<Vec<_>>(), segments, DOUBLE);
        }
    }
}

#[test]
fn other_types_have_rows_too() {
    let group: Vec<i64> = (0..300).map(|i| i * i % 31).collect();
    for dtypes in [[DType::F32, DType::I32], [DType::F64, DType::I32], [DType::F32, DType::U64]] {
        check(&group, 31, dtypes);
    }
}

#[test]
fn what_is_in_rows_can_be_left_out_and_stays_where_it_is_not_data() {
    let settings = Settings::default().without("segment_rows").unwrap();
    let graph = graph(128, 10, DOUBLE).unwrap();
    assert_eq!(sorts(&settings.run(&graph, Query::Function, &mut |_| {}).unwrap()), 0);
    // Behind a loop's carry nothing is data.
    let ints: Vec<Val> = graph.inputs().to_vec();
    let mut free = Graph::new(Phase::Pure);
    let args: Vec<Val> = ints.iter().map(|v| free.input("x", Role::Argument, graph.ty(*v).clone())).collect();
    let outputs = free.inline(&graph, &args).unwrap();
    free.set_outputs(outputs);
    assert_eq!(sorts(&SegmentRows.run(&free, Query::Function).unwrap()), 0);
}
