//! The arithmetic of initialisation and of a step, as functions of tensors that are recorded into one graph.

use std::sync::Arc;

use indexmap::IndexMap;
use pyroxene_frontend::{Array, DType, ParamSpec, Program, Tensor, Tracer, random::Key, while_loop};

use super::{
    error::SviError,
    loss::{Loss, Pair},
    pairing::Pairing,
};
use crate::optim::Optimizer;

/// The most steps that one dispatch makes: the size of the array of their losses.
pub(super) const BLOCK: usize = 4096;

/// What the functions of one pair of recordings share.
pub(super) struct Steps {
    pub(super) model: Program,
    pub(super) guide: Program,
    pub(super) pairing: Pairing,
    /// Where among the model's data each leaf of the guide's lies.
    pub(super) places: Vec<usize>,
    model_tracer: Tracer,
    guide_tracer: Tracer,
    pub(super) optimizer: Arc<dyn Optimizer + Send + Sync>,
    pub(super) loss: Arc<dyn Loss>,
    pub(super) stable: bool,
}

/// What a step makes of what the step before has left.
#[derive(Clone)]
pub(super) struct Carry {
    pub(super) step: Tensor,
    pub(super) key: Tensor,
    pub(super) params: Vec<Tensor>,
    pub(super) optimizer: Vec<Tensor>,
    pub(super) states: Vec<Tensor>,
}

/// Where the arguments of a step lie.
pub(super) struct Layout {
    pub(super) captures: usize,
    pub(super) optimizer: usize,
    /// The names of the states.
    pub(super) states: Vec<String>,
}

impl Carry {
    /// From arguments after the captures.
    pub(super) fn of(args: &[Tensor], params: usize, layout: &Layout) -> Carry {
        let (own, rest) = args[2..].split_at(params);
        let (optimizer, states) = rest.split_at(layout.optimizer);
        let (own, optimizer, states) = (own.to_vec(), optimizer.to_vec(), states.to_vec());
        Carry { step: args[0], key: args[1], params: own, optimizer, states }
    }

    pub(super) fn tensors(&self) -> Vec<Tensor> {
        [&[self.step, self.key][..], &self.params, &self.optimizer, &self.states].concat()
    }

    /// This where `keep` holds, else `other`.
    fn or(&self, keep: Tensor, other: &Carry) -> Carry {
        let choose = |new: &[Tensor], old: &[Tensor]| -> Vec<Tensor> {
            new.iter().zip(old).map(|(new, old)| keep.select(*new, *old)).collect()
        };
        Carry {
            step: keep.select(self.step, other.step),
            key: keep.select(self.key, other.key),
            params: choose(&self.params, &other.params),
            optimizer: choose(&self.optimizer, &other.optimizer),
            states: choose(&self.states, &other.states),
        }
    }
}

impl Steps {
    pub(super) fn new(
        (model, guide): (Program, Program),
        optimizer: Arc<dyn Optimizer + Send + Sync>,
        loss: Arc<dyn Loss>,
        stable: bool,
    ) -> Result<Steps, SviError> {
        let warnings = loss.check(&model, &guide)?;
        let mut pairing = Pairing::new(&model, &guide, &*loss)?;
        pairing.warnings.extend(warnings);
        let (sites, plates) = (names(&pairing.sites), names(&pairing.plates));
        let model_tracer = loss.prepare(&model)?.tracer(&sites, &plates, None)?;
        let guide_tracer = loss.prepare(&guide)?.tracer(&[], &[], None)?;
        let places = guide.places_among(model.leaves())?;
        Ok(Steps { model, guide, pairing, places, model_tracer, guide_tracer, optimizer, loss, stable })
    }

    /// Of the model's data those that the guide takes.
    fn guide_data(&self, data: &[Tensor]) -> Vec<Tensor> {
        self.places.iter().map(|i| data[*i]).collect()
    }

    /// Records the runs that parameters get their initial values from, as NumPyro's `SVI.init` makes them: the guide, and
    /// the model against it, with the keys of `args` and with the values `given` to parameters. Results: captures, params
    /// on unconstrained space, the optimiser's state, states.
    pub(super) fn init(&self, data: &[Tensor], args: &[Tensor], runs: &Initial) -> Vec<Tensor> {
        let (keys, rest) = args.split_at(2);
        let (given, rest) = rest.split_at(runs.given.len());
        let given: IndexMap<&str, Tensor> =
            runs.given.iter().map(String::as_str).zip(given.iter().copied()).collect();
        let (of_guide, of_model) = rest.split_at(runs.guide_states.len());
        let state = |names: &[String], states: &[Tensor], name: &str| {
            names.iter().position(|n| n == name).and_then(|i| states.get(i).copied())
        };
        let value =
            |name: &str| given.get(name).copied().or_else(|| state(&runs.guide_states, of_guide, name));
        let guide = runs.guide.run(&self.guide_data(data), Key::from(keys[1]), &value);
        let value = |name: &str| {
            let drawn = guide.sites.get(name).map(|s| s.value).or_else(|| guide.plates.get(name).copied());
            let shared = || guide.params.get(name).map(|p| p.value);
            let own = || given.get(name).copied().or_else(|| state(&runs.model_states, of_model, name));
            drawn.or_else(shared).or_else(own)
        };
        let model = runs.model.run(data, Key::from(keys[0]), &value);
        let (mut captures, mut params) = (Vec::new(), Vec::new());
        for spec in &self.pairing.params {
            let Some(param) = guide.params.get(&spec.name).or_else(|| model.params.get(&spec.name)) else {
                continue;
            };
            captures.extend(&param.captures);
            params.push(param.unconstrained.unwrap_or(param.value));
        }
        let optimizer = self.optimizer.init(&params);
        // As in NumPyro, the guide's states come last and count.
        let states: IndexMap<&String, Tensor> =
            model.states.iter().chain(&guide.states).map(|(name, state)| (name, *state)).collect();
        let states = states.into_values().collect();
        [captures, params, optimizer, states].concat()
    }

