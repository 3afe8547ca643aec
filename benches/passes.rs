//! What optional passes save: value and gradient of a model with those that run by default, and with one more or less.
//!
//! The name of a pass, as in `cargo bench --bench passes -- hoist_data`, measures that one alone, on the gallery.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at the first surprise"
)]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use pyroxene::{
    Bound,
    gallery::{GALLERY, Problem, problem},
    ir::passes::{Need, PIPELINE, Query, Settings},
    prelude::*,
    runtime::{Launch, default_backend},
};

const QUERY: Query = Query::PotentialAndGradient;

/// How often each variant has its turn.
const ROUNDS: usize = 300;

/// Counts, their number of trials, and two covariates of as many units.
#[derive(Tree, Clone)]
struct Counts<L: Leaf = Tensor> {
    y: L,
    n: L,
    x1: L,
    x2: L,
}

impl Counts {
    /// Three latent coefficients and the linear predictor.
    fn predictor(&self) -> Tensor {
        let beta = sample("beta", Normal::new(0.0, 2.0).expand(&[3]));
        beta.at(0) + beta.at(1) * self.x1 + beta.at(2) * self.x2
    }
}

/// A Poisson regression with a log link.
fn poisson(d: &Counts) {
    let eta = d.predictor();
    factor("y", d.y * eta - eta.exp() - (d.y + 1.0).lgamma());
}

/// A binomial regression with a logit link.
fn binomial(d: &Counts) {
    let eta = d.predictor();
    let ways = (d.n + 1.0).lgamma() - (d.y + 1.0).lgamma() - (d.n - d.y + 1.0).lgamma();
    factor("y", ways + d.y * eta - d.n * eta.softplus());
}

fn counts(units: usize) -> Counts<Array> {
    let of = |f: &dyn Fn(usize) -> f64| Array::from((0..units).map(f).collect::<Vec<_>>());
    Counts {
        y: of(&|i| (i * 7 % 5) as f64),
        n: of(&|i| (5 + i % 4) as f64),
        x1: of(&|i| (i as f64).sin()),
        x2: of(&|i| (i as f64 * 0.3).cos()),
    }
}

/// Observations in groups with means of their own.
#[derive(Tree, Clone)]
struct Groups<L: Leaf = Tensor> {
    group: L,
    y: L,
    #[tree(static)]
    groups: usize,
}

fn grouped(d: &Groups) {
    let mean = plate("group", d.groups, |_| sample("mean", Normal::new(0.0, 1.0)));
    plate("unit", d.y.dim(0), |_| sample("y", Normal::new(mean.take(d.group), 1.0).obs(d.y)));
}

fn groups(groups: usize, units: usize) -> Groups<Array> {
    let group: Vec<i64> = (0..units).map(|i| (i * 2_654_435_761 % 1_000_003 % groups) as i64).collect();
    let y: Vec<f64> = (0..units).map(|i| (i as f64).sin()).collect();
    Groups { group: group.into(), y: y.into(), groups }
}

/// The means of some calls in each round, in order of size; all variants take turns, so that each has the same moments.
fn measure(variants: &mut [Box<dyn FnMut()>]) -> Vec<Vec<Duration>> {
    let mut times = vec![Vec::with_capacity(ROUNDS); variants.len()];
    for round in 0..=ROUNDS {
        for (call, times) in variants.iter_mut().zip(&mut times) {
            let calls = match times.iter().min() {
                Some(mean) => (5e-3 / Duration::as_secs_f64(mean)).clamp(1.0, 1000.0) as u32,
                None => 3,
            };
            let start = Instant::now();
            (0..calls).for_each(|_| call());
            let mean = start.elapsed().div_f64(f64::from(calls));
            // The first round warms up and says how many calls a round takes.
            if round == 1 {
                times.clear();
            }
            times.push(mean);
        }
    }
    times.iter_mut().for_each(|times| times.sort());
    times
}

/// One value and gradient with results read.
fn call(bound: &Bound) -> Box<dyn FnMut()> {
    let (mut launch, slot): (Box<dyn Launch>, usize) = bound.launch(QUERY).unwrap();
    let position: Vec<f64> =
        (0..bound.dimension()).map(|i| 0.1 + 0.05 * (i % 7) as f64 - 0.15 * (i % 3) as f64).collect();
    Box::new(move || {
        launch.slot_as::<f64>(slot).unwrap().copy_from_slice(black_box(&position));
        launch.run().unwrap();
        black_box(launch.output_as::<f64>(0).unwrap()[0]);
        black_box(launch.output_as::<f64>(1).unwrap());
    })
}

/// Every pass that can be left out or asked for, with the settings that do it.
fn variants() -> Vec<(String, Settings)> {
    let mut variants = vec![("as it is".to_string(), Settings::default())];
    for pass in PIPELINE.iter().filter(|p| p.applies(QUERY)) {
        let name = pass.name();
        variants.extend(match pass.need() {
            Need::Required => None,
            Need::Optional => Some((format!("without {name}"), Settings::default().without(name).unwrap())),
            Need::OnRequest => Some((format!("with {name}"), Settings::default().with(name).unwrap())),
        });
    }
    variants
}

/// Prints the rows of one model: a pass that does not change its HLO has none.
fn rows(name: &str, problem: &dyn Problem, pass: Option<&str>) {
    let backend = default_backend().unwrap();
    let program = problem.trace().unwrap();
    let hlo =
        |settings: &Settings| program.with_passes(settings.clone()).lower(QUERY).unwrap().hlo().to_vec();
    let plain = hlo(&Settings::default());
    let bind = |settings: &Settings| problem.bind(&program.with_passes(settings.clone()), &backend).unwrap();
    let asked = |variant: &str| pass.is_none_or(|pass| variant.ends_with(&format!(" {pass}")));
    let mut variants = variants();
    let mut first = true;
    variants
        .retain(|(variant, settings)| std::mem::take(&mut first) || asked(variant) && hlo(settings) != plain);
    if pass.is_some() && variants.len() == 1 {
        return;
    }
    let mut calls: Vec<_> = variants.iter().map(|(_, settings)| call(&bind(settings))).collect();
    let times = measure(&mut calls);
    let micros = |t: Duration| t.as_secs_f64() * 1e6;
    let of = |times: &[Duration]| (micros(times[0]), micros(times[times.len() / 2]));
    for ((variant, _), times_of) in variants.iter().zip(&times) {
        let ((least, median), (base, middle)) = (of(times_of), of(&times[0]));
        let against =
            format!("{:+.1} % | {:+.1} %", 100.0 * (least / base - 1.0), 100.0 * (median / middle - 1.0));
        println!("| {name} | {variant} | {least:.2} | {median:.2} | {against} |");
    }
}

fn main() {
    let pass = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    println!("| model | passes | least, us | median, us | least, against | median, against |");
    println!("| --- | --- | ---: | ---: | ---: | ---: |");
    for entry in GALLERY {
        rows(entry.aliases[0], &*(entry.problem)(None).unwrap(), pass.as_deref());
    }
    if pass.is_some() {
        return;
    }
    for units in [1_000, 10_000] {
        rows(&format!("Poisson, {units} units"), &*problem(poisson, counts(units)), None);
        rows(&format!("binomial, {units} units"), &*problem(binomial, counts(units)), None);
        for k in 1..=4 {
            rows(&format!("{k} groups, {units} units"), &*problem(grouped, groups(k, units)), None);
        }
    }
}
