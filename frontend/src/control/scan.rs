//! Loops over slices.

use std::sync::Arc;

use pyroxene_ir::{Dims, Flow, Loc, Ty, ops};

use super::{
    carry::settle,
    inside::{Around, Recorded},
    promoted::Over,
    sites::{declare, outside_plates, push},
};
use crate::{
    closure::{Tensors, close, leaves, rewired, tensors, types, with_leaves, wrong_leaf},
    handlers::{Message, SiteType, dispatch},
    tensor::Tensor,
    trace::{Captures, ErrorKind, apply, apply_all, fail, unrecorded},
};

/// A loop over the slices of `xs` along their first dimension, with a carry (JAX's `lax.scan`): `f(carry, slices)` gives the
/// next carry and slices of the result. Returns the last carry, and the results stacked.
///
/// `f` is recorded once, whatever the length. Derivatives pass in both modes. For other directions and loops without
/// slices see [`Scan`].
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // An exponential moving average.
/// let smooth = pyroxene_frontend::eval(|| {
///     let x = Tensor::from([1.0, 2.0, 4.0]);
///     scan(Tensor::from(0.0), x, |level, x| {
///         let level = *level * 0.5 + *x * 0.5;
///         (level, level)
///     }).1
/// })?;
/// assert_eq!(smooth.to_f64_vec(), [0.5, 1.25, 2.625]);
/// # Ok(()) }
/// ```
///
/// In a model, `f` may call `sample`, `deterministic`, `factor` and plates (NumPyro's `contrib.control_flow.scan`). To the
/// program, and to handlers around, such a site is one site of all iterations, along a new first dimension. It takes a key
/// of its own from each iteration's; `condition` and `substitute` around take values of all iterations, or of the first
/// ones, which the others draw after; `mask` and `scale` around apply to all. Values keep the places of their slices in a
/// reversed loop too. Plates belong inside `f`.
///
/// ```
/// use pyroxene_frontend::prelude::*;
///
/// fn random_walk(y: &Tensor) {
///     let start = sample("start", Normal::new(0.0, 1.0));
///     scan(start, *y, |x, y| {
///         let x = sample("x", Normal::new(*x, 0.5)); // outside: as many as `y` has elements
///         sample("y", Normal::new(x, 1.0).obs(*y));
///         (x, ())
///     });
/// }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let program = pyroxene_frontend::Model::new(random_walk).trace(&Array::from([1.0, 2.0, 3.0]))?;
/// assert_eq!(program.layout()[1].ty.dims.as_slice(), [3]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// Recorded with the caller's line: `xs` of different lengths, a carry whose type changes; with primitives inside, a plate
/// around, checkpoints, a value given from outside whose first dimension is longer than the loop.
#[track_caller]
pub fn scan<C: Tensors, X: Tensors, Y: Tensors>(init: C, xs: X, f: impl Fn(&C, &X) -> (C, Y)) -> (C, Y) {
    Scan::over(xs).run(init, f)
}

