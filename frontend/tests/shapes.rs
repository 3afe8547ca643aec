//! Shapes, indexing, reductions, scans and sorting against JAX: values, derivatives, batches, edges, errors.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{
    errors, evaluate,
    jax::{Function, Table, named},
};
use pyroxene_frontend::prelude::*;

/// Integers as floats, which the golden data hold, of the type of `like`.
fn like(like: Tensor, x: Tensor) -> Tensor {
    x.convert(like.dtype())
}

fn list(x: &[i64]) -> Tensor {
    Tensor::from(Array::from(x))
}

fn matrix(rows: usize, x: &[i64]) -> Tensor {
    list(x).reshape(&[rows, x.len() / rows])
}

/// Integers that a graph's run computes, so that tracing does not know them.
fn unknown(x: &[i64]) -> Tensor {
    list(x) + (Tensor::arange(x.len()) - Tensor::arange(x.len()))
}

/// The functions of the golden data's cases.
const FUNCTIONS: &[(&str, Function)] = &[
    ("squeeze", |x| x[0].squeeze(1)),
    ("squeeze all", |x| x[0].squeeze(..)),
    ("expand_dims", |x| x[0].expand_dims(-2)),
    ("expand_dims two", |x| x[0].expand_dims([0, -1])),
    ("swapaxes", |x| x[0].swapaxes(0, -1)),
    ("moveaxis", |x| x[0].moveaxis(0, -1)),
    ("moveaxis back", |x| x[0].moveaxis(2, 1)),
    ("ravel", |x| x[0].ravel()),
    ("flip", |x| x[0].flip(1)),
    ("flip all", |x| x[0].flip(..)),
    ("roll", |x| x[0].roll(2, 1)),
    ("roll back", |x| x[0].roll(-8, 0)),
    ("tile", |x| x[0].tile(&[2, 3])),
    ("tile longer", |x| x[0].tile(&[2, 1, 2])),
    ("tile shorter", |x| x[0].tile(&[2])),
    ("repeat", |x| x[0].repeat(2, 0)),
    ("pad", |x| x[0].pad(&[(1, 2, 0), (0, 1, 0)], x[1])),
    ("pad interior", |x| x[0].pad(&[(1, 0, 2)], 0.0)),
    ("pad negative", |x| x[0].pad(&[(-1, 1, 1), (2, -2, 0)], x[1])),
    ("concatenate_axis", |x| Tensor::concatenate_axis(x, -1)),
    ("stack", |x| Tensor::stack(x)),
    ("stack_axis", |x| Tensor::stack_axis(x, -1)),
    ("split", |x| x[0].split(2, 1)[1]),
    ("split_at", |x| x[0].split_at(&[1, 1, 3], 0)[2]),
    ("diff", |x| x[0].diff(0)),
    ("tril", |x| x[0].tril(1)),
    ("triu", |x| x[0].triu(-1)),
    ("diag vector", |x| x[0].diag(0)),
    ("diag vector above", |x| x[0].diag(2)),
    ("diag vector below", |x| x[0].diag(-1)),
    ("diag matrix", |x| x[0].diag(0)),
    ("diag matrix above", |x| x[0].diag(2)),
    ("diag matrix below", |x| x[0].diag(-2)),
    ("linspace", |x| Tensor::linspace(x[0], x[1], 5)),
    ("linspace of one", |x| Tensor::linspace(x[0], x[1], 1)),
    ("at position", |x| x[0].at(1)),
    ("at negative", |x| x[0].at((-1, 0))),
    ("at range", |x| x[0].at((1.., -2..))),
    ("at range beyond", |x| x[0].at((-9..9, 5..))),
    ("at inclusive", |x| x[0].at((1..=2, ..=-1))),
    ("at steps", |x| x[0].at((step(.., 2), step(1.., 3)))),
    ("at steps back", |x| x[0].at((step(.., -1), step(1..5, -2)))),
    ("at ellipsis", |x| x[0].at((Ellipsis, 0))),
    ("at ellipsis between", |x| x[0].at((1, Ellipsis, 1..))),
    ("at new axes", |x| x[0].at((NewAxis, .., NewAxis, 1))),
    ("at list", |x| x[0].at([2, 0, -1, 2])),
    ("at list second", |x| x[0].at((.., [2, 0]))),
    ("at matrix of positions", |x| x[0].at((.., matrix(2, &[2, 0, 1, -3])))),
    ("at pairs", |x| x[0].at(([0, 1, 1], unknown(&[2, 0, -1])))),
    ("at pairs of three", |x| x[0].at((.., [0, 1], [2, 0]))),
    ("at grid", |x| x[0].at((matrix(2, &[0, 1]), [2, 0, 1]))),
    ("at pairs apart", |x| x[0].at(([0, 1], .., [2, 0]))),
    ("at position and list apart", |x| x[0].at((1, .., [2, 0]))),
    ("at position and list", |x| x[0].at((.., 1, unknown(&[2, 0])))),
    ("at lists and new axis", |x| x[0].at(([0, 1], NewAxis, [2, 0]))),
    ("at new axis before list", |x| x[0].at((.., NewAxis, [2, 0]))),
    ("at range and list", |x| x[0].at((1.., unknown(&[-1, 0])))),
    ("at_set position", |x| x[0].at_set(1, x[1])),
    ("at_set scalar", |x| x[0].at_set((.., -1), x[1])),
    ("at_set steps", |x| x[0].at_set((step(.., 2), 1..), x[1])),
    ("at_set steps back", |x| x[0].at_set(step(.., -1), x[1])),
    ("at_set steps back apart", |x| x[0].at_set(step(1..5, -2), x[1])),
    ("at_set new axis", |x| x[0].at_set((NewAxis, 1..), x[1])),
    ("at_set list", |x| x[0].at_set([2, 0], x[1])),
    ("at_set outside", |x| x[0].at_set(unknown(&[2, 7]), x[1])),
    ("at_set pairs apart", |x| x[0].at_set(([0, 1], .., [2, 0]), x[1])),
    ("at_set range and list", |x| x[0].at_set((1.., [2, 0]), x[1])),
    ("at_add range", |x| x[0].at_add(1.., x[1])),
    ("at_add repeated", |x| x[0].at_add([2, 0, 2], x[1])),
    ("at_add grid", |x| x[0].at_add((matrix(2, &[0, 1]), unknown(&[2, 0, -1])), x[1])),
    ("at_mul range", |x| x[0].at_mul(..2, x[1])),
    ("at_mul repeated", |x| x[0].at_mul([2, 0, 2], x[1])),
    ("at_min range", |x| x[0].at_min(..2, x[1])),
    ("at_min repeated", |x| x[0].at_min([2, 0, 2], x[1])),
    ("at_max repeated", |x| x[0].at_max([2, 0, 2], x[1])),
    ("take", |x| x[0].take(list(&[2, 0, 2]))),
    ("take outside", |x| x[0].take(unknown(&[-2, 9]))),
    ("take_axis", |x| x[0].take_axis(matrix(2, &[2, 0, 1, 1]), 1)),
    ("take_along_axis", |x| x[0].take_along_axis(matrix(2, &[2, 0, 0, 1, 1, 2, 0, 0]), 1)),
    ("take_along_axis first", |x| x[0].take_along_axis(matrix(1, &[1, 0, 1]), 0)),
    ("take_along_axis broadcast", |x| x[0].take_along_axis(list(&[1, 0]).reshape(&[1, 2, 1]), 2)),
    ("put_along_axis", |x| x[0].put_along_axis(matrix(2, &[2, 0]), x[1], 1)),
    ("dynamic_slice", |x| x[0].dynamic_slice(&[Tensor::from(1i64), Tensor::from(5i64)], &[2, 2])),
    ("dynamic_update_slice", |x| x[0].dynamic_update_slice(x[1], &[Tensor::from(1i64), Tensor::from(-7i64)])),
    ("segment_sum", |x| x[0].segment_sum(list(&[2, 0, 2, 7]), 4)),
    ("segment_prod", |x| x[0].segment_prod(list(&[2, 0, 2]), 3)),
    ("segment_max", |x| x[0].segment_max(list(&[2, 0, 2, 1]), 3)),
    ("segment_min", |x| x[0].segment_min(list(&[2, 0, 2, 1]), 3)),
    ("sort", |x| x[0].sort(-1)),
    ("sort first", |x| x[0].sort(0)),
    ("sort_descending", |x| x[0].sort_descending(0)),
    ("argsort", |x| like(x[0], x[0].argsort(-1))),
    ("argsort_descending", |x| like(x[0], x[0].argsort_descending(0))),
    ("top_k", |x| x[0].top_k(2).0),
    ("top_k positions", |x| like(x[0], x[0].top_k(2).1)),
    ("argmax", |x| like(x[0], x[0].argmax(-1))),
    ("argmin", |x| like(x[0], x[0].argmin(0))),
    ("searchsorted", |x| like(x[0], x[0].searchsorted(x[1], Side::Left))),
    ("searchsorted right", |x| like(x[0], x[0].searchsorted(Tensor::concatenate(x), Side::Right))),
    ("sum_axis", |x| x[0].sum_axis([0, -1])),
    ("sum_axis keepdims", |x| x[0].sum_axis(keepdims(1))),
    ("sum_axis none", |x| x[0].sum_axis(&[] as &[isize])),
    ("prod", |x| x[0].prod()),
    ("prod_axis", |x| x[0].prod_axis([0, 2])),
    ("max_axis", |x| x[0].max_axis([0, 1])),
    ("min_axis keepdims", |x| x[0].min_axis(keepdims(-1))),
    ("mean_axis", |x| x[0].mean_axis([0, 1])),
    ("var", |x| x[0].var()),
    ("var_axis", |x| x[0].var_axis(keepdims(-1))),
    ("var_ddof", |x| x[0].var_ddof(0, 1.0)),
    ("std_axis", |x| x[0].std_axis([0, 1])),
    ("std_ddof", |x| x[0].std_ddof(0, 1.5)),
    ("logsumexp", |x| x[0].logsumexp()),
    ("logsumexp_axis", |x| x[0].logsumexp_axis(keepdims([0, 1]))),
    ("softmax", |x| x[0].softmax(0)),
    ("softmax two", |x| x[0].softmax([0, 2])),
    ("log_softmax", |x| x[0].log_softmax(-1)),
    ("cumsum", |x| x[0].cumsum(0)),
    ("cumsum_reverse", |x| x[0].cumsum_reverse(1)),
    ("cumprod", |x| x[0].cumprod(1)),
    ("cumprod_reverse", |x| x[0].cumprod_reverse(0)),
    ("cummax", |x| x[0].cummax(0)),
    ("cummax_reverse", |x| x[0].cummax_reverse(0)),
    ("cummin", |x| x[0].cummin(1)),
    ("cummin_reverse", |x| x[0].cummin_reverse(0)),
    ("cumlogsumexp", |x| x[0].cumlogsumexp(1)),
    ("cumlogsumexp_reverse", |x| x[0].cumlogsumexp_reverse(0)),
    ("linear_recurrence", |x| x[0].linear_recurrence(x[1], 0)),
    ("linear_recurrence broadcast", |x| x[0].linear_recurrence(x[1], 1)),
    ("log2", |x| x[0].log2()),
    ("log10", |x| x[0].log10()),
    ("logit", |x| x[0].logit()),
    ("trunc", |x| x[0].trunc()),
    ("floor_divide", |x| x[0].floor_divide(x[1])),
    ("remainder", |x| x[0].remainder(x[1])),
    ("copysign", |x| x[0].copysign(x[1])),
    ("clamp", |x| x[0].clamp(x[1], 1.0)),
    ("nan_to_num", |x| x[0].nan_to_num()),
    ("exp", |x| x[0].exp()),
    ("expm1", |x| x[0].expm1()),
    ("log", |x| x[0].log()),
    ("log1p", |x| x[0].log1p()),
    ("sqrt", |x| x[0].sqrt()),
    ("rsqrt", |x| x[0].rsqrt()),
    ("cbrt", |x| x[0].cbrt()),
    ("sin", |x| x[0].sin()),
    ("cos", |x| x[0].cos()),
    ("tan", |x| x[0].tan()),
    ("logistic", |x| x[0].logistic()),
    ("softplus", |x| x[0].softplus()),
    ("erf_inv", |x| x[0].erf_inv()),
    ("floor", |x| x[0].floor()),
    ("ceil", |x| x[0].ceil()),
    ("round", |x| x[0].round()),
    ("round_away", |x| x[0].round_away()),
    ("abs", |x| x[0].abs()),
    ("sign", |x| x[0].sign()),
    ("reciprocal", |x| x[0].reciprocal()),
    ("maximum", |x| x[0].maximum(x[1])),
    ("minimum", |x| x[0].minimum(x[1])),
    ("select", |x| x[0].greater(x[1]).select(x[0] * x[1], x[1])),
    ("stop_gradient", |x| x[0] * x[0].stop_gradient()),
    ("sum", |x| x[0].sum()),
    ("max", |x| x[0].max()),
    ("min", |x| x[0].min()),
    ("mean", |x| x[0].mean()),
    ("std", |x| x[0].std()),
    ("transpose", |x| x[0].transpose(&[2, 0, 1])),
    ("matrix_transpose", |x| x[0].matrix_transpose()),
    ("broadcast_to", |x| x[0].broadcast_to(&[4, 2, 3])),
    ("sum_rightmost", |x| x[0].sum_rightmost(2)),
    ("dot_general", |x| x[0].dot_general(x[1], &[[2, 1]], &[[0, 2]])),
];

