//! Models of `param`, `deterministic`, `factor`, `mutable`, `module`, `prng_key` and `get_mask`.

use pyroxene_frontend::{
    handlers::{block, mask, scale, scope, substitute},
    nn,
    prelude::*,
    primitives::{Param, Plate, module},
};

use crate::{Twin, twins};

const Y: [f64; 3] = [0.5, -1.0, 2.0];
const INPUTS: [[f64; 2]; 3] = [[0.1, -0.2], [0.3, 0.4], [-0.5, 0.6]];

pub(crate) const TWINS: &[Twin] = twins! {
    param_constant param_array param_from_key param_substituted param_read_twice param_in_plate param_in_subsampled_plate
    scaled_param deterministic_values factors factor_in_plate factor_in_subsampled_plate factor_masked mutable_counter
        keys_by_hand masks_told module_with_priors
    module_dense module_after_a_site module_twice
};

fn normal() -> Normal {
    Normal::new(0.0, 1.0)
}

fn param_constant() {
    let loc = param("loc", 0.5);
    let scale = param("scale", Param::new(2.0).constraint(constraints::positive()));
    sample("x", Normal::new(loc, scale));
}

fn param_array() {
    let thirds = Tensor::ones(&[3]) / 3.0;
    let probs = param("probs", Param::new(thirds).constraint(constraints::simplex()));
    sample("x", CategoricalProbs::new(probs).obs(1));
}

fn param_from_key() {
    sample("before", normal());
    let w = param("w", Param::init(|key| random::normal(key, &[2, 2], DType::F64)));
    sample("after", Normal::new(w.sum(), 1.0));
}

fn param_substituted() {
    substitute([("w", Tensor::from([1.0, 2.0]))], || {
        let w = param("w", Param::init(|key| random::normal(key, &[2], DType::F64)));
        sample("x", Normal::new(w.sum(), 1.0));
    });
}

fn param_read_twice() {
    let a = param("a", 1.5);
    let b = param("a", 1.5);
    sample("x", Normal::new(a + b, 1.0));
}

fn param_in_plate() {
    plate("i", 3, |_| {
        let loc = param("loc", Param::new([0.0, 1.0, 2.0]).event_dim(0));
        let shared = param("shared", [1.0, 2.0]);
        sample("x", Normal::new(loc + shared.sum(), 1.0));
    });
}

fn param_in_subsampled_plate() {
    Plate::new("i", 6).subsample_size(3).run(|_| {
        let count = |n: usize| Tensor::arange(n).convert(DType::F64);
        let loc = param("loc", Param::new(count(6)).event_dim(0));
        let weights = param("weights", Param::new(count(12).reshape(&[6, 2])).event_dim(1));
        let one = param("one", Param::new([3.0]).event_dim(0));
        let whole = param("whole", count(6));
        sample("x", Normal::new(loc + weights.sum_axis(-1) + one + whole.sum(), 1.0));
    });
}

fn scaled_param() {
    scale(2.0, || {
        let a = param("a", 1.5);
        sample("x", Normal::new(a, 1.0));
    });
}

fn deterministic_values() {
    let x = sample("x", normal());
    let two = plate("i", 3, |_| scale(2.0, || mask(false, || deterministic("two", x * 2.0))));
    deterministic("vector", Tensor::stack(&[x, two]));
    sample("y", Normal::new(two, 1.0).obs(0.5));
}

fn factors() {
    let x = sample("x", normal());
    factor("scalar", -x.square());
    factor("vector", [0.5, -1.5]);
    factor("density", Gamma::new(2.0, 1.0).log_prob(x.exp()));
}

fn factor_in_plate() {
    let x = sample("x", normal());
    plate("i", 3, |_| {
        factor("once_for_each", 1.0);
        factor("each", x * [1.0, 2.0, 3.0]);
    });
}

fn factor_in_subsampled_plate() {
    Plate::new("i", 10).subsample_size(2).run(|_| factor("f", 1.0));
}

fn factor_masked() {
    mask(false, || factor("off", f64::NEG_INFINITY));
    mask([true, false], || factor("half", [1.5, f64::NEG_INFINITY]));
    scale(0.5, || factor("scaled", 3.0));
}

fn mutable_counter() {
    let count = mutable("state", 1) + 1;
    mutable("state", count);
    sample("x", Normal::new(count, 1.0));
}

fn module_dense() {
    let net = module("net", nn::serial([nn::dense(3), nn::tanh(), nn::dense(1)]), &[2]);
    let out = deterministic("out", net(INPUTS.into()));
    plate("i", 3, |_| sample("y", Normal::new(out.at((.., 0)), 1.0).obs(Y)));
}

fn module_after_a_site() {
    sample("before", normal());
    let net = module("net", nn::serial([nn::dense(2), nn::relu()]), &[2]);
    deterministic("out", net(INPUTS.into()));
    sample("after", normal());
}

fn module_twice() {
    let net = || nn::serial([nn::dense(1)]);
    let first = module("net", net(), &[2]);
    let second = module("net", net(), &[2]);
    deterministic("one", first(INPUTS.into()));
    deterministic("two", second(INPUTS.into()));
}

fn module_with_priors() {
    let (w, b) = scope("net", || {
        let w = sample("w", Normal::new(0.0, 0.5).expand(&[2, 1]).to_event(2));
        (w, sample("b", normal().expand(&[1]).to_event(1)))
    });
    let out = deterministic("out", (Tensor::from(INPUTS).dot(w) + b).at((.., 0)));
    plate("i", 3, |_| sample("y", Normal::new(out, 1.0).obs(Y)));
}

fn keys_by_hand() {
    sample("a", normal());
    let noise = random::normal(prng_key().unwrap(), &[2], DType::F64);
    let hidden = block(|| random::normal(prng_key().unwrap(), &[], DType::F64));
    deterministic("noise", noise);
    deterministic("hidden", hidden);
    sample("b", normal());
}

fn masks_told() {
    let told = |name: &str| deterministic(name, get_mask().unwrap_or(Tensor::from(1)));
    told("none");
    mask(true, || {
        told("on");
        mask([true, false], || {
            told("vector");
            mask(Tensor::from([[true], [false]]), || told("matrix"));
        });
    });
    mask(false, || mask(true, || told("off")));
}
