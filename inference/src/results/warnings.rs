//! What speaks against trusting a run's draws, each with the advice Stan's users know, for the end of the summary.

use std::fmt;

use serde::Serialize;

use super::{
    posterior::{Posterior, stat},
    summary::SummaryRow,
};
use crate::diagnostics::bfmi;

/// The largest R-hat of chains that have mixed (Vehtari et al. 2021).
const MAX_R_HAT: f64 = 1.01;
/// The smallest ESS per chain with which R-hat and ESS are themselves reliable (Vehtari et al. 2021).
const MIN_ESS_PER_CHAIN: f64 = 100.0;
/// The smallest good E-BFMI (Betancourt 2016).
const MIN_BFMI: f64 = 0.3;
/// The number of scalars a warning names.
const NAMED: usize = 5;

/// A scalar that a warning names, and the number that put it there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Worst {
    /// The scalar: `tau`, `theta[3]`, or `chain 2`.
    pub name: String,
    /// Its diagnostic.
    pub value: f64,
}

/// A reason to distrust the draws. It displays as one sentence on what was found and one of advice.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Warning {
    /// One chain, which leaves R-hat undefined.
    SingleChain,
    /// Draws that are NaN or infinite.
    NonFiniteDraws {
        /// How many scalars have such draws.
        count: usize,
        /// The first of them, with their number of such draws.
        worst: Vec<Worst>,
    },
    /// Trajectories the integrator could not follow.
    Divergences {
        /// How many.
        count: usize,
        /// Of how many transitions.
        transitions: usize,
    },
    /// Trajectories cut off at the largest tree depth.
    MaxTreeDepth {
        /// How many.
        count: usize,
        /// Of how many transitions.
        transitions: usize,
        /// The depth, where `tree_depth` is recorded.
        depth: Option<u32>,
    },
    /// Chains with an E-BFMI below 0.3.
    LowBfmi {
        /// How many chains.
        count: usize,
        /// The chains, lowest first.
        worst: Vec<Worst>,
    },
    /// Scalars with an R-hat above 1.01.
    HighRHat {
        /// How many scalars.
        count: usize,
        /// The highest.
        worst: Vec<Worst>,
    },
    /// Scalars with a bulk ESS below 100 per chain.
    LowBulkEss {
        /// How many scalars.
        count: usize,
        /// The ESS they should have.
        threshold: f64,
        /// The lowest.
        worst: Vec<Worst>,
    },
    /// Scalars with a tail ESS below 100 per chain.
    LowTailEss {
        /// How many scalars.
        count: usize,
        /// The ESS they should have.
        threshold: f64,
        /// The lowest.
        worst: Vec<Worst>,
    },
}

