//! Reparametrisers and `lift` against NumPyro: sites, draws and densities of `tests/golden/numpyro_reparams.json`.
#![allow(clippy::panic, reason = "golden data and conversions stop a test")]

mod common;

use std::rc::Rc;

use common::{
    Within, array, assert_close, errors, golden, gradient, list, number, numbers,
    sites::{Model, check, find},
    variable,
};
use pyroxene_frontend::{
    handlers::{
        CircularReparam, ExplicitReparam, LocScaleReparam, Message, ProjectedNormalReparam, Reparam,
        TransformReparam, condition, lift, reparam, reparam_fn, scale, seed, substitute,
    },
    prelude::*,
    primitives::Param as Parameter,
    transforms::{Affine, Inverse, Softplus},
};

fn schools() {
    let mu = sample("mu", Normal::new(0.0, 5.0));
    let tau = sample("tau", HalfNormal::new(2.0));
    plate("school", 3, |_| sample("theta", Normal::new(mu, tau)));
}

fn vector() {
    let mu = sample("mu", Normal::new(0.0, 5.0));
    plate("i", 3, |_| sample("theta", Normal::new(mu + Tensor::from([0.0, 1.0]), 2.0).to_event(1)));
}

fn heavy() {
    sample("x", StudentT::new(4.0, 1.0, 2.0).expand(&[2]));
}

fn moved() {
    let mu = sample("mu", Normal::new(0.0, 5.0));
    let moved = || TransformedDistribution::new(Normal::new(0.0, 1.0), [Rc::new(Affine::new(mu, 2.0)) as _]);
    plate("i", 3, |_| sample("x", moved()));
}

fn positive() {
    sample("x", LogNormal::new(0.5, 2.0).expand(&[2]).to_event(1));
    sample("y", InverseGamma::new(3.0, 2.0));
    sample("z", LogUniform::new(1.0, 9.0));
    sample("w", Pareto::new(2.0, 3.0));
}

fn gamma() {
    plate("i", 2, |_| sample("x", Gamma::new(4.0, 4.0)));
}

fn direction() {
    plate("i", 2, |_| sample("x", ProjectedNormal::new([0.5, -1.0, 2.0])));
}

fn angle() {
    plate("i", 2, |_| sample("x", VonMises::new(0.5, 2.0)));
}

fn scaled() {
    scale(2.0, || sample("x", Normal::new(1.0, 3.0)));
}

fn parameters() {
    let a = || param("a", Parameter::new(0.5).constraint(constraints::positive()));
    let (first, b) = (a(), param("b", [0.5, 1.5]));
    sample("x", Normal::new(b * a(), first).to_event(1).obs([0.25, 1.0]));
}

fn bases(site: &Message) -> Option<Rc<dyn Reparam>> {
    (!site.name.ends_with("_base")).then(|| Rc::new(TransformReparam) as Rc<dyn Reparam>)
}

