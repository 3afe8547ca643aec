//! The command: subcommands over a gallery of models, one file each; every failure is one message and exit code 1.
//!
//! A binary with models of its own is one line: `pyroxene::cli::main(models![...])`, see [`models!`](crate::models).

mod cache;
mod check;
mod compile;
mod completion;
mod diagnose;
mod doctor;
mod dot;
mod env;
mod error;
mod fit;
mod gallery;
mod inspect;
mod model;
mod output;
mod plugin;
mod predict;
mod render;
mod sample;
mod watch;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::{CommandFactory, Parser, Subcommand};

use crate::gallery::Entry;
use error::Failure;
use output::Output;

/// Probabilistic models, compiled by XLA.
#[derive(Parser)]
#[command(name = "pyroxene", version)]
struct Cli {
    #[command(flatten)]
    style: Style,
    #[command(subcommand)]
    command: Command,
}

/// How results are printed.
#[derive(Clone, Copy, clap::Args)]
struct Style {
    /// Print the result as one JSON value, for programs
    #[arg(long, global = true)]
    json: bool,
    /// Print the result alone: no progress, no costs
    #[arg(long, global = true)]
    quiet: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Draw from a model's posterior with NUTS and print its summary
    Sample(sample::Args),
    /// Fit a guide to a model's posterior by variational inference and print its means and deviations
    Fit(fit::Args),
    /// Draw what a model predicts, from its prior or at draws from its posterior
    Predict(predict::Args),
    /// Summarise a file of draws, with a sentence of advice for each problem
    Diagnose(diagnose::Args),
    /// Print a model's log density and gradient at a point, as JSON
    ///
    /// The point is unconstrained. The log density is that of the posterior up to a constant, with the Jacobians of the
    /// maps to the constrained space. Numbers have 17 significant digits; those that JSON lacks are written NaN,
    /// Infinity and -Infinity, as Python's json reads them.
    Check(check::Args),
    /// Print what a model becomes on its way to the device
    Compile(compile::Args),
    /// Print a model's shapes, plates and dependencies, and what is odd about it
    Inspect(inspect::Args),
    /// Draw a model: random variables, plates, and who reads whom
    Render(render::Args),
    /// List the models
    #[command(after_help = "Example:\n  pyroxene gallery --json")]
    Gallery,
    /// Install the CPU's plugin, list those there are, or say which one is used
    Plugin(plugin::Args),
    /// Say how many compiled programs are kept for the next start, or remove them
    Cache(cache::Args),
    /// Examine this machine: plugin, pip, directories, variables, a first run
    #[command(after_help = "Example:\n  pyroxene doctor")]
    Doctor,
    /// List the environment variables with their values
    #[command(after_help = "Example:\n  PYROXENE_DUMP=/tmp/stages pyroxene env")]
    Env,
    /// Print a shell's script for the completion of commands
    Completion(completion::Args),
}

/// Runs the command line of this process over `models`: the whole of a `main` function.
///
/// The exit code is 0, or 1 after one message on stderr, or 2 where the command line itself is malformed, or 130 after
/// Ctrl-C.
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
    match run(cli.command, cli.style, models, &mut out).and_then(|()| Ok(out.flush()?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure @ (Failure::Interrupted { .. } | Failure::FitInterrupted { .. })) => {
            let _ = out.flush();
            let _ = writeln!(io::stderr(), "{failure}");
            ExitCode::from(watch::INTERRUPTED)
        }
        Err(failure) => {
            // What was printed so far belongs before the message.
            let _ = out.flush();
            let _ = writeln!(io::stderr(), "error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command, style: Style, models: &[Entry], out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        Command::Sample(args) => sample::run(&args, style, models, out),
        Command::Fit(args) => fit::run(&args, style, models, out),
        Command::Predict(args) => predict::run(&args, style, models, out),
        Command::Diagnose(args) => diagnose::run(&args, style, out),
        Command::Check(args) => check::run(&args, models, out),
        Command::Compile(args) => compile::run(&args, style, models, out),
        Command::Inspect(args) => inspect::run(&args, style, models, out),
        Command::Render(args) => render::run(&args, style, models, out),
        Command::Gallery => gallery::run(style, models, out),
        Command::Plugin(args) => plugin::run(&args, style, out),
        Command::Cache(args) => cache::run(&args, style, out),
        Command::Doctor => doctor::run(style, out),
        Command::Env => env::run(style, out),
        Command::Completion(args) => completion::run(&args, Cli::command(), out),
    }
}
