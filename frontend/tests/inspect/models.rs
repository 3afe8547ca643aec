//! The models of `tests/golden/make_inspect.py`, under the same names.

use pyroxene_frontend::{
    handlers::{self, hide},
    prelude::*,
    primitives::{Param, Plate, Statement, mutable},
};

pub(crate) fn normal() -> Normal {
    Normal::new(0.0, 1.0)
}

pub(crate) fn zeros(dims: &[usize]) -> Tensor {
    Tensor::zeros(dims)
}

pub(crate) fn chain() {
    let a = sample("a", normal());
    sample("b", Normal::new(a, 1.0).obs(0.0));
}

pub(crate) fn collider() {
    let a = sample("a", normal());
    let b = sample("b", LogNormal::new(0.0, 1.0));
    let c = sample("c", Normal::new(a, b));
    sample("d", Normal::new(c, 1.0).obs(0.0));
}

pub(crate) fn summed_plate() {
    let a = plate("p", 5, |_| sample("a", normal()));
    sample("b", Normal::new(a.sum(), 1.0).obs(0.0));
}

pub(crate) fn mixed() {
    let a = sample("a", normal());
    let b = sample("b", Normal::new(a, 1.0));
    let c = sample("c", Normal::new(b, 1.0));
    let d = sample("d", Normal::new(a, c.exp()));
    let e = sample("e", normal());
    let f = sample("f", normal());
    sample("g", BernoulliLogits::new(e + f).obs(0));
    plate("p", 3, |_| {
        let h = sample("h", Normal::new(c, d.exp()));
        deterministic("i", h + 1.0);
        let j = sample("j", Delta::new(h + 1.0).obs(h + 1.0));
        sample("k", Normal::new(a, j.exp()).obs(Tensor::from(Array::from([0.5, -0.5, 1.5]))));
    });
}

pub(crate) fn factors() {
    let a = sample("a", normal());
    factor("b", 0.0);
    factor("c", a);
}

pub(crate) fn discrete_obs() {
    let a = sample("a", normal());
    let ones = Tensor::ones(&[3]);
    let b = sample("b", Normal::new(a.expand_dims(-1), ones).to_event(1));
    let c = sample(
        "c",
        MultivariateNormal::from_covariance_matrix(zeros(&[3]) + a.expand_dims(-1), Tensor::eye(3)),
    );
    plate("i", 2, |_| {
        let d = sample("d", Dirichlet::new((b + c).exp()));
        sample("e", CategoricalLogits::new(d).obs(Tensor::from(Array::from([0i64, 0]))));
    });
}

pub(crate) fn discrete() {
    let a = sample("a", Dirichlet::new(Tensor::ones(&[3])));
    let b = sample("b", CategoricalProbs::new(a));
    let c = sample("c", Normal::new(zeros(&[3]), 1.0).to_event(1));
    let d = sample("d", Poisson::new(c.take(b).exp()));
    sample("e", Normal::new(d, 1.0).obs(1.0));
}

pub(crate) fn coupled_plate() {
    let (x, y) = plate("p", 2, |_| (sample("x", normal()), sample("y", normal())));
    sample("z", Normal::new(x.sum(), y.sum().exp()).obs(0.5));
}

pub(crate) fn rows_and_columns() {
    let (i, j) = (Plate::new("i", 3).dim(-2), Plate::new("j", 2).dim(-1));
    let x = i.run(|_| j.run(|_| sample("x", normal())));
    i.run(|_| sample("y", Normal::new(x.sum_axis(keepdims(-1)), 1.0).obs(zeros(&[3, 1]))));
    j.run(|_| sample("z", Normal::new(x.sum_axis(keepdims(-2)), 1.0).obs(zeros(&[1, 2]))));
}

pub(crate) fn plate_collider() {
    let (i, j) = (Plate::new("i", 3).dim(-2), Plate::new("j", 2).dim(-1));
    let x = i.run(|_| sample("x", normal()));
    let y = j.run(|_| sample("y", normal()));
    i.run(|_| j.run(|_| sample("z", Normal::new(x, y.exp()).obs(zeros(&[3, 2])))));
}

