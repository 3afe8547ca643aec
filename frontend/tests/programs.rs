//! Random compositions of tensor functions against JAX: values and gradients, through XLA and through the interpreter.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use pyroxene_frontend::{prelude::*, record};
use pyroxene_ir::{
    eval::eval as interpret,
    passes::{self, Query},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Input {
    dims: Vec<usize>,
    data: Vec<f64>,
}

#[derive(Deserialize)]
struct Program {
    inputs: Vec<Input>,
    steps: Vec<(String, Vec<usize>)>,
    value: f64,
    gradient: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct Golden {
    programs: Vec<Program>,
}

fn golden() -> Vec<Program> {
    let golden: Golden = serde_json::from_str(include_str!("golden/programs.json")).unwrap();
    assert_eq!(golden.programs.len(), 60);
    golden.programs
}

/// `tanh(x) tanh(x)ᵀ + 2 I`.
fn spd(x: Tensor) -> Tensor {
    let t = x.tanh();
    t.matmul(t.matrix_transpose()) + Tensor::eye(x.dim(0)) * 2.0
}

fn affine_scan(x: Tensor) -> Tensor {
    let start = Tensor::zeros(&x.dims()[1..]);
    let (last, ys) = scan(start, x, |c, row| {
        let c = (*c * 0.5 + *row).tanh();
        (c, c * *row)
    });
    ys + last
}

/// The table of `make_programs.py`.
fn apply(name: &str, x: &[Tensor]) -> Tensor {
    let a = x[0];
    match (name, x.get(1).copied()) {
        ("sin", _) => a.sin(),
        ("cos", _) => a.cos(),
        ("tanh", _) => a.tanh(),
        ("atan", _) => a.atan(),
        ("softplus", _) => a.softplus(),
        ("log_sigmoid", _) => a.log_sigmoid(),
        ("logistic", _) => a.logistic(),
        ("erf", _) => a.erf(),
        ("log1p_square", _) => a.square().log1p(),
        ("sqrt1_square", _) => (a.square() + 1.0).sqrt(),
        ("lgamma", _) => (a.softplus() + 1.0).lgamma(),
        ("exp_tanh", _) => a.tanh().exp(),
        ("sum_last", _) => a.sum_axis(-1),
        ("mean_first", _) => a.mean_axis(0),
        ("max_last", _) => a.max_axis(-1),
        ("logsumexp_first", _) => a.logsumexp_axis(0),
        ("prod_last", _) => a.tanh().prod_axis(-1),
        ("softmax_last", _) => a.softmax(-1),
        ("log_softmax_first", _) => a.log_softmax(0),
        ("cumsum_last", _) => a.cumsum(-1),
        ("var_last", _) => a.var_axis(-1),
        ("flip_last", _) => a.flip(-1),
        ("roll_first", _) => a.roll(1, 0),
        ("doubled", _) => Tensor::concatenate(&[a, a.sin()]),
        ("every_other", _) => a.at(step(.., 2)),
        ("take", _) => a.take(Tensor::from(Array::from([0, a.dim(0) as i64 - 1, 0]))),
        ("pad", _) => a.pad(&[(1, 2, 0)], 0.0),
        ("transpose", _) => a.matrix_transpose(),
        ("ravel", _) => a.ravel(),
        ("gram", _) => a.tanh().matmul(a.tanh().matrix_transpose()),
        ("einsum", _) => Tensor::einsum("ij,kj->i", &[a.tanh(), a.sin()]),
        ("outer", _) => a.sin().outer(a.tanh()),
        ("cholesky", _) => spd(a).cholesky(),
        ("solve", _) => spd(a).cholesky().solve_triangular(a.sin(), Triangle::LOWER),
        ("scan", _) => affine_scan(a),
        ("fori", _) => fori_loop(0, 3, a, |i, x| x.sin() + i * 0.1),
        ("cond", _) => cond((a.sum() / a.ty().len() as f64).greater(0.0), || a.sin(), || a.cos() * a),
        ("vmap", _) => vmap(|r: &Tensor| *r / (r.square().sum() + 1.0).sqrt())(&a),
        ("grad", _) => grad(|x: &Tensor| (x.square().log1p() * x.sin()).sum())(&a),
        ("add", Some(b)) => a + b,
        ("sub", Some(b)) => a - b,
        ("mul", Some(b)) => a * b.tanh(),
        ("div", Some(b)) => a / (b.sin() + 2.0),
        ("maximum", Some(b)) => a.maximum(b),
        ("minimum", Some(b)) => a.minimum(b),
        ("logaddexp", Some(b)) => a.logaddexp(b),
        ("atan2", Some(b)) => a.atan2(b.cos() + 2.0),
        ("hypot", Some(b)) => (a + 3.0).hypot(b),
        ("select", Some(b)) => a.greater(b).select(a.sin(), b),
        _ => panic!("no function `{name}`"),
    }
}

/// The sum of the last three values, with weights that tell elements apart.
fn result(steps: &[(String, Vec<usize>)], inputs: &[Tensor]) -> Tensor {
    let mut values = inputs.to_vec();
    for (name, args) in steps {
        let operands: Vec<Tensor> = args.iter().map(|i| values[*i]).collect();
        values.push(apply(name, &operands));
    }
    let last = values[values.len() - 3..].iter().enumerate().map(|(k, v)| {
        let n = v.ty().len();
        let weights = (Tensor::arange(n).convert(DType::F64) + (1.0 + k as f64)).cos();
        (*v * weights.reshape(&v.dims())).sum()
    });
    last.fold(Tensor::from(0.0), |total, term| total + term)
}

/// Value and gradients of some programs, one after another, of the inputs of all.
fn outputs(programs: &[Program], inputs: &[Tensor]) -> Vec<Tensor> {
    let mut inputs = inputs.iter().copied();
    let value_and_gradients = programs.iter().flat_map(|p| {
        let own: Vec<Tensor> = inputs.by_ref().take(p.inputs.len()).collect();
        let (value, gradients) = value_and_grad(|x: &Vec<Tensor>| result(&p.steps, x))(&own);
        std::iter::once(value).chain(gradients).collect::<Vec<_>>()
    });
    value_and_gradients.collect()
}

fn arrays(programs: &[Program]) -> Vec<Array> {
    let inputs = programs.iter().flat_map(|p| &p.inputs);
    inputs.map(|x| Array::new(x.dims.iter().copied(), x.data.clone()).unwrap()).collect()
}

/// 1e-10, as single operations are a few units in the last place from JAX's and programs are a dozen deep.
fn compare(engine: &str, first: usize, programs: &[Program], found: &[Array]) {
    let mut found = found.iter();
    for (i, p) in programs.iter().enumerate() {
        let expected = std::iter::once(vec![p.value]).chain(p.gradient.iter().cloned());
        for (k, expected) in expected.enumerate() {
            let found = found.next().unwrap().to_f64_vec();
            let scale = expected.iter().fold(1.0, |m: f64, x| m.max(x.abs()));
            assert_eq!(found.len(), expected.len());
            for (f, e) in found.iter().zip(&expected) {
                let what = format!("{engine}, program {}, output {k}: {:?}", first + i, p.steps);
                assert!((f - e).abs() <= 1e-10 * scale, "{what}: found {f}, JAX says {e}");
            }
        }
    }
    assert!(found.next().is_none());
}

#[test]
fn random_programs_agree_with_jax() {
    let programs = golden();
    // XLA's compile time grows faster than a program: a few executables of a dozen programs each.
    for (n, group) in programs.chunks(15).enumerate() {
        let f = pyroxene_frontend::jit(|inputs: &Vec<Tensor>| outputs(group, inputs));
        compare("XLA", 15 * n, group, &f.call(&arrays(group)).unwrap());
    }
}

#[test]
fn the_interpreter_agrees_with_jax() {
    let programs = golden();
    let graph = record(|| {
        let inputs: Vec<Tensor> = arrays(&programs).into_iter().map(Tensor::from).collect();
        outputs(&programs, &inputs)
    });
    let graph =
        passes::run(&graph.unwrap_or_else(|e| panic!("{e}")), Query::Evaluate, &mut |_, _| {}).unwrap();
    compare("interpreter", 0, &programs, &interpret(&graph, &[]).unwrap());
}
