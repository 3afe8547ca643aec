//! Shorthands on [`Graph`] for rules and passes: arithmetic, constants, broadcasting to given dimensions and back.

use crate::{
    array::Array,
    error::TypeError,
    graph::{Graph, Val},
    ops, shape,
    types::{DType, Dims, Ty},
};

macro_rules! shorthands { ($($(#[$doc:meta])* $name:ident($($arg:ident),*) = $op:expr;)*) => {
    impl Graph { $(
        $(#[$doc])*
        ///
        /// # Errors
        /// When the op's type rule refuses the operands.
        pub fn $name(&mut self, $($arg: Val),*) -> Result<Val, TypeError> { self.push($op, &[$($arg),*]) }
    )* }
} }

shorthands! {
    /// `x + y`.
    add(x, y) = ops::Add;
    /// `x − y`.
    sub(x, y) = ops::Sub;
    /// `x y`.
    mul(x, y) = ops::Mul;
    /// `x / y`.
    div(x, y) = ops::Div;
    /// `−x`.
    neg(x) = ops::Neg;
    /// `|x|`.
    abs(x) = ops::Abs;
    /// `eˣ`.
    exp(x) = ops::Exp;
    /// `ln x`.
    log(x) = ops::Log;
    /// `ln(1 + x)`.
    log1p(x) = ops::Log1p;
    /// `√x`.
    sqrt(x) = ops::Sqrt;
    /// The larger, or NaN if either is.
    max(x, y) = ops::Max;
    /// Where `on` holds `x`, else `y`.
    select(on, x, y) = ops::Select;
    /// Bitwise or logical and.
    and(x, y) = ops::And;
    /// Bitwise or logical or.
    or(x, y) = ops::Or;
    /// Bitwise or logical exclusive or.
    xor(x, y) = ops::Xor;
    /// Bitwise or logical complement.
    not(x) = ops::Not;
    /// `x < y`.
    lt(x, y) = ops::Compare(ops::Comparison::Lt);
    /// `x > y`.
    gt(x, y) = ops::Compare(ops::Comparison::Gt);
    /// `x = y`.
    eq(x, y) = ops::Compare(ops::Comparison::Eq);
}

impl Graph {
    /// A constant array. Large ones belong in inputs.
    ///
    /// # Errors
    /// Never in practice; the type rule of constants accepts every array.
    pub fn constant(&mut self, value: impl Into<Array>) -> Result<Val, TypeError> {
        self.push(ops::Constant(value.into()), &[])
    }

    /// The value `x` in every element of a tensor of type `ty`.
    ///
    /// # Errors
    /// Never in practice.
    pub fn full(&mut self, ty: &Ty, x: f64) -> Result<Val, TypeError> {
        let scalar = self.constant(Array::filled(&Ty::scalar(ty.dtype), x))?;
        self.broadcast_to(scalar, &ty.dims)
    }

    /// The value `x` in every element of a tensor of `like`'s type.
    ///
    /// # Errors
    /// Never in practice.
    pub fn full_like(&mut self, like: Val, x: f64) -> Result<Val, TypeError> {
        let ty = self.ty(like).clone();
        self.full(&ty, x)
    }

    /// The same elements under other dimensions of the same product.
    ///
    /// # Errors
    /// When the products differ.
    pub fn reshape(&mut self, x: Val, dims: &[usize]) -> Result<Val, TypeError> {
        if self.ty(x).dims.as_slice() == dims {
            return Ok(x);
        }
        self.push(ops::Reshape { dims: Dims::from_slice(dims) }, &[x])
    }

    /// The tensor broadcast to `dims` under NumPy's rule: missing dimensions are added at the left, ones stretched.
    ///
    /// # Errors
    /// When the dimensions do not broadcast to `dims`.
    pub fn broadcast_to(&mut self, x: Val, dims: &[usize]) -> Result<Val, TypeError> {
        let from = self.ty(x).dims.clone();
        if from.as_slice() == dims {
            return Ok(x);
        }
        if !shape::broadcasts_to(&from, dims) {
            return Err(TypeError {
                op: "broadcast_to",
                operands: vec![self.ty(x).clone()],
                expected: format!("dimensions that broadcast to {dims:?}"),
            });
        }
        let offset = dims.len() - from.len();
        let kept: Vec<usize> = (0..from.len()).filter(|i| from[*i] == dims[i + offset]).collect();
        let squeezed: Dims = kept.iter().map(|i| from[*i]).collect();
        let x = self.reshape(x, &squeezed)?;
        let map = kept.iter().map(|i| i + offset).collect();
        self.push(ops::Broadcast { dims: Dims::from_slice(dims), map }, &[x])
    }

    /// The transpose of [`Graph::broadcast_to`]: sums over the dimensions that broadcasting `dims` to `x` would add.
    ///
    /// # Errors
    /// When `dims` does not broadcast to the dimensions of `x`.
    pub fn sum_to(&mut self, x: Val, dims: &[usize]) -> Result<Val, TypeError> {
        let from = self.ty(x).dims.clone();
        if from.as_slice() == dims {
            return Ok(x);
        }
        if !shape::broadcasts_to(dims, &from) {
            return Err(TypeError {
                op: "sum_to",
                operands: vec![self.ty(x).clone()],
                expected: format!("dimensions that {dims:?} broadcasts to"),
            });
        }
        let offset = from.len() - dims.len();
        let axes: Dims = (0..from.len()).filter(|i| *i < offset || from[*i] != dims[i - offset]).collect();
        let summed = self.push(ops::ReduceSum { axes }, &[x])?;
        self.reshape(summed, dims)
    }

    /// The tensor with dimension `from` moved to `to`, the others keeping their order (NumPy's `moveaxis`).
    ///
    /// # Errors
    /// When there is no such dimension.
    pub fn move_axis(&mut self, x: Val, from: usize, to: usize) -> Result<Val, TypeError> {
        let rank = self.ty(x).rank();
        if from == to || from >= rank {
            return Ok(x);
        }
        let mut permutation: Dims = (0..rank).filter(|i| *i != from).collect();
        permutation.insert(to.min(rank - 1), from);
        self.push(ops::Transpose { permutation }, &[x])
    }

    /// The tensor repeated `size` times along a new dimension `axis`.
    ///
    /// # Errors
    /// When `axis` lies beyond the dimensions.
    pub fn repeat_along(&mut self, x: Val, axis: usize, size: usize) -> Result<Val, TypeError> {
        let mut dims = self.ty(x).dims.clone();
        let map = (0..dims.len()).map(|i| i + usize::from(i >= axis)).collect();
        dims.insert(axis.min(dims.len()), size);
        self.push(ops::Broadcast { dims, map }, &[x])
    }

    /// The sum of all elements.
    ///
    /// # Errors
    /// When the elements are not numbers.
    pub fn sum_all(&mut self, x: Val) -> Result<Val, TypeError> {
        self.sum_to(x, &[])
    }

    /// The elements converted to `dtype`.
    ///
    /// # Errors
    /// Never in practice.
    pub fn convert(&mut self, x: Val, dtype: DType) -> Result<Val, TypeError> {
        if self.ty(x).dtype == dtype {
            return Ok(x);
        }
        self.push(ops::Convert { dtype }, &[x])
    }
}
