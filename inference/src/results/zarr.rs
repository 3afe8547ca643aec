//! The posterior as a Zarr directory of version 2 in ArviZ's groups: JSON metadata and raw chunks, one a chain.
//!
//! The format is three small JSON files and arrays as they lie in memory
//! (<https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html>), which both versions of Python's zarr read.

use std::{collections::BTreeMap, fs, io, path::Path};

use pyroxene_frontend::{Array, DType};
use serde_json::{Map, Value, json};

use super::{
    files::replace_directory,
    format::{from_columns, invalid},
    groups::{Group, Values, Variable, groups},
    posterior::{Posterior, SiteSpec, StatKind, StatSpec},
};

const ENDIAN: &str = if cfg!(target_endian = "big") { ">" } else { "<" };
/// xarray's name for the list of an array's dimensions.
const DIMENSIONS: &str = "_ARRAY_DIMENSIONS";

impl Posterior {
    pub(super) fn save_zarr(&self, path: &Path) -> io::Result<()> {
        replace_directory(path, |root| {
            let mut writer = Writer { root, metadata: Map::new() };
            let about = json!({
                "inference_library": "pyroxene",
                "inference_library_version": env!("CARGO_PKG_VERSION"),
            });
            writer.group("", &about)?;
            for group in groups(self) {
                writer.group(group.name, &about)?;
                writer.variables(&group)?;
            }
            let all = json!({"zarr_consolidated_format": 1, "metadata": writer.metadata});
            fs::write(root.join(".zmetadata"), all.to_string())
        })
    }

    pub(super) fn load_zarr(path: &Path) -> io::Result<Posterior> {
        let sites = read_group(&path.join("posterior"))?;
        let stats = path.join("sample_stats");
        let stats = if stats.is_dir() { read_group(&stats)? } else { BTreeMap::new() };
        let (chains, draws) = outer(&sites, &stats)?;
        let named = |array: &Stored| {
            let names = array.dims.iter().skip(2).map(|dim| Some(dim.clone()));
            let names = names.map(|dim| dim.filter(|dim| !dim.starts_with(&format!("{}_dim_", array.name))));
            SiteSpec::new(&array.name, array.shape[2..].iter().copied()).dim_names(names)
        };
        let specs = sites.values().map(named).collect();
        let stat_specs = stats.values().map(|array| StatSpec::new(&array.name, array.kind)).collect();
        let [site_columns, stat_columns] =
            [&sites, &stats].map(|group| group.values().map(|array| &*array.values).collect());
        from_columns((specs, site_columns), (stat_specs, stat_columns), [chains, draws])
    }
}

struct Writer<'a> {
    root: &'a Path,
    /// All metadata in one, which spares readers the small files.
    metadata: Map<String, Value>,
}

impl Writer<'_> {
    fn json(&mut self, key: String, value: Value) -> io::Result<()> {
        fs::write(self.root.join(&key), value.to_string())?;
        self.metadata.insert(key, value);
        Ok(())
    }

    fn group(&mut self, name: &str, attributes: &Value) -> io::Result<()> {
        fs::create_dir_all(self.root.join(name))?;
        let prefix = if name.is_empty() { String::new() } else { format!("{name}/") };
        self.json(format!("{prefix}.zgroup"), json!({"zarr_format": 2}))?;
        self.json(format!("{prefix}.zattrs"), attributes.clone())
    }

    /// The variables, and the coordinates 0, 1, ... of their dimensions.
    fn variables(&mut self, group: &Group<'_>) -> io::Result<()> {
        let mut coordinates = BTreeMap::new();
        for (order, variable) in group.variables.iter().enumerate() {
            coordinates.extend(variable.dims.iter().cloned());
            self.variable(group.name, variable, Some(order))?;
        }
        for (name, size) in coordinates {
            let value = Array::from((0..size as i64).collect::<Vec<_>>());
            let dims = vec![(name.clone(), size)];
            self.variable(group.name, &Variable { name: &name, dims, values: Values::Data(&value) }, None)?;
        }
        Ok(())
    }

    fn variable(&mut self, group: &str, variable: &Variable<'_>, order: Option<usize>) -> io::Result<()> {
        // A slash would make a group of its own.
        let key = format!("{group}/{}", variable.name.replace('/', "."));
        fs::create_dir_all(self.root.join(&key))?;
        let (dtype, bytes) = encoded(variable.values);
        let shape: Vec<usize> = variable.dims.iter().map(|(_, size)| *size).collect();
        let parts = match variable.values {
            Values::Draws(..) => shape[0],
            Values::Data(_) => 1,
        };
        let mut chunks: Vec<usize> = shape.iter().map(|size| (*size).max(1)).collect();
        if let (Values::Draws(..), Some(first)) = (variable.values, chunks.first_mut()) {
            *first = 1;
        }
        let array = json!({
            "zarr_format": 2, "shape": shape, "chunks": chunks, "dtype": dtype, "compressor": null,
            "fill_value": null, "order": "C", "filters": null, "dimension_separator": ".",
        });
        self.json(format!("{key}/.zarray"), array)?;
        let dims: Vec<&str> = variable.dims.iter().map(|(name, _)| &**name).collect();
        let mut attributes = json!({DIMENSIONS: dims, "name": variable.name});
        if let Some(order) = order {
            attributes["order"] = order.into();
        }
        self.json(format!("{key}/.zattrs"), attributes)?;
        if bytes.is_empty() {
            return Ok(());
        }
        for (i, chunk) in bytes.chunks(bytes.len() / parts.max(1)).enumerate() {
            let rest = ".0".repeat(shape.len().saturating_sub(1));
            fs::write(self.root.join(&key).join(format!("{i}{rest}")), chunk)?;
        }
        Ok(())
    }
}

