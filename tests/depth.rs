//! Depth: a chain of many ops goes through every stage on a small stack, so nothing recurses over the graph.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::thread;

use pyroxene::{
    Program,
    ir::{
        Array,
        blame::blame,
        eval::eval,
        passes::{Query, batch, jvp},
        text::parse,
        verify,
    },
    lowering::lower,
    prelude::*,
};

/// Frames of unoptimised code take some hundred bytes at least: a recursion this deep needs megabytes.
const LENGTH: usize = 5_000;
const STACK: usize = 256 << 10;

fn model(_: &()) {
    let x = sample("x", Normal::new(0.0, 1.0));
    factor("chain", (0..LENGTH).fold(x, |y, i| if i % 2 == 0 { y.sin() } else { y * 1.5 }));
}

fn stages() {
    let program = Program::trace::<()>(model, &()).unwrap();
    let graph = program.resolve(Query::PotentialAndGradient, &mut |_, _| {}).unwrap();
    verify(&graph).unwrap();
    assert!(graph.len() > 2 * LENGTH);
    assert_eq!(parse(&graph.to_string()).unwrap(), graph);
    let values = eval(&graph, &[Array::from([0.5])]).unwrap();
    assert!(values.iter().all(|v| v.to_f64_vec().iter().all(|x| x.is_finite())));
    assert!(blame(&graph, &[Array::from([f64::NAN])], &[1]).unwrap().is_some());
    assert!(lower(&graph, "chain").unwrap().instructions() > 2 * LENGTH);
    let position = graph.inputs()[0];
    assert!(jvp(&graph, &[position]).unwrap().len() > graph.len());
    assert!(batch(&graph, &[Some(0)], 3).unwrap().0.len() >= graph.len());
}

#[test]
fn long_chains_need_no_stack() {
    thread::Builder::new().stack_size(STACK).spawn(stages).unwrap().join().unwrap();
}
