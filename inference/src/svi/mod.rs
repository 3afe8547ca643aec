//! Stochastic variational inference: a guide's parameters move down a loss, many steps in one dispatch.

mod bound;
mod error;
mod guide;
mod loss;
mod monitor;
mod pairing;
mod particles;
mod posterior;
mod renyi_elbo;
mod run;
mod state;
mod step;
mod trace_elbo;
mod trace_graph_elbo;
mod trace_mean_field_elbo;

use std::sync::{Arc, Mutex, PoisonError};

use indexmap::IndexMap;
use pyroxene_frontend::{Array, Bound, IntoModel, Model, RngKey, Spec, Tensor, Tree};

use self::step::Steps;
pub use self::{
    bound::BoundSvi,
    error::{LossNotFinite, SviError},
    guide::{Guide, GuideProgram, InitParams},
    loss::{Evaluation, Loss, Pair, Particle, over_particles},
    monitor::{SviMonitor, SviProgress},
    posterior::posterior_of,
    renyi_elbo::RenyiElbo,
    state::{SviRunResult, SviState},
    trace_elbo::TraceElbo,
    trace_graph_elbo::TraceGraphElbo,
    trace_mean_field_elbo::TraceMeanFieldElbo,
};
use crate::optim::Optimizer;

/// Stochastic variational inference (NumPyro's `SVI`): fits the parameters of a guide, and of the model, by minimising a
/// loss.
///
/// ```
/// use pyroxene_frontend::{prelude::*, primitives::Param};
/// use pyroxene_inference::{Svi, TraceElbo, optim::Adam};
///
/// fn model(heads: &Tensor) {
///     let fairness = sample("fairness", Beta::new(10.0, 10.0));
///     plate("toss", heads.dim(0), |_| sample("heads", BernoulliProbs::new(fairness).obs(*heads)));
/// }
///
/// fn guide(_: &Tensor) {
///     let positive = |name| param(name, Param::new(15.0).constraint(constraints::positive()));
///     sample("fairness", Beta::new(positive("alpha"), positive("beta")));
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let heads = Array::from([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
/// let svi = Svi::new(model, guide, Adam::new(0.01), TraceElbo::new());
/// let result = svi.run(0, 2000, &heads)?;
/// let [a, b] = ["alpha", "beta"].map(|name| result.params[name].to_f64_vec()[0]);
/// assert!((a / (a + b) - 16.0 / 30.0).abs() < 0.05);
/// # Ok(()) }
/// ```
///
/// Under the same key losses and parameters equal NumPyro's, step by step. Model and guide run once for each structure of
/// data; a step is compiled once for it, and other data of the same structure, such as the next minibatch, run the same
/// code. See [`BoundSvi`] for the same without the data at every call.
pub struct Svi<D: Tree<Tensor>> {
    model: Model<D>,
    guide: Box<dyn Guide<D> + Send + Sync>,
    settings: Settings,
    known: Mutex<Vec<BoundSvi>>,
}

/// What an optimisation is made with, whatever its data.
struct Settings {
    optimizer: Arc<dyn Optimizer + Send + Sync>,
    loss: Arc<dyn Loss>,
    stable: bool,
    monitor: SviMonitor,
}

impl<D> Svi<D>
where
    D: Tree<Tensor>,
    D::With<Array>: Tree<Array, With<Spec> = D::With<Spec>>,
    D::With<Spec>: Tree<Spec, With<Tensor> = D>,
{
    /// An optimisation of `guide` for `model`, two functions of the same data; a guide can also be one that is made from
    /// the model.
    pub fn new(
        model: impl IntoModel<D>,
        guide: impl Guide<D> + Send + Sync + 'static,
        optimizer: impl Optimizer + Send + Sync + 'static,
        loss: impl Loss + 'static,
    ) -> Svi<D> {
        let settings = Settings {
            optimizer: Arc::new(optimizer),
            loss: Arc::new(loss),
            stable: false,
            monitor: SviMonitor::new(),
        };
        Svi { model: model.into_model(), guide: Box::new(guide), settings, known: Mutex::default() }
    }

    /// Has steps whose loss or gradient is not finite leave everything as it is, with NaN for a loss (NumPyro's
    /// `stable_update`). Otherwise a run ends at such a step with an error. Default false.
    #[must_use]
    pub fn stable_update(mut self, stable: bool) -> Svi<D> {
        self.settings.stable = stable;
        self.known = Mutex::default();
        self
    }

    /// Lets `monitor` watch runs, and stop them.
    #[must_use]
    pub fn monitor(mut self, monitor: &SviMonitor) -> Svi<D> {
        self.settings.monitor = monitor.clone();
        self.known = Mutex::default();
        self
    }

    /// The optimisation on these data. For data of a structure that it has seen nothing is recorded or compiled.
    ///
    /// # Errors
    /// When model or guide are wrong, the data do not fit them, or they do not fit each other.
    pub fn bind(&self, data: &D::With<Array>) -> Result<BoundSvi, SviError> {
        let model = self.model.bind(data)?;
        let same = |known: &&BoundSvi| std::ptr::eq(known.model().program().graph(), model.program().graph());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.iter().find(same) {
            return known.rebind(model, self.settings.monitor.clone());
        }
        let guide = self.guide.record(&model, data)?;
        let fresh = self.settings.bind(model, guide)?;
        known.push(fresh.clone());
        Ok(fresh)
    }

    /// The state before the first step: parameters at their initial values, which may be drawn with the key (NumPyro's
    /// `init`).
    ///
    /// # Errors
    /// As [`Svi::bind`]; when an initial value cannot be computed.
    pub fn init(&self, key: impl Into<RngKey>, data: &D::With<Array>) -> Result<SviState, SviError> {
        self.bind(data)?.init(key)
    }

    /// One step on these data, and the loss before it (`update`, or `stable_update` after [`Svi::stable_update`]).
    ///
    /// # Errors
    /// As [`Svi::bind`]; when the loss or the new parameters are not finite, with the state before.
    pub fn update(&self, state: &SviState, data: &D::With<Array>) -> Result<(SviState, f64), SviError> {
        self.bind(data)?.update(state)
    }

    /// The loss that [`Svi::update`] would give (`evaluate`).
    ///
    /// # Errors
    /// As [`Svi::bind`].
    pub fn evaluate(&self, state: &SviState, data: &D::With<Array>) -> Result<f64, SviError> {
        self.bind(data)?.evaluate(state)
    }

    /// The values of the parameters of model and guide, on their constraints (`get_params`).
    ///
    /// # Errors
    /// As [`Svi::bind`].
    pub fn get_params(
        &self,
        state: &SviState,
        data: &D::With<Array>,
    ) -> Result<IndexMap<String, Array>, SviError> {
        self.bind(data)?.get_params(state)
    }

    /// Makes `steps` steps on these data (`run`).
    ///
    /// # Errors
    /// As [`Svi::init`]; when a loss or parameters are not finite: with the step, the line and the site where that arises,
    /// and with the parameters before it.
    pub fn run(
        &self,
        key: impl Into<RngKey>,
        steps: usize,
        data: &D::With<Array>,
    ) -> Result<SviRunResult, SviError> {
        self.bind(data)?.run(key, steps)
    }

    /// The same, from the state that an earlier run has left (`init_state`).
    ///
    /// # Errors
    /// As [`Svi::run`].
    pub fn run_from(
        &self,
        state: SviState,
        steps: usize,
        data: &D::With<Array>,
    ) -> Result<SviRunResult, SviError> {
        self.bind(data)?.run_from(state, steps)
    }
}

impl Settings {
    fn bind(&self, model: Bound, guide: GuideProgram) -> Result<BoundSvi, SviError> {
        let programs = (model.program().clone(), guide.program);
        let steps = Steps::new(programs, self.optimizer.clone(), self.loss.clone(), self.stable)?;
        for warning in &steps.pairing.warnings {
            pyroxene_runtime::notice(&format!("warning: {warning}"));
        }
        BoundSvi::new(Arc::new(steps), model, guide.init_params, self.monitor.clone())
    }
}

impl BoundSvi {
    /// The optimisation of a guide that was recorded for a model with its data.
    ///
    /// # Errors
    /// When they do not fit each other.
    pub fn of(
        model: &Bound,
        guide: GuideProgram,
        optimizer: impl Optimizer + Send + Sync + 'static,
        loss: impl Loss + 'static,
        monitor: &SviMonitor,
    ) -> Result<BoundSvi, SviError> {
        let (optimizer, loss) = (Arc::new(optimizer), Arc::new(loss));
        let settings = Settings { optimizer, loss, stable: false, monitor: monitor.clone() };
        settings.bind(model.clone(), guide)
    }

    /// [`BoundSvi::init`] and as many steps.
    ///
    /// # Errors
    /// As [`Svi::run`].
    pub fn run(&self, key: impl Into<RngKey>, steps: usize) -> Result<SviRunResult, SviError> {
        self.run_from(self.init(key)?, steps)
    }
}
