//! Ill-formed models and data: each ends in one error that names what, where, and the user's line.
//!
//! `models.rs` holds the models, so that their lines stay put; `UPDATE_EXPECT=1` rewrites the messages here.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod models;
#[path = "models/plates.rs"]
mod plate_models;
mod plates;
#[path = "models/sites.rs"]
mod site_models;
mod sites;
#[path = "models/values.rs"]
mod value_models;
mod values;

use expect_test::{Expect, expect};
use pyroxene::{Error, Model, Spec, prelude::*, runtime::default_backend};

use models::{Pair, Schools};

/// What tracing the model on these data says.
fn trace_error<D, T>(model: fn(&D), data: &T, expected: Expect)
where
    D: Tree<Tensor, With<Array> = T> + 'static,
    T: Tree<Array, With<Spec> = D::With<Spec>>,
    D::With<Spec>: Tree<Spec, With<Tensor> = D>,
{
    match Model::new(model).trace(data) {
        Ok(program) => panic!("recorded:\n{}", program.graph()),
        Err(error) => check(&error, expected),
    }
}

/// What binding these data to the model says.
fn bind_error<D, T>(model: fn(&D), data: &T, expected: Expect)
where
    D: Tree<Tensor, With<Array> = T> + 'static,
    T: Tree<Array, With<Spec> = D::With<Spec>>,
    D::With<Spec>: Tree<Spec, With<Tensor> = D>,
{
    let bound = Model::new(model).trace(data).unwrap().bind(data, &default_backend().unwrap());
    match bound {
        Ok(_) => panic!("bound"),
        Err(error) => check(&error, expected),
    }
}

/// What tracing a model without data says.
fn model_error(model: fn(), expected: Expect) {
    match Model::new(move |_: &Tensor| model()).trace(&Array::from(0.0)) {
        Ok(program) => panic!("recorded:\n{}", program.graph()),
        Err(error) => check(&error, expected),
    }
}

/// What is likely a mistake in a model without data, under the default level.
fn lint_error(model: fn(), expected: Expect) {
    let program = Model::new(move |_: &Tensor| model()).trace(&Array::from(0.0)).unwrap();
    let told: Vec<String> = program.warnings().unwrap().iter().map(ToString::to_string).collect();
    expected.assert_eq(&told.join("\n"));
}

/// Holds that a model can be recorded.
fn recorded(model: fn()) {
    Model::new(move |_: &Tensor| model()).trace(&Array::from(0.0)).unwrap();
}

fn check(error: &Error, expected: Expect) {
    expected.assert_eq(&error.to_string());
}

fn schools() -> Schools<Array> {
    Schools { y: Array::from([28.0, 8.0, -3.0]), sigma: Array::from([15.0, 10.0, 16.0]) }
}

#[test]
fn operands_that_do_not_broadcast() {
    let data = Pair { x: Array::from([1.0, 2.0]), y: Array::from([1.0, 2.0, 3.0]) };
    trace_error(
        models::shapes_do_not_broadcast,
        &data,
        expect![
            "tests/wrong_models/models.rs:31:16: add: shapes [2] and [3] do not broadcast; help: sizes must agree from the right, or one of them be 1"
        ],
    );
}

#[test]
fn parameters_that_do_not_broadcast() {
    let data = Pair { x: Array::from([1.0, 2.0]), y: Array::from([1.0, 2.0, 3.0]) };
    trace_error(
        models::parameters_do_not_broadcast,
        &data,
        expect![
            "tests/wrong_models/models.rs:36:5: site `z`: Normal: the parameters loc f64[2] and scale f64[3] do not broadcast; help: sizes must agree from the right, or one of them be 1"
        ],
    );
}

#[test]
fn parameters_of_another_size_than_their_plate() {
    trace_error(
        models::plate_of_another_size,
        &schools(),
        expect![
            "tests/wrong_models/models.rs:41:9: site `theta`: the batch of Normal inside the plate `school`: found shape [3], expected size 8 or 1 at dim -1; help: make the parameters' sizes fit the plate, or move the statement out of it"
        ],
    );
}

#[test]
fn an_observation_of_another_shape() {
    let data = Pair { x: Array::from([1.0, 2.0]), y: Array::from([1.0, 2.0, 3.0]) };
    trace_error(
        models::observation_of_another_shape,
        &data,
        expect![
            "tests/wrong_models/models.rs:47:9: site `z`: the observed value: found shape [3], expected one that broadcasts to [2], the site's batch and event inside the plate `pair`; help: reshape the value, or fix the parameters or the plate"
        ],
    );
}

#[test]
fn two_sites_of_one_name() {
    trace_error(
        models::duplicate_site,
        &schools(),
        expect![
            "tests/wrong_models/models.rs:53:5: site `mu`: the name is already used at tests/wrong_models/models.rs:52:14; help: every sample, deterministic and plate needs a name of its own"
        ],
    );
}

#[test]
fn two_plates_at_one_dimension() {
    trace_error(
        models::plates_at_one_dimension,
        &schools(),
        expect![
            "tests/wrong_models/models.rs:58:17: site `b`: dim -1 is already taken by the plate `a` around; help: give one of the two another `.dim(..)`, or build the inner plate inside the outer"
        ],
    );
}

