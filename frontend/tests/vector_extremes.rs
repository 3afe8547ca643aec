//! Densities of vectors and matrices, and their derivatives, at extremes against mpmath
//! (`tests/golden/vector_extremes.json`).
#![allow(clippy::panic, reason = "a test that cannot go on says why")]

mod common;

use std::rc::Rc;

use common::{
    Within, assert_close, evaluate, filled, golden, gradient, list, number, numbers, text, variable,
};
use pyroxene_frontend::{
    Array, DType, Tensor,
    distributions::*,
    random::Key,
    transforms::{Exp, Ordered, Power},
};
use serde_json::Value;

/// A flattened square matrix, or one of `n` rows.
fn matrix(x: Tensor, rows: Option<usize>) -> Tensor {
    let len = x.dim(0);
    let n = rows.unwrap_or((len as f64).sqrt() as usize);
    x.reshape(&[n, len / n])
}

/// The distribution of a row, and the value in its shape.
fn build(name: &str, p: &[Tensor], value: Tensor) -> (Rc<dyn Distribution>, Tensor) {
    let scalar = |i: usize| p[i].reshape(&[]);
    let mixing = || CategoricalProbs::new(p[0]);
    let d: Rc<dyn Distribution> = match name {
        "dirichlet" => Rc::new(Dirichlet::new(p[0])),
        "multinomial_probs" => Rc::new(MultinomialProbs::new(p[0], scalar(1))),
        "multinomial_logits" => Rc::new(MultinomialLogits::new(p[0], scalar(1))),
        "dirichlet_multinomial" => Rc::new(DirichletMultinomial::new(p[0], scalar(1))),
        "mvn_tril" => Rc::new(MultivariateNormal::from_scale_tril(p[0], matrix(p[1], None))),
        "mvn_covariance" => Rc::new(MultivariateNormal::from_covariance_matrix(p[0], matrix(p[1], None))),
        "mvn_precision" => Rc::new(MultivariateNormal::from_precision_matrix(p[0], matrix(p[1], None))),
        "student" => Rc::new(MultivariateStudentT::new(scalar(0), p[1], matrix(p[2], None))),
        "low_rank" => Rc::new(LowRankMultivariateNormal::new(p[0], matrix(p[1], Some(p[0].dim(0))), p[2])),
        "lkj_cholesky" => {
            let value = matrix(value, None);
            return (Rc::new(LKJCholesky::new(value.dim(0), scalar(0))), value);
        }
        "walk" => Rc::new(GaussianRandomWalk::new(scalar(0), value.dim(0))),
        "zero_sum" => Rc::new(ZeroSumNormal::new(scalar(0), &value.dims())),
        "mixture" => {
            return (Rc::new(MixtureSameFamily::new(mixing(), Normal::new(p[1], p[2]))), value.reshape(&[]));
        }
        "mixture_logits" => {
            let mixing = CategoricalLogits::new(p[0]);
            return (Rc::new(MixtureSameFamily::new(mixing, Normal::new(p[1], p[2]))), value.reshape(&[]));
        }
        "log_normal_power" => Rc::new(TransformedDistribution::new(
            Normal::new(p[0], p[1]),
            [Rc::new(Exp) as _, Rc::new(Power::new(0.5)) as _],
        )),
        "ordered_normal" => {
            Rc::new(TransformedDistribution::new(Normal::new(p[0], p[1]), [Rc::new(Ordered) as _]))
        }
        _ => panic!("no density `{name}`"),
    };
    (d, value)
}

/// What the rounding of every input makes of a density: the condition of the problem, in units of a rounding.
fn condition(row: &Value) -> f64 {
    let of = |x: &Value, g: &Value| -> f64 {
        let pairs = numbers(x).into_iter().zip(numbers(g));
        pairs.filter(|(_, g)| g.is_finite()).map(|(x, g)| (x * g).abs()).sum()
    };
    let params = list(&row["params"]).iter().zip(list(&row["grad"])).map(|(x, g)| of(x, g)).sum::<f64>();
    params + of(&row["value"], &row["value_grad"]) + number(&row["log_prob"]).abs()
}

#[test]
fn densities_and_slopes_keep_their_digits() {
    let golden = golden("vector_extremes");
    let rows = list(&golden["rows"]);
    assert!(rows.len() >= 75, "{}", rows.len());
    for row in rows {
        let name = text(&row["dist"]);
        let what = format!("{name} {} at {}", row["params"], row["value"]);
        let counts = name.contains("multinomial");
        let (density, slopes) = gradient(|| {
            let array = |x: &Value| filled(vec![list(x).len()], numbers(x));
            let p: Vec<Tensor> = list(&row["params"]).iter().map(|x| variable(&array(x))).collect();
            let value = variable(&array(&row["value"]));
            let (d, at) = build(name, &p, value);
            (d.log_prob(at), p.into_iter().chain([value]).collect())
        });
        let within = Within { rel: 0.0, abs: 8.0 * f64::EPSILON * (4.0 + condition(row)) };
        assert_close(&what, &density.to_f64_vec(), &[number(&row["log_prob"])], within);
        let grads = list(&row["grad"]).iter().chain([&row["value_grad"]]);
        let inputs = list(&row["params"]).iter().chain([&row["value"]]);
        for (i, ((expected, slope), input)) in grads.zip(&slopes).zip(inputs).enumerate() {
            // Counts have no slope.
            if counts && i > 0 {
                continue;
            }
            let rel = 1e-13 + f64::EPSILON * number(&row["condition"]);
            compare(&format!("{what}: argument {i}"), slope, (input, expected), rel, terms(name, row));
        }
    }
}

