//! The `pyroxene` command over the gallery's models.

use std::process::ExitCode;

fn main() -> ExitCode {
    pyroxene::cli::main(pyroxene::gallery::GALLERY)
}
