//! Samplers in the graph: chains whose whole work, random numbers and adaptation included, is one compiled program.

mod block;
mod compiled;
mod dual_averaging;
mod fisher;
mod generator;
mod group;
mod haste;
mod hmc;
mod learner;
mod metric;
mod normals;
mod nuts;
mod places;
mod points;
mod refinement;
mod schedule;
mod spread;
mod state;
#[cfg(test)]
mod tests;
mod trajectory;
mod turning;
mod welford;
mod windows;

pub use generator::Generator;
pub(crate) use {
    block::{Block, STATS, Trajectories},
    compiled::Compiled,
    group::{Group, Made, Settings, Watcher},
    haste::Length,
    learner::Learning,
};
