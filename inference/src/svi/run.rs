//! A run of many steps: blocks of a tenth of a second, their state kept on the device.

use std::time::Instant;

use pyroxene_frontend::Array;
use pyroxene_runtime::Buffer;

use super::{
    bound::BoundSvi,
    error::SviError,
    state::{SviRunResult, SviState},
    step::BLOCK,
};

/// How long a block should take, in seconds: short enough for a stop to seem immediate, long enough for the time between
/// blocks not to count.
const SECONDS: f64 = 0.1;

impl BoundSvi {
    /// Makes `steps` steps from `state` on; see [`Svi::run`](super::Svi::run).
    ///
    /// # Errors
    /// As [`Svi::run`](super::Svi::run).
    pub fn run_from(&self, state: SviState, steps: usize) -> Result<SviRunResult, SviError> {
        if steps == 0 {
            let (setting, found) = ("num_steps", "0".into());
            return Err(SviError::Setting { setting, found, expected: "a positive integer".into() });
        }
        self.monitor.begin(steps);
        let function = self.block(&state)?;
        let backend = self.model().backend();
        let arrays = state.arrays();
        let mut buffers = arrays.iter().map(|a| backend.upload(a)).collect::<Result<Vec<Buffer>, _>>()?;
        let captures = state.captures.len();
        let (mut losses, mut size) = (Vec::with_capacity(steps), 1);
        while losses.len() < steps && !self.monitor.is_stopped() {
            let n = size.min(steps - losses.len());
            let start = Instant::now();
            let mut args = vec![backend.upload(&Array::from(n as i64))?];
            args.extend(buffers.iter().cloned());
            let mut results = function.run(&args)?.into_iter();
            let head: Vec<Array> =
                results.by_ref().take(3).map(|b| b.to_array()).collect::<Result<_, _>>()?;
            let (made, fine, block) = read(&head);
            for (slot, buffer) in buffers[captures..].iter_mut().zip(results) {
                *slot = buffer;
            }
            let block = &block[..made.min(block.len())];
            self.monitor.count(block);
            losses.extend_from_slice(block);
            if !fine {
                return Err(self.not_finite(download(&state, &buffers)?, losses));
            }
            size = next_size(n, start.elapsed().as_secs_f64());
        }
        let state = download(&state, &buffers)?;
        let params = self.get_params(&state)?;
        Ok(SviRunResult { params, state, losses: losses.clone(), interrupted: losses.len() < steps })
    }
}

/// How many steps the next block makes after one of `n` steps that took so many seconds.
fn next_size(n: usize, seconds: f64) -> usize {
    let fitting = SECONDS * n as f64 / seconds.max(1e-9);
    // The first block also pays for what is done once: grow from there, at most eightfold at a time.
    (fitting as usize).clamp(1, BLOCK.min(8 * n))
}

/// The number of steps tried, whether all were finite, and their losses.
fn read(head: &[Array]) -> (usize, bool, Vec<f64>) {
    let made = head.first().and_then(|a| a.as_slice::<i64>()?.first().copied()).unwrap_or_default();
    let fine = head.get(1).is_some_and(|a| a.as_slice::<bool>() == Some(&[true]));
    (usize::try_from(made).unwrap_or_default(), fine, head.get(2).map(Array::to_f64_vec).unwrap_or_default())
}

fn download(state: &SviState, buffers: &[Buffer]) -> Result<SviState, SviError> {
    let own = &buffers[state.captures.len()..];
    let arrays = own.iter().map(Buffer::to_array).collect::<Result<Vec<_>, _>>()?;
    Ok(state.with(arrays))
}
