//! `inspect_fn`: everything that a recording knows about a model's sites.

use std::fmt;

use indexmap::IndexMap;
use pyroxene_ir::{CondIndepStackFrame, DType, Dims, passes::Dependencies};

use super::sites::{RecordedSite, plates, sites};
use crate::{
    Array, Spec, Tensor, Tree,
    program::{Data, Error, IntoModel, Program},
};

/// What a recording knows about a model's sites.
#[derive(Clone, PartialEq, Debug)]
pub struct FnInfo {
    /// The sites, in program order.
    pub sites: IndexMap<String, RecordedSite>,
    /// Which sample sites depend on which others.
    pub dependencies: Dependencies,
    /// The shape of each site's value.
    pub shapes: IndexMap<String, Dims>,
    /// The element type of each site's value.
    pub dtypes: IndexMap<String, DType>,
    /// The plates.
    pub plates: Vec<CondIndepStackFrame>,
}

/// Records a model and says what there is to know about it: sites, dependencies, shapes, element types and plates (the
/// document's `inspect_fn`).
///
/// ```
/// use pyroxene_frontend::{inspect::inspect_fn, prelude::*};
///
/// fn model(y: &Tensor) {
///     let mu = sample("mu", Normal::new(0.0, 5.0));
///     plate("data", y.dim(0), |_| sample("y", Normal::new(mu, 1.0).obs(*y)));
/// }
///
/// # fn main() -> Result<(), pyroxene_frontend::Error> {
/// let info = inspect_fn(model, &Array::from([0.5, 1.5]))?;
/// assert!(info.sites.keys().eq(["mu", "data", "y"]));
/// assert_eq!(info.shapes["y"].as_slice(), [2]);
/// assert_eq!(info.dtypes["mu"], DType::F64);
/// assert_eq!(info.plates[0].size, 2);
/// # Ok(()) }
/// ```
///
/// # Errors
/// All root errors of the model, each with its line; [`validate_model`](super::validate_model) says what there is all the
/// same.
#[track_caller]
pub fn inspect_fn<D>(model: impl IntoModel<D>, data: &Data<D>) -> Result<FnInfo, Error>
where
    D: Tree<Tensor>,
    Data<D>: Tree<Array, With<Spec> = D::With<Spec>>,
    D::With<Spec>: Tree<Spec, With<Tensor> = D>,
{
    Ok(model.into_model().trace(data)?.inspect())
}

impl Program {
    /// Everything that the recording knows about its sites; see [`inspect_fn`].
    pub fn inspect(&self) -> FnInfo {
        let sites = sites(self.graph());
        FnInfo {
            shapes: sites.iter().map(|(name, site)| (name.clone(), site.value.dims.clone())).collect(),
            dtypes: sites.iter().map(|(name, site)| (name.clone(), site.value.dtype)).collect(),
            dependencies: self.dependencies(),
            plates: plates(self.graph()),
            sites,
        }
    }
}

impl fmt::Display for FnInfo {
    /// A line for each site.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, site)) in self.sites.iter().enumerate() {
            let end = if i > 0 { "\n" } else { "" };
            write!(f, "{end}{name}: {} {}", site.kind.name(), site.value)?;
            if let Some(distribution) = &site.distribution {
                write!(f, " ~ {distribution}")?;
            }
            if site.is_observed {
                f.write_str(", observed")?;
            }
        }
        Ok(())
    }
}
