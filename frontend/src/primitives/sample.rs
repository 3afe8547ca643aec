//! `sample`: a random variable, latent, observed or observed in part.

use std::{collections::BTreeMap, rc::Rc};

use pyroxene_ir::{DType, Dims, Hint, Loc, shape};

use super::{deterministic::deterministic_at, fill, site_error};
use crate::{
    distributions::Distribution,
    handlers::{self, Argument, Message, SiteType, dispatch},
    random::Key,
    tensor::{Operand, Tensor},
    trace::{ErrorKind, type_of},
};

/// What a site is: a distribution, perhaps an observed value, and how to draw it.
#[derive(Clone)]
pub struct Statement {
    distribution: Rc<dyn Distribution>,
    obs: Option<Tensor>,
    obs_mask: Option<Tensor>,
    rng_key: Option<Key>,
    sample_shape: Dims,
    infer: BTreeMap<String, Hint>,
    loc: Option<Loc>,
}

impl<D: Distribution> From<D> for Statement {
    fn from(distribution: D) -> Statement {
        Statement {
            distribution: Rc::new(distribution),
            obs: None,
            obs_mask: None,
            rng_key: None,
            sample_shape: Dims::new(),
            infer: BTreeMap::new(),
            loc: None,
        }
    }
}

impl Statement {
    /// The same with this observed value, if there is one.
    #[track_caller]
    pub fn obs(self, value: impl Into<Observation>) -> Statement {
        Statement { obs: value.into().0, ..self }
    }

    /// The same with only those batch elements observed where `mask`, truth values that broadcast to the batch, is on;
    /// see [`sample`].
    #[track_caller]
    pub fn obs_mask(self, mask: impl Operand) -> Statement {
        Statement { obs_mask: Some(mask.into()), ..self }
    }

    /// The same, drawn with this key rather than one of a seed around.
    #[track_caller]
    pub fn rng_key(self, key: impl Into<Key>) -> Statement {
        Statement { rng_key: Some(key.into()), ..self }
    }

    /// The same with so many independent draws, to the left of the distribution's batch.
    pub fn sample_shape(self, dims: &[usize]) -> Statement {
        Statement { sample_shape: Dims::from_slice(dims), ..self }
    }

    /// The same with a hint to inference (NumPyro's `infer` dictionary): `is_auxiliary` marks a site that helps
    /// inference rather than describes the model; `block_plates` names plates around that do not concern the site.
    pub fn infer(mut self, hint: &str, value: impl Into<Hint>) -> Statement {
        self.infer.insert(hint.into(), value.into());
        self
    }

    /// The same for messages to place at this line rather than the caller's, if there is one: for algorithms that record
    /// sites on behalf of a user's.
    pub fn at_line(self, loc: Option<Loc>) -> Statement {
        Statement { loc: loc.or(self.loc), ..self }
    }
}

/// An observed value, or none: a tensor, a literal, or an `Option` of a tensor.
#[derive(Clone, Copy, Debug)]
pub struct Observation(Option<Tensor>);

impl<T: Into<Tensor>> From<T> for Observation {
    #[track_caller]
    fn from(value: T) -> Observation {
        Observation(Some(value.into()))
    }
}

impl From<Option<Tensor>> for Observation {
    fn from(value: Option<Tensor>) -> Observation {
        Observation(value)
    }
}

