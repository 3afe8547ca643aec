//! Models with sites inside `scan` and `cond`.

use pyroxene_frontend::{
    handlers::{block, condition, mask, replay, scale, seed, substitute, trace},
    prelude::*,
};

use crate::{Twin, twins};

const Y: [f64; 3] = [0.5, -1.0, 2.0];

pub(crate) const TWINS: &[Twin] = twins! {
    scan_observed scan_latent scan_substituted scan_conditioned scan_conditioned_in_part scan_masked scan_mask_inside
    scan_scaled scan_plate_inside scan_vectors scan_deterministic_inside scan_reversed scan_twice
    cond_latent cond_other_branch cond_yet_other_branch cond_substituted cond_conditioned cond_with_operand scan_replayed
};

fn zero() -> Tensor {
    Tensor::from(0.0)
}

fn walk(observe: bool) {
    let drift = sample("drift", Normal::new(0.0, 1.0));
    let (last, path) = scan(zero(), Tensor::from(Y), |x, y| {
        let x = sample("x", Normal::new(*x + drift, 1.0));
        sample("y", Normal::new(x, 0.5).obs(observe.then_some(*y)));
        (x, x)
    });
    deterministic("last", last);
    deterministic("path", path);
    sample("after", Normal::new(last, 1.0));
}

fn scan_observed() {
    walk(true);
}

fn scan_latent() {
    walk(false);
}

fn given() -> [(&'static str, Tensor); 1] {
    [("x", Tensor::from([0.1, 0.2, 0.3]))]
}

fn scan_substituted() {
    substitute(given(), scan_observed);
}

fn scan_conditioned() {
    condition(given(), scan_latent);
}

fn scan_conditioned_in_part() {
    condition([("x", Tensor::from([0.1, 0.2]))], || {
        Scan::times(4).run(zero(), |x, ()| (sample("x", Normal::new(*x, 1.0)), ()));
    });
}

fn scan_masked() {
    mask(false, scan_observed);
}

fn scan_mask_inside() {
    scan(zero(), (Tensor::from(Y), Tensor::from([true, false, true])), |x, (y, on)| {
        let x = sample("x", Normal::new(*x, 1.0));
        mask(*on, || sample("y", Normal::new(x, 0.5).obs(*y)));
        (x, ())
    });
}

fn scan_scaled() {
    scale(2.0, scan_observed);
}

fn scan_plate_inside() {
    let data = Tensor::arange(6).convert(DType::F64).reshape(&[3, 2]);
    scan(Tensor::zeros(&[2]), data, |x, y| {
        let x = plate("i", 2, |_| {
            let x = sample("x", Normal::new(*x, 1.0));
            sample("y", Normal::new(x, 0.5).obs(*y));
            x
        });
        (x, x.sum())
    });
}

fn scan_vectors() {
    Scan::times(3).run(Tensor::ones(&[2]), |x, ()| {
        let x = sample("x", MultivariateNormal::from_covariance_matrix(*x * 0.5, Tensor::eye(2)));
        (x, x)
    });
}

fn scan_deterministic_inside() {
    scan(zero(), Tensor::from(Y), |x, y| {
        let x = deterministic("level", *x * 0.5 + *y * 0.5);
        sample("y", Normal::new(x, 1.0).obs(*y));
        (x, ())
    });
}

fn scan_reversed() {
    let (_, path) = Scan::over(Tensor::from(Y)).reverse().run(zero(), |x, y| {
        let x = sample("x", Normal::new(*x + *y, 1.0));
        (x, x)
    });
    deterministic("path", path);
}

fn scan_twice() {
    let walk = |name: &str, from: Tensor, n: usize| {
        Scan::times(n).run(from, |x, ()| (sample(name, Normal::new(*x, 1.0)), ())).0
    };
    let x = walk("x", zero(), 2);
    walk("z", x, 3);
}

fn scan_replayed() {
    let (_, recorded) = block(|| trace(|| seed(7, scan_observed)));
    replay(&recorded, scan_observed);
}

fn switch_of_two() {
    let cluster = sample("cluster", Normal::new(0.0, 1.0));
    let high = || sample("x", Normal::new(20.0, 1.0));
    let low = || sample("x", Normal::new(-20.0, 2.0));
    let x = cond(cluster.greater(0.0), high, low);
    sample("y", Normal::new(x, 1.0).obs(0.5));
}

fn cond_latent() {
    switch_of_two();
}

fn cond_other_branch() {
    substitute([("cluster", 1.0)], switch_of_two);
}

fn cond_yet_other_branch() {
    substitute([("cluster", -1.0)], switch_of_two);
}

fn cond_substituted() {
    substitute([("x", 3.0)], switch_of_two);
}

fn cond_conditioned() {
    condition([("x", 3.0)], switch_of_two);
}

fn cond_with_operand() {
    let a = sample("a", HalfNormal::new(1.0));
    let one = || {
        let y = sample("y", Normal::new(0.0, a).obs(0.5));
        deterministic("d", y + a)
    };
    let two = || {
        let y = sample("y", Normal::new(1.0, a * 2.0).obs(0.5));
        deterministic("d", y - a)
    };
    deterministic("out", cond(a.less(1.0), one, two));
}
