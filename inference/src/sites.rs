//! A program's sites as results have them: shapes, plates as names of dimensions, and the data.

use pyroxene_frontend::{Array, Bound, Error};
use pyroxene_ir::{CondIndepStackFrame, Kind, Role, SiteKind, Val, passes::QueryOutput};

use crate::{
    predictive::{Batch, PredictiveError},
    results::{DataVariable, DrawGroup, DrawVariable, SiteSpec},
};

/// Names and shapes of what [`Bound::outputs`] lists.
///
/// A plate names the dimension it stands for: counted from the right of the batch for a sample site, and from the
/// right of the value for a deterministic one, whose event dimensions nobody declares; there it names a dimension
/// only where the sizes agree.
pub(crate) fn specs(bound: &Bound) -> Vec<SiteSpec> {
    bound.outputs().iter().map(|output| spec(bound, output)).collect()
}

fn spec(bound: &Bound, output: &QueryOutput) -> SiteSpec {
    let dims = &output.ty.dims;
    let names = dim_names(dims, event_dim(bound, output.val), &output.frames);
    SiteSpec::new(&output.name, dims.iter().copied()).dim_names(names)
}

/// Name and shape of a site whose values have dimensions `dims`, as those of a guide have for all of a plate of which the
/// program sees a subsample.
pub(crate) fn spec_of(bound: &Bound, name: &str, dims: &[usize]) -> SiteSpec {
    let found = bound.program().graph().sites().find(|(_, site)| site.name == name);
    let names = found.map_or_else(Vec::new, |(v, site)| dim_names(dims, event_dim(bound, v), &site.frames));
    SiteSpec::new(name, dims.iter().copied()).dim_names(names)
}

fn event_dim(bound: &Bound, site: Val) -> usize {
    match bound.program().graph().site(site).map(|site| &site.kind) {
        Some(SiteKind::Sample(sample)) => sample.event_dim,
        _ => 0,
    }
}

fn dim_names(dims: &[usize], event_dim: usize, frames: &[CondIndepStackFrame]) -> Vec<Option<String>> {
    let mut names = vec![None; dims.len()];
    for frame in frames {
        let axis = dims.len().checked_sub(event_dim + frame.dim.unsigned_abs());
        if let Some(axis) = axis.filter(|axis| dims[*axis] == frame.size) {
            names[axis] = Some(frame.name.clone());
        }
    }
    names
}

/// The values of observed sites, and the data that are none.
pub(crate) fn data(bound: &Bound) -> Result<[Vec<DataVariable>; 2], Error> {
    let graph = bound.program().graph();
    let mut observed = Vec::new();
    let mut leaves = Vec::new();
    for (v, value) in bound.observed()? {
        let Some(site) = graph.site(v) else { continue };
        let dim_names = dim_names(value.dims(), event_dim(bound, v), &site.frames);
        observed.push(DataVariable { name: site.name.clone(), value, dim_names });
        leaves.extend(graph.operands(v).first().copied());
    }
    let inputs = graph.inputs().iter().filter(|v| match &graph.node(**v).kind {
        Kind::Input(input) => input.role == Role::Data,
        _ => false,
    });
    let constant = inputs.zip(bound.program().leaves()).zip(bound.data());
    let constant =
        constant.filter(|((v, _), _)| !leaves.contains(v)).map(|((_, leaf), value)| DataVariable {
            name: if leaf.path.is_empty() { "data".into() } else { leaf.path.clone() },
            value: value.clone(),
            dim_names: vec![None; value.dims().len()],
        });
    let constant = constant.collect();
    Ok([observed, constant])
}

/// Draws of a site, `[draws, ..]`, as results have them: under the batch's dimensions.
pub(crate) fn variable(
    bound: &Bound,
    name: String,
    value: Array,
    batch: &Batch,
    group: DrawGroup,
) -> Result<DrawVariable, PredictiveError> {
    let dims: Vec<usize> = value.dims().iter().skip(1).copied().collect();
    let found = bound.program().graph().sites().find(|(_, site)| site.name == name);
    let dim_names = found.map_or_else(Vec::new, |(v, site)| {
        // A density has the batch's dimensions alone.
        let event_dim = if group == DrawGroup::LogLikelihood { 0 } else { event_dim(bound, v) };
        dim_names(&dims, event_dim, &site.frames)
    });
    let whole = batch.dims.iter().chain(&dims).copied();
    let value =
        value.reshape(whole).map_err(|source| PredictiveError::Shape { site: name.clone(), source })?;
    Ok(DrawVariable { name, group, value, dims, dim_names })
}
