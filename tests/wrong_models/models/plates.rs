//! Plates and shapes that are wrong.

use pyroxene::{
    prelude::*,
    primitives::{Plate, Statement},
};

fn normal() -> Normal {
    Normal::new(0.0, 1.0)
}

fn nested(depth: usize) {
    if depth > 0 {
        plate(&format!("level_{depth}"), 1, |_| nested(depth - 1));
    }
}

pub(crate) fn dims_exhausted() {
    nested(65);
}

pub(crate) fn dims_that_collide() {
    Plate::new("row", 3).dim(-1).run(|_| {
        Plate::new("column", 2).dim(-1).run(|_| sample("x", normal()));
    });
}

pub(crate) fn plate_inside_itself() {
    let plate = Plate::new("i", 3);
    plate.run(|_| plate.run(|_| sample("x", normal())));
}

pub(crate) fn name_of_another_size() {
    plate("school", 3, |_| sample("x", normal()));
    plate("school", 4, |_| sample("y", normal()));
}

pub(crate) fn name_of_another_dim() {
    plate("school", 3, |_| sample("x", normal()));
    Plate::new("school", 3).dim(-2).run(|_| sample("y", normal()));
}

pub(crate) fn name_of_a_site() {
    plate("x", 3, |_| sample("x", normal()));
}

pub(crate) fn dim_from_the_left() {
    Plate::new("i", 3).dim(0).run(|_| sample("x", normal()));
}

pub(crate) fn empty_plate() {
    plate("i", 0, |_| sample("x", normal()));
}

pub(crate) fn batch_that_is_larger() {
    plate("i", 3, |_| sample("x", Normal::new(Tensor::zeros(&[4]), 1.0)));
}

pub(crate) fn sample_shape_in_a_plate() {
    plate("i", 3, |_| sample("x", Statement::from(normal()).sample_shape(&[2])));
}

pub(crate) fn column_against_row() {
    let b = sample("b", normal());
    let x = Tensor::from([0.5, -1.0, 2.0]);
    sample("y", Normal::new(b * x, 1.0).obs(x.expand_dims(-1)));
}

pub(crate) fn column_against_row_in_a_plate() {
    let b = sample("b", normal());
    let x = Tensor::from([0.5, -1.0, 2.0]);
    plate("i", 3, |_| sample("y", Normal::new(b * x.expand_dims(-1), 1.0).obs(x)));
}

pub(crate) fn subsample_larger_than_the_plate() {
    Plate::new("i", 3).subsample_size(5).run(|_| sample("x", normal()));
}

pub(crate) fn subsampled_twice() {
    Plate::new("i", 6).subsample_size(2).run(|_| {
        let y = subsample(Tensor::arange(6) * 1.0, 0);
        sample("y", normal().obs(subsample(y, 0)));
    });
}

pub(crate) fn subsampled_and_indexed() {
    Plate::new("i", 6).subsample_size(2).run(|index| {
        let y = subsample(Tensor::arange(6) * 1.0, 0);
        sample("y", normal().obs(y.at(index)));
    });
}

pub(crate) fn data_of_another_size() {
    Plate::new("i", 6).subsample_size(2).run(|_| sample("y", normal().obs(subsample([0.0; 5], 0))));
}

pub(crate) fn whole_data_in_a_subsample() {
    Plate::new("i", 6).subsample_size(2).run(|_| sample("y", normal().obs([0.0; 6])));
}

pub(crate) fn param_of_another_size() {
    Plate::new("i", 6).subsample_size(2).run(|_| {
        let w = param("w", pyroxene::primitives::Param::new([0.0; 4]).event_dim(0));
        sample("x", Normal::new(w, 1.0));
    });
}

pub(crate) fn indices_that_are_floats() {
    Plate::new("i", 6).subsample([0.5, 1.5]).run(|_| sample("x", normal()));
}

pub(crate) fn rightmost_dim_from_the_left() {
    plate_stack("p", &[2, 3], 1).run(|| sample("x", normal()));
}

pub(crate) fn factor_counted_for_each() {
    let x = sample("x", normal());
    plate("i", 3, |_| factor("penalty", -x.square()));
}

pub(crate) fn factor_for_each_said() {
    let x = sample("x", normal());
    plate("i", 3, |_| factor("penalty", (-x.square()).broadcast_to(&[3])));
}

/// A batch in no plate, and one that goes beyond its plate.
pub(crate) fn uncovered(_: &Tensor) {
    sample("outside", Normal::new(Tensor::zeros(&[2]), 1.0));
    plate("i", 3, |_| sample("inside", Normal::new(Tensor::zeros(&[2, 3]), 1.0)));
}
