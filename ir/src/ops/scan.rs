//! Loops of a known length that read and write a slice in each iteration.

use std::sync::Arc;

use super::{
    batching::End,
    closed::{
        batch_ty, batched, chosen, closed, common_end, inputs, outputs, reached, run, spread, tangents,
        with_batch_at,
    },
    *,
};
use crate::{
    graph::Phase,
    passes::{jvp, pullback},
    types::{DType, Dims},
};

/// `scan(consts…, carries…, xs…)` (JAX's `scan`): for each position along the first dimension of the `xs`, of which there are
/// `length`, `body(consts, carries, x's slices) → (carries, y's slices)`. The results are the last carries, and the slices of
/// each `y` stacked along a new first dimension.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Scan {
    /// The number of operands that do not change.
    pub consts: usize,
    /// The number of operands that each iteration replaces.
    pub carries: usize,
    /// The number of iterations.
    pub length: usize,
    /// Whether it runs from the last position to the first.
    pub reverse: bool,
    /// Whether the last `carries` of the `y`s are the carries that each iteration took: what the reverse derivative needs.
    pub saves: bool,
    /// One iteration.
    #[serde(skip)]
    pub body: Arc<Graph>,
}

impl Scan {
    /// The type that operand or result `i`, whose slice the body sees as `ty`, has: from `first` on a stack of slices.
    fn stacked(&self, i: usize, first: usize, ty: &Ty) -> Ty {
        if i < first {
            return ty.clone();
        }
        ty.with_dims(std::iter::once(self.length).chain(ty.dims.iter().copied()))
    }

    /// The types of the operands.
    fn operands(&self) -> Vec<Ty> {
        let first = self.consts + self.carries;
        inputs(&self.body).enumerate().map(|(i, ty)| self.stacked(i, first, ty)).collect()
    }

    /// The number of `y`s.
    fn ys(&self) -> usize {
        self.body.outputs().len() - self.carries
    }

    /// Operands, or what belongs to them, in their three groups.
    fn groups<'a, T>(&self, list: &'a [T]) -> (&'a [T], &'a [T], &'a [T]) {
        let (consts, rest) = list.split_at(self.consts);
        let (carries, xs) = rest.split_at(self.carries);
        (consts, carries, xs)
    }
}

fn count(on: &[bool]) -> usize {
    on.iter().filter(|on| **on).count()
}

/// The slices at position `i` of stacked values.
fn slice(xs: &[Array], i: usize) -> impl Iterator<Item = Array> {
    xs.iter().map(move |x| {
        let dims = &x.dims()[1..];
        let len: usize = dims.iter().product();
        x.pick(dims, i * len..(i + 1) * len)
    })
}

/// Slices, one an iteration, stacked in order.
fn stack(slices: &[Array], ty: &Ty) -> Array {
    if slices.is_empty() {
        return Array::zeros(ty);
    }
    let flat: Vec<Array> =
        slices.iter().map(|s| s.reshape([s.len()]).unwrap_or_else(|_| s.clone())).collect();
    let args: Vec<&Array> = flat.iter().collect();
    let long = Rules::eval(&Concatenate { axis: 0 }, &args, &Ty::new(ty.dtype, [ty.len()]));
    long.reshape(ty.dims.iter().copied()).unwrap_or(long)
}

impl MultiRules for Scan {
    const OP: &'static str = "scan";
    const COST: Cost = Cost::Dear;

    fn infer(&self, args: &[Ty]) -> Result<Tys, TypeError> {
        let body = &self.body;
        let (count, results) = (body.inputs().len(), body.outputs().len());
        let split = self.consts.saturating_add(self.carries);
        if body.phase() == Phase::Pure && split <= count && self.carries <= results && results > 0 {
            let carried = inputs(body).skip(self.consts).take(self.carries);
            let saved = !self.saves
                || self.ys() >= self.carries
                    && outputs(body).skip(results - self.carries).eq(carried.clone());
            if saved && carried.eq(outputs(body).take(self.carries)) && self.operands() == args {
                return Ok(outputs(body)
                    .enumerate()
                    .map(|(i, ty)| self.stacked(i, self.carries, ty))
                    .collect());
            }
        }
        Err(TypeError {
            op: Self::OP,
            operands: args.to_vec(),
            expected: format!(
                "{} constants, {} carries and stacks of {} slices, and a body from their types to those of the carries \
                 and of more slices; found a body from {:?} to {:?}",
                self.consts,
                self.carries,
                self.length,
                inputs(body).collect::<Vec<_>>(),
                outputs(body).collect::<Vec<_>>(),
            ),
        })
    }

