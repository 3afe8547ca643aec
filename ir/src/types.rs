//! Types of values: element type and static dimensions, with the one broadcasting rule's home beside them in `shape`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// Static dimensions, outermost first; an empty list is a scalar.
pub type Dims = SmallVec<[usize; 4]>;

/// The element types a value may have.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DType {
    /// Truth values.
    Bool,
    /// Signed 32-bit integers.
    I32,
    /// Signed 64-bit integers.
    I64,
    /// Unsigned 32-bit integers (random bits, keys).
    U32,
    /// Unsigned 64-bit integers (random bits).
    U64,
    /// IEEE single precision.
    F32,
    /// IEEE double precision.
    F64,
}

impl DType {
    /// Every element type, in order.
    pub const ALL: [DType; 7] =
        [DType::Bool, DType::I32, DType::I64, DType::U32, DType::U64, DType::F32, DType::F64];

    /// The name used in the text form and in messages.
    pub fn name(self) -> &'static str {
        match self {
            DType::Bool => "bool",
            DType::I32 => "i32",
            DType::I64 => "i64",
            DType::U32 => "u32",
            DType::U64 => "u64",
            DType::F32 => "f32",
            DType::F64 => "f64",
        }
    }

    /// Bytes of one element.
    pub fn size(self) -> usize {
        match self {
            DType::Bool => 1,
            DType::I32 | DType::U32 | DType::F32 => 4,
            DType::I64 | DType::U64 | DType::F64 => 8,
        }
    }

    /// Whether elements are floating-point numbers.
    pub fn is_float(self) -> bool {
        matches!(self, DType::F32 | DType::F64)
    }

    /// Whether elements are integers (truth values are not).
    pub fn is_integer(self) -> bool {
        matches!(self, DType::I32 | DType::I64 | DType::U32 | DType::U64)
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The type of a value: element type and dimensions. Prints as `f64[8,3]`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ty {
    /// Element type.
    pub dtype: DType,
    /// Dimensions, outermost first.
    pub dims: Dims,
}

impl Ty {
    /// A type from its parts.
    ///
    /// ```
    /// use pyroxene_ir::{DType, Ty};
    /// assert_eq!(Ty::new(DType::F64, [8, 3]).to_string(), "f64[8,3]");
    /// ```
    pub fn new(dtype: DType, dims: impl IntoIterator<Item = usize>) -> Ty {
        Ty { dtype, dims: dims.into_iter().collect() }
    }

    /// The type of a scalar.
    pub fn scalar(dtype: DType) -> Ty {
        Ty { dtype, dims: Dims::new() }
    }

    /// The number of dimensions.
    pub fn rank(&self) -> usize {
        self.dims.len()
    }

    /// The most bytes a value may have, 2^40: more than any device holds, and small enough that neither XLA nor the host
    /// overflows or dies of a failed allocation where it could have said what is wrong.
    pub const MAX_BYTES: usize = 1 << 40;

    /// The number of elements; `usize::MAX` where there are more.
    pub fn len(&self) -> usize {
        // Zeros first, so that they win over an overflow.
        if self.dims.contains(&0) { 0 } else { self.dims.iter().fold(1, |n, d| n.saturating_mul(*d)) }
    }

    /// Whether a value of this type can exist: at most [`Ty::MAX_BYTES`] bytes, also with every zero dimension taken as
    /// one, since compilers multiply some of the others alone.
    pub fn fits(&self) -> bool {
        let bytes = self.dims.iter().fold(self.dtype.size(), |n, d| n.saturating_mul((*d).max(1)));
        bytes <= Ty::MAX_BYTES
    }

    /// Whether a value of this type has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The size of a dense value in bytes.
    pub fn bytes(&self) -> usize {
        self.len().saturating_mul(self.dtype.size())
    }

    /// The same dimensions with another element type.
    pub fn with_dtype(&self, dtype: DType) -> Ty {
        Ty { dtype, dims: self.dims.clone() }
    }

    /// The same element type with other dimensions.
    pub fn with_dims(&self, dims: impl IntoIterator<Item = usize>) -> Ty {
        Ty::new(self.dtype, dims)
    }
}

impl fmt::Display for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[", self.dtype)?;
        for (i, d) in self.dims.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            write!(f, "{d}")?;
        }
        f.write_str("]")
    }
}

impl fmt::Debug for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text given is not a type such as `f64[8,3]`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a type; expected an element type and dimensions such as `f64[8,3]`")]
pub struct ParseTyError {
    /// The offending text.
    pub text: String,
}

impl FromStr for DType {
    type Err = ParseTyError;
    fn from_str(text: &str) -> Result<DType, ParseTyError> {
        DType::ALL
            .into_iter()
            .find(|d| d.name() == text)
            .ok_or_else(|| ParseTyError { text: text.to_string() })
    }
}

impl FromStr for Ty {
    type Err = ParseTyError;
    fn from_str(text: &str) -> Result<Ty, ParseTyError> {
        let bad = || ParseTyError { text: text.to_string() };
        let (dtype, rest) = text.split_once('[').ok_or_else(bad)?;
        let inner = rest.strip_suffix(']').ok_or_else(bad)?;
        let dims = if inner.is_empty() {
            Dims::new()
        } else {
            inner.split(',').map(|d| d.trim().parse().map_err(|_| bad())).collect::<Result<_, _>>()?
        };
        Ok(Ty { dtype: dtype.parse().map_err(|_| bad())?, dims })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_saturate() {
        let ty = |dims: &[usize]| Ty::new(DType::F64, dims.iter().copied());
        assert_eq!((ty(&[usize::MAX, 2]).len(), ty(&[usize::MAX, 2]).bytes()), (usize::MAX, usize::MAX));
        assert_eq!(ty(&[usize::MAX, 2, 0]).len(), 0);
        assert!(ty(&[1 << 37]).fits() && !ty(&[1 << 37, 2]).fits());
        assert!(ty(&[0, 3]).fits() && !ty(&[0, usize::MAX]).fits());
    }

    #[test]
    fn types_print_and_parse() {
        for text in ["f64[]", "i32[3]", "bool[2,0,5]"] {
            assert_eq!(text.parse::<Ty>().map(|t| t.to_string()).as_deref(), Ok(text));
        }
        assert!("f65[3]".parse::<Ty>().is_err());
        assert!("f64[3".parse::<Ty>().is_err());
        assert!("f64[a]".parse::<Ty>().is_err());
    }
}
