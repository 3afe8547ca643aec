//! Models with plates that subsample.

use pyroxene_frontend::{
    handlers::{block, replay, scale, seed, substitute, trace},
    prelude::*,
    primitives::{Plate, subsample_fn},
};

use crate::{Twin, twins};

const Y: [f64; 6] = [0.5, -1.0, 2.0, 1.0, 0.0, -0.5];

pub(crate) const TWINS: &[Twin] = twins! {
    subsampled subsample_data subsample_nested subsample_size_one_axis subsample_all subsample_given
    subsample_entered_twice subsample_scaled  subsample_indices two_subsampled_plates subsample_replayed
};

fn normal() -> Normal {
    Normal::new(0.0, 1.0)
}

fn count(n: usize, dims: &[usize]) -> Tensor {
    Tensor::arange(n).convert(DType::F64).reshape(dims)
}

fn subsampled() {
    let mu = sample("mu", normal());
    Plate::new("i", 6).subsample_size(2).run(|index| {
        deterministic("index", index);
        let x = sample("x", Normal::new(mu, 1.0));
        sample("y", Normal::new(x, 1.0).obs(Tensor::from(Y).at(index)));
    });
    sample("after", normal());
}

fn subsample_data() {
    let w = sample("w", normal().expand(&[2]));
    Plate::new("i", 6).subsample_size(4).run(|_| {
        let x = subsample(count(12, &[6, 2]), 1);
        let y = subsample(Y, 0);
        deterministic("x", x);
        sample("y", Normal::new(x.dot(w), 0.5).obs(y));
    });
}

fn subsample_nested() {
    Plate::new("i", 4).subsample_size(2).dim(-2).run(|_| {
        Plate::new("j", 6).subsample_size(3).dim(-1).run(|_| {
            let part = deterministic("part", subsample(count(24, &[4, 6]), 0));
            sample("y", normal().obs(part));
        });
    });
    Plate::new("k", 3).dim(-1).run(|_| sample("z", normal()));
}

fn subsample_size_one_axis() {
    Plate::new("i", 4).subsample_size(2).dim(-2).run(|_| {
        Plate::new("j", 6).dim(-1).run(|_| {
            let shared = subsample(count(6, &[1, 6]), 0);
            sample("y", normal().obs(shared));
        });
    });
}

fn subsample_all() {
    Plate::new("i", 3).subsample_size(3).run(|index| {
        deterministic("index", index);
        sample("x", normal());
    });
}

fn subsample_given() {
    substitute([("i", Tensor::from([4, 1]))], || {
        Plate::new("i", 6).subsample_size(2).run(|index| {
            sample("x", Normal::new(index * 1.0, 1.0).obs(subsample(Y, 0)));
        });
    });
    sample("after", normal());
}

fn subsample_entered_twice() {
    let plate = Plate::new("i", 6).subsample_size(3);
    let first = plate.run(|first| {
        sample("x", normal());
        first
    });
    plate.run(|second| {
        deterministic("same", first.equal(second).all());
        sample("y", normal().obs(subsample(Y, 0)));
    });
}

fn subsample_scaled() {
    scale(0.5, || {
        Plate::new("i", 6).subsample_size(2).run(|_| {
            scale([1.0, 2.0], || sample("x", normal()));
            factor("f", [1.0, -2.0]);
        })
    });
}

fn subsample_replayed() {
    let guide = || Plate::new("i", 6).subsample_size(2).run(|_| sample("x", normal()));
    let (_, recorded) = block(|| trace(|| seed(5, guide)));
    replay(&recorded, || {
        plate("i", 6, |_| {
            sample("x", Normal::new(1.0, 1.0));
            sample("y", normal().obs(subsample(Y, 0)));
        })
    });
}

fn subsample_indices() {
    deterministic("small", subsample_fn(10, 4, prng_key().unwrap()));
    deterministic("large", subsample_fn(50, 6, prng_key().unwrap()));
    deterministic("all_but_one", subsample_fn(5, 4, prng_key().unwrap()));
}

fn two_subsampled_plates() {
    Plate::new("i", 6).subsample_size(2).run(|_| sample("x", normal()));
    Plate::new("j", 8).subsample_size(4).run(|_| sample("y", normal()));
}