#[test]
fn all_root_errors_are_told_at_once() {
    trace_error(
        models::two_errors,
        &schools(),
        expect![[r#"
        tests/wrong_models/models.rs:62:17: add: shapes [3] and [2] do not broadcast; help: sizes must agree from the right, or one of them be 1
        (may follow from the above) tests/wrong_models/models.rs:63:26: sum_axis: axis 3 of a tensor with shape [3]; help: axes run from -1 to 1 exclusive"#]],
    );
}

#[test]
fn a_tensor_of_another_trace() {
    trace_error(
        models::leaked_tensor,
        &schools(),
        expect![
            "tests/wrong_models/models.rs:81:33: mul: this tensor belongs to a trace that has ended, or to another thread; help: pass arrays in as data"
        ],
    );
}

#[test]
fn observations_outside_the_support() {
    bind_error(
        models::positive,
        &Array::from([1.0, -2.0, 3.0, 0.0]),
        expect![
            "tests/wrong_models/models.rs:87:5: site `y`: value: expected a positive number, found -2 at index [1] and 1 more like it; help: correct the data, or `mask` the elements"
        ],
    );
    bind_error(
        models::binary,
        &Array::from([1i64, 0, 2]),
        expect![
            "tests/wrong_models/models.rs:92:5: site `y`: value: expected 0 or 1, found 2 at index [2]; help: correct the data, or `mask` the elements"
        ],
    );
}

#[test]
fn data_that_are_nan() {
    let y = Array::from([28.0, f64::NAN, -3.0]);
    bind_error(
        models::schools,
        &Schools { y, ..schools() },
        expect![
            "tests/wrong_models/models.rs:25:9: site `y`: value: expected a finite number, found NaN at index [1]; help: correct the data, or `mask` the elements"
        ],
    );
    let sigma = Array::from([15.0, 10.0, f64::NAN]);
    bind_error(
        models::schools,
        &Schools { sigma, ..schools() },
        expect![[r#"
        data `sigma`: expected numbers, not NaN, found NaN at index [2]; help: correct the data, or `mask` the elements
        tests/wrong_models/models.rs:25:9: site `y`: parameter `scale`: expected a positive number, found NaN at index [2]; help: correct the data, or `mask` the elements"#]],
    );
}

#[test]
fn parameters_outside_their_domain() {
    let sigma = Array::from([15.0, 0.0, -16.0]);
    bind_error(
        models::schools,
        &Schools { sigma, ..schools() },
        expect![
            "tests/wrong_models/models.rs:25:9: site `y`: parameter `scale`: expected a positive number, found 0 at index [1] and 1 more like it; help: correct the data, or `mask` the elements"
        ],
    );
}

#[test]
fn an_index_out_of_range() {
    let data = Pair { x: Array::from([0i64, 2, 3]), y: Array::from([1.0, 2.0, 3.0]) };
    bind_error(
        models::indexed,
        &data,
        expect![
            "tests/wrong_models/models.rs:97:35: the index: expected one from 0 to 2, found 3 at index [2]; help: correct the data, or `mask` the elements"
        ],
    );
}

#[test]
fn a_position_out_of_range_from_the_end() {
    let data = Pair { x: Array::from([-3i64, 2, -4]), y: Array::from([1.0, 2.0, 3.0]) };
    bind_error(
        models::indexed_as_numpy,
        &data,
        expect![
            "tests/wrong_models/models.rs:102:35: the index: expected one from -3 to 2, found -4 at index [2]; help: correct the data, or `mask` the elements"
        ],
    );
}

#[test]
fn data_of_another_structure_than_recorded() {
    let backend = default_backend().unwrap();
    let program = Model::new(models::schools).trace(&schools()).unwrap();
    let error = |found: Result<_, Error>| match found {
        Ok(_) => panic!("bound"),
        Err(error) => error,
    };
    let fewer = Schools { y: Array::from([28.0, 8.0]), ..schools() };
    check(
        &error(program.bind(&fewer, &backend)),
        expect![
            "data `y`: expected f64[3], found f64[2]; help: convert or reshape it, or record the model anew"
        ],
    );
    let whole = Schools { y: Array::from([28i64, 8, -3]), ..schools() };
    check(
        &error(program.bind(&whole, &backend)),
        expect![
            "data `y`: expected f64[3], found i64[3]; help: convert or reshape it, or record the model anew"
        ],
    );
    let other = Pair { x: Array::from([1.0]), y: Array::from([28.0, 8.0, -3.0]) };
    check(
        &error(program.bind(&other, &backend)),
        expect!["data `x` is not an input of the program; it takes y, sigma"],
    );

    let optional = Model::new(models::optional);
    let program = optional.trace(&(Array::from([1.0]), Some(Array::from([2.0])))).unwrap();
    check(
        &error(program.bind(&(Array::from([1.0]), None::<Array>), &backend)),
        expect!["data `1` is missing; the program takes 0, 1"],
    );
}

#[test]
fn values_of_sites_that_do_not_fit() {
    let bound = Model::new(models::schools).bind(&schools()).unwrap();
    let error = |values: &[(&str, Array)]| bound.log_density(values).unwrap_err();
    let (mu, tau) = (Array::from(1.0), Array::from(2.0));
    check(
        &error(&[("mu", mu.clone())]),
        expect!["site `tau` needs a value of type f64[]; help: give one for each of mu, tau, theta"],
    );
    check(
        &error(&[("mu", Array::from([1.0])), ("tau", tau.clone())]),
        expect!["site `mu`: expected a value of type f64[], found f64[1]"],
    );
    check(
        &error(&[("mu", mu), ("nu", tau)]),
        expect!["`nu` is no site that takes a value here; those are mu, tau, theta"],
    );
}