/// Declares a random variable and returns its value (NumPyro's `sample`).
///
/// With `obs` it is data. Inside plates it is expanded to their sizes. Without a value it is latent: queries of the
/// recorded model give it one, or draw it.
///
/// ```
/// use pyroxene_frontend::prelude::*;
///
/// fn model(y: &Option<Tensor>) {
///     let mu = sample("mu", Normal::new(0.0, 5.0));
///     sample("y", Normal::new(mu, 1.0).obs(*y)); // None: a latent, for prior predictive draws
/// }
/// ```
///
/// Several values at once, a key of one's own, hints:
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = eval(|| {
///     let ten = sample("batch", Normal::new(0.0, 1.0).sample_shape(&[10]).rng_key(0));
///     let z = sample("z", Normal::new(0.0, 1.0).rng_key(1).infer("is_auxiliary", true));
///     ten + z
/// })?;
/// assert_eq!(x.dims(), [10]);
/// # Ok(()) }
/// ```
///
/// With `obs_mask` a part of the batch is observed: the site becomes `NAME_observed`, `NAME_unobserved`, each masked to
/// its part, and the deterministic site `NAME`, which takes each element from one of the two. It is meant for SVI and for
/// draws: to a sampler `NAME_unobserved` is improper where it is masked.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let y = eval(|| handlers::seed(0, || {
///     let (y, seen) = (Tensor::from([1.0, f64::NAN, 3.0]), Tensor::from(Array::from([true, false, true])));
///     sample("y", Normal::new([0.0; 3], 1.0).obs(y).obs_mask(seen))
/// }))?;
/// assert!(y.to_f64_vec()[0] == 1.0 && y.to_f64_vec()[1].is_finite());
/// # Ok(()) }
/// ```
///
/// # Errors
/// Recorded, with this line, when the trace ends: a name used twice, shapes that do not fit the plates around or the
/// observed value.
#[track_caller]
pub fn sample(name: &str, statement: impl Into<Statement>) -> Tensor {
    let mut statement = statement.into();
    // Called here: a function that is passed on has no caller.
    let here = Loc::caller();
    let loc = statement.loc.take().unwrap_or(here);
    match statement.obs_mask {
        Some(mask) => masked_observe(name, statement, mask, loc),
        None => send(SiteType::Sample, name, statement, loc),
    }
}

/// A site without a partial observation, at a line of its own.
pub(crate) fn sample_at(name: &str, statement: Statement, loc: Loc) -> Tensor {
    send(SiteType::Sample, name, statement, loc)
}

/// Sends the message of a sample site or a factor.
pub(super) fn send(kind: SiteType, name: &str, statement: Statement, loc: Loc) -> Tensor {
    let Statement { distribution, obs, obs_mask: _, rng_key, sample_shape, infer, loc: _ } = statement;
    let mut message = Message::new(kind, name, loc);
    message.is_observed = obs.is_some();
    message.value = obs;
    message.infer = infer;
    message.rng_key = rng_key;
    if let Some(key) = rng_key {
        message.kwargs.insert("rng_key".into(), Argument::Tensor(key.data()));
    }
    if !sample_shape.is_empty() {
        message.kwargs.insert("sample_shape".into(), Argument::Dims(sample_shape.clone()));
    }
    message.sample_shape = sample_shape;
    message.distribution = Some(distribution);
    dispatch(message, fill).value.unwrap_or(Tensor::POISON)
}

/// Whether a mask has more dimensions than the batch of what is observed, which is reported: each of its elements would
/// then stand for a whole event.
fn is_of_the_event(name: &str, statement: &Statement, mask: Tensor, loc: &Loc) -> bool {
    let event = statement.distribution.event_shape().len();
    let (Some(obs), Some(ty)) = (statement.obs.and_then(type_of), type_of(mask)) else { return false };
    let batch = &obs.dims[..obs.rank().saturating_sub(event)];
    let own = statement.distribution.batch_shape().unwrap_or_default();
    let fits = shape::broadcast(batch, &own).is_none_or(|both| shape::broadcasts_to(&ty.dims, &both));
    if event == 0 || fits {
        return false;
    }
    let kind = ErrorKind::Shape {
        what: "`obs_mask`".into(),
        found: ty.dims.to_vec(),
        expected: format!("one that broadcasts to {batch:?}, the batch of the observed value"),
        help: "a mask has batch dimensions: an event is observed as a whole or not at all".into(),
    };
    site_error(name, loc, kind);
    true
}

/// A site observed in part (NumPyro's `_masked_observe`).
fn masked_observe(name: &str, statement: Statement, mask: Tensor, loc: Loc) -> Tensor {
    if let Some(ty) = type_of(mask).filter(|ty| ty.dtype != DType::Bool) {
        let found = format!("`obs_mask` needs truth values, found {ty}");
        let help = "compare first, as in `.obs_mask(y.is_finite())`".into();
        site_error(name, &loc, ErrorKind::Usage { found, help });
        return Tensor::POISON;
    }
    if is_of_the_event(name, &statement, mask, &loc) {
        return Tensor::POISON;
    }
    let statement = Statement { obs_mask: None, sample_shape: Dims::new(), ..statement };
    let (given, latent) = (format!("{name}_observed"), format!("{name}_unobserved"));
    let without = Statement { obs: None, ..statement.clone() };
    let event_dim = statement.distribution.event_shape().len();
    let observed = handlers::mask(mask, || send(SiteType::Sample, &given, statement, loc.clone()));
    let unobserved = handlers::mask(!mask, || send(SiteType::Sample, &latent, without, loc.clone()));
    let mut dims = mask.dims();
    dims.extend(std::iter::repeat_n(1, event_dim));
    let value = mask.reshape(&dims).select(observed, unobserved);
    deterministic_at(name, value, loc)
}
