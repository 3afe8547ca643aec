//! Sums by segment in rows: every division of elements into segments, against sums made one by one.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]

use pyroxene_ir::{
    Array, DType, Graph, Op, Phase, Role, Ty, TypeError, Val,
    eval::eval,
    ops,
    passes::{Dce, HoistData, Pass, Query, SegmentRows, Settings, split, value_and_grad},
    verify,
};

/// What is added up over the elements, of `r = y − a[group] − b[group] x`.
#[derive(Clone, Copy)]
enum Terms {
    /// `e^(s r)`.
    Exponentials,
    /// `2 − ln s − (r/s)²/2`, of which most is the same for all elements.
    Squares,
}

impl Terms {
    fn record(self, g: &mut Graph, rest: Val, s: Val) -> Result<Val, TypeError> {
        let dims = g.ty(rest).dims.clone();
        let scale = g.broadcast_to(s, &dims)?;
        match self {
            Terms::Exponentials => {
                let rest = g.mul(rest, scale)?;
                g.exp(rest)
            }
            Terms::Squares => {
                let (ratio, half) = (g.div(rest, scale)?, g.full_like(rest, 0.5)?);
                let square = g.mul(ratio, ratio)?;
                let square = g.mul(half, square)?;
                let (log, two) = (g.log(s)?, g.full_like(rest, 2.0)?);
                let log = g.broadcast_to(log, &dims)?;
                let constant = g.sub(two, log)?;
                g.sub(constant, square)
            }
        }
    }

    /// A term and its derivatives by `r` and `s`.
    fn of(self, rest: f64, s: f64) -> [f64; 3] {
        match self {
            Terms::Exponentials => {
                let e = (s * rest).exp();
                [e, s * e, rest * e]
            }
            Terms::Squares => {
                let z = rest / s;
                [2.0 - s.ln() - 0.5 * z * z, -z / s, (z * z - 1.0) / s]
            }
        }
    }
}

/// The sum over data `group`, `x` and `y`, and its derivatives by `a`, `b` and `s`.
fn graph(
    elements: usize,
    segments: usize,
    [dtype, index, data]: [DType; 3],
    terms: Terms,
) -> Result<Graph, TypeError> {
    let mut g = Graph::new(Phase::Pure);
    let along = Ty::new(dtype, [elements]);
    let group = g.input("group", Role::Data, along.with_dtype(index));
    let [x, y] = ["x", "y"].map(|name| g.input(name, Role::Data, along.with_dtype(data)));
    let [x, y] = [g.convert(x, dtype)?, g.convert(y, dtype)?];
    let [a, b] = ["a", "b"].map(|name| g.input(name, Role::Argument, Ty::new(dtype, [segments])));
    let s = g.input("s", Role::Argument, Ty::scalar(dtype));
    let [of_a, of_b] = [a, b].map(|v| g.push(ops::Take { axis: 0 }, &[v, group]));
    let slope = g.mul(of_b?, x)?;
    let mean = g.add(of_a?, slope)?;
    let rest = g.sub(y, mean)?;
    let term = terms.record(&mut g, rest, s)?;
    let sum = g.sum_all(term)?;
    g.set_outputs([sum]);
    Ok(value_and_grad(&g, &[a, b, s])?)
}

/// The same, one element after the other.
fn one_by_one(group: &[i64], [x, y, a, b]: [&[f64]; 4], s: f64, terms: Terms) -> [Vec<f64>; 4] {
    let (mut sum, mut by_s) = (0.0, 0.0);
    let (mut by_a, mut by_b) = (vec![0.0; a.len()], vec![0.0; a.len()]);
    for (i, j) in group.iter().enumerate() {
        let j = (*j).clamp(0, a.len() as i64 - 1) as usize;
        let [term, by_rest, by_scale] = terms.of(y[i] - a[j] - b[j] * x[i], s);
        sum += term;
        by_a[j] -= by_rest;
        by_b[j] -= by_rest * x[i];
        by_s += by_scale;
    }
    [vec![sum], by_a, by_b, vec![by_s]]
}

