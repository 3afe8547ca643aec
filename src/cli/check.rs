//! `pyroxene check`: log density and gradient at one point of the unconstrained space, to compare with other systems.

use std::io::Write;

use super::{error::Failure, model::ModelArgs};
use crate::{Program, gallery::Entry, runtime::default_backend};

#[derive(clap::Args)]
#[command(after_help = "Example:\n  pyroxene check wells --at=0.1,-0.2 --explain")]
pub(super) struct Args {
    #[command(flatten)]
    model: ModelArgs,
    /// Unconstrained coordinates x0,x1,...: of each latent site in the order of the program, row by row
    #[arg(long, allow_hyphen_values = true)]
    at: String,
    /// Also say where what is not finite arises: operation, site and line
    #[arg(long)]
    explain: bool,
}

pub(super) fn run(args: &Args, models: &[Entry], out: &mut dyn Write) -> Result<(), Failure> {
    let position = coordinates(&args.at)?;
    let (entry, problem) = args.model.problem(models)?;
    let program = problem.trace()?;
    let expected = program.layout().iter().map(|c| c.unconstrained.len()).sum();
    if position.len() != expected {
        let (model, sites, found) = (entry.name, sites(&program), position.len());
        return Err(Failure::Coordinates { model, found, expected, sites });
    }
    let bound = problem.bind(&program, &default_backend()?)?;
    let (potential, gradient) = bound.potential_and_gradient(&position)?;
    let gradient: Vec<String> = gradient.iter().map(|g| number(-g)).collect();
    writeln!(out, "{{\"log_density\": {}, \"gradient\": [{}]}}", number(-potential), gradient.join(", "))?;
    if args.explain {
        match bound.explain(&position)? {
            Some(found) => writeln!(out, "{found}")?,
            None => writeln!(out, "the log density and its gradient are finite")?,
        }
    }
    Ok(())
}

fn coordinates(list: &str) -> Result<Vec<f64>, Failure> {
    let parse = |(index, text): (usize, &str)| {
        text.trim().parse().map_err(|_| Failure::Coordinate { index, found: text.to_owned() })
    };
    list.split(',').enumerate().map(parse).collect()
}

/// `theta_trans (8), mu (1), tau (1)`
fn sites(program: &Program) -> String {
    let layout = program.layout();
    let sites = layout.iter().map(|c| format!("{} ({})", c.name, c.unconstrained.len()));
    sites.collect::<Vec<_>>().join(", ")
}

fn number(x: f64) -> String {
    if x.is_nan() {
        "NaN".into()
    } else if x.is_infinite() {
        if x > 0.0 { "Infinity".into() } else { "-Infinity".into() }
    } else {
        format!("{x:.16e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back_exactly() {
        for x in [0.1, -1.0 / 3.0, 1e300, 5e-324, 0.0] {
            assert_eq!(number(x).parse(), Ok(x));
        }
        assert_eq!(
            [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(number),
            ["NaN", "Infinity", "-Infinity"]
        );
    }

    #[test]
    fn coordinates_are_numbers_between_commas() {
        assert!(coordinates("0, -1e-3,2").is_ok_and(|x| x == [0.0, -1e-3, 2.0]));
        let wrong = |text| coordinates(text).map_err(|e| e.to_string());
        let expected = "--at: coordinate 1 is `x`, expected a number such as 0.5 or -1e-3";
        assert_eq!(wrong("0,x"), Err(expected.into()));
        assert!(wrong("").is_err());
    }
}
