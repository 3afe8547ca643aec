//! Expanded, independent and masked distributions against NumPyro (`tests/golden/numpyro_distributions.json`), in the
//! interpreter; and what wrong ones report.
#![allow(clippy::panic, reason = "a test that cannot go on says why")]

mod common;

use std::rc::Rc;

use common::{
    Params, Within, array, assert_close, dims, draw_within, errors, evaluate, filled, golden, gradient, list,
    number, numbers, params, text, variable, variables,
};
use pyroxene_frontend::{
    Array, Tensor, constraints,
    distributions::*,
    handlers::seed,
    primitives::{Plate, sample},
    random::Key,
    record,
};
use pyroxene_ir::{
    eval::eval,
    passes::{self, Query},
    shape,
};

/// The wrapped distribution that a label of the golden file writes in Python.
fn wrapped(label: &str, p: &Params<Tensor>) -> Rc<dyn Distribution> {
    let get = |name: &str| p.get(name).copied();
    let one = || Tensor::from(1.0);
    let loc = get("loc").unwrap_or_else(|| Tensor::from(0.0));
    let normal = Normal::new(loc, get("scale").unwrap_or_else(one));
    let half_normal = HalfNormal::new(get("scale").unwrap_or_else(one));
    let some = || Tensor::from(Array::from([true, false, true]));
    match label {
        "Normal(loc, scale).expand([3])" => Rc::new(normal.expand(&[3])),
        "Normal(loc, scale).expand([2, 3])" | "Normal(loc, 1).expand([2, 3]), loc [2, 1]" => {
            Rc::new(normal.expand(&[2, 3]))
        }
        "Normal(loc, 1).expand([3, 2, 4]), loc [1, 2, 1]" => Rc::new(normal.expand(&[3, 2, 4])),
        "Normal(loc, 1).expand([2, 3]).expand([4, 2, 3]), loc [2, 1]" => {
            Rc::new(normal.expand(&[2, 3]).expand(&[4, 2, 3]))
        }
        "Normal(loc, 1).expand([2, 3]).to_event(1), loc [2, 1]"
        | "Normal(loc, scale).expand([2, 3]).to_event(1)" => Rc::new(normal.expand(&[2, 3]).to_event(1)),
        "Normal(loc, scale).to_event(1)" => Rc::new(normal.to_event(1)),
        "Normal(loc, scale).expand([3]).to_event(1)" => Rc::new(normal.expand(&[3]).to_event(1)),
        "Normal(loc, scale).expand([2, 3]).to_event(2)" => Rc::new(normal.expand(&[2, 3]).to_event(2)),
        "Normal(loc, scale).to_event(1).expand([2])" => Rc::new(normal.to_event(1).expand(&[2])),
        "Normal(loc, scale).mask([T, F, T])"
        | "Normal(loc, scale).mask([T, F, T]), scalar loc and scale"
        | "Normal(loc, scale).mask([T, F, T]), nan where masked" => Rc::new(normal.mask(some())),
        "Normal(loc, scale).mask([[T, F, T], [F, F, T]])" => {
            let mask = filled(vec![2, 3], vec![true, false, true, false, false, true]);
            Rc::new(normal.mask(mask))
        }
        "Normal(loc, scale).mask(False)" => Rc::new(normal.mask(false)),
        "Normal(loc, scale).mask(True)" => Rc::new(normal.mask(true)),
        "HalfNormal(scale).mask([T, F, T]), out of support where masked" => Rc::new(half_normal.mask(some())),
        "Normal(loc, scale).expand([2, 3]).to_event(1).mask([T, F])" => {
            Rc::new(normal.expand(&[2, 3]).to_event(1).mask(Array::from([true, false])))
        }
        _ => panic!("no wrapper `{label}`"),
    }
}

