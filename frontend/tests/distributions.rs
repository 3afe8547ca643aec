//! Densities, gradients, supports and draws against NumPyro and mpmath (`tests/golden/numpyro_distributions.json`), in
//! the interpreter; and what goes wrong.
#![allow(clippy::panic, reason = "a test that cannot go on says why")]

mod common;

use std::{collections::BTreeMap, rc::Rc};

use common::{
    Within, array, assert_close, dims, errors, evaluate, filled, golden, gradient, list, number, numbers,
    text, variable,
};
use pyroxene_frontend::{
    Array, DType, Tensor, constraints,
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
use serde_json::Value;

type Params<T> = BTreeMap<String, T>;

fn params(case: &Value) -> Params<Array> {
    let of = case["params"].as_object().unwrap_or_else(|| panic!("{case}"));
    of.iter().map(|(name, value)| (name.clone(), array(value))).collect()
}

fn build(name: &str, p: &Params<Tensor>) -> Rc<dyn Distribution> {
    let p = |name: &str| p[name];
    match name {
        "Normal" => Rc::new(Normal::new(p("loc"), p("scale"))),
        "HalfNormal" => Rc::new(HalfNormal::new(p("scale"))),
        "Cauchy" => Rc::new(Cauchy::new(p("loc"), p("scale"))),
        "HalfCauchy" => Rc::new(HalfCauchy::new(p("scale"))),
        "Exponential" => Rc::new(Exponential::new(p("rate"))),
        "Uniform" => Rc::new(Uniform::new(p("low"), p("high"))),
        "BernoulliProbs" => Rc::new(BernoulliProbs::new(p("probs"))),
        "BernoulliLogits" => Rc::new(BernoulliLogits::new(p("logits"))),
        _ => panic!("no distribution `{name}`"),
    }
}

/// Integers where the support is discrete, as data come.
fn value(case: &Value, record: &Value) -> Array {
    let floats = array(record);
    if text(&case["support"]).starts_with("Boolean") { floats.convert(DType::I64) } else { floats }
}

/// The tensors of arrays broadcast to `dims`, each a variable of its own.
fn variables(p: &Params<Array>, dims: Option<&[usize]>) -> Params<Tensor> {
    let spread = |x: &Array| {
        let Some(dims) = dims else { return x.clone() };
        evaluate(|| vec![Tensor::from(x.clone()).broadcast_to(dims)]).swap_remove(0)
    };
    p.iter().map(|(name, x)| (name.clone(), variable(&spread(x)))).collect()
}

/// How exact a density is: a few roundings relative to its largest term; where it has one term only, that is relative
/// down to the subnormal numbers.
fn density_within(name: &str, p: &Params<Array>) -> Within {
    let magnitude = p.iter().filter(|(name, _)| *name != "loc").flat_map(|(_, x)| x.to_f64_vec());
    // ln(scale) and constants of the order of one may cancel with the rest.
    let terms = magnitude.map(|x| x.abs().ln().abs()).filter(|x| x.is_finite()).fold(1.0, f64::max);
    match name {
        "BernoulliProbs" | "BernoulliLogits" => Within { rel: 1e-15, abs: f64::MIN_POSITIVE },
        _ => Within { rel: 1e-15, abs: 4.0 * f64::EPSILON * terms },
    }
}

/// A derivative by a scale or rate is a difference of two terms, of which one is its inverse; others have one term.
fn slope_within(parameter: &str, p: &Params<Array>) -> Within {
    let inverse =
        |name: &str| p.get(name).map_or(0.0, |x| x.to_f64_vec().iter().fold(0.0, |m: f64, x| m.max(1.0 / x)));
    let abs = match parameter {
        "scale" | "rate" => 4.0 * f64::EPSILON * inverse(parameter),
        _ => f64::MIN_POSITIVE,
    };
    Within { rel: 2e-15, abs }
}

#[test]
fn densities_and_slopes_are_the_exact_ones() {
    let golden = golden("numpyro_distributions");
    let mut compared = 0;
    for case in list(&golden["cases"]) {
        let (name, p) = (text(&case["dist"]), params(case));
        for query in list(&case["log_prob"]) {
            let what = format!("{name} {}: {}", case["label"], query["value"]);
            let shape = dims(&query["log_prob"]["shape"]);
            let value = value(case, &query["value"]);
            let spread = evaluate(|| vec![Tensor::from(value.clone()).broadcast_to(&shape)]).swap_remove(0);
            let names: Vec<String> = p.keys().cloned().collect();
            let (density, slopes) = gradient(|| {
                let at =
                    if spread.dtype().is_float() { variable(&spread) } else { Tensor::from(spread.clone()) };
                let of = variables(&p, Some(&shape));
                let d = build(name, &of);
                let mut by: Vec<Tensor> = names.iter().map(|n| of[n]).collect();
                if spread.dtype().is_float() {
                    by.push(at);
                }
                (d.log_prob(at), by)
            });
            assert_eq!(density.dims(), shape, "{what}");
            let expected = numbers(&query["log_prob"]["values"]);
            assert_close(&what, &density.to_f64_vec(), &expected, density_within(name, &p));
            compared += expected.len();
            if case["validated"] == Value::Bool(false) {
                continue; // Infinite logits: outside the constraint, where a slope is a convention.
            }
            for (parameter, slope) in names.iter().map(String::as_str).chain(["value"]).zip(&slopes) {
                let expected = numbers(&query["grad"][parameter]["values"]);
                let within = slope_within(parameter, &p);
                assert_close((parameter, &what), &slope.to_f64_vec(), &expected, within);
            }
        }
    }
    assert!(compared > 150, "{compared}");
}

#[test]
fn parameters_and_values_broadcast() {
    let golden = golden("numpyro_distributions");
    let mut compared = 0;
    for case in list(&golden["cases"]) {
        let (name, p) = (text(&case["dist"]), params(case));
        for query in list(&case["log_prob"]) {
            let what = format!("{name} {}: {}", case["label"], query["value"]);
            let at = value(case, &query["value"]);
            let names: Vec<String> = p.keys().cloned().collect();
            let (density, slopes) = gradient(|| {
                let of = variables(&p, None);
                let d = build(name, &of);
                assert_eq!(d.batch_shape().as_deref(), Some(&dims(&case["batch_shape"])[..]), "{what}");
                (d.log_prob(Tensor::from(at)), names.iter().map(|n| of[n]).collect())
            });
            let expected = &query["log_prob"];
            assert_eq!(density.dims(), dims(&expected["shape"]), "{what}");
            assert_close(
                &what,
                &density.to_f64_vec(),
                &numbers(&expected["values"]),
                density_within(name, &p),
            );
            let Some(sums) = query["grad_of_sum"].as_object() else { continue };
            for (parameter, slope) in names.iter().zip(&slopes) {
                // A sum of a few terms that may cancel.
                let expected = numbers(&sums[parameter]["values"]);
                let terms = numbers(&query["grad"][parameter]["values"]);
                let abs = f64::EPSILON * terms.iter().map(|x| x.abs()).sum::<f64>();
                assert_close((parameter, &what), &slope.to_f64_vec(), &expected, Within { rel: 2e-15, abs });
                compared += 1;
            }
        }
    }
    assert!(compared >= 12, "{compared}");
}

#[test]
fn supports_end_where_numpyro_s_do() {
    let golden = golden("numpyro_distributions");
    for case in list(&golden["cases"]) {
        let name = text(&case["dist"]);
        let inside = value(case, &case["log_prob"][0]["value"]);
        let outside = case.get("outside_support").map(|o| value(case, &o["value"]));
        let found = evaluate(|| {
            let d = build(name, &variables(&params(case), None));
            let outside = outside.map(|x| {
                let x = Tensor::from(x);
                // Infinity is a positive number, but one without density.
                !d.support().check(x) | d.log_prob(x).equal(f64::NEG_INFINITY)
            });
            std::iter::once(d.support().check(Tensor::from(inside))).chain(outside).collect()
        });
        let holds = |x: &Array| x.as_slice::<bool>().map(<[bool]>::to_vec).unwrap_or_default();
        assert!(holds(&found[0]).iter().all(|x| *x), "{name} {}: {:?}", case["label"], found[0]);
        if let Some(outside) = found.get(1) {
            let outside = holds(outside);
            assert!(!outside.is_empty() && outside.iter().all(|x| *x), "{name}: {outside:?}");
        }
    }
}

#[test]
fn draws_are_numpyro_s() {
    let golden = golden("numpyro_distributions");
    for case in list(&golden["cases"]) {
        let (name, p, draws) = (text(&case["dist"]), params(case), &case["draws"]);
        let found = evaluate(|| {
            let d = build(name, &variables(&p, None));
            d.sample(Key::new(number(&draws["seed"]) as u64), &dims(&draws["sample_shape"]))
                .into_iter()
                .collect()
        });
        let what = format!("{name} {}", case["label"]);
        assert_eq!(found[0].dims(), dims(&draws["shape"]), "{what}");
        let discrete = text(&case["support"]).starts_with("Boolean");
        assert_eq!(found[0].dtype(), if discrete { DType::I64 } else { DType::F64 }, "{what}");
        assert_close(&what, &found[0].to_f64_vec(), &numbers(&draws["values"]), draw_within(name, &p));
    }
}

fn draw_within(name: &str, p: &Params<Array>) -> Within {
    let shift = ["loc", "low", "high"].iter().filter_map(|n| p.get(*n)).flat_map(|x| x.to_f64_vec());
    // Adding a location rounds to its precision, and XLA may fuse it with the product before.
    let abs = 2.0 * f64::EPSILON * shift.fold(0.0, |m: f64, x| m.max(x.abs()));
    let rel = match name {
        // XLA's `log-plus-one` and inverse error function; the tangent near its pole.
        "Exponential" => 5e-14,
        "Uniform" => 1e-15,
        "BernoulliProbs" | "BernoulliLogits" => 0.0,
        _ => 2e-14,
    };
    Within { rel, abs }
}

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
            d.sample(Key::new(number(&draws["seed"]) as u64), &dims(&draws["sample_shape"]))
                .into_iter()
                .collect()
        });
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
fn improper_uniform_and_unit_have_the_density_they_are_given() {
    let found = evaluate(|| {
        let flat = ImproperUniform::new(constraints::positive(), &[2], &[3]);
        assert_eq!(flat.support().event_dim(), 1);
        assert!(flat.sample(Key::new(0), &[]).is_none());
        let unit = Unit::new([0.5, -2.0]);
        assert_eq!(unit.event_shape().as_slice(), [0]);
        let nothing = || Tensor::from(Array::from(Vec::<f64>::new()));
        let drawn = unit.sample(Key::new(0), &[4]).unwrap_or_else(|| panic!("a draw"));
        assert_eq!(drawn.dims().as_slice(), [4, 2, 0]);
        vec![
            flat.log_prob(Tensor::from(1.0).broadcast_to(&[5, 2, 3])),
            flat.log_prob(Tensor::from(1.0).broadcast_to(&[3])),
            unit.log_prob(nothing()),
            unit.log_prob(drawn),
            unit.support().check(drawn),
        ]
    });
    assert_eq!(found[0], filled(vec![5, 2], vec![0.0; 10]));
    assert_eq!(found[1], Array::from([0.0, 0.0]));
    assert_eq!(found[2], Array::from([0.5, -2.0]));
    assert_eq!(found[3], filled(vec![4, 2], [0.5, -2.0].repeat(4)));
    assert_eq!(found[4], filled(vec![4, 2], vec![true; 8]));
}

