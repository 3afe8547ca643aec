//! Sites whose values are vectors and matrices with fewer free coordinates than elements, through XLA.
#![allow(clippy::panic, reason = "a test that cannot go on says why")]

mod common;

use std::sync::Arc;

use common::{errors, evaluate, filled};
use pyroxene_frontend::{
    Bound, Model,
    prelude::*,
    primitives::Param as Initial,
    transforms::{self, Transform},
};
use pyroxene_runtime::{Backend, options::Options};

fn improper(support: Support, batch: &[usize], event: &[usize]) -> ImproperUniform {
    ImproperUniform::new(support, batch, event)
}

fn model(_: &()) {
    sample("p", improper(constraints::simplex(), &[], &[3]));
    plate("g", 2, |_| {
        sample("l", improper(constraints::corr_cholesky(), &[], &[3, 3]));
    });
    sample("c", improper(constraints::ordered_vector(), &[], &[2]));
    sample("s", improper(constraints::positive_definite(), &[], &[2, 2]));
    sample("z", improper(constraints::zero_sum(1), &[], &[3]));
}

/// The sites with the number of their coordinates and their values' dimensions.
const SITES: [(&str, usize, &[usize]); 5] =
    [("p", 2, &[3]), ("l", 6, &[2, 3, 3]), ("c", 2, &[2]), ("s", 3, &[2, 2]), ("z", 2, &[3])];

fn support(name: &str) -> Support {
    match name {
        "p" => constraints::simplex(),
        "l" => constraints::corr_cholesky(),
        "c" => constraints::ordered_vector(),
        "s" => constraints::positive_definite(),
        _ => constraints::zero_sum(1),
    }
}

fn position() -> Vec<f64> {
    (0..15).map(|i| 0.3 * f64::from(i % 5) - 0.6 + 0.05 * f64::from(i)).collect()
}

/// The values at a position and the negative log determinants, in the interpreter.
fn expected(position: &[f64]) -> (Vec<Array>, f64) {
    let mut found = evaluate(|| {
        let (mut at, mut out, mut total) = (0, Vec::new(), Tensor::from(0.0));
        for (name, n, dims) in SITES {
            let t = support(name).bijector().unwrap_or_else(|| panic!("{name}"));
            let u = Tensor::from(Array::from(position[at..at + n].to_vec())).reshape(&t.inverse_dims(dims));
            let y = t.forward(u);
            total = total - t.log_abs_det_jacobian(u, y).sum();
            out.push(y);
            at += n;
        }
        out.push(total);
        out
    });
    let total = found.pop().map(|x| x.to_f64_vec()[0]).unwrap_or(f64::NAN);
    (found, total)
}

fn close(x: &[f64], y: &[f64]) {
    assert_eq!(x.len(), y.len());
    for (a, b) in x.iter().zip(y) {
        // A few roundings of numbers of the order of one.
        assert!((a - b).abs() <= 1e-14 * b.abs().max(1.0), "{x:?} against {y:?}");
    }
}

/// A backend of the test's own, since tests run side by side and this one counts compilations.
fn backend() -> anyhow::Result<Arc<dyn Backend>> {
    Ok(pyroxene_runtime::open("cpu", &Options::of_process()?, &mut |_| {})?)
}

fn compiles(bound: &Bound) -> u64 {
    bound.backend().stats().made()
}