/// Sums and products of a few elements of magnitude one: some tens of roundings.
const TABLE: Table = Table {
    file: "shapes",
    functions: FUNCTIONS,
    call: |name, x| named(FUNCTIONS, name)(x),
    tolerances: [1e-14, 1e-5],
};

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
    TABLE.nodes_carry_lines_of("tests/shapes.rs");
}

fn value(f: impl FnOnce() -> Tensor) -> Array {
    evaluate(|| vec![f()]).swap_remove(0)
}

fn zeros(dims: &[usize]) -> Tensor {
    Tensor::zeros(dims)
}

fn floats(x: &[f64]) -> Tensor {
    Tensor::from(Array::from(x))
}

/// NumPy's results; NaN equals itself.
fn same(found: Array, expected: &[f64]) {
    let found = found.to_f64_vec();
    let alike = |(x, y): (&f64, &f64)| x == y || x.is_nan() && y.is_nan();
    assert!(
        found.len() == expected.len() && found.iter().zip(expected).all(alike),
        "found {found:?}, expected {expected:?}"
    );
}

#[test]
fn nothing_has_shapes_sums_and_orders_too() {
    let dims = |f: fn() -> Tensor| value(f).dims().to_vec();
    assert_eq!(dims(|| zeros(&[0, 3]).flip(..)), [0, 3]);
    assert_eq!(dims(|| zeros(&[0, 3]).roll(1, 0)), [0, 3]);
    assert_eq!(dims(|| zeros(&[2, 3]).tile(&[0])), [2, 0]);
    assert_eq!(dims(|| zeros(&[]).tile(&[2, 3])), [2, 3]);
    assert_eq!(dims(|| zeros(&[2, 3]).tile(&[])), [2, 3]);
    assert_eq!(dims(|| zeros(&[2, 3]).repeat(0, 0)), [0, 3]);
    assert_eq!(dims(|| zeros(&[0]).diag(0)), [0, 0]);
    assert_eq!(dims(|| zeros(&[0]).diag(-2)), [2, 2]);
    assert_eq!(dims(|| zeros(&[2, 3]).diag(5)), [0]);
    assert_eq!(dims(|| zeros(&[2, 3]).diag(-3)), [0]);
    assert_eq!(dims(|| zeros(&[0, 0]).diag(0)), [0]);
    assert_eq!(dims(|| Tensor::eye(0)), [0, 0]);
    assert_eq!(dims(|| Tensor::linspace(0.0, 1.0, 0)), [0]);
    assert_eq!(dims(|| zeros(&[0]).diff(0)), [0]);
    assert_eq!(dims(|| zeros(&[3]).pad(&[(-1, -2, 0)], 0.0)), [0]);
    assert_eq!(dims(|| zeros(&[4, 0]).split(2, 1)[1]), [4, 0]);
    assert_eq!(dims(|| zeros(&[0, 2]).sort(0)), [0, 2]);
    assert_eq!(dims(|| zeros(&[0]).argsort(0)), [0]);
    assert_eq!(dims(|| zeros(&[3]).top_k(0).0), [0]);
    assert_eq!(dims(|| zeros(&[0, 2]).cumsum(0)), [0, 2]);
    assert_eq!(dims(|| zeros(&[0]).at(..)), [0]);
    assert_eq!(dims(|| zeros(&[0, 2]).at((step(.., -1), 1))), [0]);
    assert_eq!(dims(|| zeros(&[3]).at(slice(2, -2))), [0]);
    assert_eq!(dims(|| zeros(&[3]).at(&[] as &[i32])), [0]);
    assert_eq!(dims(|| zeros(&[3]).at(())), [3]);
    assert_eq!(dims(|| zeros(&[]).at((NewAxis, Ellipsis))), [1]);
    same(value(|| floats(&[1.0, 2.0]).at_set(2.., 9.0)), &[1.0, 2.0]);
    same(value(|| floats(&[1.0, 2.0]).at_add(list(&[]), 9.0)), &[1.0, 2.0]);
    same(value(|| zeros(&[0]).prod()), &[1.0]);
    same(value(|| zeros(&[0]).sum()), &[0.0]);
    same(value(|| zeros(&[0]).mean()), &[f64::NAN]);
    same(value(|| zeros(&[0]).logsumexp()), &[f64::NEG_INFINITY]);
    same(value(|| zeros(&[2, 0]).logsumexp_axis(1)), &[f64::NEG_INFINITY; 2]);
    same(value(|| Tensor::full(&[0], true).all()), &[1.0]);
    same(value(|| Tensor::full(&[0], true).any()), &[0.0]);
    same(value(|| floats(&[1.0, 2.0]).var_ddof(0, 2.0)), &[f64::INFINITY]);
    same(value(|| floats(&[1.0]).var_ddof(0, 1.0)), &[f64::NAN]);
    same(value(|| zeros(&[0]).searchsorted([1.0], Side::Left)), &[0.0]);
    same(value(|| zeros(&[0]).segment_max(list(&[]), 2)), &[f64::NEG_INFINITY; 2]);
    same(value(|| list(&[]).bincount(2)), &[0.0, 0.0]);
}