    fn regions(&self) -> Vec<Arc<Graph>> {
        vec![self.body.clone()]
    }

    fn with_regions(&self, regions: Vec<Arc<Graph>>) -> Scan {
        Scan { body: regions.into_iter().next().unwrap_or_default(), ..self.clone() }
    }

    fn eval(&self, args: &[&Array], tys: &[Ty]) -> Vec<Array> {
        let all: Vec<Array> = args.iter().map(|x| (*x).clone()).collect();
        let (consts, carries, xs) = self.groups(&all);
        let mut carries = carries.to_vec();
        let mut ys: Vec<Vec<Array>> = vec![Vec::new(); self.ys()];
        for step in 0..self.length {
            let i = if self.reverse { self.length - 1 - step } else { step };
            let args: Vec<Array> =
                consts.iter().cloned().chain(carries.iter().cloned()).chain(slice(xs, i)).collect();
            let mut next = run(&self.body, &args);
            next.drain(self.carries..).zip(&mut ys).for_each(|(y, ys)| ys.push(y));
            carries = next;
        }
        if self.reverse {
            ys.iter_mut().for_each(|ys| ys.reverse());
        }
        carries.extend(ys.iter().zip(&tys[self.carries..]).map(|(ys, ty)| stack(ys, ty)));
        carries
    }

    fn saving(&self) -> Option<Op> {
        if self.saves {
            return None;
        }
        let mut body = (*self.body).clone();
        let (_, carries, _) = self.groups(self.body.inputs());
        body.set_outputs([self.body.outputs(), carries].concat());
        Some(Scan { saves: true, body: Arc::new(body), ..self.clone() }.into())
    }

    fn vjp(&self, cx: MultiVjp<'_>) -> Result<Cotangents, TypeError> {
        reverse(self, cx)
    }

    fn jvp(&self, cx: MultiJvp<'_>) -> Result<(Operands, Tangents), TypeError> {
        let mut on: Vec<bool> = cx.tangents.iter().map(Option::is_some).collect();
        spread(&self.body, &mut on, self.consts, self.carries);
        let moves = reached(&self.body, &on);
        let along = tangents(cx.graph, cx.args, cx.tangents, &on)?;
        let (on_c, on_y, _) = self.groups(&on);
        let counts = (count(on_c), count(on_y));
        let ((c, y, x), (ct, rest)) = (self.groups(cx.args), along.split_at(counts.0));
        let (yt, xt) = rest.split_at(counts.1);
        let operands = [c, ct, y, yt, x, xt].concat();
        let (ic, iy, ix) = self.groups(self.body.inputs());
        let derivative = jvp(&self.body, &chosen(self.body.inputs(), &on))?;
        let slices = [
            ic.to_vec(),
            chosen(ic, on_c),
            iy.to_vec(),
            chosen(iy, on_y),
            ix.to_vec(),
            chosen(ix, &on[self.consts + self.carries..]),
        ];
        let tys: Vec<Ty> = slices.concat().into_iter().map(|v| self.body.ty(v).clone()).collect();
        let body = closed(tys, |g, mut args| {
            let mut groups = slices.iter().map(|group| {
                let (own, rest) = args.split_at(group.len());
                args = rest;
                own
            });
            let mut next = || groups.next().unwrap_or_default();
            let (c, ct, y, yt, x, xt) = (next(), next(), next(), next(), next(), next());
            let results = g.inline(&derivative, &[c, y, x, ct, yt, xt].concat())?;
            let (values, moved) = results.split_at(moves.len());
            let ((y, ys), (yt, yst)) = (values.split_at(self.carries), moved.split_at(self.carries));
            Ok([y, &chosen(yt, on_y), ys, &chosen(yst, &moves[self.carries..])].concat())
        })?;
        let op = Scan {
            consts: c.len() + ct.len(),
            carries: y.len() + yt.len(),
            saves: false,
            body,
            ..self.clone()
        };
        let results = cx.graph.push_all(op, &operands)?;
        let (y, rest) = results.split_at(self.carries);
        let (yt, rest) = rest.split_at(counts.1);
        let (ys, yst) = rest.split_at(self.ys());
        let (mut yt, mut yst) = (yt.iter().copied(), yst.iter().copied());
        let carried = on_y.iter().map(|on| if *on { yt.next() } else { None });
        let along = carried
            .chain(moves[self.carries..].iter().map(|on| if *on { yst.next() } else { None }))
            .collect();
        Ok(([y, ys].concat().into(), along))
    }

