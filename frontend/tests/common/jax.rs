//! Tables of functions against JAX: values, gradients and second derivatives of all cases of a golden file in one graph.
#![allow(dead_code, clippy::unwrap_used, clippy::panic, reason = "tests stop by panicking, and use parts")]

use pyroxene_frontend::{Array, DType, Tensor, record};
use pyroxene_ir::{
    Graph, Kind, Op, Phase, Role, Val,
    eval::eval as interpret,
    passes::{self, Query, value_and_grad},
};
use pyroxene_lowering::lower;
use pyroxene_runtime::{CompileOptions, Input, Module, OptLevel, default_backend};

use crate::common::{array, golden_here, list};

/// A function of a case's operands.
pub(crate) type Function = fn(&[Tensor]) -> Tensor;

/// One case of golden data.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) operands: Vec<Array>,
    /// The value, then first and second derivatives by each operand.
    pub(crate) expected: [Vec<Array>; 3],
}

/// The function of a case's name.
pub(crate) type Call = fn(&str, &[Tensor]) -> Tensor;

/// A golden file, the functions of its cases, and how far results may be from JAX's.
pub(crate) struct Table {
    /// The golden file.
    pub(crate) file: &'static str,
    /// The functions, each with a case of its name at least.
    pub(crate) functions: &'static [(&'static str, Function)],
    /// The function of a case.
    pub(crate) call: Call,
    /// The tolerance in double and in single precision.
    pub(crate) tolerances: [f64; 2],
}

const DTYPES: [DType; 2] = [DType::F64, DType::F32];

impl Table {
    pub(crate) fn cases(&self) -> Vec<Case> {
        cases(self.file, self.functions)
    }

    /// Values, first and second derivatives in the interpreter, in either precision.
    pub(crate) fn agrees_in_the_interpreter(&self) {
        let cases = self.cases();
        for (dtype, tolerance) in DTYPES.into_iter().zip(self.tolerances) {
            let g = graph(&cases, self.call, dtype, 2);
            compare(&cases, &interpret(&g, &operands(&cases, dtype)).unwrap(), dtype, 2, tolerance);
        }
    }

    /// Values and first derivatives through XLA, those of either precision in one executable.
    pub(crate) fn agrees_through_xla(&self) {
        let cases = self.cases();
        let mut both = Graph::new(Phase::Pure);
        let mut outputs = Vec::new();
        for dtype in DTYPES {
            let g = graph(&cases, self.call, dtype, 1);
            let input =
                |(i, v): (usize, &Val)| both.input(format!("{dtype}.{i}"), Role::Argument, g.ty(*v).clone());
            let inputs: Vec<Val> = g.inputs().iter().enumerate().map(input).collect();
            outputs.extend(both.inline(&g, &inputs).unwrap());
        }
        both.set_outputs(outputs);
        let args: Vec<Array> = DTYPES.into_iter().flat_map(|dtype| operands(&cases, dtype)).collect();
        let found = through_xla(&both, &args);
        let halves = found.chunks(found.len() / 2);
        for ((dtype, tolerance), found) in DTYPES.into_iter().zip(self.tolerances).zip(halves) {
            compare(&cases, found, dtype, 1, tolerance);
        }
    }

    /// Batches of members against each member alone.
    pub(crate) fn batches_agree_with_a_loop(&self) {
        batches_agree_with_a_loop(&self.cases(), self.call);
    }

    /// Errors and NaN are blamed on nodes' lines, which are the user's: those in `file`, the operands' aside.
    pub(crate) fn nodes_carry_lines_of(&self, file: &str) {
        for case in self.cases() {
            let recorded = record(|| {
                let x: Vec<Tensor> = case.operands.iter().map(|x| Tensor::from(x.clone())).collect();
                vec![(self.call)(&case.name, &x)]
            });
            let graph = recorded.unwrap_or_else(|e| panic!("{}: {e}", case.name));
            for v in graph.vals() {
                let loc = graph.node(v).loc.clone().unwrap();
                let kind = &graph.node(v).kind;
                let operand =
                    matches!(kind, Kind::Pure(Op::Constant(_))) && loc.file.ends_with("common/jax.rs");
                assert!(operand || loc.file.ends_with(file), "{}: {kind:?} at {loc}", case.name);
            }
        }
    }
}

/// The function of this name in a list.
pub(crate) fn named(functions: &[(&str, Function)], name: &str) -> Function {
    let found = functions.iter().find(|(n, _)| *n == name);
    found.unwrap_or_else(|| panic!("no function for the case `{name}`")).1
}

/// The operands of all cases, in order.
fn operands(cases: &[Case], dtype: DType) -> Vec<Array> {
    cases.iter().flat_map(|c| &c.operands).map(|x| x.convert(dtype)).collect()
}

