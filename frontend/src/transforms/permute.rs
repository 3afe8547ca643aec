//! The elements of vectors in another order.

use pyroxene_ir::{Array, Loc};

use super::Transform;
use crate::{
    constraints::Support,
    tensor::Tensor,
    trace::{ErrorKind, fail},
};

/// `yᵢ = x[permutation[i]]` along the last dimension (NumPyro's `PermuteTransform`).
#[derive(Clone, Debug)]
pub struct Permute {
    permutation: Vec<usize>,
}

impl Permute {
    /// The permutation.
    ///
    /// # Errors
    /// Recorded when it does not hold each of 0, 1, … once; the order then stays as it is.
    #[track_caller]
    pub fn new(permutation: &[usize]) -> Permute {
        let mut sorted = permutation.to_vec();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..sorted.len()) {
            let found = format!("Permute: {permutation:?} is no permutation");
            let help = "give each of 0, 1, … up to the last position once".into();
            fail(ErrorKind::Usage { found, help }, Loc::caller());
            return Permute { permutation: (0..sorted.len()).collect() };
        }
        Permute { permutation: permutation.to_vec() }
    }
}

/// The elements at these positions along the last dimension.
fn taken(x: Tensor, at: impl Iterator<Item = usize>) -> Tensor {
    x.take_axis(Array::from(at.map(|i| i as i64).collect::<Vec<_>>()), -1)
}

impl Transform for Permute {
    fn domain_event_dim(&self) -> usize {
        1
    }

    fn codomain_event_dim(&self) -> usize {
        1
    }

    fn forward(&self, x: Tensor) -> Tensor {
        taken(x, self.permutation.iter().copied())
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        let mut back: Vec<(usize, usize)> = self.permutation.iter().copied().zip(0..).collect();
        back.sort_unstable();
        taken(y, back.into_iter().map(|(_, from)| from))
    }

    fn log_abs_det_jacobian(&self, x: Tensor, _y: Tensor) -> Tensor {
        super::no_volume(x, 1)
    }

    fn codomain(&self, domain: &Support) -> Option<Support> {
        super::is_whole(domain).then(|| domain.clone())
    }
}
