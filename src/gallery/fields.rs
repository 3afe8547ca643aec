//! Data files: one JSON object of named lists, read field by field with errors that name file and field.

use serde_json::{Map, Value};

use crate::Array;

/// The fields of a data file: a JSON object.
#[derive(Clone, Debug)]
pub struct Fields {
    file: String,
    values: Map<String, Value>,
}

/// A data file lacks what its model reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// The text is not a JSON object.
    #[error("{file}: expected a JSON object of fields, found {found}")]
    Syntax {
        /// The file.
        file: String,
        /// What is wrong with it.
        found: String,
    },
    /// A field is absent.
    #[error("{file}: the field `{field}` is missing; the file has {}", .known.join(", "))]
    Missing {
        /// The file.
        file: String,
        /// The field.
        field: String,
        /// The fields there are.
        known: Vec<String>,
    },
    /// A field holds something else.
    #[error("{file}: field `{field}`: expected {expected}, found {found}")]
    Kind {
        /// The file.
        file: String,
        /// The field.
        field: String,
        /// What its model reads there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
}

impl Fields {
    /// The fields of the JSON object `text`; `file` names it in errors.
    ///
    /// # Errors
    /// When the text is no JSON object.
    pub fn parse(file: &str, text: &str) -> Result<Fields, FieldError> {
        let syntax = |found: String| FieldError::Syntax { file: file.to_owned(), found };
        match serde_json::from_str(text) {
            Ok(Value::Object(values)) => Ok(Fields { file: file.to_owned(), values }),
            Ok(other) => Err(syntax(describe(&other))),
            Err(error) => Err(syntax(error.to_string())),
        }
    }

    /// The list of numbers `field`, as `f64[n]`.
    ///
    /// # Errors
    /// When the field is missing or anything else.
    pub fn floats(&self, field: &str) -> Result<Array, FieldError> {
        self.list(field, "a list of numbers", Value::as_f64).map(Array::from)
    }

    /// The list of whole numbers `field`, as `i64[n]`.
    ///
    /// # Errors
    /// When the field is missing or anything else, such as numbers with a fraction.
    pub fn integers(&self, field: &str) -> Result<Array, FieldError> {
        self.list(field, "a list of whole numbers", Value::as_i64).map(Array::from)
    }

    /// The whole number `field`.
    ///
    /// # Errors
    /// When the field is missing or anything else.
    pub fn count(&self, field: &str) -> Result<usize, FieldError> {
        let value = self.get(field)?;
        let count = value.as_u64().and_then(|n| usize::try_from(n).ok());
        count.ok_or_else(|| self.kind(field, "a whole number", describe(value)))
    }

    fn get(&self, field: &str) -> Result<&Value, FieldError> {
        self.values.get(field).ok_or_else(|| FieldError::Missing {
            file: self.file.clone(),
            field: field.to_owned(),
            known: self.values.keys().cloned().collect(),
        })
    }

    fn list<T>(
        &self,
        field: &str,
        expected: &'static str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Vec<T>, FieldError> {
        let value = self.get(field)?;
        let Value::Array(items) = value else { return Err(self.kind(field, expected, describe(value))) };
        let read = |(i, item)| {
            let wrong = || self.kind(field, expected, format!("{} at index {i}", describe(item)));
            read(item).ok_or_else(wrong)
        };
        items.iter().enumerate().map(read).collect()
    }

    fn kind(&self, field: &str, expected: &'static str, found: String) -> FieldError {
        FieldError::Kind { file: self.file.clone(), field: field.to_owned(), expected, found }
    }
}

fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(b) => format!("{b}"),
        Value::Number(n) => format!("the number {n}"),
        Value::String(s) => format!("the string {s:?}"),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(fields) => format!("an object of {} fields", fields.len()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use expect_test::{Expect, expect};

    use super::*;

    #[test]
    fn lists_and_counts() {
        let fields = Fields::parse("data.json", r#"{"y": [1, 2.5], "n": [1, -2], "N": 2}"#).unwrap();
        assert_eq!(fields.floats("y").unwrap(), Array::from([1.0, 2.5]));
        assert_eq!(fields.integers("n").unwrap(), Array::from([1i64, -2]));
        assert_eq!(fields.count("N").unwrap(), 2);
    }

    #[test]
    fn errors_name_file_and_field() {
        fn check<T: std::fmt::Debug>(
            text: &str,
            read: impl Fn(&Fields) -> Result<T, FieldError>,
            expected: Expect,
        ) {
            let error = Fields::parse("data.json", text).and_then(|fields| read(&fields)).unwrap_err();
            expected.assert_eq(&error.to_string());
        }
        check(
            "[1]",
            |f| f.floats("y"),
            expect!["data.json: expected a JSON object of fields, found a list of 1"],
        );
        check(
            "{",
            |f| f.floats("y"),
            expect![
                "data.json: expected a JSON object of fields, found EOF while parsing an object at line 1 column 1"
            ],
        );
        check(
            r#"{"y": [1], "N": 1}"#,
            |f| f.floats("sigma"),
            expect!["data.json: the field `sigma` is missing; the file has y, N"],
        );
        check(
            r#"{"y": 3}"#,
            |f| f.floats("y"),
            expect!["data.json: field `y`: expected a list of numbers, found the number 3"],
        );
        check(
            r#"{"y": [1, null]}"#,
            |f| f.floats("y"),
            expect!["data.json: field `y`: expected a list of numbers, found null at index 1"],
        );
        check(
            r#"{"county": [1, 1.5]}"#,
            |f| f.integers("county"),
            expect![
                "data.json: field `county`: expected a list of whole numbers, found the number 1.5 at index 1"
            ],
        );
        check(
            r#"{"J": -1}"#,
            |f| f.count("J"),
            expect!["data.json: field `J`: expected a whole number, found the number -1"],
        );
    }
}
