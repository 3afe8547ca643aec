//! `pyroxene gallery`: the models there are.

use std::io::Write;

use super::{
    Style,
    error::Failure,
    output::{json, table},
};
use crate::gallery::Entry;

pub(super) fn run(style: Style, models: &[Entry], out: &mut dyn Write) -> Result<(), Failure> {
    if style.json {
        let row = |m: &Entry| serde_json::json!({"model": m.name, "also": m.aliases, "about": m.about});
        return Ok(json(out, &models.iter().map(row).collect::<Vec<_>>())?);
    }
    let mut rows = vec![["model", "also", "about"].map(String::from).to_vec()];
    rows.extend(models.iter().map(|m| vec![m.name.into(), m.aliases.join(", "), m.about.into()]));
    Ok(table(out, &rows)?)
}
