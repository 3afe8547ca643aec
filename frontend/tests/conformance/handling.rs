//! Models under handlers.

use pyroxene_frontend::{
    handlers::{
        Message, Scope, Seed, SiteType, block, condition, condition_fn, do_, expose, expose_types, hide,
        hide_fn, infer_config, lift, mask, replay, scale, scope, seed, substitute, substitute_fn, trace,
        uncondition,
    },
    prelude::*,
    primitives::{Param, Plate},
};

use crate::{Twin, twins};

const Y: [f64; 3] = [0.5, -1.0, 2.0];

pub(crate) const TWINS: &[Twin] = twins! {
    substituted substituted_by_function conditioned conditioned_by_function conditioned_on_other_data unconditioned
    unconditioned_then_conditioned replayed replayed_but_for_data replayed_in_part intervene intervene_in_plate
    counterfactual intervene_on_conditioned block_all block_hide block_expose block_function block_types
    block_around_seed seed_inside seed_twice seed_hides_types mask_false mask_nested mask_events mask_bad_data
    scale_composes scale_of_each scoped scoped_twice scoped_but_plates scoped_then_substituted lift_all lift_some
    lift_repeated configured composed
};

fn normal() -> Normal {
    Normal::new(0.0, 1.0)
}

fn pair() {
    let a = sample("a", normal());
    let b = sample("b", Normal::new(a, 0.5));
    deterministic("sum", a + b);
}

fn grouped() {
    let mu = sample("mu", normal());
    plate("i", 3, |_| {
        let x = sample("x", Normal::new(mu, 1.0));
        sample("y", Normal::new(x, 1.0).obs(Y));
    });
}

fn substituted() {
    substitute([("a", 1.5), ("sum", 9.0)], pair);
}

fn substituted_by_function() {
    let given = |m: &Message| (m.kind.is_sample() && !m.is_observed && m.name != "b").then(|| 0.25.into());
    substitute_fn(given, pair);
}

fn conditioned() {
    condition([("x", Tensor::from([0.1, 0.2, 0.3]))], grouped);
}

fn conditioned_by_function() {
    condition_fn(|m: &Message| (m.name == "b").then(|| 2.0.into()), pair);
}

fn conditioned_on_other_data() {
    condition([("y", Tensor::from([1.0, 2.0, 3.0]))], grouped);
}

fn unconditioned() {
    uncondition(grouped);
}

fn unconditioned_then_conditioned() {
    condition([("y", -Tensor::from(Y))], || uncondition(grouped));
}

fn replayed() {
    let (_, recorded) = block(|| trace(|| seed(7, pair)));
    replay(&recorded, pair);
}

fn replayed_but_for_data() {
    let (_, recorded) = block(|| trace(|| seed(7, grouped)));
    replay(&recorded, grouped);
}

fn replayed_in_part() {
    let (_, recorded) = block(|| trace(|| seed(7, || hide(["b"], pair))));
    replay(&recorded, pair);
}

fn intervene() {
    do_([("a", 2.0)], pair);
}

fn intervene_in_plate() {
    do_([("x", Tensor::from([1.0, 2.0, 3.0]))], grouped);
}

fn counterfactual() {
    condition([("a", -1.0), ("b", 0.5)], || do_([("a", 2.0)], pair));
}

fn intervene_on_conditioned() {
    do_([("a", 2.0)], || condition([("a", -1.0)], pair));
}

fn block_all() {
    let a = block(|| sample("a", normal()));
    sample("b", Normal::new(a, 1.0));
}

fn block_hide() {
    hide(["x"], grouped);
}

fn block_expose() {
    expose(["mu", "y"], grouped);
}

fn block_function() {
    hide_fn(|m: &Message| m.kind.is_sample() && m.is_observed, grouped);
}

fn block_types() {
    let a = expose_types([SiteType::Param], || {
        let a = param("a", 1.5);
        sample("b", Normal::new(a, 1.0));
        a
    });
    sample("c", Normal::new(a, 1.0));
}

fn block_around_seed() {
    hide(["a"], || seed(4, pair));
}

fn seed_inside() {
    sample("x", normal());
    seed(8, pair);
    sample("z", normal());
}

fn seed_twice() {
    scope("one", || seed(8, pair));
    scope("two", || seed(8, pair));
}

fn seed_hides_types() {
    Seed::new(8).hide_types([SiteType::Plate]).run(|| {
        Plate::new("i", 6).subsample_size(2).run(|_| sample("x", normal()));
    });
}

fn mask_false() {
    mask(false, grouped);
}

fn mask_nested() {
    mask([true, true, false], || {
        mask(Tensor::from([[true], [false]]), || {
            sample("x", normal());
            sample("y", Normal::new(Tensor::zeros(&[3]), 1.0).obs(Y));
        })
    });
}

fn mask_events() {
    mask([true, false], || {
        sample("x", Dirichlet::new(Tensor::ones(&[2, 3])));
        sample("z", MultivariateNormal::from_covariance_matrix(Tensor::zeros(&[2]), Tensor::eye(2)));
    });
}

fn mask_bad_data() {
    let scale = sample("scale", HalfNormal::new(1.0));
    plate("i", 3, |_| {
        mask([true, false, true], || {
            sample("y", Normal::new(0.0, scale).obs([0.5, f64::NAN, 2.0]));
            sample("z", Exponential::new(scale).obs([0.5, -1.0, 2.0]));
        })
    });
}

fn scale_composes() {
    scale(2.0, || {
        sample("a", normal());
        scale(0.25, || sample("b", normal()));
        Plate::new("i", 4).subsample_size(2).run(|_| sample("c", normal().obs(1.0)));
    });
}

fn scale_of_each() {
    scale([1.0, 2.0, 3.0], || {
        sample("x", normal().expand(&[3]));
        sample("y", normal().obs(Y));
    });
}

fn scoped() {
    scope("m", grouped);
}

fn scoped_twice() {
    Scope::new("out").run(|| Scope::new("in").divider(".").run(grouped));
}

fn scoped_but_plates() {
    Scope::new("m").hide_types([SiteType::Plate]).run(grouped);
}

fn scoped_then_substituted() {
    substitute([("m/a", 1.0)], || scope("m", pair));
}

fn lifted() {
    let w = param("w", 1.0);
    let s = param("s", Param::new(2.0).constraint(constraints::positive()));
    sample("x", Normal::new(w, s));
}

fn lift_all() {
    lift(Exponential::new(1.0), lifted);
}

fn lift_some() {
    lift([("s", HalfNormal::new(3.0))], lifted);
}

fn lift_repeated() {
    lift([("a", normal())], || {
        let a = param("a", 1.0);
        sample("x", Normal::new(a, 1.0));
        let b = param("a", 1.0);
        sample("y", Normal::new(b, 1.0));
    });
}

fn configured() {
    infer_config(
        |m: &Message| if m.name == "b" { vec![("enumerate", "parallel".into())] } else { vec![] },
        pair,
    );
}

fn composed() {
    substitute([("m/x", Tensor::from([0.1, 0.2, 0.3]))], || {
        scale(2.0, || mask([true, false, true], || condition([("m/mu", 0.5)], || scope("m", grouped))))
    });
}
