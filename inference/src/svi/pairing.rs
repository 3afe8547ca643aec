//! Whether a guide fits a model (NumPyro's `check_model_guide_match`): what is replayed, and what is likely a mistake.

use pyroxene_frontend::{Loc, ParamSpec, Program, Ty};
use pyroxene_ir::{Graph, Indices, PlateSite, SampleSite, SiteKind};

use super::{error::SviError, loss::Loss};

/// What model and guide have to do with each other.
pub(super) struct Pairing {
    /// Latent sites whose values the guide draws.
    pub(super) sites: Vec<String>,
    /// Plates whose subsamples the guide draws.
    pub(super) plates: Vec<String>,
    /// The parameters of both: the model's and then the guide's own. The guide's declaration counts.
    pub(super) params: Vec<ParamSpec>,
    /// Likely mistakes, one a line.
    pub(super) warnings: Vec<String>,
}

/// A site with what its messages need.
struct Named<'a, T> {
    name: &'a str,
    ty: &'a Ty,
    loc: &'a Option<Loc>,
    site: &'a T,
}

impl<T> Named<'_, T> {
    fn wrong(&self, found: String, help: &str) -> SviError {
        SviError::Site { site: self.name.into(), loc: self.loc.clone(), found, help: help.into() }
    }
}

impl Pairing {
    pub(super) fn new(model: &Program, guide: &Program, loss: &dyn Loss) -> Result<Pairing, SviError> {
        let mut pairing =
            Pairing { sites: Vec::new(), plates: Vec::new(), params: Vec::new(), warnings: Vec::new() };
        pairing.samples(model.graph(), guide.graph())?;
        pairing.subsamples(model.graph(), guide.graph())?;
        pairing.parameters(model, guide)?;
        for program in [model, guide] {
            pairing.discrete(program.graph(), loss);
            states(program.graph(), loss)?;
        }
        Ok(pairing)
    }

    fn samples(&mut self, model: &Graph, guide: &Graph) -> Result<(), SviError> {
        let of_model = samples(model);
        let of_guide = samples(guide);
        for q in &of_guide {
            let Some(p) = of_model.iter().find(|p| p.name == q.name) else {
                if !q.site.is_auxiliary() && !q.site.source.is_observed() && !q.site.is_factor() {
                    self.warnings.push(format!(
                        "the guide's site `{}` is none of the model's; mark it with the hint `is_auxiliary` if that is meant",
                        q.name
                    ));
                }
                continue;
            };
            match (p.site.source.is_observed(), q.site.source.is_observed()) {
                (true, _) => {}
                (false, true) => {
                    let found = "the guide observes it, where the model draws it".into();
                    return Err(q.wrong(found, "let the guide draw it"));
                }
                (false, false) if p.ty == q.ty && p.site.event_dim == q.site.event_dim => {
                    self.sites.push(q.name.into());
                }
                (false, false) => {
                    let at = p.loc.as_ref().map(|loc| format!(" at {loc}")).unwrap_or_default();
                    let found = format!(
                        "the guide draws {} with {} event dimensions, the model{at} {} with {}",
                        q.ty, q.site.event_dim, p.ty, p.site.event_dim
                    );
                    return Err(q.wrong(
                        found,
                        "give the guide's distribution the model's dimensions, with `.to_event(n)`",
                    ));
                }
            }
        }
        let missing =
            of_model.iter().filter(|p| p.site.is_latent() && of_guide.iter().all(|q| q.name != p.name));
        for p in missing {
            self.warnings
                .push(format!("the guide has no site `{}`: it is drawn from the model's prior", p.name));
        }
        Ok(())
    }

