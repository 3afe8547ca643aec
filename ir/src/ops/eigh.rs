//! Eigenvalues and eigenvectors of symmetric matrices.

use smallvec::smallvec;

use super::{closed::closed, formula::eval_all_in_doubles, *};
use crate::types::{DType, Dims};

/// The eigenvalues `w` of each symmetric matrix, ascending, and orthonormal eigenvectors, the columns of `V`:
/// `A V = V diag(w)` (`jax.lax.linalg.eigh`). It reads the lower triangle; signs of eigenvectors are arbitrary.
///
/// By Jacobi's rotations in the parallel order of Brent and Luk (1985), in the precision of the operand: the computation
/// that XLA knows by name stops at 1e-8 in double precision. Derivatives of eigenvectors are infinite where eigenvalues
/// are equal.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Eigh;

/// `1 / (wⱼ − wᵢ)`, zero on the diagonal.
fn inverse_gaps(g: &mut Graph, w: Val, like: Val) -> Result<Val, TypeError> {
    let dims = g.ty(like).dims.clone();
    let along = |skip: usize| -> Dims { (0..dims.len()).filter(|d| *d != skip).collect() };
    let rank = dims.len();
    let column = g.push(Broadcast { dims: dims.clone(), map: along(rank - 2) }, &[w])?;
    let row = g.push(Broadcast { dims: dims.clone(), map: along(rank - 1) }, &[w])?;
    let gap = g.sub(column, row)?;
    let identity = matrix::identity(g, &Ty { dtype: g.ty(w).dtype, dims })?;
    let gap = g.add(gap, identity)?;
    let one = g.full_like(gap, 1.0)?;
    let inverse = g.div(one, gap)?;
    g.sub(inverse, identity)
}

impl MultiRules for Eigh {
    const OP: &'static str = "eigh";
    const COST: Cost = Cost::Dear;

    fn infer(&self, args: &[Ty]) -> Result<Tys, TypeError> {
        let a = matrix::square(Self::OP, args)?;
        let values = a.with_dims(a.dims[..a.rank() - 1].iter().copied());
        Ok(smallvec![values, a.clone()])
    }

    fn regions(&self) -> Vec<Arc<Graph>> {
        Vec::new()
    }

    fn with_regions(&self, _regions: Vec<Arc<Graph>>) -> Eigh {
        Eigh
    }

    fn eval(&self, args: &[&Array], tys: &[Ty]) -> Vec<Array> {
        eval_all_in_doubles(|g, args| expand(&Eigh.into(), g, args), args, tys)
    }

    fn saving(&self) -> Option<Op> {
        None
    }

    /// `V (diag(w̄) + F ∘ Vᵀ V̄) Vᵀ` with `Fᵢⱼ = 1 / (wⱼ − wᵢ)` (Giles 2008), for an operand whose lower triangle alone is read.
    fn vjp(&self, cx: MultiVjp<'_>) -> Result<Cotangents, TypeError> {
        let (g, [w, v]) = (cx.graph, [cx.outs[0], cx.outs[1]]);
        let by_values = cx.cts[0].map(|ct| matrix::diagonal_matrix(g, ct)).transpose()?;
        let by_vectors = match cx.cts[1] {
            Some(ct) => {
                let (turned, gaps) = (matrix::product(g, v, ct, [0, 0])?, inverse_gaps(g, w, v)?);
                Some(g.mul(gaps, turned)?)
            }
            None => None,
        };
        let inside = match (by_values, by_vectors) {
            (Some(x), Some(y)) => g.add(x, y)?,
            (Some(x), None) | (None, Some(x)) => x,
            (None, None) => return Ok(smallvec![None]),
        };
        let left = matrix::matmul(g, v, inside)?;
        let both = matrix::product(g, left, v, [1, 1])?;
        let mirrored = matrix::transposed(g, both)?;
        let sum = g.add(both, mirrored)?;
        Ok(smallvec![Some(matrix::half_lower(g, sum)?)])
    }

