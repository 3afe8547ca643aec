//! Files of data: JSON, NumPy's archives and CSV, read into a model's [`Tree`] with errors that name file and field.

mod csv;
mod json;
mod npz;

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path as FilePath, PathBuf},
};

use indexmap::IndexMap;
use pyroxene_frontend::tree::{Source, SourceError, Value, describe};

use crate::{Array, DType, Path, Tree, Visit};

/// A file of named data.
///
/// ```
/// use pyroxene::{data::DataFile, prelude::*};
///
/// #[derive(Tree, Clone)]
/// struct Schools<L: Leaf = Tensor> {
///     #[tree(float)]
///     sigma: L,
///     y: Option<L>,
///     #[tree(static, name = "J")]
///     schools: usize,
/// }
///
/// # fn main() -> Result<(), pyroxene::data::DataFileError> {
/// let file = DataFile::json("schools.json", r#"{"J": 2, "sigma": [15, 10], "year": 1981}"#)?;
/// let data: Schools<Array> = file.read()?;
/// assert_eq!(data.sigma, Array::from([15.0, 10.0]));
/// assert!(data.y.is_none());
/// assert_eq!(file.unread(&data), ["year"]);
/// # Ok(()) }
/// ```
///
/// A leaf is read from the field of its name. In JSON that is a number, or a list, nested as deep as the array has
/// dimensions; whole numbers are `i64`, truth values `bool`, and numbers of which one is written with a point or an
/// exponent `f64`; `#[tree(float)]` makes whole numbers `f64`. Parts of a structure are objects, or lists where they are numbered. In an archive (`.npz`) it is the
/// array of that name, and in CSV the column under that head; there, a part of a structure has the names from the root
/// joined by points. A tree of one leaf without a name is the file's only field. Fields that the tree does not have are
/// left alone.
#[derive(Clone, Debug)]
pub struct DataFile {
    name: String,
    fields: IndexMap<String, Field>,
}

#[derive(Clone, Debug)]
enum Field {
    Json(Value),
    Array(Array),
    /// A column that no array can hold, and what stands in it.
    Unreadable {
        expected: &'static str,
        found: String,
    },
}

/// A file of data could not be read, or is not what a model takes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataFileError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file's name ends in nothing known.
    #[error("{}: expected a file named .json, .npz or .csv", .0.display())]
    Format(PathBuf),
    /// The content is not what the file's name says.
    #[error("{file}: expected {expected}, found {found}")]
    Syntax {
        /// The file.
        file: String,
        /// What it should be.
        expected: &'static str,
        /// What is wrong with it.
        found: String,
    },
    /// A model that takes data got no file.
    #[error(
        "the model takes data and has none of its own: give it a file with --data FILE, .json, .npz or .csv"
    )]
    Needed,
    /// A field is missing or holds something else.
    #[error("{file}: {source}")]
    Field {
        /// The file.
        file: String,
        /// The field, and what is wrong with it.
        source: SourceError,
    },
}

impl DataFile {
    /// Reads the file at `path`, whose name ends in `.json`, `.npz` or `.csv`.
    ///
    /// # Errors
    /// When it cannot be read, or is not what its name says.
    pub fn open(path: impl AsRef<FilePath>) -> Result<DataFile, DataFileError> {
        let path = path.as_ref();
        let io = |source| DataFileError::Io { path: path.to_path_buf(), source };
        let name = path.display().to_string();
        let extension = path.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase);
        match extension.as_deref() {
            Some("json") => DataFile::json(&name, &fs::read_to_string(path).map_err(io)?),
            Some("npz") => {
                DataFile::of(&name, "an archive of NumPy's arrays", npz::fields(&fs::read(path).map_err(io)?))
            }
            Some("csv") => DataFile::of(
                &name,
                "comma-separated columns under heads",
                csv::fields(&fs::read(path).map_err(io)?),
            ),
            _ => Err(DataFileError::Format(path.to_path_buf())),
        }
    }

    /// The fields of the JSON object `text`; `name` stands for the file in errors.
    ///
    /// # Errors
    /// When the text is no JSON object.
    pub fn json(name: &str, text: &str) -> Result<DataFile, DataFileError> {
        DataFile::of(name, "a JSON object of fields", json::fields(text))
    }

    pub(crate) fn empty() -> DataFile {
        DataFile { name: String::new(), fields: IndexMap::new() }
    }

    fn of(
        name: &str,
        expected: &'static str,
        fields: Result<IndexMap<String, Field>, String>,
    ) -> Result<DataFile, DataFileError> {
        let file = name.to_owned();
        match fields {
            Ok(fields) => Ok(DataFile { name: file, fields }),
            Err(found) => Err(DataFileError::Syntax { file, expected, found }),
        }
    }

    /// The data of a model whose structure is `T`.
    ///
    /// # Errors
    /// When a field of the structure is missing, unless it is optional, or is something else than an array of numbers
    /// or truth values.
    pub fn read<T: Tree<Array>>(&self) -> Result<T, DataFileError> {
        let read = T::read(&mut Path::default(), &mut Reader(self));
        read.map_err(|source| DataFileError::Field { file: self.name.clone(), source })
    }

    /// The fields that are not in `data`: an optional field under a misspelt name would be absent in silence.
    pub fn unread<T: Tree<Array>>(&self, data: &T) -> Vec<&str> {
        let mut read = Vec::new();
        data.visit(&mut Path::default(), &mut |path, visit| {
            if !matches!(visit, Visit::Absent) {
                read.push(path.to_string());
            }
        });
        let within = |field: &str, path: &String| {
            path.is_empty()
                || path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.fields
            .keys()
            .map(String::as_str)
            .filter(|field| !read.iter().any(|p| within(field, p)))
            .collect()
    }
}

