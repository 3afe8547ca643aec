//! `module` and `random_module`: neural networks whose weights are parameters, or random variables.

use std::{cell::RefCell, ops::Deref, rc::Rc};

use pyroxene_ir::Loc;

use super::{InitFunction, Param, param_at, prng_key::initial_key, sample_at, site_error};
use crate::{
    distributions::Distribution,
    handlers::Prior,
    nn::{Layer, Weights},
    random::Key,
    tensor::{Operand, Tensor},
    trace::ErrorKind,
};

/// A network with its weights, to be called with an input: `net(x)`.
#[derive(Clone)]
pub struct Module {
    layer: Layer,
    weights: Weights,
    call: Rc<dyn Fn(Tensor) -> Tensor>,
}

impl Deref for Module {
    type Target = dyn Fn(Tensor) -> Tensor;

    fn deref(&self) -> &Self::Target {
        &*self.call
    }
}

impl Module {
    fn new(layer: Layer, weights: Weights) -> Module {
        let (applied, bound) = (layer.clone(), weights.clone());
        Module { layer, weights, call: Rc::new(move |x| applied.apply(&bound, x)) }
    }

    /// The output with a key, for networks that draw, as with [`dropout`](crate::nn::dropout).
    pub fn with_key(&self, key: impl Into<Key>, x: impl Operand) -> Tensor {
        self.layer.apply_with(key, &self.weights, x)
    }

    /// The weights.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }
}

/// The network `nn`, a [`Layer`] or a tuple of its two functions, for inputs of the shape `input_shape`, with weights that
/// are parameters of the model (NumPyro's `module`).
///
/// NumPyro declares one parameter `NAME$params` that holds the tree of weights. Values of sites are tensors here, so each
/// weight is a parameter of its own, `NAME$params/PATH`: `net$params/0.W`. Fresh weights are those that NumPyro makes of
/// the same key.
///
/// ```
/// use pyroxene_frontend::{nn, prelude::*, primitives::module};
///
/// fn regression(x: &Tensor, y: &Tensor) {
///     let net = module("net", nn::serial([nn::dense(32), nn::relu(), nn::dense(1)]), &x.dims());
///     let sigma = sample("sigma", HalfNormal::new(1.0));
///     plate("data", x.dim(0), |_| sample("y", Normal::new(net(*x).at((.., 0)), sigma).obs(*y)));
/// }
/// ```
///
/// # Errors
/// Recorded, with this line, when the trace ends: no key for fresh weights, an input shape that does not suit.
#[track_caller]
pub fn module(name: &str, nn: impl Into<Layer>, input_shape: &[usize]) -> Module {
    let (layer, loc) = (nn.into(), Loc::caller());
    // The tree must be known before weights are made: if handlers give all of them, no key is taken, as in NumPyro.
    let (_, tree) = layer.init(Key::new(0), input_shape);
    let fresh: Rc<RefCell<Option<Weights>>> = Rc::default();
    let weights = tree.map(&mut |path, _| {
        let (fresh, layer, shape) = (fresh.clone(), layer.clone(), input_shape.to_vec());
        let (at, path, module) = (loc.clone(), path.to_string(), name.to_string());
        let site = format!("{name}$params/{path}");
        let init = move || {
            let known = fresh.borrow().clone();
            let weights = match known {
                Some(weights) => weights,
                None => {
                    let weights = initial(&module, &layer, &shape, &at)?;
                    *fresh.borrow_mut() = Some(weights.clone());
                    weights
                }
            };
            Some(weights.leaf(&path))
        };
        param_at(&site, Param::of(InitFunction::Lazy(Rc::new(init))), loc.clone())
    });
    Module::new(layer, weights)
}

fn initial(name: &str, layer: &Layer, input_shape: &[usize], loc: &Loc) -> Option<Weights> {
    let Some(key) = initial_key(&format!("{name}$params"), loc.clone()) else {
        let found = "the module's weights are drawn, and there is no random key".into();
        let help = "put the call inside `seed(key, || ...)`, or give the weights with `substitute`".into();
        site_error(name, loc, ErrorKind::Usage { found, help });
        return None;
    };
    Some(layer.init(key, input_shape).1)
}

/// The network `nn` with weights that are random variables `NAME/PATH` (NumPyro's `random_flax_module` and its kin):
/// `prior` is the distribution of all of them, or names some by their paths, as in `net/0.W`; the others stay parameters,
/// as [`module`] declares them.
///
/// A prior is expanded to the weight's shape, all of it one event.
///
/// ```
/// use pyroxene_frontend::{eval, handlers::Prior, nn, prelude::*, primitives::random_module};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let net = || nn::serial([nn::dense(4), nn::tanh(), nn::dense(1)]);
/// let y = eval(|| handlers::seed(0, || {
///     let bayesian = random_module("net", net(), Normal::new(0.0, 0.1), &[10, 3]);
///     let partly = random_module("part", net(), Prior::new().with("2.W", Normal::new(0.0, 1.0)), &[10, 3]);
///     let x = Tensor::full(&[10, 3], 1.0);
///     bayesian(x) + partly(x)
/// }))?;
/// assert_eq!(y.dims(), [10, 1]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// As [`module`], and a prior whose events have more dimensions than the weight.
#[track_caller]
pub fn random_module(
    name: &str,
    nn: impl Into<Layer>,
    prior: impl Into<Prior>,
    input_shape: &[usize],
) -> Module {
    let (layer, prior, loc) = (nn.into(), prior.into(), Loc::caller());
    let Some(fresh) = initial(name, &layer, input_shape, &loc) else {
        return Module::new(layer, Weights::none());
    };
    let weights = fresh.map(&mut |path, weight| {
        let Some(d) = prior.get(path) else {
            return param_at(&format!("{name}$params/{path}"), weight.into(), loc.clone());
        };
        let (site, dims, event) = (format!("{name}/{path}"), weight.dims(), d.event_shape().len());
        let Some(batch) = dims.len().checked_sub(event) else {
            let found =
                format!("the prior {} has {event} event dimensions, the weight {}", d.name(), dims.len());
            let help = "give a prior whose events fit into the weight".into();
            site_error(&site, &loc, ErrorKind::Usage { found, help });
            return Tensor::POISON;
        };
        let whole = d.clone().expand(&dims[..batch]).to_event(batch);
        sample_at(&site, whole.into(), loc.clone())
    });
    Module::new(layer, weights)
}
