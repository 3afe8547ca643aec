//! Control flow on the device: loops and choices whose functions are recorded once (JAX's `lax.scan`, `cond`, …).

mod carry;
mod cond;
mod fence;
mod fori_loop;
mod inside;
mod map;
mod optimization_barrier;
mod promoted;
mod scan;
mod sites;
mod while_loop;

pub use cond::{cond, switch};
pub use fence::fence;
pub use fori_loop::fori_loop;
pub use map::map;
pub use optimization_barrier::optimization_barrier;
pub use scan::{Scan, scan};
pub use while_loop::while_loop;
