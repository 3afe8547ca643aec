//! `pyroxene gallery`: the models there are.

use std::io::Write;

use super::{error::Failure, output::table};
use crate::gallery::Entry;

pub(super) fn run(models: &[Entry], out: &mut dyn Write) -> Result<(), Failure> {
    let mut rows = vec![["model", "also", "about"].map(String::from).to_vec()];
    rows.extend(models.iter().map(|m| vec![m.name.into(), m.aliases.join(", "), m.about.into()]));
    Ok(table(out, &rows)?)
}
