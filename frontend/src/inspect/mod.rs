//! Inspection of models: their sites and shapes, who depends on whom, drawings, and what is wrong or odd about them.

mod dependencies;
mod guide;
mod inspect_fn;
mod render;
mod shapes;
mod sites;
mod validate;

pub use dependencies::{get_dependencies, get_model_relations, render_model};
pub use guide::{GuideMismatch, check_model_guide_match};
pub use inspect_fn::{FnInfo, inspect_fn};
pub use pyroxene_ir::passes::{Dependencies, DependencyMap, Relations};
pub use render::{Drawing, SaveError};
pub use shapes::{ShapeTable, format_shapes};
pub use sites::RecordedSite;
pub use validate::{Diagnostic, PlateWarning, ValidationResult, validate_model};