#[test]
fn wrappers_are_numpyro_s() {
    let golden = golden("numpyro_distributions");
    for case in list(&golden["wrappers"]) {
        let (label, p) = (text(&case["label"]), params(case));
        let names: Vec<String> = p.keys().cloned().collect();
        for query in list(&case["log_prob"]) {
            let what = format!("{label} at {}", query["value"]);
            let (density, slopes) = gradient(|| {
                let (of, at) = (variables(&p, None), variable(&array(&query["value"])));
                let d = wrapped(label, &of);
                assert_eq!(d.batch_shape().as_deref(), Some(&dims(&case["batch_shape"])[..]), "{what}");
                assert_eq!(d.event_shape().as_slice(), dims(&case["event_shape"]), "{what}");
                assert_eq!(d.support().event_dim(), number(&case["event_dim"]) as usize, "{what}");
                let mut by: Vec<Tensor> = names.iter().map(|n| of[n]).collect();
                by.push(at);
                (d.log_prob(at), by)
            });
            // Sums of a few terms of the order of ten.
            let within = Within { rel: 1e-15, abs: 1e-14 };
            assert_eq!(density.dims(), dims(&query["log_prob"]["shape"]), "{what}");
            assert_close(&what, &density.to_f64_vec(), &numbers(&query["log_prob"]["values"]), within);
            for (parameter, slope) in names.iter().map(String::as_str).chain(["value"]).zip(&slopes) {
                let expected = &query["grad_of_sum"][parameter];
                assert_eq!(slope.dims(), dims(&expected["shape"]), "{what}: {parameter}");
                assert_close((parameter, &what), &slope.to_f64_vec(), &numbers(&expected["values"]), within);
            }
        }
        let draws = &case["draws"];
        let found = evaluate(|| {
            let d = wrapped(label, &variables(&p, None));
            let drawn = d.sample(Key::new(number(&draws["seed"]) as u64), &dims(&draws["sample_shape"]));
            [drawn, d.mean(), d.variance()].into_iter().flatten().collect()
        });
        for (key, found) in ["mean", "variance"].into_iter().zip(&found[1..]) {
            assert_eq!(found.dims(), dims(&case[key]["shape"]), "{label}: {key}");
            assert_eq!(found.to_f64_vec(), numbers(&case[key]["values"]), "{label}: {key}");
        }
        assert_eq!(found.len(), 3, "{label}");
        assert_eq!(found[0].dims(), dims(&draws["shape"]), "{label}");
        assert_close(label, &found[0].to_f64_vec(), &numbers(&draws["values"]), draw_within("Normal", &p));
    }
}

#[test]
fn draws_expand_through_every_wrapper_as_one_expansion() {
    let loc = filled(vec![2, 1, 1], vec![-1.0, 4.0]);
    let found = evaluate(|| {
        let key = Key::new(11);
        let base = Normal::new(Tensor::from(loc), 1.0);
        let direct = base.expand(&[2, 3, 4]);
        let twice = base.expand(&[2, 1, 4]).expand(&[2, 3, 4]);
        let shared: Rc<dyn Distribution> = Rc::new(base.expand(&[2, 1, 4]));
        let event = base.expand(&[2, 1, 4]).to_event(1).expand(&[2, 3]);
        let draws = [
            direct.sample(key, &[5]),
            twice.sample(key, &[5]),
            shared.expand(&[2, 3, 4]).sample(key, &[5]),
            event.sample(key, &[5]),
        ];
        draws.into_iter().flatten().collect()
    });
    assert_eq!(found.len(), 4);
    assert_eq!(found[0].dims(), [5, 2, 3, 4]);
    for other in &found[1..] {
        assert_eq!(other, &found[0]);
    }
}

#[test]
fn plates_expand_as_one_expansion() {
    let loc = filled(vec![1, 2, 1], vec![-1.0, 4.0]);
    let found = evaluate(|| {
        let base = Normal::new(Tensor::from(loc), 1.0);
        let (rows, columns) = (Plate::new("rows", 3).dim(-3), Plate::new("columns", 4).dim(-1));
        let inside = seed(5, || rows.run(|_| columns.run(|_| sample("x", base))));
        let [_, key] = Key::new(5).split();
        [Some(inside), base.expand(&[3, 2, 4]).sample(key, &[])].into_iter().flatten().collect()
    });
    assert_eq!(found[0].dims(), [3, 2, 4]);
    assert_eq!(found[0], found[1]);
}

#[test]
fn a_masked_value_inside_a_wrapper_reaches_no_gradient() {
    let (density, slopes) = gradient(|| {
        let scale = variable(&Array::from([1.0, 2.0]));
        let at = variable(&Array::from([f64::NAN, 3.0]));
        let d = Normal::new(0.0, scale).mask(Array::from([false, true])).to_event(1);
        assert!(d.masked().is_none());
        (d.log_prob(at), vec![at, scale])
    });
    assert_close(
        "density",
        &density.to_f64_vec(),
        &[-1.125 - 2f64.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln()],
        Within { rel: 1e-15, abs: 0.0 },
    );
    assert_eq!(slopes[0], Array::from([0.0, -0.75]));
    assert_eq!(slopes[1], Array::from([0.0, 0.625]));
}

