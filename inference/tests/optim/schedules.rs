//! Every schedule at every step against optax's.

use pyroxene_frontend::{Tensor, jit, prelude::Array, record};
use pyroxene_inference::optim::{Interpolation::*, *};

use super::{golden, near, numbers};

fn schedules() -> Vec<(&'static str, Schedule)> {
    let cycle = |init, peak, warmup, decay| warmup_cosine_decay_schedule(init, peak, warmup, decay);
    let stairs = exponential_decay(0.5, 7, 0.6).transition_begin(3).staircase(true).end_value(0.15);
    let warmup_stairs = warmup_exponential_decay_schedule(0.0, 1.0, 6, 5, 0.7)
        .transition_begin(2)
        .staircase(true)
        .end_value(0.2);
    let onecycle = linear_onecycle_schedule(30, 1.0);
    vec![
        ("constant", constant_schedule(0.25)),
        ("polynomial", polynomial_schedule(1.0, 0.01, 2.5, 20).transition_begin(5).into()),
        ("polynomial_never", polynomial_schedule(1.0, 0.01, 2.0, 0).into()),
        ("linear", linear_schedule(0.5, 2.0, 13).transition_begin(2).into()),
        ("exponential", exponential_decay(0.5, 7, 0.6).into()),
        ("exponential_stairs", stairs.into()),
        ("exponential_growth", exponential_decay(0.5, 7, 1.5).end_value(2.0).into()),
        ("exponential_zero", exponential_decay(0.5, 7, 0.0).into()),
        ("cosine", cosine_decay_schedule(0.5, 25).into()),
        ("cosine_alpha", cosine_decay_schedule(0.5, 25).alpha(0.1).exponent(1.7).into()),
        ("warmup_constant", warmup_constant_schedule(0.1, 1.0, 8).into()),
        ("warmup_cosine", cycle(0.0, 1.0, 6, 30).end_value(0.05).exponent(1.2).into()),
        ("warmup_exponential", warmup_stairs.into()),
        ("piecewise_constant", piecewise_constant_schedule(1.0, [(20, 0.1), (8, 0.5)])),
        ("piecewise_linear", piecewise_interpolate_schedule(Linear, 1.0, [(16, 0.5), (4, 0.1)])),
        ("piecewise_cosine", piecewise_interpolate_schedule(Cosine, 1.0, [(4, 2.0), (16, 0.5)])),
        ("linear_onecycle", onecycle.clone().into()),
        (
            "linear_onecycle_set",
            onecycle.pct_start(0.2).pct_final(0.6).div_factor(10.0).final_div_factor(100.0).into(),
        ),
        ("cosine_onecycle", cosine_onecycle_schedule(30, 1.0).into()),
        ("sgdr", sgdr_schedule([cycle(0.0, 1.0, 3, 12).end_value(0.1), cycle(0.1, 0.5, 2, 10)])),
        (
            "join",
            join_schedules(
                [
                    linear_schedule(0.0, 1.0, 5).into(),
                    constant_schedule(1.0),
                    exponential_decay(1.0, 4, 0.5).into(),
                ],
                [5, 15],
            ),
        ),
    ]
}

#[test]
fn schedules_have_the_values_of_optax() {
    let cases = golden("schedules");
    let names: Vec<&str> = schedules().iter().map(|(name, _)| *name).collect();
    assert_eq!(cases.as_object().unwrap().keys().collect::<Vec<_>>(), names);
    let steps = golden("steps_seen").as_array().unwrap().iter().map(|s| s.as_i64().unwrap()).collect();
    let steps = Array::from(Vec::<i64>::from_iter::<Vec<i64>>(steps));
    // Elementwise functions of the step: one call for all steps.
    let all = jit(|steps: &Tensor| {
        let at =
            |schedule: &Schedule| schedule.at(*steps) + steps.convert(pyroxene_frontend::DType::F64) * 0.0;
        schedules().iter().map(|(_, schedule)| at(schedule)).collect::<Vec<_>>()
    });
    for (name, found) in names.into_iter().zip(all.call(&steps).unwrap()) {
        // A few roundings, and `cos` and `pow` of another release of XLA; where cosines cancel, of numbers about one.
        near(name, &found, &numbers(&cases[name]), 1e-14, 1e-15);
    }
}

#[test]
fn wrong_schedules_are_told_with_their_lines() {
    let wrong: [(u32, Schedule, &str); 5] = [
        (line!(), cosine_decay_schedule(0.1, 0).into(), "0 steps"),
        (line!(), warmup_cosine_decay_schedule(0.0, 0.1, 10, 10).into(), "0 steps"),
        (line!(), piecewise_constant_schedule(0.1, [(5, -1.0)]), "multiplied by -1 at step 5"),
        (line!(), join_schedules([0.1.into(), 0.2.into()], []), "2 schedules with 0 boundaries"),
        (line!(), linear_onecycle_schedule(0, 0.1).into(), "0 steps"),
    ];
    for (line, schedule, expected) in wrong {
        let errors = record(|| vec![schedule.at(Tensor::from(3i64))]).unwrap_err();
        let message = errors.to_string();
        assert!(message.contains(expected) && message.contains(&format!("schedules.rs:{line}")), "{message}");
    }
}
