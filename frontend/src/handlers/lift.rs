//! `lift`: gives parameters priors.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use super::{Argument, Handler, Message, SiteType, run};
use crate::{distributions::Distribution, tensor::Tensor};

/// One distribution for all, or some by name: priors of the parameters of [`lift`] and of a random module's weights.
///
/// ```
/// use pyroxene_frontend::{handlers::Prior, prelude::*};
/// # pyroxene_frontend::eval(|| {
/// let for_all: Prior = Normal::new(0.0, 1.0).into();
/// let some: Prior = [("s", Exponential::new(1.0)), ("t", Exponential::new(2.0))].into();
/// let of_several_kinds = Prior::new().with("loc", Normal::new(0.0, 1.0)).with("scale", HalfNormal::new(1.0));
/// # Tensor::from(0.0) }).ok();
/// ```
#[derive(Clone, Default)]
pub struct Prior {
    all: Option<Rc<dyn Distribution>>,
    named: BTreeMap<String, Rc<dyn Distribution>>,
}

impl<D: Distribution> From<D> for Prior {
    fn from(all: D) -> Prior {
        Prior { all: Some(Rc::new(all)), named: BTreeMap::new() }
    }
}

impl<N: Into<String>, D: Distribution, const K: usize> From<[(N, D); K]> for Prior {
    fn from(named: [(N, D); K]) -> Prior {
        named.into_iter().fold(Prior::new(), |prior, (name, d)| prior.with(&name.into(), d))
    }
}

impl Prior {
    /// No distribution.
    pub fn new() -> Prior {
        Prior::default()
    }

    /// The same with a distribution for `name`.
    pub fn with(mut self, name: &str, distribution: impl Distribution) -> Prior {
        self.named.insert(name.into(), Rc::new(distribution));
        self
    }

    /// The distribution for a name.
    pub fn get(&self, name: &str) -> Option<&Rc<dyn Distribution>> {
        self.named.get(name).or(self.all.as_ref())
    }
}

struct Lift {
    prior: Prior,
    /// The values of the parameters lifted so far.
    lifted: RefCell<BTreeMap<String, Tensor>>,
}

/// The argument of a lifted site that keeps the name under which it was lifted.
const LIFTED: &str = "lifted";

/// Runs `f` with its parameters turned into sample sites (NumPyro's `lift`): all of them by one prior, or those that a
/// [`Prior`] names. A parameter that is read again under its name keeps the value of the first time.
///
/// A parameter is one value for all the plates around it unless its prior has their dimensions.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// eval(|| handlers::seed(0, || {
///     let model = || param("s", 0.5) + param("t", 1.0);
///     let (sum, sites) = handlers::trace(|| handlers::lift([("s", Exponential::new(0.3))], model));
///     assert_eq!(sites["s"].kind, handlers::SiteType::Sample);
///     assert_eq!(sites["t"].kind, handlers::SiteType::Param);
///     sum
/// }))?;
/// # Ok(()) }
/// ```
pub fn lift<R>(prior: impl Into<Prior>, f: impl FnOnce() -> R) -> R {
    run(Rc::new(Lift { prior: prior.into(), lifted: RefCell::default() }), f)
}

/// Leaves the plates that the prior does not span: their subsampling still scales the density.
fn leave_plates(message: &mut Message, prior: &dyn Distribution) {
    let batch = prior.batch_shape().unwrap_or_default();
    let spans = |dim: isize, size: usize| {
        let at = batch.len().checked_sub(dim.unsigned_abs());
        at.is_some_and(|axis| batch[axis] == size)
    };
    let (kept, left): (Vec<_>, Vec<_>) =
        std::mem::take(&mut message.frames).into_iter().partition(|f| spans(f.dim, f.size));
    message.frames = kept;
    let factor: f64 = left.iter().map(|f| f.full_size as f64 / f.size as f64).product();
    if factor != 1.0 {
        message.scale = Some(message.scale.map_or(Tensor::from(factor), |scale| scale * factor));
    }
}

impl Handler for Lift {
    fn process(&self, message: &mut Message) {
        if message.kind != SiteType::Param {
            return;
        }
        let Some(prior) = self.prior.get(&message.name) else { return };
        message.kind = SiteType::Sample;
        message.distribution = Some(prior.clone());
        message.args.clear();
        message.kwargs.clear();
        message.kwargs.insert(LIFTED.into(), Argument::Text(message.name.clone()));
        leave_plates(message, &**prior);
        message.is_observed = false;
        let known = self.lifted.borrow().get(&message.name).copied();
        if let Some(value) = known {
            message.value = Some(value);
            message.is_observed = true;
            message.hidden = true;
            message.stop = true;
        }
    }

    fn postprocess(&self, message: &mut Message) {
        if let (Some(Argument::Text(name)), Some(value)) = (message.kwargs.get(LIFTED), message.value) {
            self.lifted.borrow_mut().entry(name.clone()).or_insert(value);
        }
    }
}
