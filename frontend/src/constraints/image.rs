//! What a transform makes of a set.

use std::rc::Rc;

use super::{Constraint, Support, independent};
use crate::{
    tensor::Tensor,
    transforms::{Compose, Transform},
};

/// The set onto which `by` maps `domain`: the one that the transform names (NumPyro's `codomain`), or else the values that
/// it maps back into the domain, with the domain's bijection and then the transform as theirs.
pub fn image(domain: Support, by: Rc<dyn Transform>) -> Support {
    let own = by.domain_event_dim();
    let domain = independent(domain.clone(), own.saturating_sub(domain.event_dim()));
    let event_dim = domain.event_dim() - own + by.codomain_event_dim();
    match by.codomain(&domain) {
        Some(named) => {
            let more = event_dim.saturating_sub(named.event_dim());
            independent(named, more)
        }
        None => Rc::new(Image { domain, by, event_dim }),
    }
}

struct Image {
    domain: Support,
    by: Rc<dyn Transform>,
    event_dim: usize,
}

impl Constraint for Image {
    fn describe(&self) -> String {
        format!("a value whose inverse transform is {}", self.domain.describe())
    }

    fn event_dim(&self) -> usize {
        self.event_dim
    }

    fn is_discrete(&self) -> bool {
        self.domain.is_discrete()
    }

    fn check(&self, value: Tensor) -> Tensor {
        self.domain.check(self.by.inverse(value))
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        let dims = self.by.inverse_dims(&prototype.dims());
        let before = Tensor::zeros(&dims).convert(prototype.dtype());
        self.by.forward(self.domain.feasible_like(before)).convert(prototype.dtype())
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        let parts: [Rc<dyn Transform>; 2] = [self.domain.bijector()?, self.by.clone()];
        Some(Rc::new(Compose::new(parts)))
    }
}
