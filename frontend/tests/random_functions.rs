//! Draws inside other functions: mapped over keys, and differentiated by their parameters.
#![allow(clippy::panic, reason = "a test that cannot go on says why")]

mod common;

use common::evaluate;
use pyroxene_frontend::{
    Array, DType, Tensor, grad,
    random::{self, Key},
    vmap,
};

/// A draw of some shape by a key and a positive parameter.
type Draw = fn(Key, Tensor) -> Tensor;

const DRAWS: &[(&str, Draw)] = &[
    ("bits", |k, _| random::bits(k, &[2], DType::U64)),
    ("split", |k, _| k.split_shape(&[2])),
    ("fold_in", |k, _| k.fold_in(7).data()),
    ("normal", |k, a| random::normal(k, &[3], DType::F64) * a),
    ("uniform", |k, a| random::uniform(k, &[], DType::F32, 0.0, a)),
    ("randint", |k, _| random::randint(k, &[2, 2], 0, 100, DType::I32)),
    ("bernoulli", |k, a| random::bernoulli(k, a / 10.0, &[5])),
    ("gamma", |k, a| random::gamma(k, a, &[3], DType::F64)),
    ("loggamma", |k, a| random::loggamma(k, a, None, DType::F64)),
    ("poisson", |k, a| random::poisson(k, a * 4.0, &[2], DType::I64)),
    ("binomial", |k, a| random::binomial(k, a * 20.0, 0.5, &[2], DType::F64)),
    ("truncated_normal", |k, a| random::truncated_normal(k, 0.0, a, &[2], DType::F64)),
];

#[test]
fn mapped_over_keys_they_are_the_draws_of_each_key() {
    let parameters = [0.3, 1.0, 2.5];
    let found = evaluate(|| {
        let keys = Key::new(3).split_shape(&[3]);
        let mut results = Vec::new();
        for (_, draw) in DRAWS {
            let each = |(key, a): &(Tensor, Tensor)| draw(Key::from(*key), *a);
            results.push(vmap(each)(&(keys, Tensor::from(parameters))));
            let rows: Vec<Tensor> = (0..3).map(|i| each(&(keys.at(i), parameters[i].into()))).collect();
            results.push(Tensor::stack(&rows));
        }
        results
    });
    for ((name, _), pair) in DRAWS.iter().zip(found.chunks_exact(2)) {
        assert_eq!(pair[0], pair[1], "{name}");
    }
}

/// The derivative of the sum of draws by their parameter, which the difference of two sums of draws approximates.
fn check_slope(name: &str, draw: Draw, at: f64, within: f64) {
    let found = evaluate(|| {
        let total = |a: &Tensor| draw(Key::new(5), *a).sum();
        let step = 1e-6 * at;
        let difference = (total(&Tensor::from(at + step)) - total(&Tensor::from(at - step))) / (2.0 * step);
        vec![grad(total)(&Tensor::from(at)), difference]
    });
    let [slope, difference] = [0, 1].map(|i: usize| found[i].to_f64_vec()[0]);
    assert!((slope - difference).abs() <= within * difference.abs(), "{name} at {at}: {slope}, {difference}");
}

#[test]
fn draws_by_transformation_have_derivatives() {
    // The rounding of draws over the step.
    let within = 1e-8;
    check_slope("uniform", |k, a| random::uniform(k, &[9], DType::F64, 0.0, a), 2.0, within);
    check_slope(
        "truncated_normal",
        |k, a| random::truncated_normal(k, -1.0, a, &[9], DType::F64),
        0.5,
        within,
    );
    check_slope("pareto", |k, a| random::pareto(k, a, &[9], DType::F64), 3.0, within);
    check_slope("weibull_min", |k, a| random::weibull_min(k, 2.0, a, &[9], DType::F64), 1.5, within);
    check_slope("lognormal", |k, a| random::lognormal(k, a, &[9], DType::F64), 0.5, within);
    check_slope("rayleigh", |k, a| random::rayleigh(k, a, &[9], DType::F64), 2.0, within);
    check_slope("triangular", |k, a| random::triangular(k, 0.0, a, 3.0, &[9], DType::F64), 1.0, within);
    let mvn: Draw = |k, a| {
        let cov = Tensor::from(Array::from([2.0, 0.5, 0.5, 1.0])).reshape(&[2, 2]) * a;
        random::multivariate_normal(k, [1.0, 2.0], cov, &[5], DType::F64)
    };
    check_slope("multivariate_normal", mvn, 1.5, within);
}

