//! The golden records: cases, their sites, and arrays as JSON holds them.

use std::path::Path;

use pyroxene_frontend::Array;
use serde_json::Value;

/// The cases of a theme.
pub(crate) fn cases(theme: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/conformance");
    let text = std::fs::read_to_string(folder.join(format!("{theme}.json"))).unwrap();
    let whole: Value = serde_json::from_str(&text).unwrap();
    list(&whole["cases"]).to_vec()
}

pub(crate) fn list(v: &Value) -> &[Value] {
    v.as_array().map(Vec::as_slice).unwrap_or_default()
}

pub(crate) fn text(v: &Value) -> &str {
    v.as_str().unwrap_or_default()
}

/// A number; JSON has no spelling for those that are not finite.
pub(crate) fn number(v: &Value) -> f64 {
    match v {
        Value::Bool(b) => f64::from(u8::from(*b)),
        Value::String(s) => s.parse().unwrap(),
        _ => v.as_f64().unwrap(),
    }
}

pub(crate) fn numbers(v: &Value) -> Vec<f64> {
    list(v).iter().map(number).collect()
}

pub(crate) fn dims(v: &Value) -> Vec<usize> {
    numbers(v).into_iter().map(|d| d as usize).collect()
}

pub(crate) fn sites(case: &Value) -> &[Value] {
    list(&case["sites"])
}

/// The array at a site, with the element type that JSON's spelling shows.
pub(crate) fn array(site: &Value) -> Array {
    let values = list(&site["values"]);
    let all = |holds: fn(&Value) -> bool| !values.is_empty() && values.iter().all(holds);
    let flat = if all(Value::is_boolean) {
        Array::from(values.iter().filter_map(Value::as_bool).collect::<Vec<_>>())
    } else if all(Value::is_i64) {
        Array::from(values.iter().filter_map(Value::as_i64).collect::<Vec<_>>())
    } else {
        Array::from(numbers(&site["values"]))
    };
    flat.reshape(dims(&site["shape"])).unwrap()
}
