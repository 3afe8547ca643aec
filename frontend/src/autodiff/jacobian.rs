//! Jacobians and Hessians, by forward and reverse derivatives along all directions at once.

use pyroxene_ir::{DType, Dims, Loc, ops};

use super::{grad, jvp, vjp, vmap};
use crate::{
    closure::Tensors,
    tensor::Tensor,
    trace::{self, type_of},
};

/// The function that returns the Jacobian of `f`, of dimensions `[result's…, argument's…]`, one column after another by
/// forward derivatives: for functions with more results than arguments (JAX's `jacfwd`).
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let f = |x: &Tensor| *x * x.sum();
/// let j = pyroxene_frontend::eval(|| jacfwd(f)(&Tensor::from([1.0, 2.0])))?;
/// assert_eq!(j.to_f64_vec(), [4.0, 1.0, 2.0, 5.0]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// As [`jvp`].
#[track_caller]
pub fn jacfwd<F: Fn(&Tensor) -> Tensor>(f: F) -> impl Fn(&Tensor) -> Tensor {
    let loc = Loc::caller();
    move |x: &Tensor| {
        let loc = loc.clone();
        let Some(ty) = type_of(*x) else { return f(x) };
        let basis = basis(ty.dtype, &ty.dims, &loc);
        let columns = vmap(|t: &Tensor| jvp(&f, x, t).1)(&basis);
        let Some(columns_ty) = type_of(columns) else { return columns };
        let result = &columns_ty.dims[1..];
        let dims: Dims = result.iter().chain(&ty.dims).copied().collect();
        let rank = columns_ty.rank();
        trace::build("jacfwd", &[columns], loc, |g, v| {
            let moved = g.move_axis(v[0], 0, rank - 1)?;
            g.reshape(moved, &dims)
        })
    }
}

/// The function that returns the Jacobian of `f`, of dimensions `[result's…, argument's…]`, one row after another by
/// reverse derivatives: for functions with fewer results than arguments (JAX's `jacrev`).
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let f = |x: &Tensor| *x * x.sum();
/// let j = pyroxene_frontend::eval(|| jacrev(f)(&Tensor::from([1.0, 2.0])))?;
/// assert_eq!(j.to_f64_vec(), [4.0, 1.0, 2.0, 5.0]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// As [`vjp`].
#[track_caller]
pub fn jacrev<F: Fn(&Tensor) -> Tensor>(f: F) -> impl Fn(&Tensor) -> Tensor {
    let loc = Loc::caller();
    move |x: &Tensor| {
        let loc = loc.clone();
        let (value, pullback) = vjp(&f, x);
        let (Some(argument), Some(result)) = (type_of(*x), type_of(value)) else { return value };
        let rows = vmap(pullback)(&basis(result.dtype, &result.dims, &loc));
        let dims: Dims = result.dims.iter().chain(&argument.dims).copied().collect();
        trace::build("jacrev", &[rows], loc, |g, v| g.reshape(v[0], &dims))
    }
}

/// The function that returns the Hessian of `f`, a scalar function, of dimensions `[argument's…, argument's…]`: forward
/// over reverse (JAX's `hessian`).
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let f = |x: &Tensor| x.square().sum() * x.sum();
/// let h = pyroxene_frontend::eval(|| hessian(f)(&Tensor::from([1.0, 2.0])))?;
/// assert_eq!(h.to_f64_vec(), [10.0, 6.0, 6.0, 14.0]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// As [`grad`] and [`jvp`].
#[track_caller]
pub fn hessian<F: Fn(&Tensor) -> Tensor>(f: F) -> impl Fn(&Tensor) -> Tensor {
    jacfwd(grad(f))
}

/// The product of the Hessian of `f`, a scalar function, with `v`, at the cost of about two gradients.
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let f = |x: &Tensor| x.square().sum() * x.sum();
/// let along = pyroxene_frontend::eval(|| {
///     hvp(f, &Tensor::from([1.0, 2.0]), &Tensor::from([1.0, 0.0]))
/// })?;
/// assert_eq!(along.to_f64_vec(), [10.0, 6.0]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// As [`grad`] and [`jvp`].
#[track_caller]
pub fn hvp<I: Tensors>(f: impl Fn(&I) -> Tensor, x: &I, v: &I) -> I {
    jvp(grad(f), x, v).1
}

/// The unit tensors of these dimensions, one after another along a new first dimension.
fn basis(dtype: DType, dims: &[usize], loc: &Loc) -> Tensor {
    let n: usize = dims.iter().product();
    let all: Dims = std::iter::once(n).chain(dims.iter().copied()).collect();
    trace::build("basis", &[], loc.clone(), |g, _| {
        let square = Dims::from_slice(&[n, n]);
        let iota = |axis| ops::Iota { dtype: DType::I64, dims: square.clone(), axis };
        let (rows, columns) = (g.push(iota(0), &[])?, g.push(iota(1), &[])?);
        let same = g.eq(rows, columns)?;
        let ones = g.convert(same, dtype)?;
        g.reshape(ones, &all)
    })
}
