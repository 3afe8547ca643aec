//! Random graphs against XLA: many of them as one program, compared with the interpreter up to what roundings explain.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test")]

mod common;
#[path = "../../ir/tests/common/random/mod.rs"]
mod random;

use common::{quick, run};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use pyroxene_ir::{
    Array, Graph, Phase, Role, Val,
    passes::{Dce, Fold, Legalize, OneKernel, Pass, Query},
};
use pyroxene_lowering::{kernels, lower, sums_by_slices};
use random::{
    Case, Scope, config,
    noise::{Spread, spread},
    recipes,
};

/// The outputs of all cases, as one executable.
fn through_xla(cases: &[Case], mode: OneKernel) -> Vec<Vec<Array>> {
    let mut all = Graph::new(Phase::Pure);
    let mut outputs = Vec::new();
    for (n, case) in cases.iter().enumerate() {
        let inputs: Vec<Val> = case
            .graph
            .inputs()
            .iter()
            .enumerate()
            .map(|(i, v)| all.input(format!("x{n}.{i}"), Role::Argument, case.graph.ty(*v).clone()))
            .collect();
        outputs.extend(all.inline(&case.graph, &inputs).unwrap());
    }
    all.set_outputs(outputs);
    let mut graph = all;
    for pass in [&Fold as &dyn Pass, &Legalize, &Dce] {
        graph = pass.run(&graph, Query::Evaluate).unwrap();
    }
    let kernels = kernels(&graph, mode).unwrap();
    let libraries = kernels.as_ref().is_none_or(|k| k.libraries);
    let graph = kernels.map_or(graph, |k| sums_by_slices(&k.graph).unwrap());
    let lowered = lower(&graph, "random").unwrap();
    let mut results = run(&lowered, &quick(libraries), cases.iter().flat_map(|c| &c.args)).into_iter();
    cases.iter().map(|c| results.by_ref().take(c.graph.outputs().len()).collect()).collect()
}

/// What XLA says that roundings do not explain, the first of each case.
fn differences(cases: &[Case], found: &[Vec<Array>]) -> Vec<String> {
    let mut out = Vec::new();
    for (n, (case, found)) in cases.iter().zip(found).enumerate() {
        let expected: Spread = spread(&case.graph, &case.args);
        let first = found.iter().enumerate().find_map(|(k, x)| expected.differs(k, x).map(|d| (k, d)));
        if let Some((k, difference)) = first {
            let v = case.graph.outputs()[k];
            out.push(format!("case {n}: {v}: {difference}, of\n{}\nof {:?}", case.graph, case.args));
        }
    }
    out
}

/// Cases of one executable.
const TOGETHER: usize = 40;

/// As many graphs, unless `PROPTEST_CASES` says otherwise. Without optimisation: compiling is what takes the time.
fn check(graphs: usize, scope: Scope, mode: OneKernel) {
    let config = config(graphs as u32);
    let groups = (config.cases as usize).div_ceil(TOGETHER);
    let mut runner = TestRunner::new(config);
    for group in 0..groups {
        let draw = |_| recipes(12).new_tree(&mut runner).unwrap().current().case(scope);
        let cases: Vec<Case> = (0..TOGETHER).map(draw).collect();
        let wrong = differences(&cases, &through_xla(&cases, mode));
        assert!(
            wrong.is_empty(),
            "group {group}: {} of {TOGETHER} differ\n{}",
            wrong.len(),
            wrong.join("\n")
        );
    }
}

#[test]
fn random_graphs_agree_with_the_interpreter() {
    check(80, Scope::TAME, OneKernel::Never);
}

#[test]
fn extremes_agree_with_the_interpreter() {
    check(40, Scope { expanded: false, ..Scope::ALL }, OneKernel::Never);
}

#[test]
fn kernels_agree_with_the_interpreter() {
    check(40, Scope::TAME, OneKernel::Always);
}
