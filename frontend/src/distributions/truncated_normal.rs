//! The normal distribution between bounds.

use pyroxene_ir::{Dims, Loc, shape};

use super::{Distribution, Normal, Param, batched, draw_dims, least_positive, parameters::reals};
use crate::{
    constraints::{self, Support},
    random::{self, Key},
    tensor::Tensor,
    trace::{ErrorKind, fail},
};

/// A normal with mean `loc` and standard deviation `scale`, given that it lies between bounds (NumPyro's
/// `TruncatedNormal`).
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let half = eval(|| TruncatedNormal::new(0.0, 1.0).low(0.0).log_prob(Tensor::from(1.0)))?;
/// let same = eval(|| HalfNormal::new(1.0).log_prob(Tensor::from(1.0)))?;
/// assert!((half.to_f64_vec()[0] - same.to_f64_vec()[0]).abs() < 1e-15);
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TruncatedNormal {
    loc: Tensor,
    scale: Tensor,
    low: Option<Tensor>,
    high: Option<Tensor>,
}

impl TruncatedNormal {
    /// Mean and standard deviation of the normal before it is truncated; bounds are set by [`TruncatedNormal::low`] and
    /// [`TruncatedNormal::high`].
    #[track_caller]
    pub fn new(loc: impl Into<Tensor>, scale: impl Into<Tensor>) -> TruncatedNormal {
        let [loc, scale] = reals([loc.into(), scale.into()]);
        TruncatedNormal { loc, scale, low: None, high: None }
    }

    /// The same with no value below `low`.
    #[track_caller]
    pub fn low(self, low: impl Into<Tensor>) -> TruncatedNormal {
        let [low] = reals([low.into()]);
        TruncatedNormal { low: Some(low), ..self }.bounded()
    }

    /// The same with no value above `high`.
    #[track_caller]
    pub fn high(self, high: impl Into<Tensor>) -> TruncatedNormal {
        let [high] = reals([high.into()]);
        TruncatedNormal { high: Some(high), ..self }.bounded()
    }

    /// With bounds of equal dimensions, since the support compares them element by element.
    #[track_caller]
    fn bounded(self) -> TruncatedNormal {
        let (Some(low), Some(high)) = (self.low, self.high) else { return self };
        match shape::broadcast(&low.dims(), &high.dims()) {
            Some(dims) => TruncatedNormal {
                low: Some(low.broadcast_to(&dims)),
                high: Some(high.broadcast_to(&dims)),
                ..self
            },
            None => {
                let (left, right) = (low.dims().to_vec(), high.dims().to_vec());
                let kind = ErrorKind::Broadcast { op: "TruncatedNormal", left, right };
                TruncatedNormal { high: Some(fail(kind, Loc::caller())), ..self }
            }
        }
    }

    fn base(&self) -> Normal {
        Normal::new(self.loc, self.scale)
    }

    /// How many standard deviations a value is from the mean.
    fn standard(&self, value: Tensor) -> Tensor {
        (value - self.loc) / self.scale
    }

    /// `ln(Φ(b) − Φ(a))` for the standardised bounds, of which those that are absent are infinite.
    fn log_mass(&self, low: Option<Tensor>, high: Option<Tensor>) -> Tensor {
        match (low, high) {
            (None, None) => Tensor::from(0.0).convert(self.dtype()),
            (Some(low), None) => (-self.standard(low)).log_ndtr(),
            (None, Some(high)) => self.standard(high).log_ndtr(),
            // The mean would round the distance of close bounds away.
            (Some(low), Some(high)) => {
                log_between(self.standard(low), self.standard(high), (high - low) / self.scale)
            }
        }
    }

    /// The densities at the bounds over the mass between, and their products with the standardised bounds: what the
    /// moments are made of.
    fn edges(&self) -> [(Tensor, Tensor); 2] {
        let zero = || Tensor::from(0.0).convert(self.dtype());
        let edge = |bound: Option<Tensor>| match bound {
            None => (zero(), zero()),
            Some(bound) => {
                let density = self.log_prob(bound).exp() * self.scale;
                (density, density * self.standard(bound))
            }
        };
        [edge(self.low), edge(self.high)]
    }
}