#[test]
fn samplers_end_where_parameters_are_absurd() {
    let found = evaluate(|| {
        let k = Key::new(1);
        let of = |x: &[f64]| Tensor::from(Array::from(x)).reshape(&[x.len()]);
        let odd = of(&[f64::NAN, f64::INFINITY, 0.0, -1.0, -0.5, f64::MAX, 5e-324]);
        vec![
            random::gamma(k, odd, None, DType::F64),
            random::loggamma(k, odd, None, DType::F64),
            random::poisson(k, odd, None, DType::I64).convert(DType::F64),
            random::binomial(k, odd, 0.5, None, DType::F64),
            random::binomial(k, odd, of(&[0.0]), None, DType::F64),
            random::binomial(k, 10, odd, None, DType::F64),
        ]
    });
    let expect = |i: usize, at: usize, x: f64| {
        let found = found[i].to_f64_vec()[at];
        assert!(found == x || found.is_nan() && x.is_nan(), "draw {i}, element {at}: {found}, expected {x}");
    };
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    for (i, expected) in [
        (0, [nan, inf, 0.0, nan, nan, f64::MAX, 0.0]),
        (3, [nan, inf, 0.0, nan, nan, f64::MAX / 2.0, 0.0]),
        (5, [nan, nan, 0.0, nan, nan, nan, 0.0]),
    ] {
        expected.into_iter().enumerate().for_each(|(at, x)| expect(i, at, x));
    }
    for at in [0, 3, 4] {
        expect(2, at, -1.0);
    }
}

/// `jax.jvp` of `jax.random.gamma` and `loggamma` by the shapes, with 0.10.2 in f64, key 5: the derivative that holds the
/// probability below a draw fixed. `gammainc_grad_a` promises 1e-9, and JAX's own series as much.
#[test]
fn gamma_draws_have_derivatives_by_their_shape() {
    const SHAPES: [f64; 7] = [0.001, 0.05, 0.5, 1.0, 2.5, 30.0, 1000.0];
    const GAMMA: [f64; 7] = [
        0.0,
        2.4117611378962547,
        0.4252906714938684,
        1.7551373162823534,
        0.5694090809897475,
        0.9889776108434245,
        0.9937806493844459,
    ];
    // JAX takes the first draw, e⁻²⁴³⁹, for the least float: that one is held to the derivative of x^a / Γ(a + 1).
    const DIGAMMA: f64 = -0.575571931;
    const LOGGAMMA: [f64; 7] = [
        f64::NAN,
        55.95213916505866,
        5.559653193540891,
        0.7421426393739061,
        0.7141564398534564,
        0.034078447076645334,
        0.0010065800145627806,
    ];
    let found = evaluate(|| {
        let a = Tensor::from(SHAPES);
        let by_a = |draw: fn(Key, Tensor) -> Tensor| grad(move |a: &Tensor| draw(Key::new(5), *a).sum())(&a);
        vec![
            by_a(|k, a| random::gamma(k, a, None, DType::F64)),
            by_a(|k, a| random::loggamma(k, a, None, DType::F64)),
            random::loggamma(Key::new(5), a, None, DType::F64),
        ]
    });
    let mut loggamma = LOGGAMMA;
    loggamma[0] = (DIGAMMA - found[2].to_f64_vec()[0]) / SHAPES[0];
    for (found, expected) in found.iter().zip([GAMMA, loggamma]) {
        for (f, e) in found.to_f64_vec().into_iter().zip(expected) {
            assert!((f - e).abs() <= 1e-8 * e.abs(), "found {f}, JAX says {e}");
        }
    }
}
