//! What distributions report of wrong parameters: one error each, at the line that made them, and nothing worse.
#![allow(clippy::panic, reason = "a test that cannot go on says why")]

mod common;

use common::errors;
use pyroxene_frontend::{Tensor, distributions::*, primitives::sample};

/// The errors of a model with one site.
fn of<D: Distribution>(make: impl FnOnce() -> D) -> Vec<String> {
    errors(|| vec![sample("x", make())])
}

#[test]
fn wrong_parameters_are_reported_where_they_are_given() {
    let cases: [(&str, Vec<String>); 9] = [
        ("categories of a scalar", of(|| CategoricalProbs::new(0.5))),
        ("categories of a scalar of logits", of(|| CategoricalLogits::new(0.5))),
        ("cutpoints that are one number", of(|| OrderedLogistic::new(0.0, 1.0))),
        ("extra zeros of a number that is no count", of(|| ZeroInflated::probs(Normal::new(0.0, 1.0), 0.5))),
        ("a hurdle before vectors", of(|| Hurdle::probs(Normal::new([0.0, 1.0], 1.0).to_event(1), 0.5))),
        ("a count without sign", of(|| Folded::new(Poisson::new(1.0)))),
        ("more event dimensions than there are", of(|| Delta::new([0.0, 1.0]).event_dim(2))),
        (
            "bounds that do not broadcast",
            of(|| TruncatedNormal::new(0.0, 1.0).low([0.0, 1.0]).high([2.0, 3.0, 4.0])),
        ),
        ("parameters that do not broadcast", of(|| BinomialProbs::new([0.1, 0.2], [3.0, 4.0, 5.0]))),
    ];
    for (what, errors) in cases {
        assert_eq!(errors.len(), 1, "{what}: {errors:?}");
        assert!(errors[0].contains("wrong_distributions.rs"), "{what}: {errors:?}");
    }
}

#[test]
fn integers_stand_for_real_parameters() {
    let found = common::evaluate(|| {
        let half = Gamma::new(1, 2).mean().unwrap_or_else(|| panic!("a mean"));
        let density = |d: &dyn Distribution| d.log_prob(Tensor::from(0.25));
        vec![half, density(&Beta::new(2, 3)), density(&Beta::new(2.0, 3.0))]
    });
    assert_eq!(found[0].to_f64_vec(), [0.5]);
    assert_eq!(found[1], found[2]);
}