    fn batch(&self, cx: Batch<'_>) -> Result<Batched, TypeError> {
        let (end, size) = (common_end(&cx), cx.size);
        let mut on: Vec<bool> = cx.axes.iter().map(Option::is_some).collect();
        let (body, held) = loop {
            let (body, held) = batched(&self.body, &on, end, size)?;
            let before = count(&on);
            (0..self.carries).for_each(|i| on[self.consts + i] |= held[i].is_some());
            if count(&on) == before {
                break (body, held);
            }
        };
        // Carries are batched as soon as they are in any iteration; other results where they are.
        let of_result = |k: usize| {
            if k < self.carries {
                on[self.consts + k]
            } else {
                held[k].is_some() || self.saved(k).is_some_and(|i| on[self.consts + i])
            }
        };
        let held_at = |(i, ty): (usize, &Ty)| if on[i] { batch_ty(ty, end, size) } else { ty.clone() };
        let tys: Vec<Ty> = inputs(&self.body).enumerate().map(held_at).collect();
        let step = closed(tys, |g, x| {
            let results = g.inline(&body, x)?;
            let place = |(k, v): (usize, Val)| {
                if of_result(k) { with_batch_at(g, v, held[k], end, size) } else { Ok(v) }
            };
            results.into_iter().enumerate().map(place).collect()
        })?;
        let split = self.consts + self.carries;
        let operands = (0..cx.args.len()).map(|i| {
            let x = cx.args[i];
            let rank = cx.graph.ty(x).rank();
            match (on[i], cx.axes[i]) {
                // After the dimension of the iterations.
                (true, Some(axis)) if i >= split => {
                    cx.graph.move_axis(x, axis, if end == End::Front { 1 } else { rank - 1 })
                }
                (true, axis) => with_batch_at(cx.graph, x, axis, end, size),
                (false, _) => Ok(x),
            }
        });
        let operands = operands.collect::<Result<Vec<Val>, TypeError>>()?;
        let results = cx.graph.push_all(Scan { body: step, ..self.clone() }, &operands)?;
        let axis = |(k, v): (usize, Val)| {
            let stacked = usize::from(k >= self.carries);
            (v, of_result(k).then(|| stacked + end.axis(cx.graph.ty(v).rank() - 1 - stacked)))
        };
        Ok(results.into_iter().enumerate().map(axis).collect())
    }

    fn hlo(&self, _args: &[Ty]) -> Hlo {
        Hlo::ExpandOp(expand)
    }

    fn samples() -> Vec<Sample> {
        samples().unwrap_or_default()
    }
}

impl Scan {
    /// Which carry result `k` saves.
    fn saved(&self, k: usize) -> Option<usize> {
        let first = self.body.outputs().len() - self.carries;
        if self.saves && k >= first { Some(k - first) } else { None }
    }
}