pub(crate) fn plate_dependency() {
    let w = sample("w", normal());
    plate("p", 2, |_| {
        let (x, y) = (sample("x", normal()), sample("y", normal()));
        sample("z", Normal::new(w + x + y, 1.0).obs(zeros(&[2])));
    });
}

pub(crate) fn nested_collider() {
    let c = Plate::new("i", 2).dim(-1).run(|_| {
        let a = Plate::new("j", 3).dim(-2).run(|_| sample("a", normal()));
        let b = Plate::new("k", 3).dim(-2).run(|_| sample("b", normal()));
        sample("c", Normal::new(a.sum_axis(0) + b.sum(), 1.0))
    });
    sample("d", Normal::new(c.sum(), 1.0).obs(0.0));
}

pub(crate) fn masked() {
    let (a, b) = (sample("a", normal()), sample("b", normal()));
    let some = Tensor::from(Array::from([true, true, false, false]));
    plate("p", 4, |_| {
        handlers::mask(some, || sample("c", Normal::new(a, 1.0).obs(zeros(&[4]))));
    });
    handlers::mask(Tensor::from(1.0).less(b), || sample("d", normal()));
    handlers::mask(false, || sample("e", Normal::new(a, 1.0)));
}

pub(crate) fn hidden() {
    let z = hide(["z"], || {
        let a = sample("a", normal());
        sample("z", Normal::new(a, 1.0))
    });
    sample("c", Normal::new(z, 1.0).obs(0.0));
}

pub(crate) fn params() {
    let s = param("s", Param::new(1.0).constraint(constraints::positive()));
    let w = param("w", zeros(&[2, 3]));
    let a = sample("a", Normal::new(0.0, s));
    let b = deterministic("b", a * w.sum());
    plate("N", 4, |_| {
        let c = deterministic("c", b + Tensor::from(Array::from([0.0, 1.0, 2.0, 3.0])));
        sample("d", Normal::new(c, 1.0).obs(zeros(&[4])));
    });
}

pub(crate) fn crossing_plates() {
    let (i, j) = (Plate::new("i", 3).dim(-2), Plate::new("j", 2).dim(-1));
    let x = i.run(|_| {
        let x = sample("x", normal());
        sample("u", Normal::new(x, 1.0));
        x
    });
    let y = j.run(|_| sample("y", normal()));
    i.run(|_| j.run(|_| sample("z", Normal::new(x, y.exp()).obs(zeros(&[3, 2])))));
}

pub(crate) fn three_levels() {
    let mu = sample("mu", normal());
    Plate::new("state", 2).dim(-3).run(|_| {
        let s = sample("s", Normal::new(mu, 1.0));
        Plate::new("county", 3).dim(-2).run(|_| {
            let c = sample("c", Normal::new(s, 1.0));
            Plate::new("house", 4).dim(-1).run(|_| sample("y", Normal::new(c, 1.0).obs(zeros(&[2, 3, 4]))));
        });
    });
}

pub(crate) fn observed_latent() {
    let a = sample("a", normal());
    let o = sample("o", Normal::new(a, 1.0).obs(a));
    sample("p", Normal::new(o, 1.0).obs(1.0));
}

pub(crate) fn latent_delta() {
    let a = sample("a", normal());
    let b = sample("b", Delta::new(a + 1.0));
    let c = sample("c", Normal::new(b, 1.0));
    sample("d", Normal::new(c, 1.0).obs(0.0));
}

pub(crate) fn substituted() {
    let a = sample("a", normal());
    let b = handlers::substitute([("b", Tensor::from(0.5))], || sample("b", Normal::new(a, 1.0)));
    sample("c", Normal::new(b, 1.0).obs(0.0));
}

pub(crate) fn scaled() {
    let a = sample("a", normal());
    handlers::scale(2.0, || sample("b", Normal::new(a, 1.0).obs(0.0)));
}

