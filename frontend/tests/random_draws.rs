//! Draws against JAX's (`tests/golden/random.json`), in the interpreter and through XLA.
#![allow(clippy::panic, reason = "a test that cannot go on says why")]

mod common;

use common::{Within, assert_close, dims, dtype, evaluate, golden, list, seed, text, typed};
use pyroxene_frontend::{
    Array, DType, Tensor, jit,
    random::{self, Key},
};
use pyroxene_ir::{Ty, threefry::key_from_seed};
use serde_json::Value;

fn expected(case: &Value) -> Array {
    typed(dtype(&case["dtype"]), &case["shape"], &case["values"])
}

/// The parameters of a case.
fn params(case: &Value) -> Vec<Array> {
    list(&case["params"]).iter().map(|p| typed(dtype(&p[1]), &p[2], &p[3])).collect()
}

/// The draw of a case under a key.
fn draw(case: &Value, key: Key, params: &[Tensor]) -> Tensor {
    let (dims, t) = (dims(&case["shape"]), dtype(&case["dtype"]));
    match (text(&case["draw"]), params) {
        ("ball", [p]) => random::ball(key, dims[dims.len() - 1], *p, &dims[..dims.len() - 1], t),
        ("bernoulli", [p]) => random::bernoulli(key, *p, &dims),
        ("beta", [a, b]) => random::beta(key, *a, *b, &dims, t),
        ("binomial", [n, p]) => random::binomial(key, *n, *p, &dims, t),
        ("cauchy", []) => random::cauchy(key, &dims, t),
        ("chisquare", [df]) => random::chisquare(key, *df, &dims, t),
        ("dirichlet", [alpha]) => random::dirichlet(key, *alpha, &dims[..dims.len() - 1], t),
        ("double_sided_maxwell", [loc, scale]) => random::double_sided_maxwell(key, *loc, *scale, &dims, t),
        ("exponential", []) => random::exponential(key, &dims, t),
        ("f", [dfnum, dfden]) => random::f(key, *dfnum, *dfden, &dims, t),
        ("gamma", [a]) => random::gamma(key, *a, &dims, t),
        ("generalized_normal", [p]) => random::generalized_normal(key, *p, &dims, t),
        ("geometric", [p]) => random::geometric(key, *p, &dims, t),
        ("gumbel", []) => random::gumbel(key, &dims, t),
        ("laplace", []) => random::laplace(key, &dims, t),
        ("loggamma", [a]) => random::loggamma(key, *a, &dims, t),
        ("logistic", []) => random::logistic(key, &dims, t),
        ("lognormal", [sigma]) => random::lognormal(key, *sigma, &dims, t),
        ("maxwell", []) => random::maxwell(key, &dims, t),
        ("multivariate_normal", [mean, cov]) => {
            random::multivariate_normal(key, *mean, *cov, &dims[..dims.len() - 1], t)
        }
        ("normal", []) => random::normal(key, &dims, t),
        ("pareto", [b]) => random::pareto(key, *b, &dims, t),
        ("poisson", [lam]) => random::poisson(key, *lam, &dims, t),
        ("rademacher", []) => random::rademacher(key, &dims, t),
        ("randint", [minval, maxval]) => random::randint(key, &dims, *minval, *maxval, t),
        ("rayleigh", [scale]) => random::rayleigh(key, *scale, &dims, t),
        ("t", [df]) => random::t(key, *df, &dims, t),
        ("triangular", [left, mode, right]) => random::triangular(key, *left, *mode, *right, &dims, t),
        ("truncated_normal", [lower, upper]) => random::truncated_normal(key, *lower, *upper, &dims, t),
        ("wald", [mean]) => random::wald(key, *mean, &dims, t),
        ("weibull_min", [scale, concentration]) => random::weibull_min(key, *scale, *concentration, &dims, t),
        (name, params) => panic!("no draw `{name}` of {} parameters", params.len()),
    }
}

