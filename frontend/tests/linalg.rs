//! Linear algebra against JAX: values, gradients and second derivatives, in the interpreter and through XLA.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{
    errors, evaluate, gradient,
    jax::{Function, Table, named},
    variable,
};
use pyroxene_frontend::{prelude::*, record};
use pyroxene_ir::passes::value_and_grad;

/// A Gram matrix: positive definite whatever its operand is.
fn gram(x: Tensor) -> Tensor {
    x.matmul(x.matrix_transpose())
}

/// The functions of the golden data's cases; those of einsum are their names.
const FUNCTIONS: &[(&str, Function)] = &[
    ("matmul matrices", |x| x[0].matmul(x[1])),
    ("matmul vectors", |x| x[0].matmul(x[1])),
    ("matmul vector matrix", |x| x[0].matmul(x[1])),
    ("matmul matrix vector", |x| x[0].matmul(x[1])),
    ("matmul batches", |x| x[0].matmul(x[1])),
    ("matmul batch matrix", |x| x[0].matmul(x[1])),
    ("matmul matrix batch", |x| x[0].matmul(x[1])),
    ("dot vectors", |x| x[0].dot(x[1])),
    ("dot matrices", |x| x[0].dot(x[1])),
    ("dot tensors", |x| x[0].dot(x[1])),
    ("dot scalar", |x| x[0].dot(x[1])),
    ("tensordot", |x| x[0].tensordot(x[1], 2)),
    ("outer", |x| x[0].outer(x[1])),
    ("kron", |x| x[0].kron(x[1])),
    ("kron vector matrix", |x| x[0].kron(x[1])),
    ("trace", |x| x[0].trace()),
    ("diagonal", |x| x[0].diagonal()),
    ("diagonal tall", |x| x[0].diagonal()),
    ("add_diag", |x| x[0].add_diag(x[1])),
    ("add_diag scalar", |x| x[0].add_diag(x[1])),
    ("norm", |x| x[0].norm()),
    ("vector_norm 1", |x| x[0].vector_norm(1.0, 0)),
    ("vector_norm 2", |x| x[0].vector_norm(2.0, -1)),
    ("vector_norm 3.5", |x| x[0].vector_norm(3.5, 1)),
    ("vector_norm inf", |x| x[0].vector_norm(f64::INFINITY, 0)),
    ("vec_to_tril_matrix", |x| x[0].vec_to_tril_matrix(0)),
    ("vec_to_tril_matrix strict", |x| x[0].vec_to_tril_matrix(-1)),
    ("matrix_to_tril_vec", |x| x[0].matrix_to_tril_vec(0)),
    ("matrix_to_tril_vec strict", |x| x[0].matrix_to_tril_vec(-1)),
    ("cholesky", |x| x[0].cholesky()),
    ("cholesky batch", |x| x[0].cholesky()),
    ("cholesky of one", |x| x[0].cholesky()),
    ("cho_solve", |x| x[0].cho_solve(x[1])),
    ("cho_solve vector", |x| x[0].cho_solve(x[1])),
    ("cho_solve batch", |x| x[0].cho_solve(x[1].reshape(&[2, 3, 1])).reshape(&[2, 3])),
    ("logdet_spd", |x| gram(x[0]).logdet_spd()),
    ("tri_logabsdet", |x| x[0].tri_logabsdet()),
    ("cholesky_of_inverse", |x| gram(x[0]).cholesky_of_inverse()),
    ("solve_triangular lower", |x| x[0].solve_triangular(x[1], Triangle::LOWER)),
    ("solve_triangular upper", |x| x[0].solve_triangular(x[1], Triangle::UPPER)),
    ("solve_triangular transposed", |x| x[0].solve_triangular(x[1], Triangle::LOWER.transposed())),
    ("solve_triangular unit", |x| x[0].solve_triangular(x[1], Triangle::UPPER.transposed().unit_diagonal())),
    ("solve_triangular batch", |x| x[0].solve_triangular(x[1], Triangle::LOWER)),
    ("solve", |x| x[0].solve(x[1])),
    ("solve vector", |x| x[0].solve(x[1])),
    ("solve batch", |x| x[0].solve(x[1])),
    ("solve shared", |x| x[0].solve(x[1])),
    ("inv", |x| x[0].inv()),
    ("det 2", |x| x[0].det()),
    ("det 3", |x| x[0].det()),
    ("det 4", |x| x[0].det()),
    ("slogdet sign", |x| x[0].slogdet().0),
    ("slogdet", |x| x[0].slogdet().1),
    ("qr q", |x| x[0].qr().0),
    ("qr r", |x| x[0].qr().1),
    ("qr batch", |x| {
        let (q, r) = x[0].qr();
        q + r
    }),
    ("qr_complete", |x| {
        let (q, r) = x[0].qr_complete();
        q + r
    }),
    ("eigvalsh", |x| x[0].eigvalsh()),
    ("eigh squares", |x| x[0].eigh().1.square()),
    ("eigh tanh", |x| {
        let (w, v) = x[0].eigh();
        Tensor::einsum("...ij,...j,...kj->...ik", &[v, w.tanh(), v])
    }),
];