/// NumPy's name of the element type, and the elements.
fn encoded(values: Values<'_>) -> (String, Vec<u8>) {
    match values {
        Values::Draws(values, StatKind::Real) => {
            (format!("{ENDIAN}f8"), bytemuck::cast_slice(values).to_vec())
        }
        Values::Draws(values, StatKind::Count) => {
            let whole: Vec<i64> = values.iter().map(|x| *x as i64).collect();
            (format!("{ENDIAN}i8"), bytemuck::cast_slice(&whole).to_vec())
        }
        Values::Draws(values, StatKind::Flag) => {
            ("|b1".into(), values.iter().map(|x| u8::from(*x != 0.0)).collect())
        }
        Values::Data(array) => {
            let kind = match array.dtype() {
                DType::Bool => return ("|b1".into(), array.as_bytes().to_vec()),
                DType::I32 | DType::I64 => 'i',
                DType::U32 | DType::U64 => 'u',
                DType::F32 | DType::F64 => 'f',
            };
            (format!("{ENDIAN}{kind}{}", array.dtype().size()), array.as_bytes().to_vec())
        }
    }
}

/// An array as it was read.
struct Stored {
    name: String,
    dims: Vec<String>,
    shape: Vec<usize>,
    kind: StatKind,
    values: Vec<f64>,
}

/// The arrays over chains and draws of a group, in the order they were written in.
fn read_group(path: &Path) -> io::Result<BTreeMap<(u64, String), Stored>> {
    let mut arrays = BTreeMap::new();
    for entry in fs::read_dir(path)? {
        let directory = entry?.path();
        if !directory.join(".zarray").is_file() {
            continue;
        }
        let attributes = read_json(&directory.join(".zattrs"))?;
        let dims: Vec<String> = serde_json::from_value(attributes[DIMENSIONS].clone())?;
        if !matches!(&dims[..], [chain, draw, ..] if chain == "chain" && draw == "draw") {
            continue;
        }
        let file = directory.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name = attributes["name"].as_str().map_or_else(|| file.clone(), str::to_owned);
        let order = attributes["order"].as_u64().unwrap_or(u64::MAX);
        let stored = read_array(&directory, name, dims)?;
        arrays.insert((order, file), stored);
    }
    Ok(arrays)
}

fn read_array(directory: &Path, name: String, dims: Vec<String>) -> io::Result<Stored> {
    let array = read_json(&directory.join(".zarray"))?;
    let shape: Vec<usize> = serde_json::from_value(array["shape"].clone())?;
    let chunks: Vec<usize> = serde_json::from_value(array["chunks"].clone())?;
    let plain = array["compressor"].is_null() && array["filters"].is_null() && array["order"] == "C";
    let whole = shape.len() == dims.len()
        && shape.len() == chunks.len()
        && shape.iter().zip(&chunks).skip(1).all(|(n, c)| n <= c);
    if !plain || !whole || chunks[0] != 1 {
        return Err(invalid(format!(
            "`{name}` is stored in another way than pyroxene's: one plain chunk a chain"
        )));
    }
    let dtype = array["dtype"].as_str().unwrap_or_default();
    let (kind, width) = match dtype {
        _ if dtype == format!("{ENDIAN}f8") => (StatKind::Real, 8),
        _ if dtype == format!("{ENDIAN}i8") => (StatKind::Count, 8),
        "|b1" => (StatKind::Flag, 1),
        other => return Err(invalid(format!("`{name}` has the dtype {other}, expected f8, i8 or b1"))),
    };
    let size = shape.iter().skip(1).try_fold(1usize, |n, d| n.checked_mul(*d)).unwrap_or(usize::MAX);
    let mut values = Vec::new();
    for chain in 0..shape[0] {
        if size == 0 {
            break;
        }
        let chunk = directory.join(format!("{chain}{}", ".0".repeat(shape.len() - 1)));
        let bytes =
            fs::read(&chunk).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", chunk.display())))?;
        if Some(bytes.len()) != size.checked_mul(width) {
            return Err(invalid(format!(
                "{}: {} bytes, expected {size} elements",
                chunk.display(),
                bytes.len()
            )));
        }
        values.extend(bytes.chunks_exact(width).map(|b| match (kind, b) {
            (StatKind::Real, b) => f64::from_ne_bytes(b.try_into().unwrap_or_default()),
            (StatKind::Count, b) => i64::from_ne_bytes(b.try_into().unwrap_or_default()) as f64,
            (StatKind::Flag, b) => f64::from(b[0]),
        }));
    }
    Ok(Stored { name, dims, shape, kind, values })
}

fn read_json(path: &Path) -> io::Result<Value> {
    let text = fs::read(path).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())))?;
    serde_json::from_slice(&text).map_err(|e| invalid(format!("{}: {e}", path.display())))
}

/// The number of chains and draws, which all arrays must share.
fn outer(
    sites: &BTreeMap<(u64, String), Stored>,
    stats: &BTreeMap<(u64, String), Stored>,
) -> io::Result<(usize, usize)> {
    let mut all = sites.values().chain(stats.values());
    let Some(first) = all.next() else { return Err(invalid("the group `posterior` holds no draws")) };
    let of = |array: &Stored| (array.shape[0], array.shape[1]);
    match all.find(|array| of(array) != of(first)) {
        Some(other) => {
            let message =
                format!("`{}` and `{}` have other numbers of chains or draws", first.name, other.name);
            Err(invalid(message))
        }
        None => Ok(of(first)),
    }
}
