//! The time of a leapfrog in trajectories of a fixed, tiny step: no trajectory turns, so that all engines make as many.

use pyroxene::{Mcmc, Nuts, runtime::default_backend};
use serde_json::{Value, json};

use super::{bind, engine, leapfrogs};
use crate::Arguments;

pub(crate) fn run(arguments: &Arguments) -> Value {
    let bound = bind(arguments, &default_backend().unwrap());
    let depth = arguments.number("depth", 4);
    let nuts = Nuts::default().step_size(1e-6).adapt_step_size(false).max_tree_depth(depth);
    let draws = arguments.number("draws", 3);
    let mcmc = Mcmc::from_kernel(nuts).engine(engine(arguments)).chains(1).warmup(0).draws(draws);
    let mut least = f64::INFINITY;
    let mut steps = 0.0;
    for _ in 0..arguments.number("rounds", 3) {
        let (posterior, info) = mcmc.run_with_info(&bound).unwrap();
        steps = leapfrogs(&posterior);
        least = least.min(info.sampling().as_secs_f64() / steps);
    }
    json!({"leapfrog_s": least, "leapfrogs": steps})
}