/// What is at a path.
enum Place<'a> {
    Json(&'a Value),
    Array(&'a Array),
    Unreadable {
        expected: &'static str,
        found: &'a str,
    },
    /// Nothing but longer names that begin with this one.
    Prefix,
}

/// The fields as a source of leaves.
struct Reader<'a>(&'a DataFile);

impl<'a> Reader<'a> {
    fn find(&self, path: &Path) -> Option<Place<'a>> {
        let fields = &self.0.fields;
        let place = |field: &'a Field| match field {
            Field::Json(value) => Place::Json(value),
            Field::Array(array) => Place::Array(array),
            Field::Unreadable { expected, found } => Place::Unreadable { expected, found },
        };
        let Some((first, rest)) = path.names().split_first() else {
            return if let [field] = fields.values().collect::<Vec<_>>()[..] {
                Some(place(field))
            } else {
                None
            };
        };
        if let Some(Field::Json(value)) = fields.get(first) {
            let step = |value: &'a Value, name: &String| match value {
                Value::Object(fields) => fields.get(name),
                Value::Array(items) => items.get(name.parse::<usize>().ok()?),
                _ => None,
            };
            return rest.iter().try_fold(value, step).map(Place::Json);
        }
        let name = path.to_string();
        let prefix =
            || fields.keys().any(|key| key.strip_prefix(&name).is_some_and(|rest| rest.starts_with('.')));
        fields.get(&name).map(place).or_else(|| prefix().then_some(Place::Prefix))
    }

    fn missing(&self, path: &Path) -> SourceError {
        let known = self.0.fields.keys().cloned().collect();
        if path.names().is_empty() {
            return SourceError::Single { known };
        }
        SourceError::Missing { path: path.to_string(), known }
    }

    fn unexpected(&self, path: &Path, expected: &str, found: impl Into<String>) -> SourceError {
        let path =
            if path.names().is_empty() { self.0.fields.keys().cloned().collect() } else { path.to_string() };
        SourceError::Kind { path, expected: expected.into(), found: found.into() }
    }

    fn get(&self, path: &Path) -> Result<Place<'a>, SourceError> {
        self.find(path).ok_or_else(|| self.missing(path))
    }
}

impl Source<Array> for Reader<'_> {
    fn leaf(&mut self, path: &Path) -> Result<Array, SourceError> {
        match self.get(path)? {
            Place::Json(value) => json::array(value)
                .map_err(|found| self.unexpected(path, "numbers or truth values, nested evenly", found)),
            Place::Array(array) => Ok(array.clone()),
            Place::Unreadable { expected, found } => Err(self.unexpected(path, expected, found)),
            Place::Prefix => Err(self.missing(path)),
        }
    }

    fn float(&mut self, path: &Path) -> Result<Array, SourceError> {
        let array = self.leaf(path)?;
        match array.dtype() {
            DType::Bool => Err(self.unexpected(path, "numbers", "truth values")),
            dtype if dtype.is_float() => Ok(array),
            _ => Ok(array.convert(DType::F64)),
        }
    }

    fn value(&mut self, path: &Path) -> Result<Value, SourceError> {
        match self.get(path)? {
            Place::Json(value) => Ok(value.clone()),
            Place::Array(array) => json::value(array)
                .ok_or_else(|| self.unexpected(path, "numbers that JSON can hold", "NaN or an infinity")),
            Place::Unreadable { expected, found } => Err(self.unexpected(path, expected, found)),
            Place::Prefix => Err(self.missing(path)),
        }
    }

    fn has(&mut self, path: &Path) -> bool {
        !matches!(self.find(path), None | Some(Place::Json(Value::Null)))
    }

    fn len(&mut self, path: &Path) -> Result<usize, SourceError> {
        match self.get(path)? {
            Place::Json(Value::Array(items)) => Ok(items.len()),
            Place::Json(other) => Err(self.unexpected(path, "a list", describe(other))),
            Place::Prefix => {
                let numbered = |i: &usize| self.find(&child(path, *i)).is_some();
                Ok((0..).take_while(numbered).count())
            }
            Place::Array(array) => Err(self.unexpected(path, "a list", format!("an array {}", array.ty()))),
            Place::Unreadable { found, .. } => Err(self.unexpected(path, "a list", found)),
        }
    }
}

fn child(path: &Path, i: usize) -> Path {
    let mut child = path.clone();
    child.within(&i.to_string(), |child| child.clone())
}

/// The widest of the types that JSON and text know: truth values, whole numbers, numbers.
fn widest(a: DType, b: DType) -> Option<DType> {
    match (a, b) {
        _ if a == b => Some(a),
        (DType::I64, DType::F64) | (DType::F64, DType::I64) => Some(DType::F64),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
