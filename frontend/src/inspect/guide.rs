//! `check_model_guide_match`: whether a guide fits its model, site by site.

use indexmap::IndexSet;
use pyroxene_ir::Hint;

use super::{
    sites::{RecordedSite, sites},
    validate::Diagnostic,
};
use crate::{handlers::SiteType, program::Program};

/// A guide's site cannot stand for its model's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GuideMismatch {
    /// The values are of another number of event dimensions.
    #[error(
        "Model and guide event_dims disagree at site '{site}': {model} vs {guide}; help: `to_event` makes batch \
         dimensions an event's"
    )]
    EventDim {
        /// The site.
        site: String,
        /// The model's.
        model: usize,
        /// The guide's.
        guide: usize,
    },
    /// The values are of other shapes.
    #[error(
        "Model and guide shapes disagree at site '{site}': {} vs {}; help: use the same plates in both",
        tuple(.model),
        tuple(.guide)
    )]
    Shape {
        /// The site.
        site: String,
        /// The model's.
        model: Vec<usize>,
        /// The guide's.
        guide: Vec<usize>,
    },
}

/// Holds a guide against its model (NumPyro's `util.check_model_guide_match`): every latent site of the model is in the
/// guide with values of the same shape, every site of the guide is in the model or marked auxiliary, and so is every
/// plate. What may be meant is a warning.
///
/// ```
/// use pyroxene_frontend::{Program, inspect::check_model_guide_match, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = Program::trace(|_: &()| { sample("x", Normal::new(0.0, 1.0)); }, &())?;
/// let guide = Program::trace(|_: &()| { sample("z", Normal::new(0.0, 1.0)); }, &())?;
/// let warnings = check_model_guide_match(&model, &guide)?;
/// assert_eq!(warnings[1].message, "Found vars in model but not guide: {'x'}");
/// # Ok(()) }
/// ```
///
/// # Errors
/// When a site's values differ in event dimensions or shape.
pub fn check_model_guide_match(model: &Program, guide: &Program) -> Result<Vec<Diagnostic>, GuideMismatch> {
    let (model, guide) = (sites(model.graph()), sites(guide.graph()));
    let auxiliary = named(&guide, |s| s.infer.get("is_auxiliary") == Some(&Hint::Bool(true)));
    let guide_vars = named(&guide, |s| s.kind.is_sample() && !s.is_observed);
    let (enumerated, model_vars): (IndexSet<&str>, IndexSet<&str>) =
        named(&model, |s| s.kind.is_sample() && !s.is_observed).into_iter().partition(|name| {
            !guide.contains_key(*name)
                && model[*name].infer.get("enumerate") == Some(&Hint::Text("parallel".into()))
        });
    let mut warnings = Vec::new();
    let mut warn = |what: &str, found: IndexSet<&str>| {
        if let Some(first) = found.first() {
            let site = guide.get(*first).or_else(|| model.get(*first));
            warnings.push(Diagnostic {
                site: Some(first.to_string()),
                loc: site.and_then(|s| s.loc.clone()),
                message: format!("{what}{}", set(&found)),
            });
        }
    };
    warn("Found auxiliary vars in the model: ", &auxiliary & &model_vars);
    warn(
        "Found non-auxiliary vars in guide but not model, consider marking these infer={'is_auxiliary': True}:\n",
        &(&guide_vars - &auxiliary) - &model_vars,
    );
    warn("Found vars in model but not guide: ", &(&model_vars - &guide_vars) - &enumerated);
    for name in model_vars.intersection(&guide_vars) {
        same_shape(name, &model[*name], &guide[*name])?;
    }
    let plates = |sites| named(sites, |s| s.kind == SiteType::Plate);
    warn("Found plate statements in guide but not model: ", &plates(&guide) - &plates(&model));
    Ok(warnings)
}

type Sites = indexmap::IndexMap<String, RecordedSite>;

fn named(sites: &Sites, wanted: impl Fn(&RecordedSite) -> bool) -> IndexSet<&str> {
    sites.iter().filter(|(_, site)| wanted(site)).map(|(name, _)| &**name).collect()
}

fn same_shape(name: &str, model: &RecordedSite, guide: &RecordedSite) -> Result<(), GuideMismatch> {
    let site = name.to_string();
    let events = (model.event_shape.len(), guide.event_shape.len());
    if events.0 != events.1 {
        return Err(GuideMismatch::EventDim { site, model: events.0, guide: events.1 });
    }
    let (model, guide) = (model.value.dims.to_vec(), guide.value.dims.to_vec());
    // Leading dimensions of one element make no difference.
    let trimmed = |dims: &[usize]| dims.iter().skip_while(|n| **n == 1).copied().collect::<Vec<_>>();
    if trimmed(&model) != trimmed(&guide) {
        return Err(GuideMismatch::Shape { site, model, guide });
    }
    Ok(())
}

/// As Python writes a set of names.
fn set(names: &IndexSet<&str>) -> String {
    let quoted: Vec<String> = names.iter().map(|n| format!("'{n}'")).collect();
    format!("{{{}}}", quoted.join(", "))
}

/// As Python writes a shape.
fn tuple(dims: &[usize]) -> String {
    match dims {
        [one] => format!("({one},)"),
        many => format!("({})", many.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    }
}
