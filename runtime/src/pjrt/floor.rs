//! The least that a dispatch can cost, to measure launches against.

use std::{
    any::Any,
    ptr,
    time::{Duration, Instant},
};

use super::{executable::PjrtExecutable, memory::destroy};
use crate::{
    backend::{Executable, check_arguments},
    buffer::Buffer,
    error::Result,
    packed::bare,
};

/// The time of one bare dispatch of a PJRT executable: Execute, await, free the results unread. The shortest
/// of `rounds` means over `runs` runs each; none if the executable is another backend's.
///
/// # Errors
/// As [`Executable::run`].
pub fn bare_dispatch(
    executable: &dyn Executable,
    args: &[&Buffer],
    rounds: u32,
    runs: u32,
) -> Result<Option<Duration>> {
    check_arguments(executable, args.len(), args.iter().map(|a| a.ty()).enumerate())?;
    let (executable, args) = bare(executable, args.to_vec());
    let any: &dyn Any = executable;
    let Some(pjrt) = any.downcast_ref::<PjrtExecutable>() else { return Ok(None) };
    let raw =
        args.iter().enumerate().map(|(i, arg)| Ok(pjrt.own(i, arg)?.raw())).collect::<Result<Vec<_>>>()?;
    let mut outputs = vec![ptr::null_mut(); executable.outputs().len()];
    let mut best = None;
    for _ in 0..rounds {
        let start = Instant::now();
        for _ in 0..runs {
            // SAFETY: as in `Executable::run`; the results are owned here and freed at once.
            unsafe {
                pjrt.execute(&raw, &mut outputs)?;
                for output in &mut outputs {
                    destroy(&pjrt.client, *output);
                    *output = ptr::null_mut();
                }
            }
        }
        let mean = start.elapsed() / runs.max(1);
        best = Some(best.map_or(mean, |b: Duration| b.min(mean)));
    }
    Ok(best)
}
