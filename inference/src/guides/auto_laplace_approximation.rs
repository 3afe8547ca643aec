//! The quadratic approximation of the posterior on unconstrained space, around its maximum.

use std::{fmt, sync::Arc};

use indexmap::IndexMap;
use pyroxene_frontend::{
    Array, Bound, Tensor, Ty,
    distributions::{Delta, Distribution, MultivariateNormal},
    hessian,
    primitives::{Param, Statement, param},
    random::Key,
    transforms::LowerCholeskyAffine,
};
use pyroxene_ir::DType;

use super::{
    continuous::{Continuous, given},
    options::{Options, setters},
    posterior::Fitted,
    prototype::LatentSite,
};
use crate::{InitStrategy, svi::SviError};

/// A function that is given a function and a point, and gives the function's Hessian there.
type HessianFn = Arc<dyn Fn(&dyn Fn(&Tensor) -> Tensor, Tensor) -> Tensor + Send + Sync>;

/// A multivariate normal distribution of all unconstrained coordinates with the posterior's maximum for a mean and the
/// inverse of the Hessian of −log density there for a covariance (NumPyro's `AutoLaplaceApproximation`).
///
/// While it is fitted it is a single point, the parameter `auto_loc`; what is asked of it afterwards works the Hessian
/// out. NumPyro warns of a Hessian that is not positive definite and goes on with draws that are all equal; here it is an
/// error, which names the site along which the posterior does not bend.
#[derive(Clone)]
pub struct AutoLaplaceApproximation {
    options: Options,
    hessian_fn: HessianFn,
}

impl fmt::Debug for AutoLaplaceApproximation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AutoLaplaceApproximation").field("options", &self.options).finish_non_exhaustive()
    }
}

impl AutoLaplaceApproximation {
    /// With NumPyro's defaults.
    pub fn new() -> Self {
        let hessian_fn: HessianFn = Arc::new(|f, x| hessian(|x: &Tensor| f(x))(&x));
        AutoLaplaceApproximation { options: Options::new(InitStrategy::default()), hessian_fn }
    }

    setters!(common);

    /// What makes the Hessian, the precision of the approximation, of −log density and the maximum: one that adds a little
    /// to the diagonal helps where the Hessian is not positive definite. Default: [`hessian`].
    ///
    /// ```
    /// use pyroxene_frontend::{Tensor, hessian};
    /// use pyroxene_inference::AutoLaplaceApproximation;
    /// AutoLaplaceApproximation::new().hessian_fn(|f, x| hessian(|x: &Tensor| f(x))(&x).add_diag(1e-3));
    /// ```
    #[must_use]
    pub fn hessian_fn(
        mut self,
        f: impl Fn(&dyn Fn(&Tensor) -> Tensor, Tensor) -> Tensor + Send + Sync + 'static,
    ) -> Self {
        self.hessian_fn = Arc::new(f);
        self
    }

    fn scale_tril_name(&self) -> String {
        self.options.param("scale_tril")
    }

    /// The Cholesky factor of the covariance of the coordinates, `[n, n]`: the `scale_tril` of NumPyro's `get_transform`.
    ///
    /// # Errors
    /// When a parameter is missing or has another type; when the Hessian is not positive definite.
    pub fn scale_tril(&self, model: &Bound, params: &IndexMap<String, Array>) -> Result<Array, SviError> {
        self.factor(&Fitted::new(self, model, params)?)
    }

    /// The distribution of the coordinates, of `auto_loc` in `params` and the factor that
    /// [`AutoLaplaceApproximation::scale_tril`] gives.
    pub fn get_posterior(&self, params: &IndexMap<String, Tensor>, scale_tril: Tensor) -> MultivariateNormal {
        MultivariateNormal::from_scale_tril(given(params, &self.loc()), scale_tril)
    }

