//! `pyroxene plugin`: the shared library that compiles and runs: install it, list those known, say which one is used.

use std::io::Write;

use super::{
    Style,
    error::Failure,
    output::{json, table},
};
use crate::runtime::{
    self,
    options::Options,
    plugin::{CPU_WHEELS, Condition, Installer, examine, find},
};

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  pyroxene plugin install\n  pyroxene plugin list\n  \
                        PYROXENE_PLUGIN=/opt/pjrt_c_api_gpu_plugin.so pyroxene plugin path")]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Install the CPU's plugin with pip now, unless it is there
    Install,
    /// List the plugins that are known, and the state of those that are installed
    List,
    /// Print the path of the plugin that is used on PYROXENE_PLATFORM, installing the CPU's if need be
    Path,
}

pub(super) fn run(args: &Args, style: Style, out: &mut dyn Write) -> Result<(), Failure> {
    let options = Options::of_process()?;
    let mut notice = |line: &str| {
        if !style.quiet {
            // Nobody may be listening there.
            let _ = writeln!(std::io::stderr(), "{line}");
        }
    };
    let found = match args.action {
        Action::List => return list(&options, style, out),
        Action::Install => Installer::for_cpu(&options).map_err(runtime::Error::from)?.ensure(&mut notice),
        Action::Path => Ok(find(options.platform(), &options, &mut notice)?),
    };
    let found = found.map_err(runtime::Error::from)?;
    if style.json {
        return Ok(json(out, &serde_json::json!({"path": found.path, "origin": found.origin}))?);
    }
    Ok(writeln!(out, "{}", found.path.display())?)
}

fn list(options: &Options, style: Style, out: &mut dyn Write) -> Result<(), Failure> {
    let mut rows = Vec::new();
    if let Some(path) = &options.plugin {
        rows.push(["given by PYROXENE_PLUGIN".to_owned(), "used".into(), path.display().to_string()]);
    }
    for (platform, path) in &options.named_plugins {
        let name = format!("{platform}, by PJRT_NAMES_AND_LIBRARY_PATHS");
        rows.push([name, "given".into(), path.display().to_string()]);
    }
    for wheel in CPU_WHEELS {
        let condition = options.data_dir.as_deref().map(|directory| examine(directory, wheel, true));
        let (state, detail) = match condition {
            Some(Condition::Sound(path)) => ("installed", path.display().to_string()),
            Some(Condition::Damaged(what)) => ("damaged", what),
            Some(Condition::Missing) => ("not installed", String::new()),
            None => ("not installed", "there is no directory for it: set PYROXENE_DATA_DIR".into()),
        };
        rows.push([format!("cpu, {} {}", wheel.name, wheel.version), state.into(), detail]);
    }
    if style.json {
        let row = |[plugin, state, detail]: &[String; 3]| serde_json::json!({"plugin": plugin, "state": state, "detail": detail});
        return Ok(json(out, &rows.iter().map(row).collect::<Vec<_>>())?);
    }
    let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
    Ok(table(out, &rows)?)
}
