//! Samplers in the graph: chains whose whole work, random numbers and adaptation included, is one compiled program.

mod block;
mod compiled;
mod dual_averaging;
mod fisher;
mod generator;
mod group;
mod hmc;
mod metric;
mod nuts;
mod schedule;
mod state;
#[cfg(test)]
mod tests;
mod trajectory;
mod turning;
mod warmup;
mod welford;

pub use generator::Generator;
pub(crate) use {
    block::{Block, STATS, Trajectories},
    compiled::Compiled,
    group::{Group, Made, Settings, Watcher},
    state::Learner,
};