    /// `dw = diag(Vᵀ dA V)` and `dV = V (F ∘ Vᵀ dA V)`.
    fn jvp(&self, cx: MultiJvp<'_>) -> Result<(Operands, Tangents), TypeError> {
        let g = cx.graph;
        let results = g.push_all(Eigh, cx.args)?;
        let (w, v) = (results[0], results[1]);
        let Some(moved) = cx.tangents[0] else { return Ok((results, smallvec![None, None])) };
        let moved = matrix::symmetric(g, moved)?;
        let right = matrix::matmul(g, moved, v)?;
        let inside = matrix::product(g, v, right, [0, 0])?;
        let gaps = inverse_gaps(g, w, v)?;
        let turn = g.mul(gaps, inside)?;
        let (values, vectors) = (matrix::diagonal(g, inside)?, matrix::matmul(g, v, turn)?);
        Ok((results, smallvec![Some(values), Some(vectors)]))
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<Batched, TypeError> {
        let a = cx.at(0, 0)?;
        let results = cx.graph.push_all(Eigh, &[a])?;
        Ok(results.into_iter().map(|v| (v, Some(0))).collect())
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::ExpandOp(expand)
    }

    fn samples() -> Vec<Sample> {
        let mut samples = Vec::new();
        let sizes: [&[usize]; 3] = [&[1, 1], &[3, 3], &[2, 2, 2]];
        for dims in sizes {
            samples.push(Sample::smooth(Eigh, [matrix::sample_matrix(dims, 0.6)]));
        }
        samples.push(Sample::values(Eigh, [matrix::sample_matrix(&[4, 4], 0.6).convert(DType::F32)]));
        samples.push(Sample::values(Eigh, [Array::zeros(&Ty::new(DType::F64, [2, 0, 0]))]));
        samples
    }
}

/// Batches of matrices under rotation, of even size `2k`, rows and columns paired with those `k` further.
struct Pairs {
    /// The number of batch dimensions.
    batch: usize,
    /// Half of the size.
    k: usize,
}

impl Pairs {
    /// The rows (`axis` 0) or columns (1) from `start` to `limit`.
    fn part(&self, g: &mut Graph, x: Val, axis: usize, start: usize, limit: usize) -> Result<Val, TypeError> {
        let dims = g.ty(x).dims.clone();
        g.push(Slice::along(&dims, self.batch + axis, start, limit), &[x])
    }

    fn join(&self, g: &mut Graph, axis: usize, parts: &[Val]) -> Result<Val, TypeError> {
        g.push(Concatenate { axis: self.batch + axis }, parts)
    }

    /// `c x − s y` and `s x + c y` for the two halves `x`, `y` along an axis.
    fn rotate(&self, g: &mut Graph, m: Val, axis: usize, [c, s]: [Val; 2]) -> Result<Val, TypeError> {
        let (x, y) = (self.part(g, m, axis, 0, self.k)?, self.part(g, m, axis, self.k, 2 * self.k)?);
        let dims = g.ty(x).dims.clone();
        let (c, s) = (spread(g, c, axis, &dims)?, spread(g, s, axis, &dims)?);
        let (cx, sx, cy, sy) = (g.mul(c, x)?, g.mul(s, x)?, g.mul(c, y)?, g.mul(s, y)?);
        let (x, y) = (g.sub(cx, sy)?, g.add(sx, cy)?);
        self.join(g, axis, &[x, y])
    }

    /// The next pairing of a round-robin tournament: the first stays, the others move by one place.
    fn advance(&self, g: &mut Graph, m: Val, axis: usize) -> Result<Val, TypeError> {
        let k = self.k;
        if k == 1 {
            return Ok(m);
        }
        let ranges = [(0, 1), (k, k + 1), (1, k - 1), (k + 1, 2 * k), (k - 1, k)];
        let kept = ranges.into_iter().filter(|(start, limit)| start < limit);
        let parts = kept.map(|(start, limit)| self.part(g, m, axis, start, limit));
        let parts = parts.collect::<Result<Vec<Val>, TypeError>>()?;
        self.join(g, axis, &parts)
    }

