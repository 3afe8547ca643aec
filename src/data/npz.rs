//! NumPy's archives: a ZIP file of `.npy` members (NEP 1), little or big end first, in C or Fortran order.

use std::io::{Cursor, Read};

use indexmap::IndexMap;
use zip::ZipArchive;

use super::Field;
use crate::{Array, DType, Ty};

const EXPECTED: &str = "an array of truth values, integers of at most 64 bits, or floats of 32 or 64";

pub(super) fn fields(bytes: &[u8]) -> Result<IndexMap<String, Field>, String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| e.to_string())?;
    let mut fields = IndexMap::new();
    for i in 0..archive.len() {
        let mut member = archive.by_index(i).map_err(|e| e.to_string())?;
        let name = member.name().map_err(|e| e.to_string())?.into_owned();
        let Some(field) = name.strip_suffix(".npy") else { continue };
        let mut content = Vec::new();
        member.read_to_end(&mut content).map_err(|e| format!("{name}: {e}"))?;
        let array = array(&content).map_err(|e| format!("{name}: {e}"))?;
        fields.insert(field.to_owned(), array);
    }
    Ok(fields)
}

/// One `.npy` file.
pub(super) fn array(bytes: &[u8]) -> Result<Field, String> {
    let (header, data) = split(bytes).ok_or("it does not begin as an array of NumPy's does")?;
    let header = Header::parse(header).ok_or_else(|| format!("a header of another form: {header}"))?;
    let Some(element) = Element::of(&header.descr) else {
        return Ok(Field::Unreadable { expected: EXPECTED, found: format!("the dtype '{}'", header.descr) });
    };
    let count = header.shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d));
    let needed = count.and_then(|n| n.checked_mul(element.size));
    if needed != Some(data.len()) {
        return Err(format!(
            "{} bytes for an array of shape {:?} of '{}'",
            data.len(),
            header.shape,
            header.descr
        ));
    }
    let mut dims = header.shape;
    if header.fortran_order {
        dims.reverse();
    }
    let stored = element.read(&dims, data).ok_or("an array larger than memory")?;
    Ok(Field::Array(if header.fortran_order { transposed(&stored) } else { stored }))
}

/// The header's text and the data: magic, version, the header's length in 2 bytes (version 1) or 4, the header.
fn split(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let rest = bytes.strip_prefix(b"\x93NUMPY")?;
    let (version, rest) = rest.split_at_checked(2)?;
    let (length, rest) = match version[0] {
        1 => rest.split_first_chunk::<2>().map(|(n, rest)| (usize::from(u16::from_le_bytes(*n)), rest))?,
        2 | 3 => {
            let (n, rest) = rest.split_first_chunk::<4>()?;
            (usize::try_from(u32::from_le_bytes(*n)).ok()?, rest)
        }
        _ => return None,
    };
    let (header, data) = rest.split_at_checked(length)?;
    Some((std::str::from_utf8(header).ok()?, data))
}

struct Header {
    descr: String,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl Header {
    /// Reads a Python literal such as `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`.
    fn parse(text: &str) -> Option<Header> {
        let after = |key: &str| text.split_once(key).map(|(_, rest)| rest.trim_start());
        // A structured dtype is a list here: it is described as it stands.
        let descr = after("'descr':")?;
        let descr = match descr.strip_prefix('\'') {
            Some(quoted) => quoted.split_once('\'')?.0,
            None => descr.split_once("'fortran_order'")?.0.trim_end_matches([',', ' ']),
        };
        let fortran_order = after("'fortran_order':")?.starts_with("True");
        let shape = after("'shape':")?.strip_prefix('(')?.split_once(')')?.0;
        let sizes = shape.split(',').map(str::trim).filter(|s| !s.is_empty());
        let shape = sizes.map(|s| s.parse().ok()).collect::<Option<_>>()?;
        Some(Header { descr: descr.into(), fortran_order, shape })
    }
}

/// How an element is stored, and the type it is read as: integers too narrow for us widen to `i64`.
struct Element {
    kind: u8,
    size: usize,
    big_endian: bool,
    dtype: DType,
}

impl Element {
    fn of(descr: &str) -> Option<Element> {
        let (order, rest) = descr.split_at_checked(1)?;
        let (kind, size) = (*rest.as_bytes().first()?, rest.get(1..)?.parse().ok()?);
        let dtype = match (kind, size) {
            (b'b', 1) => DType::Bool,
            (b'i', 4) => DType::I32,
            (b'u', 4) => DType::U32,
            (b'u', 8) => DType::U64,
            (b'i', 1 | 2 | 8) | (b'u', 1 | 2) => DType::I64,
            (b'f', 4) => DType::F32,
            (b'f', 8) => DType::F64,
            _ => return None,
        };
        Some(Element { kind, size, big_endian: order == ">", dtype })
    }

    fn read(&self, dims: &[usize], data: &[u8]) -> Option<Array> {
        let mut bytes = data.to_vec();
        if self.big_endian != cfg!(target_endian = "big") {
            bytes.chunks_exact_mut(self.size).for_each(<[u8]>::reverse);
        }
        if self.size == self.dtype.size() {
            return Array::from_bytes(&Ty::new(self.dtype, dims.iter().copied()), &bytes).ok();
        }
        let wide = |b: &[u8]| match (self.kind, b) {
            (b'i', [b]) => i64::from(*b as i8),
            (b'i', [a, b]) => i64::from(i16::from_ne_bytes([*a, *b])),
            (_, [a, b]) => i64::from(u16::from_ne_bytes([*a, *b])),
            (_, b) => b.first().map_or(0, |b| i64::from(*b)),
        };
        Array::new(dims.iter().copied(), bytes.chunks_exact(self.size).map(wide).collect()).ok()
    }
}

/// The array with its dimensions in reverse order.
fn transposed(array: &Array) -> Array {
    let dims: Vec<usize> = array.dims().iter().rev().copied().collect();
    let size = array.dtype().size();
    let mut strides = vec![size; dims.len()];
    for i in 1..dims.len() {
        strides[i] = strides[i - 1] * dims[i - 1];
    }
    let mut bytes = Vec::with_capacity(array.as_bytes().len());
    let mut index = vec![0; dims.len()];
    for _ in 0..array.len() {
        let at: usize = index.iter().zip(&strides).map(|(i, s)| i * s).sum();
        bytes.extend_from_slice(&array.as_bytes()[at..at + size]);
        for axis in (0..dims.len()).rev() {
            index[axis] += 1;
            if index[axis] < dims[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    Array::from_bytes(&Ty::new(array.dtype(), dims), &bytes).unwrap_or_else(|_| array.clone())
}