/// The inputs that the program of every call takes, beside data, position and scale.
fn prepared(hoisted: &Graph) -> usize {
    split(hoisted).unwrap().unwrap().main.inputs().len() - 6
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

fn check(group: &[i64], segments: usize, dtypes: [DType; 3]) {
    [Terms::Exponentials, Terms::Squares]
        .into_iter()
        .for_each(|terms| check_terms(group, segments, dtypes, terms));
}

fn check_terms(group: &[i64], segments: usize, dtypes: [DType; 3], terms: Terms) {
    let elements = group.len();
    let graph = graph(elements, segments, dtypes, terms).unwrap();
    let in_rows = SegmentRows.run(&graph, Query::Function).unwrap();
    verify(&in_rows).unwrap();
    assert_eq!(sorts(&in_rows), 1, "{elements} elements in {segments} segments");
    let hoisted = HoistData.run(&Dce.run(&in_rows, Query::Function).unwrap(), Query::Function).unwrap();
    assert_eq!(sorts(&split(&hoisted).unwrap().unwrap().main), 0, "the order is known before the run");

    if dtypes == DOUBLE || dtypes == MIXED {
        assert!(prepared(&hoisted) <= 6, "data in rows are one parameter each");
    }

    let rounded = |x: f64| if dtypes[2] == DType::F32 { f64::from(x as f32) } else { x };
    let [x, y] = [1, 2].map(|seed| numbers(elements, seed).into_iter().map(rounded).collect::<Vec<_>>());
    let [a, b] = [3, 4].map(|seed| numbers(segments, seed));
    let expected = one_by_one(group, [&x, &y, &a, &b], 0.7, terms);
    let positions: Vec<f64> = group.iter().map(|i| *i as f64).collect();
    let args = [
        array(dtypes[1], &positions),
        array(dtypes[2], &x),
        array(dtypes[2], &y),
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

/// Of parameters, the index, and other data.
const DOUBLE: [DType; 3] = [DType::F64, DType::I64, DType::F64];

const MIXED: [DType; 3] = [DType::F64, DType::I32, DType::F32];

#[test]
fn every_division_into_segments_has_its_sums() {
    for (elements, segments) in [(256, 1), (256, 29), (300, 35), (260, 13), (400, 20), (919, 45), (919, 85)] {
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
    let single = DType::F32;
    for index in [DType::I32, DType::U64] {
        check(&group, 31, [single, index, single]);
    }
    check(&group, 31, [DType::F64, DType::I32, DType::F64]);
    check(&group, 31, MIXED);
}

#[test]
fn what_is_in_rows_can_be_left_out_and_stays_where_it_is_not_data() {
    let settings = Settings::default().without("segment_rows").unwrap();
    let graph = graph(256, 10, DOUBLE, Terms::Squares).unwrap();
    assert_eq!(sorts(&settings.run(&graph, Query::Function, &mut |_| {}).unwrap()), 0);
    // Behind a loop's carry nothing is data.
    let ints: Vec<Val> = graph.inputs().to_vec();
    let mut free = Graph::new(Phase::Pure);
    let args: Vec<Val> = ints.iter().map(|v| free.input("x", Role::Argument, graph.ty(*v).clone())).collect();
    let outputs = free.inline(&graph, &args).unwrap();
    free.set_outputs(outputs);
    assert_eq!(sorts(&SegmentRows.run(&free, Query::Function).unwrap()), 0);
}

#[test]
fn a_scale_that_is_no_number_stays_with_its_elements() {
    // One segment has all elements, and another none: its derivative is zero, whatever the scale.
    let graph = graph(256, 2, DOUBLE, Terms::Squares).unwrap();
    let in_rows = SegmentRows.run(&graph, Query::Function).unwrap();
    let [x, y] = [1, 2].map(|seed| array(DType::F64, &numbers(256, seed)));
    let zeros = array(DType::F64, &[0.0, 0.0]);
    for scale in [0.0, f64::NAN, f64::INFINITY] {
        let scale = Array::scalar(scale);
        let args = [Array::from(vec![0i64; 256]), x.clone(), y.clone(), zeros.clone(), zeros.clone(), scale];
        let [found, expected] = [&in_rows, &graph].map(|graph| eval(graph, &args).unwrap()[1].to_f64_vec());
        assert_eq!(found[1], 0.0);
        assert_eq!(found[0].is_finite(), expected[0].is_finite(), "{found:?} for {expected:?}");
    }
}
