//! Random numbers in the graph: threefry keys and draws equal to `jax.random`'s for the same key.
//!
//! Functions have JAX's names and take their arguments in JAX's order. Where JAX's `shape` may be `None`, so may it here;
//! where JAX's `dtype` has a default, the element type is given. A parameter that is a constant outside its domain, an
//! empty range, or a shape that parameters do not broadcast to is an error with the caller's line.

mod arguments;
mod bernoulli;
mod bits;
mod cauchy;
mod exponential;
mod geometric;
mod gumbel;
mod key;
mod laplace;
mod logistic;
mod lognormal;
mod maxwell;
mod normal;
mod pareto;
mod rademacher;
mod randint;
mod rayleigh;
mod triangular;
mod truncated_normal;
mod uniform;
mod wald;
mod weibull_min;

pub use arguments::IntoShape;
pub use bernoulli::bernoulli;
pub use bits::bits;
pub use cauchy::cauchy;
pub use exponential::exponential;
pub use geometric::geometric;
pub use gumbel::gumbel;
pub use key::Key;
pub use laplace::laplace;
pub use logistic::logistic;
pub use lognormal::lognormal;
pub use maxwell::{double_sided_maxwell, maxwell};
pub use normal::normal;
pub use pareto::pareto;
pub use rademacher::rademacher;
pub use randint::randint;
pub use rayleigh::rayleigh;
pub use triangular::triangular;
pub use truncated_normal::truncated_normal;
pub use uniform::uniform;
pub use wald::wald;
pub use weibull_min::weibull_min;
