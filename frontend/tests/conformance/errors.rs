//! Models that NumPyro ends in an error or takes in silence: ours names what is wrong with each.

use pyroxene_frontend::{
    Program, Tensor,
    handlers::{LocScaleReparam, block, mask, reparam, replay, scale, trace},
    prelude::*,
    primitives::{Param, Plate},
    spec,
};

use crate::{Twin, golden, twins};

const TWINS: &[Twin] = twins! {
    duplicate_name plate_and_site_of_one_name colliding_explicit_dims colliding_auto_dims plate_name_with_another_size
    nonnegative_dim empty_plate batch_against_plate observation_that_does_not_fit mask_of_integers scale_of_zero
    negative_scale_parameter param_without_init subsample_of_another_size param_of_another_size
    subsample_larger_than_the_plate scan_in_a_plate uncovered_batch replay_of_another_kind literal_out_of_its_constraint
    reparam_of_observed param_out_of_its_constraint
};

/// What ours takes, or does not have.
const APART: &[(&str, &str)] = &[
    ("uncovered_batch", "a warning, as in NumPyro"),
    ("module_without_input_shape", "the shape is an argument that cannot be left out"),
];

#[test]
fn errors() {
    let record = |f: fn()| Program::trace(|_: &Tensor| f(), &spec(&Array::from(0.0)));
    let mut wrong = Vec::new();
    for case in golden::cases("errors") {
        let name = golden::text(&case["name"]);
        let apart = APART.iter().any(|(model, _)| *model == name);
        match TWINS.iter().find(|(twin, _)| *twin == name) {
            Some((_, f)) => match (record(*f), apart) {
                (Ok(_), false) => wrong.push(format!("{name}: recorded, and NumPyro ends {}", case["ends"])),
                (Err(error), true) => wrong.push(format!("{name}: {error}")),
                _ => {}
            },
            None if apart => {}
            None => wrong.push(format!("{name}: has no twin")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn normal() -> Normal {
    Normal::new(0.0, 1.0)
}

fn duplicate_name() {
    sample("x", normal());
    sample("x", normal());
}

fn plate_and_site_of_one_name() {
    plate("x", 3, |_| sample("x", normal()));
}

fn colliding_explicit_dims() {
    let (a, b) = (Plate::new("a", 3).dim(-1), Plate::new("b", 3).dim(-1));
    a.run(|_| b.run(|_| sample("x", normal())));
}

fn colliding_auto_dims() {
    let (a, b) = (Plate::new("a", 3), Plate::new("b", 3));
    a.run(|_| b.run(|_| sample("x", normal())));
}

fn plate_name_with_another_size() {
    plate("i", 3, |_| sample("x", normal()));
    plate("i", 4, |_| sample("y", normal()));
}

fn nonnegative_dim() {
    Plate::new("i", 3).dim(0).run(|_| {});
}

fn empty_plate() {
    plate("i", 0, |_| {});
}

fn batch_against_plate() {
    plate("i", 3, |_| sample("x", Normal::new(Tensor::zeros(&[4]), 1.0)));
}

fn observation_that_does_not_fit() {
    plate("i", 3, |_| sample("x", normal().obs(Tensor::zeros(&[4]))));
}

fn mask_of_integers() {
    mask([1, 0], || sample("x", normal()));
}

fn scale_of_zero() {
    scale(0.0, || sample("x", normal()));
}

fn negative_scale_parameter() {
    sample("x", Normal::new(0.0, -1.0));
}

fn param_without_init() {
    sample("x", Normal::new(param("loc", Param::absent()), 1.0));
}

fn subsample_of_another_size() {
    Plate::new("i", 6).subsample_size(2).run(|_| subsample(Tensor::zeros(&[5]), 0));
}

fn param_of_another_size() {
    Plate::new("i", 6).subsample_size(2).run(|_| param("w", Param::new([0.0; 4]).event_dim(0)));
}

fn subsample_larger_than_the_plate() {
    Plate::new("i", 3).subsample_size(5).run(|_| sample("x", normal()));
}

fn scan_in_a_plate() {
    plate("i", 3, |_| {
        Scan::times(2).run(Tensor::from(0.0), |c, ()| (sample("x", Normal::new(*c, 1.0)), ()));
    });
}

fn uncovered_batch() {
    plate("i", 3, |_| sample("x", Normal::new(Tensor::zeros(&[2, 3]), 1.0)));
}

fn replay_of_another_kind() {
    let (_, recorded) = block(|| trace(|| deterministic("x", 1.0)));
    replay(&recorded, || sample("x", normal()));
}

fn literal_out_of_its_constraint() {
    sample("x", Beta::new(-1.0, 1.0));
}

fn reparam_of_observed() {
    reparam([("x", LocScaleReparam::new().centered(0.0))], || sample("x", normal().obs(0.5)));
}

fn param_out_of_its_constraint() {
    param("s", Param::new(-1.0).constraint(constraints::positive()));
}