#[test]
fn coordinates_are_as_many_as_are_free() -> anyhow::Result<()> {
    let program = Model::new(model).trace(&())?;
    let backend = backend()?;
    let bound = program.bind(&(), &backend)?;
    let position = position();
    assert_eq!(bound.dimension(), 15);
    let (values, potential) = expected(&position);
    let (found, gradient) = bound.potential_and_gradient(&position)?;
    close(&[found], &[potential]);
    for (i, g) in gradient.iter().enumerate() {
        let moved = |by: f64| {
            let mut at = position.clone();
            at[i] += by;
            expected(&at).1
        };
        // Central differences of a smooth function: the error is of the order of 1e-10.
        let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        assert!((g - slope).abs() < 1e-8, "coordinate {i}: {g} against {slope}");
    }
    let constrained = bound.constrain(&position)?;
    let mut named = Vec::new();
    for ((name, _, dims), (found, expected)) in SITES.iter().zip(constrained.iter().zip(&values)) {
        assert_eq!(found.dims(), *dims, "{name}");
        close(&found.to_f64_vec(), &expected.to_f64_vec());
        named.push((*name, found.clone()));
    }
    close(&bound.unconstrain(&named)?, &position);

    // Given values are pinned at fewer coordinates than they have elements, in the same executable.
    let before = compiles(&bound);
    let known = program.condition(&["p", "l"])?.bind(&(), &backend)?.given(&named[..2])?;
    assert_eq!(known.dimension(), 7);
    let free = &position[8..];
    let (value, slope) = known.potential_and_gradient(free)?;
    assert_eq!(compiles(&bound), before);
    let fixed = position[..8].to_vec();
    let pinned = [&fixed[..], free].concat();
    let rest = expected(&pinned).1
        - evaluate(|| {
            let mut out = Tensor::from(0.0);
            for (name, range, dims) in [("p", 0..2, &[3][..]), ("l", 2..8, &[2, 3, 3][..])] {
                let t = support(name).bijector().unwrap_or_else(|| panic!("{name}"));
                let u = Tensor::from(Array::from(fixed[range].to_vec())).reshape(&t.inverse_dims(dims));
                out = out - t.log_abs_det_jacobian(u, t.forward(u)).sum();
            }
            vec![out]
        })[0]
            .to_f64_vec()[0];
    close(&[value], &[rest]);
    close(&slope, &gradient[8..]);
    Ok(())
}

#[test]
fn wrong_events_are_named_when_data_are_bound() -> anyhow::Result<()> {
    fn observed(p: &Tensor) {
        sample("p", ImproperUniform::new(constraints::simplex(), &[2], &[2]).obs(*p));
    }
    let bad = filled(vec![2, 2], vec![0.5, 0.5, 0.25, 0.5]);
    let text = Model::new(observed).bind(&bad).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(
        text.contains("site `p`: value: expected numbers not below 0 that sum to 1, found 0.25 at index [1]"),
        "{text}"
    );
    fn parameter(w: &Tensor) {
        let w = param("w", Initial::new(*w).constraint(constraints::simplex()));
        sample("x", Normal::new(w, 1.0));
    }
    assert!(Model::new(parameter).bind(&Array::from([0.5, 0.5])).is_ok());
    let text = Model::new(parameter).bind(&Array::from([0.5, 0.6])).err().map(|e| e.to_string());
    let text = text.unwrap_or_default();
    assert!(text.contains("expected numbers not below 0 that sum to 1"), "{text}");
    Ok(())
}

#[test]
fn an_event_that_its_bijection_cannot_fill_is_reported() {
    let found = errors(|| {
        sample("l", improper(constraints::corr_cholesky(), &[], &[2, 3]));
        sample("p", improper(constraints::simplex(), &[], &[0]));
        vec![Tensor::from(0.0)]
    });
    assert!(found.iter().any(|e| e.contains("site `l`")), "{found:?}");
    assert!(found.iter().any(|e| e.contains("site `p`")), "{found:?}");
}

#[test]
fn a_set_without_bijection_cannot_be_sampled() -> anyhow::Result<()> {
    fn direction(_: &()) {
        sample("d", improper(constraints::sphere(), &[], &[3]));
    }
    let bound = Model::new(direction).bind(&())?;
    let text = bound.potential_and_gradient(&[]).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(text.contains("no unconstrained coordinates: its support is a vector of length 1"), "{text}");
    Ok(())
}

#[derive(Tree, Clone)]
struct Rows<L: Leaf = Tensor> {
    y: L,
    covariance: L,
    weights: L,
    shares: L,
    keep: L,
}

/// Two rows, of which the second is masked: every value and parameter of it is wrong.
fn rows(second: [f64; 2]) -> Rows<Array> {
    let [good, bad] = second;
    Rows {
        y: filled(vec![2, 2], vec![0.5, -1.0, bad, 2.0]),
        covariance: filled(vec![2, 2, 2], vec![2.0, 0.5, 0.5, 1.0, 1.0, bad, bad, good]),
        weights: filled(vec![2, 3], vec![1.0, 2.0, 3.0, bad, 1.0, good]),
        shares: filled(vec![2, 3], vec![0.25, 0.25, 0.5, 0.5, bad, 0.5]),
        keep: Array::from([true, false]),
    }
}

