//! The posterior's table as CSV (RFC 4180).

use std::{
    io::{self, BufWriter},
    path::Path,
};

use csv::{Reader, Writer};

use super::{
    files::replace_file,
    format::invalid,
    posterior::{Posterior, StatKind},
    table::{Read, columns},
};

impl Posterior {
    pub(super) fn save_csv(&self, path: &Path) -> io::Result<()> {
        replace_file(path, |file| {
            let columns = columns(self);
            let mut out = Writer::from_writer(BufWriter::new(file));
            out.write_record(columns.iter().map(|c| &c.name))?;
            for row in 0..self.num_chains() * self.num_draws() {
                out.write_record(columns.iter().map(|c| text(c.at(row), c.kind)))?;
            }
            out.flush()
        })
    }

    pub(super) fn load_csv(path: &Path) -> io::Result<Vec<Read>> {
        let mut reader = Reader::from_path(path)?;
        let heads = reader.headers()?.clone();
        // Nothing in a CSV file says a column's kind; every number reads as well as a real one.
        let empty = |name: &str| Read { name: name.into(), kind: StatKind::Real, values: vec![] };
        let mut columns: Vec<Read> = heads.iter().map(empty).collect();
        for (row, record) in reader.records().enumerate() {
            for (column, cell) in columns.iter_mut().zip(&record?) {
                let value = match cell {
                    "true" => Some(1.0),
                    "false" => Some(0.0),
                    number => number.parse().ok(),
                };
                let wrong = || format!("column `{}`, row {}: {cell:?} is no number", column.name, row + 1);
                column.values.push(value.ok_or_else(|| invalid(wrong()))?);
            }
        }
        Ok(columns)
    }
}

fn text(x: f64, kind: StatKind) -> String {
    match kind {
        StatKind::Flag => (x != 0.0).to_string(),
        StatKind::Count if x.is_finite() => format!("{x:.0}"),
        // Rust's debug form is the shortest that reads back as the same double.
        _ => format!("{x:?}"),
    }
}
