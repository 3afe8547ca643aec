//! `BoundSvi`: an optimisation with its data, whose steps are compiled once.

use std::sync::{Arc, Mutex, PoisonError};

use indexmap::IndexMap;
use pyroxene_frontend::{Array, Bound, BoundFunction, DType, RngKey, Tensor, Ty, random::Key};

use super::{
    error::{LossNotFinite, SviError},
    guide::InitParams,
    monitor::SviMonitor,
    state::SviState,
    step::{Initial, Layout, Steps},
};
use crate::optim::value_and_grads;

/// The functions that were compiled for states of some types.
#[derive(Clone)]
struct Functions {
    tys: Vec<Ty>,
    block: BoundFunction,
    evaluate: Option<BoundFunction>,
}

/// An optimisation of a guide for a model that has its data (see [`Svi::bind`](super::Svi::bind)). Clones share what is
/// compiled.
#[derive(Clone)]
pub struct BoundSvi {
    pub(super) steps: Arc<Steps>,
    model: Bound,
    guide: Bound,
    init_params: Option<InitParams>,
    pub(super) monitor: SviMonitor,
    functions: Arc<Mutex<Vec<Functions>>>,
}

impl BoundSvi {
    pub(super) fn new(
        steps: Arc<Steps>,
        model: Bound,
        init_params: Option<InitParams>,
        monitor: SviMonitor,
    ) -> Result<BoundSvi, SviError> {
        let guide = model.with_program(&steps.guide)?;
        Ok(BoundSvi { steps, model, guide, init_params, monitor, functions: Arc::default() })
    }

    /// The same optimisation on other data of the same structure; nothing is compiled.
    pub(super) fn rebind(&self, model: Bound, monitor: SviMonitor) -> Result<BoundSvi, SviError> {
        let guide = model.with_program(&self.steps.guide)?;
        let known = self.functions.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let rebound = known.into_iter().map(|f| {
            let evaluate = f.evaluate.map(|f| f.rebind(&model)).transpose()?;
            Ok(Functions { tys: f.tys, block: f.block.rebind(&model)?, evaluate })
        });
        let functions = rebound.collect::<Result<Vec<_>, SviError>>()?;
        let (steps, init_params) = (self.steps.clone(), self.init_params.clone());
        let functions = Arc::new(Mutex::new(functions));
        Ok(BoundSvi { steps, model, guide, init_params, monitor, functions })
    }

    /// The model with its data.
    pub fn model(&self) -> &Bound {
        &self.model
    }

    /// The guide with its data.
    pub fn guide(&self) -> &Bound {
        &self.guide
    }

    /// What is likely a mistake about this model and guide, one a line (NumPyro's `check_model_guide_match`).
    pub fn warnings(&self) -> &[String] {
        &self.steps.pairing.warnings
    }

    /// The state before the first step; see [`Svi::init`](super::Svi::init).
    ///
    /// # Errors
    /// As [`Svi::init`](super::Svi::init).
    pub fn init(&self, key: impl Into<RngKey>) -> Result<SviState, SviError> {
        self.init_with(key, &[])
    }

    /// The same with initial values of some parameters, on their constraints (NumPyro's `init_params`).
    ///
    /// # Errors
    /// When a name is no parameter, or a value has another type; and as [`Svi::init`](super::Svi::init).
    pub fn init_with(
        &self,
        key: impl Into<RngKey>,
        init_params: &[(&str, Array)],
    ) -> Result<SviState, SviError> {
        let [rng_key, model_seed, guide_seed] = key.into().split()?;
        let mut given: IndexMap<String, Array> = IndexMap::new();
        if let Some(make) = &self.init_params {
            given.extend(make(&self.model, guide_seed)?);
        }
        given.extend(init_params.iter().map(|(name, value)| ((*name).to_string(), value.clone())));
        self.check_params(&given)?;
        let [of_guide, of_model] = [self.guide.initial_state()?.0, self.model.initial_state()?.0];
        let names = |state: &[(String, Array)]| state.iter().map(|(name, _)| name.clone()).collect();
        let initial =
            Initial::new(&self.steps, given.keys().cloned().collect(), [names(&of_guide), names(&of_model)])?;
        let values = given.values().cloned().chain([of_guide, of_model].concat().into_iter().map(|(_, v)| v));
        let args: Vec<Array> = [model_seed.array(), guide_seed.array()].into_iter().chain(values).collect();
        let inputs: Vec<(String, Ty)> =
            args.iter().enumerate().map(|(i, a)| (format!("arg.{i}"), a.ty())).collect();
        let results = self.model.compute("svi.init", &borrowed(&inputs), &args, |data, args| {
            self.steps.init(data, args, &initial)
        })?;
        Ok(self.state_of(results, rng_key, &initial))
    }

