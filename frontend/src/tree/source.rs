//! Where a [`Tree`](super::Tree) can be read from: leaves and static values by the places that a walk would name.

use std::fmt::Debug;

pub use serde_json::Value;

use super::{Leaf, Path};

/// Named values that a tree can be read from, such as a file of data.
///
/// The facade's `data::File` is one, over JSON, NumPy's archives and CSV.
pub trait Source<L: Leaf> {
    /// The leaf at `path`.
    ///
    /// # Errors
    /// When there is none, or it holds something else.
    fn leaf(&mut self, path: &Path) -> Result<L, SourceError>;

    /// The leaf at `path` with whole numbers made floats, as `#[tree(float)]` asks for.
    ///
    /// # Errors
    /// As [`Source::leaf`], and when it holds no numbers.
    fn float(&mut self, path: &Path) -> Result<L, SourceError>;

    /// The value of a static field at `path`.
    ///
    /// # Errors
    /// When there is none.
    fn value(&mut self, path: &Path) -> Result<Value, SourceError>;

    /// Whether there is anything at `path`: an optional part is read only then.
    fn has(&mut self, path: &Path) -> bool;

    /// The number of elements of the list at `path`.
    ///
    /// # Errors
    /// When there is none, or it is no list.
    fn len(&mut self, path: &Path) -> Result<usize, SourceError>;
}

/// A source whose every leaf is one of floats.
pub struct Floats<'a, L: Leaf>(pub &'a mut dyn Source<L>);

impl<L: Leaf> Source<L> for Floats<'_, L> {
    fn leaf(&mut self, path: &Path) -> Result<L, SourceError> {
        self.0.float(path)
    }

    fn float(&mut self, path: &Path) -> Result<L, SourceError> {
        self.0.float(path)
    }

    fn value(&mut self, path: &Path) -> Result<Value, SourceError> {
        self.0.value(path)
    }

    fn has(&mut self, path: &Path) -> bool {
        self.0.has(path)
    }

    fn len(&mut self, path: &Path) -> Result<usize, SourceError> {
        self.0.len(path)
    }
}

/// A tree could not be read: a field is missing or holds something else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// Nothing is at the place.
    #[error("the field `{path}` is missing; there are {}", listed(.known))]
    Missing {
        /// The field's path.
        path: String,
        /// The fields there are.
        known: Vec<String>,
    },
    /// The tree is one leaf without a name, and there are several fields, or none.
    #[error("expected one field, the model's data, found {}", listed(.known))]
    Single {
        /// The fields there are.
        known: Vec<String>,
    },
    /// Something else is at the place.
    #[error("field `{path}`: expected {expected}, found {found}")]
    Kind {
        /// The field's path.
        path: String,
        /// What is read there.
        expected: String,
        /// What is there.
        found: String,
    },
}

fn listed(known: &[String]) -> String {
    if known.is_empty() { "none".into() } else { known.join(", ") }
}

/// The type of a field marked `#[tree(static)]`: what it is in a file of data.
///
/// Implement it for a type of your own with an empty body, and it can stand in a tree; with [`Static::read`], it can be
/// read from a file too.
///
/// ```
/// use pyroxene_frontend::{Static, prelude::*};
///
/// #[derive(Clone, Debug)]
/// enum Link { Log, Identity }
///
/// impl Static for Link {}
///
/// #[derive(Tree, Clone)]
/// struct Data<L: Leaf = Tensor> { y: L, #[tree(static)] link: Link }
/// ```
#[diagnostic::on_unimplemented(
    message = "the static field's type `{Self}` does not say how a file of data holds it",
    note = "`impl Static for {Self} {{}}` says that none does"
)]
pub trait Static: Clone + Debug {
    /// What it is in a file, as the end of "expected …".
    const EXPECTED: &'static str = "nothing: no file can hold this field";

    /// The value that a file holds as `value`; `None` where that is something else.
    fn read(value: &Value) -> Option<Self> {
        let _ = value;
        None
    }

    /// The field at `path` of `source`; what the code that `#[derive(Tree)]` writes calls.
    ///
    /// # Errors
    /// When nothing is there, or something else.
    fn read_from<L: Leaf>(path: &Path, source: &mut dyn Source<L>) -> Result<Self, SourceError> {
        let value = source.value(path)?;
        Self::read(&value).ok_or_else(|| SourceError::Kind {
            path: path.to_string(),
            expected: Self::EXPECTED.into(),
            found: describe(&value),
        })
    }
}

/// What a JSON value is, for messages: `the number 3`, `a list of 8`.
pub fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(b) => format!("{b}"),
        Value::Number(n) => format!("the number {n}"),
        Value::String(s) => format!("the string {s:?}"),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(fields) => format!("an object of {} fields", fields.len()),
    }
}

macro_rules! statics { ($($t:ty: $expected:literal, $read:expr;)*) => { $(
    impl Static for $t {
        const EXPECTED: &'static str = $expected;
        fn read(value: &Value) -> Option<Self> {
            let read: fn(&Value) -> Option<Self> = $read;
            read(value)
        }
    }
)* } }
statics! {
    bool: "true or false", Value::as_bool;
    u8: "a whole number from 0 to 255", |v| v.as_u64()?.try_into().ok();
    u16: "a whole number from 0 to 65535", |v| v.as_u64()?.try_into().ok();
    u32: "a whole number below 2^32", |v| v.as_u64()?.try_into().ok();
    u64: "a whole number, not negative", Value::as_u64;
    usize: "a whole number, not negative", |v| v.as_u64()?.try_into().ok();
    i8: "a whole number from -128 to 127", |v| v.as_i64()?.try_into().ok();
    i16: "a whole number from -32768 to 32767", |v| v.as_i64()?.try_into().ok();
    i32: "a whole number of 32 bits", |v| v.as_i64()?.try_into().ok();
    i64: "a whole number", Value::as_i64;
    isize: "a whole number", |v| v.as_i64()?.try_into().ok();
    f32: "a number", |v| v.as_f64().map(|x| x as f32);
    f64: "a number", Value::as_f64;
    String: "a string", |v| v.as_str().map(Into::into);
}

impl Static for &'static str {}

impl<T: Static, const N: usize> Static for &[T; N] {}

impl<T: Static, const N: usize> Static for [T; N] {
    const EXPECTED: &'static str = "a list of the field's length";
    fn read(value: &Value) -> Option<[T; N]> {
        Vec::read(value)?.try_into().ok()
    }
}

impl<T: Static> Static for Vec<T> {
    const EXPECTED: &'static str = "a list";
    fn read(value: &Value) -> Option<Vec<T>> {
        value.as_array()?.iter().map(T::read).collect()
    }
}

impl<T: Static> Static for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    fn read(value: &Value) -> Option<Option<T>> {
        if value.is_null() { Some(None) } else { T::read(value).map(Some) }
    }
}
