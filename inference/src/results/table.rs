//! The posterior as a table, a row for each draw: the columns that CSV and Parquet share.

use std::io;

use indexmap::IndexMap;

use super::{
    format::{invalid, invalid_posterior},
    posterior::{Posterior, SiteSpec, StatKind, StatSpec},
    view::View,
};

/// What a statistic's column is called before its name.
const STATS: &str = "sample_stats.";

/// One column.
pub(super) struct Column<'a> {
    pub(super) name: String,
    pub(super) kind: StatKind,
    source: Source<'a>,
}

enum Source<'a> {
    Chain { draws: usize },
    Draw { draws: usize },
    Scalar { view: View<'a>, element: usize },
}

impl Column<'_> {
    /// The value in a row.
    pub(super) fn at(&self, row: usize) -> f64 {
        match &self.source {
            Source::Chain { draws } => (row / draws.max(&1)) as f64,
            Source::Draw { draws } => (row % draws.max(&1)) as f64,
            Source::Scalar { view, element } => view.values()[row * view.size() + element],
        }
    }
}

/// The columns: the chain, the draw, every scalar of every site, the statistics.
pub(super) fn columns(posterior: &Posterior) -> Vec<Column<'_>> {
    let draws = posterior.num_draws();
    let index = |name: &str, source| Column { name: name.into(), kind: StatKind::Count, source };
    let mut columns = vec![index("chain", Source::Chain { draws }), index("draw", Source::Draw { draws })];
    for view in posterior.sites() {
        columns.extend((0..view.size()).map(|element| Column {
            name: view.label(element),
            kind: StatKind::Real,
            source: Source::Scalar { view, element },
        }));
    }
    columns.extend(posterior.stats().zip(posterior.stat_specs()).map(|(view, spec)| Column {
        name: format!("{STATS}{}", spec.name()),
        kind: spec.kind(),
        source: Source::Scalar { view, element: 0 },
    }));
    columns
}

/// A column that was read.
pub(super) struct Read {
    pub(super) name: String,
    pub(super) kind: StatKind,
    pub(super) values: Vec<f64>,
}

/// The posterior that a table holds.
pub(super) fn posterior(columns: Vec<Read>) -> io::Result<Posterior> {
    let mut sites: IndexMap<String, (Vec<usize>, Vec<Vec<f64>>)> = IndexMap::new();
    let (mut stats, mut stat_columns, mut chain) = (Vec::new(), Vec::new(), None);
    for column in columns {
        if column.name == "chain" {
            chain = Some(column.values);
        } else if let Some(name) = column.name.strip_prefix(STATS) {
            stats.push(StatSpec::new(name, column.kind));
            stat_columns.push(column.values);
        } else if column.name != "draw" {
            let (name, index) = split_label(&column.name);
            let (dims, scalars) = sites.entry(name.to_owned()).or_default();
            // Columns come in row-major order, so the last one has the largest index in every dimension.
            *dims = index.iter().map(|i| i + 1).collect();
            scalars.push(column.values);
        }
    }
    let chain = chain.ok_or_else(|| invalid("there is no column `chain`"))?;
    let mut posterior = Posterior::new(
        sites.iter().map(|(name, (dims, _))| SiteSpec::new(name, dims.iter().copied())),
        stats,
    )
    .map_err(invalid_posterior)?;
    let mut row = 0;
    while row < chain.len() {
        let length = chain[row..].iter().take_while(|c| **c == chain[row]).count();
        let rows = row..row + length;
        let block = |(_, scalars): &(Vec<usize>, Vec<Vec<f64>>)| {
            rows.clone().flat_map(|r| scalars.iter().map(move |column| column[r])).collect::<Vec<f64>>()
        };
        let site_block: Vec<Vec<f64>> = sites.values().map(block).collect();
        let stat_block: Vec<&[f64]> = stat_columns.iter().map(|column| &column[rows.clone()]).collect();
        let mut draws = posterior.chain();
        draws.extend(length, &site_block, &stat_block).map_err(invalid_posterior)?;
        posterior.push_chain(draws).map_err(invalid_posterior)?;
        row += length;
    }
    Ok(posterior)
}

/// `theta[1,2]` as `theta` and 1, 2.
fn split_label(label: &str) -> (&str, Vec<usize>) {
    let split = label.strip_suffix(']').and_then(|rest| rest.rsplit_once('['));
    let parsed = split.and_then(|(name, index)| {
        let index: Option<Vec<usize>> = index.split(',').map(|i| i.parse().ok()).collect();
        Some((name, index?))
    });
    parsed.unwrap_or((label, vec![]))
}