/// How far a float may be from JAX's: so many roundings of the last step whose error the draw amplifies most.
fn within(case: &Value, draw: f64, roundings: f64) -> Within {
    let param = |i: usize| params(case)[i].to_f64_vec().into_iter().fold(0.0, |m: f64, p| m.max(p.abs()));
    let least = params(case).iter().flat_map(Array::to_f64_vec).fold(f64::INFINITY, f64::min);
    let log = draw.max(f64::MIN_POSITIVE).ln().abs();
    let single = case["dtype"] == "f32" || case["draw"] == "geometric";
    let epsilon = if single { f64::from(f32::EPSILON) } else { f64::EPSILON };
    let (rel, abs) = match text(&case["draw"]) {
        // The tangent near its pole.
        "cauchy" => (1.0 + draw.abs(), 0.0),
        // Logarithms near one.
        "gumbel" | "logistic" | "loggamma" => (1.0, 1.0),
        // An exponential amplifies by its argument.
        "lognormal" | "pareto" | "chisquare" => (1.0 + log, 0.0),
        // Exponentials of logarithms of gamma draws, which are of the size of the shape's inverse.
        "beta" | "dirichlet" | "f" => (1.0 + log + 1.0 / least, 0.0),
        "generalized_normal" => (1.0 + 1.0 / least, 0.0),
        // The quantile function amplifies by the inverse of the density.
        "truncated_normal" => (1.0, (0.5 * draw * draw).exp()),
        // A difference of large numbers.
        "wald" => (1.0 + (draw / param(0)).powi(2).max((param(0) / draw).powi(2)), 0.0),
        "double_sided_maxwell" => (1.0, param(0)),
        // Sums of products with elements of the factor, the roots of the covariance's size or less.
        "multivariate_normal" => (1.0, param(0) + 4.0 * param(1).sqrt()),
        _ => (1.0, 0.0),
    };
    Within { rel: rel * roundings * epsilon, abs: abs * roundings * epsilon }
}

fn compare(case: &Value, found: &Array) {
    let expected = expected(case);
    assert_eq!(found.ty(), expected.ty(), "{case}");
    // A count beyond the significand of the float it was is that float.
    let single =
        list(&case["params"]).iter().any(|p| p[1] == "f32" && found.to_f64_vec().iter().any(|n| *n > 1e6));
    if !(found.dtype().is_float() || single && case["draw"] == "geometric") {
        assert_eq!(*found, expected, "{case}");
    }
    // XLA's f64 logarithm of one plus x, which most draws contain, is off by up to 70 roundings.
    let roundings = if found.dtype() == DType::F64 { 100.0 } else { 8.0 };
    for (x, y) in found.to_f64_vec().into_iter().zip(expected.to_f64_vec()) {
        assert_close(case, &[x], &[y], within(case, y, roundings));
    }
}

#[test]
fn draws_are_jax_s() {
    let golden = golden("random");
    for (group, least) in [("floats", 100), ("integers", 100), ("looped", 30)] {
        let cases = list(&golden[group]);
        assert!(cases.len() > least, "{group}");
        let found = evaluate(|| {
            // No constants, whose empty ranges are errors.
            let variable = |x: Array| Tensor::from(x.clone()).reshape(x.dims());
            let draw = |case: &Value| {
                let params: Vec<Tensor> = params(case).into_iter().map(variable).collect();
                draw(case, Key::new(seed(&case["seed"])), &params)
            };
            cases.iter().map(draw).collect()
        });
        cases.iter().zip(&found).for_each(|(case, found)| compare(case, found));
    }
}

/// Cases at one seed and shape, for which bits are drawn once, in one executable for each element type: all of the
/// 64-bit types and of u32, one of each draw of the others, to compile less.
#[test]
fn compiled_draws_are_jax_s() -> anyhow::Result<()> {
    let golden = golden("random");
    let place = |c: &&Value| c["seed"] == 42 && c["shape"] == serde_json::json!([7]);
    let cases: Vec<&Value> =
        ["floats", "integers"].into_iter().flat_map(|group| list(&golden[group])).filter(place).collect();
    for t in DType::ALL {
        let mut cases: Vec<&Value> = cases.iter().filter(|c| dtype(&c["dtype"]) == t).copied().collect();
        if matches!(t, DType::F32 | DType::I32) {
            cases.dedup_by_key(|c| &c["draw"]);
        }
        let all = jit(|(key, params): &(Tensor, Vec<Tensor>)| {
            let mut left = params.iter().copied();
            let draws: Vec<Tensor> = cases
                .iter()
                .map(|case| {
                    let own: Vec<Tensor> = left.by_ref().take(list(&case["params"]).len()).collect();
                    draw(case, Key::from(*key), &own)
                })
                .collect();
            Tensor::stack(&draws)
        });
        let params = cases.iter().flat_map(|c| params(c)).collect();
        let found = all.call(&(key_from_seed(42), params))?;
        assert_eq!(found.dims(), [cases.len(), 7]);
        assert!(cases.len() > 1, "{t}");
        for (case, bytes) in cases.iter().zip(found.as_bytes().chunks_exact(7 * t.size())) {
            compare(case, &Array::from_bytes(&Ty::new(t, [7]), bytes)?);
        }
    }
    Ok(())
}