#[test]
fn densities_and_draws_keep_single_precision() {
    let found = evaluate(|| {
        let p = |x: f32| Tensor::from(Array::from([x, x]));
        let make: [Rc<dyn Distribution>; 8] = [
            Rc::new(Normal::new(0.0, p(1.0))),
            Rc::new(HalfNormal::new(p(1.0))),
            Rc::new(Cauchy::new(p(0.0), 1.0)),
            Rc::new(HalfCauchy::new(p(1.0))),
            Rc::new(Exponential::new(p(1.0))),
            Rc::new(Uniform::new(0.0, p(2.0))),
            Rc::new(BernoulliProbs::new(p(1.0))),
            Rc::new(BernoulliLogits::new(p(1.0))),
        ];
        let one = |d: &Rc<dyn Distribution>| Tensor::from(1i64).convert(d.dtype());
        make.iter().flat_map(|d| [Some(d.log_prob(one(d))), d.sample(Key::new(1), &[3])]).flatten().collect()
    });
    assert_eq!(found.len(), 16);
    for (i, pair) in found.chunks_exact(2).enumerate() {
        assert_eq!(pair[0].dtype(), DType::F32, "density {i}");
        assert!(pair[0].to_f64_vec().iter().all(|x| x.is_finite()), "density {i}");
        let discrete = i >= 6;
        assert_eq!(pair[1].dtype(), if discrete { DType::I64 } else { DType::F32 }, "draw {i}");
        assert_eq!(pair[1].dims(), [3, 2], "draw {i}");
    }
}

