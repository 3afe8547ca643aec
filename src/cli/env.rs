//! `pyroxene env`: every environment variable that is read, with its value.

use std::io::Write;

use super::{
    Style,
    error::Failure,
    output::{json, table},
};
use crate::runtime::options::{Environment, Row};

pub(super) fn run(style: Style, out: &mut dyn Write) -> Result<(), Failure> {
    let environment = Environment::of_process();
    if style.json {
        return Ok(json(out, &values(&environment))?);
    }
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

/// Every variable with its value, none where it is not set.
pub(super) fn values(environment: &Environment) -> serde_json::Value {
    let value = |row: Row| (row.variable.name.to_owned(), serde_json::Value::from(row.value));
    environment.rows().into_iter().map(value).collect()
}
