//! The command: subcommands over a gallery of models, one file each; every failure is one message and exit code 1.
//!
//! A binary with models of its own is one line: `pyroxene::cli::main(models![...])`, see [`models!`](crate::models).

mod check;
mod compile;
mod doctor;
mod env;
mod error;
mod gallery;
mod model;
mod output;
mod sample;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use crate::gallery::Entry;
use error::Failure;
use output::Output;

/// Probabilistic models, compiled by XLA.
#[derive(Parser)]
#[command(name = "pyroxene", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Draw from a model's posterior with NUTS and print its summary
    Sample(sample::Args),
    /// Print a model's log density and gradient at a point, as JSON
    ///
    /// The point is unconstrained. The log density is that of the posterior up to a constant, with the Jacobians of the
    /// maps to the constrained space. Numbers have 17 significant digits; those that JSON lacks are written NaN,
    /// Infinity and -Infinity, as Python's json reads them.
    Check(check::Args),
    /// Print what a model becomes on its way to the device
    Compile(compile::Args),
    /// List the models
    Gallery,
    /// Examine this machine: plugin, pip, directories, variables, a first run
    Doctor,
    /// List the environment variables with their values
    Env,
}

/// Runs the command line of this process over `models`: the whole of a `main` function.
///
/// The exit code is 0, or 1 after one message on stderr, or 2 where the command line itself is malformed.
pub fn main(models: &[Entry]) -> ExitCode {
    #[cfg(feature = "xla-rs")]
    crate::xla_rs::register();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing is left to do when the message cannot be written.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let mut out = Output::new(io::stdout().lock());
    match run(cli.command, models, &mut out).and_then(|()| Ok(out.flush()?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // What was printed so far belongs before the message.
            let _ = out.flush();
            let _ = writeln!(io::stderr(), "error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command, models: &[Entry], out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        Command::Sample(args) => sample::run(&args, models, out),
        Command::Check(args) => check::run(&args, models, out),
        Command::Compile(args) => compile::run(&args, models, out),
        Command::Gallery => gallery::run(models, out),
        Command::Doctor => doctor::run(out),
        Command::Env => env::run(out),
    }
}