fn call(name: &str, x: &[Tensor]) -> Tensor {
    match name.strip_prefix("einsum ") {
        Some(subscripts) => Tensor::einsum(subscripts, x),
        None => named(FUNCTIONS, name)(x),
    }
}

/// Condition numbers of the matrices are below ten, those of second derivatives their cubes: some hundred roundings.
const TABLE: Table = Table { file: "linalg", functions: FUNCTIONS, call, tolerances: [1e-13, 5e-5] };

#[test]
fn the_interpreter_agrees_with_jax_to_second_order() {
    TABLE.agrees_in_the_interpreter();
}

#[test]
fn xla_agrees_with_jax_to_first_order() {
    TABLE.agrees_through_xla();
}

#[test]
fn functions_over_batches_agree_with_loops() {
    TABLE.batches_agree_with_a_loop();
}

#[test]
fn every_node_carries_the_caller_s_line() {
    TABLE.nodes_carry_lines_of("tests/linalg.rs");
}

/// Each wrong use is one error at its line, and says what was expected.
#[test]
fn shapes_that_do_not_fit_are_errors_of_the_line() {
    let zeros = |dims: &[usize]| Tensor::full(dims, 0.0);
    let einsum = |subscripts: &str, dims: &[&[usize]]| {
        let operands: Vec<Tensor> = dims.iter().map(|d| Tensor::full(d, 0.0)).collect();
        Tensor::einsum(subscripts, &operands)
    };
    let wrong: [(&str, &dyn Fn() -> Tensor); 32] = [
        ("square matrices", &|| zeros(&[2, 3]).solve(zeros(&[2]))),
        ("[2], or [.., 2, k]", &|| zeros(&[2, 2]).solve(zeros(&[3, 2]))),
        ("square matrices", &|| zeros(&[2, 3]).inv()),
        ("square matrices", &|| zeros(&[4, 3]).det()),
        ("square matrices", &|| zeros(&[2, 3]).slogdet().1),
        ("square matrices", &|| zeros(&[2, 3]).eigh().0),
        ("two dimensions or more", &|| zeros(&[3]).qr().0),
        ("the last size of the left", &|| zeros(&[2, 3]).matmul(zeros(&[2, 3]))),
        ("multiply scalars", &|| zeros(&[]).matmul(zeros(&[2, 3]))),
        ("must broadcast", &|| zeros(&[2, 3, 3]).matmul(zeros(&[3, 3, 3]))),
        ("shapes [2] and [3]", &|| zeros(&[2]).dot(zeros(&[3]))),
        ("first ones of the right", &|| zeros(&[2]).tensordot(zeros(&[2]), 2)),
        ("equal sizes in the pairs", &|| zeros(&[2]).dot_general(zeros(&[3]), &[[0, 0]], &[])),
        ("equal sizes in the pairs", &|| zeros(&[2]).dot_general(zeros(&[2]), &[[0, 0], [0, 0]], &[])),
        ("two dimensions or more", &|| zeros(&[2]).matrix_transpose()),
        ("square matrices", &|| zeros(&[2, 3]).cholesky()),
        ("square matrices", &|| zeros(&[2, 3]).cho_solve(zeros(&[2]))),
        ("[2], or [.., 2, k]", &|| zeros(&[2, 2]).cho_solve(zeros(&[3]))),
        ("[2], or [.., 2, k]", &|| zeros(&[3, 2, 2]).solve_triangular(zeros(&[4, 2, 1]), Triangle::LOWER)),
        ("[2], or [.., 2, k]", &|| zeros(&[2, 2]).solve_triangular(0.0, Triangle::LOWER)),
        ("1, 3, 6, 10", &|| zeros(&[4]).vec_to_tril_matrix(0)),
        ("above the main one", &|| zeros(&[3]).vec_to_tril_matrix(1)),
        ("above the main one", &|| zeros(&[3, 3]).matrix_to_tril_vec(1)),
        ("`p` is NaN", &|| zeros(&[3]).vector_norm(f64::NAN, 0)),
        ("`1` is no letter", &|| einsum("i1->i", &[&[2, 2]])),
        ("`.` stands alone", &|| einsum("..i", &[&[2]])),
        ("`k` of the result is in no operand", &|| einsum("ij->k", &[&[2, 2]])),
        ("`i` is in the result twice", &|| einsum("ij->ii", &[&[2, 2]])),
        ("of 2 operands, found 1", &|| einsum("ij,jk", &[&[2, 2]])),
        ("its term is of 2 dimensions", &|| einsum("ij->i", &[&[2, 2, 2]])),
        ("`j` has size 2 and, in operand 1", &|| einsum("ij,jk->ik", &[&[2, 2], &[3, 2]])),
        ("the result has no `...`", &|| einsum("...i->i", &[&[2, 2]])),
    ];
    for (message, f) in wrong {
        let found = errors(|| vec![f() + 1.0]);
        assert_eq!(found.len(), 1, "{message}: {found:?}");
        assert!(found[0].contains(message), "{message}: {found:?}");
        assert!(found[0].contains("tests/linalg.rs"), "{found:?}");
    }
}

