//! The QR decomposition.

use smallvec::smallvec;

use super::{batching, householder, householder_product, *};
use crate::types::{DType, Dims};

/// `Q R = A` for each `m × n` matrix, with orthonormal columns in `Q` and upper triangular `R` (`jax.numpy.linalg.qr`). Of
/// `k = min(m, n)`, `Q` is `m × k` and `R` is `k × n`; `full` makes `Q` square. Signs are LAPACK's.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Qr {
    /// Whether `Q` is square.
    pub full: bool,
}

impl Qr {
    fn columns(&self, m: usize, n: usize) -> usize {
        if self.full { m } else { m.min(n) }
    }

    /// The types of `Q` and `R`.
    fn results(&self, a: &Ty) -> Option<[Ty; 2]> {
        let (batch, m, n) = matrix::split(a).filter(|_| a.dtype.is_float())?;
        let k = self.columns(m, n);
        let of = |sizes: [usize; 2]| -> Dims { a.dims[..batch].iter().copied().chain(sizes).collect() };
        Some([a.with_dims(of([m, k])), a.with_dims(of([k, n]))])
    }

    /// Refuses the one case without a derivative: of columns that complete a basis only their span is determined.
    fn differentiable(&self, g: &Graph, args: &[Val]) -> Result<(), TypeError> {
        let a = g.ty(args[0]);
        let tall = matrix::split(a).is_some_and(|(_, m, n)| m > n);
        if !(self.full && tall) {
            return Ok(());
        }
        let expected =
            "no derivative of a full decomposition of matrices higher than wide: use the reduced one";
        Err(TypeError { op: Self::OP, operands: vec![a.clone()], expected: expected.into() })
    }
}

/// `X R⁻¹`, or `X R⁻ᵀ`, for upper triangular `R`.
fn over(g: &mut Graph, x: Val, r: Val, transpose: bool) -> Result<Val, TypeError> {
    let op = TriangularSolve { left: false, lower: false, transpose, unit_diagonal: false };
    g.push(op, &[r, x])
}

/// The first columns of a matrix as they determine `Q`, and the rest.
fn apart(g: &mut Graph, x: Val, columns: usize) -> Result<(Val, Option<Val>), TypeError> {
    let dims = g.ty(x).dims.clone();
    let (last, n) = (dims.len() - 1, dims[dims.len() - 1]);
    if columns == n {
        return Ok((x, None));
    }
    let first = g.push(Slice::along(&dims, last, 0, columns), &[x])?;
    Ok((first, Some(g.push(Slice::along(&dims, last, columns, n), &[x])?)))
}

/// The derivative by a matrix no wider than high (Walter and Lehmann 2012, "Algorithmic differentiation of linear algebra
/// functions"): `(Q̄ + Q sym(M)) R⁻ᵀ` with `M = R R̄ᵀ − Q̄ᵀ Q`, of which the lower triangle counts.
fn reverse(g: &mut Graph, [q, r]: [Val; 2], q_ct: Option<Val>, r_ct: Option<Val>) -> Result<Val, TypeError> {
    let m = match (q_ct, r_ct) {
        (Some(q_ct), Some(r_ct)) => {
            let (by_r, by_q) = (matrix::product(g, r, r_ct, [1, 1])?, matrix::product(g, q_ct, q, [0, 0])?);
            g.sub(by_r, by_q)?
        }
        (None, Some(r_ct)) => matrix::product(g, r, r_ct, [1, 1])?,
        (Some(q_ct), None) => {
            let by_q = matrix::product(g, q_ct, q, [0, 0])?;
            g.neg(by_q)?
        }
        (None, None) => return g.full_like(q, 0.0),
    };
    let m = matrix::symmetric(g, m)?;
    let along = matrix::matmul(g, q, m)?;
    let all = match q_ct {
        Some(q_ct) => g.add(q_ct, along)?,
        None => along,
    };
    over(g, all, r, true)
}

