//! Sorting.

use std::cmp::Ordering;

use super::{closed::closed, *};
use crate::{
    shape,
    types::{DType, Dims},
};

/// All operands in the order along `axis` of the first `keys` of them, earlier ones deciding first; equal elements keep
/// their order. NaN comes after all numbers, zeros of either sign are equal (NumPy's order).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Sort {
    /// The dimension sorted along.
    pub axis: usize,
    /// The number of operands that decide.
    pub keys: usize,
    /// Whether the largest comes first, and NaN before it.
    pub descending: bool,
    /// Whether there is one more result: for each place the position along the dimension its elements came from, `i64`.
    pub positions: bool,
}

impl Sort {
    /// The lines along the dimension: the row-major position of each first element, and the distance of neighbours.
    fn lines(&self, dims: &[usize]) -> (Vec<usize>, usize) {
        let stride = shape::strides(dims)[self.axis];
        let len: usize = dims.iter().product();
        let first = |flat: &usize| shape::unravel(*flat, dims)[self.axis] == 0;
        ((0..len).filter(first).collect(), stride)
    }

    /// Among the row-major elements, where those of each place came from, as the positions along the dimension say.
    fn sources(&self, g: &mut Graph, positions: Val) -> Result<Val, TypeError> {
        let dims = g.ty(positions).dims.clone();
        let ty = g.ty(positions).clone();
        let mut at = g.full(&ty, 0.0)?;
        for (axis, stride) in shape::strides(&dims).into_iter().enumerate() {
            let along = match axis == self.axis {
                true => positions,
                false => g.push(Iota { dtype: DType::I64, dims: dims.clone(), axis }, &[])?,
            };
            let stride = g.full(&ty, stride as f64)?;
            let offset = g.mul(along, stride)?;
            at = g.add(at, offset)?;
        }
        g.reshape(at, &[ty.len()])
    }

    /// The elements of `x` brought to their places.
    fn arranged(g: &mut Graph, x: Val, sources: Val) -> Result<Val, TypeError> {
        let ty = g.ty(x).clone();
        if ty.is_empty() {
            return Ok(x);
        }
        let flat = g.reshape(x, &[ty.len()])?;
        let taken = g.push(Take { axis: 0 }, &[flat, sources])?;
        g.reshape(taken, &ty.dims)
    }
}

/// Whether `x` comes before `y`.
fn precedes(g: &mut Graph, x: Val, y: Val) -> Result<Val, TypeError> {
    let less = g.lt(x, y)?;
    if !g.ty(x).dtype.is_float() {
        return Ok(less);
    }
    let compare = |g: &mut Graph, by, v: Val| g.push(Compare(by), &[v, v]);
    let (number, nan) = (compare(g, Comparison::Eq, x)?, compare(g, Comparison::Ne, y)?);
    let before_nan = g.and(number, nan)?;
    g.or(less, before_nan)
}

/// The order of two elements that are numbers, NaN last.
fn order(x: f64, y: f64) -> Ordering {
    x.partial_cmp(&y).unwrap_or_else(|| x.is_nan().cmp(&y.is_nan()))
}

/// Elements that can be ordered, integers exactly.
enum Key {
    Floats(Vec<f64>),
    Integers(Vec<i128>),
}

impl Key {
    fn of(x: &Array) -> Key {
        if x.dtype().is_float() { Key::Floats(x.to_f64_vec()) } else { Key::Integers(x.to_i128_vec()) }
    }

    fn order(&self, i: usize, j: usize) -> Ordering {
        match self {
            Key::Floats(x) => order(x[i], x[j]),
            Key::Integers(x) => x[i].cmp(&x[j]),
        }
    }
}

impl MultiRules for Sort {
    const OP: &'static str = "sort";
    const COST: Cost = Cost::Dear;

    fn infer(&self, args: &[Ty]) -> Result<Tys, TypeError> {
        match args.first() {
            Some(first)
                if self.axis < first.rank()
                    && (1..=args.len()).contains(&self.keys)
                    && args.iter().all(|a| a.dims == first.dims) =>
            {
                let positions = self.positions.then(|| first.with_dtype(DType::I64));
                Ok(args.iter().cloned().chain(positions).collect())
            }
            _ => Err(TypeError {
                op: Self::OP,
                operands: args.to_vec(),
                expected: format!(
                    "{} operands or more of the same dimensions, with a dimension {}",
                    self.keys, self.axis
                ),
            }),
        }
    }

    fn regions(&self) -> Vec<Arc<Graph>> {
        Vec::new()
    }

    fn with_regions(&self, _regions: Vec<Arc<Graph>>) -> Sort {
        self.clone()
    }

    fn eval(&self, args: &[&Array], tys: &[Ty]) -> Vec<Array> {
        let keys: Vec<Key> = args.iter().take(self.keys).map(|x| Key::of(x)).collect();
        let dims = args[0].dims();
        let (starts, stride) = self.lines(dims);
        let mut sources = vec![0; args[0].len()];
        let mut positions = vec![0; args[0].len()];
        for start in starts {
            let mut line: Vec<usize> = (0..dims[self.axis]).map(|i| start + i * stride).collect();
            line.sort_by(|i, j| {
                let (i, j) = if self.descending { (*j, *i) } else { (*i, *j) };
                keys.iter().map(|k| k.order(i, j)).find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
            });
            for (place, from) in line.into_iter().enumerate() {
                sources[start + place * stride] = from;
                positions[start + place * stride] = ((from - start) / stride) as i64;
            }
        }
        let mut results: Vec<Array> = args.iter().map(|x| x.pick(dims, sources.iter().copied())).collect();
        results.extend(
            tys.get(args.len()).map(|ty| Array::from_i128_iter(ty, positions.into_iter().map(i128::from))),
        );
        results
    }