/// `ln(Φ(b) − Φ(a))` for `a ≤ b` at the distance `width`, from the tail that the two lie in; between close bounds by the density's series.
fn log_between(a: Tensor, b: Tensor, width: Tensor) -> Tensor {
    let flip = a.greater(0.0);
    let (lower, upper) = (flip.select(-b, a), flip.select(-a, b));
    let (middle, half) = ((lower + upper) * 0.5, width * 0.5);
    // 2h φ(m) (1 + h² He₂(m)/3! + h⁴ He₄(m)/5! + h⁶ He₆(m)/7!), exact while h and h m are small.
    let near = (half * (middle.abs() + 1.0)).less(0.05);
    let (m, h) = (near.select(middle, 0.0).square(), near.select(half, 0.01).square());
    let terms = [m - 1.0, m * (m - 6.0) + 3.0, m * (m * (m - 15.0) + 45.0) - 15.0];
    let series = h * (terms[0] / 6.0 + h * (terms[1] / 120.0 + h * terms[2] / 5040.0));
    let density = -0.5 * m - 0.5 * (2.0 * std::f64::consts::PI).ln();
    let close = density + (near.select(half, 0.01) * 2.0).log() + series.log1p();
    // Far bounds: infinitely far ones have no slope.
    let (lower, upper) = (near.select(-1.0, lower), near.select(1.0, upper));
    let log_upper = upper.log_ndtr();
    near.select(close, log_upper + (lower.log_ndtr() - log_upper).log1mexp())
}

impl Distribution for TruncatedNormal {
    fn name(&self) -> String {
        "TruncatedNormal".into()
    }

    fn params(&self) -> Vec<Param> {
        let mut params = self.base().params();
        if let Some(low) = self.low {
            params.push(Param::new("low", low, constraints::real()));
        }
        if let Some(high) = self.high {
            let constraint = self.low.map_or_else(constraints::real, constraints::greater_than);
            params.push(Param::new("high", high, constraint));
        }
        params
    }

    fn support(&self) -> Support {
        match (self.low, self.high) {
            (None, None) => constraints::real(),
            (Some(low), None) => constraints::greater_than_eq(low),
            (None, Some(high)) => constraints::less_than_eq(high),
            (Some(low), Some(high)) => constraints::interval(low, high),
        }
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        self.base().log_prob(value) - self.log_mass(self.low, self.high)
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let (dims, dtype): (Dims, _) = (draw_dims(self, sample_shape), self.dtype());
        self.icdf(random::uniform(key, &dims, dtype, least_positive(dtype), 1.0))
    }

    fn mean(&self) -> Option<Tensor> {
        let [(low, _), (high, _)] = self.edges();
        Some(batched(self, self.loc + (low - high) * self.scale))
    }

    fn variance(&self) -> Option<Tensor> {
        let [(low, low_moment), (high, high_moment)] = self.edges();
        let relative = 1.0 + low_moment - high_moment - (low - high).square();
        Some(batched(self, self.scale.square() * relative))
    }

    fn cdf(&self, value: Tensor) -> Option<Tensor> {
        let inside = self.low.map_or(value, |low| value.maximum(low));
        let inside = self.high.map_or(inside, |high| inside.minimum(high));
        let below = self.log_mass(self.low, Some(inside));
        Some((below - self.log_mass(self.low, self.high)).exp())
    }

    fn icdf(&self, q: Tensor) -> Option<Tensor> {
        // From the lower tail; what lies above the mean alone is mirrored into it.
        let side = match self.low {
            Some(low) => self.loc.greater_equal(low).select(1.0, -1.0),
            None => Tensor::from(1.0),
        };
        let tail = |bound: Option<Tensor>, absent: f64| match bound {
            Some(bound) => (side * self.standard(bound)).ndtr(),
            None => (side * absent).greater(0.0).select(1.0, 0.0),
        };
        let below = (1.0 - q) * tail(self.low, f64::NEG_INFINITY) + q * tail(self.high, f64::INFINITY);
        let value = self.loc + side * self.scale * below.ndtri();
        let value = self.low.map_or(value, |low| value.maximum(low));
        Some(self.high.map_or(value, |high| value.minimum(high)))
    }
}
