//! `pyroxene completion`: a shell's script that completes subcommands and options.

use std::io::Write;

use clap_complete::{Shell, generate};

use super::error::Failure;

#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  pyroxene completion bash > ~/.local/share/bash-completion/completions/pyroxene"
)]
pub(super) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &Args, mut command: clap::Command, out: &mut dyn Write) -> Result<(), Failure> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    generate(args.shell, &mut command, name, &mut script);
    Ok(out.write_all(&script)?)
}
