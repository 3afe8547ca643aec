//! Blame: the origin of what is not finite, and nothing that does not reach the outputs.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use pyroxene_ir::{Array, blame::blame, text::parse};

/// The number of the blamed node and its index, with the first argument `x` of type `f64[2]`.
fn blamed(body: &str, x: [f64; 2]) -> Option<(usize, Vec<usize>)> {
    let graph = parse(&format!("pure {{\n%0: f64[2] = input argument \"x\"\n{body}\n}}")).unwrap();
    let outputs: Vec<usize> = (0..graph.outputs().len()).collect();
    blame(&graph, &[Array::from(x)], &outputs).unwrap().map(|b| (b.val.index(), b.index))
}

#[test]
fn the_first_op_that_turns_numbers_into_none_is_blamed() {
    let body = "%1: f64[2] = log %0\n%2: f64[2] = sqrt %1\n%3: f64[2] = mul %2 %2\nreturn %3";
    assert_eq!(blamed(body, [2.0, 3.0]), None);
    assert_eq!(blamed(body, [2.0, 0.0]), Some((1, vec![1])));
    assert_eq!(blamed(body, [0.5, 2.0]), Some((2, vec![0])));
    assert_eq!(blamed(body, [2.0, f64::NAN]), Some((0, vec![1])));
}

#[test]
fn what_does_not_reach_an_output_is_not_blamed() {
    let select = "%1: f64[2] = log %0\n%2: f64[2] = neg %0\n%3: f64[2] = sqrt %2\n%4: bool[2] = compare %0 %2 \
                  \"gt\"\n%5: f64[2] = select %4 %1 %3\nreturn %5";
    // On either side one branch is NaN, and the other one is taken.
    assert_eq!(blamed(select, [4.0, -4.0]), None);
    // Minus infinity squashed by an exponential, beside a logarithm of a negative number that is not.
    let squashed = "%1: f64[2] = log %0\n%2: f64[2] = exp %1\n%3: f64[] = constant 3.0\n%4: f64[2] = broadcast %3 \
                    {\"dims\":[2],\"map\":[]}\n%5: f64[2] = sub %0 %4\n%6: f64[2] = log %5\n%7: f64[2] = add %2 %6\n\
                    return %7";
    assert_eq!(blamed(squashed, [0.0, 5.0]), Some((6, vec![0])));
    assert_eq!(blamed(squashed, [5.0, 5.0]), None);
}

#[test]
fn of_several_origins_the_first_is_blamed() {
    let body = "%1: f64[2] = log %0\n%2: f64[2] = sqrt %0\n%3: f64[2] = mul %2 %1\nreturn %3";
    assert_eq!(blamed(body, [-1.0, 1.0]), Some((1, vec![0])));
    // Infinity less infinity has two causes, and reductions of rows have one: the row's element.
    let body = "%1: f64[2] = exp %0\n%2: f64[2] = exp %1\n%3: f64[2] = sub %2 %1\n%4: f64[] = reduce_sum %3 \
                {\"axes\":[0]}\nreturn %4";
    assert_eq!(blamed(body, [1000.0, 0.0]), Some((1, vec![0])));
    assert_eq!(blamed(body, [0.0, 10.0]), Some((2, vec![1])));
}

#[test]
fn single_precision_overflows_sooner() {
    let graph =
        parse("pure {\n%0: f32[2] = input argument \"x\"\n%1: f32[2] = exp %0\nreturn %1\n}").unwrap();
    let found = blame(&graph, &[Array::from([1.0f32, 100.0])], &[0]).unwrap().unwrap();
    assert_eq!((found.val.index(), found.found, found.operands), (1, f64::INFINITY, vec![100.0]));
}
