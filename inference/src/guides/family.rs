//! What makes a type an automatic guide: the trait behind all of them, and what users ask of a fitted one.

use std::{any::Any, sync::Arc};

use indexmap::IndexMap;
use pyroxene_frontend::{
    Array, Bound, Error, Path, Program, RngKey, Spec, Tensor, Tree, Visit, primitives::Plate, random::Key,
    spec,
};

use super::{
    init,
    options::Options,
    plates,
    posterior::{self, Fitted},
    prototype::Prototype,
};
use crate::svi::{GuideProgram, SviError};

/// What a guide records itself with.
pub(super) struct Recording<'a> {
    pub(super) prototype: &'a Prototype,
    pub(super) data: &'a [Tensor],
    pub(super) plates: &'a IndexMap<String, Plate>,
}

/// The values of all sites for many draws at once, or for one.
pub(super) struct Latents {
    /// One for each site, unconstrained or on its support.
    pub(super) values: Vec<Tensor>,
    /// The dimensions of draws, which come first.
    pub(super) leading: Vec<usize>,
    pub(super) constrained: bool,
}

/// A family of distributions over a model's latent sites.
pub(super) trait Family: Clone + Send + Sync + 'static {
    /// NumPyro's name.
    const NAME: &'static str;

    fn options(&self) -> &Options;

    /// Whether it has a parameter for each element of a plate of which sites see a subsample.
    const LOCAL: bool;

    /// Records parameters and sites.
    fn record(&self, recording: &Recording<'_>);

    /// The names of its parameters.
    fn params(&self, prototype: &Prototype) -> Vec<String>;

    /// Initial values of the parameters that begin at a position of unconstrained coordinates.
    fn start(
        &self,
        bound: &Bound,
        prototype: &Prototype,
        position: &[f64],
    ) -> Result<Vec<(String, Array)>, SviError>;

    /// What is worked out once from the parameters, under names of its own.
    fn prepared(&self, _fitted: &Fitted<'_>) -> Result<Vec<(String, Array)>, SviError> {
        Ok(Vec::new())
    }

    /// The medians, recorded from parameters and what is prepared.
    fn median(&self, prototype: &Prototype, params: &IndexMap<String, Tensor>) -> Latents;

    /// The quantiles at probabilities `q`, a vector.
    fn quantiles(&self, prototype: &Prototype, params: &IndexMap<String, Tensor>, q: Tensor) -> Latents;

    /// Draws.
    fn draw(
        &self,
        prototype: &Prototype,
        params: &IndexMap<String, Tensor>,
        key: Key,
        sample_shape: &[usize],
    ) -> Latents;
}

/// An automatic guide, fitted: what its parameters say of the model's latent sites.
///
/// All methods also return deterministic sites, computed from the latent ones, unless a latent site sees only a subsample
/// of a plate: the guide has values for the whole plate then, and the model for the subsample.
///
/// ```
/// use pyroxene_frontend::{Model, prelude::*};
/// use pyroxene_inference::{AutoGuide, AutoNormal, Svi, TraceElbo, optim::Adam};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let model = Model::new(|y: &Tensor| {
///     let tau = sample("tau", HalfNormal::new(5.0));
///     plate("i", y.dim(0), |_| sample("y", Normal::new(0.0, tau).obs(*y)));
/// });
/// let y = Array::from([-2.0, 3.0, 1.0, -1.5, 2.5, 0.5]);
/// let guide = AutoNormal::new();
/// let fit = Svi::new(&model, guide.clone(), Adam::new(0.05), TraceElbo::new()).run(0, 500, &y)?;
/// let bound = model.bind(&y)?;
/// let quantiles = guide.quantiles(&bound, &fit.params, &[0.05, 0.5, 0.95])?;
/// let tau = quantiles["tau"].to_f64_vec();
/// assert!(0.0 < tau[0] && tau[0] < tau[1] && tau[1] < tau[2]);
/// assert_eq!(guide.median(&bound, &fit.params)?["tau"].to_f64_vec(), [tau[1]]);
/// assert_eq!(guide.sample_posterior(1, &bound, &fit.params, &[100])?["tau"].dims(), [100]);
/// # Ok(()) }
/// ```
pub trait AutoGuide {
    /// Records the guide for a model whose data are bound, for [`BoundSvi::of`](crate::BoundSvi::of);
    /// [`Svi`](crate::Svi) takes the guide itself.
    ///
    /// # Errors
    /// When a latent site is discrete or the family cannot have it; when the guide makes plates of the data, whose type is
    /// not known here.
    fn for_model(&self, model: &Bound) -> Result<GuideProgram, SviError>;

