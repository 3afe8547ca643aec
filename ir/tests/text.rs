//! The text form: what is printed parses to the same graph and prints the same; what is not a graph is refused, located.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;
#[path = "common/random/mod.rs"]
mod random;

use std::sync::Arc;

use common::{model, place, sample_graph};
use proptest::prelude::*;
use pyroxene_ir::{Array, DType, Graph, Op, Phase, Role, Ty, Val, text::parse, verify};

fn round_trip(g: &Graph) {
    let text = g.to_string();
    let parsed = parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert_eq!(parsed, *g, "{text}");
    assert_eq!(parsed.to_string(), text, "source places or order changed");
}

#[test]
fn every_sample_of_every_op_round_trips() {
    for sample in Op::ALL.iter().flat_map(|info| (info.samples)()) {
        let mut g = sample_graph(&sample).unwrap();
        for arg in &sample.args {
            g.constant(arg.clone()).unwrap();
        }
        round_trip(&g);
    }
}

#[test]
fn a_model_with_every_kind_of_site_round_trips() {
    let g = model().unwrap();
    assert_eq!(verify(&g), Ok(()));
    round_trip(&g);
}

#[test]
fn regions_nest() {
    let mut outer = Graph::new(Phase::Pure);
    outer.add_region(Arc::new(model().unwrap()));
    outer.add_region(Arc::new(Graph::new(Phase::Pure)));
    let mut outermost = Graph::new(Phase::Model);
    outermost.add_region(Arc::new(outer));
    round_trip(&outermost);
}

#[test]
fn errors_name_line_column_and_what_was_expected() {
    let case = |text: &str, expected: &str| {
        let found = parse(text).map_err(|e| e.to_string());
        assert_eq!(found.err().as_deref(), Some(expected), "{text}");
    };
    case("", "line 1, column 1: expected `model {` or `pure {`, found the end of the text");
    case("soft {\n", "line 1, column 1: expected `model` or `pure`, found `soft`");
    case("pure {\n", "line 2, column 1: expected a node or `return`, found the end of the text");
    case(
        "pure {\n  %1: f64[] = constant 1.0\n",
        "line 2, column 3: expected %0, found %1: nodes are numbered in order from %0",
    );
    case("pure {\n  %0: f64[] = neg %0\n", "line 2, column 19: %0 is not defined above");
    case(
        "pure {\n  %0: f65[] = constant 1.0\n",
        "line 2, column 7: `f65[]` is not a type; expected an element type and dimensions such as `f64[8,3]`",
    );
    case(
        "pure {\n  %0: f64[2] = constant [1.0]\n",
        "line 2, column 25: a constant of type f64[2] has 2 elements, found 1",
    );
    let two = "pure {\n  %0: f64[2] = input data \"é\"\n  %1: f64[2] = neg %0\n";
    case(
        &format!("{two}  %2: f64[2] = neg %0\n"),
        "line 4, column 16: %2 computes the same as %1: equal pure nodes are one",
    );
    case(&format!("{two}  %2: f64[3] = abs %0\n"), "line 4, column 7: annotated f64[3], inferred f64[2]");
    case(
        &format!("{two}  %2: f64[2] = add %0\n"),
        "line 4, column 16: add: expected 2 numeric operands of one type, found f64[2]",
    );
    case(
        &format!("{two}  %2: f64[2] = reduce %0\n"),
        "line 4, column 16: `reduce` is not an op or a site; is it `reduce_and`?",
    );
    case(
        &format!("{two}  %2: f64[] = reduce_sum %0 {{\"axes\":[0],\"keep\":1}}\n"),
        "line 4, column 29: parameters of `reduce_sum`: expected {\"axes\":[0]}, found {\"axes\":[0],\"keep\":1}",
    );
    case(&format!("{two}  return %2\n}}"), "line 4, column 10: %2 is not defined above");
    case(
        &format!("{two}  return %1\n}}\n}}"),
        "line 6, column 1: expected the end of the text after the closing `}`",
    );
    case(
        "pure {\n  region 1 pure {\n",
        "line 2, column 10: expected region 0, found 1: regions are numbered in order",
    );
    let twice = "pure {\n  region 0 pure {\n  return\n  }\n  region 1 pure {\n  return\n  }\n";
    case(twice, "line 5, column 10: region 1 equals region 0: equal regions are one");
}

