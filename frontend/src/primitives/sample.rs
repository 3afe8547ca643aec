//! `sample`: a random variable, latent or observed.

use std::rc::Rc;

use pyroxene_ir::Loc;

use super::record::record;
use crate::{
    distributions::Distribution,
    handlers::{Message, MessageKind, dispatch},
    tensor::Tensor,
};

/// What a site is: a distribution, and perhaps an observed value.
#[derive(Clone)]
pub struct Statement {
    distribution: Rc<dyn Distribution>,
    obs: Option<Tensor>,
    auxiliary: bool,
}

impl<D: Distribution> From<D> for Statement {
    fn from(distribution: D) -> Statement {
        Statement { distribution: Rc::new(distribution), obs: None, auxiliary: false }
    }
}

impl Statement {
    /// The same with this observed value, if there is one.
    #[track_caller]
    pub fn obs(self, value: impl Into<Observation>) -> Statement {
        Statement { obs: value.into().0, ..self }
    }

    /// Marks a site that helps inference rather than describes the model.
    pub(super) fn auxiliary(self) -> Statement {
        Statement { auxiliary: true, ..self }
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
/// # Errors
/// Recorded, with this line, when the trace ends: a name used twice, shapes that do not fit the plates around or the
/// observed value.
#[track_caller]
pub fn sample(name: &str, statement: impl Into<Statement>) -> Tensor {
    let Statement { distribution, obs, auxiliary } = statement.into();
    let mut message = Message::new(MessageKind::Sample, name, Loc::caller());
    message.is_observed = obs.is_some();
    message.value = obs;
    message.auxiliary = auxiliary;
    message.distribution = Some(distribution);
    dispatch(message, record).value.unwrap_or(Tensor::POISON)
}
