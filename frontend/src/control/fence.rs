//! Functions whose computation a compiler keeps apart from what is around.

use std::sync::Arc;

use pyroxene_ir::{Loc, ops};

use crate::{
    closure::{Tensors, close, tensors, types, with_leaves, without_value},
    trace::{Captures, apply_all},
};

/// The function `f`, computed where it stands and not merged with what is around it.
///
/// The values are those of `f`, and so are derivatives and batches. Inside a large program, such as a sampler that runs as
/// one kernel on a CPU, a fence around a gradient or a block of random numbers makes the code shorter and its compilation
/// faster; where a program is no kernel, or the device no CPU, it changes nothing. XLA's `inlineable="false"`.
///
/// ```
/// use pyroxene_frontend::prelude::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let scale = 3.0;
/// let slope = fence(|x: &Tensor| grad(|x: &Tensor| (*x * scale).square().sum())(x));
/// let at_two = pyroxene_frontend::eval(|| slope(&Tensor::from([2.0])))?;
/// assert_eq!(at_two.to_f64_vec(), [36.0]);
/// # Ok(()) }
/// ```
#[track_caller]
pub fn fence<I: Tensors, O: Tensors>(f: impl Fn(&I) -> O) -> impl Fn(&I) -> O {
    let loc = Loc::caller();
    move |x: &I| {
        let fenced = || -> Option<O> {
            let args = tensors(x);
            let mut captures = Captures::default();
            let closed = close("fence", &loc, x, &types(&args)?, &mut captures, &f)?;
            let n = closed.graph.outputs().len();
            if n == 0 {
                return Some(closed.shape);
            }
            let operands = [args, captures.tensors()].concat();
            let op = ops::Fence { kernel: false, body: Arc::new(closed.graph) };
            Some(with_leaves(&closed.shape, &apply_all(op, &operands, n, loc.clone())))
        };
        fenced().unwrap_or_else(|| without_value(&f, x))
    }
}
