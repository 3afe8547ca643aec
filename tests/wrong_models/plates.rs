//! Plates, their dimensions and their subsamples.

use std::process::Command;

use expect_test::expect;
use pyroxene::{Array, Model};

use crate::{lint_error, model_error, plate_models::*};

#[test]
fn dims() {
    model_error(
        dims_exhausted,
        expect![
            "tests/wrong_models/models/plates.rs:14:9: site `level_1`: all 64 dimensions are taken by the plates around; help: nest fewer plates: those that do not cross may stand beside each other"
        ],
    );
    model_error(
        dims_that_collide,
        expect![
            "tests/wrong_models/models/plates.rs:24:41: site `column`: dim -1 is already taken by the plate `row` around; help: give one of the two another `.dim(..)`, or build the inner plate inside the outer"
        ],
    );
    model_error(
        plate_inside_itself,
        expect![
            "tests/wrong_models/models/plates.rs:30:25: site `i`: a plate `i` is already around; help: leave out the inner one, or give it a name of its own"
        ],
    );
    model_error(
        dim_from_the_left,
        expect![
            "tests/wrong_models/models/plates.rs:48:24: site `i`: dim 0 of a plate; help: plates count from the right: -1 is the last dimension, -64 the first there may be"
        ],
    );
    model_error(
        rightmost_dim_from_the_left,
        expect![
            "tests/wrong_models/models/plates.rs:113:5: site `p`: rightmost_dim 1 of a plate_stack; help: plates count from the right: -1 is the last dimension"
        ],
    );
}

#[test]
fn names() {
    model_error(
        name_of_another_size,
        expect![
            "tests/wrong_models/models/plates.rs:35:5: site `school`: a plate of size 4 at dim -1, and the name belongs to one of size 3 at dim -1 since tests/wrong_models/models/plates.rs:34:5; help: give it a name of its own, or enter one `Plate` value twice"
        ],
    );
    model_error(
        name_of_another_dim,
        expect![
            "tests/wrong_models/models/plates.rs:40:5: site `school`: a plate of size 3 at dim -2, and the name belongs to one of size 3 at dim -1 since tests/wrong_models/models/plates.rs:39:5; help: give it a name of its own, or enter one `Plate` value twice"
        ],
    );
    model_error(
        name_of_a_site,
        expect![
            "tests/wrong_models/models/plates.rs:44:23: site `x`: the name is already used at tests/wrong_models/models/plates.rs:44:5; help: every sample, deterministic and plate needs a name of its own"
        ],
    );
}

#[test]
fn sizes() {
    model_error(
        empty_plate,
        expect![
            "tests/wrong_models/models/plates.rs:52:5: site `i`: a plate of size 0; help: a plate needs at least one element: leave it out where there are no data"
        ],
    );
    model_error(
        batch_that_is_larger,
        expect![
            "tests/wrong_models/models/plates.rs:56:23: site `x`: the batch of Normal inside the plate `i`: found shape [4], expected size 3 or 1 at dim -1; help: make the parameters' sizes fit the plate, or move the statement out of it"
        ],
    );
    model_error(
        sample_shape_in_a_plate,
        expect![
            "tests/wrong_models/models/plates.rs:60:23: site `x`: the batch of Normal inside the plate `i`: found shape [2], expected size 3 or 1 at dim -1; help: make the parameters' sizes fit the plate, or move the statement out of it"
        ],
    );
    model_error(
        column_against_row,
        expect![
            "tests/wrong_models/models/plates.rs:66:5: site `y`: the observed value: found shape [3, 1], expected one that broadcasts to [3], the site's batch and event; help: reshape the value, or fix the parameters or the plate"
        ],
    );
}

#[test]
fn subsamples() {
    model_error(
        subsample_larger_than_the_plate,
        expect![
            "tests/wrong_models/models/plates.rs:76:24: site `i`: a subsample of 5 from a plate of size 3; help: draw between one and all of the elements"
        ],
    );
    model_error(
        subsampled_twice,
        expect![
            "tests/wrong_models/models/plates.rs:82:34: site `i`: the data were reduced to the subsample of the plate `i` before; help: subsample once"
        ],
    );
    model_error(
        subsampled_and_indexed,
        expect![
            "tests/wrong_models/models/plates.rs:89:36: site `i`: the data were reduced to the subsample of the plate `i` before; help: `subsample` takes the rows already: leave out the indices, or index the whole data"
        ],
    );
    model_error(
        data_of_another_size,
        expect![
            "tests/wrong_models/models/plates.rs:94:75: site `i`: the data of type f64[5] with event_dim 0 has size 5 along the plate `i` (dim -1), whose size is 6; help: pass the whole data, or another `event_dim`"
        ],
    );
    model_error(
        whole_data_in_a_subsample,
        expect![
            "tests/wrong_models/models/plates.rs:98:50: site `y`: the observed value: found shape [6], expected one that broadcasts to [2], the site's batch and event inside the plate `i`; help: reshape the value, or fix the parameters or the plate"
        ],
    );
    model_error(
        param_of_another_size,
        expect![
            "tests/wrong_models/models/plates.rs:103:17: site `w`: the parameter of type f64[4] with event_dim 0 has size 4 along the plate `i` (dim -1), whose size is 6; help: pass the whole data, or another `event_dim`"
        ],
    );
    model_error(
        indices_that_are_floats,
        expect![
            "tests/wrong_models/models/plates.rs:109:24: site `i`: indices of type f64[2] for a plate of size 6; help: give a vector of at least one and at most so many integers"
        ],
    );
}

#[test]
fn likely_mistakes() {
    lint_error(
        column_against_row_in_a_plate,
        expect![
            "tests/wrong_models/models/plates.rs:72:23: site `y`: no plate covers the batch dimension -2 of size 3, only `i` is around; help: shapes may have broadcast by mistake, as [3, 1] against [3] does; else put the site into a plate at dim -2, or count the dimension as part of the event: `to_event`"
        ],
    );
    lint_error(
        factor_counted_for_each,
        expect![
            "tests/wrong_models/models/plates.rs:118:23: site `penalty`: the factor does not vary along the plate `i` and counts 3 times, once for each element; help: move it out of the plate, or say that it is meant: `term.broadcast_to(&[3])`"
        ],
    );
    lint_error(factor_for_each_said, expect![]);
}

#[test]
fn levels_of_validation() {
    let told = |level: &str| {
        let mut run = Command::new(std::env::current_exe().unwrap());
        run.args(["--exact", "plates::at_a_level", "--ignored", "--nocapture"])
            .env("PYROXENE_VALIDATE", level);
        let output = run.output().unwrap();
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        ["warning: ", "error: "].map(|word| text.matches(word).count())
    };
    assert_eq!(told("off"), [0, 0]);
    assert_eq!(told("loose"), [1, 0]);
    assert_eq!(told("strict"), [2, 0]);
    assert_eq!(told("error"), [0, 1]);
}

/// Warnings go to stderr as the model is recorded.
#[test]
#[ignore = "run by `levels_of_validation` under each level"]
#[allow(clippy::print_stdout, reason = "the test that runs it reads what it prints")]
fn at_a_level() {
    if let Err(error) = Model::new(uncovered).trace(&Array::from(0.0)) {
        println!("error: {error}");
    }
}
