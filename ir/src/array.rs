//! Host arrays: dense, row-major values that enter and leave programs, and the interpreter's only value type.

use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::types::{DType, Dims, Ty};

/// A dense row-major array on the host. Clones share the elements until one is written to.
///
/// ```
/// use pyroxene_ir::Array;
/// let x = Array::from([1.0, 2.0, 3.0]);
/// assert_eq!(x.ty().to_string(), "f64[3]");
/// assert_eq!(x.as_slice::<f64>(), Some(&[1.0, 2.0, 3.0][..]));
/// ```
#[derive(Clone)]
pub struct Array {
    dims: Dims,
    data: Arc<Data>,
}

#[derive(Clone)]
enum Data {
    Bool(Vec<bool>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    U32(Vec<u32>),
    U64(Vec<u64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

mod sealed {
    pub trait Sealed {}
}

/// A Rust type that is an element of an [`Array`].
pub trait Element: Copy + PartialEq + fmt::Debug + Send + Sync + sealed::Sealed + 'static {
    /// The element type it stands for.
    const DTYPE: DType;
    #[doc(hidden)]
    fn wrap(data: Vec<Self>) -> ArrayData;
    #[doc(hidden)]
    fn view(array: &Array) -> Option<&[Self]>;
    #[doc(hidden)]
    fn view_mut(array: &mut Array) -> Option<&mut [Self]>;
}

#[doc(hidden)]
pub struct ArrayData(Data);

macro_rules! elements { ($($t:ty => $variant:ident),*) => { $(
    impl sealed::Sealed for $t {}
    impl Element for $t {
        const DTYPE: DType = DType::$variant;
        fn wrap(data: Vec<Self>) -> ArrayData { ArrayData(Data::$variant(data)) }
        fn view(array: &Array) -> Option<&[Self]> {
            match &*array.data { Data::$variant(v) => Some(v), _ => None }
        }
        fn view_mut(array: &mut Array) -> Option<&mut [Self]> {
            match Arc::make_mut(&mut array.data) { Data::$variant(v) => Some(v), _ => None }
        }
    }
    impl From<$t> for Array { fn from(x: $t) -> Array { Array::scalar(x) } }
    impl From<Vec<$t>> for Array {
        fn from(x: Vec<$t>) -> Array { Array::of(Dims::from_slice(&[x.len()]), Data::$variant(x)) }
    }
    impl From<&[$t]> for Array { fn from(x: &[$t]) -> Array { Array::from(x.to_vec()) } }
    impl<const N: usize> From<[$t; N]> for Array { fn from(x: [$t; N]) -> Array { Array::from(x.to_vec()) } }
    impl<const N: usize, const M: usize> From<[[$t; M]; N]> for Array {
        fn from(x: [[$t; M]; N]) -> Array {
            Array::of(Dims::from_slice(&[N, M]), Data::$variant(x.as_flattened().to_vec()))
        }
    }
)* } }
elements!(bool => Bool, i32 => I32, i64 => I64, u32 => U32, u64 => U64, f32 => F32, f64 => F64);

/// Runs `$body` with `$v` bound to the typed vector of `$data`.
macro_rules! each {
    ($data:expr, $v:ident => $body:expr) => {
        match $data {
            Data::Bool($v) => $body,
            Data::I32($v) => $body,
            Data::I64($v) => $body,
            Data::U32($v) => $body,
            Data::U64($v) => $body,
            Data::F32($v) => $body,
            Data::F64($v) => $body,
        }
    };
}

/// The dimensions given do not hold the number of elements given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an array of dimensions {dims:?} has {expected} elements, found {found}")]
pub struct LengthError {
    /// The dimensions asked for.
    pub dims: Vec<usize>,
    /// Their product.
    pub expected: usize,
    /// The number of elements given.
    pub found: usize,
}

fn check_len(dims: &[usize], found: usize) -> Result<(), LengthError> {
    // A product that overflows can hold no existing data either.
    let expected = dims.iter().try_fold(1usize, |n, d| n.checked_mul(*d)).unwrap_or(usize::MAX);
    if expected == found { Ok(()) } else { Err(LengthError { dims: dims.to_vec(), expected, found }) }
}

impl Array {
    fn of(dims: Dims, data: Data) -> Array {
        Array { dims, data: Arc::new(data) }
    }

    /// An array from dimensions and row-major elements.
    ///
    /// # Errors
    /// When the product of the dimensions is not the number of elements.
    pub fn new<T: Element>(
        dims: impl IntoIterator<Item = usize>,
        data: Vec<T>,
    ) -> Result<Array, LengthError> {
        let dims: Dims = dims.into_iter().collect();
        check_len(&dims, data.len())?;
        Ok(Array::of(dims, T::wrap(data).0))
    }

    /// A scalar.
    pub fn scalar<T: Element>(x: T) -> Array {
        Array::of(Dims::new(), T::wrap(vec![x]).0)
    }

    /// Every element equal to zero (or false).
    pub fn zeros(ty: &Ty) -> Array {
        Array::filled(ty, 0.0)
    }

    /// Every element equal to `x`, converted to the element type as Rust's `as` does (nonzero is true).
    pub fn filled(ty: &Ty, x: f64) -> Array {
        let n = ty.len();
        let data = match ty.dtype {
            DType::Bool => Data::Bool(vec![x != 0.0; n]),
            DType::I32 => Data::I32(vec![x as i32; n]),
            DType::I64 => Data::I64(vec![x as i64; n]),
            DType::U32 => Data::U32(vec![x as u32; n]),
            DType::U64 => Data::U64(vec![x as u64; n]),
            DType::F32 => Data::F32(vec![x as f32; n]),
            DType::F64 => Data::F64(vec![x; n]),
        };
        Array::of(ty.dims.clone(), data)
    }

    /// An array from its type and native-endian bytes, as a device returns them.
    ///
    /// # Errors
    /// When the number of bytes is not that of the type.
    pub fn from_bytes(ty: &Ty, bytes: &[u8]) -> Result<Array, LengthError> {
        check_len(&ty.dims, bytes.len() / ty.dtype.size())?;
        check_len(&[ty.len(), ty.dtype.size()], bytes.len())?;
        fn typed<T: bytemuck::Pod>(bytes: &[u8]) -> Vec<T> {
            bytemuck::allocation::pod_collect_to_vec(bytes)
        }
        let data = match ty.dtype {
            DType::Bool => Data::Bool(bytes.iter().map(|b| *b != 0).collect()),
            DType::I32 => Data::I32(typed(bytes)),
            DType::I64 => Data::I64(typed(bytes)),
            DType::U32 => Data::U32(typed(bytes)),
            DType::U64 => Data::U64(typed(bytes)),
            DType::F32 => Data::F32(typed(bytes)),
            DType::F64 => Data::F64(typed(bytes)),
        };
        Ok(Array::of(ty.dims.clone(), data))
    }

    /// An array whose elements `fill` writes as native-endian bytes, all zero before.
    ///
    /// # Errors
    /// Those of `fill`.
    pub fn filled_by<E>(ty: &Ty, fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Array, E> {
        let mut array = Array::zeros(ty);
        match Arc::make_mut(&mut array.data) {
            Data::Bool(v) => {
                // Not every byte is a truth value.
                let mut bytes = vec![0; v.len()];
                fill(&mut bytes)?;
                v.iter_mut().zip(bytes).for_each(|(x, byte)| *x = byte != 0);
            }
            Data::I32(v) => fill(bytemuck::cast_slice_mut(v))?,
            Data::I64(v) => fill(bytemuck::cast_slice_mut(v))?,
            Data::U32(v) => fill(bytemuck::cast_slice_mut(v))?,
            Data::U64(v) => fill(bytemuck::cast_slice_mut(v))?,
            Data::F32(v) => fill(bytemuck::cast_slice_mut(v))?,
            Data::F64(v) => fill(bytemuck::cast_slice_mut(v))?,
        }
        Ok(array)
    }

    /// The elements as native-endian bytes.
    pub fn as_bytes(&self) -> &[u8] {
        each!(&*self.data, v => bytemuck::cast_slice(v))
    }

    /// The type: element type and dimensions.
    pub fn ty(&self) -> Ty {
        Ty { dtype: self.dtype(), dims: self.dims.clone() }
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        match &*self.data {
            Data::Bool(_) => DType::Bool,
            Data::I32(_) => DType::I32,
            Data::I64(_) => DType::I64,
            Data::U32(_) => DType::U32,
            Data::U64(_) => DType::U64,
            Data::F32(_) => DType::F32,
            Data::F64(_) => DType::F64,
        }
    }

    /// The dimensions, outermost first.
    pub fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        each!(&*self.data, v => v.len())
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements in row-major order, if `T` is the element type.
    pub fn as_slice<T: Element>(&self) -> Option<&[T]> {
        T::view(self)
    }

    /// The elements, to be changed in place, if `T` is the element type.
    pub fn as_mut_slice<T: Element>(&mut self) -> Option<&mut [T]> {
        T::view_mut(self)
    }

    /// The elements converted to `f64` (true is 1), in row-major order.
    pub fn to_f64_vec(&self) -> Vec<f64> {
        match &*self.data {
            Data::Bool(v) => v.iter().map(|x| f64::from(u8::from(*x))).collect(),
            Data::I32(v) => v.iter().map(|x| f64::from(*x)).collect(),
            Data::I64(v) => v.iter().map(|x| *x as f64).collect(),
            Data::U32(v) => v.iter().map(|x| f64::from(*x)).collect(),
            Data::U64(v) => v.iter().map(|x| *x as f64).collect(),
            Data::F32(v) => v.iter().map(|x| f64::from(*x)).collect(),
            Data::F64(v) => v.clone(),
        }
    }

    /// The elements converted to `i128` (floats truncate, true is 1): exact for every integer type.
    pub fn to_i128_vec(&self) -> Vec<i128> {
        match &*self.data {
            Data::Bool(v) => v.iter().map(|x| i128::from(*x)).collect(),
            Data::I32(v) => v.iter().map(|x| i128::from(*x)).collect(),
            Data::I64(v) => v.iter().map(|x| i128::from(*x)).collect(),
            Data::U32(v) => v.iter().map(|x| i128::from(*x)).collect(),
            Data::U64(v) => v.iter().map(|x| i128::from(*x)).collect(),
            Data::F32(v) => v.iter().map(|x| *x as i128).collect(),
            Data::F64(v) => v.iter().map(|x| *x as i128).collect(),
        }
    }

    /// An array of `ty` from doubles, rounded to the element type.
    pub(crate) fn from_f64_iter(ty: &Ty, xs: impl Iterator<Item = f64>) -> Array {
        let data = match ty.dtype {
            DType::Bool => Data::Bool(xs.map(|x| x != 0.0).collect()),
            DType::I32 => Data::I32(xs.map(|x| x as i32).collect()),
            DType::I64 => Data::I64(xs.map(|x| x as i64).collect()),
            DType::U32 => Data::U32(xs.map(|x| x as u32).collect()),
            DType::U64 => Data::U64(xs.map(|x| x as u64).collect()),
            DType::F32 => Data::F32(xs.map(|x| x as f32).collect()),
            DType::F64 => Data::F64(xs.collect()),
        };
        Array::of(ty.dims.clone(), data)
    }

    /// An array of `ty` from wide integers, wrapped to the element type's width.
    pub(crate) fn from_i128_iter(ty: &Ty, xs: impl Iterator<Item = i128>) -> Array {
        let data = match ty.dtype {
            DType::Bool => Data::Bool(xs.map(|x| x != 0).collect()),
            DType::I32 => Data::I32(xs.map(|x| x as i32).collect()),
            DType::I64 => Data::I64(xs.map(|x| x as i64).collect()),
            DType::U32 => Data::U32(xs.map(|x| x as u32).collect()),
            DType::U64 => Data::U64(xs.map(|x| x as u64).collect()),
            DType::F32 => Data::F32(xs.map(|x| x as f32).collect()),
            DType::F64 => Data::F64(xs.map(|x| x as f64).collect()),
        };
        Array::of(ty.dims.clone(), data)
    }

    /// The elements at `index` (positions in row-major order), as an array of dimensions `dims`.
    pub(crate) fn pick(&self, dims: &[usize], index: impl Iterator<Item = usize>) -> Array {
        let data = match &*self.data {
            Data::Bool(v) => Data::Bool(index.map(|i| v[i]).collect()),
            Data::I32(v) => Data::I32(index.map(|i| v[i]).collect()),
            Data::I64(v) => Data::I64(index.map(|i| v[i]).collect()),
            Data::U32(v) => Data::U32(index.map(|i| v[i]).collect()),
            Data::U64(v) => Data::U64(index.map(|i| v[i]).collect()),
            Data::F32(v) => Data::F32(index.map(|i| v[i]).collect()),
            Data::F64(v) => Data::F64(index.map(|i| v[i]).collect()),
        };
        Array::of(Dims::from_slice(dims), data)
    }

    /// The same elements under other dimensions.
    ///
    /// # Errors
    /// When the product of the dimensions differs.
    pub fn reshape(&self, dims: impl IntoIterator<Item = usize>) -> Result<Array, LengthError> {
        let dims: Dims = dims.into_iter().collect();
        check_len(&dims, self.len())?;
        Ok(Array { dims, data: self.data.clone() })
    }

    /// The elements converted to another element type, as Rust's `as` does.
    pub fn convert(&self, dtype: DType) -> Array {
        let ty = self.ty().with_dtype(dtype);
        if dtype == self.dtype() {
            self.clone()
        } else if self.dtype().is_float() {
            Array::from_f64_iter(&ty, self.to_f64_vec().into_iter())
        } else {
            Array::from_i128_iter(&ty, self.to_i128_vec().into_iter())
        }
    }
}

impl PartialEq for Array {
    /// Equality of type and bits: a NaN equals itself, and zeros of different sign differ.
    fn eq(&self, other: &Array) -> bool {
        self.dims == other.dims && self.dtype() == other.dtype() && self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Array {}

impl Hash for Array {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.dtype(), &self.dims, self.as_bytes()).hash(state);
    }
}

impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.ty())?;
        each!(&*self.data, v => fmt::Debug::fmt(v, f))
    }
}