/// What a loop runs over, and how.
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let powers = pyroxene_frontend::eval(|| {
///     Scan::times(4).run(Tensor::from(1.0), |p, ()| (*p * 2.0, *p)).1
/// })?;
/// assert_eq!(powers.to_f64_vec(), [1.0, 2.0, 4.0, 8.0]);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Scan<X> {
    xs: X,
    times: Option<usize>,
    reverse: bool,
    every: Option<usize>,
    /// Whether it is a part of a loop with checkpoints, which records its function more than once.
    part: bool,
}

impl Scan<()> {
    /// A number of iterations without slices.
    pub fn times(n: usize) -> Scan<()> {
        Scan { xs: (), times: Some(n), reverse: false, every: None, part: false }
    }
}

impl<X: Tensors> Scan<X> {
    /// The slices of every leaf along its first dimension.
    pub fn over(xs: X) -> Scan<X> {
        Scan { xs, times: None, reverse: false, every: None, part: false }
    }

    /// From the last slice to the first; results keep the places of their slices.
    #[must_use]
    pub fn reverse(mut self) -> Scan<X> {
        self.reverse = true;
        self
    }

    /// For the reverse derivative, keeps the carry of every `n`-th iteration only, and computes the others again. Of a
    /// loop over `T` slices that is memory for `T/n + n` carries rather than `T`, least at `n = √T`. The function then is
    /// recorded more than once, and calls no primitives.
    #[must_use]
    pub fn checkpoint(mut self, n: usize) -> Scan<X> {
        self.every = Some(n.max(1));
        self
    }

    /// The loop; see [`scan`].
    #[track_caller]
    pub fn run<C: Tensors, Y: Tensors>(self, init: C, f: impl Fn(&C, &X) -> (C, Y)) -> (C, Y) {
        let loc = Loc::caller();
        let looped = self.length(&loc).and_then(|length| match self.every {
            Some(n) if n < length => self.in_segments(length, n, &init, &f, &loc),
            _ => self.looped(length, &init, &f, &loc),
        });
        looped.unwrap_or_else(|| nothing(&f, &init, &self.xs))
    }

    /// The number of iterations.
    fn length(&self, loc: &Loc) -> Option<usize> {
        let mut length = self.times;
        for (path, x) in leaves(&self.xs) {
            let ty = crate::trace::type_of(x)?;
            match (ty.dims.first(), length) {
                (Some(n), None) => length = Some(*n),
                (Some(n), Some(m)) if *n == m => {}
                (Some(_), Some(m)) => {
                    wrong_leaf("scan", &path, ty, &format!("the leaves before have {m} slices"), loc);
                    return None;
                }
                (None, _) => {
                    wrong_leaf("scan", &path, ty, "a scalar has no slices: let the function capture it", loc);
                    return None;
                }
            }
        }
        if length.is_none() {
            let found = "scan: nothing says the number of iterations".to_string();
            fail(ErrorKind::Usage { found, help: "use `Scan::times(n)`".into() }, loc.clone());
        }
        length
    }

    fn looped<C: Tensors, Y: Tensors>(
        &self,
        length: usize,
        init: &C,
        f: &dyn Fn(&C, &X) -> (C, Y),
        loc: &Loc,
    ) -> Option<(C, Y)> {
        let mut made = None;
        dispatch(Message::new(SiteType::ControlFlow, "", loc.clone()), |message| {
            made = self.recorded(length, init, f, message);
        });
        made
    }

    fn recorded<C: Tensors, Y: Tensors>(
        &self,
        length: usize,
        init: &C,
        f: &dyn Fn(&C, &X) -> (C, Y),
        message: &Message,
    ) -> Option<(C, Y)> {
        let (xs, loc) = (tensors(&self.xs), &message.loc);
        let slices: Vec<Ty> =
            types(&xs)?.iter().map(|ty| ty.with_dims(ty.dims[1..].iter().copied())).collect();
        let pair = (with_leaves(init, &[]), with_leaves(&self.xs, &[]));
        let steps = (!message.given.is_empty()).then(|| (length, Tensor::arange(length)));
        let around = Around { name: "scan", loc, given: &message.given, steps };
        let (mut captures, mut inside) = (Captures::default(), None);
        let record = |carries: &[Ty]| {
            captures = Captures::default();
            let tys = [carries, &slices].concat();
            if self.part {
                return close("scan with checkpoints", loc, &pair, &tys, &mut captures, |(c, x)| f(c, x));
            }
            let (closed, recorded) = around.record(&pair, &tys, &mut captures, |(c, x)| f(c, x))?;
            inside = Some(recorded);
            Some(closed)
        };
        let (carries, closed) = settle("scan", init, record, loc)?;
        let captured = captures.tensors();
        let (c, y, k) = (carries.len(), xs.len(), captured.len());
        let results = match inside.filter(|recorded| !recorded.is_pure()) {
            Some(inside) => self.with_sites(length, [&captured, &carries, &xs], &inside, message)?,
            None => {
                let operands = [&captured[..], &carries, &xs].concat();
                let tys = [types(&captured)?, types(&carries)?, slices].concat();
                let places: Vec<usize> = (k..k + c + y).chain(0..k).collect();
                let body = rewired(&closed.graph, &tys, &places);
                let body = Arc::new(body.map_err(|e| fail(ErrorKind::Type(e), loc.clone())).ok()?);
                let results = body.outputs().len();
                if results == 0 {
                    return Some(closed.shape);
                }
                let op =
                    ops::Scan { consts: k, carries: c, length, reverse: self.reverse, saves: false, body };
                apply_all(op, &operands, results, loc.clone())
            }
        };
        Some((with_leaves(&closed.shape.0, &results[..c]), with_leaves(&closed.shape.1, &results[c..])))
    }

    /// The results of a loop whose function calls primitives, from its constants, carries and stacks of slices.
    fn with_sites(
        &self,
        length: usize,
        [captured, carries, xs]: [&Vec<Tensor>; 3],
        inside: &Recorded,
        message: &Message,
    ) -> Option<Vec<Tensor>> {
        outside_plates("scan", message)?;
        let body = &inside.body;
        let own = body.graph.inputs()[..carries.len() + xs.len()].iter();
        let inputs = body.captured.iter().chain(own).chain(body.slices.iter().map(|(_, v)| v));
        let inputs: Vec<_> = inputs.map(|v| (body.graph.ty(*v).clone(), Some(*v))).collect();
        let given = body.slices.iter().map(|(outer, _)| outer);
        let operands: Vec<Tensor> = captured.iter().chain(carries).chain(xs).chain(given).copied().collect();
        let reads = inside.all_reads(&inside.declared)?;
        let region = inside.region(&inputs, &reads, &message.loc)?;
        let (outputs, n) = (body.graph.outputs().len(), region.outputs().len());
        let (consts, carries, reverse) = (captured.len(), carries.len(), self.reverse);
        if n == 0 {
            return Some(Vec::new());
        }
        let results = push("scan", message, &operands, n, |g| Flow::Scan {
            consts,
            carries,
            length,
            reverse,
            body: g.add_region(region),
        });
        declare(&[inside], Over::Iterations(length), &results[outputs..])?;
        Some(results)
    }

    /// The same kind of loop over other slices.
    fn over_others(&self, xs: &[Tensor]) -> Scan<X> {
        Scan { xs: with_leaves(&self.xs, xs), times: None, reverse: self.reverse, every: None, part: true }
    }

    /// A loop over segments of `n` iterations, each a loop itself, and then one over the rest.
    fn in_segments<C: Tensors, Y: Tensors>(
        &self,
        length: usize,
        n: usize,
        init: &C,
        f: &dyn Fn(&C, &X) -> (C, Y),
        loc: &Loc,
    ) -> Option<(C, Y)> {
        let segments = length / n;
        // What is left over comes last in the order of the iterations.
        let first = if self.reverse { length - segments * n } else { 0 };
        let last = if self.reverse { 0 } else { segments * n };
        let xs = tensors(&self.xs);
        let part = |from: usize, count: usize| xs.iter().map(move |x| rows(*x, from, count, loc));
        let whole: Vec<Tensor> =
            part(first, segments * n).map(|x| regroup(x, 1, &[segments, n], loc)).collect();
        let segment = |c: &C, x: &X| {
            let steps = self.over_others(&tensors(x)).looped(n, c, f, loc);
            steps.unwrap_or_else(|| nothing(f, c, x))
        };
        let (carry, ys) = self.over_others(&whole).looped(segments, init, &segment, loc)?;
        let rest: Vec<Tensor> = part(last, length - segments * n).collect();
        let (carry, tail) = self.over_others(&rest).looped(length - segments * n, &carry, f, loc)?;
        let ys = tensors(&ys).into_iter().map(|y| regroup(y, 2, &[segments * n], loc));
        let joined = ys.zip(tensors(&tail)).map(|(y, t)| {
            let parts = if self.reverse { [t, y] } else { [y, t] };
            apply(ops::Concatenate { axis: 0 }, &parts, loc.clone())
        });
        let joined: Vec<Tensor> = joined.collect();
        Some((carry, with_leaves(&tail, &joined)))
    }
}

/// The structure of a loop's result, for where recording has failed.
fn nothing<C: Tensors, X: Tensors, Y: Tensors>(f: &dyn Fn(&C, &X) -> (C, Y), c: &C, x: &X) -> (C, Y) {
    let (carry, y) = unrecorded(|| f(&with_leaves(c, &[]), &with_leaves(x, &[])));
    (with_leaves(&carry, &[]), with_leaves(&y, &[]))
}

/// The slices from `from` on along the first dimension.
fn rows(x: Tensor, from: usize, count: usize, loc: &Loc) -> Tensor {
    let dims = x.dims();
    let (mut start, mut limit, stride): (Dims, Dims, Dims) =
        (dims.iter().map(|_| 0).collect(), dims.clone(), dims.iter().map(|_| 1).collect());
    (start[0], limit[0]) = (from, from + count);
    apply(ops::Slice { start, limit, stride }, &[x], loc.clone())
}

/// The tensor with its first `n` dimensions replaced by others of the same product.
fn regroup(x: Tensor, n: usize, first: &[usize], loc: &Loc) -> Tensor {
    let dims: Dims = first.iter().copied().chain(x.dims().into_iter().skip(n)).collect();
    apply(ops::Reshape { dims }, &[x], loc.clone())
}