fn masked(d: &Rows) {
    let loc = sample("loc", Normal::new([0.0, 0.0], 1.0).to_event(1));
    let scale = sample("scale", HalfNormal::new(1.0));
    plate("row", 2, |_| {
        handlers::mask(d.keep, || {
            let covariance = d.covariance * scale;
            sample("y", MultivariateNormal::from_covariance_matrix(loc, covariance).obs(d.y));
            sample("shares", Dirichlet::new(d.weights * scale).obs(d.shares));
        });
    });
}

#[test]
fn masked_events_reach_no_gradient() -> anyhow::Result<()> {
    let recorded = Model::new(masked);
    let position = [0.3, -0.2, 0.4];
    let (value, slope) = recorded.bind(&rows([1.0, 0.25]))?.potential_and_gradient(&position)?;
    assert!(value.is_finite() && slope.iter().all(|g| g.is_finite()), "{value} {slope:?}");
    // Not positive definite, negative, beside the simplex: without a mask each would be refused.
    let found = recorded.bind(&rows([-1.0, 1e9]))?.potential_and_gradient(&position)?;
    assert_eq!(found, (value, slope));
    Ok(())
}

/// Where the number of trials is no constant, draws are binomial ones, one outcome after another.
#[test]
fn counts_of_unknown_totals_have_their_means() {
    const N: usize = 4000;
    let found = evaluate(|| {
        let total = common::variable(&Array::from(7.0)).convert(DType::I64);
        let d = MultinomialProbs::new([0.2, 0.5, 0.3], total);
        let drawn = d.sample(Key::new(3), &[N]).unwrap_or_else(|| panic!("no draws"));
        vec![drawn.sum_axis(-1), drawn.convert(DType::F64).mean_axis(0)]
    });
    assert_eq!(found[0], filled(vec![N], vec![7i64; N]));
    for (mean, p) in found[1].to_f64_vec().iter().zip([0.2, 0.5, 0.3]) {
        // Five standard errors: a false alarm in three tests has probability 2e-6.
        let error = (7.0 * p * (1.0 - p) / N as f64).sqrt();
        assert!((mean - 7.0 * p).abs() < 5.0 * error, "{:?}", found[1]);
    }
}

#[test]
fn wrong_sizes_are_reported_where_distributions_are_made() {
    let square = || Tensor::zeros(&[2, 2]);
    let found = errors(|| {
        Dirichlet::new(1.0);
        MultinomialProbs::new(0.5, 3);
        MultivariateNormal::from_scale_tril([0.0; 3], square());
        MultivariateNormal::from_covariance_matrix(0.0, Tensor::zeros(&[2, 3]));
        MultivariateStudentT::new(3.0, [0.0; 3], square());
        LowRankMultivariateNormal::new([0.0; 3], square(), [1.0; 3]);
        LKJCholesky::new(1, 1.0);
        GaussianRandomWalk::new(1.0, 0);
        ZeroSumNormal::new([1.0, 2.0], &[2]);
        MixtureSameFamily::new(CategoricalProbs::new([0.5, 0.5]), Normal::new([0.0; 3], 1.0));
        MixtureGeneral::new(
            CategoricalProbs::new([0.5, 0.5]),
            [std::rc::Rc::new(Normal::new(0.0, 1.0)) as _],
        );
        TransformedDistribution::new(Normal::new(0.0, 1.0), [std::rc::Rc::new(transforms::Ordered) as _]);
        vec![Tensor::from(0.0)]
    });
    assert_eq!(found.len(), 12, "{found:#?}");
    assert!(found.iter().all(|e| e.contains("event_sites.rs")), "{found:#?}");
}

