//! `format_shapes`: a table of the shapes of all sites, in NumPyro's layout.

use std::fmt;

use indexmap::IndexMap;
use pyroxene_ir::{CondIndepStackFrame, Dims, shape};

use super::sites::{RecordedSite, sites, split};
use crate::{
    handlers::{SiteInfo, SiteType},
    program::Program,
};

/// The shapes of traced sites, as a table (NumPyro's `util.format_shapes`); see [`ShapeTable`].
///
/// ```
/// use pyroxene_frontend::{eval, inspect::format_shapes, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut table = String::new();
/// eval(|| {
///     let (x, sites) = handlers::seed(0, || handlers::trace(|| plate("p", 3, |_| sample("x", Normal::new(0.0, 1.0)))));
///     table = format_shapes(&sites).to_string();
///     x
/// })?;
/// assert_eq!(table, "\
/// Trace Shapes:    
///  Param Sites:    
/// Sample Sites:    
///       p plate 3 |
///        x dist 3 |
///         value 3 |");
/// # Ok(()) }
/// ```
pub fn format_shapes(sites: &IndexMap<String, SiteInfo>) -> ShapeTable {
    ShapeTable::new(sites.iter().map(|(name, site)| (name.clone(), traced(site))).collect())
}

/// A table of shapes: for each parameter its shape, for each plate its size, and for each sample site the batch and event
/// of its distribution under its plates, those of its value and, on request, that of its log density.
#[derive(Clone, Debug)]
pub struct ShapeTable {
    title: String,
    last_site: Option<String>,
    /// The sites, with whether to show the shape of the log density.
    sites: Vec<(String, Shapes, bool)>,
}

#[derive(Clone, Debug)]
enum Shapes {
    Param(Dims),
    Sample {
        dist: (Dims, Dims),
        value: (Dims, Dims),
        log_prob: Dims,
    },
    Plate(usize),
    /// A site without a row.
    Unseen,
}

impl ShapeTable {
    fn new(sites: Vec<(String, Shapes)>) -> ShapeTable {
        let sites = sites.into_iter().map(|(name, shapes)| (name, shapes, false)).collect();
        ShapeTable { title: "Trace Shapes:".into(), last_site: None, sites }
    }

    /// The same with rows for log densities, or without.
    #[must_use]
    pub fn compute_log_prob(self, yes: bool) -> ShapeTable {
        self.compute_log_prob_of(|_| yes)
    }

    /// The same with rows for the log densities of the sites whose names `f` picks.
    #[must_use]
    pub fn compute_log_prob_of(mut self, f: impl Fn(&str) -> bool) -> ShapeTable {
        self.sites.iter_mut().for_each(|(name, _, shown)| *shown = f(name));
        self
    }

    /// The same under another title.
    #[must_use]
    pub fn title(self, title: &str) -> ShapeTable {
        ShapeTable { title: title.into(), ..self }
    }

    /// The same up to this site.
    #[must_use]
    pub fn last_site(self, name: &str) -> ShapeTable {
        ShapeTable { last_site: Some(name.into()), ..self }
    }

    /// The rows, each of three columns of cells.
    fn rows(&self) -> Vec<[Vec<String>; 3]> {
        let heading = |text: &str| [vec![text.to_string()], vec![], vec![]];
        let last = self.last_site.as_ref().and_then(|last| self.sites.iter().position(|(n, ..)| n == last));
        let sites = &self.sites[..last.map_or(self.sites.len(), |l| l + 1)];
        let mut rows = vec![heading(&self.title), heading("Param Sites:")];
        for (name, shapes, _) in sites {
            if let Shapes::Param(dims) = shapes {
                rows.push([vec![name.clone()], cells(dims), vec![]]);
            }
        }
        rows.push(heading("Sample Sites:"));
        let batched = |name: String, batch: &Dims, event: &Dims| {
            let mut middle = cells(batch);
            middle.push("|".into());
            [vec![name], middle, cells(event)]
        };
        for (name, shapes, shown) in sites {
            match shapes {
                Shapes::Sample { dist, value, log_prob } => {
                    rows.push(batched(format!("{name} dist"), &dist.0, &dist.1));
                    rows.push(batched("value".into(), &value.0, &value.1));
                    if *shown {
                        rows.push(batched("log_prob".into(), log_prob, &Dims::new()));
                    }
                }
                Shapes::Plate(size) => {
                    let dims = [*size].into_iter().collect();
                    rows.push(batched(format!("{name} plate"), &dims, &Dims::new()));
                }
                Shapes::Param(_) | Shapes::Unseen => {}
            }
        }
        rows
    }
}

