//! What draws refuse while they are recorded, each with the caller's line.
#![allow(clippy::panic, reason = "a test that cannot go on says why")]

mod common;

use common::{errors, evaluate};
use pyroxene_frontend::{
    Array, DType, Tensor,
    random::{self, Key},
};

/// A draw that must not be recorded, and what is said about it.
type Wrong = (fn(Key) -> Tensor, &'static str);

const F64: DType = DType::F64;

const WRONG: &[Wrong] = &[
    (|k| random::bits(k, &[2], DType::I32), "bits: expected u32 or u64"),
    (|k| random::normal(k, &[2], DType::I64), "normal: draws of element type i64; help: ask for f32 or f64"),
    (|k| random::cauchy(k, &[], DType::U32), "cauchy: draws of element type u32"),
    (|k| random::rademacher(k, &[], DType::U32), "rademacher: draws of element type u32"),
    (|k| random::randint(k, &[], 0, 3, F64), "randint: draws of element type f64"),
    (|k| random::uniform(k, &[], F64, 1.0, 1.0), "uniform: the range from 1 to 1 is empty"),
    (|k| random::uniform(k, &[], F64, 0.0, f64::NAN), "uniform: the range from 0 to NaN is empty"),
    (|k| random::uniform(k, &[2], F64, [0.0, 3.0], 2.0), "uniform: the range from 3 to 2 is empty"),
    (|k| random::uniform(k, &[2], F64, [0.0; 3], 2.0), "broadcasts to the draw's shape [2]"),
    (|k| random::randint(k, &[], 5, 5, DType::I32), "randint: the range from 5 to 5 is empty"),
    (
        |k| random::randint(k, &[2], Array::from([i64::MAX - 1, i64::MAX]), i64::MAX, DType::I64),
        "randint: the range from 9223372036854775807 to 9223372036854775807 is empty",
    ),
    (
        |k| random::truncated_normal(k, 2.0, -1.0, None, F64),
        "truncated_normal: the range from 2 to -1 is empty",
    ),
    (|k| random::triangular(k, 1.0, 1.0, 0.0, None, F64), "triangular: the range from 1 to 0 is empty"),
    (|k| random::bernoulli(k, 1.5, None), "bernoulli: `p` is 1.5; help: give a probability, from 0 to 1"),
    (|k| random::bernoulli(k, [0.5, -0.1], None), "bernoulli: `p` is -0.1"),
    (|k| random::bernoulli(k, f64::NAN, None), "bernoulli: `p` is NaN"),
    (|k| random::bernoulli(k, 1, None), "bernoulli: `p` has element type i64; help: give a float"),
    (
        |k| random::bernoulli(k, [0.5; 3], &[3, 2]),
        "found shape [3], expected one that broadcasts to the draw's shape [3, 2]",
    ),
    (|k| random::geometric(k, -0.5, None, DType::I64), "geometric: `p` is -0.5"),
    (
        |k| random::geometric(k, 0.5, None, F64),
        "geometric: draws of element type f64; help: ask for i32, i64, u32 or u64",
    ),
    (|k| random::pareto(k, 0.0, None, F64), "pareto: `b` is 0; help: give a number above 0"),
    (|k| random::lognormal(k, -1.0, None, F64), "lognormal: `sigma` is -1; help: give a number not below 0"),
    (|k| random::rayleigh(k, -1.0, None, F64), "rayleigh: `scale` is -1"),
    (|k| random::wald(k, 0, None, F64), "wald: `mean` is 0"),
    (|k| random::weibull_min(k, 1.0, 0.0, None, F64), "weibull_min: `concentration` is 0"),
    (|k| random::double_sided_maxwell(k, 0.0, 0.0, &[], F64), "double_sided_maxwell: `scale` is 0"),
    (
        |k| random::multivariate_normal(k, [0.0; 2], [1.0; 2], None, F64),
        "multivariate_normal: a mean of shape [2] and a covariance of shape [2]; help: give a vector and a matrix",
    ),
    (|k| random::multivariate_normal(k, 0.0, Tensor::full(&[1, 1], 1.0), None, F64), "a mean of shape []"),
    (
        |k| random::multivariate_normal(k, [0.0; 2], Tensor::full(&[3, 3], 1.0), None, F64),
        "a covariance of shape [3, 3] for a mean of shape [2]; help: its last sizes must be 2 and 2",
    ),
    (
        |k| random::multivariate_normal(k, [0.0; 2], Tensor::full(&[3, 2, 2], 1.0), &[2], F64),
        "found shape [3], expected one that broadcasts to the draw's shape [2]",
    ),
    (
        |k| random::triangular(k, [0.0; 2], 0.5, [1.0; 3], None, F64),
        "triangular: shapes [2] and [3] do not broadcast",
    ),
    (|k| random::gamma(k, 0.0, None, F64), "gamma: `a` is 0; help: give a number above 0"),
    (|k| random::loggamma(k, [1.0, -2.0], &[3, 2], F64), "loggamma: `a` is -2"),
    (|k| random::beta(k, 1.0, -1.0, None, F64), "beta: `b` is -1"),
    (|k| random::dirichlet(k, 1.0, None, F64), "dirichlet: concentrations of shape []; help: give a vector"),
    (|k| random::dirichlet(k, [1.0, 0.0], None, F64), "dirichlet: `alpha` is 0"),
    (|k| random::dirichlet(k, [1.0; 2], None, DType::I32), "dirichlet: draws of element type i32"),
    (|k| random::chisquare(k, 0.0, None, F64), "chisquare: `df` is 0"),
    (|k| random::f(k, 1.0, 0.0, None, F64), "f: `dfden` is 0"),
    (|k| random::t(k, -1, None, F64), "t: `df` is -1"),
    (|k| random::generalized_normal(k, 0.0, &[], F64), "generalized_normal: `p` is 0"),
    (|k| random::ball(k, 3, -1.0, &[], F64), "ball: `p` is -1"),
    (|k| random::ball(k, 3, [1.0; 2], &[], F64), "ball: a parameter: found shape [2]"),
    (
        |k| random::poisson(k, -0.5, None, DType::I64),
        "poisson: `lam` is -0.5; help: give a number not below 0",
    ),
    (|k| random::poisson(k, 1.0, None, F64), "poisson: draws of element type f64"),
    (|k| random::binomial(k, -1, 0.5, None, F64), "binomial: `n` is -1"),
    (|k| random::binomial(k, 1, 2.0, None, F64), "binomial: `p` is 2; help: give a probability"),
    (|k| random::binomial(k, 1, 1, None, F64), "binomial: `p` has element type i64"),
    (|k| random::binomial(k, 1, 0.5, None, DType::I64), "binomial: draws of element type i64"),
    (|k| random::categorical(k, [1.0; 3], 1, None), "categorical: axis 1 of logits of shape [3]"),
    (|k| random::categorical(k, 1.0, 0, None), "categorical: axis 0 of logits of shape []"),
    (
        |k| random::categorical(k, Array::from([1i64, 2]), 0, None),
        "categorical: `logits` have element type i64; help: give floats",
    ),
    (|k| random::categorical(k, Tensor::full(&[2, 0], 0.0), -1, None), "categorical: no categories"),
    (
        |k| random::categorical(k, Tensor::full(&[3, 2], 0.0), 0, &[3]),
        "found shape [2], expected one that broadcasts to the draw's shape [3]",
    ),
    (|k| random::permutation(k, Tensor::from(1.0), 0, false), "permutation: axis 0 of a tensor of shape []"),
    (|k| random::permutation(k, 5, 1, false), "permutation: axis 1 of a tensor of shape [5]"),
    (|k| random::choice(k, 0, &[2], true, None, 0), "choice: 2 draws from 0 members"),
    (|k| random::choice(k, 3, &[2, 2], false, None, 0), "choice: 4 draws without replacement from 3 members"),
    (
        |k| random::choice(k, 3, &[], true, Some([0.5; 2].into()), 0),
        "choice: `p` of type f64[2]; help: give 3 floats, one for each member",
    ),
    (
        |k| random::choice(k, 2, &[], true, Some([0.5, -0.5].into()), 0),
        "choice: `p` has the element -0.5; help: give numbers from 0 up",
    ),
    (
        |k| random::choice(k, 2, &[], true, Some([0.0; 2].into()), 0),
        "choice: no member has a probability above 0",
    ),
    (
        |k| random::choice(k, 3, &[2], false, Some([0.0, 0.0, 1.0].into()), 0),
        "choice: 2 draws without replacement from 1 members",
    ),
    (|k| random::multinomial(k, 3, 0.5, None, F64), "multinomial: probabilities of shape []"),
    (|k| random::multinomial(k, -3, [0.5; 2], None, F64), "multinomial: `n` is -3"),
    (|k| random::orthogonal(k, 3, &[], DType::I32, None), "orthogonal: draws of element type i32"),
    (|k| k.fold_in(1.5).data(), "fold_in: data of type f64[]; help: give an integer"),
    (|k| Key::from(k.split_shape(&[3])).data(), "a key of type u32[3,2], expected u32[2]"),
    (|k| random::normal(k, &[usize::MAX], F64), "has more than 2^40 bytes"),
];

#[test]
fn wrong_draws_are_one_error_at_the_callers_line() {
    for (draw, expected) in WRONG {
        let found = errors(|| vec![draw(Key::new(0))]);
        assert_eq!(found.len(), 1, "{expected}: {found:?}");
        assert!(found[0].contains(expected), "expected `{expected}`, found `{}`", found[0]);
        assert!(found[0].starts_with(file!()), "{}", found[0]);
    }
}

#[test]
fn shapes_are_given_or_the_parameters() {
    let found = evaluate(|| {
        let (key, p) = (Key::new(0), Tensor::from([0.1, 0.5, 0.9]));
        let dims = p.dims();
        vec![
            random::bernoulli(key, p, None),
            random::bernoulli(key, p, &dims),
            random::bernoulli(key, p, &[2, 3]),
            random::bernoulli(key, p, vec![4, 1, 3].as_slice()),
            random::pareto(key, 2, Some(&[5][..]), DType::F32),
            random::triangular(key, 0.0, p, p.reshape(&[3, 1]) + 1.0, None, DType::F64),
            random::bernoulli(key, 0.5, None),
            random::double_sided_maxwell(key, 0.0, p, &[2], DType::F32),
        ]
    });
    let types: Vec<String> = found.iter().map(|x| x.ty().to_string()).collect();
    let expected =
        ["bool[3]", "bool[3]", "bool[2,3]", "bool[4,1,3]", "f32[5]", "f64[3,3]", "bool[]", "f32[2,3]"];
    assert_eq!(types, expected);
}

#[test]
fn keys_split_to_shapes_and_back() {
    let found = evaluate(|| {
        let key = Key::new(7);
        let rows = key.split_shape(&[2, 3]);
        let [first, _, third, ..] = key.split::<6>();
        let third_of_all = Key::from(rows.at(0).at(2));
        vec![
            rows.reshape(&[6, 2]).at(0).equal(first.data()),
            third.data().equal(third_of_all.data()),
            random::normal(third, &[4], DType::F64).equal(random::normal(third_of_all, &[4], DType::F64)),
        ]
    });
    assert!(found.iter().all(|x| x.as_slice::<bool>().is_some_and(|x| x.iter().all(|x| *x))), "{found:?}");
}