    fn check_params(&self, given: &IndexMap<String, Array>) -> Result<(), SviError> {
        for (name, value) in given {
            let params = &self.steps.pairing.params;
            let Some(param) = params.iter().find(|p| p.name == *name) else {
                let known = params.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
                let (setting, found) = ("init_params", format!("`{name}`"));
                return Err(SviError::Setting { setting, found, expected: format!("a parameter: {known}") });
            };
            if value.ty() != param.ty {
                let (setting, found) = ("init_params", format!("{} for `{name}`", value.ty()));
                return Err(SviError::Setting { setting, found, expected: param.ty.to_string() });
            }
        }
        Ok(())
    }

    /// The state from the results of an initial run.
    fn state_of(&self, results: Vec<Array>, rng_key: RngKey, initial: &Initial) -> SviState {
        let params = &self.steps.pairing.params;
        let mut states: Vec<String> = initial.model_states.clone();
        states.extend(initial.guide_states.iter().filter(|s| !initial.model_states.contains(s)).cloned());
        let mut results = results.into_iter();
        let captures = results.by_ref().take(params.iter().map(|p| p.captures.len()).sum()).collect();
        let names = params.iter().map(|p| p.name.clone());
        let unconstrained = names.zip(results.by_ref()).collect();
        let rest: Vec<Array> = results.collect();
        let (optim_state, left) = rest.split_at(rest.len().saturating_sub(states.len()));
        SviState {
            step: 0,
            unconstrained,
            optim_state: optim_state.to_vec(),
            mutable_state: states.into_iter().zip(left.iter().cloned()).collect(),
            rng_key,
            captures,
        }
    }

    /// The values of the parameters, on their constraints; see [`Svi::get_params`](super::Svi::get_params).
    ///
    /// # Errors
    /// When the state is one of another optimisation.
    pub fn get_params(&self, state: &SviState) -> Result<IndexMap<String, Array>, SviError> {
        let mut captures = &state.captures[..];
        let mut out = IndexMap::new();
        for param in &self.steps.pairing.params {
            let (own, rest) = captures.split_at(param.captures.len().min(captures.len()));
            captures = rest;
            let Some(u) = state.unconstrained.get(&param.name) else { continue };
            out.insert(param.name.clone(), param.constrain_array(u, own)?);
        }
        Ok(out)
    }

    /// One step, and the loss before it; see [`Svi::update`](super::Svi::update).
    ///
    /// # Errors
    /// As [`Svi::update`](super::Svi::update).
    pub fn update(&self, state: &SviState) -> Result<(SviState, f64), SviError> {
        let mut args = vec![Array::from(1i64)];
        args.extend(state.arrays());
        let mut results = self.block(state)?.call(&args)?.into_iter();
        let (_, fine, losses) = (results.next(), results.next(), results.next());
        let loss = losses.and_then(|l| l.to_f64_vec().first().copied()).unwrap_or(f64::NAN);
        let next = state.with(results.collect());
        match fine.is_some_and(|fine| fine.as_slice::<bool>() == Some(&[true])) {
            true => Ok((next, loss)),
            false => Err(self.not_finite(state.clone(), vec![loss])),
        }
    }

    /// The loss that the next step would have; see [`Svi::evaluate`](super::Svi::evaluate).
    ///
    /// # Errors
    /// When the device fails.
    pub fn evaluate(&self, state: &SviState) -> Result<f64, SviError> {
        let results = self.evaluation(state)?.call(&state.arrays())?;
        Ok(results.first().and_then(|l| l.to_f64_vec().first().copied()).unwrap_or(f64::NAN))
    }

    fn layout(&self, state: &SviState) -> Layout {
        let states = state.mutable_state.keys().cloned().collect();
        Layout { captures: state.captures.len(), optimizer: state.optim_state.len(), states }
    }

