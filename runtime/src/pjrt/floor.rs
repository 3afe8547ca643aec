//! The least that a dispatch can cost, to measure launches against.

use std::{
    any::Any,
    ptr,
    time::{Duration, Instant},
};

use super::{executable::PjrtExecutable, memory::PjrtMemory};
use crate::{
    backend::{Executable, check_arguments},
    buffer::Buffer,
    bundled::Bundled,
    error::Result,
    packed::Packed,
    padded::Padded,
    trimmed::Trimmed,
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
    check_arguments(executable, args)?;
    let (executable, args) = bare(executable, args.iter().copied().cloned().collect())?;
    let any: &dyn Any = executable;
    let Some(pjrt) = any.downcast_ref::<PjrtExecutable>() else { return Ok(None) };
    let mut raw =
        args.iter().enumerate().map(|(i, arg)| Ok(pjrt.own(i, arg)?.raw())).collect::<Result<Vec<_>>>()?;
    let mut outputs = vec![ptr::null_mut(); executable.outputs().len()];
    // SAFETY: here and below as in `Executable::run`.
    unsafe { pjrt.execute(&raw, &mut outputs, false)? };
    // The results of the run before; the donated argument is one of them.
    let own = |raw: &*mut _| PjrtMemory::new(pjrt.client.clone(), *raw);
    let mut last: Vec<PjrtMemory> = outputs.iter().map(own).collect();
    let mut best = None;
    for _ in 0..rounds {
        let start = Instant::now();
        for _ in 0..runs {
            if let (Some(index), [donated]) = (pjrt.donated, last.as_slice()) {
                raw[index] = donated.raw();
            }
            // SAFETY: as above; the donated argument is freed next, and the results are owned here.
            unsafe { pjrt.execute(&raw, &mut outputs, true)? };
            last.iter_mut().zip(&outputs).for_each(|(last, output)| last.replace(*output));
        }
        let mean = start.elapsed() / runs.max(1);
        best = Some(best.map_or(mean, |b: Duration| b.min(mean)));
    }
    Ok(best)
}

/// The executable that a backend made, for one that stands around it, and the arguments that it takes.
fn bare(executable: &dyn Executable, args: Vec<Buffer>) -> Result<(&dyn Executable, Vec<Buffer>)> {
    let any: &dyn Any = executable;
    if let Some(packed) = any.downcast_ref::<Packed>() {
        return bare(packed.inner(), args);
    }
    if let Some(padded) = any.downcast_ref::<Padded>() {
        return bare(padded.inner(), padded.with_room(args)?);
    }
    if let Some(bundled) = any.downcast_ref::<Bundled>() {
        let args: Vec<Option<Buffer>> = args.into_iter().map(Some).collect();
        return bare(bundled.inner(), bundled.together(&args)?.into_iter().flatten().collect());
    }
    match any.downcast_ref::<Trimmed>() {
        Some(trimmed) => bare(trimmed.inner(), trimmed.read(args)),
        None => Ok((executable, args)),
    }
}