    /// The median of each site, element by element, in the order of the program.
    ///
    /// # Errors
    /// When a parameter is missing or has another type, or the device fails.
    fn median(
        &self,
        model: &Bound,
        params: &IndexMap<String, Array>,
    ) -> Result<IndexMap<String, Array>, SviError>;

    /// The quantiles of each site at `probabilities`, which are the first dimension; as in NumPyro, those of events are
    /// what the bijection makes of the quantiles of their coordinates.
    ///
    /// # Errors
    /// As [`AutoGuide::median`]; when there is no probability, or one outside \[0, 1\].
    fn quantiles(
        &self,
        model: &Bound,
        params: &IndexMap<String, Array>,
        probabilities: &[f64],
    ) -> Result<IndexMap<String, Array>, SviError>;

    /// Draws of all sites, `sample_shape` being their first dimensions; the same as NumPyro's under the same key.
    ///
    /// # Errors
    /// As [`AutoGuide::median`].
    fn sample_posterior(
        &self,
        key: impl Into<RngKey>,
        model: &Bound,
        params: &IndexMap<String, Array>,
        sample_shape: &[usize],
    ) -> Result<IndexMap<String, Array>, SviError>;
}

impl<F: Family> AutoGuide for F {
    fn for_model(&self, model: &Bound) -> Result<GuideProgram, SviError> {
        of_model(self, model, "known to `Svi` alone", |record| {
            Ok(model.program().beside(|leaves| record(&(), leaves))?)
        })
    }

    fn median(
        &self,
        model: &Bound,
        params: &IndexMap<String, Array>,
    ) -> Result<IndexMap<String, Array>, SviError> {
        let fitted = Fitted::new(self, model, params)?;
        posterior::answer(&fitted, self, "median", 0.into(), |f, params, _| {
            f.median(&fitted.prototype, params)
        })
    }

    fn quantiles(
        &self,
        model: &Bound,
        params: &IndexMap<String, Array>,
        probabilities: &[f64],
    ) -> Result<IndexMap<String, Array>, SviError> {
        if probabilities.is_empty() || !probabilities.iter().all(|q| (0.0..=1.0).contains(q)) {
            let (found, expected) =
                (format!("{probabilities:?}"), "numbers from 0 to 1, at least one".into());
            return Err(SviError::Setting { setting: "probabilities", found, expected });
        }
        let fitted = Fitted::new(self, model, params)?.prepared(self)?;
        posterior::answer(&fitted, self, "quantiles", 0.into(), |f, params, _| {
            f.quantiles(&fitted.prototype, params, Tensor::from(Array::from(probabilities)))
        })
    }

    fn sample_posterior(
        &self,
        key: impl Into<RngKey>,
        model: &Bound,
        params: &IndexMap<String, Array>,
        sample_shape: &[usize],
    ) -> Result<IndexMap<String, Array>, SviError> {
        if sample_shape.contains(&0) {
            let (found, expected) = (format!("{sample_shape:?}"), "at least one draw".into());
            return Err(SviError::Setting { setting: "sample_shape", found, expected });
        }
        let fitted = Fitted::new(self, model, params)?.prepared(self)?;
        posterior::answer(&fitted, self, "sample_posterior", key.into(), |f, params, key| {
            f.draw(&fitted.prototype, params, key, sample_shape)
        })
    }
}