    fn saving(&self) -> Option<Op> {
        (!self.positions).then(|| Sort { positions: true, ..self.clone() }.into())
    }

    fn vjp(&self, cx: MultiVjp<'_>) -> Result<Cotangents, TypeError> {
        let (g, n) = (cx.graph, cx.args.len());
        let positions = match cx.outs.get(n) {
            Some(positions) => *positions,
            None => g.push_all(Sort { positions: true, ..self.clone() }, cx.args)?[n],
        };
        let sources = self.sources(g, positions)?;
        let mut back = Cotangents::new();
        for ct in &cx.cts[..n] {
            let Some(ct) = ct else {
                back.push(None);
                continue;
            };
            let ty = g.ty(*ct).clone();
            let (flat, zeros) = (g.reshape(*ct, &[ty.len()])?, g.full(&ty.with_dims([ty.len()]), 0.0)?);
            let returned = g.push(ScatterAdd { axis: 0 }, &[zeros, sources, flat])?;
            back.push(Some(g.reshape(returned, &ty.dims)?));
        }
        Ok(back)
    }

    fn jvp(&self, cx: MultiJvp<'_>) -> Result<(Operands, Tangents), TypeError> {
        let (g, n) = (cx.graph, cx.args.len());
        let mut results = g.push_all(Sort { positions: true, ..self.clone() }, cx.args)?;
        let sources = self.sources(g, results[n])?;
        let mut moved: Tangents = cx
            .tangents
            .iter()
            .map(|t| t.map(|t| Sort::arranged(g, t, sources)).transpose())
            .collect::<Result<_, _>>()?;
        if self.positions {
            moved.push(None);
        } else {
            results.truncate(n);
        }
        Ok((results, moved))
    }

    fn batch(&self, mut cx: Batch<'_>) -> Result<Batched, TypeError> {
        let batch = cx.common_axis();
        let args = cx.aligned(batch)?;
        let op = Sort { axis: self.axis + usize::from(self.axis >= batch), ..self.clone() };
        Ok(cx.graph.push_all(op, &args)?.into_iter().map(|v| (v, Some(batch))).collect())
    }

    fn hlo(&self, args: &[Ty]) -> Hlo {
        if self.positions {
            return Hlo::ExpandOp(with_positions);
        }
        let scalars = args.iter().flat_map(|ty| [Ty::scalar(ty.dtype), Ty::scalar(ty.dtype)]);
        let comparator = closed(scalars, |g, v| {
            let mut before = None;
            // The last key decides last.
            for pair in v.chunks(2).take(self.keys).rev() {
                let (x, y) = if self.descending { (pair[1], pair[0]) } else { (pair[0], pair[1]) };
                let (less, more) = (precedes(g, x, y)?, precedes(g, y, x)?);
                before = Some(match before {
                    None => less,
                    Some(later) => {
                        let (alike, decided) = (g.not(more)?, less);
                        let rest = g.and(alike, later)?;
                        g.or(decided, rest)?
                    }
                });
            }
            Ok(before.into_iter().collect())
        });
        // Comparisons of scalars of one type are well typed.
        let comparator = comparator.unwrap_or_default();
        Hlo::with("sort", HloAttr::Sort { axis: self.axis, comparator })
    }

    fn samples() -> Vec<Sample> {
        let op = |axis, keys, descending, positions| Sort { axis, keys, descending, positions };
        let x = Array::from([0.5, -1.0, 2.0, 0.7, 3.0, -2.0]);
        let matrix = x.reshape([2, 3]).unwrap_or_else(|_| x.clone());
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let odd = Array::from([nan, 0.0, inf, -0.0, -nan, -inf, 1.0]);
        let ties = Array::from([2i32, 1, 2, 1]);
        let mut out = vec![
            Sample::smooth(op(0, 1, false, false), [x.clone()]),
            Sample::smooth(op(1, 1, true, false), [matrix.clone(), matrix.clone()]),
            Sample::smooth(op(0, 1, false, false), [matrix.clone()]),
            Sample::values(op(0, 1, false, true), [matrix.convert(DType::F32)]),
            Sample::values(op(0, 1, false, true), [odd.clone()]),
            Sample::values(op(0, 1, true, true), [odd]),
            Sample::values(op(0, 2, false, true), [ties.clone(), Array::from([3.0, 2.0, 1.0, 2.0])]),
            Sample::values(op(0, 2, true, false), [ties.clone(), Array::from([3.0, 2.0, 1.0, 2.0])]),
            Sample::values(op(0, 1, true, true), [ties]),
            Sample::values(op(0, 1, false, true), [Array::from(Vec::<f64>::new())]),
        ];
        let extremes = [
            Array::from([i64::MAX, i64::MIN, 0]),
            Array::from([u64::MAX, 0, 1 << 63]),
            Array::from([u32::MAX, 0, 1 << 31]),
            Array::from([true, false, true]),
        ];
        out.extend(extremes.into_iter().map(|x| Sample::values(op(0, 1, false, false), [x])));
        out
    }
}

/// The positions are one more operand that is sorted along.
fn with_positions(op: &Op, g: &mut Graph, args: &[Val]) -> Result<Operands, TypeError> {
    let Op::Sort(sort) = op else {
        return Err(TypeError { op: "sort", operands: Vec::new(), expected: "itself".into() });
    };
    let dims: Dims = g.ty(args[0]).dims.clone();
    let positions = g.push(Iota { dtype: DType::I64, dims, axis: sort.axis }, &[])?;
    let operands: Operands = args.iter().copied().chain([positions]).collect();
    g.push_all(Sort { positions: false, ..sort.clone() }, &operands)
}