pub(crate) fn eight_schools() {
    let mu = sample("mu", Normal::new(0.0, 5.0));
    let tau = sample("tau", HalfCauchy::new(5.0));
    plate("school", 8, |_| {
        let theta = sample("theta", Normal::new(mu, tau));
        sample("y", Normal::new(theta, Tensor::ones(&[8]) * 10.0).obs(zeros(&[8])));
    });
}

pub(crate) fn no_plate() {
    let a = sample("a", Normal::new(zeros(&[3]), 1.0));
    sample("y", normal().obs(zeros(&[5])));
    plate("p", 4, |_| sample("z", Normal::new(a.expand_dims(-1), 1.0).obs(zeros(&[4]))));
}

pub(crate) fn expanded() {
    sample("a", normal().expand(&[2, 3]).to_event(2));
    sample("b", Dirichlet::new(Tensor::ones(&[4])));
    plate("p", 2, |_| {
        sample("c", MultivariateNormal::from_covariance_matrix(zeros(&[3]), Tensor::eye(3)));
        sample("d", normal().obs(0.5));
    });
}

pub(crate) fn sample_shapes() {
    sample("a", Statement::from(normal()).sample_shape(&[5]));
    sample("b", Statement::from(Dirichlet::new(Tensor::ones(&[3]))).sample_shape(&[2]));
    plate("p", 4, |_| sample("c", Statement::from(normal()).sample_shape(&[4])));
}

pub(crate) fn subsampled() {
    let mu = sample("mu", normal());
    Plate::new("data", 10).subsample_size(4).run(|_| {
        let z = sample("z", Normal::new(mu, 1.0));
        sample("y", Normal::new(z, 1.0).obs(zeros(&[4])));
    });
}

pub(crate) fn stateful() {
    let n = mutable("n", 2.0);
    let a = sample("a", Normal::new(n, 1.0));
    sample("b", Normal::new(a, 1.0).obs(0.0));
}

pub(crate) fn scanned() {
    let rho = sample("rho", normal());
    let (last, ()) = scan(Tensor::from(0.0), zeros(&[4]), |z, y| {
        let z = sample("z", Normal::new(rho * *z, 1.0));
        sample("y", Normal::new(z, 1.0).obs(*y));
        (z, ())
    });
    sample("end", Normal::new(last, 1.0));
}

pub(crate) fn guide_normal() {
    sample("a", normal());
}

pub(crate) fn guide_other() {
    sample("a", normal());
    sample("z", normal());
}

pub(crate) fn guide_auxiliary() {
    sample("a", normal());
    sample("z", Statement::from(normal()).infer("is_auxiliary", true));
}

pub(crate) fn guide_empty() {}

pub(crate) fn guide_batch() {
    sample("a", Normal::new(zeros(&[3]), 1.0));
}

pub(crate) fn guide_event() {
    sample("a", Normal::new(zeros(&[5]), 1.0).to_event(1));
}

pub(crate) fn guide_plate() {
    plate("q", 5, |_| sample("a", normal()));
}

pub(crate) fn guide_same_plate() {
    plate("p", 5, |_| sample("a", normal()));
}

macro_rules! table { ($($f:ident),* $(,)?) => { &[$((stringify!($f), $f)),*] } }

pub(crate) const MODELS: &[(&str, fn())] = table![
    chain,
    collider,
    summed_plate,
    mixed,
    factors,
    discrete_obs,
    discrete,
    coupled_plate,
    rows_and_columns,
    plate_collider,
    plate_dependency,
    nested_collider,
    masked,
    hidden,
    params,
    crossing_plates,
    three_levels,
    observed_latent,
    substituted,
    scaled,
    eight_schools,
    no_plate,
    expanded,
    sample_shapes,
    subsampled,
    stateful,
    scanned,
    latent_delta,
];

pub(crate) const GUIDES: &[(&str, fn())] = table![
    guide_normal,
    guide_other,
    guide_auxiliary,
    guide_empty,
    guide_batch,
    guide_event,
    guide_plate,
    guide_same_plate,
];
