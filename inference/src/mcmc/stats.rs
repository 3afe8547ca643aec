//! The statistics of transitions, by ArviZ's names: the rows of both engines.

use crate::results::{StatKind, stat};

/// All statistics, in the order of an engine's row.
pub(crate) const STATS: [(&str, StatKind); 10] = [
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
];

/// A statistic and its place in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stat {
    pub(super) name: &'static str,
    pub(super) kind: StatKind,
    pub(super) column: usize,
}

/// The statistics of a kernel with trees, or of one without.
pub(super) fn stats(has_trees: bool) -> Vec<Stat> {
    let of_trees = [stat::TREE_DEPTH, stat::REACHED_MAX_TREE_DEPTH, stat::INDEX_IN_TRAJECTORY];
    let all = STATS.iter().enumerate().map(|(column, &(name, kind))| Stat { name, kind, column });
    all.filter(|s| has_trees || !of_trees.contains(&s.name)).collect()
}
