//! Literals.

use expect_test::expect;

use crate::{model_error, recorded, value_models::*};

#[test]
fn parameters() {
    model_error(
        negative_scale,
        expect![
            "tests/wrong_models/models/values.rs:7:28: site `x`: parameter `scale`: expected a positive number, found -1; help: correct the literal"
        ],
    );
    model_error(
        probability_above_one,
        expect![
            "tests/wrong_models/models/values.rs:11:5: site `x`: parameter `probs`: expected a number from 0 to 1, found 1.5 at index [1]; help: correct the literal"
        ],
    );
    model_error(
        weights_that_do_not_add_up,
        expect![
            "tests/wrong_models/models/values.rs:15:5: site `x`: parameter `probs`: expected numbers not below 0 that sum to 1, found 0.5; help: correct the literal"
        ],
    );
    model_error(
        interval_that_is_empty,
        expect![
            "tests/wrong_models/models/values.rs:19:5: site `x`: at frontend/src/distributions/uniform.rs:50:14: uniform: the range from 1 to 0 is empty; help: give a larger upper bound"
        ],
    );
    model_error(
        covariance_that_is_none,
        expect![
            "tests/wrong_models/models/values.rs:24:5: site `x`: parameter `covariance_matrix`: expected a symmetric positive definite matrix, found 1; help: correct the literal"
        ],
    );
}

#[test]
fn values() {
    model_error(
        observed_outside_the_support,
        expect![
            "tests/wrong_models/models/values.rs:28:5: site `x`: value: expected a positive number, found -1 at index [1]; help: correct the literal, or `mask` the elements"
        ],
    );
    recorded(observed_outside_but_masked);
    model_error(
        param_outside_its_constraint,
        expect![[r#"
        tests/wrong_models/models/values.rs:36:17: param `sigma`: expected a positive number, found -1; help: correct the literal, or `mask` the elements
        (may follow from the above) tests/wrong_models/models/values.rs:37:5: site `x`: parameter `scale`: expected a positive number, found -1; help: correct the literal, or `mask` the elements"#]],
    );
    model_error(
        position_out_of_range,
        expect![
            "tests/wrong_models/models/values.rs:42:35: at: position 3 of dimension 0, which has size 3; help: positions run from -3 to 3 exclusive"
        ],
    );
    model_error(
        factor_of_nan,
        expect![
            "tests/wrong_models/models/values.rs:46:5: site `f`: parameter `log_factor`: expected a finite number, found NaN; help: correct the literal"
        ],
    );
}