    /// The two halves of the diagonal, and the diagonal of the upper right quarter: the elements of each pair's matrix.
    fn elements(&self, g: &mut Graph, w: Val) -> Result<[Val; 3], TypeError> {
        let k = self.k;
        let (top, bottom) = (self.part(g, w, 0, 0, k)?, self.part(g, w, 0, k, 2 * k)?);
        let quarters = [
            self.part(g, top, 1, 0, k)?,
            self.part(g, bottom, 1, k, 2 * k)?,
            self.part(g, top, 1, k, 2 * k)?,
        ];
        let mut diagonal = |q| matrix::diagonal(g, q);
        Ok([diagonal(quarters[0])?, diagonal(quarters[1])?, diagonal(quarters[2])?])
    }

    /// The largest modulus off the diagonal of each matrix.
    fn off_diagonal(&self, g: &mut Graph, w: Val) -> Result<Val, TypeError> {
        let (size, zero) = (g.abs(w)?, g.full_like(w, 0.0)?);
        let on = matrix::rows_to_columns(g, w, Comparison::Eq)?;
        let off = g.select(on, zero, size)?;
        g.push(ReduceMax { axes: Dims::from_slice(&[self.batch, self.batch + 1]) }, &[off])
    }

    /// One round: every pair's matrix made diagonal where `active`, and rows, columns and vectors re-paired.
    fn round(&self, g: &mut Graph, w: Val, vectors: Val, limit: Val) -> Result<[Val; 2], TypeError> {
        let off = self.off_diagonal(g, w)?;
        let active = g.gt(off, limit)?;
        let [p, q, o] = self.elements(g, w)?;
        let dims = g.ty(p).dims.clone();
        let active = g.push(Broadcast { dims, map: (0..self.batch).collect() }, &[active])?;
        let [t, c, s] = rotation(g, [p, q, o], active)?;
        let shift = g.mul(t, o)?;
        let (low, high) = (g.sub(p, shift)?, g.add(q, shift)?);
        let w = self.rotate(g, w, 0, [c, s])?;
        let w = self.rotate(g, w, 1, [c, s])?;
        let diagonal = g.push(Concatenate { axis: self.batch }, &[low, high])?;
        let w = self.settle(g, w, diagonal, active)?;
        let vectors = self.rotate(g, vectors, 0, [c, s])?;
        let w = self.advance(g, w, 0)?;
        Ok([self.advance(g, w, 1)?, self.advance(g, vectors, 0)?])
    }

