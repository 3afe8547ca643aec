//! `pyroxene cache`: the compiled programs kept on disk: where they are, how many, and how to be rid of them.

use std::io::Write;

use super::{
    Style,
    error::Failure,
    output::{json, table},
};
use crate::runtime::{Contents, DiskCache, options::Options};

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  pyroxene cache show\n  pyroxene cache clear\n  \
                        PYROXENE_CACHE=off pyroxene sample eight_schools")]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Print where compiled programs are kept, how many, and how much room they may take
    Show,
    /// Remove all of them: the next start compiles anew
    Clear,
}

pub(super) fn run(args: &Args, style: Style, out: &mut dyn Write) -> Result<(), Failure> {
    let Some(cache) = DiskCache::of(&Options::of_process()?) else {
        if style.json {
            json(out, &serde_json::Value::Null)?;
        } else {
            writeln!(out, "{OFF}")?;
        }
        return Ok(());
    };
    let (what, contents) = match args.action {
        Action::Show => {
            cache.check()?;
            ("kept", cache.contents()?)
        }
        Action::Clear => ("removed", cache.clear()?),
    };
    if style.json {
        let Contents { executables, bytes } = contents;
        let report = serde_json::json!({
            "directory": cache.directory(), what: {"executables": executables, "bytes": bytes}, "limit": cache.limit(),
        });
        return Ok(json(out, &report)?);
    }
    let rows = [
        ("directory", cache.directory().display().to_string()),
        (what, size(contents)),
        ("limit", megabytes(cache.limit())),
    ];
    Ok(table(out, &rows.map(|(name, value)| vec![name.to_owned(), value]))?)
}

/// What is said where compiled programs are not kept.
pub(super) const OFF: &str = "off: PYROXENE_CACHE says so, or neither it nor XDG_CACHE_HOME nor HOME is set";

/// Number and size, for people.
pub(super) fn size(contents: Contents) -> String {
    let plural = if contents.executables == 1 { "" } else { "s" };
    format!("{} executable{plural}, {}", contents.executables, megabytes(contents.bytes))
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