/// The terms of which a slope is a difference where that is of another size: logarithms and digamma functions of up to the
/// order of twenty for densities with gamma functions, counts and expected ones.
fn terms(name: &str, row: &Value) -> f64 {
    match name {
        "dirichlet" | "dirichlet_multinomial" | "lkj_cholesky" | "student" => 20.0,
        "multinomial_logits" => numbers(&row["value"]).iter().sum(),
        _ => 0.0,
    }
}

/// Slopes, each a sum of a few terms that may cancel, within one argument and against its inverse: a slope by a scale or a
/// probability is a difference of terms of which one is that.
fn compare(what: &str, slope: &Array, (input, expected): (&Value, &Value), rel: f64, terms: f64) {
    let (found, expected, input) = (slope.to_f64_vec(), numbers(expected), numbers(input));
    assert_eq!((found.len(), input.len()), (expected.len(), expected.len()), "{what}");
    let top = expected.iter().filter(|x| x.is_finite()).fold(0.0, |m: f64, x| m.max(x.abs()));
    let least = input.iter().filter(|x| **x != 0.0).fold(f64::INFINITY, |m: f64, x| m.min(x.abs()));
    for ((found, expected), x) in found.iter().zip(&expected).zip(&input).filter(|((_, e), _)| e.is_finite())
    {
        let inverse = 1.0 / if *x == 0.0 { least } else { x.abs() };
        let abs = 0.1 * rel * top + 4.0 * f64::EPSILON * (terms + 2.0 * inverse);
        assert_close(what, &[*found], &[*expected], Within { rel, abs });
    }
}

#[test]
fn densities_and_draws_keep_single_precision() {
    let found = evaluate(|| {
        let f = |x: &[f32]| Tensor::from(Array::from(x.to_vec()));
        let tril = || f(&[1.0, 0.0, 0.5, 2.0]).reshape(&[2, 2]);
        let scale = || f(&[2.0, 0.5, 0.5, 1.0]).reshape(&[2, 2]);
        let all: Vec<Rc<dyn Distribution>> = vec![
            Rc::new(Dirichlet::new(f(&[1.0, 200.0]))),
            Rc::new(MultinomialProbs::new(f(&[0.5, 0.5]), 3)),
            Rc::new(MultinomialLogits::new(f(&[0.5, 0.5]), 3)),
            Rc::new(DirichletMultinomial::new(f(&[0.5, 20.0]), 3)),
            Rc::new(MultivariateNormal::from_scale_tril(0.0, tril())),
            Rc::new(MultivariateNormal::from_covariance_matrix(f(&[0.0, 1.0]), scale())),
            Rc::new(MultivariateNormal::from_precision_matrix(0.0, scale())),
            Rc::new(MultivariateStudentT::new(3.0, 0.0, tril())),
            Rc::new(LowRankMultivariateNormal::new(f(&[0.0, 1.0]), tril(), 1.0)),
            Rc::new(LKJCholesky::new(3, f(&[1.5]))),
            Rc::new(LKJCholesky::new(3, f(&[1.5])).sample_method(LKJMethod::Cvine)),
            Rc::new(LKJ::new(3, f(&[1.5]))),
            Rc::new(GaussianRandomWalk::new(f(&[1.5]), 3)),
            Rc::new(ZeroSumNormal::new(f(&[1.5]), &[3])),
            Rc::new(MixtureSameFamily::new(
                CategoricalProbs::new(f(&[0.5, 0.5])),
                Normal::new(f(&[0.0, 1.0]), 1.0),
            )),
            Rc::new(TransformedDistribution::new(Normal::new(f(&[0.0, 1.0]), 1.0), [Rc::new(Ordered) as _])),
            Rc::new(Wishart::from_scale_matrix(5.0, scale())),
            Rc::new(WishartCholesky::from_scale_tril(5.0, tril())),
            Rc::new(InverseWishart::from_rate_matrix(5.0, scale())),
            Rc::new(InverseWishartCholesky::from_scale_tril(5.0, tril())),
        ];
        let one = |d: &Rc<dyn Distribution>| {
            let x = d.sample(Key::new(1), &[]).unwrap_or_else(|| panic!("{}: no draw", d.name()));
            let expected = if d.support().is_discrete() { DType::I64 } else { DType::F32 };
            let density = d.log_prob(x);
            assert_eq!((x.dtype(), density.dtype()), (expected, DType::F32), "{}", d.name());
            [density.is_finite().all(), d.support().check(x).all()]
        };
        all.iter().flat_map(one).collect()
    });
    assert_eq!(found.len(), 40);
    for (i, holds) in found.iter().enumerate() {
        assert_eq!(holds.as_slice(), Some(&[true][..]), "{}", i / 2);
    }
}
