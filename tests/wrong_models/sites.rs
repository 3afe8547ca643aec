//! Sites, handlers and keys.

use expect_test::expect;
use pyroxene::{Array, Mcmc, Nuts};

use crate::{check, model_error, site_models::*};

#[test]
fn names() {
    model_error(
        deterministic_of_a_sites_name,
        expect![
            "tests/wrong_models/models/sites.rs:15:5: site `x`: the name is already used at tests/wrong_models/models/sites.rs:14:13; help: every sample, deterministic and plate needs a name of its own"
        ],
    );
}

#[test]
fn masks() {
    model_error(
        mask_of_integers,
        expect![
            "tests/wrong_models/models/sites.rs:19:5: `mask` needs truth values, found i64[2]; help: compare first, as in `mask(x.greater(0.0), || ...)`"
        ],
    );
    model_error(
        mask_of_another_shape,
        expect![
            "tests/wrong_models/models/sites.rs:23:46: site `x`: the mask: found shape [2], expected one that broadcasts with the batch [3] inside the plate `i`; help: a mask has batch dimensions, never event dimensions"
        ],
    );
    model_error(
        mask_of_the_event,
        expect![
            "tests/wrong_models/models/sites.rs:28:17: site `x`: the mask: found shape [2, 3], expected one that broadcasts with the batch [2]; help: a mask has batch dimensions, never event dimensions"
        ],
    );
    model_error(
        obs_mask_of_integers,
        expect![
            "tests/wrong_models/models/sites.rs:32:5: site `y`: `obs_mask` needs truth values, found i64[2]; help: compare first, as in `.obs_mask(y.is_finite())`"
        ],
    );
    model_error(
        obs_mask_of_the_event,
        expect![
            "tests/wrong_models/models/sites.rs:37:5: site `y`: `obs_mask`: found shape [3], expected one that broadcasts to [], the batch of the observed value; help: a mask has batch dimensions: an event is observed as a whole or not at all"
        ],
    );
}

#[test]
fn scales() {
    model_error(
        scale_of_zero,
        expect![
            "tests/wrong_models/models/sites.rs:41:5: `scale` needs a positive number, found 0; help: to switch densities off use `mask(false, || ...)`"
        ],
    );
    model_error(
        scale_of_another_shape,
        expect![
            "tests/wrong_models/models/sites.rs:45:44: site `x`: the scale: found shape [2], expected one that broadcasts to the batch [3] inside the plate `i`; help: scale by a scalar, or by one factor for each batch element"
        ],
    );
}

#[test]
fn values_of_another_shape() {
    model_error(
        observed_outside_the_event,
        expect![
            "tests/wrong_models/models/sites.rs:50:5: site `y`: the observed value: found shape [3], expected one that broadcasts to [2], the site's batch and event; help: reshape the value, or fix the parameters or the plate"
        ],
    );
    model_error(
        conditioned_on_another_shape,
        expect![
            "tests/wrong_models/models/sites.rs:54:71: site `x`: the observed value: found shape [2], expected one that broadcasts to [3], the site's batch and event inside the plate `i`; help: reshape the value, or fix the parameters or the plate"
        ],
    );
    model_error(
        substituted_by_another_shape,
        expect![
            "tests/wrong_models/models/sites.rs:58:72: site `x`: the substituted value: found shape [2], expected one that broadcasts to [3], the site's batch and event inside the plate `i`; help: reshape the value, or fix the parameters or the plate"
        ],
    );
}

#[test]
fn params() {
    model_error(
        param_without_a_value,
        expect![
            "tests/wrong_models/models/sites.rs:62:15: site `loc`: the parameter has no initial value and no handler gives it one; help: state one, as in `param(name, 1.0)`, or run the model under `substitute`"
        ],
    );
}

#[test]
fn params_read_twice() {
    model_error(
        param_of_other_dimensions,
        expect![
            "tests/wrong_models/models/sites.rs:68:13: site `a`: an initial value of type f64[2] for the parameter of type f64[] declared at tests/wrong_models/models/sites.rs:67:13; help: give it a name of its own, or the same initial value"
        ],
    );
}

#[test]
fn sites_where_none_can_be() {
    model_error(
        site_in_a_gradient,
        expect![
            "tests/wrong_models/models/sites.rs:73:40: site `x`: a primitive is called inside a function given to `grad`; help: call it outside and let the function use its value"
        ],
    );
}

#[test]
fn keys() {
    model_error(
        key_of_another_type,
        expect![
            "tests/wrong_models/models/sites.rs:78:43: a key of type i64[2], expected u32[2]; help: make one with `Key::new(seed)`, or take one of an array with `Key::from(keys.at(i))`"
        ],
    );
    check(
        &pyroxene::eval(unseeded).unwrap_err(),
        expect![
            "tests/wrong_models/models/sites.rs:82:5: site `x`: a draw needs a random key and no `seed` encloses the site; help: wrap the call in `seed(key, || ...)`"
        ],
    );
    check(
        &pyroxene::eval(unseeded_in_a_plate).unwrap_err(),
        expect![
            "tests/wrong_models/models/sites.rs:86:23: site `x`: a draw needs a random key and no `seed` encloses the site; help: wrap the call in `seed(key, || ...)`"
        ],
    );
}

#[test]
fn a_discrete_latent_under_nuts() {
    let error = Mcmc::new(Nuts::default(), discrete_latent).run(&Array::from(0.5)).unwrap_err();
    expect!["tests/wrong_models/models/sites.rs:90:13: site `z`: BernoulliProbs has no unconstrained coordinates: its support is 0 or 1; help: continuous inference needs continuous latent sites: observe the site, or sum it out of the model"].assert_eq(&error.to_string());
}
