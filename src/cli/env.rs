//! `pyroxene env`: every environment variable that is read, with its value.

use std::io::Write;

use super::{error::Failure, output::table};
use crate::runtime::options::Environment;

pub(super) fn run(out: &mut dyn Write) -> Result<(), Failure> {
    let environment = Environment::of_process();
    // Values come last, since a long one would push every other column out of sight.
    let mut rows = vec![["variable", "form", "default", "meaning", "value"].map(String::from).to_vec()];
    rows.extend(environment.rows().into_iter().map(|row| {
        let value = row.value.unwrap_or_else(|| "-".into());
        let v = row.variable;
        vec![v.name.into(), v.form.into(), v.default.into(), v.help.into(), value]
    }));
    table(out, &rows)?;
    for name in environment.unknown() {
        writeln!(out, "{name} is set, but no variable is called so")?;
    }
    Ok(())
}