fn fixed(by: f64) -> [(&'static str, LocScaleReparam); 1] {
    [("theta", LocScaleReparam::new().centered(by))]
}

fn learnt() -> [(&'static str, LocScaleReparam); 1] {
    [("theta", LocScaleReparam::new())]
}

/// The programs of the golden file, under the file's own notation.
fn programs() -> Vec<(&'static str, Model)> {
    macro_rules! list { ($($name:literal => $body:expr),* $(,)?) => {
        vec![$(($name, Box::new(|| { $body; }) as Model)),*]
    } }
    list! {
        "seed(reparam(schools, {'theta': LocScaleReparam(0)}), 3)" =>
            seed(3, || reparam(fixed(0.0), schools)),
        "seed(reparam(schools, {'theta': LocScaleReparam(0.3)}), 3)" =>
            seed(3, || reparam(fixed(0.3), schools)),
        "seed(reparam(schools, {'theta': LocScaleReparam(1)}), 3)" =>
            seed(3, || reparam(fixed(1.0), schools)),
        "seed(reparam(schools, {'theta': LocScaleReparam()}), 3)" =>
            seed(3, || reparam(learnt(), schools)),
        "reparam(seed(schools, 3), {'theta': LocScaleReparam(0)})" =>
            reparam(fixed(0.0), || seed(3, schools)),
        "seed(reparam(vector, {'theta': LocScaleReparam()}), 3)" =>
            seed(3, || reparam(learnt(), vector)),
        "seed(reparam(heavy, {'x': LocScaleReparam(0.5, shape_params=['df'])}), 3)" =>
            seed(3, || reparam([("x", LocScaleReparam::new().centered(0.5).shape_params(["df"]))], heavy)),
        "seed(reparam(moved, {'x': TransformReparam()}), 3)" =>
            seed(3, || reparam([("x", TransformReparam)], moved)),
        "seed(reparam(positive, lambda m: None if m['name'].endswith('_base') else TransformReparam()), 3)" =>
            seed(3, || reparam_fn(bases, positive)),
        "seed(reparam(gamma, {'x': ExplicitReparam(SoftplusTransform().inv)}), 3)" =>
            seed(3, || reparam([("x", ExplicitReparam::new(Inverse::new(Softplus)))], gamma)),
        "seed(direction, 3)" => seed(3, direction),
        "seed(reparam(direction, {'x': ProjectedNormalReparam()}), 3)" =>
            seed(3, || reparam([("x", ProjectedNormalReparam)], direction)),
        "substitute(reparam(angle, {'x': CircularReparam()}), {'x_unwrapped': jnp.array([-7.0, 2.0])})" =>
            substitute([("x_unwrapped", [-7.0, 2.0])], || reparam([("x", CircularReparam)], angle)),
        "seed(reparam(scaled, {'x': LocScaleReparam(0)}), 3)" =>
            seed(3, || reparam([("x", LocScaleReparam::new().centered(0.0))], scaled)),
        "seed(lift(parameters, {'a': dist.Exponential(2.0)}), 3)" =>
            seed(3, || lift([("a", Exponential::new(2.0))], parameters)),
        "seed(lift(parameters, dist.LogNormal(jnp.array([0.0, 1.0]), 1.0).to_event(1)), 3)" =>
            seed(3, || lift(LogNormal::new([0.0, 1.0], 1.0).to_event(1), parameters)),
    }
}

#[test]
fn reparametrised_programs_draw_and_score_as_numpyros_do() -> anyhow::Result<()> {
    let golden = golden("numpyro_reparams");
    let programs = programs();
    for (name, program) in &programs {
        check(name, program, find(&golden["cases"], "handlers", name)?)?;
    }
    let left: Vec<&str> = list(&golden["cases"])
        .iter()
        .filter_map(|c| c["handlers"].as_str())
        .filter(|h| programs.iter().all(|(n, _)| n != h))
        .collect();
    assert_eq!(left, Vec::<&str>::new());
    Ok(())
}

#[test]
fn projected_normals_have_numpyros_density_and_gradient() {
    // Sums of a few terms near one; opposite the mean the terms cancel to a hundredth of their size.
    let within = Within { rel: 1e-12, abs: 1e-13 };
    for case in list(&golden("numpyro_reparams")["projected_normal"]) {
        let value = array(&case["value"]);
        let (density, slopes) = gradient(|| {
            let concentration = variable(&array(&case["concentration"]));
            let density = ProjectedNormal::new(concentration).log_prob(Tensor::from(value.clone()));
            (density, vec![concentration])
        });
        assert_close(case, &density.to_f64_vec(), &[number(&case["log_prob"])], within);
        assert_close(case, &slopes[0].to_f64_vec(), &numbers(&case["gradient"]["values"]), within);
    }
}

fn error(f: impl FnOnce()) -> String {
    let all = errors(|| {
        f();
        vec![]
    });
    all.first().cloned().unwrap_or_default()
}

#[test]
fn sites_that_do_not_suit_are_named() {
    let zero = || LocScaleReparam::new().centered(0.0);
    let cases: Vec<(&str, Model)> = vec![
        (
            "site `x`: reparam: the site is observed; help: reparametrise latent sites alone",
            Box::new(move || {
                condition([("x", 1.0)], || seed(0, || ()));
                reparam([("x", zero())], || sample("x", Normal::new(0.0, 1.0).obs(1.0)));
            }),
        ),
        (
            "site `x`: reparam: the site has a value",
            Box::new(move || {
                reparam([("x", zero())], || substitute([("x", 1.0)], || sample("x", Normal::new(0.0, 1.0))));
            }),
        ),
        (
            "site `x`: LocScaleReparam needs real support, and that of Gamma is a positive number",
            Box::new(move || {
                reparam([("x", zero())], || sample("x", Gamma::new(2.0, 1.0)));
            }),
        ),
        (
            "site `x`: LocScaleReparam: StudentT has the parameter `df` too; help: name it in `.shape_params([..])`",
            Box::new(move || {
                reparam([("x", zero())], || sample("x", StudentT::new(4.0, 0.0, 1.0)));
            }),
        ),
        (
            "site `x`: LocScaleReparam: Normal has no parameter `df`",
            Box::new(move || {
                reparam([("x", zero().shape_params(["df"]))], || sample("x", Normal::new(0.0, 1.0)));
            }),
        ),
        (
            "`centered` of LocScaleReparam must be between 0 and 1, found 1.5",
            Box::new(|| {
                let _ = LocScaleReparam::new().centered(1.5);
            }),
        ),
        (
            "site `x`: TransformReparam: Normal is no transformed distribution",
            Box::new(|| {
                reparam([("x", TransformReparam)], || sample("x", Normal::new(0.0, 1.0)));
            }),
        ),
        (
            "site `x`: ProjectedNormalReparam: the distribution is Normal",
            Box::new(|| {
                reparam([("x", ProjectedNormalReparam)], || sample("x", Normal::new(0.0, 1.0)));
            }),
        ),
        (
            "site `x`: CircularReparam needs angles, and the support of Normal is a finite number",
            Box::new(|| {
                reparam([("x", CircularReparam)], || sample("x", Normal::new(0.0, 1.0)));
            }),
        ),
        (
            "the density of ProjectedNormal is known for 2 and 3 dimensions, found 4",
            Box::new(|| {
                seed(0, || sample("x", ProjectedNormal::new([1.0; 4])));
            }),
        ),
        (
            "primitives are nested 64 deep",
            Box::new(move || {
                let all = move |_: &Message| Some(Rc::new(zero()) as Rc<dyn Reparam>);
                seed(0, || reparam_fn(all, || sample("x", Normal::new(0.0, 1.0))));
            }),
        ),
    ];
    for (expected, wrong) in cases {
        let found = error(wrong);
        assert!(
            found.contains(expected) && found.contains("reparam.rs:"),
            "found `{found}`, expected `{expected}`"
        );
    }
}