/// The reverse derivative: a scan the other way, whose carries are the derivatives by the carries and, summed up, by the
/// constants. Each iteration is computed again from the carries it took, which `saving` has kept.
fn reverse(op: &Scan, cx: MultiVjp<'_>) -> Result<Cotangents, TypeError> {
    let none = || cx.args.iter().map(|_| None).collect();
    let floats: Vec<bool> = inputs(&op.body).map(|ty| ty.dtype.is_float()).collect();
    let mut on: Vec<bool> = cx.wanted.iter().zip(&floats).map(|(w, f)| *w && *f).collect();
    spread(&op.body, &mut on, op.consts, op.carries);
    if !op.saves || !on.contains(&true) {
        return Ok(none());
    }
    let (on_c, on_y, on_x) = op.groups(&on);
    // The derivative by a carry arrives in any iteration; by a `y` where it has been asked for.
    let seeded: Vec<bool> =
        (0..cx.cts.len()).map(|k| if k < op.carries { on_y[k] } else { cx.cts[k].is_some() }).collect();
    let back = pullback(&op.body, &chosen(op.body.inputs(), &on), &seeded)?;

    let saved = &cx.outs[cx.outs.len() - op.carries..];
    let (c, y, x) = op.groups(cx.args);
    let g = cx.graph;
    let by_y = tangents(g, y, &cx.cts[..op.carries], on_y)?;
    let by_c = tangents(g, c, &vec![None; c.len()], on_c)?;
    let by_ys: Vec<Val> = cx.cts[op.carries..].iter().flatten().copied().collect();
    let operands = [c, &by_y, &by_c, saved, x, &by_ys].concat();
    let carries = by_y.len() + by_c.len();
    let tys: Vec<Ty> = operands
        .iter()
        .enumerate()
        .map(|(i, v)| {
            let ty = g.ty(*v);
            if i < c.len() + carries { ty.clone() } else { ty.with_dims(ty.dims[1..].iter().copied()) }
        })
        .collect();
    let sizes = [c.len(), by_y.len(), by_c.len(), saved.len() + x.len()];
    let body = closed(tys, |g, args| {
        let mut rest = args;
        let groups = sizes.map(|n| {
            let (group, after) = rest.split_at(n);
            rest = after;
            group
        });
        let [c, by_y, by_c, saved_and_x] = groups;
        let results = g.inline(&back, &[c, saved_and_x, by_y, rest].concat())?;
        let (add_c, results) = results.split_at(count(on_c));
        let (by_y, by_x) = results.split_at(count(on_y));
        let sums =
            by_c.iter().zip(add_c).map(|(sum, add)| g.add(*sum, *add)).collect::<Result<Vec<_>, _>>()?;
        Ok([by_y, &sums, by_x].concat())
    })?;
    if body.outputs().is_empty() {
        return Ok(none());
    }
    let op = Scan { carries, reverse: !op.reverse, saves: false, body, ..op.clone() };
    let results = g.push_all(op, &operands)?;
    let (by_y, rest) = results.split_at(by_y.len());
    let (by_c, by_x) = rest.split_at(by_c.len());
    let groups = [(on_c, by_c), (on_y, by_y), (on_x, by_x)];
    Ok(groups
        .into_iter()
        .flat_map(|(on, by)| {
            let mut by = by.iter().copied();
            on.iter().map(|on| if *on { by.next() } else { None }).collect::<Vec<_>>()
        })
        .collect())
}

/// The scan as a while: its operands that change are a counter, the carries, and the `y`s, written slice by slice.
fn expand(op: &Op, g: &mut Graph, args: &[Val]) -> Result<Operands, TypeError> {
    let Op::Scan(scan) = op else {
        return Err(TypeError { op: "scan", operands: Vec::new(), expected: "a scan".into() });
    };
    let args_tys: Vec<Ty> = args.iter().map(|v| g.ty(*v).clone()).collect();
    let tys = MultiRules::infer(scan, &args_tys)?;
    let (c, y, x) = scan.groups(args);
    let empty =
        tys[scan.carries..].iter().map(|ty| g.full(ty, 0.0)).collect::<Result<Vec<Val>, TypeError>>()?;
    if scan.length == 0 {
        return Ok(y.iter().chain(&empty).copied().collect());
    }
    // 32 bits where they suffice: cheaper on accelerators.
    let dtype = if i32::try_from(scan.length).is_ok() { DType::I32 } else { DType::I64 };
    let number = Ty::scalar(dtype);
    let start = g.full(&number, 0.0)?;
    let operands = [c, x, &[start], y, &empty].concat();
    let tys: Vec<Ty> = operands.iter().map(|v| g.ty(*v).clone()).collect();
    let counter = c.len() + x.len();
    let cond = closed(tys.iter().cloned(), |g, v| {
        let length = g.constant(Array::filled(&number, scan.length as f64))?;
        Ok(vec![g.lt(v[counter], length)?])
    })?;
    let body = closed(tys, |g, v| {
        let (consts, rest) = v.split_at(c.len());
        let (xs, rest) = rest.split_at(x.len());
        let (carries, ys) = rest[1..].split_at(y.len());
        let at = if scan.reverse {
            let last = g.constant(Array::filled(&number, (scan.length - 1) as f64))?;
            g.sub(last, v[counter])?
        } else {
            v[counter]
        };
        let slices = xs.iter().map(|x| read(g, *x, at)).collect::<Result<Vec<Val>, TypeError>>()?;
        let results = g.inline(&scan.body, &[consts, carries, &slices].concat())?;
        let one = g.full(&number, 1.0)?;
        let mut next = vec![g.add(v[counter], one)?];
        next.extend(&results[..y.len()]);
        for (y, slice) in ys.iter().zip(&results[y.len()..]) {
            next.push(write(g, *y, *slice, at)?);
        }
        Ok(next)
    })?;
    let results = g.push_all(While { cond, body }, &operands)?;
    Ok(results[1..].into())
}