impl Warning {
    /// The warnings that hold for a posterior whose summary has the rows given.
    pub(super) fn all(posterior: &Posterior, rows: &[SummaryRow]) -> Vec<Warning> {
        let threshold = MIN_ESS_PER_CHAIN * posterior.num_chains() as f64;
        let (r_hat_count, r_hat) = worst(rows, |row| -row.r_hat, -MAX_R_HAT);
        let (bulk_count, bulk) = worst(rows, |row| row.ess_bulk, threshold);
        let (tail_count, tail) = worst(rows, |row| row.ess_tail, threshold);
        let r_hat = r_hat.into_iter().map(|w| Worst { value: -w.value, ..w }).collect();
        [
            (posterior.num_chains() == 1).then_some(Warning::SingleChain),
            non_finite_draws(posterior),
            divergences(posterior),
            max_tree_depth(posterior),
            low_bfmi(posterior),
            (r_hat_count > 0).then_some(Warning::HighRHat { count: r_hat_count, worst: r_hat }),
            (bulk_count > 0).then_some(Warning::LowBulkEss { count: bulk_count, threshold, worst: bulk }),
            (tail_count > 0).then_some(Warning::LowTailEss { count: tail_count, threshold, worst: tail }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// How many rows have a value below `bound`, and the lowest of them. NaN is below nothing.
fn worst(rows: &[SummaryRow], value: impl Fn(&SummaryRow) -> f64, bound: f64) -> (usize, Vec<Worst>) {
    let below = rows.iter().map(|row| Worst { name: row.name.clone(), value: value(row) });
    lowest(below.filter(|w| w.value < bound).collect())
}

fn lowest(mut found: Vec<Worst>) -> (usize, Vec<Worst>) {
    let count = found.len();
    found.sort_by(|a, b| a.value.total_cmp(&b.value));
    found.truncate(NAMED);
    (count, found)
}

fn non_finite_draws(posterior: &Posterior) -> Option<Warning> {
    let mut found = vec![];
    for site in posterior.sites().filter(|site| site.values().iter().any(|v| !v.is_finite())) {
        for element in 0..site.size() {
            let count = site.scalar(element).iter().filter(|v| !v.is_finite()).count();
            if count > 0 {
                found.push(Worst { name: site.label(element), value: count as f64 });
            }
        }
    }
    let count = found.len();
    found.truncate(NAMED);
    (count > 0).then_some(Warning::NonFiniteDraws { count, worst: found })
}

/// How often the flag `name` is set, and of how many transitions; `None` when never or not recorded.
fn flagged(posterior: &Posterior, name: &str) -> Option<(usize, usize)> {
    let flags = posterior.stat(name).ok()?.values();
    let count = flags.iter().filter(|v| **v != 0.0).count();
    (count > 0).then_some((count, flags.len()))
}

fn divergences(posterior: &Posterior) -> Option<Warning> {
    let (count, transitions) = flagged(posterior, stat::DIVERGING)?;
    Some(Warning::Divergences { count, transitions })
}

fn max_tree_depth(posterior: &Posterior) -> Option<Warning> {
    let (count, transitions) = flagged(posterior, stat::REACHED_MAX_TREE_DEPTH)?;
    let depths = posterior.stat(stat::TREE_DEPTH).ok();
    let depth = depths.map(|d| d.values().iter().copied().fold(0.0, f64::max) as u32);
    Some(Warning::MaxTreeDepth { count, transitions, depth })
}

fn low_bfmi(posterior: &Posterior) -> Option<Warning> {
    let energy = posterior.stat(stat::ENERGY).ok()?;
    let chains = (0..posterior.num_chains()).filter_map(|c| Some((c, bfmi(energy.chain(c)?))));
    let low = chains.filter(|(_, value)| *value < MIN_BFMI);
    let (count, worst) = lowest(low.map(|(c, value)| Worst { name: format!("chain {c}"), value }).collect());
    (count > 0).then_some(Warning::LowBfmi { count, worst })
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::SingleChain => f.write_str(
                "there is one chain, so R-hat is undefined. Run at least four: only chains that agree show that the \
                 posterior was found.",
            ),
            Warning::NonFiniteDraws { count, worst } => write!(
                f,
                "{} NaN or infinite draws ({}). Their diagnostics are undefined: look for an overflow, or a \
                 division by zero, in how the model computes them.",
                having(*count, "has", "have"),
                Named { worst, count: *count, places: 0 },
            ),
            Warning::Divergences { count, transitions } => write!(
                f,
                "{} with a divergence. The sampler could not fully explore the posterior: try a \
                 `target_accept_prob` closer to 1, and if that does not remove all divergences, reparameterize the \
                 model.",
                share(*count, *transitions, "ended"),
            ),
            Warning::MaxTreeDepth { count, transitions, depth } => {
                let of_depth = depth.map_or_else(String::new, |d| format!(" of {d}"));
                write!(
                    f,
                    "{} the maximum tree depth{of_depth}. Trajectories cut off there explore slowly: increase \
                     `max_tree_depth`, or rescale the parameters.",
                    share(*count, *transitions, "hit"),
                )
            }
            Warning::LowBfmi { count, worst } => write!(
                f,
                "E-BFMI is below {MIN_BFMI} in {} ({}). The sampler may have trouble exploring the tails: \
                 reparameterize the model if possible.",
                plural(*count, "chain"),
                Named { worst, count: *count, places: 2 },
            ),
            Warning::HighRHat { count, worst } => write!(
                f,
                "{} R-hat above {MAX_R_HAT} ({}). The chains have not mixed: run longer, or consider more \
                 informative priors or a more effective parameterization.",
                having(*count, "has", "have"),
                Named { worst, count: *count, places: 3 },
            ),
            Warning::LowBulkEss { count, threshold, worst } => write!(
                f,
                "{} bulk ESS below {threshold}, 100 per chain ({}). Posterior means and medians may be unreliable: \
                 run the chains for more iterations.",
                having(*count, "has", "have"),
                Named { worst, count: *count, places: 0 },
            ),
            Warning::LowTailEss { count, threshold, worst } => write!(
                f,
                "{} tail ESS below {threshold}, 100 per chain ({}). Posterior variances and tail quantiles may be \
                 unreliable: run the chains for more iterations.",
                having(*count, "has", "have"),
                Named { worst, count: *count, places: 0 },
            ),
        }
    }
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn having(count: usize, one: &str, many: &str) -> String {
    format!("{} {}", plural(count, "parameter"), if count == 1 { one } else { many })
}

fn share(count: usize, transitions: usize, verb: &str) -> String {
    let percent = 100.0 * count as f64 / transitions as f64;
    format!("{count} of {transitions} transitions ({percent:.2}%) {verb}")
}

/// `tau 1.320, mu 1.020, ...`
struct Named<'a> {
    worst: &'a [Worst],
    count: usize,
    places: usize,
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, Worst { name, value }) in self.worst.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            write!(f, "{comma}{name} {value:.0$}", self.places)?;
        }
        if self.count > self.worst.len() { f.write_str(", ...") } else { Ok(()) }
    }
}