/// The tangents of `Q` and `R` of a matrix no wider than high.
fn forward(g: &mut Graph, [q, r]: [Val; 2], moved: Val) -> Result<[Val; 2], TypeError> {
    let x = over(g, moved, r, false)?;
    let inside = matrix::product(g, q, x, [0, 0])?;
    let lower = matrix::triangle(g, inside, true, true)?;
    let upper = matrix::transposed(g, lower)?;
    let turn = g.sub(lower, upper)?;
    let stretch = g.sub(inside, turn)?;
    let along = matrix::matmul(g, q, stretch)?;
    Ok([g.sub(x, along)?, matrix::matmul(g, stretch, r)?])
}

impl MultiRules for Qr {
    const OP: &'static str = "qr";
    const COST: Cost = Cost::Dear;

    fn infer(&self, args: &[Ty]) -> Result<Tys, TypeError> {
        let results = if let [a] = args { self.results(a) } else { None };
        results.map(|r| r.into_iter().collect()).ok_or_else(|| TypeError {
            op: Self::OP,
            operands: args.to_vec(),
            expected: "one operand of floating-point matrices".into(),
        })
    }

    fn regions(&self) -> Vec<Arc<Graph>> {
        Vec::new()
    }

    fn with_regions(&self, _regions: Vec<Arc<Graph>>) -> Qr {
        self.clone()
    }

    fn eval(&self, args: &[&Array], tys: &[Ty]) -> Vec<Array> {
        let dims = args[0].dims();
        let (m, n) = (dims[dims.len() - 2], dims[dims.len() - 1]);
        let k = self.columns(m, n);
        let (mut q, mut r) = (Vec::new(), Vec::new());
        for mut x in matrix::each_matrix(args[0]) {
            let taus = householder::pack(&mut x, m, n);
            let vectors: Vec<f64> =
                (0..m * k).map(|i| if i % k < n { x[i / k * n + i % k] } else { 0.0 }).collect();
            q.extend(householder_product::unpack(&vectors, &taus, m, k));
            r.extend((0..k * n).map(|i| if i / n <= i % n { x[i] } else { 0.0 }));
        }
        if n == 0 {
            let identity = (0..tys[0].len()).map(|i| f64::from(u8::from(i / k.max(1) % m == i % k.max(1))));
            q = identity.collect();
        }
        vec![Array::from_f64_iter(&tys[0], q.into_iter()), Array::from_f64_iter(&tys[1], r.into_iter())]
    }

    fn saving(&self) -> Option<Op> {
        None
    }

    fn vjp(&self, cx: MultiVjp<'_>) -> Result<Cotangents, TypeError> {
        self.differentiable(cx.graph, cx.args)?;
        let (g, q) = (cx.graph, cx.outs[0]);
        let k = g.ty(q).dims[g.ty(q).rank() - 1];
        let (r, _) = apart(g, cx.outs[1], k)?;
        // The columns beyond are Q times those of R.
        let (q_ct, r_ct, beyond) = match cx.cts[1] {
            None => (cx.cts[0], None, None),
            Some(r_ct) => {
                let (first, rest) = apart(g, r_ct, k)?;
                let (_, columns) = apart(g, cx.args[0], k)?;
                match rest.zip(columns) {
                    None => (cx.cts[0], Some(first), None),
                    Some((rest, columns)) => {
                        let by_q = matrix::product(g, columns, rest, [1, 1])?;
                        let q_ct = cx.cts[0].map_or(Ok(by_q), |ct| g.add(ct, by_q))?;
                        (Some(q_ct), Some(first), Some(matrix::matmul(g, q, rest)?))
                    }
                }
            }
        };
        let first = reverse(g, [q, r], q_ct, r_ct)?;
        let axis = g.ty(first).rank() - 1;
        let (_, columns) = apart(g, cx.args[0], k)?;
        let by = match (beyond, columns) {
            (Some(beyond), _) => g.push(Concatenate { axis }, &[first, beyond])?,
            (None, Some(columns)) => {
                let zero = g.full_like(columns, 0.0)?;
                g.push(Concatenate { axis }, &[first, zero])?
            }
            (None, None) => first,
        };
        Ok(smallvec![Some(by)])
    }

