//! The one place where operands of different shapes and element types are brought together.

use pyroxene_ir::{DType, Dims, Loc, Op, ops, shape};

use super::{DEFAULT_FLOAT, DEFAULT_INT, ErrorKind, apply, build, fail, type_of, weak_integer};
use crate::tensor::Tensor;

/// The element type two operands meet in: NumPy's order bool < integers < floats, wider wins. A literal takes the type
/// of what it meets unless that is of a lower kind.
fn meet(a: (DType, bool), b: (DType, bool)) -> Option<DType> {
    let kind = |d: DType| (d != DType::Bool) as u8 + d.is_float() as u8;
    let ((x, x_weak), (y, y_weak)) = (a, b);
    if x == y {
        return Some(x);
    }
    let default = |d: DType| match kind(d) {
        2 => DEFAULT_FLOAT,
        1 => DEFAULT_INT,
        _ => DType::Bool,
    };
    match kind(x).cmp(&kind(y)) {
        std::cmp::Ordering::Greater => Some(if x_weak { default(x) } else { x }),
        std::cmp::Ordering::Less => Some(if y_weak { default(y) } else { y }),
        std::cmp::Ordering::Equal => match (x_weak, y_weak) {
            (true, false) => Some(y),
            (false, true) => Some(x),
            // Between integers the wider type wins unless it cannot hold the other's values.
            _ => [x, y].into_iter().max_by_key(|d| d.size()).filter(|wider| {
                let unsigned = |d: DType| matches!(d, DType::U32 | DType::U64);
                wider.is_float() || unsigned(x) == unsigned(y) || *wider == DType::I64 && x.size() != y.size()
            }),
        },
    }
}

/// Converts operands to the element type they meet in; `None` if there is none, which is reported.
pub(crate) fn promote(op: &'static str, operands: &[Tensor], loc: &Loc) -> Option<Vec<Tensor>> {
    let mut target: Option<(DType, bool)> = None;
    for t in operands {
        let Some(ty) = type_of(*t) else { continue };
        let own = (ty.dtype, t.is_weak());
        target = Some(match target {
            None => own,
            Some(before) => match meet(before, own) {
                Some(dtype) => (dtype, before.1 && own.1),
                None => {
                    let found = format!("{op}: {} and {} have no common element type", before.0, own.0);
                    fail(
                        ErrorKind::Usage { found, help: "convert one with `.convert(dtype)`".into() },
                        loc.clone(),
                    );
                    return None;
                }
            },
        });
    }
    let dtype = target?.0;
    for t in operands {
        if let Some(literal) = weak_integer(*t).filter(|x| !holds(dtype, *x)) {
            let found = format!("{op}: the literal {literal} is no {dtype}, which the other operand is");
            let help = "convert the other operand first, as in `x.convert(DType::I64)`".into();
            fail(ErrorKind::Usage { found, help }, loc.clone());
            return None;
        }
    }
    let convert = |t: &Tensor| match type_of(*t) {
        Some(ty) if ty.dtype != dtype => apply(ops::Convert { dtype }, &[*t], loc.clone()),
        _ => *t,
    };
    Some(operands.iter().map(convert).collect())
}

/// Whether an element type holds an integer; all floats do, up to rounding.
fn holds(dtype: DType, x: i64) -> bool {
    match dtype {
        DType::I32 => i32::try_from(x).is_ok(),
        DType::U32 => u32::try_from(x).is_ok(),
        DType::U64 => u64::try_from(x).is_ok(),
        DType::Bool | DType::I64 | DType::F32 | DType::F64 => true,
    }
}

/// The dimensions operands broadcast to; `None` if they do not, which is reported.
pub(crate) fn broadcast_dims(op: &'static str, operands: &[Tensor], loc: &Loc) -> Option<Dims> {
    let mut dims = Dims::new();
    for t in operands {
        let own = type_of(*t)?.dims;
        match shape::broadcast(&dims, &own) {
            Some(both) => dims = both,
            None => {
                let (left, right) = (dims.to_vec(), own.to_vec());
                fail(ErrorKind::Broadcast { op, left, right }, loc.clone());
                return None;
            }
        }
    }
    Some(dims)
}

impl Tensor {
    /// Applies an elementwise op after promotion and broadcasting.
    pub(crate) fn elementwise(op: impl Into<Op>, operands: &[Tensor], loc: Loc) -> Tensor {
        let op = op.into();
        let name = op.name();
        if operands.iter().any(|t| t.is_poison()) {
            return Tensor::POISON;
        }
        if operands.iter().any(|t| type_of(*t).is_none()) {
            // `apply` names what is wrong with the handle.
            return apply(op, operands, loc);
        }
        let Some(operands) = promote(name, operands, &loc) else { return Tensor::POISON };
        let Some(dims) = broadcast_dims(name, &operands, &loc) else { return Tensor::POISON };
        let operands: Vec<Tensor> = operands.iter().map(|t| t.broadcast_at(&dims, loc.clone())).collect();
        apply(op, &operands, loc)
    }

    /// Broadcasts to dimensions it is known to broadcast to.
    pub(crate) fn broadcast_at(self, dims: &[usize], loc: Loc) -> Tensor {
        if type_of(self).is_some_and(|ty| ty.dims.as_slice() == dims) {
            return self;
        }
        build("broadcast_to", &[self], loc, |g, v| g.broadcast_to(v[0], dims))
    }

    /// The tensor as floats: integers and truth values are converted to the default float type.
    pub(crate) fn as_float(self, loc: Loc) -> Tensor {
        match type_of(self) {
            Some(ty) if !ty.dtype.is_float() => apply(ops::Convert { dtype: DEFAULT_FLOAT }, &[self], loc),
            _ => self,
        }
    }
}