    fn subsamples(&mut self, model: &Graph, guide: &Graph) -> Result<(), SviError> {
        let of_model = plates(model);
        for q in plates(guide) {
            let Some(p) = of_model.iter().find(|p| p.name == q.name) else {
                if matches!(q.site.indices, Indices::Drawn { .. }) {
                    self.warnings.push(format!("the guide's plate `{}` is none of the model's", q.name));
                }
                continue;
            };
            let size = |plate: &PlateSite| (plate.frame.size, plate.frame.full_size);
            if size(p.site) != size(q.site) {
                let ((n, full), (own, own_full)) = (size(q.site), size(p.site));
                let found = format!(
                    "the guide's plate has {n} of {full} elements, and the model's {own} of {own_full}"
                );
                return Err(q.wrong(found, "give both plates the same size and `.subsample_size(n)`"));
            }
            if let (Indices::Drawn { .. }, Indices::Drawn { .. }) = (p.site.indices, q.site.indices) {
                self.plates.push(q.name.into());
            }
        }
        Ok(())
    }

    fn parameters(&mut self, model: &Program, guide: &Program) -> Result<(), SviError> {
        let own = guide.params();
        for param in model.params() {
            let shared = own.iter().find(|q| q.name == param.name);
            if let Some(q) = shared.filter(|q| q.ty != param.ty) {
                let found =
                    format!("a parameter of type {} here, and of type {} in the model", q.ty, param.ty);
                let help = "give one of the two another name".into();
                return Err(SviError::Site { site: q.name.clone(), loc: q.loc.clone(), found, help });
            }
            self.params.push(shared.unwrap_or(&param).clone());
        }
        let fresh: Vec<ParamSpec> =
            own.into_iter().filter(|q| self.params.iter().all(|p| p.name != q.name)).collect();
        self.params.extend(fresh);
        for param in &self.params {
            if param.unconstrained().is_none() {
                let (found, help) = match param.ty.dtype.is_float() {
                    false => (
                        format!("a parameter of type {}, which has no gradient", param.ty),
                        "give it a floating-point initial value",
                    ),
                    true => (
                        format!(
                            "its constraint, {}, has no bijection from unconstrained space",
                            param.constraint
                        ),
                        "choose a continuous constraint",
                    ),
                };
                let (site, loc) = (param.name.clone(), param.loc.clone());
                return Err(SviError::Site { site, loc, found, help: help.into() });
            }
        }
        Ok(())
    }

    fn discrete(&mut self, graph: &Graph, loss: &dyn Loss) {
        let latent = samples(graph).into_iter().filter(|s| s.site.is_latent() && s.site.discrete);
        for site in latent.filter(|_| !loss.can_infer_discrete()) {
            self.warnings.push(format!(
                "site `{}` is discrete and latent: the gradient of {} leaves out how its distribution moves",
                site.name,
                loss.name()
            ));
        }
        self.warnings.dedup();
    }
}

/// Refuses states that several particles would each leave in a way of its own.
fn states(graph: &Graph, loss: &dyn Loss) -> Result<(), SviError> {
    if loss.num_particles() == 1 {
        return Ok(());
    }
    match graph.sites().find(|(_, site)| site.kind.reads_state()) {
        None => Ok(()),
        Some((v, site)) => Err(SviError::Site {
            site: site.name.clone(),
            loc: graph.node(v).loc.clone(),
            found: format!("a mutable state under a loss of {} particles", loss.num_particles()),
            help: "states go on from step to step with one particle only: set `num_particles(1)`".into(),
        }),
    }
}

fn samples(graph: &Graph) -> Vec<Named<'_, SampleSite>> {
    let mut out = Vec::new();
    for (v, site) in graph.sites() {
        if let SiteKind::Sample(sample) = &site.kind
            && !sample.hidden
        {
            out.push(Named { name: &site.name, ty: graph.ty(v), loc: &graph.node(v).loc, site: &**sample });
        }
    }
    out
}

fn plates(graph: &Graph) -> Vec<Named<'_, PlateSite>> {
    let mut out = Vec::new();
    for (v, site) in graph.sites() {
        if let SiteKind::Plate(plate) = &site.kind {
            out.push(Named { name: &site.name, ty: graph.ty(v), loc: &graph.node(v).loc, site: plate });
        }
    }
    out
}
