//! What a user may do wrong without aborting, hanging or silently getting another model: one test a mechanism.

#![allow(clippy::panic, reason = "a test stops at the first surprise")]

use std::{rc::Rc, sync::OnceLock};

use pyroxene_frontend::{
    DType, Dims, Error, Model, Program, TraceErrors,
    handlers::{Handler, Message, run, seed},
    prelude::*,
    primitives::Plate,
    record,
};
use pyroxene_ir::{
    eval::eval,
    passes::{Query, checks},
};

/// What recording `f` says.
fn said<R>(f: impl FnOnce() -> R) -> String {
    let recorded = Program::trace(
        |_: &()| {
            f();
        },
        &(),
    );
    match recorded {
        Ok(program) => panic!("recorded without an error:\n{}", program.graph()),
        Err(errors) => errors.to_string(),
    }
}

fn assert_says<R>(what: &str, f: impl FnOnce() -> R) {
    let found = said(f);
    assert!(found.contains(what) && found.contains(file!()), "expected `{what}`, found `{found}`");
}

/// A distribution whose density is `log_prob`, with this batch.
struct Own<F>(Vec<usize>, F);

impl<F: Fn(Tensor) -> Tensor + 'static> Distribution for Own<F> {
    fn name(&self) -> String {
        "Own".into()
    }
    fn params(&self) -> Vec<Param> {
        vec![]
    }
    fn support(&self) -> Support {
        constraints::real()
    }
    fn batch_shape(&self) -> Option<Dims> {
        Some(Dims::from_slice(&self.0))
    }
    fn log_prob(&self, value: Tensor) -> Tensor {
        (self.1)(value)
    }
    fn sample(&self, key: Key, shape: &[usize]) -> Option<Tensor> {
        let dims = [shape, &self.0].concat();
        Some(random::normal(key, &dims, DType::F64))
    }
}

#[test]
fn no_site_is_lost_in_silence() {
    let none = || Tensor::stack(&[]);
    assert_says("`stack` of no tensors", || factor("f", none()));
    assert_says("a primitive is called inside a distribution's method", || {
        sample("x", Own(vec![], |x: Tensor| x + sample("inner", Normal::new(0.0, 1.0))));
    });
    struct Forgets;
    impl Handler for Forgets {
        fn process(&self, message: &mut Message) {
            message.distribution = None;
        }
    }
    assert_says("sample: the value is missing", || {
        run(Rc::new(Forgets), || sample("x", Normal::new(0.0, 1.0)));
    });
}

#[test]
fn a_density_that_sums_over_its_batch_is_refused() {
    assert_says("`log_prob` of Own: found shape [], expected [3]", || {
        sample("x", Own(vec![3], |x: Tensor| x.square().sum()));
    });
    assert_says("`log_prob` of Own: found shape [2], expected []", || {
        sample("x", Own(vec![], |x: Tensor| x * Tensor::from([1.0, 2.0])));
    });
    // One that does not read the value counts for each element.
    let constant = |_: &()| {
        sample("x", Own(vec![3], |_| Tensor::from(-1.0)));
    };
    assert!(Program::trace(constant, &()).is_ok());
}

#[test]
fn an_observation_does_not_stretch_an_event() {
    assert_says("the observed value: found shape [3]", || {
        sample("x", Normal::new([0.0], 1.0).to_event(1).obs([1.0, 2.0, 3.0]));
    });
}

#[test]
fn endless_recursion_is_an_error() {
    struct Calls;
    impl Handler for Calls {
        fn process(&self, _message: &mut Message) {
            sample("again", Normal::new(0.0, 1.0));
        }
    }
    assert_says("nested 64 deep", || {
        run(Rc::new(Calls), || sample("x", Normal::new(0.0, 1.0)));
    });

    static ITSELF: OnceLock<Model<()>> = OnceLock::new();
    let model = ITSELF.get_or_init(|| {
        Model::new(|_: &()| {
            let inner = ITSELF.get().map(|m| m.trace(&()).map(|_| ()));
            let text = inner.and_then(Result::err).map(|e: Error| e.to_string()).unwrap_or_default();
            assert!(text.contains("traces or binds its own model") && text.contains(file!()), "{text}");
            sample("x", Normal::new(0.0, 1.0));
        })
    });
    assert!(model.trace(&()).is_ok());
}

#[test]
fn sizes_that_cannot_exist_are_errors() {
    let large = "has more than 2^40 bytes";
    assert_says(large, || Tensor::full(&[usize::MAX, 2], 0.0));
    assert_says(large, || Tensor::full(&[0, usize::MAX], 0.0));
    assert_says(large, || Tensor::arange(1 << 40));
    assert_says(large, || random::bits(Key::new(0), &[1 << 40], DType::U64));
    assert_says(large, || {
        let empty = Tensor::full(&[0, 1 << 62], 1.0);
        Tensor::concatenate(&[empty, empty]);
    });
    assert_says(large, || plate("p", usize::MAX, |_| ()));
    assert_says(large, || {
        plate("p", 1 << 33, |_| plate("q", 1 << 33, |_| sample("x", Normal::new(0.0, 1.0))));
    });
    assert_says("position 9223372036854775807 of dimension 0, which has size 1", || {
        Tensor::from([1.0]).at(usize::MAX)
    });
    for dim in [isize::MIN, -1_000_000_000, 0] {
        assert_says(&format!("dim {dim} of a plate"), || {
            Plate::new("p", 2).dim(dim).run(|_| ());
        });
    }
}