    /// The loss at these parameters and states, and the states that it leaves.
    pub(super) fn evaluate(
        &self,
        data: &[Tensor],
        captures: &[Tensor],
        key: Key,
        (params, states, names): (&[Tensor], &[Tensor], &[String]),
    ) -> (Tensor, Vec<Tensor>) {
        let mut captures = captures;
        let constrain = |(spec, u): (&ParamSpec, &Tensor)| {
            let (own, rest) = captures.split_at(spec.captures.len());
            captures = rest;
            (spec.name.clone(), spec.constrain(*u, own))
        };
        let params: IndexMap<String, Tensor> =
            self.pairing.params.iter().zip(params).map(constrain).collect();
        let states: IndexMap<String, Tensor> = names.iter().cloned().zip(states.iter().copied()).collect();
        let guide_data = self.guide_data(data);
        let pair = Pair {
            model: &self.model_tracer,
            guide: &self.guide_tracer,
            model_data: data,
            guide_data: &guide_data,
            params: &params,
            states: &states,
        };
        let evaluation = self.loss.loss(&pair, key);
        let left = states.iter().map(|(name, old)| evaluation.states.get(name).copied().unwrap_or(*old));
        (evaluation.loss, left.collect())
    }

    /// One step (NumPyro's `update`): what it leaves, and the loss.
    pub(super) fn step(
        &self,
        data: &[Tensor],
        captures: &[Tensor],
        carry: &Carry,
        layout: &Layout,
    ) -> (Carry, Tensor) {
        let [key, own] = Key::from(carry.key).split();
        let objective =
            |params: &[Tensor]| self.evaluate(data, captures, own, (params, &carry.states, &layout.states));
        let (step, params, state) = (carry.step, &carry.params[..], &carry.optimizer[..]);
        let made = match self.stable {
            true => self.optimizer.eval_and_stable_update(step, &objective, params, state),
            false => self.optimizer.eval_and_update(step, &objective, params, state),
        };
        let next = Carry {
            // A step that is left out does not count.
            step: match self.stable {
                true => made.loss.is_finite().select(step + 1, step),
                false => step + 1,
            },
            key: key.data(),
            params: made.params,
            optimizer: made.state,
            states: made.aux,
        };
        (next, made.loss.convert(DType::F64))
    }

    /// As many steps as the first argument says, up to the first whose loss or parameters are not finite. Results: how many
    /// were tried, whether all went well, their losses, and what the last good one has left.
    pub(super) fn block(&self, data: &[Tensor], args: &[Tensor], layout: &Layout) -> Vec<Tensor> {
        let wanted = args[0];
        let (captures, rest) = args[1..].split_at(layout.captures);
        let first = Carry::of(rest, self.pairing.params.len(), layout);
        let count = Tensor::from(Array::from(0i64));
        let start = (count, Tensor::from(Array::from(true)), Tensor::from(Array::from(vec![0.0; BLOCK])));
        let start = (start, (first.step, first.key), (first.params, first.optimizer, first.states));
        let ((count, fine, losses), (step, key), (params, optimizer, states)) = while_loop(
            start,
            |((count, fine, _), ..)| count.less(wanted) & *fine,
            |((count, _, losses), (step, key), (params, optimizer, states))| {
                let old = Carry {
                    step: *step,
                    key: *key,
                    params: params.clone(),
                    optimizer: optimizer.clone(),
                    states: states.clone(),
                };
                let (mut new, loss) = self.step(data, captures, &old, layout);
                let mut fine = Tensor::from(Array::from(true));
                if !self.stable {
                    fine = new.params.iter().fold(loss.is_finite(), |fine, p| fine & p.is_finite().all());
                    new = new.or(fine, &old);
                }
                let losses = losses.dynamic_update_slice(loss.reshape(&[1]), &[*count]);
                ((*count + 1, fine, losses), (new.step, new.key), (new.params, new.optimizer, new.states))
            },
        );
        let last = Carry { step, key, params, optimizer, states };
        [vec![count, fine, losses], last.tensors()].concat()
    }
}

/// The recordings that an initialisation runs, and what they are given.
pub(super) struct Initial {
    pub(super) guide: Tracer,
    pub(super) model: Tracer,
    pub(super) given: Vec<String>,
    pub(super) guide_states: Vec<String>,
    pub(super) model_states: Vec<String>,
}

impl Initial {
    /// Initial runs in which the parameters `given` have values.
    pub(super) fn new(
        steps: &Steps,
        given: Vec<String>,
        [guide_states, model_states]: [Vec<String>; 2],
    ) -> Result<Initial, SviError> {
        let (of_guide, of_model) = (steps.guide.params(), steps.model.params());
        let has = |params: &[ParamSpec], name: &str| params.iter().any(|p| p.name == name);
        let in_guide: Vec<&str> = names(&given).into_iter().filter(|n| has(&of_guide, n)).collect();
        // The model's parameters of the guide's names have the guide's values.
        let taken = |name: &str| given.iter().any(|g| g == name) || has(&of_guide, name);
        let in_model: Vec<&str> = of_model.iter().map(|p| p.name.as_str()).filter(|n| taken(n)).collect();
        let (sites, plates) = (names(&steps.pairing.sites), names(&steps.pairing.plates));
        let guide = steps.guide.tracer(&[], &[], Some(&in_guide))?;
        let model = steps.model.tracer(&sites, &plates, Some(&in_model))?;
        Ok(Initial { guide, model, given, guide_states, model_states })
    }
}

fn names(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}