fn cells(dims: &Dims) -> Vec<String> {
    dims.iter().map(ToString::to_string).collect()
}

impl fmt::Display for ShapeTable {
    /// Cells of a column stand under each other: names and batches against the right, events against the left.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.sites.is_empty() {
            return f.write_str(&self.title);
        }
        let rows = self.rows();
        let columns = [0, 1, 2].map(|c| rows.iter().map(|row| row[c].len()).max().unwrap_or(0));
        let flat = |row: &[Vec<String>; 3]| -> Vec<String> {
            let padded = row.iter().zip(columns).enumerate().flat_map(|(c, (cells, n))| {
                let blank = vec![String::new(); n - cells.len()];
                if c < 2 { [blank, cells.clone()].concat() } else { [cells.clone(), blank].concat() }
            });
            padded.collect()
        };
        let rows: Vec<Vec<String>> = rows.iter().map(flat).collect();
        let widths: Vec<usize> = (0..columns.iter().sum())
            .map(|c| rows.iter().map(|row| row[c].chars().count()).max().unwrap_or(0))
            .collect();
        for (i, row) in rows.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            for (c, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let space = if c > 0 { " " } else { "" };
                write!(f, "{space}{cell:>width$}")?;
            }
        }
        Ok(())
    }
}

impl Program {
    /// The shapes of all sites, as a table; see [`ShapeTable`].
    ///
    /// ```
    /// use pyroxene_frontend::{Program, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let y = spec(&Array::from([0.5, 1.5]));
    /// let program = Program::trace(|y: &Tensor| { sample("y", Normal::new(0.0, 1.0).obs(*y)); }, &y)?;
    /// assert_eq!(program.format_shapes().to_string(), "\
    /// Trace Shapes:    
    ///  Param Sites:    
    /// Sample Sites:    
    ///        y dist   |
    ///         value 2 |");
    /// # Ok(()) }
    /// ```
    pub fn format_shapes(&self) -> ShapeTable {
        let sites = sites(self.graph());
        ShapeTable::new(sites.iter().map(|(name, site)| (name.clone(), recorded(site))).collect())
    }
}

fn recorded(site: &RecordedSite) -> Shapes {
    let dist = (site.batch_shape.clone(), site.event_shape.clone());
    match site.kind {
        kind if kind.is_sample() => {
            Shapes::Sample { dist, value: site.value_shape(), log_prob: site.log_prob_shape.clone() }
        }
        SiteType::Param => Shapes::Param(site.value.dims.clone()),
        SiteType::Plate => Shapes::Plate(site.value.dims.first().copied().unwrap_or(1)),
        _ => Shapes::Unseen,
    }
}

/// The shapes of a site as `trace` has seen it.
fn traced(site: &SiteInfo) -> Shapes {
    let dims = site.value.dims();
    match (site.kind, &site.distribution) {
        (kind, Some(d)) if kind.is_sample() => {
            let event = d.event_shape();
            let own = expanded(&d.batch_shape().unwrap_or_default(), &site.frames);
            // A factor's value has no elements, and the term's batch whatever the plates around.
            let value = match kind {
                SiteType::Factor => (d.batch_shape().unwrap_or_default(), event.clone()),
                _ => split(&dims, event.len()),
            };
            let log_prob = shape::broadcast(&own, &value.0).unwrap_or_else(|| own.clone());
            Shapes::Sample { dist: (own, event), value, log_prob }
        }
        (SiteType::Param, _) => Shapes::Param(dims),
        (SiteType::Plate, _) => Shapes::Plate(dims.first().copied().unwrap_or(1)),
        _ => Shapes::Unseen,
    }
}

/// A distribution's batch under plates.
fn expanded(batch: &Dims, frames: &[CondIndepStackFrame]) -> Dims {
    let rank = frames.iter().map(|f| f.dim.unsigned_abs()).max().unwrap_or(0);
    let mut plates: Dims = std::iter::repeat_n(1, rank).collect();
    for frame in frames {
        plates[rank - frame.dim.unsigned_abs()] = frame.size;
    }
    shape::broadcast(batch, &plates).unwrap_or_else(|| batch.clone())
}