/// A value that no component can have, or a component without weight, leaves the gradients of the others alone.
#[test]
fn absent_components_reach_no_gradient() {
    let components = |loc: Tensor| -> [std::rc::Rc<dyn Distribution>; 2] {
        [std::rc::Rc::new(Normal::new(loc, 1.0)), std::rc::Rc::new(HalfNormal::new(0.3))]
    };
    let (density, slopes) = common::gradient(|| {
        let (loc, weights) =
            (common::variable(&Array::from(0.5)), common::variable(&Array::from([0.25, 0.75])));
        let x = common::variable(&Array::from(-1.0));
        let d = MixtureGeneral::new(CategoricalProbs::new(weights), components(loc))
            .support_of(constraints::real());
        (d.log_prob(x), vec![loc, x, weights])
    });
    let normal = -0.5 * 2.25 - 0.5 * (2.0 * std::f64::consts::PI).ln();
    close(&density.to_f64_vec(), &[0.25f64.ln() + normal]);
    close(&slopes[0].to_f64_vec(), &[-1.5]);
    close(&slopes[1].to_f64_vec(), &[1.5]);
    // ln(p₀ f / (p₀ + p₁)).
    close(&slopes[2].to_f64_vec(), &[3.0, -1.0]);

    let (density, slopes) = common::gradient(|| {
        let logits = common::variable(&Array::from([0.0, f64::NEG_INFINITY]));
        let loc = common::variable(&Array::from([0.0, 9.0]));
        let d = MixtureSameFamily::new(CategoricalLogits::new(logits), Normal::new(loc, 1.0));
        (d.log_prob(Tensor::from(1.0)), vec![loc])
    });
    close(&density.to_f64_vec(), &[-0.5 - 0.5 * (2.0 * std::f64::consts::PI).ln()]);
    close(&slopes[0].to_f64_vec(), &[1.0, 0.0]);
}

/// NumPyro's distribution functions of transformed values, falling transforms included.
#[test]
fn transformed_distribution_functions_follow_the_sign() {
    use std::rc::Rc;
    let found = evaluate(|| {
        let falling = || {
            TransformedDistribution::new(
                Normal::new(0.0, 1.0),
                [Rc::new(transforms::Affine::new(1.0, -2.0)) as _, Rc::new(transforms::Exp) as _],
            )
        };
        let d = falling();
        let q = Tensor::from([0.1, 0.5, 0.9]);
        let x = d.icdf(q).unwrap_or(q);
        let log_normal = LogNormal::new(1.0, 2.0);
        let [a, b] = [d.log_prob(x), log_normal.log_prob(x)];
        assert_eq!(d.support().describe(), "a positive number");
        vec![d.cdf(x).unwrap_or(q) - q, x - log_normal.icdf(q).unwrap_or(q), a - b]
    });
    for zero in found {
        close(&zero.to_f64_vec(), &[0.0; 3]);
    }
}

/// Parameters of transforms that differ within an event, and a transform that broadcasts its base.
#[test]
fn transforms_broadcast_and_span_events() {
    use std::rc::Rc;
    let found = evaluate(|| {
        let base = Normal::new([0.0, 0.0, 0.0], 1.0).to_event(1);
        let d =
            TransformedDistribution::new(base, [Rc::new(transforms::Affine::new([1.0, 2.0, 3.0], 2.0)) as _]);
        assert_eq!((d.batch_shape().as_deref(), d.event_shape().as_slice()), (Some(&[][..]), &[3][..]));
        let wide = TransformedDistribution::new(
            Normal::new(0.0, 1.0),
            [Rc::new(transforms::Affine::new([1.0, 2.0, 3.0], 2.0)) as _],
        );
        assert_eq!((wide.batch_shape().as_deref(), wide.event_shape().len()), (Some(&[3][..]), 0));
        let x = Tensor::from([0.5, 2.0, -1.0]);
        let drawn = wide.sample(Key::new(0), &[4]).unwrap_or(x);
        assert_eq!(drawn.dims().as_slice(), [4, 3]);
        let plain = Normal::new([1.0, 2.0, 3.0], 2.0).log_prob(x);
        vec![d.log_prob(x) - plain.sum(), (wide.log_prob(x) - plain).sum()]
    });
    for zero in found {
        close(&zero.to_f64_vec(), &[0.0]);
    }
}
