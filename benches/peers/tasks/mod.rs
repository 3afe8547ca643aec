//! The tasks of the comparison, one file each, and what they share.

pub(crate) mod density;
pub(crate) mod leapfrog;
pub(crate) mod sample;
pub(crate) mod stream;

use std::{sync::Arc, time::Instant};

use pyroxene::{
    Bound,
    data::DataFile,
    gallery::{Problem, find},
    inference::{Engine, Metric, stat},
    prelude::Posterior,
    runtime::Backend,
};

use crate::{Arguments, models::MODELS};

/// The model of the arguments, with their data.
pub(crate) fn problem(arguments: &Arguments) -> Box<dyn Problem> {
    let file = DataFile::open(arguments.text("data")).unwrap();
    (find(MODELS, arguments.text("model")).unwrap().problem)(Some(&file)).unwrap()
}

/// The model of the arguments, recorded and bound to their data.
pub(crate) fn bind(arguments: &Arguments, backend: &Arc<dyn Backend>) -> Bound {
    let problem = problem(arguments);
    problem.bind(&problem.trace().unwrap(), backend).unwrap()
}

/// Who makes the transitions.
pub(crate) fn engine(arguments: &Arguments) -> Engine {
    match arguments.text("engine") {
        "host" => Engine::HostDriven,
        _ => Engine::InGraph,
    }
}

/// The form of the mass matrix, and what it is learned from.
pub(crate) fn metric(arguments: &Arguments) -> Metric {
    let named = [
        ("", Metric::default()),
        ("diagonal", Metric::Diagonal),
        ("fisher", Metric::Fisher),
        ("dense", Metric::Dense),
        ("low_rank", Metric::LowRank),
    ];
    named.into_iter().find(|(name, _)| *name == arguments.text("metric")).unwrap().1
}

/// The sum of a statistic over all draws.
pub(crate) fn total(posterior: &Posterior, name: &str) -> f64 {
    posterior.stat(name).unwrap().values().iter().sum()
}

/// The leapfrogs of the kept draws.
pub(crate) fn leapfrogs(posterior: &Posterior) -> f64 {
    total(posterior, stat::N_STEPS)
}

/// The shortest time of `call` among as many as fit in `seconds`, in rounds of enough calls that the clock does not show.
pub(crate) fn shortest_call(seconds: f64, mut call: impl FnMut()) -> f64 {
    call();
    let start = Instant::now();
    call();
    let once = start.elapsed().as_secs_f64();
    let calls = (1e-3 / once.max(1e-9)).ceil().max(1.0) as u32;
    let (start, mut least) = (Instant::now(), f64::INFINITY);
    while start.elapsed().as_secs_f64() < seconds {
        let round = Instant::now();
        (0..calls).for_each(|_| call());
        least = least.min(round.elapsed().as_secs_f64() / f64::from(calls));
    }
    least
}
