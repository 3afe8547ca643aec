//! The von Mises distribution.

use super::{
    Distribution, batched, draw_dims,
    parameters::{described, parameters},
};
use crate::{
    constraints::{self, Support},
    control::while_loop,
    random::{self, Key},
    tensor::Tensor,
};

const TWO_PI: f64 = 2.0 * std::f64::consts::PI;

/// Proposals after which NumPyro's sampler takes the last one; each is accepted with probability above 0.65.
const PROPOSALS: i64 = 100;

parameters! {
    /// Angles around `loc`, the normal distribution of a circle (NumPyro's `VonMises`).
    VonMises
    /// Mean direction `loc` in radians and `concentration`, the inverse of a variance where it is large; they broadcast.
    (loc: real, concentration: positive)
}

/// An angle moved into [−π, π).
fn wrapped(angle: Tensor) -> Tensor {
    (angle + std::f64::consts::PI).remainder(TWO_PI) - std::f64::consts::PI
}

/// Angles around zero: the rejection sampler of Best and Fisher (1979) in NumPyro's order of operations.
fn centred(key: Key, concentration: Tensor, dims: &[usize]) -> Tensor {
    let (k, dtype) = (concentration.broadcast_to(dims), concentration.dtype());
    let r = 1.0 + (1.0 + 4.0 * k.square()).sqrt();
    let rho = (r - (2.0 * r).sqrt()) / (2.0 * k);
    // Where the concentration is small the exact formula loses all its digits.
    let cutoff = if dtype == pyroxene_ir::DType::F32 { 0.02 } else { 0.00012 };
    let s = k.greater(cutoff).select((1.0 + rho.square()) / (2.0 * rho), 1.0 / k);
    let zeros = Tensor::from(0.0).convert(dtype).broadcast_to(dims);
    let none = Tensor::from(false).broadcast_to(dims);
    let going = |(i, _, done, _): &(Tensor, Tensor, Tensor, (Tensor, Tensor))| {
        i.less(PROPOSALS) & !done.all_rightmost(done.rank())
    };
    let start = (Tensor::from(0i64).convert(crate::trace::DEFAULT_INT), key.data(), none, (zeros, zeros));
    let (_, _, _, (u, w)) = while_loop(start, going, |(i, key, done, (_, w))| {
        let [for_u, for_v, key] = Key::from(*key).split();
        let u = random::uniform(for_u, dims, dtype, -1.0, 1.0);
        let z = (u * std::f64::consts::PI).cos();
        let w = done.select(*w, (1.0 + s * z) / (s + z));
        let y = k * (s - w);
        let v = random::uniform(for_v, dims, dtype, 0.0, 1.0);
        let accepted = (y * (2.0 - y)).greater_equal(v) | ((y / v).log() + 1.0).greater_equal(y);
        (*i + 1i64, key.data(), accepted | *done, (u, w))
    });
    u.sign() * w.acos()
}

impl Distribution for VonMises {
    described!(VonMises);

    fn support(&self) -> Support {
        constraints::circular()
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        // cos d − 1 by the half angle, which keeps its digits near zero.
        let half = ((value - self.loc) * 0.5).sin();
        -2.0 * self.concentration * half.square() - self.concentration.i0e().log() - TWO_PI.ln()
    }

    fn has_rsample(&self) -> bool {
        false
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        let dims = draw_dims(self, sample_shape);
        Some(wrapped(centred(key, self.concentration.convert(self.dtype()), &dims) + self.loc))
    }

    fn mean(&self) -> Option<Tensor> {
        Some(batched(self, wrapped(self.loc)))
    }

    fn variance(&self) -> Option<Tensor> {
        Some(batched(self, 1.0 - self.concentration.i1e() / self.concentration.i0e()))
    }
}