/// The indices of the slice at position `at` of the first dimension.
fn indices(g: &mut Graph, rank: usize, at: Val) -> Result<Vec<Val>, TypeError> {
    let zero = g.full_like(at, 0.0)?;
    Ok((0..rank).map(|k| if k == 0 { at } else { zero }).collect())
}

fn read(g: &mut Graph, x: Val, at: Val) -> Result<Val, TypeError> {
    let dims = g.ty(x).dims.clone();
    let mut sizes: Dims = dims.clone();
    sizes[0] = 1;
    let operands = [&[x], &indices(g, dims.len(), at)?[..]].concat();
    let row = g.push(DynamicSlice { sizes }, &operands)?;
    g.reshape(row, &dims[1..])
}

fn write(g: &mut Graph, y: Val, slice: Val, at: Val) -> Result<Val, TypeError> {
    let mut dims = g.ty(y).dims.clone();
    dims[0] = 1;
    let row = g.reshape(slice, &dims)?;
    let operands = [&[y, row], &indices(g, dims.len(), at)?[..]].concat();
    g.push(DynamicUpdateSlice, &operands)
}

/// A recurrence with a constant, two carries of different types, slices read and written; forwards and backwards.
fn samples() -> Result<Vec<Sample>, TypeError> {
    let (scalar, pair, int) = (Ty::scalar(DType::F64), Ty::new(DType::F64, [2]), Ty::scalar(DType::I64));
    let body = closed([scalar.clone(), pair.clone(), int.clone(), pair, scalar], |g, v| {
        let wide = g.broadcast_to(v[0], &[2])?;
        let grown = g.mul(v[1], wide)?;
        let sine = g.push(Sin, &[grown])?;
        let carry = g.add(sine, v[3])?;
        let (one, term) = (g.full(&int, 1.0)?, g.broadcast_to(v[4], &[2])?);
        let y = g.mul(carry, term)?;
        Ok(vec![carry, g.add(v[2], one)?, y, g.sum_all(v[1])?])
    })?;
    let op = |length: usize, reverse: bool| Scan {
        consts: 1,
        carries: 2,
        length,
        reverse,
        saves: false,
        body: body.clone(),
    };
    let args = |length: usize| {
        let xs = Array::from((0..2 * length).map(|i| 0.3 * i as f64 - 0.5).collect::<Vec<_>>());
        let xs = xs.reshape([length, 2]).unwrap_or(xs);
        let scales = Array::from((0..length).map(|i| 1.0 - 0.4 * i as f64).collect::<Vec<_>>());
        [Array::scalar(0.8), Array::from([0.5, -0.2]), Array::scalar(3i64), xs, scales]
    };
    Ok(vec![
        Sample::smooth(op(3, false), args(3)),
        Sample::smooth(op(4, true), args(4)),
        Sample::smooth(op(1, false), args(1)),
        Sample::smooth(op(0, false), args(0)),
    ])
}
