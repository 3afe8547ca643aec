//! Choices between functions.

use std::sync::Arc;

use pyroxene_ir::{DType, Flow, Loc, Ty, ops};

use super::{
    inside::{Around, Recorded},
    promoted::Over,
    sites::{declare, outside_plates, push, same_sites},
};
use crate::{
    closure::{Closed, Tensors, leaves, rewired, types, with_leaves, wrong_leaf},
    handlers::{Message, SiteType, dispatch},
    tensor::Tensor,
    trace::{Captures, ErrorKind, apply_all, fail, type_of, unrecorded},
};

/// The result of `if_true` where `on` holds, else of `if_false` (JAX's `lax.cond`): only the one chosen is computed, and
/// only its derivative. The functions take what they need from outside.
///
/// Over a batch of choices (under [`vmap`](crate::vmap)) both are computed and the results selected.
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let root = pyroxene_frontend::eval(|| {
///     let x = Tensor::from(4.0);
///     cond(x.greater(0.0), || x.sqrt(), || x * 0.0)
/// })?;
/// assert_eq!(root.to_f64_vec(), [2.0]);
/// # Ok(()) }
/// ```
///
/// In a model, the functions may call primitives (NumPyro's `contrib.control_flow.cond`): both the same ones, each site
/// with a distribution of the same kind. It is one site of the program; its value and its density are those of the function
/// chosen.
///
/// ```
/// use pyroxene_frontend::prelude::*;
///
/// fn model() {
///     let cluster = sample("cluster", Normal::new(0.0, 1.0));
///     let far = || sample("x", Normal::new(20.0, 1.0));
///     let near = || sample("x", Normal::new(0.0, 1.0));
///     cond(cluster.greater(0.0), far, near);
/// }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let program = pyroxene_frontend::Model::new(|(): &()| model()).trace(&())?;
/// assert_eq!(program.layout().len(), 2);
/// # Ok(()) }
/// ```
///
/// # Errors
/// Recorded with the caller's line: `on` is not one truth value; results of different types; with primitives inside,
/// sites that are not in both functions or differ in kind or shapes, a plate around.
#[track_caller]
pub fn cond<O: Tensors>(on: Tensor, if_true: impl Fn() -> O, if_false: impl Fn() -> O) -> O {
    let loc = Loc::caller();
    if let Some(ty) = type_of(on).filter(|ty| *ty != Ty::scalar(DType::Bool)) {
        let found = format!("cond: the condition is {ty}");
        let help = "give one truth value; `select` chooses element by element".to_string();
        fail(ErrorKind::Usage { found, help }, loc);
        return nothing(&if_false);
    }
    // Branch 0 is the one for false.
    choose("cond", on.convert(DType::I32), &[&if_false, &if_true], loc)
}

/// The result of branch number `index`, which is moved into their range (JAX's `lax.switch`).
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let chosen = pyroxene_frontend::eval(|| {
///     let x = Tensor::from(3.0);
///     switch(Tensor::from(1i64), &[&|| x + 1.0, &|| x.square()])
/// })?;
/// assert_eq!(chosen.to_f64_vec(), [9.0]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// Recorded with the caller's line: an index that is no integer scalar; results of different types.
///
/// # Panics
/// Never; without branches the result is the error that says so, which needs a structure: hence at least one.
#[track_caller]
pub fn switch<O: Tensors, const N: usize>(index: Tensor, branches: &[&dyn Fn() -> O; N]) -> O {
    const { assert!(N > 0, "a switch needs at least one branch") }
    let loc = Loc::caller();
    if let Some(ty) = type_of(index).filter(|ty| ty.rank() > 0 || !ty.dtype.is_integer()) {
        let found = format!("switch: the index is {ty}");
        fail(ErrorKind::Usage { found, help: "give one integer".into() }, loc);
        return nothing(branches[0]);
    }
    let inside = index.maximum(0i64).minimum(N - 1);
    choose("switch", inside.convert(DType::I32), branches, loc)
}

fn choose<O: Tensors>(name: &'static str, index: Tensor, branches: &[&dyn Fn() -> O], loc: Loc) -> O {
    let mut made = None;
    dispatch(Message::new(SiteType::ControlFlow, "", loc), |message| {
        made = chosen(name, index, branches, message);
    });
    made.unwrap_or_else(|| nothing(branches[0]))
}

/// The structure of a result, for where recording has failed.
fn nothing<O: Tensors>(branch: &dyn Fn() -> O) -> O {
    with_leaves(&unrecorded(branch), &[])
}

fn chosen<O: Tensors>(
    name: &'static str,
    index: Tensor,
    branches: &[&dyn Fn() -> O],
    message: &Message,
) -> Option<O> {
    let loc = &message.loc;
    let around = Around { name, loc, given: &message.given, steps: None };
    let mut captures = Captures::default();
    let (mut closed, mut inside): (Vec<Closed<O>>, Vec<Recorded>) = (Vec::new(), Vec::new());
    for branch in branches {
        let (graph, recorded) = around.record(&(), &[], &mut captures, |()| branch())?;
        closed.push(graph);
        inside.push(recorded);
    }
    agree(name, &closed, loc)?;
    let captured = captures.tensors();
    let tys = types(&captured)?;
    let operands = [&[index], &captured[..]].concat();
    let (shape, n) = (&closed[0].shape, closed[0].graph.outputs().len());
    if !inside.iter().all(Recorded::is_pure) {
        let results = with_sites(name, &operands, &tys, &inside, message)?;
        return Some(with_leaves(shape, &results));
    }
    let wired = closed.iter().zip(&inside).map(|(branch, recorded)| {
        let places: Vec<usize> = (0..recorded.body.captured.len()).collect();
        rewired(&branch.graph, &tys, &places).map(Arc::new)
    });
    let branches = wired.collect::<Result<Vec<_>, _>>();
    let branches = branches.map_err(|e| fail(ErrorKind::Type(e), loc.clone())).ok()?;
    if n == 0 {
        return Some(with_leaves(shape, &[]));
    }
    Some(with_leaves(shape, &apply_all(ops::Switch { branches }, &operands, n, loc.clone())))
}

/// The results of a choice between functions that call primitives; captures are of the types `tys`.
fn with_sites(
    name: &'static str,
    operands: &[Tensor],
    tys: &[Ty],
    inside: &[Recorded],
    message: &Message,
) -> Option<Vec<Tensor>> {
    outside_plates(name, message)?;
    same_sites(name, inside, &message.loc)?;
    let region = |recorded: &Recorded| {
        let own = |(i, ty): (usize, &Ty)| (ty.clone(), recorded.body.captured.get(i).copied());
        let inputs: Vec<_> = tys.iter().enumerate().map(own).collect();
        recorded.region(&inputs, &recorded.all_reads(&inside[0].declared)?, &message.loc)
    };
    let regions = inside.iter().map(region).collect::<Option<Vec<_>>>()?;
    let (outputs, n) = (inside[0].body.graph.outputs().len(), regions[0].outputs().len());
    if n == 0 {
        return Some(Vec::new());
    }
    let results = push(name, message, operands, n, |g| Flow::Switch {
        branches: regions.into_iter().map(|region| g.add_region(region)).collect(),
    });
    let branches: Vec<&Recorded> = inside.iter().collect();
    declare(&branches, Over::Branches(operands[0]), &results[outputs..])?;
    Some(results)
}

/// Whether all branches return the same types; reported if not.
fn agree<O: Tensors>(name: &str, branches: &[Closed<O>], loc: &Loc) -> Option<()> {
    let first = &branches[0];
    let paths = leaves(&first.shape);
    for (i, branch) in branches.iter().enumerate().skip(1) {
        let (a, b) = (first.graph.outputs(), branch.graph.outputs());
        if a.len() != b.len() {
            let found = format!("{name}: branch 0 has {} results and branch {i} has {}", a.len(), b.len());
            fail(ErrorKind::Usage { found, help: "give all the same structure".into() }, loc.clone());
            return None;
        }
        for ((a, b), (path, _)) in a.iter().zip(b).zip(&paths) {
            let (a, b) = (first.graph.ty(*a), branch.graph.ty(*b));
            if a != b {
                let found = format!("{a} in branch 0 and {b} in branch {i}");
                wrong_leaf(name, path, found, "broadcast or convert one of them", loc);
                return None;
            }
        }
    }
    Some(())
}
