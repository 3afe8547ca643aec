//! Standard output for people and pipes: a reader that leaves early is no failure; tables, and JSON.

use std::{
    io::{self, Write},
    path::Path,
};

use serde_json::Value;

use super::error::Failure;
use crate::inference::{Format, check_writable};

/// A writer that goes quiet when its reader has closed the pipe, so that `pyroxene sample … | head` still finishes its
/// work and ends well.
pub(super) struct Output<W> {
    inner: W,
    closed: bool,
}

impl<W: Write> Output<W> {
    pub(super) fn new(inner: W) -> Output<W> {
        Output { inner, closed: false }
    }

    fn attempt<T>(&mut self, unheard: T, f: impl FnOnce(&mut W) -> io::Result<T>) -> io::Result<T> {
        if self.closed {
            return Ok(unheard);
        }
        match f(&mut self.inner) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(unheard)
            }
            result => result,
        }
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.attempt(bytes.len(), |inner| inner.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt((), Write::flush)
    }
}

/// The file that draws are to be written to, with its format, once it is known that they can be.
pub(super) fn file_to_write(path: Option<&Path>) -> Result<Option<(&Path, Format)>, Failure> {
    let file = path.map(|path| check_writable(path).and_then(|()| Ok((path, Format::of(path)?))));
    file.transpose().map_err(Failure::Out)
}

/// Writes rows with their columns aligned; the last column is not padded.
pub(super) fn table(out: &mut dyn Write, rows: &[Vec<String>]) -> io::Result<()> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |c: usize| rows.iter().filter_map(|r| r.get(c)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

/// The rows below the first as objects, whose keys the first one names.
pub(super) fn objects(rows: &[Vec<String>]) -> Vec<Value> {
    let Some((keys, rows)) = rows.split_first() else { return Vec::new() };
    let object =
        |row: &Vec<String>| keys.iter().zip(row).map(|(k, v)| (k.clone(), Value::from(v.clone()))).collect();
    rows.iter().map(object).collect()
}

/// Writes a value as JSON, with an end of line.
pub(super) fn json(out: &mut dyn Write, value: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Takes one write, then is closed.
    struct Closing(usize);

    impl Write for Closing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += 1;
            if self.0 > 1 { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(bytes.len()) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        let mut out = Output::new(Closing(0));
        for _ in 0..3 {
            writeln!(out, "line").unwrap();
        }
        out.flush().unwrap();
        assert_eq!(out.inner.0, 2);
    }

    #[test]
    fn columns_align() {
        let rows = [vec!["a".to_string(), "bb".into()], vec!["ccc".into(), "d".into()]];
        let mut text = Vec::new();
        table(&mut text, &rows).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), "a    bb\nccc  d\n");
    }
}
