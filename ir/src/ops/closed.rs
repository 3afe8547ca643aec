//! What ops with graphs inside share: making such graphs, and finding which of a loop's values a derivative or batch
//! reaches.

use std::sync::Arc;

use super::{Batch, batching::End, tangents::or_zeros};
use crate::{
    array::Array,
    error::TypeError,
    eval::eval,
    graph::{Graph, Phase, Role, Val},
    passes::{batch, influences},
    types::Ty,
};

/// A closed graph with inputs of these types; `f` returns its outputs.
///
/// # Errors
/// Those of `f`.
pub fn closed(
    inputs: impl IntoIterator<Item = Ty>,
    f: impl FnOnce(&mut Graph, &[Val]) -> Result<Vec<Val>, TypeError>,
) -> Result<Arc<Graph>, TypeError> {
    let mut g = Graph::new(Phase::Pure);
    let args: Vec<Val> = inputs.into_iter().map(|ty| g.input("x", Role::Argument, ty)).collect();
    let outputs = f(&mut g, &args)?;
    g.set_outputs(outputs);
    Ok(Arc::new(g))
}

/// The types of a graph's inputs.
pub(super) fn inputs(region: &Graph) -> impl Iterator<Item = &Ty> + Clone {
    region.inputs().iter().map(|v| region.ty(*v))
}

/// The types of a graph's outputs.
pub(super) fn outputs(region: &Graph) -> impl Iterator<Item = &Ty> + Clone {
    region.outputs().iter().map(|v| region.ty(*v))
}

/// Whether a graph is pure and takes values of these types.
pub(super) fn takes<'a>(region: &Graph, args: impl IntoIterator<Item = &'a Ty>) -> bool {
    region.phase() == Phase::Pure && inputs(region).eq(args)
}

/// The outputs for these arguments.
pub(super) fn run(region: &Graph, args: &[Array]) -> Vec<Array> {
    // The type rule has compared the arguments with the inputs, and a pure graph has no sites.
    eval(region, args).unwrap_or_else(|_| outputs(region).map(Array::zeros).collect())
}

/// Extends `on`, a flag for each input of a loop's body, to the carries that come to depend on those in some iteration;
/// the carries are the inputs from `first` on, and the body's first outputs.
pub(super) fn spread(body: &Graph, on: &mut [bool], first: usize, carries: usize) {
    loop {
        let reached = reached(body, on);
        let before = on.iter().filter(|on| **on).count();
        for i in 0..carries {
            on[first + i] |= reached[i];
        }
        if on.iter().filter(|on| **on).count() == before {
            return;
        }
    }
}

/// Which outputs are floats that depend on the inputs that are `on`.
pub(super) fn reached(body: &Graph, on: &[bool]) -> Vec<bool> {
    let live = influences(body, &chosen(body.inputs(), on));
    body.outputs().iter().map(|v| live[v.index()] && body.ty(*v).dtype.is_float()).collect()
}

/// The elements whose flag is set.
pub(super) fn chosen<T: Copy>(list: &[T], on: &[bool]) -> Vec<T> {
    list.iter().zip(on).filter(|(_, on)| **on).map(|(x, _)| *x).collect()
}

/// Tangents of the operands that are `on`, zeros where there is none.
pub(super) fn tangents(
    g: &mut Graph,
    args: &[Val],
    given: &[Option<Val>],
    on: &[bool],
) -> Result<Vec<Val>, TypeError> {
    let chosen = args.iter().zip(given).zip(on).filter(|(_, on)| **on);
    chosen.map(|((x, t), _)| or_zeros(g, *x, *t)).collect()
}

/// The same graph over a batch, which inputs that are `on` hold at this end.
pub(super) fn batched(
    region: &Graph,
    on: &[bool],
    end: End,
    size: usize,
) -> Result<(Graph, Vec<Option<usize>>), TypeError> {
    let axes: Vec<Option<usize>> =
        inputs(region).zip(on).map(|(ty, on)| on.then(|| end.axis(ty.rank()))).collect();
    Ok(batch(region, &axes, size)?)
}

/// The type of a batch of values of type `ty`.
pub(super) fn batch_ty(ty: &Ty, end: End, size: usize) -> Ty {
    ty.with_dims(end.with(size, &ty.dims))
}

/// Where the batch of several operands should go: to the back if all have it there, else to the front.
pub(super) fn common_end(cx: &Batch<'_>) -> End {
    let at_back = |(x, axis): (&Val, &Option<usize>)| {
        axis.is_none_or(|axis| axis > 0 && axis + 1 == cx.graph.ty(*x).rank())
    };
    if cx.args.iter().zip(cx.axes).all(at_back) { End::Back } else { End::Front }
}

/// `x`, a value for each member along `axis` or one for all, with the batch at `end`.
pub(super) fn with_batch_at(
    g: &mut Graph,
    x: Val,
    axis: Option<usize>,
    end: End,
    size: usize,
) -> Result<Val, TypeError> {
    let rank = g.ty(x).rank();
    match axis {
        Some(axis) => g.move_axis(x, axis, end.axis(rank - 1)),
        None => g.repeat_along(x, end.axis(rank), size),
    }
}
