//! Decentring by location and scale.

use pyroxene_ir::Loc;

use super::{Reparam, ReparamSite};
use crate::{
    constraints::unit_interval,
    primitives::{Param, param_at, sample_at},
    tensor::Tensor,
    trace::{ErrorKind, constant_of, fail},
};

/// Draws a site of a location-scale family as noise of location and scale nearer to 0 and 1, and moves it afterwards
/// (NumPyro's `LocScaleReparam`; Gorinova, Moore and Hoffman 2019): a sample site `NAME_decentered`.
///
/// ```
/// use pyroxene_frontend::{eval, handlers::{LocScaleReparam, reparam, trace}, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// eval(|| handlers::seed(0, || {
///     let heavy = || sample("x", StudentT::new(4.0, 1.0, 2.0));
///     let config = [("x", LocScaleReparam::new().shape_params(["df"]))];
///     let (x, sites) = trace(|| reparam(config, heavy));
///     assert!(sites.keys().eq(["x_centered", "x_decentered", "x"]));
///     x
/// }))?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct LocScaleReparam {
    centered: Option<Tensor>,
    shape_params: Vec<String>,
}

impl LocScaleReparam {
    /// With a degree of centring for each element of an event, learnt as the parameter `NAME_centered` between 0 and 1,
    /// which starts at 0.5.
    pub fn new() -> LocScaleReparam {
        LocScaleReparam::default()
    }

    /// With this degree of centring: at 0 the noise has location 0 and scale 1, at 1 the site stays as it is.
    ///
    /// # Errors
    /// Recorded, with this line: a constant that is not between 0 and 1.
    #[track_caller]
    pub fn centered(self, centered: impl Into<Tensor>) -> LocScaleReparam {
        let centered = centered.into();
        let known = constant_of(centered).map(|c| c.to_f64_vec()).unwrap_or_default();
        if let Some(wrong) = known.iter().find(|x| !(0.0..=1.0).contains(*x)) {
            let found = format!("`centered` of LocScaleReparam must be between 0 and 1, found {wrong}");
            let help = "0 decentres altogether, 1 leaves the site as it is".into();
            fail(ErrorKind::Usage { found, help }, Loc::caller());
            return self;
        }
        LocScaleReparam { centered: Some(centered), ..self }
    }

    /// The same with parameters other than `loc` and `scale` that the noise shares with the site.
    pub fn shape_params(self, names: impl IntoIterator<Item = impl Into<String>>) -> LocScaleReparam {
        LocScaleReparam { shape_params: names.into_iter().map(Into::into).collect(), ..self }
    }

    /// The degree of centring where it is a constant that all elements share.
    fn constant(&self) -> Option<f64> {
        let all = constant_of(self.centered?)?.to_f64_vec();
        let first = *all.first()?;
        all.iter().all(|x| *x == first).then_some(first)
    }
}

impl Reparam for LocScaleReparam {
    fn apply(&self, site: &ReparamSite<'_>) -> Option<Tensor> {
        let d = site.distribution;
        if !d.support().bounds().is_some_and(|b| b.low.is_none() && b.high.is_none()) {
            let found = format!(
                "LocScaleReparam needs real support, and that of {} is {}",
                d.name(),
                d.support().describe()
            );
            return site
                .refuse(found, "use TransformReparam, or ExplicitReparam with a transform of your own");
        }
        let constant = self.constant();
        if constant == Some(1.0) {
            return None;
        }
        let params = d.params();
        let find = |name: &str| params.iter().find(|p| p.name == name).map(|p| p.value);
        let (Some(loc), Some(scale)) = (find("loc"), find("scale")) else {
            let found =
                format!("LocScaleReparam needs a distribution with `loc` and `scale`; {} has none", d.name());
            return site.refuse(found, "use ExplicitReparam with a transform of your own");
        };
        let is_other =
            |name: &str| name != "loc" && name != "scale" && !self.shape_params.iter().any(|s| s == name);
        if let Some(other) = params.iter().find(|p| is_other(p.name)) {
            let found = format!("LocScaleReparam: {} has the parameter `{}` too", d.name(), other.name);
            return site.refuse(found, "name it in `.shape_params([..])`, so that the noise shares it");
        }
        if let Some(unknown) = self.shape_params.iter().find(|name| find(name).is_none()) {
            let found = format!("LocScaleReparam: {} has no parameter `{unknown}`", d.name());
            return site.refuse(found, "name parameters of the distribution in `.shape_params([..])`");
        }
        let centered = self.centered.unwrap_or_else(|| {
            let half = Tensor::from(0.5).convert(d.dtype()).broadcast_to(&d.event_shape());
            param_at(
                &format!("{}_centered", site.name),
                Param::new(half).constraint(unit_interval()),
                site.loc.clone(),
            )
        });
        let like = |x: Tensor, value: f64| Tensor::from(value).convert(x.dtype()).broadcast_to(&x.dims());
        let (noise_loc, noise_scale) = match constant {
            Some(0.0) => (like(loc, 0.0), like(scale, 1.0)),
            _ => (loc * centered, scale.pow(centered)),
        };
        let values = params.iter().map(|p| match p.name {
            "loc" => noise_loc,
            "scale" => noise_scale,
            _ => p.value,
        });
        let Some(noise) = d.with_params(&values.collect::<Vec<_>>()) else {
            let found = format!("LocScaleReparam: {} cannot be made with other parameters", d.name());
            return site.refuse(found, "implement `Distribution::with_params` for it");
        };
        let noise = sample_at(&format!("{}_decentered", site.name), noise.into(), site.loc.clone());
        Some(match constant {
            Some(0.0) => loc + scale * noise,
            _ => loc + scale.pow(1.0 - centered) * (noise - centered * loc),
        })
    }
}
