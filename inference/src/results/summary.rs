//! The posterior as a table: one row a scalar with ArviZ's columns, and the warnings that hold.

use std::fmt;

use serde::Serialize;

use super::{posterior::Posterior, warnings::Warning};
use crate::diagnostics::{ess, mcse, mean, normal_scores, quantile_of_sorted, rhat, sorted, variance};

/// Half of what the interval leaves out: it is ArviZ's default, 89%.
const INTERVAL_TAIL: f64 = (1.0 - 0.89) / 2.0;

/// One scalar of the posterior; NaN where a number is undefined.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SummaryRow {
    /// `mu`, `theta[0]`, `beta[1,2]`.
    pub name: String,
    /// The mean of all draws.
    pub mean: f64,
    /// The sample standard deviation (divisor n − 1).
    pub sd: f64,
    /// The lower end of the equal-tailed 89% interval.
    pub eti89_lb: f64,
    /// The upper end of the equal-tailed 89% interval.
    pub eti89_ub: f64,
    /// [`crate::diagnostics::ess_bulk`].
    pub ess_bulk: f64,
    /// [`crate::diagnostics::ess_tail`].
    pub ess_tail: f64,
    /// [`crate::diagnostics::rhat`].
    pub r_hat: f64,
    /// [`crate::diagnostics::mcse_mean`].
    pub mcse_mean: f64,
    /// [`crate::diagnostics::mcse_sd`].
    pub mcse_sd: f64,
}

/// The table of a posterior. It displays aligned, warnings below; `{:#}` does not shorten long tables. Serialized,
/// it is `{"rows": [...], "warnings": [...]}`, undefined numbers as null.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    rows: Vec<SummaryRow>,
    warnings: Vec<Warning>,
}

impl Posterior {
    /// Mean, spread, interval and convergence diagnostics of every scalar of every site.
    pub fn summary(&self) -> Summary {
        let rows: Vec<SummaryRow> = self
            .sites()
            .flat_map(|site| (0..site.size()).map(move |i| (site.label(i), site.chains_of(i))))
            .map(|(name, draws)| {
                let values = sorted(draws.values());
                let scores = normal_scores(&draws.split());
                let (mcse_mean, mcse_sd) = mcse::standard_errors(&draws);
                SummaryRow {
                    name,
                    mean: mean(draws.values()),
                    sd: variance(draws.values()).sqrt(),
                    eti89_lb: quantile_of_sorted(&values, INTERVAL_TAIL),
                    eti89_ub: quantile_of_sorted(&values, 1.0 - INTERVAL_TAIL),
                    ess_bulk: ess::bulk(&draws, &scores),
                    ess_tail: ess::tail(&draws, &values),
                    r_hat: rhat::rank_normalized(&draws, &scores),
                    mcse_mean,
                    mcse_sd,
                }
            })
            .collect();
        let warnings = Warning::all(self, &rows);
        Summary { rows, warnings }
    }
}

impl Summary {
    /// One row a scalar, in the order of the sites.
    pub fn rows(&self) -> &[SummaryRow] {
        &self.rows
    }

    /// The row named `name` (`mu`, `theta[0]`), if there is one.
    pub fn row(&self, name: &str) -> Option<&SummaryRow> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// What speaks against trusting the draws; empty when nothing does.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

const HEADER: [&str; 10] =
    ["", "mean", "sd", "eti89_lb", "eti89_ub", "ess_bulk", "ess_tail", "r_hat", "mcse_mean", "mcse_sd"];

/// The rows a table shows unless it is displayed with `{:#}`.
const SHOWN_ROWS: usize = 100;

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = if f.alternate() { self.rows.len() } else { self.rows.len().min(SHOWN_ROWS) };
        let mut table = vec![HEADER.map(str::to_owned)];
        table.extend(self.rows[..shown].iter().map(cells));
        let mut widths = [0; HEADER.len()];
        for row in &table {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for [name, numbers @ ..] in &table {
            write!(f, "{name:<0$}", widths[0])?;
            for (width, cell) in widths[1..].iter().zip(numbers) {
                write!(f, "  {cell:>width$}")?;
            }
            writeln!(f)?;
        }
        if shown < self.rows.len() {
            writeln!(f, "... and {} more rows", self.rows.len() - shown)?;
        }
        for warning in &self.warnings {
            write!(f, "\nWarning: {warning}\n")?;
        }
        Ok(())
    }
}

fn cells(row: &SummaryRow) -> [String; 10] {
    // As many places as the spread makes meaningful; without a spread, as the number itself has.
    let value = |x: f64| number(x, places(if row.sd > 0.0 { row.sd } else { x.abs() }, 3));
    [
        row.name.clone(),
        value(row.mean),
        value(row.sd),
        value(row.eti89_lb),
        value(row.eti89_ub),
        number(row.ess_bulk, 0),
        number(row.ess_tail, 0),
        number(row.r_hat, 3),
        number(row.mcse_mean, places(row.mcse_mean, 2)),
        number(row.mcse_sd, places(row.mcse_sd, 2)),
    ]
}

/// The decimal places that show `digits` significant digits of `scale`.
fn places(scale: f64, digits: i32) -> usize {
    if scale.is_finite() && scale > 0.0 {
        usize::try_from(digits - 1 - scale.log10().floor() as i32).unwrap_or(0)
    } else {
        usize::try_from(digits - 1).unwrap_or(0)
    }
}

/// `x` in fixed notation, or in scientific notation where that would be long.
fn number(x: f64, places: usize) -> String {
    if !x.is_finite() {
        return if x.is_nan() { "NaN".to_owned() } else { format!("{x}") };
    }
    let text = if places > 7 || x.abs() >= 1e8 { format!("{x:.2e}") } else { format!("{x:.places$}") };
    match text.strip_prefix('-') {
        Some(zero) if zero.chars().all(|c| c == '0' || c == '.') => zero.to_owned(),
        _ => text,
    }
}