fn values(f: impl FnOnce() -> Tensor) -> Array {
    evaluate(|| vec![f()]).swap_remove(0)
}

/// Eigenvalues that are close to each other, of very different sizes, equal, or huge; residuals and departures from
/// orthogonality are those of LAPACK, some roundings of the largest eigenvalue.
#[test]
fn eigendecompositions_are_accurate_to_rounding() {
    let spectra: [&dyn Fn(f64) -> f64; 5] = [
        &|i| 1.0 + 1e-9 * i,
        &|i| 10f64.powf(-12.0 + 2.0 * i),
        &|i| if i < 3.0 { -2.0 } else { 2.0 },
        &|i| 1e300 * (i - 3.0),
        &|_| 0.0,
    ];
    for (k, spectrum) in spectra.into_iter().enumerate() {
        for n in [2, 7, 8] {
            let of = |v: Tensor, w: Tensor| v.matmul(v.matrix_transpose() * w.reshape(&[n, 1]));
            let results = evaluate(|| {
                let (q, _) = (Tensor::arange(n * n).convert(DType::F64) * 0.7).sin().reshape(&[n, n]).qr();
                let w: Vec<f64> = (0..n).map(|i| spectrum(i as f64)).collect();
                let a = of(q, Tensor::from(Array::from(w)));
                let (w, v) = a.eigh();
                let size = w.abs().max().maximum(f64::MIN_POSITIVE);
                let residual = ((a.matmul(v) - v * w) / size).abs().max();
                let turned = (v.matrix_transpose().matmul(v)
                    - Tensor::from(0.0).broadcast_to(&[n, n]).add_diag(1.0))
                .abs()
                .max();
                vec![residual, turned, w]
            });
            let (residual, turned) = (results[0].to_f64_vec()[0], results[1].to_f64_vec()[0]);
            assert!(residual < 1e-14 && turned < 1e-14, "spectrum {k}, size {n}: {residual:e}, {turned:e}");
            let w = results[2].to_f64_vec();
            assert!(w.windows(2).all(|w| w[0] <= w[1]), "spectrum {k}: {w:?}");
        }
    }
    let nan = values(|| Tensor::from([f64::NAN, 0.0, 0.0, 1.0]).reshape(&[2, 2]).eigvalsh());
    assert!(nan.to_f64_vec().iter().all(|x| x.is_nan()));
}

