//! JSON: an object's fields, and evenly nested lists as arrays.

use indexmap::IndexMap;
use pyroxene_frontend::tree::{Value, describe};

use super::{Field, widest};
use crate::{Array, DType};

pub(super) fn fields(text: &str) -> Result<IndexMap<String, Field>, String> {
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Ok(fields.into_iter().map(|(k, v)| (k, Field::Json(v))).collect()),
        Ok(other) => Err(describe(&other)),
        Err(error) => Err(error.to_string()),
    }
}

/// The array that `value` is, or what it is instead.
pub(super) fn array(value: &Value) -> Result<Array, String> {
    let (mut dims, mut at) = (Vec::new(), value);
    while let Value::Array(items) = at {
        dims.push(items.len());
        match items.first() {
            Some(first) => at = first,
            None => break,
        }
    }
    let mut scalars = Vec::new();
    flatten(value, &dims, &mut Vec::new(), &mut scalars)?;
    let mut dtype = None;
    for (index, scalar) in scalars.iter().enumerate() {
        let own = match scalar {
            Value::Bool(_) => DType::Bool,
            Value::Number(n) if n.is_i64() => DType::I64,
            _ => DType::F64,
        };
        dtype = Some(match dtype {
            None => own,
            Some(others) => widest(others, own).ok_or_else(|| {
                format!("both truth values and numbers, the first at {}", place(index, &dims))
            })?,
        });
    }
    let numbers = || scalars.iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect::<Vec<_>>();
    let array = match dtype {
        Some(DType::Bool) => Array::new(dims, scalars.iter().map(|v| v.as_bool() == Some(true)).collect()),
        Some(DType::I64) => Array::new(dims, scalars.iter().filter_map(|v| v.as_i64()).collect()),
        _ => Array::new(dims, numbers()),
    };
    array.map_err(|e| e.to_string())
}

/// Appends the scalars below `value`, which must be a list of `dims[0]` lists of `dims[1]` ... numbers or truth values.
fn flatten<'a>(
    value: &'a Value,
    dims: &[usize],
    index: &mut Vec<usize>,
    out: &mut Vec<&'a Value>,
) -> Result<(), String> {
    let at = |index: &[usize]| if index.is_empty() { String::new() } else { format!(" at index {index:?}") };
    match (value, dims.split_first()) {
        (Value::Array(items), Some((n, rest))) if items.len() == *n => {
            for (i, item) in items.iter().enumerate() {
                index.push(i);
                flatten(item, rest, index, out)?;
                index.pop();
            }
            Ok(())
        }
        (Value::Bool(_) | Value::Number(_), None) => {
            out.push(value);
            Ok(())
        }
        (_, Some((n, _))) => Err(format!("{}{}, where others are lists of {n}", describe(value), at(index))),
        (_, None) => Err(format!("{}{}", describe(value), at(index))),
    }
}

fn place(flat: usize, dims: &[usize]) -> String {
    let mut rest = flat;
    let mut index: Vec<usize> = dims
        .iter()
        .rev()
        .map(|n| {
            let i = rest % n.max(&1);
            rest /= n.max(&1);
            i
        })
        .collect();
    index.reverse();
    format!("index {index:?}")
}

/// The array as nested lists; `None` where JSON lacks a number.
pub(super) fn value(array: &Array) -> Option<Value> {
    let mut flat: Vec<Value> = match array.dtype() {
        DType::Bool => array.to_f64_vec().into_iter().map(|x| Value::Bool(x != 0.0)).collect(),
        dtype if dtype.is_float() => {
            let number = |x| serde_json::Number::from_f64(x).map(Value::Number);
            array.to_f64_vec().into_iter().map(number).collect::<Option<_>>()?
        }
        _ => array
            .to_i128_vec()
            .into_iter()
            .map(|x| i64::try_from(x).ok().map(Value::from))
            .collect::<Option<_>>()?,
    };
    for n in array.dims().iter().rev() {
        flat = flat.chunks(*n.max(&1)).map(|row| Value::Array(row.to_vec())).collect();
    }
    flat.into_iter().next()
}
