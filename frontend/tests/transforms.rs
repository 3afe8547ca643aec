//! Constraints and the bijections onto them against NumPyro and mpmath (`tests/golden/transforms.json`).
#![allow(clippy::panic, reason = "a test that cannot go on says why")]

mod common;

use std::rc::Rc;

use common::{
    Within, array, assert_close, dims, errors, evaluate, filled, golden, gradient, list, number, numbers,
    text, variable,
};
use pyroxene_frontend::{
    Array, DType, Tensor,
    constraints::{self, Support},
    transforms::{Affine, Compose, Exp, Identity, Independent, Sigmoid, Transform},
};
use serde_json::Value;

fn support(case: &Value) -> Support {
    let bound = |key: &str| match &case[key] {
        Value::Object(_) => Tensor::from(array(&case[key])),
        value => Tensor::from(number(value)),
    };
    match text(&case["constraint"]) {
        "real" => constraints::real(),
        "positive" => constraints::positive(),
        "nonnegative" => constraints::nonnegative(),
        "greater_than" => constraints::greater_than(bound("lower")),
        "greater_than_eq" => constraints::greater_than_eq(bound("lower")),
        "less_than" => constraints::less_than(bound("upper")),
        "unit_interval" => constraints::unit_interval(),
        "interval" => constraints::interval(bound("lower"), bound("upper")),
        "open_interval" => constraints::open_interval(bound("lower"), bound("upper")),
        "independent(positive, 1)" => constraints::independent(constraints::positive(), 1),
        other => panic!("no constraint `{other}`"),
    }
}

fn bijector(case: &Value) -> Rc<dyn Transform> {
    support(case).bijector().unwrap_or_else(|| panic!("{case}: no bijection"))
}

/// The magnitude of the bounds: shifting by them rounds to their precision.
fn magnitude(case: &Value) -> f64 {
    ["lower", "upper"].iter().filter_map(|key| case[key].as_f64()).fold(0.0, |m, x| m.max(x.abs()))
}

#[test]
fn maps_and_jacobians_are_the_exact_ones() {
    let golden = golden("transforms");
    let points = Array::from(numbers(&golden["unconstrained"]));
    for case in list(&golden["cases"]) {
        let what = format!("{} {} {}", case["constraint"], case["lower"], case["upper"]);
        let (y, slope) = gradient(|| {
            let u = variable(&points);
            (bijector(case).forward(u), vec![u])
        });
        let (log_det, log_slope) = gradient(|| {
            let u = variable(&points);
            let t = bijector(case);
            (t.log_abs_det_jacobian(u, t.forward(u)), vec![u])
        });
        let bounds = magnitude(case);
        // A few roundings of the map, then one of the shift.
        let within = Within { rel: 1e-15, abs: f64::EPSILON * bounds };
        assert_close((&what, "forward"), &y.to_f64_vec(), &numbers(&case["forward"]["values"]), within);
        // The slope s (1 − s) of the logistic function is as exact as 1 − s: to the precision of one.
        let span = (number_or(&case["upper"], 1.0) - number_or(&case["lower"], 0.0)).abs();
        let logistic = text(&case["constraint"]).contains("interval");
        let abs = if logistic { f64::EPSILON * span } else { 0.0 };
        let within = Within { rel: 1e-14, abs };
        assert_close(
            (&what, "slope"),
            &slope[0].to_f64_vec(),
            &numbers(&case["forward_grad"]["values"]),
            within,
        );
        // Sums of terms of the order of one, and of ln(high − low).
        let within = Within { rel: 1e-15, abs: f64::EPSILON * (2.0 + span.max(1.0).ln()) };
        let expected = numbers(&case["log_abs_det_jacobian"]["values"]);
        assert_close((&what, "log det"), &log_det.to_f64_vec(), &expected, within);
        let expected = numbers(&case["log_abs_det_jacobian_grad"]["values"]);
        assert_close((&what, "slope of log det"), &log_slope[0].to_f64_vec(), &expected, within);
    }
}

fn number_or(value: &Value, default: f64) -> f64 {
    value.as_f64().unwrap_or(default)
}

#[test]
fn inverses_are_the_exact_ones() {
    let golden = golden("transforms");
    for case in list(&golden["cases"]) {
        let constrained = Array::from(numbers(&case["inverse"]["constrained"]));
        let found = evaluate(|| {
            let y = Tensor::from(constrained);
            vec![bijector(case).inverse(y)]
        });
        // The logarithm of a quotient near one is known to the precision of one.
        let within = Within { rel: 1e-15, abs: 2.0 * f64::EPSILON };
        assert_close(case, &found[0].to_f64_vec(), &numbers(&case["inverse"]["values"]), within);
    }
}