/// The cases of a golden file, which has all those of `functions`.
fn cases(file: &str, functions: &[(&str, Function)]) -> Vec<Case> {
    let table = golden_here(file);
    let cases = table["cases"].as_object().unwrap();
    for (name, _) in functions {
        assert!(cases.contains_key(*name), "no golden data for `{name}`");
    }
    let arrays = |v: &serde_json::Value| list(v).iter().map(array).collect::<Vec<_>>();
    let case = |(name, c): (&String, &serde_json::Value)| Case {
        name: name.clone(),
        operands: arrays(&c["operands"]),
        expected: [vec![array(&c["value"])], arrays(&c["first"]), arrays(&c["second"])],
    };
    cases.iter().map(case).collect()
}

/// The generator's weights.
fn weights(like: &Array, salt: usize, dtype: DType) -> Array {
    let xs: Vec<f64> = (0..like.len()).map(|i| ((i + salt) as f64 * 2.399_963).sin() + 0.1).collect();
    Array::new(like.dims().iter().copied(), xs).unwrap().convert(dtype)
}

/// Adds the sum of values times weights, over all pairs, to a graph.
fn weighted_sum(g: &mut Graph, terms: &[(Val, Array)]) -> Val {
    let mut total = None;
    for (v, w) in terms {
        let w = g.constant(w.clone()).unwrap();
        let term = g.mul(*v, w).unwrap();
        let term = g.sum_all(term).unwrap();
        total = Some(total.map_or(term, |t| g.add(t, term).unwrap()));
    }
    total.unwrap()
}

/// The graph with inputs in the place of some of its constants, and without checks on data.
fn with_inputs(graph: &Graph, constants: &[Val]) -> Graph {
    let mut out = Graph::new(Phase::Pure);
    let mut map: Vec<Val> = Vec::new();
    for v in graph.vals() {
        let operands: Vec<Val> = graph.operands(v).iter().map(|o| map[o.index()]).collect();
        map.push(match constants.iter().position(|c| *c == v) {
            Some(i) => out.input(format!("x{i}"), Role::Argument, graph.ty(v).clone()),
            // A check on data, whose value nothing uses.
            None if graph.site(v).is_some() => operands[0],
            None => out.copy_node(graph, v, &operands).unwrap(),
        });
    }
    out.set_outputs(graph.outputs().iter().map(|v| map[v.index()]));
    out
}

/// One graph of all cases: its outputs are a weighted total, then all values and, up to the order, all first and all
/// second derivatives, in the order of the cases.
fn graph(cases: &[Case], call: Call, dtype: DType, order: usize) -> Graph {
    let recorded = record(|| {
        let mut values = Vec::new();
        let mut all = Vec::new();
        for case in cases {
            let x: Vec<Tensor> =
                case.operands.iter().map(|x| Tensor::from(x.clone().convert(dtype))).collect();
            values.push(call(&case.name, &x));
            all.extend(x);
        }
        values.extend(all);
        values
    });
    let recorded = recorded.unwrap_or_else(|e| panic!("{e}"));
    let constants = &recorded.outputs()[cases.len()..];
    let mut g = with_inputs(&recorded, constants);
    let run = |g: &Graph| passes::run(g, Query::Evaluate, &mut |_, _| {}).unwrap_or_else(|e| panic!("{e}"));
    let (values, inputs) = (g.outputs()[..cases.len()].to_vec(), g.outputs()[cases.len()..].to_vec());
    assert_eq!(g.inputs().len(), inputs.len(), "an operand appears twice");
    let weight = |case: &Case| weights(&case.expected[0][0], 1, dtype);
    let terms: Vec<(Val, Array)> = values.iter().zip(cases).map(|(v, c)| (*v, weight(c))).collect();
    let total = weighted_sum(&mut g, &terms);
    g.set_outputs([total].into_iter().chain(values));
    if order == 0 {
        return run(&g);
    }
    let mut g = value_and_grad(&g, &inputs).unwrap();
    if order == 1 {
        return run(&g);
    }
    let gradients = g.outputs()[1 + cases.len()..].to_vec();
    let salted = cases.iter().flat_map(|c| (5..).zip(&c.operands));
    let terms: Vec<(Val, Array)> =
        gradients.iter().zip(salted).map(|(v, (salt, x))| (*v, weights(x, salt, dtype))).collect();
    let total = weighted_sum(&mut g, &terms);
    let rest = g.outputs()[1..].to_vec();
    g.set_outputs([total].into_iter().chain(rest));
    let inputs = g.inputs().to_vec();
    run(&value_and_grad(&g, &inputs).unwrap())
}

