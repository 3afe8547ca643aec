//! Damaged text: it is refused with a place inside it, or it is another graph, which the verifier and the passes take.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;
#[path = "common/random/mod.rs"]
mod random;

use std::collections::BTreeMap;

use common::model;
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngSeed, TestRunner},
};
use pyroxene_ir::{
    Graph, Op, Phase,
    eval::eval,
    passes::{Dce, Fold, Legalize, Pass, Query, ResolveMasks, ResolvePlates, ResolveSites, StableRewrites},
    text::parse,
    verify,
};
use random::{Recipe, Scope, config, recipes};

/// Words, numbers, and single other characters.
fn tokens(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut joins = false;
    for c in text.chars() {
        let word = c.is_ascii_alphanumeric() || "_.%".contains(c);
        match out.last_mut() {
            Some(last) if word && joins => last.push(c),
            _ => out.push(c.to_string()),
        }
        joins = word;
    }
    out
}

/// What breaks things: ends of ranges, other types, names of nothing, unbalanced brackets.
const NASTY: &[&str] = &[
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775807",
    "-9223372036854775809",
    "-1",
    "0",
    "1",
    "2",
    "1099511627776",
    "4294967296",
    "1e400",
    "NaN",
    "inf",
    "NaN(0x7ff8000000000001)",
    "%0",
    "%1",
    "%99",
    "%4294967296",
    "f64",
    "f32",
    "i32",
    "i64",
    "u64",
    "bool",
    "f64[]",
    "f64[1099511627776]",
    "f64[0,1099511627776]",
    "i64[3]",
    "null",
    "true",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "\\",
    ":",
    ",",
    ";",
    "@",
    "\n",
    "é",
    "\u{0}",
    "region 0 pure {\n",
    "body 0 pure {\n",
    "body 0",
    "return",
    "return %0\n}\n",
    "part 1 %0",
    "input argument \"x\"",
    "constant 1.0",
    "[[[[[[[[",
];

/// One change of a list of tokens.
fn change(tokens: &mut Vec<String>, kind: u8, i: usize, j: usize) {
    if tokens.is_empty() {
        return;
    }
    let (n, nasty) = (tokens.len(), NASTY[j % NASTY.len()]);
    let (i, j) = (i % n, j % n);
    let line = |tokens: &[String], at: usize| {
        let start = tokens[..at].iter().rposition(|t| t == "\n").map_or(0, |p| p + 1);
        let end = tokens[at..].iter().position(|t| t == "\n").map_or(n, |p| at + p + 1);
        start..end
    };
    match kind % 24 {
        0 => drop(tokens.remove(i)),
        1 => tokens.insert(i, tokens[i].clone()),
        2 => tokens.swap(i, j),
        3 => tokens[i] = tokens[j].clone(),
        4 | 5 => tokens[i] = nasty.into(),
        6 => tokens.insert(i, nasty.into()),
        7 => drop(tokens.drain(line(tokens, i))),
        8 => {
            let copied = tokens[line(tokens, i)].to_vec();
            let at = line(tokens, j).start;
            tokens.splice(at..at, copied);
        }
        9 => tokens.truncate(i),
        10 => {
            // Another word of the same kind: an op, a number, a type.
            let alike = |t: &str| {
                let first = tokens[i].chars().next().map(|c| (c.is_ascii_digit(), c.is_ascii_alphabetic()));
                t.chars().next().map(|c| (c.is_ascii_digit(), c.is_ascii_alphabetic())) == first
            };
            let others: Vec<&String> = tokens.iter().filter(|t| alike(t)).collect();
            tokens[i] = others[j % others.len()].clone();
        }
        11..=16 => {
            // Another number in the place of one.
            let number = |t: &String| t.chars().all(|c| c.is_ascii_digit());
            let numbers: Vec<usize> = (0..n).filter(|k| number(&tokens[*k])).collect();
            let Some(at) = numbers.get(i % numbers.len().max(1)) else { return };
            tokens[*at] = NASTY[..15].get(j % 60).map_or_else(|| (j % 5).to_string(), |t| t.to_string());
        }
        17..=22 => {
            // Another operand in the place of one.
            let operand = |k: &usize| tokens[*k].starts_with('%') && tokens[k.saturating_sub(1)] == " ";
            let operands: Vec<usize> = (0..n).filter(operand).collect();
            let Some(at) = operands.get(i % operands.len().max(1)) else { return };
            tokens[*at] = format!("%{}", j % 8);
        }
        _ => {
            let deep = "region 0 pure {\n".repeat(j % 64) + &"[".repeat(i % 300);
            tokens.insert(i, deep);
        }
    }
}

