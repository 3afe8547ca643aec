//! The statistics of transitions, by ArviZ's names: the rows of both engines.

use super::engine::Engine;
use crate::results::{StatKind, stat};

/// All statistics, in the order of the in-graph engine's row. The other engine's is [`OF_BOTH`] long.
pub(crate) const STATS: [(&str, StatKind); 11] = [
    (stat::LP, StatKind::Real),
    (stat::ACCEPTANCE_RATE, StatKind::Real),
    (stat::STEP_SIZE, StatKind::Real),
    (stat::TREE_DEPTH, StatKind::Count),
    (stat::N_STEPS, StatKind::Count),
    (stat::DIVERGING, StatKind::Flag),
    (stat::ENERGY, StatKind::Real),
    (stat::ENERGY_ERROR, StatKind::Real),
    (stat::REACHED_MAX_TREE_DEPTH, StatKind::Flag),
    (stat::INDEX_IN_TRAJECTORY, StatKind::Real),
    (stat::MAX_ENERGY_ERROR, StatKind::Real),
];

/// How many of them both engines have: `nuts-rs` tells nothing of the points that a trajectory passes through.
pub(crate) const OF_BOTH: usize = STATS.len() - 1;

/// A statistic and its place in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stat {
    pub(super) name: &'static str,
    pub(super) kind: StatKind,
    pub(super) column: usize,
}

/// The statistics that an engine has of a kernel with trees, or of one without.
pub(super) fn stats(engine: Engine, has_trees: bool) -> Vec<Stat> {
    let known = if engine == Engine::InGraph { STATS.len() } else { OF_BOTH };
    let of_trees = [stat::TREE_DEPTH, stat::REACHED_MAX_TREE_DEPTH, stat::INDEX_IN_TRAJECTORY];
    let all = STATS[..known].iter().enumerate().map(|(column, &(name, kind))| Stat { name, kind, column });
    all.filter(|s| has_trees || !of_trees.contains(&s.name)).collect()
}