#[test]
fn a_truth_value_can_be_observed_in_any_element_type() {
    let found = evaluate(|| {
        let values = [Array::from([false, true]), Array::from([0i64, 1]), Array::from([0.0, 1.0])];
        let of = |v: Array| {
            let v = Tensor::from(v);
            [BernoulliProbs::new(0.25).log_prob(v), BernoulliLogits::new(-1.5).log_prob(v)]
        };
        values.into_iter().flat_map(of).collect()
    });
    for i in 2..6 {
        assert_eq!(found[i], found[i - 2], "{i}");
    }
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

#[test]
fn parameters_that_do_not_broadcast_have_no_batch() {
    evaluate(|| {
        assert_eq!(Normal::new([0.0, 0.0], [1.0, 1.0, 1.0]).batch_shape(), None);
        assert_eq!(Uniform::new([0.0, 0.0], [1.0, 1.0, 1.0]).batch_shape(), None);
        let wrapped = Normal::new([0.0, 0.0], [1.0, 1.0, 1.0]);
        assert_eq!(Masked::new(wrapped, true).batch_shape(), None);
        vec![Tensor::from(0.0)]
    });
}

#[test]
fn parameters_carry_numpyro_s_names_and_constraints() {
    let expected: [(&str, &[(&str, &str)]); 8] = [
        ("Normal", &[("loc", "a finite number"), ("scale", "a positive number")]),
        ("HalfNormal", &[("scale", "a positive number")]),
        ("Cauchy", &[("loc", "a finite number"), ("scale", "a positive number")]),
        ("HalfCauchy", &[("scale", "a positive number")]),
        ("Exponential", &[("rate", "a positive number")]),
        ("Uniform", &[("low", "a finite number"), ("high", "a number greater than `low`")]),
        ("BernoulliProbs", &[("probs", "a number from 0 to 1")]),
        ("BernoulliLogits", &[("logits", "a finite number")]),
    ];
    evaluate(|| {
        let p = ["loc", "scale", "rate", "low", "high", "probs", "logits"];
        let p: Params<Tensor> = p.iter().map(|n| ((*n).to_string(), Tensor::from(0.5))).collect();
        for (name, list) in expected {
            let d = build(name, &p);
            assert_eq!(d.name(), name);
            let found: Vec<_> = d.params().iter().map(|p| (p.name, p.constraint.describe())).collect();
            let list: Vec<_> = list.iter().map(|(n, c)| (*n, (*c).to_string())).collect();
            assert_eq!(found, list, "{name}");
        }
        vec![Tensor::from(0.0)]
    });
}