/// What the model says, after checks that concern the family.
pub(super) fn prototype<F: Family>(family: &F, program: &Program) -> Result<Prototype, SviError> {
    let scale = family.options().init_scale;
    if !(scale > 0.0 && scale.is_finite()) {
        let (found, expected) = (scale.to_string(), "a positive number".into());
        return Err(SviError::Setting { setting: "init_scale", found, expected });
    }
    let prototype = Prototype::of(program)?;
    let local = prototype.sites.iter().find(|s| s.is_local() && !F::LOCAL);
    if let Some(site) = local {
        let bijection = &site.bijection;
        return Err(SviError::Site {
            site: bijection.name.clone(),
            loc: bijection.loc.clone(),
            found: format!("{} cannot have a site inside a plate that subsamples", F::NAME),
            help: "use `AutoNormal` or `AutoDelta`, or all elements of the plate".into(),
        });
    }
    Ok(prototype)
}

/// Records an automatic guide for a model of data `D`.
pub(super) fn recorded<F: Family, D>(
    family: &F,
    model: &Bound,
    data: &D::With<Array>,
) -> Result<GuideProgram, SviError>
where
    D: Tree<Tensor> + 'static,
    D::With<Array>: Tree<Array, With<Spec> = D::With<Spec>>,
    D::With<Spec>: Tree<Spec, With<Tensor> = D>,
{
    of_model(family, model, std::any::type_name::<D>(), |record| {
        let program = Program::trace(
            |d: &D| {
                let mut leaves = Vec::new();
                d.visit(&mut Path::default(), &mut |_, visit| {
                    if let Visit::Leaf(leaf) = visit {
                        leaves.push(*leaf);
                    }
                });
                record(d, &leaves);
            },
            &spec(data),
        );
        Ok(program?)
    })
}

/// Records an automatic guide by `trace`, which runs what it is given on the model's data, as they are and by leaves; `ty`
/// is what they are.
fn of_model<F: Family>(
    family: &F,
    model: &Bound,
    ty: &str,
    trace: impl FnOnce(&mut dyn FnMut(&dyn Any, &[Tensor])) -> Result<Program, Error>,
) -> Result<GuideProgram, SviError> {
    let prototype = prototype(family, model.program())?;
    if !F::LOCAL && prototype.sites.is_empty() {
        let (found, expected) = ("a model without latent sites".into(), "one to find a posterior of".into());
        return Err(SviError::Setting { setting: F::NAME, found, expected });
    }
    let mut created = Ok(Vec::new());
    let program = trace(&mut |data, leaves| match plates::create(&prototype, family.options(), data) {
        Ok((plates, names)) => {
            created = Ok(names);
            family.record(&Recording { prototype: &prototype, data: leaves, plates: &plates });
        }
        Err(found) => created = Err(found),
    })?;
    let created = created.map_err(|found: &str| SviError::Setting {
        setting: "create_plates",
        found: found.into(),
        expected: format!("a function of the model's data, `{ty}`"),
    })?;
    prototype.check_plates(model.program(), &created)?;
    let family = family.clone();
    let init_params = move |model: &Bound, key| {
        let position = init::position(model, &prototype, &family.options().init_loc_fn, key)?;
        family.start(model, &prototype, &position)
    };
    Ok(GuideProgram { program, init_params: Some(Arc::new(init_params)) })
}

/// Makes a [`Family`] a guide of models, its default being `new()`.
macro_rules! guide {
    ($Name:ident) => {
        impl Default for $Name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl<D> $crate::svi::Guide<D> for $Name
        where
            D: pyroxene_frontend::Tree<pyroxene_frontend::Tensor> + 'static,
            D::With<pyroxene_frontend::Array>: pyroxene_frontend::Tree<
                    pyroxene_frontend::Array,
                    With<pyroxene_frontend::Spec> = D::With<pyroxene_frontend::Spec>,
                >,
            D::With<pyroxene_frontend::Spec>:
                pyroxene_frontend::Tree<pyroxene_frontend::Spec, With<pyroxene_frontend::Tensor> = D>,
        {
            fn record(
                &self,
                model: &pyroxene_frontend::Bound,
                data: &D::With<pyroxene_frontend::Array>,
            ) -> Result<$crate::svi::GuideProgram, $crate::svi::SviError> {
                $crate::guides::family::recorded::<$Name, D>(self, model, data)
            }
        }
    };
}

pub(super) use guide;