#[test]
fn a_masked_bound_of_uniform_reaches_no_gradient() {
    let graph = record(|| {
        let x = sample("x", Normal::new(0.0, 1.0));
        let low = Tensor::from(Array::from([true, false])).select(x, f64::NAN);
        let y = Tensor::from([2.0, f64::NAN]);
        sample("y", Uniform::new(low, [3.0, 3.0]).mask(Array::from([true, false])).obs(y));
        Vec::new()
    })
    .unwrap_or_else(|e| panic!("{e}"));
    let pure =
        passes::run(&graph, Query::PotentialAndGradient, &mut |_, _| {}).unwrap_or_else(|e| panic!("{e}"));
    let found = eval(&pure, &[Array::from([0.5])]).unwrap_or_else(|e| panic!("{e}"));
    let normal = 0.125 + 0.5 * (2.0 * std::f64::consts::PI).ln();
    let within = Within { rel: 1e-15, abs: 0.0 };
    assert_close("potential", &found[0].to_f64_vec(), &[normal + 2.5f64.ln()], within);
    assert_close("gradient", &found[1].to_f64_vec(), &[0.5 - 1.0 / 2.5], within);
}

#[test]
fn masks_of_masked_distributions_must_all_hold() {
    let found = evaluate(|| {
        let d = Normal::new([0.0, 0.0, 0.0], 1.0)
            .mask(Array::from([true, false, true]))
            .mask(Array::from([true, true, false]))
            .expand(&[2, 3]);
        let (base, mask) = d.masked().unwrap_or_else(|| panic!("a mask"));
        assert!(base.masked().is_none());
        assert_eq!(base.batch_shape().as_deref(), Some(&[2, 3][..]));
        vec![mask, d.log_prob(Tensor::from(0.0))]
    });
    assert_eq!(found[0], Array::from([true, false, false]));
    let normal = -0.5 * (2.0 * std::f64::consts::PI).ln();
    assert_eq!(found[1], filled(vec![2, 3], [normal, 0.0, 0.0].repeat(2)));
}

#[test]
fn parameters_of_an_event_span_it() {
    evaluate(|| {
        let d = Normal::new([0.0, 1.0, 2.0], 1.0).to_event(1);
        let spans: Vec<usize> = d.params().iter().map(|p| p.constraint.event_dim()).collect();
        assert_eq!(spans, [1, 1]);
        assert_eq!(d.name(), "Normal.to_event(1)");
        vec![Tensor::from(0.0)]
    });
}

#[test]
fn wrong_wrappers_are_reported_at_the_caller_and_stay_usable() {
    type Make = fn() -> Rc<dyn Distribution>;
    let cases: Vec<(&str, Make)> = vec![
        ("Normal.expand: found shape [2, 4], expected a shape that its batch [3] broadcasts to", || {
            Rc::new(Normal::new([0.0, 0.0, 0.0], 1.0).expand(&[2, 4]))
        }),
        ("Normal.expand: found shape [], expected a shape that its batch [3] broadcasts to", || {
            Rc::new(Normal::new([0.0, 0.0, 0.0], 1.0).expand(&[]))
        }),
        ("HalfNormal.to_event(2): found shape [2], expected a batch of at least 2 dimensions", || {
            Rc::new(HalfNormal::new([1.0, 2.0]).to_event(2))
        }),
        ("mask: shapes [2] and [3] do not broadcast", || {
            Rc::new(Normal::new([0.0, 0.0, 0.0], 1.0).mask(Array::from([true, false])))
        }),
        ("`mask` needs truth values, found f64[3]; help: compare first", || {
            Rc::new(Normal::new([0.0, 0.0, 0.0], 1.0).mask([1.0, 0.0, 1.0]))
        }),
        ("the event shape of ImproperUniform: found shape [], expected at least 1 dimensions", || {
            Rc::new(ImproperUniform::new(constraints::independent(constraints::real(), 1), &[2], &[]))
        }),
    ];
    for (expected, make) in cases {
        let found = errors(|| {
            let d = make();
            let batch = d.batch_shape().unwrap_or_default();
            let whole = shape::broadcast(&batch, &[1]).unwrap_or_default();
            vec![d.log_prob(Tensor::from(0.5).broadcast_to(&whole))]
        });
        assert_eq!(found.len(), 1, "{expected}: {found:?}");
        assert!(found[0].contains(expected), "expected `{expected}`, found `{}`", found[0]);
        assert!(found[0].starts_with(file!()), "{}", found[0]);
    }
}

#[test]
fn an_error_in_a_parameter_is_reported_once() {
    let found = errors(|| {
        let wrong = Tensor::from([0.0, 1.0]) + Tensor::from([0.0, 1.0, 2.0]);
        vec![Normal::new(wrong, 1.0).expand(&[4]).to_event(2).mask(true).log_prob(Tensor::from(0.0))]
    });
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("do not broadcast"), "{found:?}");
}
