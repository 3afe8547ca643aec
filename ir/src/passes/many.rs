//! Many draws at once: a query's pure graph over a batch of positions, keys or values of sites.

use super::{PIPELINE, PassError, Query, batch, outputs_of};
use crate::{
    error::TypeError,
    graph::{Graph, Phase, Role, Val},
    threefry,
    types::{DType, Ty},
};

/// What [`many`] makes of a query.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Many {
    /// The number of draws.
    pub draws: usize,
    /// Given sites whose one value all draws share.
    pub shared: Vec<String>,
    /// The key is the one draw's own, as NumPyro has it where there is only one draw; else it is split.
    pub whole_key: bool,
    /// The sites to return of those that [`outputs_of`] lists; all unless given.
    pub sites: Option<Vec<String>>,
}

/// The graph that answers a query for many draws. Inputs are those of the single query, of which positions and values of
/// sites that are not shared have the draws as their first dimension. A key stays one and is split, by
/// `jax.random.split`; after it comes a `u32[]`, the number of its splits that belong to earlier draws. Results have the
/// draws as their first dimension.
///
/// # Errors
/// When the program cannot answer the query.
pub fn many(graph: &Graph, query: Query, how: &Many) -> Result<Graph, PassError> {
    let mut pure = std::borrow::Cow::Borrowed(graph);
    for pass in PIPELINE {
        if pure.phase() == Phase::Pure {
            break;
        }
        if pass.applies(query) && pass.finds(&pure) {
            pure = std::borrow::Cow::Owned(pass.run(&pure, query)?);
        }
    }
    let mut pure = pure.into_owned();
    if let Some(sites) = &how.sites {
        let listed = outputs_of(graph, query);
        let wanted = pure.outputs().iter().zip(&listed).filter(|(_, o)| sites.contains(&o.name));
        let wanted: Vec<Val> = wanted.map(|(v, _)| *v).collect();
        pure.set_outputs(wanted);
    }
    let axes: Vec<Option<usize>> = pure.inputs().iter().map(|v| axis(&pure, *v, &how.shared)).collect();
    let (batched, held) = batch(&pure, &axes, how.draws)?;
    around(&batched, &held, how).map_err(|source| PassError::Type {
        pass: "many",
        site: None,
        loc: None,
        source: Box::new(source),
    })
}

/// The dimension of an input along which draws lie.
fn axis(graph: &Graph, v: Val, shared: &[String]) -> Option<usize> {
    let input = graph.input_of(v)?;
    let own = match input.role {
        Role::Position | Role::Key => true,
        Role::Site => !shared.contains(&input.name),
        _ => false,
    };
    own.then_some(0)
}

/// Splits the key, and brings the draws of every result to the front.
fn around(batched: &Graph, held: &[Option<usize>], how: &Many) -> Result<Graph, TypeError> {
    let mut out = Graph::new(Phase::Pure);
    let mut args = Vec::with_capacity(batched.inputs().len());
    for v in batched.inputs() {
        let Some(input) = batched.input_of(*v) else { continue };
        if input.role != Role::Key {
            args.push(out.input(input.name.clone(), input.role, batched.ty(*v).clone()));
            continue;
        }
        let key = out.input(input.name.clone(), Role::Key, Ty::new(DType::U32, [2]));
        let start = out.input("start", Role::Key, Ty::scalar(DType::U32));
        args.push(match how.whole_key {
            true => out.broadcast_to(key, &[how.draws, 2])?,
            false => threefry::split_from(&mut out, key, start, how.draws)?,
        });
    }
    let results = out.graft(batched, &args)?;
    let mut outputs = Vec::with_capacity(results.len());
    for (v, axis) in results.into_iter().zip(held) {
        outputs.push(match axis {
            Some(axis) => out.move_axis(v, *axis, 0)?,
            None => out.repeat_along(v, 0, how.draws)?,
        });
    }
    out.set_outputs(outputs);
    Ok(out)
}