/// Whether every value is small, in bodies too, so that passes and the interpreter may run.
fn small(g: &Graph) -> bool {
    g.vals().all(|v| {
        let inside = g.op(v).map(Op::regions).unwrap_or_default();
        let endless = matches!(g.op(v), Some(Op::While(_)));
        let long = matches!(g.op(v), Some(Op::Scan(scan)) if scan.length > 100);
        g.node(v).results().all(|ty| ty.len() <= 256 && ty.dims.iter().all(|d| *d <= 256))
            && !endless
            && !long
            && inside.iter().all(|r| small(r))
    }) && g.regions().iter().all(|r| small(r))
}

/// What became of a text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Fate {
    Refused,
    Unsound,
    Sound,
}

fn survives(text: &str) -> Fate {
    let g = match parse(text) {
        Ok(g) => g,
        Err(e) => {
            let lines: Vec<&str> = text.lines().collect();
            assert!((1..=lines.len() + 1).contains(&e.line), "{e}: {} lines", lines.len());
            let width = lines.get(e.line - 1).map_or(0, |l| l.chars().count());
            assert!((1..=width + 1).contains(&e.column), "{e}: a line of {width} characters");
            assert!(!e.message.is_empty());
            return Fate::Refused;
        }
    };
    let printed = g.to_string();
    assert_eq!(parse(&printed).as_ref(), Ok(&g), "{printed}");
    if let Err(errors) = verify(&g) {
        assert!(!errors.0.is_empty() && errors.0.iter().all(|e| !e.message.is_empty()));
        return Fate::Unsound;
    }
    if !small(&g) {
        return Fate::Sound;
    }
    let passes: &[&dyn Pass] = match g.phase() {
        Phase::Model => &[&ResolvePlates, &ResolveMasks, &ResolveSites, &Fold, &Legalize, &Dce],
        Phase::Pure => &[&StableRewrites, &Fold, &Legalize, &Dce],
    };
    let mut current = g;
    for pass in passes {
        match pass.run(&current, Query::LogDensity) {
            Ok(next) => {
                verify(&next).unwrap_or_else(|e| panic!("{}: {e}\n{printed}", pass.name()));
                current = next;
            }
            Err(e) => {
                assert!(current.phase() == Phase::Model, "{}: {e}\n{printed}", pass.name());
                return Fate::Sound;
            }
        }
    }
    let args: Vec<_> = current.inputs().iter().map(|v| pyroxene_ir::Array::zeros(current.ty(*v))).collect();
    eval(&current, &args).unwrap();
    Fate::Sound
}

/// The text with the types that the parser infers in the place of those that it says are wrong, so that damage reaches
/// beyond the node that it is in.
fn repaired(mut text: String) -> String {
    for _ in 0..20 {
        let Err(e) = parse(&text) else { break };
        let Some((annotated, inferred)) =
            e.message.strip_prefix("annotated ").and_then(|m| m.split_once(", inferred "))
        else {
            break;
        };
        let mut lines: Vec<String> = text.lines().map(String::from).collect();
        let line = &mut lines[e.line - 1];
        let Some((before, after)) = line.split_once(annotated) else { break };
        *line = [before, inferred, after].concat();
        text = lines.join("\n");
    }
    text
}

type Change = (u8, usize, usize);

fn changes() -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec(any::<Change>(), 1..3)
}

fn damaged(text: &str, changes: &[Change]) -> String {
    let mut tokens = tokens(text);
    for (kind, i, j) in changes {
        change(&mut tokens, *kind, *i, *j);
    }
    tokens.concat()
}

fn graph(recipe: &Recipe) -> String {
    recipe.case(Scope::ALL).graph.to_string()
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn damaged_graphs_are_refused_with_their_place(recipe in recipes(6), changes in changes()) {
        let text = damaged(&graph(&recipe), &changes);
        survives(&text);
        survives(&repaired(text));
    }
}

proptest! {
    // The model is long.
    #![proptest_config(config(64))]

    #[test]
    fn damaged_models_are_refused_with_their_place(changes in changes()) {
        survives(&damaged(&model().unwrap().to_string(), &changes));
    }
}

/// Damage is neither all refused at once nor mostly harmless, so that every part of the way is tried.
#[test]
fn damage_is_of_every_kind() {
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(0), ..config(0) });
    let mut fates = BTreeMap::new();
    for _ in 0..150 {
        let (recipe, changes) = (recipes(6), changes()).new_tree(&mut runner).unwrap().current();
        *fates.entry(survives(&repaired(damaged(&graph(&recipe), &changes)))).or_insert(0) += 1;
        *fates.entry(survives(&damaged(&model().unwrap().to_string(), &changes))).or_insert(0) += 1;
    }
    let share = |fate| fates.get(&fate).copied().unwrap_or(0);
    assert!(share(Fate::Refused) > 100 && share(Fate::Sound) > 30 && share(Fate::Unsound) > 0, "{fates:?}");
}
