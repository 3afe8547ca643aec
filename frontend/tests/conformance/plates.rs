//! Models of `plate`, `plate_stack` and the shapes they give.

use pyroxene_frontend::{
    handlers::{mask, scale},
    prelude::*,
    primitives::Plate,
};

use crate::{Twin, twins};

const Y: [f64; 3] = [0.5, -1.0, 2.0];

pub(crate) const TWINS: &[Twin] = twins! {
    hierarchical nested_with_auto_dims nested_three crossed stacked stacked_rightmost stacked_three indices entered_twice
    sequential events_in_plates size_one batch_beyond_the_plates masked_and_scaled mixed_plates_in_posterior
    overlapping_plates
};

fn normal() -> Normal {
    Normal::new(0.0, 1.0)
}

fn hierarchical() {
    let mu = sample("mu", normal());
    let sigma = sample("sigma", Exponential::new(1.0));
    let group = plate("groups", 2, |_| sample("group", Normal::new(mu, sigma)));
    plate("obs", 3, |_| sample("y", Normal::new(group.at([0, 1, 1]), 1.0).obs(Y)));
}

fn nested_with_auto_dims() {
    Plate::new("a", 2).dim(-2).run(|_| {
        sample("x", normal());
        plate("c", 3, |_| {
            sample("y", normal());
            plate("d", 4, |_| sample("z", normal()));
        });
    });
}

fn nested_three() {
    Plate::new("i", 2).dim(-3).run(|_| {
        Plate::new("j", 1).dim(-2).run(|_| {
            let x = sample("x", normal());
            Plate::new("k", 3).dim(-1).run(|_| {
                let y = sample("y", Normal::new(x, 1.0));
                sample("z", Normal::new(y, 1.0).obs(Tensor::ones(&[2, 1, 3])));
            });
        });
    });
}

fn crossed() {
    let (rows, columns) = (Plate::new("rows", 3).dim(-2), Plate::new("columns", 2).dim(-1));
    let a = rows.run(|_| sample("a", normal()));
    let b = columns.run(|_| sample("b", normal()));
    rows.run(|_| columns.run(|_| sample("y", Normal::new(a + b, 1.0).obs(Tensor::zeros(&[3, 2])))));
}

fn stacked() {
    plate_stack("p", &[2, 3], -1).run(|| sample("x", normal()));
}

fn stacked_rightmost() {
    plate_stack("p", &[2, 3], -2).run(|| sample("x", normal()));
}

fn stacked_three() {
    plate_stack("p", &[2, 3, 4], -3).run(|| sample("x", HalfNormal::new(1.0)));
}

fn indices() {
    plate("i", 3, |index| {
        deterministic("index", index);
        sample("x", Normal::new(index * 10.0, 1.0));
    });
}

fn entered_twice() {
    let school = Plate::new("school", 3);
    let a = school.run(|_| sample("a", normal()));
    let total = sample("total", Normal::new(a.sum(), 1.0));
    school.run(|_| sample("y", Normal::new(total, 1.0).obs(Y)));
}

fn sequential() {
    let x = plate("i", 2, |_| sample("x", normal()));
    let y = plate("j", 3, |_| sample("y", normal()));
    sample("z", Normal::new(x.sum() * y.sum(), 1.0));
}

fn events_in_plates() {
    plate("i", 2, |_| {
        let p = sample("p", Dirichlet::new(Tensor::ones(&[3])));
        sample("c", CategoricalProbs::new(p));
        sample("v", Normal::new(Tensor::zeros(&[2, 3]), 1.0).to_event(1));
        sample("m", Normal::new(Tensor::zeros(&[3]), 1.0).to_event(1));
    });
}

fn size_one() {
    plate("i", 1, |_| {
        sample("x", normal());
        plate("j", 2, |_| sample("y", normal()));
    });
}

fn batch_beyond_the_plates() {
    plate("i", 3, |_| {
        sample("x", Normal::new(Tensor::zeros(&[2, 1]), 1.0));
        sample("y", Normal::new(Tensor::zeros(&[2, 3]), 1.0));
    });
}

fn masked_and_scaled() {
    plate("i", 3, |_| {
        mask([true, false, true], || {
            let x = scale(2.0, || sample("x", normal()));
            scale([1.0, 2.0, 3.0], || sample("y", Normal::new(x, 1.0).obs(Y)));
        })
    });
}

fn mixed_plates_in_posterior() {
    let (a, b) = plate("p", 3, |_| {
        let a = sample("a", normal());
        (a, sample("b", LogNormal::new(a, 1.0)))
    });
    let c = sample("c", Normal::new(a.sum(), b.sum()));
    plate("q", 2, |_| sample("d", Normal::new(c, 1.0).obs([0.5, 1.5])));
}

fn overlapping_plates() {
    let (a, b) = (Plate::new("a", 2).dim(-1), Plate::new("b", 3).dim(-2));
    let x = a.run(|_| sample("x", normal()));
    let y = b.run(|_| sample("y", normal()));
    let z = a.run(|_| b.run(|_| sample("z", Normal::new(x + y, 1.0))));
    sample("w", Normal::new(z.sum(), 1.0).obs(0.0));
}
