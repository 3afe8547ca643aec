//! The posterior as ArviZ's nested dictionary in JSON.

use std::{
    fs,
    io::{self, BufWriter, Write},
    path::Path,
};

use pyroxene_frontend::DType;
use serde_json::Value;

use super::{
    files::replace_file,
    format::{from_columns, invalid},
    groups::{Values, Variable, groups},
    posterior::{Posterior, SiteSpec, StatKind, StatSpec},
};

impl Posterior {
    /// Writes ArviZ's dictionary as JSON: `{"posterior": {"mu": [chain][draw], "theta": [chain][draw][8]},
    /// "sample_stats": {"diverging": [chain][draw], ...}, "observed_data": {"y": [8]}, ...}`.
    ///
    /// Numbers that JSON lacks are written `NaN`, `Infinity` and `-Infinity`, which Python's `json` (and so ArviZ's
    /// users) reads back as floats; a strict JSON parser refuses a file that holds one. In Python:
    ///
    /// ```python
    /// import arviz as az, json, numpy as np
    /// groups = json.load(open("posterior.json"))
    /// idata = az.from_dict({g: {k: np.array(v) for k, v in d.items()} for g, d in groups.items()})
    /// ```
    ///
    /// # Errors
    /// When `out` refuses.
    pub fn write_arviz_json(&self, out: &mut impl Write) -> io::Result<()> {
        for (i, group) in groups(self).iter().enumerate() {
            write!(out, "{}\"{}\": {{", if i == 0 { "{" } else { "}, " }, group.name)?;
            for (i, variable) in group.variables.iter().enumerate() {
                write_variable(out, i, variable)?;
            }
            out.write_all(b"\n")?;
        }
        out.write_all(b"}}\n")
    }

    pub(super) fn save_json(&self, path: &Path) -> io::Result<()> {
        replace_file(path, |file| {
            let mut out = BufWriter::new(file);
            self.write_arviz_json(&mut out)?;
            out.flush()
        })
    }

    pub(super) fn load_json(path: &Path) -> io::Result<Posterior> {
        let text = quoted(&fs::read_to_string(path)?);
        let groups: Value = serde_json::from_str(&text).map_err(|e| invalid(e.to_string()))?;
        let (sites, stats) = (arrays(&groups, "posterior")?, arrays(&groups, "sample_stats")?);
        let spec = |s: &Nested| SiteSpec::new(&s.name, s.dims.get(2..).unwrap_or_default().iter().copied());
        let specs = sites.iter().map(spec).collect();
        let stat_specs = stats.iter().map(|s| StatSpec::new(&s.name, s.kind)).collect();
        let shape = match sites.iter().chain(&stats).next() {
            None => [0, 0],
            Some(Nested { dims, .. }) if dims.len() >= 2 => [dims[0], dims[1]],
            Some(first) => {
                return Err(invalid(format!("`{}` has no dimensions of chains and draws", first.name)));
            }
        };
        let [site_columns, stat_columns] =
            [&sites, &stats].map(|group| group.iter().map(|array| &*array.values).collect());
        from_columns((specs, site_columns), (stat_specs, stat_columns), shape)
    }
}

/// The text with Python's names of numbers that JSON lacks as strings, which no variable holds otherwise.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut in_string, mut escaped) = (false, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let name =
            ["NaN", "Infinity", "-Infinity"].into_iter().find(|name| !in_string && rest.starts_with(name));
        if let Some(name) = name {
            out.extend(["\"", name, "\""]);
            rest = &rest[name.len()..];
            continue;
        }
        in_string ^= c == '"' && !escaped;
        escaped = in_string && c == '\\' && !escaped;
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// A variable as it was read.
struct Nested {
    name: String,
    dims: Vec<usize>,
    kind: StatKind,
    values: Vec<f64>,
}

fn arrays(groups: &Value, group: &str) -> io::Result<Vec<Nested>> {
    let Some(variables) = groups[group].as_object() else {
        return if group == "posterior" { Err(invalid("there is no group `posterior`")) } else { Ok(vec![]) };
    };
    let read = |(name, value): (&String, &Value)| {
        let (mut dims, mut at) = (Vec::new(), value);
        while let Value::Array(items) = at {
            dims.push(items.len());
            at = items.first().unwrap_or(&Value::Null);
        }
        let kind = match at {
            Value::Bool(_) => StatKind::Flag,
            Value::Number(n) if n.is_i64() => StatKind::Count,
            _ => StatKind::Real,
        };
        let mut values = Vec::new();
        flatten(value, &mut values)
            .ok_or_else(|| invalid(format!("`{name}` holds something else than numbers")))?;
        Ok(Nested { name: name.clone(), dims, kind, values })
    };
    variables.iter().map(read).collect()
}

fn flatten(value: &Value, out: &mut Vec<f64>) -> Option<()> {
    out.push(match value {
        Value::Array(items) => return items.iter().try_for_each(|item| flatten(item, out)),
        Value::Bool(b) => f64::from(u8::from(*b)),
        Value::Number(n) => n.as_f64()?,
        Value::String(s) => s.parse().ok()?,
        _ => return None,
    });
    Some(())
}

fn write_variable(out: &mut impl Write, index: usize, variable: &Variable<'_>) -> io::Result<()> {
    out.write_all(if index == 0 { b"\n  " } else { b",\n  " })?;
    serde_json::to_writer(&mut *out, variable.name)?;
    out.write_all(b": ")?;
    let shape: Vec<usize> = variable.dims.iter().map(|(_, size)| *size).collect();
    match variable.values {
        Values::Draws(values, kind) => write_nested(out, &shape, values, kind),
        Values::Data(array) => {
            let kind = match array.dtype() {
                DType::Bool => StatKind::Flag,
                dtype if dtype.is_float() => StatKind::Real,
                _ => StatKind::Count,
            };
            write_nested(out, &shape, &array.to_f64_vec(), kind)
        }
    }
}

/// The values as lists nested by `shape`.
fn write_nested(out: &mut impl Write, shape: &[usize], values: &[f64], kind: StatKind) -> io::Result<()> {
    let Some((length, inner)) = shape.split_first() else {
        return values.iter().try_for_each(|v| write_number(out, *v, kind));
    };
    let stride: usize = inner.iter().product();
    out.write_all(b"[")?;
    for i in 0..*length {
        if i > 0 {
            out.write_all(b", ")?;
        }
        write_nested(out, inner, &values[i * stride..(i + 1) * stride], kind)?;
    }
    out.write_all(b"]")
}

fn write_number(out: &mut impl Write, x: f64, kind: StatKind) -> io::Result<()> {
    match kind {
        StatKind::Flag => write!(out, "{}", x != 0.0),
        StatKind::Count if x.is_finite() => write!(out, "{x:.0}"),
        _ if x.is_nan() => out.write_all(b"NaN"),
        _ if x.is_infinite() => out.write_all(if x > 0.0 { b"Infinity" } else { b"-Infinity" }),
        // Rust's debug form is the shortest that reads back as the same double, with an exponent where it is long.
        _ => write!(out, "{x:?}"),
    }
}