    /// Writes what is known of a rotated matrix: its diagonal, and the zeros that the rotation was for.
    fn settle(&self, g: &mut Graph, w: Val, diagonal: Val, active: Val) -> Result<Val, TypeError> {
        let dims = g.ty(w).dims.clone();
        let known = spread(g, diagonal, 0, &dims)?;
        let on = matrix::rows_to_columns(g, w, Comparison::Eq)?;
        let w = g.select(on, known, w)?;
        let both = g.push(Concatenate { axis: self.batch }, &[active, active])?;
        let active = spread(g, both, 0, &dims)?;
        let [row, column] = matrix::positions(g, w)?;
        let apart = g.sub(row, column)?;
        let (apart, k) = (g.abs(apart)?, g.full_like(row, self.k as f64)?);
        let paired = g.eq(apart, k)?;
        let paired = g.broadcast_to(paired, &dims)?;
        let (gone, zero) = (g.and(active, paired)?, g.full_like(w, 0.0)?);
        g.select(gone, zero, w)
    }
}

/// Tangent, cosine and sine of the rotation that makes `[[p, o], [o, q]]` diagonal; of angle zero where not `active`.
fn rotation(g: &mut Graph, elements: [Val; 3], active: Val) -> Result<[Val; 3], TypeError> {
    let zero = g.full_like(elements[2], 0.0)?;
    let off = g.select(active, elements[2], zero)?;
    formulas(g, &[elements[0], elements[1], off], |[p, q, o]| {
        let none = o.equal(0.0);
        let tau = (q - p) / (none.select(o.literal(1.0), o) * 2.0);
        let root = (tau.square() + 1.0).sqrt();
        let t = 1.0 / (tau + tau.less(0.0).select(-root, root));
        let t = none.select(o.literal(0.0), t);
        let c = 1.0 / (t.square() + 1.0).sqrt();
        [t, c, t * c]
    })
}

/// The most rounds: Jacobi's method needs some ten sweeps, each of as many rounds as there are rows.
const SWEEPS: usize = 60;

fn expand(_op: &Op, g: &mut Graph, args: &[Val]) -> Result<Operands, TypeError> {
    let ty = g.ty(args[0]).clone();
    let (batch, n) = (ty.rank() - 2, ty.dims[ty.rank() - 1]);
    if n < 2 {
        let values = g.reshape(args[0], &ty.dims[..batch + 1])?;
        return Ok(Operands::from_slice(&[values, matrix::identity(g, &ty)?]));
    }
    let (scaled, scale) = scaled(g, args[0])?;
    let pairs = Pairs { batch, k: n.div_ceil(2) };
    let start = padded(g, scaled, n)?;
    let whole = g.ty(start).clone();
    let epsilon = if ty.dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    let counter = g.constant(Array::scalar(0i32))?;
    let identity = matrix::identity(g, &whole)?;
    let state = [counter, start, identity];
    let tys: Vec<Ty> = state.iter().map(|v| g.ty(*v).clone()).collect();
    // Elements are scaled to one; rotations take those off the diagonal far below the rounding of the others.
    let limit = |g: &mut Graph| {
        let scalars = Ty::new(ty.dtype, ty.dims[..batch].iter().copied());
        g.full(&scalars, epsilon / 16.0)
    };
    let cond = closed(tys.clone(), |g, x| {
        let off = pairs.off_diagonal(g, x[1])?;
        let limit = limit(g)?;
        let (left, last) = (g.gt(off, limit)?, SWEEPS.saturating_mul(2 * pairs.k));
        let done = g.not(left)?;
        let done = g.push(ReduceAnd { axes: (0..batch).collect() }, &[done])?;
        let last = g.constant(Array::scalar(i32::try_from(last).unwrap_or(i32::MAX)))?;
        let (soon, some) = (g.lt(x[0], last)?, g.not(done)?);
        Ok(vec![g.and(soon, some)?])
    })?;
    let body = closed(tys, |g, x| {
        let limit = limit(g)?;
        let one = g.constant(Array::scalar(1i32))?;
        let [w, vectors] = pairs.round(g, x[1], x[2], limit)?;
        Ok(vec![g.add(x[0], one)?, w, vectors])
    })?;
    let end = g.push_all(While { cond, body }, &state)?;
    finished(g, [end[1], end[2]], scale, &ty)
}

/// The symmetric matrices over the power of two below their largest modulus, and that scale; NaN where one is not finite.
fn scaled(g: &mut Graph, a: Val) -> Result<(Val, Val), TypeError> {
    let a = matrix::symmetric(g, a)?;
    let (ty, size) = (g.ty(a).clone(), g.abs(a)?);
    let axes = Dims::from_slice(&[ty.rank() - 2, ty.rank() - 1]);
    let largest = g.push(ReduceMax { axes }, &[size])?;
    let (bits, exponent) = match ty.dtype {
        DType::F32 => (DType::U32, Array::scalar(0x7f80_0000u32)),
        _ => (DType::U64, Array::scalar(0x7ff0_0000_0000_0000u64)),
    };
    let read = g.push(Bitcast { dtype: bits }, &[largest])?;
    let mask = g.constant(exponent)?;
    let mask = g.broadcast_to(mask, &g.ty(read).dims.clone())?;
    let power = g.and(read, mask)?;
    let power = g.push(Bitcast { dtype: ty.dtype }, &[power])?;
    let (zero, one) = (g.full_like(power, 0.0)?, g.full_like(power, 1.0)?);
    let none = g.eq(power, zero)?;
    let scale = g.select(none, one, power)?;
    let (finite, nan) = (g.push(IsFinite, &[largest])?, g.full_like(power, f64::NAN)?);
    let scale = g.select(finite, scale, nan)?;
    let map: Dims = (0..ty.rank() - 2).collect();
    let all = g.push(Broadcast { dims: ty.dims.clone(), map }, &[scale])?;
    Ok((g.div(a, all)?, scale))
}

/// The matrices made even in size by an eigenvalue above all others: moduli sum to less than twice the size.
fn padded(g: &mut Graph, a: Val, n: usize) -> Result<Val, TypeError> {
    if n.is_multiple_of(2) {
        return Ok(a);
    }
    let zeros: Dims = g.ty(a).dims.iter().map(|_| 0).collect();
    let mut high = zeros.clone();
    let rank = high.len();
    (high[rank - 2], high[rank - 1]) = (1, 1);
    let wide = g.push(Pad { low: zeros.clone(), high, interior: zeros }, &[a])?;
    let [row, column] = matrix::positions(g, wide)?;
    let (sum, last) = (g.add(row, column)?, g.full_like(row, 2.0 * n as f64)?);
    let corner = g.eq(sum, last)?;
    let corner = g.broadcast_to(corner, &g.ty(wide).dims.clone())?;
    let above = g.full_like(wide, 2.0 * n as f64 + 1.0)?;
    g.select(corner, above, wide)
}

/// A vector for each matrix, repeated over matrices of these dimensions, one element for each row (0) or column (1).
fn spread(g: &mut Graph, vector: Val, axis: usize, dims: &Dims) -> Result<Val, TypeError> {
    let batch = dims.len() - 2;
    let map = (0..batch).chain([batch + axis]).collect();
    g.push(Broadcast { dims: dims.clone(), map }, &[vector])
}

/// The permutation matrices that bring values into ascending order: one where a row's value belongs into a column.
fn order(g: &mut Graph, values: Val, like: Val) -> Result<Val, TypeError> {
    let (dims, dtype) = (g.ty(like).dims.clone(), g.ty(like).dtype);
    let (own, other) = (spread(g, values, 0, &dims)?, spread(g, values, 1, &dims)?);
    let (less, equal) = (g.lt(other, own)?, g.eq(other, own)?);
    let earlier = matrix::rows_to_columns(g, like, Comparison::Gt)?;
    let tied = g.and(equal, earlier)?;
    let precedes = g.or(less, tied)?;
    let precedes = g.convert(precedes, DType::I32)?;
    let axis = dims.len() - 1;
    let place = g.push(ReduceSum { axes: Dims::from_slice(&[axis]) }, &[precedes])?;
    let place = spread(g, place, 0, &dims)?;
    let column = g.push(Iota { dtype: DType::I32, dims, axis }, &[])?;
    let here = g.eq(place, column)?;
    g.convert(here, dtype)
}

/// Eigenvalues in order and scaled back, with their vectors, the rows of `rows`, as columns.
fn finished(g: &mut Graph, [w, rows]: [Val; 2], scale: Val, ty: &Ty) -> Result<Operands, TypeError> {
    let (batch, n) = (ty.rank() - 2, ty.dims[ty.rank() - 1]);
    let values = matrix::diagonal(g, w)?;
    let here = order(g, values, rows)?;
    let mut vectors = matrix::product(g, rows, here, [0, 0])?;
    let dims = g.ty(rows).dims.clone();
    let values = spread(g, values, 0, &dims)?;
    let placed = g.mul(here, values)?;
    let mut values = g.push(ReduceSum { axes: Dims::from_slice(&[batch]) }, &[placed])?;
    // What makes the size even comes last.
    for axis in [batch, batch + 1] {
        let dims = g.ty(vectors).dims.clone();
        vectors = g.push(Slice::along(&dims, axis, 0, n), &[vectors])?;
    }
    let dims = g.ty(values).dims.clone();
    values = g.push(Slice::along(&dims, batch, 0, n), &[values])?;
    let map: Dims = (0..batch).collect();
    let dims = g.ty(values).dims.clone();
    let scales = g.push(Broadcast { dims, map: map.clone() }, &[scale])?;
    // One where the matrix is finite, NaN elsewhere.
    let one = g.div(scale, scale)?;
    let ones = g.push(Broadcast { dims: ty.dims.clone(), map }, &[one])?;
    Ok(Operands::from_slice(&[g.mul(values, scales)?, g.mul(vectors, ones)?]))
}
