//! NUTS on compiled models: moments against exact ones, reproducibility, names and shapes, and every way to fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "mcmc/calibration.rs"]
mod calibration;
#[path = "mcmc/course.rs"]
mod course;
#[path = "mcmc/in_graph.rs"]
mod in_graph;

use expect_test::expect;
use pyroxene_frontend::{Model, prelude::*, primitives::Plate};
use pyroxene_inference::{
    Error, Hmc, Kernel, Mcmc, Metric, Nuts, Posterior, Problem, diagnostics::mcse_mean, stat,
};

/// |mean − exact| in units of the mean's own Monte Carlo standard error.
fn deviation(posterior: &Posterior, site: &str, element: usize, f: fn(f64) -> f64, exact: f64) -> f64 {
    let draws: Vec<f64> = posterior.site(site).unwrap().scalar(element).into_iter().map(f).collect();
    let chains: Vec<&[f64]> = draws.chunks(posterior.num_draws()).collect();
    let error = mcse_mean(&chains);
    let mean = draws.iter().sum::<f64>() / draws.len() as f64;
    // A standard error of more than a tenth of the spread would let anything pass.
    let spread = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / draws.len() as f64;
    assert!(error < 0.1 * spread.sqrt(), "{site}[{element}]: standard error {error}");
    (mean - exact).abs() / error
}

/// Draws differ in their last bits, and so altogether, between kinds of processors: there a seed is as good as chosen
/// blindly. A comparison then fails a correct sampler with probability 6e-7, and all of this file with about 3e-5.
const GATE: f64 = 5.0;

#[test]
fn normal_moments_are_exact() {
    let posterior = Mcmc::new(Nuts::default(), |_: &()| {
        plate("dim", 10, |_| sample("x", Normal::new(0.0, 1.0)));
    });
    let posterior = posterior.seed(1).run(&()).unwrap();
    for i in 0..10 {
        assert!(deviation(&posterior, "x", i, |x| x, 0.0) < GATE);
        assert!(deviation(&posterior, "x", i, |x| x * x, 1.0) < GATE);
        assert!(
            deviation(&posterior, "x", i, |x| f64::from(u8::from(x < -1.0)), 0.158_655_253_931_457) < GATE
        );
    }
}