#[test]
fn checks_of_data_compute_nothing_else() -> anyhow::Result<()> {
    // 512 GiB of indices, which no check reads.
    let program = Program::trace(|_: &()| plate("p", 1 << 36, |_| ()), &())?;
    assert!(eval(&checks(program.graph())?.graph, &[])?.is_empty());
    Ok(())
}

#[test]
fn literals_do_not_wrap() {
    let unsigned = || Tensor::from(Array::from([1u32]));
    assert_says("the literal -1 is no u32", || unsigned().greater(-1i64));
    assert_says("the literal 1099511627776 is no i32", || {
        Tensor::from(Array::from([1i32])).less(1i64 << 40);
    });
    assert_says("is no i64", || Tensor::from(usize::MAX));
    let fits = record(|| vec![unsigned() + 1i64, unsigned().less(4_000_000_000i64), unsigned() * 0.5]);
    assert!(fits.is_ok(), "{fits:?}");
}

#[test]
fn keys_are_keys() {
    let draw = |key: Array| move || random::normal(Key::from(key), &[2], DType::F64);
    assert_says("a key of type u32[3], expected u32[2]", draw(Array::from([1u32, 2, 3])));
    assert_says("a key of type f64[], expected u32[2]", draw(Array::from(1.0)));
    assert_says("a key of type f64[], expected u32[2]", || {
        seed(Key::from(Tensor::from(1.0)), || sample("x", Normal::new(0.0, 1.0)));
    });
}

#[test]
fn sites_may_differ_in_element_type() -> anyhow::Result<()> {
    let model = |_: &()| {
        let x = sample("x", HalfNormal::new(Array::from(2f32)));
        let y = sample("y", Normal::new(x, 1.0));
        sample("z", Normal::new(y, 1.0).obs(Array::from(0.5f32)));
        sample("b", BernoulliProbs::new(0.25).obs(Array::from(1f32)));
    };
    let program = Program::trace(model, &())?;
    let ask = |query, args: &[Array]| -> anyhow::Result<Vec<Array>> {
        Ok(eval(&program.resolve(query, &mut |_, _| {})?, args)?)
    };
    let u = [0.25f64, -0.5];
    let found = ask(Query::PotentialAndGradient, &[Array::from(u)])?;
    let (x, y) = (u[0].exp(), u[1]);
    let normal = |r: f64, s: f64| -0.5 * (r / s).powi(2) - s.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln();
    let density =
        normal(x, 2.0) + 2f64.ln() + u[0] + normal(y - x, 1.0) + normal(0.5 - y, 1.0) + 0.25f64.ln();
    // Single precision in two of the terms.
    assert!((found[0].to_f64_vec()[0] + density).abs() < 1e-6, "{found:?} against {density}");
    let slope = [x * x / 4.0 - 1.0 - (y - x) * x, (y - x) - (0.5 - y)];
    for (g, s) in found[1].to_f64_vec().iter().zip(slope) {
        assert!((g - s).abs() < 1e-6, "{found:?} against {slope:?}");
    }
    let values = ask(Query::Constrain, &[Array::from(u)])?;
    let back = ask(Query::Unconstrain, &values)?[0].to_f64_vec();
    assert!(back.iter().zip(u).all(|(a, b)| (a - b).abs() < 1e-6), "{back:?}");
    Ok(())
}

#[test]
fn values_given_on_the_edge_of_a_support_have_their_density() -> anyhow::Result<()> {
    let model = |_: &()| {
        let p = sample("p", Uniform::new(0.0, 1.0));
        sample("x", Normal::new(p, 1.0));
    };
    let program = Model::new(model).trace(&())?.condition(&["p"])?;
    let bound = program.bind(&(), &pyroxene_runtime::default_backend()?)?;
    // From an edge back inside: pinned coordinates and their compiled potential are used again.
    for p in [0.5, 0.0, 1.0, -0.0, 0.5] {
        let (value, gradient) = bound.given(&[("p", Array::from(p))])?.potential_and_gradient(&[0.25])?;
        let expected = 0.5 * (0.25 - p) * (0.25 - p) + 0.5 * (2.0 * std::f64::consts::PI).ln();
        assert!(
            (value - expected).abs() < 1e-14 && (gradient[0] - (0.25 - p)).abs() < 1e-14,
            "p = {p}: {value}"
        );
    }
    Ok(())
}

#[test]
fn a_panic_in_a_model_leaves_nothing_behind() {
    let panics = || record(|| -> Vec<Tensor> { panic!("the user's") });
    assert!(std::panic::catch_unwind(panics).is_err());
    let after: Result<_, TraceErrors> = record(|| vec![Tensor::from(1.0)]);
    assert!(after.is_ok());
}