#[test]
fn bounds_and_events_broadcast() {
    let golden = golden("transforms");
    for case in list(&golden["batched"]) {
        let u = array(&case["unconstrained"]);
        let found = evaluate(|| {
            let t = bijector(case);
            let u = Tensor::from(u);
            let y = t.forward(u);
            assert_eq!(t.inverse_dims(&y.dims()), u.dims());
            vec![y, t.log_abs_det_jacobian(u, y)]
        });
        for (found, key) in found.iter().zip(["forward", "log_abs_det_jacobian"]) {
            assert_eq!(found.dims(), dims(&case[key]["shape"]), "{case}");
            let within = Within { rel: 1e-15, abs: 5.0 * f64::EPSILON };
            assert_close((key, case), &found.to_f64_vec(), &numbers(&case[key]["values"]), within);
        }
    }
}

#[test]
fn a_sigmoid_never_reaches_its_ends() {
    let found = evaluate(|| {
        let x = Tensor::from([-1e4, -90.0, 0.0, 90.0, 1e4, f64::NAN]);
        vec![Sigmoid.forward(x), Sigmoid.forward(x.convert(DType::F32))]
    });
    let f64s = found[0].as_slice::<f64>().unwrap_or_default();
    assert_eq!((f64s[0], f64s[2], f64s[4]), (f64::MIN_POSITIVE, 0.5, 1.0 - f64::EPSILON));
    assert!(f64s[5].is_nan());
    let f32s = found[1].as_slice::<f32>().unwrap_or_default();
    assert_eq!((f32s[1], f32s[2], f32s[4]), (f32::MIN_POSITIVE, 0.5, 1.0 - f32::EPSILON));
}

#[test]
fn composition_keeps_account_of_events() {
    let found = evaluate(|| {
        let x = Tensor::from(filled(vec![2, 3], vec![0.1, -0.2, 0.3, 1.0, 2.0, -3.0]));
        let parts: [Rc<dyn Transform>; 3] = [
            Rc::new(Exp),
            Rc::new(Independent::new(Rc::new(Affine::new(1.0, [2.0, 3.0, -4.0])), 1)),
            Rc::new(Identity),
        ];
        let t = Compose::new(parts);
        assert_eq!((t.domain_event_dim(), t.codomain_event_dim()), (1, 1));
        let y = t.forward(x);
        vec![y, t.inverse(y), t.log_abs_det_jacobian(x, y)]
    });
    assert_eq!(found[2].dims(), [2]);
    let expected: Vec<f64> =
        [[0.1, -0.2, 0.3], [1.0, 2.0, -3.0]].map(|x| x.iter().sum::<f64>() + 24f64.ln()).to_vec();
    assert_close("log det", &found[2].to_f64_vec(), &expected, Within { rel: 1e-15, abs: 0.0 });
    let back = [0.1, -0.2, 0.3, 1.0, 2.0, -3.0];
    // 1 + 2 eˣ − 1 loses a digit where eˣ is small.
    assert_close("inverse", &found[1].to_f64_vec(), &back, Within { rel: 0.0, abs: 1e-14 });
}

#[test]
fn an_empty_composition_is_the_identity() {
    let found = evaluate(|| {
        let (t, x) = (Compose::new([]), Tensor::from([1.0, 2.0]));
        vec![t.forward(x), t.log_abs_det_jacobian(x, x)]
    });
    assert_eq!(found[0], Array::from([1.0, 2.0]));
    assert_eq!(found[1], Array::from([0.0, 0.0]));
}

/// Values, and whether each lies in the constraint: NumPyro's edges.
#[test]
fn checks_have_numpyro_s_edges() {
    let inf = f64::INFINITY;
    type Edges = Vec<(f64, bool)>;
    let cases: Vec<(fn() -> Support, Edges)> = vec![
        (constraints::real, vec![(0.0, true), (1e308, true), (inf, false), (-inf, false)]),
        (
            constraints::positive,
            vec![(5e-324, true), (inf, true), (0.0, false), (-0.0, false), (-1.0, false)],
        ),
        (
            constraints::unit_interval,
            vec![(0.0, true), (1.0, true), (-1e-300, false), (1.0 + f64::EPSILON, false)],
        ),
        (|| constraints::interval(-1.0, 2.0), vec![(-1.0, true), (2.0, true), (2.1, false), (-inf, false)]),
        (|| constraints::greater_than(3.0), vec![(3.0, false), (3.5, true), (inf, true)]),
        (constraints::boolean, vec![(0.0, true), (1.0, true), (-0.0, true), (0.5, false), (2.0, false)]),
    ];
    for (make, mut edges) in cases {
        edges.push((f64::NAN, false));
        let values: Vec<f64> = edges.iter().map(|e| e.0).collect();
        let expected: Vec<bool> = edges.iter().map(|e| e.1).collect();
        let found = evaluate(|| vec![make().check(Tensor::from(Array::from(values.clone())))]);
        let describe = evaluate_description(make);
        assert_eq!(found[0].as_slice(), Some(&expected[..]), "{describe}: {values:?}");
    }
}