    /// The function that makes a block of steps, compiled at the first call for states of these types.
    pub(super) fn block(&self, state: &SviState) -> Result<BoundFunction, SviError> {
        let mut functions = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        let tys = state.tys();
        if let Some(known) = functions.iter().find(|f| f.tys == tys) {
            return Ok(known.block.clone());
        }
        let layout = self.layout(state);
        let mut inputs = vec![("steps".to_string(), Ty::scalar(DType::I64))];
        inputs.extend(self.inputs(state));
        let block = self
            .model
            .function("svi", &borrowed(&inputs), |data, args| self.steps.block(data, args, &layout))?;
        functions.push(Functions { tys, block: block.clone(), evaluate: None });
        Ok(block)
    }

    /// The names and types of what a step takes.
    fn inputs(&self, state: &SviState) -> Vec<(String, Ty)> {
        let captures = (0..state.captures.len()).map(|i| format!("captures.{i}"));
        let params = state.unconstrained.keys().map(|name| format!("params.{name}"));
        let optimizer = (0..state.optim_state.len()).map(|i| format!("optimizer.{i}"));
        let states = state.mutable_state.keys().map(|name| format!("states.{name}"));
        let own = ["step", "rng_key"].map(String::from);
        captures.chain(own).chain(params).chain(optimizer).chain(states).zip(state.tys()).collect()
    }

    fn evaluation(&self, state: &SviState) -> Result<BoundFunction, SviError> {
        self.block(state)?;
        let mut functions = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        let tys = state.tys();
        let known = functions.iter_mut().find(|f| f.tys == tys);
        if let Some(known) = known.as_ref().and_then(|f| f.evaluate.clone()) {
            return Ok(known);
        }
        let (layout, inputs) = (self.layout(state), self.inputs(state));
        let evaluate = self.model.function("svi.evaluate", &borrowed(&inputs), |data, args| {
            vec![self.loss_of(data, args, &layout, false)[0]]
        })?;
        if let Some(known) = known {
            known.evaluate = Some(evaluate.clone());
        }
        Ok(evaluate)
    }

    /// The loss of the next step, with its gradient by each parameter if that is wanted.
    fn loss_of(&self, data: &[Tensor], args: &[Tensor], layout: &Layout, gradient: bool) -> Vec<Tensor> {
        let (captures, rest) = args.split_at(layout.captures.min(args.len()));
        let carry = super::step::Carry::of(rest, self.steps.pairing.params.len(), layout);
        let [_, own] = Key::from(carry.key).split();
        let objective = |params: &[Tensor]| {
            self.steps.evaluate(data, captures, own, (params, &carry.states, &layout.states))
        };
        if !gradient {
            return vec![objective(&carry.params).0];
        }
        let (loss, _, grads) = value_and_grads(&objective, &carry.params);
        std::iter::once(loss).chain(grads).collect()
    }

    /// The error of the step after `state`, whose loss is the last one or whose update is not finite.
    pub(super) fn not_finite(&self, state: SviState, losses: Vec<f64>) -> SviError {
        let loss = losses.last().copied().unwrap_or(f64::NAN);
        let in_gradient = loss.is_finite();
        let (layout, inputs) = (self.layout(&state), self.inputs(&state));
        // What cannot be explained is told without an explanation.
        let origin = self.model.origin(&borrowed(&inputs), &state.arrays(), |data, args| {
            self.loss_of(data, args, &layout, in_gradient)
        });
        let origin = origin.ok().flatten();
        let site = origin.as_ref().and_then(|o| self.site_at(o.loc.as_ref()?));
        let params = self.get_params(&state).unwrap_or_default();
        let step = state.step;
        SviError::NotFinite(Box::new(LossNotFinite {
            step,
            loss,
            site,
            origin,
            in_gradient,
            state,
            params,
            losses,
        }))
    }

    /// The site of model or guide that was declared at a line.
    fn site_at(&self, loc: &pyroxene_frontend::Loc) -> Option<String> {
        [&self.steps.model, &self.steps.guide].into_iter().find_map(|program| {
            let graph = program.graph();
            let mut sites = graph.sites().filter(|(v, _)| graph.node(*v).loc.as_ref() == Some(loc));
            sites.next().map(|(_, site)| site.name.clone())
        })
    }
}

fn borrowed(inputs: &[(String, Ty)]) -> Vec<(&str, Ty)> {
    inputs.iter().map(|(name, ty)| (name.as_str(), ty.clone())).collect()
}