#[test]
fn nan_comes_last_and_extremes_keep_it() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let x = [2.0, nan, -inf, 0.0, nan, inf];
    same(value(|| floats(&x).sort(0)), &[-inf, 0.0, 2.0, inf, nan, nan]);
    same(value(|| floats(&x).argsort(0)), &[2.0, 3.0, 0.0, 5.0, 1.0, 4.0]);
    same(value(|| floats(&x).sort_descending(0)), &[nan, nan, inf, 2.0, 0.0, -inf]);
    same(value(|| floats(&x).argsort_descending(0)), &[1.0, 4.0, 5.0, 0.0, 3.0, 2.0]);
    same(value(|| floats(&x).top_k(3).1), &[1.0, 4.0, 5.0]);
    same(value(|| floats(&x).argmax(0)), &[1.0]);
    same(value(|| floats(&x).argmin(0)), &[1.0]);
    same(value(|| floats(&x).max()), &[nan]);
    same(value(|| floats(&x).cummax(0)), &[2.0, nan, nan, nan, nan, nan]);
    same(value(|| floats(&x).cummin_reverse(0)), &[nan, nan, nan, nan, nan, inf]);
    same(value(|| floats(&[1.0, 2.0]).at_max([0], nan)), &[nan, 2.0]);
    let sorted = [-inf, 0.0, 2.0, 2.0, inf, nan, nan];
    let at = [nan, inf, 2.0, -inf, -1.0, 1e300];
    same(value(|| floats(&sorted).searchsorted(floats(&at), Side::Left)), &[5.0, 4.0, 2.0, 0.0, 1.0, 4.0]);
    same(value(|| floats(&sorted).searchsorted(floats(&at), Side::Right)), &[7.0, 5.0, 4.0, 1.0, 1.0, 4.0]);
    same(value(|| floats(&[1.0, -inf]).softmax(0)), &[1.0, 0.0]);
    same(value(|| floats(&x).nan_to_num()), &[2.0, 0.0, -f64::MAX, 0.0, 0.0, f64::MAX]);
    same(value(|| floats(&x).is_inf()), &[0.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
}

#[test]
fn integers_and_truth_values() {
    let x = [7i64, -7, 0, 6, i64::MIN, i64::MAX];
    let y = [2i64, 2, -3, -4, 3, -2];
    let of = |f: fn(Tensor, Tensor) -> Tensor| {
        let found = value(|| f(Tensor::from(Array::from(x)), Tensor::from(Array::from(y))));
        found.as_slice::<i64>().unwrap().to_vec()
    };
    let pairs = || x.iter().zip(&y);
    // Rust's Euclidean division rounds towards the divisor's side; floor it by hand.
    let floor =
        |(x, y): (&i64, &i64)| i64::try_from((i128::from(*x)).div_euclid(i128::from(*y).abs())).unwrap();
    let floors: Vec<i64> = pairs()
        .map(|(x, y)| if *y > 0 { floor((x, y)) } else { -floor((x, y)) - i64::from(x % y != 0) })
        .collect();
    assert_eq!(of(|x, y| x.floor_divide(y)), floors);
    let rest: Vec<i64> = pairs().zip(&floors).map(|((x, y), q)| x.wrapping_sub(y.wrapping_mul(*q))).collect();
    assert_eq!(of(|x, y| x.remainder(y)), rest);
    assert_eq!(of(|x, _| x >> 3i64), x.map(|x| x >> 3));
    assert_eq!(of(|x, _| x >> 63i64), x.map(|x| x >> 63));
    assert_eq!(of(|x, _| x >> 64i64), x.map(|x| if x < 0 { -1 } else { 0 }));
    assert_eq!(of(|x, _| x << 3i64), x.map(|x| x << 3));
    let unsigned = value(|| Tensor::from(Array::from([u32::MAX, 8])) >> 3i64);
    assert_eq!(unsigned, Array::from([u32::MAX >> 3, 1]));
    let truths = || Tensor::from(Array::from([true, false, true]));
    assert_eq!(value(|| truths().sum()), Array::from(2i64));
    assert_eq!(value(|| truths().cumsum(0)), Array::from([1i64, 1, 2]));
    assert_eq!(value(|| truths().argmin(0)), Array::from(1i64));
    assert_eq!(value(|| truths().mean()), Array::from(2.0 / 3.0));
    assert_eq!(value(|| truths().at_set(0, false)), Array::from([false, false, true]));
    assert_eq!(value(|| truths().reshape(&[3, 1]).tril(0)).dims(), [3, 1]);
    assert_eq!(value(|| list(&[3, 1, 1, 9, -1]).bincount(4)), Array::from([0i64, 2, 0, 1]));
    assert_eq!(value(|| list(&[5, 3, 5]).argmax(0)), Array::from(0i64));
    assert_eq!(
        value(|| list(&[1, 4, 0]).one_hot(3)).to_f64_vec(),
        [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]
    );
    assert_eq!(value(|| truths().reshape(&[3, 1]).all_axis(0)), Array::from([false]));
    assert_eq!(value(|| truths().reshape(&[3, 1]).any_axis(1)), Array::from([true, false, true]));
    assert_eq!(value(|| truths().reshape(&[3, 1]).all_rightmost(1)), Array::from([true, false, true]));
    assert_eq!(value(|| truths().all_rightmost(0)), Array::from([true, false, true]));
    assert_eq!(
        value(|| Tensor::from(Array::from([7u32, 0, u32::MAX])).popcount()),
        Array::from([3u32, 0, 32])
    );
    assert_eq!(value(|| list(&[1, 0, -1]).count_leading_zeros()), Array::from([63i64, 64, 0]));
    assert_eq!(value(|| floats(&[1.0, -0.0]).bitcast(DType::I64)), Array::from([0x3ff0 << 48, i64::MIN]));
    assert_eq!(value(|| Tensor::ones(&[2])), Array::from([1.0, 1.0]));
    let orders = |x: i64, y: i64| {
        let orders = value(|| {
            let (x, y) = (Tensor::from(x), Tensor::from(y));
            let orders =
                [x.less(y), x.less_equal(y), x.greater(y), x.greater_equal(y), x.equal(y), x.not_equal(y)];
            Tensor::stack(&orders)
        });
        orders.as_slice::<bool>().unwrap().to_vec()
    };
    assert_eq!(orders(1, 2), [true, true, false, false, false, true]);
    assert_eq!(orders(2, 2), [false, true, false, true, true, false]);
    assert_eq!(orders(2, -2), [false, false, true, true, false, true]);
    let finite = value(|| floats(&[1.0, f64::NAN, f64::INFINITY]).is_finite());
    assert_eq!(finite, Array::from([true, false, false]));
    let nan = value(|| floats(&[1.0, f64::NAN, f64::INFINITY]).is_nan());
    assert_eq!(nan, Array::from([false, true, false]));
    assert_eq!(value(|| Tensor::eye_of(2, 3, 1)).to_f64_vec(), [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(value(|| Tensor::tri(2, 3, isize::MAX)).to_f64_vec(), [1.0; 6]);
    assert_eq!(value(|| Tensor::iota(DType::U32, &[2, 2], -1)).dtype(), DType::U32);
    assert_eq!(value(|| list(&[1, 2]).pad(&[(1, 0, 0)], 7i64)), Array::from([7i64, 1, 2]));
}

#[test]
fn neighbours_are_rusts() {
    let xs = [0.0, 1.0, -1.0, f64::MAX, -f64::MAX, 5e-324, -5e-324, 1e-300, f64::INFINITY, f64::NEG_INFINITY];
    same(
        value(|| floats(&xs).nextafter(f64::INFINITY)),
        &xs.map(|x| if x == f64::INFINITY { x } else { x.next_up() }),
    );
    same(
        value(|| floats(&xs).nextafter(f64::NEG_INFINITY)),
        &xs.map(|x| if x == f64::NEG_INFINITY { x } else { x.next_down() }),
    );
    same(value(|| floats(&xs).nextafter(floats(&xs))), &xs);
    same(value(|| floats(&[f64::NAN, 1.0]).nextafter(floats(&[1.0, f64::NAN]))), &[f64::NAN; 2]);
    let single = [0.0f32, 1.5, -f32::MIN_POSITIVE, f32::MAX];
    let found = value(|| Tensor::from(Array::from(single)).nextafter(f64::INFINITY));
    assert_eq!(found, Array::from(single.map(f32::next_up)));
    same(value(|| floats(&[1.0, -2.0, 3.0]).copysign(floats(&[-0.0, 0.0, -1.0]))), &[-1.0, 2.0, -3.0]);
}

/// Derivatives where elements meet, are equal or zero.
#[test]
fn derivatives_at_ties_and_zeros() {
    let slope = |f: fn(Tensor) -> Tensor, x: &[f64]| {
        let (_, by) = common::gradient(|| {
            let x = common::variable(&Array::from(x));
            (f(x), vec![x])
        });
        by[0].to_f64_vec()
    };
    assert_eq!(slope(|x| x.cumprod(0), &[2.0, 0.0, 3.0]), [1.0, 8.0, 0.0]);
    assert_eq!(slope(|x| x.cummax(0), &[1.0, 1.0, 0.5]), [2.0, 1.0, 0.0]);
    assert_eq!(slope(|x| x.segment_prod(list(&[0, 0, 1]), 2), &[0.0, 3.0, 2.0]), [3.0, 0.0, 1.0]);
    assert_eq!(slope(|x| x.segment_max(list(&[0, 0, 1]), 2), &[3.0, 3.0, 2.0]), [0.5, 0.5, 1.0]);
    assert_eq!(slope(|x| zeros(&[2]).at_set([0, 0], x), &[3.0, 4.0]), [0.0, 1.0]);
    assert_eq!(slope(|x| x.sort(0) * floats(&[1.0, 2.0, 3.0]), &[5.0, 5.0, 1.0]), [2.0, 3.0, 1.0]);
    assert_eq!(slope(|x| x.cumlogsumexp(0), &[f64::NEG_INFINITY, 0.0]), [1.0, 1.0]);
    assert_eq!(slope(|x| x.cumlogsumexp(0), &[f64::NEG_INFINITY; 2]), [1.0, 0.0]);
    assert_eq!(slope(|x| x.clamp(0.0, 1.0), &[-1.0, 0.5, 2.0]), [0.0, 1.0, 0.0]);
}

/// Each wrong use is one error at its line, and says what was expected.
#[test]
fn wrong_axes_and_shapes_are_errors_of_the_line() {
    type Wrong = fn() -> Tensor;
    let wrong: [(&str, Wrong); 47] = [
        ("sum_axis: axis 2", || zeros(&[2, 3]).sum_axis(2)),
        ("mean_axis: axis -3", || zeros(&[2, 3]).mean_axis(keepdims(-3))),
        ("var_ddof: axis 9", || zeros(&[2, 3]).var_ddof([0, 9], 1.0)),
        ("name dimension 1 of shape [2, 3] twice", || zeros(&[2, 3]).max_axis([1, -1])),
        ("no elements along dimension 1", || zeros(&[2, 0]).max_axis([0, 1])),
        ("no elements along dimension 0", || zeros(&[0]).argmin(0)),
        ("softmax: axis 1", || zeros(&[2]).softmax(1)),
        ("logsumexp_axis: axis 1", || zeros(&[2]).logsumexp_axis(1)),
        ("expected one bool operand", || zeros(&[2]).all()),
        ("cumsum_reverse: axis 1", || zeros(&[2]).cumsum_reverse(1)),
        ("cumsum: axis 0", || zeros(&[]).cumsum(0)),
        ("shapes [2] and [3]", || zeros(&[2]).linear_recurrence(zeros(&[3]), 0)),
        ("dimension 0 of shape [2, 1] has size 2, not 1", || zeros(&[2, 1]).squeeze([0, 1])),
        ("expand_dims: axis 3", || zeros(&[2]).expand_dims([0, 3])),
        ("`..` names no new dimensions", || zeros(&[2]).expand_dims(..)),
        ("swapaxes: axis 2", || zeros(&[2, 3]).swapaxes(0, 2)),
        ("moveaxis: axis -3", || zeros(&[2, 3]).moveaxis(-3, 0)),
        ("flip: axis 1", || zeros(&[2]).flip([0, 1])),
        ("roll: axis 0", || zeros(&[]).roll(1, 0)),
        ("repeat: axis 1", || zeros(&[2]).repeat(2, 1)),
        ("3 elements along dimension 0 are not 2 equal parts", || zeros(&[3]).split(2, 0)[1]),
        ("are not 0 equal parts", || zeros(&[3]).split(0, 0).first().copied().unwrap_or(zeros(&[]))),
        ("cuts at [2, 1] of 3 elements", || zeros(&[3]).split_at(&[2, 1], 0)[0]),
        ("cuts at [4] of 3 elements", || zeros(&[3]).split_at(&[4], 0)[0]),
        ("`stack_axis` of no tensors", || Tensor::stack_axis(&[], 0)),
        ("concatenate_axis: axis 1", || Tensor::concatenate_axis(&[zeros(&[2])], 1)),
        ("differ at most in dimension 0", || Tensor::concatenate(&[zeros(&[2, 3]), zeros(&[2, 2])])),
        ("expected one operand of rank 2", || zeros(&[3]).pad(&[(0, 0, 0), (0, 0, 0)], 1.0)),
        ("holds the range", || zeros(&[3]).pad(&[(-2, -2, 0)], 0.0)),
        ("two dimensions or more", || zeros(&[3]).tril(0)),
        ("a vector or a matrix", || zeros(&[2, 2, 2]).diag(0)),
        ("one_hot: expected integers", || zeros(&[2]).one_hot(3)),
        ("iota: axis 1", || Tensor::iota(DType::I64, &[2], 1)),
        ("position 3 of dimension 0, which has size 3", || zeros(&[3]).at(3)),
        ("position -4 of dimension 1", || zeros(&[2, 3]).at((.., [0, -4]))),
        ("position 5 of dimension 0", || zeros(&[3]).at_set(list(&[0, 5]), 1.0)),
        ("3 positions for shape [2, 3]", || zeros(&[2, 3]).at((0, 0, 0))),
        ("2 ellipses", || zeros(&[2, 3]).at((Ellipsis, Ellipsis))),
        ("with step 0", || zeros(&[3]).at(step(.., 0))),
        ("from 2 down to 0 with step -1", || zeros(&[3]).at(step(-1..0, -1))),
        ("use `select`", || zeros(&[3]).at(zeros(&[3]).greater(0.0))),
        ("shapes [2] and [3]", || zeros(&[3, 3]).at(([0, 1], [0, 1, 2]))),
        ("at_set: shapes [2] and [3]", || zeros(&[3]).at_set(1.., zeros(&[3]))),
        ("at_add: the tensor is i64[2]", || list(&[1, 2]).at_add(0, 0.5)),
        ("positions of type i64[2]", || zeros(&[2, 3]).take_along_axis(list(&[0, 1]), 0)),
        ("top_k: 4 of 3 elements", || zeros(&[3]).top_k(4).0),
        ("search the rows", || zeros(&[2, 3]).searchsorted(1.0, Side::Left)),
    ];
    for (message, f) in wrong {
        let found = errors(|| vec![f() + 1.0]);
        assert_eq!(found.len(), 1, "{message}: {found:?}");
        assert!(found[0].contains(message), "{message}: {found:?}");
        assert!(found[0].contains("tests/shapes.rs"), "{found:?}");
    }
}