/// The serialised form: numbers as text, since JSON has neither NaN nor infinities nor exact 64-bit integers.
#[derive(Serialize, Deserialize)]
struct Portable {
    ty: String,
    data: Vec<String>,
}

impl Serialize for Array {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let data = each!(&*self.data, v => v.iter().map(|x| format!("{x:?}")).collect());
        Portable { ty: self.ty().to_string(), data }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Array {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Array, D::Error> {
        use serde::de::Error;
        let Portable { ty, data } = Portable::deserialize(deserializer)?;
        let ty: Ty = ty.parse().map_err(D::Error::custom)?;
        fn typed<T: Element + std::str::FromStr, E: Error>(ty: &Ty, data: &[String]) -> Result<Array, E> {
            let parsed = data
                .iter()
                .map(|x| x.parse::<T>().map_err(|_| E::custom(format!("`{x}` is not a {}", T::DTYPE))))
                .collect::<Result<Vec<T>, E>>()?;
            Array::new(ty.dims.iter().copied(), parsed).map_err(E::custom)
        }
        match ty.dtype {
            DType::Bool => typed::<bool, _>(&ty, &data),
            DType::I32 => typed::<i32, _>(&ty, &data),
            DType::I64 => typed::<i64, _>(&ty, &data),
            DType::U32 => typed::<u32, _>(&ty, &data),
            DType::U64 => typed::<u64, _>(&ty, &data),
            DType::F32 => typed::<f32, _>(&ty, &data),
            DType::F64 => typed::<f64, _>(&ty, &data),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_round_trip() -> Result<(), LengthError> {
        let x = Array::new([2, 2], vec![1.5f64, f64::NAN, -0.0, f64::INFINITY])?;
        assert_eq!(Array::from_bytes(&x.ty(), x.as_bytes())?, x);
        let b = Array::from([true, false]);
        assert_eq!(Array::from_bytes(&b.ty(), b.as_bytes())?, b);
        assert!(Array::from_bytes(&x.ty(), &x.as_bytes()[1..]).is_err());
        Ok(())
    }

    #[test]
    fn json_is_exact() -> Result<(), Box<dyn std::error::Error>> {
        let arrays = [
            Array::from([0.1f64, f64::NEG_INFINITY, -0.0, 5e-324]),
            Array::from([0.1f32, f32::MAX]),
            Array::from([u64::MAX, 0]),
            Array::from([i64::MIN]),
        ];
        for x in arrays {
            assert_eq!(serde_json::from_str::<Array>(&serde_json::to_string(&x)?)?, x);
        }
        Ok(())
    }

    #[test]
    fn wrong_length_says_both_numbers() {
        let message = Array::new([3, 2], vec![1.0f64; 5]).map_err(|e| e.to_string());
        assert_eq!(message.err().as_deref(), Some("an array of dimensions [3, 2] has 6 elements, found 5"));
    }
}