#[test]
fn a_full_qr_of_tall_matrices_has_no_derivative_and_says_so() {
    let graph = record(|| {
        let x = Tensor::from([1.0, 2.0, 4.0]).reshape(&[3, 1]);
        vec![x.qr_complete().0.sum(), x]
    });
    let graph = graph.unwrap();
    let error = value_and_grad(&graph, &graph.outputs()[1..]).unwrap_err().to_string();
    assert!(error.contains("use the reduced one") && error.contains("tests/linalg.rs"), "{error}");
}

#[test]
fn edges_of_shapes_and_domains() {
    let zeros = |dims: &[usize]| Tensor::full(dims, 0.0);
    let shape = |f: &dyn Fn() -> Tensor| values(f).dims().to_vec();
    assert_eq!(shape(&|| zeros(&[0, 3]).matmul(zeros(&[3, 2]))), [0, 2]);
    assert_eq!(values(|| zeros(&[2, 0]).matmul(zeros(&[0, 2]))).to_f64_vec(), [0.0; 4]);
    assert_eq!(shape(&|| zeros(&[0, 0]).cholesky()), [0, 0]);
    assert_eq!(shape(&|| zeros(&[0]).vec_to_tril_matrix(-1)), [1, 1]);
    assert_eq!(shape(&|| zeros(&[0]).vec_to_tril_matrix(0)), [0, 0]);
    assert_eq!(shape(&|| zeros(&[1, 1]).matrix_to_tril_vec(-1)), [0]);
    assert_eq!(shape(&|| zeros(&[2, 0]).diagonal()), [0]);
    assert_eq!(values(|| zeros(&[0, 0]).logdet_spd()).to_f64_vec(), [0.0]);
    assert_eq!(
        values(|| Tensor::einsum("ij,jk,kl", &[zeros(&[2, 0]), zeros(&[0, 3]), zeros(&[3, 1])])).dims(),
        [2, 1]
    );
    assert_eq!(shape(&|| zeros(&[0, 0]).solve(zeros(&[0, 2]))), [0, 2]);
    assert_eq!(shape(&|| zeros(&[2, 0, 0]).inv()), [2, 0, 0]);
    assert_eq!(values(|| zeros(&[0, 0]).det()).to_f64_vec(), [1.0]);
    assert_eq!(values(|| zeros(&[4, 4]).slogdet().1).to_f64_vec(), [f64::NEG_INFINITY]);
    assert_eq!(values(|| zeros(&[4, 4]).det()).to_f64_vec(), [0.0]);
    assert_eq!(shape(&|| zeros(&[0, 0]).eigh().1), [0, 0]);
    assert_eq!(shape(&|| zeros(&[3, 0]).qr_complete().0), [3, 3]);
    assert!(values(|| zeros(&[2, 2]).solve([1.0, 1.0])).to_f64_vec().iter().all(|x| !x.is_finite()));
    // The second matrix of the batch is indefinite.
    let mixed = values(|| {
        let x = Tensor::from([4.0, 0.0, 2.0, 3.0, 1.0, 2.0, 2.0, 1.0]);
        x.reshape(&[2, 2, 2]).cholesky().diagonal()
    });
    let mixed = mixed.to_f64_vec();
    assert!(mixed[0] == 2.0 && mixed[1].is_finite() && mixed[2].is_nan() && mixed[3].is_nan(), "{mixed:?}");
    let (norm, by) = gradient(|| {
        let x = variable(&Array::from([0.0, 0.0]));
        (x.norm(), vec![x])
    });
    assert_eq!((norm.to_f64_vec(), by[0].to_f64_vec()), (vec![0.0], vec![0.0, 0.0]));
    // Integers stay integers in products, and become floats where there is a division.
    let count = || Tensor::arange(4).reshape(&[2, 2]);
    assert_eq!(values(|| count().matmul(count())).as_slice::<i64>(), Some(&[2, 3, 6, 11][..]));
    assert_eq!(values(|| (count() + 3i64).cholesky()).dtype(), DType::F64);
    let single = || Tensor::from(Array::from([1.0f32, 2.0]));
    assert_eq!(values(|| single().outer([1.0, 2.0])).dtype(), DType::F64);
    assert_eq!(values(|| single().dot(2.0)).dtype(), DType::F32);
}