#[test]
fn sizes_that_overflow_are_refused() {
    for line in [
        "%0: f64[99999999999,99999999999] = input data \"x\"",
        "%0: f64[0,4611686018427387904,4611686018427387904] = input data \"x\"",
        "%0: f64[4] = iota {\"dtype\":\"f64\",\"dims\":[18446744073709551615],\"axis\":0}",
    ] {
        assert!(
            parse(&format!("pure {{\n{line}\nreturn\n}}")).unwrap_err().message.contains("too large"),
            "{line}"
        );
    }
    let mut deep = "pure {\n".to_string();
    deep.push_str(&"region 0 pure {\n".repeat(10_000));
    assert!(parse(&deep).unwrap_err().message.contains("nest"));
}

/// Graphs of random ops over random operands, with random names, source places and outputs.
fn graphs() -> impl Strategy<Value = Graph> {
    let samples: Vec<_> = Op::ALL.iter().flat_map(|info| (info.samples)()).collect();
    let node = (0..samples.len(), any::<bool>(), any::<String>(), any::<(u32, u32, bool)>());
    (prop::collection::vec(node, 0..12), any::<[prop::sample::Index; 3]>(), any::<f64>()).prop_map(
        move |(nodes, outputs, number)| {
            let mut g = Graph::new(Phase::Pure);
            g.constant(Array::scalar(number)).unwrap();
            for (i, constant, name, (line, column, located)) in nodes {
                g.set_loc(if located { place(&name, line, column) } else { None });
                let args = &samples[i].args;
                let args: Vec<Val> = args
                    .iter()
                    .map(|x| {
                        if constant {
                            g.constant(x.clone()).unwrap()
                        } else {
                            g.input(&name, Role::Site, x.ty())
                        }
                    })
                    .collect();
                g.push(samples[i].op.clone(), &args).unwrap();
            }
            let n = g.len();
            g.set_outputs(outputs.map(|o| Val::from_index(o.index(n))));
            g
        },
    )
}

fn model_text() -> String {
    model().unwrap().to_string()
}

proptest! {
    #![proptest_config(random::config(256))]

    #[test]
    fn random_graphs_round_trip(g in graphs()) {
        round_trip(&g);
        prop_assert_eq!(verify(&g), Ok(()));
    }

    #[test]
    fn garbage_is_refused_without_panic(text in "(?s)(pure|model) \\{\n(.|%|[0-9]|\n|\"|\\[|\\]){0,200}") {
        // Almost none of it is a graph; what is must print.
        if let Ok(g) = parse(&text) {
            round_trip(&g);
        }
    }

    #[test]
    fn damaged_text_is_refused_or_is_another_graph(
        at in any::<prop::sample::Index>(),
        cut in 0usize..4,
        insert in prop_oneof![
            "[-0-9a-z%\\[\\]{}\", :@;.]{0,3}",
            Just("18446744073709551615".to_string()),
            Just("-9223372036854775808".to_string()),
            Just("\n".to_string()),
        ],
    ) {
        let mut text: Vec<char> = model_text().chars().collect();
        let at = at.index(text.len());
        let end = (at + cut).min(text.len());
        text.splice(at..end, insert.chars());
        let text: String = text.into_iter().collect();
        if let Ok(g) = parse(&text) {
            round_trip(&g);
            // Sound or not, the verifier says so instead of panicking.
            let _ = verify(&g);
        }
    }
}

#[test]
fn comments_and_blank_lines_are_skipped() {
    let text =
        "; a comment\n\npure { ; here\n  %0: bool[] = constant true ; and here\n\n  return %0\n}\n; end\n";
    let g = parse(text).unwrap();
    assert_eq!(g.ty(Val::from_index(0)), &Ty::scalar(DType::Bool));
    assert_eq!(g.to_string(), "pure {\n  %0: bool[] = constant true\n  return %0\n}\n");
}