#[test]
fn moments_of_scaled_correlated_and_constrained_sites_are_exact() {
    let posterior = Mcmc::new(Nuts::default(), |_: &()| {
        let x = sample("x", Normal::new(3.0, 10.0));
        let y = sample("y", Normal::new(1.0 + 0.02 * x, 0.05));
        deterministic("xy", (x - 3.0) * (y - 1.06));
        sample("rate", Exponential::new(0.001));
        sample("share", Uniform::new(-2.0, 6.0));
    });
    let posterior = posterior.seed(2).run(&()).unwrap();
    // x and y have correlation 0.970; y has variance 0.02² · 100 + 0.05².
    type Moment = (&'static str, fn(f64) -> f64, f64);
    let exact: [Moment; 9] = [
        ("x", |x| x, 3.0),
        ("x", |x| x * x, 109.0),
        ("y", |y| y, 1.06),
        ("y", |y| (y - 1.06).powi(2), 0.0425),
        ("xy", |z| z, 2.0),
        ("rate", |x| x, 1000.0),
        ("rate", |x| x * x, 2.0e6),
        ("share", |x| x, 2.0),
        ("share", |x| x * x, 28.0 / 3.0),
    ];
    for (site, f, value) in exact {
        let found = deviation(&posterior, site, 0, f, value);
        assert!(found < GATE, "{site}: {found} standard errors from {value}");
    }
    assert_eq!(posterior.stat(stat::DIVERGING).unwrap().values().iter().sum::<f64>(), 0.0);
}

/// A random walk seen through noise, its states sites of a loop: the posterior is Gaussian, its precision tridiagonal.
#[test]
fn moments_of_sites_inside_a_loop_are_exact() {
    let posterior = Mcmc::new(Nuts::default(), |y: &Tensor| {
        let (_, path) = scan(Tensor::from(0.0), *y, |x, y| {
            let x = sample("x", Normal::new(*x, 1.0));
            sample("y", Normal::new(x, 1.0).obs(*y));
            (x, x)
        });
        deterministic("last", path.at(-1));
    });
    let posterior = posterior.seed(5).run(&Array::from([1.0, -0.5, 2.0])).unwrap();
    assert_eq!(posterior.site("x").unwrap().dims(), [3]);
    // The inverse of [[3, -1, 0], [-1, 3, -1], [0, -1, 2]], its determinant being 13, times the data; and its diagonal.
    let exact = [(6.0 / 13.0, 5.0 / 13.0), (5.0 / 13.0, 6.0 / 13.0), (31.0 / 26.0, 8.0 / 13.0)];
    for (i, (mean, variance)) in exact.into_iter().enumerate() {
        assert!(deviation(&posterior, "x", i, |x| x, mean) < GATE, "mean {i}");
        assert!(deviation(&posterior, "x", i, |x| x * x, variance + mean * mean) < GATE, "square {i}");
    }
    assert!(deviation(&posterior, "last", 0, |x| x, exact[2].0) < GATE);
}

#[test]
fn statistics_agree_with_the_draws() {
    let posterior = Mcmc::new(Nuts::default(), |_: &()| {
        sample("scale", Exponential::new(1.0));
    });
    let posterior = posterior.chains(2).warmup(300).draws(200).run(&()).unwrap();
    let scale = posterior.site("scale").unwrap();
    let value = |name: &str| posterior.stat(name).unwrap().values().to_vec();
    for (lp, x) in value(stat::LP).iter().zip(scale.values()) {
        // log p(x) = −x, and the logarithm's Jacobian adds ln x.
        assert!((lp - (x.ln() - x)).abs() < 1e-12, "lp {lp} at {x}");
    }
    for (energy, lp) in value(stat::ENERGY).iter().zip(value(stat::LP)) {
        assert!(*energy >= -lp, "the kinetic energy is positive");
    }
    for (steps, depth) in value(stat::N_STEPS).iter().zip(value(stat::TREE_DEPTH)) {
        assert!(
            *steps >= 2f64.powf(depth) - 1.0 && *steps < 2f64.powf(depth + 1.0),
            "{steps} steps at depth {depth}"
        );
    }
    let accepted = value(stat::ACCEPTANCE_RATE);
    let mean = accepted.iter().sum::<f64>() / accepted.len() as f64;
    assert!((mean - 0.8).abs() < 0.15, "acceptance {mean}, target 0.8");
    for chain in value(stat::STEP_SIZE).chunks(200) {
        assert!(chain.iter().all(|s| *s == chain[0]), "after warm-up the step size stays");
    }
    for (greatest, own) in value(stat::MAX_ENERGY_ERROR).iter().zip(value(stat::ENERGY_ERROR)) {
        assert!(*greatest >= own.abs(), "{greatest} at most, {own} at the draw");
    }
}

/// With one step a transition is accepted as often as its energy's growth says.
#[test]
fn the_greatest_energy_error_of_one_step_is_that_of_its_acceptance() {
    let model = Model::new(|_: &()| {
        plate("n", 3, |_| sample("x", StudentT::new(4.0, 0.0, 1.0)));
    });
    let bound = model.bind(&()).unwrap();
    let nuts = Nuts::default().max_tree_depth(1).step_size(0.9).adapt_step_size(false);
    let hmc = Hmc::default().trajectory_length(0.9).step_size(0.9).adapt_step_size(false);
    for kernel in [Kernel::from(nuts), hmc.into()] {
        let mcmc = Mcmc::from_kernel(kernel).chains(1).warmup(0).draws(200).seed(6);
        let posterior = mcmc.run_bound(&bound).unwrap();
        let values = |name| posterior.stat(name).unwrap().values().to_vec();
        assert!(values(stat::N_STEPS).iter().all(|n| *n == 1.0));
        let (greatest, accepted) = (values(stat::MAX_ENERGY_ERROR), values(stat::ACCEPTANCE_RATE));
        let errors = values(stat::ENERGY_ERROR);
        for ((greatest, accepted), own) in greatest.iter().zip(&accepted).zip(&errors) {
            // A few roundings of an exponential and its logarithm.
            let is_growth = (greatest + accepted.ln()).abs() < 1e-12;
            assert!(is_growth || *accepted == 1.0, "{greatest} and {accepted}");
            assert!(*own == 0.0 || own.abs() == *greatest, "{own} and {greatest}");
        }
        assert!(accepted.iter().filter(|a| **a < 1.0).count() > 20);
        assert!(errors.iter().filter(|e| **e != 0.0).count() > 20);
    }
}

fn schools(y: &Tensor) {
    let mu = sample("mu", Normal::new(0.0, 5.0));
    let tau = sample("tau", HalfCauchy::new(5.0));
    plate("school", y.dim(0), |_| {
        let z = sample("z", Normal::new(0.0, 1.0));
        let theta = deterministic("theta", mu + tau * z);
        sample("y", Normal::new(theta, 10.0).obs(*y));
    });
}

fn y() -> Array {
    Array::from([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
}

fn bits(posterior: &Posterior) -> Vec<u64> {
    let values = posterior.sites().chain(posterior.stats()).map(|view| view.values());
    values.flatten().map(|x| x.to_bits()).collect()
}

#[test]
fn a_seed_gives_the_same_draws_on_any_number_of_threads() {
    let model = Model::new(schools);
    let mcmc = Mcmc::new(Nuts::default(), &model).warmup(150).draws(50).seed(7);
    let one = mcmc.clone().threads(1).run(&y()).unwrap();
    let four = mcmc.clone().threads(4).run(&y()).unwrap();
    assert_eq!(bits(&one), bits(&four));
    assert_ne!(bits(&one), bits(&mcmc.clone().seed(8).run(&y()).unwrap()));
    // A chain's draws depend on no other chain.
    let two = mcmc.chains(2).run(&y()).unwrap();
    let mu = |p: &Posterior, chain| p.site("mu").unwrap().chain(chain).unwrap().to_vec();
    assert_eq!([mu(&one, 0), mu(&one, 1)], [mu(&two, 0), mu(&two, 1)]);
    assert_ne!(mu(&one, 0), mu(&one, 1));
    assert_eq!(model.runs(), 1, "all runs share one recording");
}

#[test]
fn dropped_constants_move_lp_by_one_number() {
    let run = |drop| {
        let mcmc = Mcmc::new(Nuts::default(), schools).chains(1).warmup(20).draws(10).seed(4);
        mcmc.drop_constants(drop).run(&y()).unwrap()
    };
    let (whole, rest) = (run(false), run(true));
    // Twenty transitions are too few for roundings to grow beyond a part in a million.
    for (site, same) in whole.sites().zip(rest.sites()) {
        for (x, y) in site.values().iter().zip(same.values()) {
            assert!((x - y).abs() <= 1e-6 * x.abs().max(1.0), "{}: {x} and {y}", site.name());
        }
    }
    let lp = |posterior: &Posterior| posterior.stat(stat::LP).unwrap().values().to_vec();
    let shifts: Vec<f64> = lp(&whole).iter().zip(lp(&rest)).map(|(x, y)| x - y).collect();
    assert!(shifts[0] < -1.0, "{shifts:?}");
    assert!(shifts.iter().all(|s| (s - shifts[0]).abs() < 1e-5), "{shifts:?}");
}

#[test]
fn sites_have_their_names_shapes_and_plates() {
    let model = |_: &()| {
        let (rows, columns) = (Plate::new("row", 3).dim(-2), Plate::new("column", 2).dim(-1));
        let mean = rows.run(|_| sample("mean", Normal::new(0.0, 1.0)));
        let cell = rows.run(|_| columns.run(|_| sample("cell", Normal::new(mean, 1.0))));
        columns.run(|_| sample("event", Normal::new(0.0, 1.0).expand(&[2, 4]).to_event(1)));
        columns.run(|_| deterministic("row_sum", cell.sum_axis(0)));
        deterministic("positive", cell.greater(0.0));
        deterministic("total", cell.sum());
    };
    let posterior = Mcmc::new(Nuts::default(), model).chains(2).warmup(50).draws(10).run(&()).unwrap();
    let listed: String = posterior
        .sites()
        .map(|s| {
            let names = s.dim_names().iter().map(|n| n.as_deref().unwrap_or("-"));
            format!("{} {:?} {}\n", s.name(), s.shape(), names.collect::<Vec<_>>().join(" "))
        })
        .collect();
    expect![[r#"
        mean [2, 10, 3, 1] row -
        cell [2, 10, 3, 2] row column
        event [2, 10, 2, 4] column -
        row_sum [2, 10, 2] column
        positive [2, 10, 3, 2] - -
        total [2, 10] 
    "#]]
    .assert_eq(&listed);
    let (cell, total) = (posterior.site("cell").unwrap(), posterior.site("total").unwrap());
    let positive = posterior.site("positive").unwrap();
    for draw in 0..10 {
        let cells = cell.draw(1, draw).unwrap();
        assert!((cells.iter().sum::<f64>() - total.draw(1, draw).unwrap()[0]).abs() < 1e-12);
        let signs: Vec<f64> = cells.iter().map(|x| f64::from(u8::from(*x > 0.0))).collect();
        assert_eq!(positive.draw(1, draw).unwrap(), signs);
    }
}

#[test]
fn a_hard_edge_diverges_and_leaves_the_moments_right() {
    let model = |_: &()| {
        let x = sample("x", Normal::new(0.0, 1.0));
        factor("edge", x.greater(0.0).select(0.0, f64::NEG_INFINITY));
    };
    let posterior = Mcmc::new(Nuts::default(), model).seed(3).run(&()).unwrap();
    assert!(posterior.site("x").unwrap().values().iter().all(|x| *x > 0.0));
    let divergences = posterior.stat(stat::DIVERGING).unwrap().values().iter().sum::<f64>();
    assert!(divergences > 100.0, "{divergences} divergences");
    let greatest = posterior.stat(stat::MAX_ENERGY_ERROR).unwrap().values();
    let diverging = posterior.stat(stat::DIVERGING).unwrap().values();
    assert!(greatest.iter().zip(diverging).all(|(e, d)| e.is_infinite() == (*d == 1.0)), "behind the edge");
    assert!(posterior.summary().to_string().contains("divergence"));
    assert!(deviation(&posterior, "x", 0, |x| x, (2.0 / std::f64::consts::PI).sqrt()) < GATE);
    assert!(deviation(&posterior, "x", 0, |x| x * x, 1.0) < GATE);
}

#[test]
fn a_masked_site_starts_though_its_gradient_is_zero() {
    let model = |_: &()| {
        sample("x", Normal::new(0.0, 1.0));
        handlers::mask(false, || sample("off", Normal::new(0.0, 1.0)));
    };
    let posterior = Mcmc::new(Nuts::default(), model).chains(2).warmup(200).draws(100).run(&()).unwrap();
    assert!(posterior.site("x").unwrap().values().iter().all(|x| x.abs() < 6.0));
}

/// The message of a failed run, with the place in this file taken out.
fn failure<D, T>(model: impl Fn(&D) + Send + Sync + 'static, data: &T) -> String
where
    D: Tree<Tensor, With<Array> = T>,
    T: Tree<Array, With<Spec> = D::With<Spec>>,
    D::With<Spec>: Tree<Spec, With<Tensor> = D>,
{
    let error = Mcmc::new(Nuts::default(), model).chains(3).run(data).unwrap_err();
    if let Error::Initialization(e) = &error {
        assert_eq!((e.chain, e.tries), (Some(0), 100));
        assert!(e.causes.iter().all(|c| c.loc.as_ref().is_some_and(|l| l.file.ends_with("tests/mcmc.rs"))));
    }
    let text = error.to_string();
    let lines = text.lines().map(|line| match line.split_once("tests/mcmc.rs:") {
        Some((_, rest)) => {
            format!("  FILE: {}", rest.split_once(": ").unwrap().1.split(" arises at ").next().unwrap())
        }
        None => line.to_string(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_start_that_is_never_found_names_the_site_and_why() {
    let model = |y: &Tensor| {
        let x = sample("x", Normal::new(0.0, 1.0));
        sample("fine", Normal::new(x, 1.0));
        plate("n", y.dim(0), |_| sample("y", Normal::new(0.0, -x.exp()).obs(*y)));
    };
    expect![[r#"
        cannot find valid initial parameters: in chain 0, none of 100 positions drawn from uniform(-2, 2) on the unconstrained space has a finite log density and gradient; at the last one
          FILE: site `y`: the log density is NaN at index [0] (2 of 2 elements), where its value is 0.5: parameter `scale` is -2.6772, expected a positive number
        help: keep each distribution's parameters in their domain, and each value in its support, wherever the latent sites may be: by `exp` or another transform, a prior on the right support, or a change of scale"#]].assert_eq(&failure(model, &Array::from([0.5, 0.25])));
}

#[test]
fn a_gradient_that_is_never_finite_names_the_site_and_the_operation() {
    let model = |_: &()| {
        let x = sample("x", Normal::new(0.0, 1.0).expand(&[3]));
        factor("root", (x * 0.0).sqrt().sum());
    };
    expect![[r#"
        cannot find valid initial parameters: in chain 0, none of 100 positions drawn from uniform(-2, 2) on the unconstrained space has a finite log density and gradient; at the last one
          FILE: site `x`: the gradient with respect to it is NaN at index [0] (3 of 3 elements); it
        help: the log density is finite, its derivative is not: keep away from places where a function's slope is infinite (the square root of 0), or `select` a safe argument before it"#]].assert_eq(&failure(model, &()));
}

#[test]
fn a_value_given_afterwards_conditions_the_posterior() {
    let model = Model::new(|_: &()| {
        let mu = sample("mu", Normal::new(0.0, 1.0));
        let scale = sample("scale", Exponential::new(1.0));
        let x = sample("x", Normal::new(mu, scale).expand(&[2]));
        deterministic("sum", mu + x.sum());
    });
    let backend = pyroxene_runtime::default_backend().unwrap();
    let program = model.trace(&()).unwrap().condition(&["x", "scale"]).unwrap();
    let values = [("x", Array::from([1.0, 3.0])), ("scale", Array::from(0.5))];
    let bound = program.bind(&(), &backend).unwrap().given(&values).unwrap();
    let posterior = Mcmc::from_kernel(Nuts::default()).seed(4).run_bound(&bound).unwrap();
    assert_eq!(posterior.sites().map(|s| s.name()).collect::<Vec<_>>(), ["mu", "sum"]);
    // Precision 1 + 2 / 0.25 = 9, mean (4 / 0.25) / 9.
    assert!(deviation(&posterior, "mu", 0, |x| x, 16.0 / 9.0) < GATE);
    assert!(deviation(&posterior, "mu", 0, |x| (x - 16.0 / 9.0).powi(2), 1.0 / 9.0) < GATE);
    assert!(deviation(&posterior, "sum", 0, |x| x, 4.0 + 16.0 / 9.0) < GATE);
    // The log density is the whole model's: of mu, x, and scale without its transform.
    let (mu, lp) = (posterior.site("mu").unwrap().values()[0], posterior.stat(stat::LP).unwrap().values()[0]);
    let normal = |x: f64, m: f64, s: f64| {
        -0.5 * ((x - m) / s).powi(2) - s.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln()
    };
    let exact = normal(mu, 0.0, 1.0) + normal(1.0, mu, 0.5) + normal(3.0, mu, 0.5) - 0.5;
    assert!((lp - exact).abs() < 1e-12, "lp {lp}, expected {exact}");
}

#[test]
fn what_is_lowered_beforehand_is_what_a_run_compiles() {
    let model = Model::new(|_: &()| {
        sample("x", Normal::new(0.0, 1.0));
    });
    let program = model.trace(&()).unwrap();
    let mcmc = |depth| {
        let nuts = Nuts::default().max_tree_depth(depth);
        Mcmc::from_kernel(nuts).chains(1).warmup(20).draws(20)
    };
    // All that a run lowers beside its block is there after one with another block.
    let bound = program.bind(&(), &pyroxene_runtime::default_backend().unwrap()).unwrap();
    mcmc(3).run_bound(&bound).unwrap();
    let lowered = || (program.timings().passes, program.timings().lower);
    let before = lowered();
    mcmc(4).lower(&program).unwrap();
    let beforehand = lowered();
    assert!(beforehand > before);
    mcmc(4).run_bound(&bound).unwrap();
    assert_eq!(lowered(), beforehand);
    mcmc(5).run_bound(&bound).unwrap();
    assert!(lowered() > beforehand);
    // A program that waits for values is left to the run.
    assert!(mcmc(4).lower(&program.condition(&["x"]).unwrap()).is_ok());
}

#[test]
fn values_given_to_a_program_take_part_in_the_account() {
    let model = Model::new(|_: &()| {
        let mu = sample("mu", Normal::new(0.0, 1.0));
        let shift = sample("shift", Normal::new(0.0, 1.0));
        sample("x", Normal::new(0.0, shift - mu.exp()));
    });
    let backend = pyroxene_runtime::default_backend().unwrap();
    let bound = model.trace(&()).unwrap().condition(&["shift"]).unwrap().bind(&(), &backend).unwrap();
    let with = |shift: f64| bound.given(&[("shift", Array::from(shift))]).unwrap();
    let mcmc = Mcmc::from_kernel(Nuts::default()).chains(1).warmup(50).draws(10);
    let (_, info) = mcmc.run_with_info(&with(20.0)).unwrap();
    assert_eq!(info.chains.len(), 1);
    assert!(info.gradients() > 60);
    let error = mcmc.run_bound(&with(-1.0)).unwrap_err();
    let Error::Initialization(error) = error else { panic!("{error}") };
    let [cause] = &error.causes[..] else { panic!("{error}") };
    assert_eq!(cause.site, "x");
    let Problem::LogDensity { reason: Some(reason), .. } = &cause.problem else { panic!("{cause:?}") };
    assert!(reason.starts_with("parameter `scale` is -"), "{reason}");
}

#[test]
fn what_cannot_be_sampled_is_refused() {
    let run = |mcmc: Mcmc<Model<()>>| mcmc.run(&()).unwrap_err().to_string();
    let model = Model::new(|_: &()| {
        sample("x", Normal::new(0.0, 1.0));
    });
    let mcmc = || Mcmc::new(Nuts::default(), &model);
    let messages = [
        run(mcmc().chains(0)),
        run(mcmc().draws(0)),
        run(mcmc().chains(usize::MAX)),
        run(Mcmc::new(Nuts::default().target_accept_prob(1.0), &model)),
        run(Mcmc::new(Nuts::default().max_tree_depth(0), &model)),
        run(Mcmc::new(Nuts::default().step_size(f64::NAN), &model)),
        run(Mcmc::new(Nuts::default(), |_: &()| {})),
        run(Mcmc::new(Nuts::default(), |_: &()| {
            sample("y", Normal::new(0.0, 1.0).obs(1.0));
        })),
    ];
    expect![[r#"
        `chains` is 0, expected at least 1
        `draws` is 0, expected at least 1
        `draws` is 1000 in 18446744073709551615 chains, of 12 numbers each, expected at most 2^40 bytes in all
        `target_accept_prob` is 1, expected a number between 0 and 1
        `max_tree_depth` is 0, expected a depth from 1 to 20
        `step_size` is NaN, expected a positive, finite number
        the model has no latent site with an element to sample: it has no sample sites; help: leave out the observation of the site whose posterior is wanted (a `None` for `obs`), or ask the program for its log density instead
        the model has no latent site with an element to sample: it has `y` f64[]; help: leave out the observation of the site whose posterior is wanted (a `None` for `obs`), or ask the program for its log density instead"#]].assert_eq(&messages.join("\n"));
    let discrete = |_: &()| {
        let p = sample("p", Uniform::new(0.0, 1.0));
        sample("coin", BernoulliProbs::new(p));
    };
    expect!["  FILE: site `coin`: BernoulliProbs has no unconstrained coordinates: its support is 0 or 1; help: continuous inference needs continuous latent sites: observe the site, or sum it out of the model"].assert_eq(&failure(discrete, &()));
}

#[test]
fn a_fixed_step_size_and_no_warmup_are_kept() {
    let nuts = Nuts::default().adapt_step_size(false).step_size(0.25).max_tree_depth(3);
    let mcmc = Mcmc::new(nuts, |_: &()| {
        plate("n", 4, |_| sample("x", Normal::new(0.0, 1.0)));
    });
    let posterior = mcmc.chains(1).warmup(0).draws(50).run(&()).unwrap();
    assert!(posterior.stat(stat::STEP_SIZE).unwrap().values().iter().all(|s| *s == 0.25));
    assert!(posterior.stat(stat::TREE_DEPTH).unwrap().values().iter().all(|d| *d <= 3.0));
    let cut = posterior.stat(stat::REACHED_MAX_TREE_DEPTH).unwrap();
    assert!(cut.values().iter().sum::<f64>() > 0.0);
}

#[test]
fn single_precision_models_are_sampled() {
    let one = Array::from([0.0_f64, 1.0]).convert(DType::F32);
    let mcmc = Mcmc::new(Nuts::default(), |d: &Tensor| {
        sample("x", Normal::new(d.at(0), d.at(1)));
    });
    let posterior = mcmc.seed(5).run(&one).unwrap();
    assert!(deviation(&posterior, "x", 0, |x| x, 0.0) < GATE);
    assert!(deviation(&posterior, "x", 0, |x| x * x, 1.0) < GATE);
    assert!(posterior.site("x").unwrap().values().iter().all(|x| f64::from(*x as f32) == *x));
}

#[test]
fn a_metric_of_low_rank_samples_correlated_coordinates_in_few_steps() {
    // 20 coordinates of correlation 0.9 and more between neighbours: a random walk's sums.
    let model = Model::new(|_: &()| {
        let z = plate("step", 20, |_| sample("z", ImproperUniform::new(constraints::real(), &[], &[])));
        factor("walk", -0.5 * (z.at(0).square() + (z.at(1..) - z.at(..19)).square().sum() * 50.0));
    });
    let bound = model.bind(&()).unwrap();
    let mcmc = |metric| Mcmc::from_kernel(Nuts::default().metric(metric)).warmup(800).draws(400).seed(3);
    let (diagonal, low_rank) = (mcmc(Metric::Diagonal), mcmc(Metric::LowRank));
    let steps = |p: &Posterior| p.stat(stat::N_STEPS).unwrap().values().iter().sum::<f64>();
    let (slow, fast) = (diagonal.run_bound(&bound).unwrap(), low_rank.run_bound(&bound).unwrap());
    assert!(2.0 * steps(&fast) < steps(&slow), "{} against {}", steps(&fast), steps(&slow));
    assert!(deviation(&fast, "z", 0, |x| x * x, 1.0) < GATE);
    assert!(deviation(&fast, "z", 19, |x| x * x, 1.0 + 19.0 / 50.0) < GATE);
}