/// The outputs of a graph through XLA, without optimisation: compiling is what takes the time.
fn through_xla(g: &Graph, args: &[Array]) -> Vec<Array> {
    let lowered = lower(g, "functions").unwrap();
    let backend = default_backend().unwrap();
    let module = Module {
        name: &lowered.name,
        hlo: &lowered.hlo,
        inputs: lowered.inputs.iter().map(|(name, ty)| Input::new(name.clone(), ty.clone())).collect(),
        outputs: lowered.outputs.clone(),
    };
    let executable = backend
        .compile(&module, &CompileOptions { opt_level: OptLevel::O0, ..CompileOptions::default() })
        .unwrap();
    let buffers: Vec<_> = args.iter().map(|x| backend.upload(x).unwrap()).collect();
    let results = executable.run(&buffers.iter().collect::<Vec<_>>()).unwrap();
    results.iter().map(|r| r.to_array().unwrap()).collect()
}

/// Holds all outputs but the first, the weighted total, to the golden data: errors relative to the largest element of
/// their array, since elements are sums that cancel.
fn compare(cases: &[Case], found: &[Array], dtype: DType, order: usize, tolerance: f64) {
    let mut found = found[1..].iter();
    let mut wrong = String::new();
    let orders = ["value", "first derivative", "second derivative"];
    for (order, what) in orders.into_iter().enumerate().take(order + 1) {
        for case in cases {
            for (k, expected) in case.expected[order].iter().enumerate() {
                let found = found.next().unwrap();
                assert_eq!(found.dims(), expected.dims(), "{}: {what} {k}", case.name);
                assert_eq!(found.dtype(), dtype, "{}: {what} {k}", case.name);
                let size = expected.to_f64_vec().iter().fold(1.0, |m: f64, x| m.max(x.abs()));
                for (f, e) in found.to_f64_vec().into_iter().zip(expected.to_f64_vec()) {
                    let error = (f - e).abs() / size;
                    if error.is_nan() || error > tolerance {
                        let name = &case.name;
                        wrong
                            .push_str(&format!("{name}: {what} {k}: found {f}, expected {e}, {error:.1e}\n"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{dtype}, tolerance {tolerance:e}:\n{wrong}");
    assert_eq!(found.next(), None);
}

/// Holds the function over a batch of each case's operands to the function of each member.
fn batches_agree_with_a_loop(cases: &[Case], call: Call) {
    for case in cases {
        let recorded = record(|| {
            let x: Vec<Tensor> = case.operands.iter().map(|x| Tensor::from(x.clone())).collect();
            [vec![call(&case.name, &x)], x].concat()
        });
        let recorded = recorded.unwrap_or_else(|e| panic!("{}: {e}", case.name));
        let mut g = with_inputs(&recorded, &recorded.outputs()[1..]);
        let value = g.outputs()[0];
        g.set_outputs([value]);
        let g = passes::run(&g, Query::Evaluate, &mut |_, _| {}).unwrap_or_else(|e| panic!("{e}"));
        // Members differ in every element, and keep the order of a sorted operand.
        let member = |x: &Array, k: usize| {
            let xs = x.to_f64_vec().into_iter().map(|x| x * (1.0 - 0.125 * k as f64)).collect();
            Array::new(x.dims().iter().copied(), xs).unwrap()
        };
        let members: Vec<Vec<Array>> =
            (0..3).map(|k| case.operands.iter().map(|x| member(x, k)).collect()).collect();
        let stacked: Vec<Array> = (0..case.operands.len())
            .map(|i| {
                let all: Vec<f64> = members.iter().flat_map(|m| m[i].to_f64_vec()).collect();
                Array::new([3].into_iter().chain(case.operands[i].dims().iter().copied()), all).unwrap()
            })
            .collect();
        let axes = vec![Some(0); case.operands.len()];
        let (batched, found_axes) =
            passes::batch(&g, &axes, 3).unwrap_or_else(|e| panic!("{}: {e}", case.name));
        let found = &interpret(&batched, &stacked).unwrap()[0];
        for (k, operands) in members.iter().enumerate() {
            let expected = &interpret(&g, operands).unwrap()[0];
            let found = slice(found, found_axes[0], k);
            assert_eq!(found.len(), expected.len(), "{}, member {k}", case.name);
            for (f, e) in found.into_iter().zip(expected.to_f64_vec()) {
                // The same operations, sums perhaps in another order.
                assert!(
                    (f - e).abs() <= 1e-13 * e.abs().max(1.0),
                    "{}, member {k}: {f}, alone {e}",
                    case.name
                );
            }
        }
    }
}

/// The elements of member `k` of a batch; all where the members share them.
fn slice(x: &Array, axis: Option<usize>, k: usize) -> Vec<f64> {
    let (xs, dims) = (x.to_f64_vec(), x.dims());
    let Some(axis) = axis else { return xs };
    let inner: usize = dims[axis + 1..].iter().product();
    let of = |i: &usize| i / inner.max(1) % dims[axis] == k;
    (0..xs.len()).filter(of).map(|i| xs[i]).collect()
}