    fn jvp(&self, cx: MultiJvp<'_>) -> Result<(Operands, Tangents), TypeError> {
        self.differentiable(cx.graph, cx.args)?;
        let g = cx.graph;
        let results = g.push_all(self.clone(), cx.args)?;
        let Some(moved) = cx.tangents[0] else { return Ok((results, smallvec![None, None])) };
        let q = results[0];
        let k = g.ty(q).dims[g.ty(q).rank() - 1];
        let ((moved, rest), (r, _)) = (apart(g, moved, k)?, apart(g, results[1], k)?);
        let [q_moved, mut r_moved] = forward(g, [q, r], moved)?;
        if let (Some(rest), (_, Some(columns))) = (rest, apart(g, cx.args[0], k)?) {
            let turned = matrix::product(g, q_moved, columns, [0, 0])?;
            let along = matrix::product(g, q, rest, [0, 0])?;
            let beyond = g.add(turned, along)?;
            let axis = g.ty(beyond).rank() - 1;
            r_moved = g.push(Concatenate { axis }, &[r_moved, beyond])?;
        }
        Ok((results, smallvec![Some(q_moved), Some(r_moved)]))
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<Batched, TypeError> {
        let a = cx.at(0, 0)?;
        let results = cx.graph.push_all(self.clone(), &[a])?;
        Ok(results.into_iter().map(|v| (v, Some(0))).collect())
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::ExpandOp(expand)
    }

    fn samples() -> Vec<Sample> {
        let mut samples = Vec::new();
        let sizes: [(&[usize], bool); 6] = [
            (&[1, 1], false),
            (&[3, 3], true),
            (&[4, 2], false),
            (&[2, 3], false),
            (&[2, 3, 2], false),
            (&[4, 2], true),
        ];
        for (i, (dims, full)) in sizes.into_iter().enumerate() {
            let (op, x) = (Qr { full }, matrix::sample_matrix(dims, 0.3));
            if i >= 4 {
                samples.push(Sample::values(op.clone(), [x.convert(DType::F32)]));
            }
            let smooth = !full || dims[dims.len() - 2] <= dims[dims.len() - 1];
            samples.push(Sample { op: op.into(), args: vec![x], smooth });
        }
        for dims in [[0, 2], [2, 0]] {
            let empty = Array::zeros(&Ty::new(DType::F64, dims));
            samples.extend([false, true].map(|full| Sample::values(Qr { full }, [empty.clone()])));
        }
        samples
    }
}

fn expand(op: &Op, g: &mut Graph, args: &[Val]) -> Result<Operands, TypeError> {
    let ty = g.ty(args[0]).clone();
    let (Op::Qr(qr), Some((batch, m, n))) = (op, matrix::split(&ty)) else {
        return Err(TypeError { op: "qr", operands: vec![ty], expected: "a `qr`".into() });
    };
    let k = qr.columns(m, n);
    if m.min(n) == 0 {
        let dims = batching::insert(&ty.dims[..batch], batch, m);
        let dims = batching::insert(&dims, batch + 1, k);
        let q = matrix::identity(g, &ty.with_dims(dims.clone()))?;
        let r = g.full(&ty.with_dims(ty.dims[..batch].iter().copied().chain([k, n])), 0.0)?;
        return Ok(Operands::from_slice(&[q, r]));
    }
    let packed = g.push_all(Householder, args)?;
    let (packed, taus) = (packed[0], packed[1]);
    let dims = ty.dims.clone();
    let vectors = if n >= k {
        g.push(Slice::along(&dims, batch + 1, 0, k), &[packed])?
    } else {
        let zeros = || dims.iter().map(|_| 0).collect::<Dims>();
        let mut high = zeros();
        high[batch + 1] = k - n;
        g.push(Pad { low: zeros(), high, interior: zeros() }, &[packed])?
    };
    let q = g.push(HouseholderProduct, &[vectors, taus])?;
    let rows = g.push(Slice::along(&dims, batch, 0, k), &[packed])?;
    Ok(Operands::from_slice(&[q, matrix::triangle(g, rows, false, false)?]))
}
