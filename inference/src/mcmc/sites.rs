//! The posterior's sites from the program's: shapes, and plates as names of dimensions.

use pyroxene_frontend::Bound;
use pyroxene_ir::{SiteKind, passes::QueryOutput};

use crate::results::SiteSpec;

/// Names and shapes of what [`Bound::outputs`] lists.
///
/// A plate names the dimension it stands for: counted from the right of the batch for a sample site, and from the
/// right of the value for a deterministic one, whose event dimensions nobody declares; there it names a dimension
/// only where the sizes agree.
pub(super) fn specs(bound: &Bound) -> Vec<SiteSpec> {
    bound.outputs().iter().map(|output| spec(bound, output)).collect()
}

fn spec(bound: &Bound, output: &QueryOutput) -> SiteSpec {
    let graph = bound.program().graph();
    let event_dim = match graph.site(output.val).map(|site| &site.kind) {
        Some(SiteKind::Sample(sample)) => sample.event_dim,
        _ => 0,
    };
    let dims = &output.ty.dims;
    let mut names: Vec<Option<&str>> = vec![None; dims.len()];
    for frame in &output.frames {
        let axis = dims.len().checked_sub(event_dim + frame.dim.unsigned_abs());
        if let Some(axis) = axis.filter(|axis| dims[*axis] == frame.size) {
            names[axis] = Some(&frame.name);
        }
    }
    SiteSpec::new(&output.name, dims.iter().copied()).dim_names(names)
}
