//! Models under `reparam`.

use std::rc::Rc;

use pyroxene_frontend::{
    handlers::{
        CircularReparam, ExplicitReparam, LocScaleReparam, Message, ProjectedNormalReparam, Reparam,
        TransformReparam, mask, reparam, reparam_fn, scale, scope, substitute,
    },
    prelude::*,
    primitives::Param,
    transforms::{Affine, Exp, Inverse, Transform},
};

use crate::{Twin, twins};

pub(crate) const TWINS: &[Twin] = twins! {
    loc_scale_centered loc_scale_partly loc_scale_noncentered loc_scale_learnable loc_scale_shape_parameter
    loc_scale_event by_function transformed explicit projected_normal circular reparam_of_substituted
    reparam_scaled_and_masked reparam_scoped improper_param
};

fn funnel() {
    let mu = sample("mu", Normal::new(0.0, 5.0));
    let tau = sample("tau", HalfNormal::new(2.0));
    plate("i", 3, |_| {
        let x = sample("x", Normal::new(mu, tau));
        sample("y", Normal::new(x, 1.0).obs([0.5, -1.0, 2.0]));
    });
}

fn loc_scale_centered() {
    reparam([("x", LocScaleReparam::new().centered(1.0))], funnel);
}

fn loc_scale_partly() {
    reparam([("x", LocScaleReparam::new().centered(0.3))], funnel);
}

fn loc_scale_noncentered() {
    reparam([("x", LocScaleReparam::new().centered(0.0))], funnel);
}

fn loc_scale_learnable() {
    reparam([("x", LocScaleReparam::new()), ("mu", LocScaleReparam::new())], funnel);
}

fn loc_scale_shape_parameter() {
    reparam([("x", LocScaleReparam::new().centered(0.0).shape_params(["df"]))], || {
        sample("x", StudentT::new(4.0, [1.0, 2.0], 3.0));
    });
}

fn loc_scale_event() {
    reparam([("x", LocScaleReparam::new().centered(0.0))], || {
        sample("x", Normal::new([1.0, 2.0], 3.0).to_event(1));
    });
}

fn by_function() {
    let config = |m: &Message| -> Option<Rc<dyn Reparam>> {
        let here = ["mu", "x"].contains(&m.name.as_str()) && !m.is_observed;
        here.then(|| Rc::new(LocScaleReparam::new().centered(0.0)) as _)
    };
    reparam_fn(config, funnel);
}

fn affine(loc: f64, scale: f64) -> Rc<dyn Transform> {
    Rc::new(Affine::new(loc, scale))
}

fn transformed() {
    let x = reparam([("x", TransformReparam), ("z", TransformReparam)], || {
        let x = sample("x", TransformedDistribution::new(Normal::new(0.0, 1.0), [affine(1.0, 2.0)]));
        plate("i", 2, |_| {
            let log_normal =
                TransformedDistribution::new(Normal::new(0.5, 1.0), [Rc::new(Exp) as _, affine(1.0, 3.0)]);
            sample("z", log_normal.expand(&[2]));
        });
        x
    });
    sample("y", Normal::new(x, 1.0).obs(0.5));
}

fn explicit() {
    let log = || Inverse::new(Exp);
    let x = reparam(
        [("x", ExplicitReparam::new(Affine::new(1.0, 2.0))), ("z", ExplicitReparam::new(log()))],
        || {
            let x = sample("x", Normal::new(0.0, 1.0));
            plate("i", 2, |_| sample("z", Gamma::new(4.0, 4.0)));
            x
        },
    );
    sample("y", Normal::new(x, 1.0).obs(0.5));
}

fn projected_normal() {
    reparam([("x", ProjectedNormalReparam), ("z", ProjectedNormalReparam)], || {
        sample("x", ProjectedNormal::new([1.0, 2.0, -1.0]));
        plate("i", 2, |_| sample("z", ProjectedNormal::new([1.0, 0.0])));
    });
}

fn circular() {
    let x = reparam([("x", CircularReparam)], || {
        substitute([("x_unwrapped", 7.5)], || sample("x", VonMises::new(0.5, 2.0)))
    });
    sample("y", Normal::new(x, 1.0).obs(0.5));
}

fn reparam_of_substituted() {
    substitute([("x_decentered", Tensor::from([0.1, 0.2, 0.3]))], loc_scale_noncentered);
}

fn reparam_scaled_and_masked() {
    scale(2.0, || mask([true, false, true], loc_scale_noncentered));
}

fn reparam_scoped() {
    scope("m", loc_scale_noncentered);
}

fn improper_param() {
    let rate = param("rate", Param::new(0.5).constraint(constraints::positive()));
    reparam([("x", ExplicitReparam::new(Inverse::new(Exp)))], || {
        sample("x", Exponential::new(rate));
    });
}
