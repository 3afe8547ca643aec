//! CSV (RFC 4180): a row of heads, then one column a field.

use csv::{ReaderBuilder, Trim};
use indexmap::IndexMap;

use super::{Field, widest};
use crate::{Array, DType};

const EXPECTED: &str = "a column of numbers or truth values";

pub(super) fn fields(bytes: &[u8]) -> Result<IndexMap<String, Field>, String> {
    let mut reader = ReaderBuilder::new()
        .trim(Trim::All)
        .from_reader(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    let heads: Vec<String> = reader.headers().map_err(|e| e.to_string())?.iter().map(str::to_owned).collect();
    let mut columns: Vec<Vec<String>> = vec![Vec::new(); heads.len()];
    for record in reader.records() {
        let record = record.map_err(|e| e.to_string())?;
        for (column, cell) in columns.iter_mut().zip(&record) {
            column.push(cell.to_owned());
        }
    }
    let mut fields = IndexMap::new();
    for (head, column) in heads.into_iter().zip(columns) {
        let field =
            column_of(&column).unwrap_or_else(|found| Field::Unreadable { expected: EXPECTED, found });
        if fields.insert(head.clone(), field).is_some() {
            return Err(format!("two columns under `{head}`"));
        }
    }
    Ok(fields)
}

fn column_of(cells: &[String]) -> Result<Field, String> {
    let mut dtype = None;
    for (i, cell) in cells.iter().enumerate() {
        // The row of heads is line 1; cells with line breaks put the count of lines off, so rows are counted.
        let wrong = || format!("{cell:?} in row {}", i + 1);
        let own = kind(cell).ok_or_else(wrong)?;
        dtype = Some(dtype.map_or(Some(own), |others| widest(others, own)).ok_or_else(wrong)?);
    }
    let array = match dtype {
        Some(DType::Bool) => {
            Array::from(cells.iter().map(|c| c.eq_ignore_ascii_case("true")).collect::<Vec<_>>())
        }
        Some(DType::I64) => {
            Array::from(cells.iter().filter_map(|c| c.parse::<i64>().ok()).collect::<Vec<_>>())
        }
        _ => Array::from(cells.iter().filter_map(|c| c.parse::<f64>().ok()).collect::<Vec<_>>()),
    };
    Ok(Field::Array(array))
}

fn kind(cell: &str) -> Option<DType> {
    if cell.parse::<i64>().is_ok() {
        Some(DType::I64)
    } else if cell.parse::<f64>().is_ok() {
        Some(DType::F64)
    } else {
        let truth = ["true", "false"].iter().any(|word| cell.eq_ignore_ascii_case(word));
        truth.then_some(DType::Bool)
    }
}
