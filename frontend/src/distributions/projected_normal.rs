//! The projected normal distribution.

use std::f64::consts::PI;

use pyroxene_ir::{Dims, Loc};

use super::{Distribution, Param, draw_dims, least_positive};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
    trace::{ErrorKind, fail},
};

/// The direction of a normal vector with mean `concentration` and unit variances (NumPyro's `ProjectedNormal`;
/// Hernandez-Stumpfhauser, Breidt and van der Woerd 2017): unit vectors of the same size.
///
/// The density is known for two and three dimensions. In a sampler, and in more dimensions, use it with
/// [`ProjectedNormalReparam`](crate::handlers::ProjectedNormalReparam).
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Without a preferred direction each point of the circle has the density 1/2π.
/// let log_prob = eval(|| ProjectedNormal::new([0.0, 0.0]).log_prob(Tensor::from([0.6, 0.8])))?;
/// assert!((log_prob.to_f64_vec()[0] + (2.0 * std::f64::consts::PI).ln()).abs() < 1e-15);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ProjectedNormal {
    concentration: Tensor,
}

impl ProjectedNormal {
    /// Around the direction of the vectors `concentration`, the more the longer they are.
    ///
    /// # Errors
    /// Recorded when `concentration` is a scalar.
    #[track_caller]
    pub fn new(concentration: impl Into<Tensor>) -> ProjectedNormal {
        let concentration: Tensor = concentration.into();
        if concentration.rank() == 0 && !concentration.is_poison() {
            let found = "ProjectedNormal needs a vector, found a scalar".into();
            fail(
                ErrorKind::Usage { found, help: "give the mean of the normal vector".into() },
                Loc::caller(),
            );
        }
        ProjectedNormal { concentration }
    }
}

/// The vectors' directions, the diagonal for the zero vector (NumPyro's `safe_normalize`).
pub(crate) fn normalised(x: Tensor) -> Tensor {
    let mut dims = x.dims();
    dims.pop();
    dims.push(1);
    // The root has no derivative at zero: there it is taken of ones.
    let is_zero = x.equal(0.0).all_rightmost(1).reshape(&dims);
    let x = is_zero.select(1.0, x);
    let norm = x.square().sum_axis(-1).sqrt().reshape(&dims);
    x / norm.maximum(least_positive(x.dtype()))
}

impl Distribution for ProjectedNormal {
    fn name(&self) -> String {
        "ProjectedNormal".into()
    }

    fn params(&self) -> Vec<Param> {
        vec![Param::new("concentration", self.concentration, constraints::real_vector())]
    }

    fn support(&self) -> Support {
        constraints::sphere()
    }

    fn event_shape(&self) -> Dims {
        self.concentration.dims().last().copied().into_iter().collect()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        // Along the ray through the value the normal density is that of the distance `x` from zero, normal around `t`,
        // times that of the distance from the ray; the former is integrated with the surface's growth, x or x².
        let t = (self.concentration * value).sum_axis(-1);
        let across = -0.5 * (self.concentration.square().sum_axis(-1) - t.square());
        let density = (-0.5 * t.square()).exp() / (2.0 * PI).sqrt();
        match self.concentration.dims().last() {
            Some(2) => (density + t * t.ndtr()).log() + across - 0.5 * (2.0 * PI).ln(),
            Some(3) => (t * density + (1.0 + t.square()) * t.ndtr()).log() + across - (2.0 * PI).ln(),
            n => {
                let found = format!(
                    "the density of ProjectedNormal is known for 2 and 3 dimensions, found {}",
                    n.copied().unwrap_or_default()
                );
                let help = "declare the site under `reparam([(name, ProjectedNormalReparam)], ..)`".into();
                fail(ErrorKind::Usage { found, help }, Loc::caller())
            }
        }
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let mut dims = draw_dims(self, sample_shape);
        dims.extend(self.event_shape());
        Some(normalised(self.concentration + random::normal(key, &dims, self.dtype())))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(normalised(self.concentration))
    }
}
