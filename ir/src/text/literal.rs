//! Literals of constants in the text form: exact decimal text for every element, NaN payloads included.

use std::fmt::{self, Write};

use crate::{
    array::{Array, Element},
    types::{DType, Ty},
};

/// A type whose elements have an exact text.
trait Literal: Element {
    fn show(self, f: &mut impl Write) -> fmt::Result;
    fn read(text: &str) -> Option<Self>;
}

macro_rules! plain { ($($t:ty),*) => { $(
    impl Literal for $t {
        fn show(self, f: &mut impl Write) -> fmt::Result { write!(f, "{self}") }
        fn read(text: &str) -> Option<$t> { text.parse().ok() }
    }
)* } }
plain!(bool, i32, i64, u32, u64);

macro_rules! floats { ($($t:ty),*) => { $(
    impl Literal for $t {
        fn show(self, f: &mut impl Write) -> fmt::Result {
            // `Debug` is the shortest text that parses to the same number; only a NaN has bits it does not show.
            if self.is_nan() && self.to_bits() != <$t>::NAN.to_bits() {
                write!(f, "NaN({:#x})", self.to_bits())
            } else {
                write!(f, "{self:?}")
            }
        }
        fn read(text: &str) -> Option<$t> {
            let Some(bits) = text.strip_prefix("NaN(0x").and_then(|t| t.strip_suffix(')')) else {
                return text.parse().ok();
            };
            // A sign would be accepted by the integer parser.
            let plain = bits.chars().all(|c| c.is_ascii_hexdigit());
            let bits = if plain { num(bits) } else { None };
            bits.and_then(|b| b.try_into().ok()).map(<$t>::from_bits).filter(|x| x.is_nan())
        }
    }
)* } }
floats!(f32, f64);

fn num(hex: &str) -> Option<u64> {
    u64::from_str_radix(hex, 16).ok()
}

/// Runs `$body` with `$T` naming the Rust type of `$dtype`.
macro_rules! with_element {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            DType::Bool => {
                type $T = bool;
                $body
            }
            DType::I32 => {
                type $T = i32;
                $body
            }
            DType::I64 => {
                type $T = i64;
                $body
            }
            DType::U32 => {
                type $T = u32;
                $body
            }
            DType::U64 => {
                type $T = u64;
                $body
            }
            DType::F32 => {
                type $T = f32;
                $body
            }
            DType::F64 => {
                type $T = f64;
                $body
            }
        }
    };
}

fn show_all<T: Literal>(f: &mut impl Write, xs: &[T]) -> fmt::Result {
    for (i, x) in xs.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        x.show(f)?;
    }
    Ok(())
}

/// Writes the elements: a scalar bare, others as a flat row-major list.
pub(super) fn write(f: &mut impl Write, array: &Array) -> fmt::Result {
    let scalar = array.dims().is_empty();
    f.write_str(if scalar { "" } else { "[" })?;
    with_element!(array.dtype(), T => show_all(f, array.as_slice::<T>().unwrap_or(&[])))?;
    f.write_str(if scalar { "" } else { "]" })
}

/// The array of type `ty` with these elements, in row-major order.
pub(super) fn read(ty: &Ty, elements: &[&str]) -> Result<Array, String> {
    with_element!(ty.dtype, T => {
        let parse = |x: &&str| <T as Literal>::read(x).ok_or_else(|| format!("`{x}` is not a literal of type {}", ty.dtype));
        let elements = elements.iter().map(parse).collect::<Result<Vec<T>, String>>()?;
        let found = elements.len();
        Array::new(ty.dims.iter().copied(), elements)
            .map_err(|_| format!("a constant of type {ty} has {} elements, found {found}", ty.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_survives() -> Result<(), String> {
        let arrays = [
            Array::from([
                f64::NAN,
                -f64::NAN,
                f64::from_bits(0x7ff0_0000_0000_0001),
                -0.0,
                5e-324,
                f64::INFINITY,
            ]),
            Array::from([f32::NAN, -f32::NAN, f32::MIN_POSITIVE, 0.1]),
            Array::from([true, false]),
            Array::from([u64::MAX, 0]),
            Array::from([i64::MIN, -1]),
        ];
        for x in arrays {
            let mut text = String::new();
            write(&mut text, &x).map_err(|e| e.to_string())?;
            let inner = text.trim_matches(['[', ']']);
            let elements: Vec<&str> = inner.split(", ").collect();
            assert_eq!(read(&x.ty(), &elements)?, x, "{text}");
        }
        Ok(())
    }

    #[test]
    fn wrong_literals_are_named() {
        let ty = Ty::new(DType::I32, [2]);
        assert_eq!(read(&ty, &["1", "0.5"]).err().as_deref(), Some("`0.5` is not a literal of type i32"));
        let short = read(&ty, &["1"]).err();
        assert_eq!(short.as_deref(), Some("a constant of type i32[2] has 2 elements, found 1"));
        for text in ["NaN(0x1)", "NaN(0x+7ff8000000000000)", "NaN(0xzz)"] {
            assert!(read(&Ty::scalar(DType::F64), &[text]).is_err(), "{text}");
        }
    }
}