    /// The transform that makes coordinates of independent standard normal numbers; as
    /// [`AutoLaplaceApproximation::get_posterior`].
    pub fn get_transform(
        &self,
        params: &IndexMap<String, Tensor>,
        scale_tril: Tensor,
    ) -> LowerCholeskyAffine {
        LowerCholeskyAffine::new(given(params, &self.loc()), scale_tril)
    }

    fn factor(&self, fitted: &Fitted<'_>) -> Result<Array, SviError> {
        let (prototype, bound) = (&fitted.prototype, fitted.model);
        let tracer = bound.program().tracer(&prototype.names(), &[], None)?;
        let results = fitted.run("laplace", 0.into(), |data, params, key| {
            // NumPyro's loss splits its key for the model and for the guide.
            let [model, _] = key.split();
            let potential = |z: &Tensor| {
                -prototype.log_density(&tracer, data, *z, model, &|name| params.get(name).copied())
            };
            let precision = (self.hessian_fn)(&potential, given(params, &self.loc()));
            let (values, vectors) = precision.eigh();
            vec![precision.cholesky_of_inverse(), values, vectors]
        })?;
        let numbers: Vec<Vec<f64>> = results.iter().map(Array::to_f64_vec).collect();
        if let [tril, values, vectors] = &numbers[..]
            && tril.iter().any(|x| !x.is_finite())
        {
            return Err(self.singular(fitted, values, vectors));
        }
        let n = prototype.latent_dim();
        Ok(results.into_iter().next().unwrap_or_else(|| Array::zeros(&Ty::new(DType::F64, [n, n]))))
    }

    /// The site that takes the largest part in the direction along which the posterior bends the least.
    fn singular(&self, fitted: &Fitted<'_>, values: &[f64], vectors: &[f64]) -> SviError {
        let n = values.len();
        // Eigenvalues ascend, and eigenvectors are columns.
        let least = values.first().copied().unwrap_or(f64::NAN);
        let weight = |site: &LatentSite| -> f64 {
            (site.offset..site.offset + site.len()).map(|i| vectors.get(i * n).map_or(0.0, |x| x * x)).sum()
        };
        let sites = fitted.prototype.sites.iter();
        let Some(site) = sites.max_by(|a, b| weight(a).total_cmp(&weight(b))) else {
            let (found, expected) =
                ("a model without latent sites".into(), "one to find a posterior of".into());
            return SviError::Setting { setting: "AutoLaplaceApproximation", found, expected };
        };
        let found = if least.is_nan() {
            "the Hessian of -log density at the maximum is not finite".into()
        } else {
            format!(
                "the Hessian of -log density at the maximum is not positive definite: its least eigenvalue is {least:.3e}, \
                 along this site the most"
            )
        };
        SviError::Site {
            site: site.name().to_string(),
            loc: site.bijection.loc.clone(),
            found,
            help: "run more steps, give the site a proper prior, add to the diagonal by `hessian_fn`, or use `AutoNormal`"
                .into(),
        }
    }
}

impl Continuous for AutoLaplaceApproximation {
    const NAME: &'static str = "AutoLaplaceApproximation";

    fn options(&self) -> &Options {
        &self.options
    }

    fn record(&self, n: usize) -> Statement {
        Delta::new(param(&self.loc(), Param::new(Tensor::zeros(&[n])))).event_dim(1).into()
    }

    fn params(&self) -> Vec<String> {
        vec![self.loc()]
    }

    fn prepared(&self, fitted: &Fitted<'_>) -> Result<Vec<(String, Array)>, SviError> {
        Ok(vec![(self.scale_tril_name(), self.factor(fitted)?)])
    }

    fn own_key(&self, key: Key) -> Key {
        // NumPyro draws with the key itself here, without a site.
        key
    }

    fn posterior(&self, params: &IndexMap<String, Tensor>) -> Box<dyn Distribution> {
        Box::new(self.get_posterior(params, given(params, &self.scale_tril_name())))
    }

    fn deviations(&self, params: &IndexMap<String, Tensor>) -> Tensor {
        given(params, &self.scale_tril_name()).square().sum_axis(-1).sqrt()
    }
}
