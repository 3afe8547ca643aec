//! Forms of positive definite matrices with derivatives by the inverse.

use smallvec::smallvec;

use super::{closed::closed, *};
use crate::types::Dims;

/// The factor of the mean of each matrix and its transpose.
fn factor(g: &mut Graph, b: Val) -> Result<Val, TypeError> {
    let transposed = matrix::transposed(g, b)?;
    let (sum, half) = (g.add(b, transposed)?, g.full_like(b, 0.5)?);
    let a = g.mul(sum, half)?;
    g.push(Cholesky, &[a])
}

/// The sum over rows and columns of each matrix.
fn sum(g: &mut Graph, x: Val) -> Result<Val, TypeError> {
    let rank = g.ty(x).rank();
    g.push(ReduceSum { axes: smallvec![rank - 2, rank - 1] }, &[x])
}

/// `Σ ln Lᵢᵢ`, half the logarithm of each determinant, for the factor `L` of the mean `A` of each matrix and its transpose. Its
/// tangent is `Σ (A⁻¹ / 2) dA`, by any `dA`.
pub(crate) fn log_determinant(g: &mut Graph, b: Val) -> Result<Val, TypeError> {
    let ty = g.ty(b).clone();
    let body = closed([ty.clone()], |g, args| {
        let l = factor(g, args[0])?;
        let diagonal = matrix::diagonal(g, l)?;
        let logs = g.log(diagonal)?;
        let axes: Dims = smallvec![g.ty(logs).rank() - 1];
        Ok(vec![g.push(ReduceSum { axes }, &[logs])?])
    })?;
    let derivative = closed([ty.clone(), ty], |g, args| {
        let l = factor(g, args[0])?;
        let ty = g.ty(l).clone();
        let identity = matrix::identity(g, &ty)?;
        let w = g.push(TriangularSolve::LOWER, &[l, identity])?;
        let inverse = matrix::product(g, w, w, [0, 0])?;
        let half = g.full_like(inverse, 0.5)?;
        let slope = g.mul(inverse, half)?;
        let products = g.mul(slope, args[1])?;
        Ok(vec![sum(g, products)?])
    })?;
    g.push(Call { rule: Derivative::Jvp, arguments: 1, body, derivative }, &[b])
}

/// `|L⁻¹ c|² = cᵀ A⁻¹ c` for columns `c`, with the same `L` and `A`: its tangent is `2 αᵀ dc − αᵀ dA α`, where `α = A⁻¹ c`.
pub(crate) fn quadratic_form(g: &mut Graph, b: Val, c: Val) -> Result<Val, TypeError> {
    let tys = [g.ty(b).clone(), g.ty(c).clone()];
    let body = closed(tys.clone(), |g, args| {
        let l = factor(g, args[0])?;
        let z = g.push(TriangularSolve::LOWER, &[l, args[1]])?;
        let squares = g.mul(z, z)?;
        Ok(vec![sum(g, squares)?])
    })?;
    let derivative = closed([tys.clone(), tys].concat(), |g, args| {
        let l = factor(g, args[0])?;
        let z = g.push(TriangularSolve::LOWER, &[l, args[1]])?;
        let alpha = g.push(TriangularSolve { transpose: true, ..TriangularSolve::LOWER }, &[l, z])?;
        let outer = matrix::product(g, alpha, alpha, [1, 1])?;
        let twice = g.add(alpha, alpha)?;
        let (by_b, by_c) = (g.mul(outer, args[2])?, g.mul(twice, args[3])?);
        let (by_b, by_c) = (sum(g, by_b)?, sum(g, by_c)?);
        Ok(vec![g.sub(by_c, by_b)?])
    })?;
    g.push(Call { rule: Derivative::Jvp, arguments: 2, body, derivative }, &[b, c])
}
