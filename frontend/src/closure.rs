//! Functions given to operations: recorded as closed graphs over trees of tensors, and their results put back together.

use pyroxene_ir::{Graph, Loc, Phase, Role, Ty, TypeError, Val, passes::PassError};

use crate::{
    tensor::Tensor,
    trace::{self, Captures, ErrorKind, TraceError, build_all, fail, type_of},
    tree::{Path, Tree, Visit},
};

/// A tree of tensors that can be taken apart and put together again.
pub trait Tensors: Tree<Tensor, With<Tensor> = Self> {}

impl<T: Tree<Tensor, With<Tensor> = T>> Tensors for T {}

/// The leaves, each with its path.
pub(crate) fn leaves<T: Tensors>(tree: &T) -> Vec<(String, Tensor)> {
    let mut out = Vec::new();
    tree.visit(&mut Path::default(), &mut |path, visit| {
        if let Visit::Leaf(leaf) = visit {
            out.push((path.to_string(), *leaf));
        }
    });
    out
}

pub(crate) fn tensors<T: Tensors>(tree: &T) -> Vec<Tensor> {
    leaves(tree).into_iter().map(|(_, t)| t).collect()
}

/// The same tree with other leaves; one that is missing is poison.
pub(crate) fn with_leaves<T: Tensors>(tree: &T, leaves: &[Tensor]) -> T {
    let mut next = leaves.iter();
    let filled = tree.try_map(&mut Path::default(), &mut |_, _| {
        Ok::<_, std::convert::Infallible>(next.next().copied().unwrap_or(Tensor::POISON))
    });
    match filled {
        Ok(tree) => tree,
        Err(never) => match never {},
    }
}

/// The types of tensors; `None` where one has none, because making it has failed.
pub(crate) fn types(tensors: &[Tensor]) -> Option<Vec<Ty>> {
    tensors.iter().map(|t| type_of(*t)).collect()
}

/// A function recorded as a closed graph, and the tree that its outputs form.
pub(crate) struct Closed<O> {
    /// It takes the leaves of the arguments, then captures.
    pub(crate) graph: Graph,
    /// The result, whose leaves belong to a trace that is over.
    pub(crate) shape: O,
}

/// Records `f` on symbols of the types `tys`, one for each leaf of `args`; `None` if that failed, which is reported.
pub(crate) fn close<I: Tensors, O: Tensors>(
    name: &'static str,
    loc: &Loc,
    args: &I,
    tys: &[Ty],
    captures: &mut Captures,
    f: impl FnOnce(&I) -> O,
) -> Option<Closed<O>> {
    let mut shape = None;
    let paths: Vec<String> = leaves(args).into_iter().map(|(path, _)| path).collect();
    let inputs: Vec<(&str, Ty)> = paths.iter().map(String::as_str).zip(tys.iter().cloned()).collect();
    let graph = trace::closure(name, loc, &inputs, captures, |symbols| {
        let result = f(&with_leaves(args, symbols));
        let outputs = tensors(&result);
        shape = Some(result);
        outputs
    })?;
    Some(Closed { graph, shape: shape? })
}

/// The graph with inputs of these types, input `i` of the given graph being number `places[i]`.
pub(crate) fn rewired(graph: &Graph, tys: &[Ty], places: &[usize]) -> Result<Graph, TypeError> {
    let mut out = Graph::new(Phase::Pure);
    let args: Vec<Val> = tys.iter().map(|ty| out.input("x", Role::Argument, ty.clone())).collect();
    let args: Vec<Val> = places.iter().map(|i| args[*i]).collect();
    let outputs = out.graft(graph, &args)?;
    out.set_outputs(outputs);
    Ok(out)
}

/// Records the outputs of a closed graph on these arguments.
pub(crate) fn graft(name: &'static str, graph: &Graph, args: &[Tensor], loc: &Loc) -> Vec<Tensor> {
    let n = graph.outputs().len();
    if n == 0 {
        return Vec::new();
    }
    build_all(name, args, n, loc.clone(), |g, v| g.graft(graph, v))
}

/// Reports what a pass on a recorded function found wrong, at the user's line where it is known.
pub(crate) fn refuse(error: PassError, loc: &Loc) {
    match error {
        PassError::Type { loc: at, source, .. } => {
            fail(ErrorKind::Type(*source), at.unwrap_or_else(|| loc.clone()));
        }
        other => {
            let help = "see what the function does there".to_string();
            let kind = ErrorKind::Usage { found: other.to_string(), help };
            trace::report(TraceError { loc: loc.clone(), site: None, during: None, kind });
        }
    }
}

/// Reports a leaf that is not what an operation needs.
pub(crate) fn wrong_leaf(name: &str, path: &str, found: impl std::fmt::Display, help: &str, loc: &Loc) {
    let leaf = if path.is_empty() { String::new() } else { format!(" `{path}`") };
    let found = format!("{name}: leaf{leaf} is {found}");
    fail(ErrorKind::Usage { found, help: help.into() }, loc.clone());
}

/// Whether derivatives can be by every leaf; those that are no floats are reported.
pub(crate) fn all_floats<T: Tensors>(name: &str, tree: &T, loc: &Loc) -> bool {
    let mut fine = true;
    for (path, leaf) in leaves(tree) {
        let Some(ty) = type_of(leaf) else { return false };
        if !ty.dtype.is_float() {
            let help =
                "derivatives are by floating-point values: let the function take this one from outside";
            wrong_leaf(name, &path, ty, help, loc);
            fine = false;
        }
    }
    fine
}

/// The structure of the result of `f`, with nothing in it: for where recording `f` has failed, which is reported.
pub(crate) fn without_value<I: Tensors, O: Tensors>(f: impl Fn(&I) -> O, x: &I) -> O {
    // Operations on poison record nothing, so that no error is told twice.
    with_leaves(&f(&with_leaves(x, &[])), &[])
}