fn evaluate_description(make: fn() -> Support) -> String {
    let mut out = String::new();
    evaluate(|| {
        out = make().describe();
        vec![Tensor::from(0.0)]
    });
    out
}

#[test]
fn truth_values_are_integers_floats_or_booleans() {
    let found = evaluate(|| {
        let values = [
            Array::from([0i64, 1, 2, -1]),
            Array::from([0u32, 1, 2, 7]),
            Array::from([false, true, true, false]),
        ];
        values.map(|v| constraints::boolean().check(Tensor::from(v))).to_vec()
    });
    assert_eq!(found[0], Array::from([true, true, false, false]));
    assert_eq!(found[1], Array::from([true, true, false, false]));
    assert_eq!(found[2], Array::from([true; 4]));
}

#[test]
fn feasible_values_lie_inside_for_every_element_type() {
    let floats = [DType::F64, DType::F32].as_slice();
    let all = [DType::F64, DType::F32, DType::I64, DType::U32, DType::Bool].as_slice();
    // Bounds of any size have no counterpart in narrower types.
    let wide = [DType::F64].as_slice();
    type Case<'a> = (fn() -> Support, &'a [DType]);
    let cases: [Case<'_>; 8] = [
        (constraints::real, all),
        (constraints::positive, all),
        (constraints::unit_interval, floats),
        (constraints::boolean, all),
        (|| constraints::interval([-7.0, 3.0, 1e300], [-5.0, 3.0, 1.5e300]), wide),
        (|| constraints::greater_than([-7.0, 1e17, 0.0]), floats),
        (|| constraints::greater_than([f64::NEG_INFINITY, -1e300, 1e-300]), wide),
        (|| constraints::independent(constraints::positive(), 1), all),
    ];
    for (make, dtypes) in cases {
        for dtype in dtypes {
            let mut what = String::new();
            let found = evaluate(|| {
                let support = make();
                what = format!("{} {dtype}", support.describe());
                let prototype = Tensor::from(Array::from([f64::NAN; 6])).reshape(&[2, 3]).convert(*dtype);
                let feasible = support.feasible_like(prototype);
                assert_eq!(feasible.ty(), prototype.ty(), "{what}");
                vec![support.check(feasible), feasible]
            });
            let inside = found[0].as_slice::<bool>().unwrap_or_default();
            assert!(!inside.is_empty() && inside.iter().all(|x| *x), "{what}: {:?}", found[1]);
        }
    }
}

#[test]
fn a_bound_that_is_masked_does_not_spoil_the_value_above_it() {
    let (above, slope) = gradient(|| {
        let low = variable(&Array::from([f64::NAN, f64::INFINITY, 2.0]));
        (constraints::greater_than(low).feasible_like(low), vec![low])
    });
    assert_eq!(above, Array::from([1.0, 1.0, 5.0]));
    assert_eq!(slope[0], Array::from([0.0, 0.0, 2.0]));
}

#[test]
fn independent_constraints_look_at_whole_events() {
    let found = evaluate(|| {
        let x = Tensor::from(filled(vec![2, 2], vec![1.0, 2.0, 3.0, -1.0]));
        vec![constraints::independent(constraints::positive(), 1).check(x)]
    });
    assert_eq!(found[0], Array::from([true, false]));
    let support = constraints::independent(constraints::boolean(), 2);
    assert_eq!((support.event_dim(), support.is_discrete(), support.bijector().is_none()), (2, true, true));
    assert_eq!(support.describe(), "in every element 0 or 1");
    assert_eq!(constraints::independent(constraints::real(), 0).event_dim(), 0);
}

#[test]
fn bounds_that_do_not_broadcast_are_reported_where_they_meet() {
    let line = line!() + 1;
    let found = errors(|| vec![constraints::interval([0.0, 0.0], [1.0, 1.0, 1.0]).check(Tensor::from(0.5))]);
    assert_eq!(found.len(), 1, "line {line}: {found:?}");
    assert!(found[0].contains("do not broadcast"), "{found:?}");
}
