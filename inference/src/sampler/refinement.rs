//! The last step size of warm-up: transitions of one that stays tell how far it is from the target.
//!
//! Dual averaging moves by large steps, and acceptance falls faster above its solution than it rises below. So the average
//! of its logarithms is below the step that meets the target, after Stan's fifty transitions by a fifth and by as much again
//! from chain to chain.

use super::learner::Draw;

/// The number of transitions between two corrections.
const BLOCK: usize = 10;
/// Rejections of a block that are more than so many times those of the target are taken for these: one block should not undo
/// what all others have told.
const MOST: f64 = 5.0;

/// The numbers of transitions of the blocks that `n` are made in.
pub(super) fn blocks(n: usize) -> impl Iterator<Item = usize> {
    (0..n).step_by(BLOCK).map(move |done| BLOCK.min(n - done))
}

/// The approximation of Robbins and Monro 1951 to the step size of a mean acceptance.
pub(super) struct Refinement {
    log_size: f64,
    /// The probability of a rejection at the target.
    target: f64,
    /// The number of blocks so far.
    blocks: f64,
    /// Of the present block.
    rejections: f64,
    transitions: f64,
}

impl Refinement {
    pub(super) fn new(step_size: f64, target_accept: f64) -> Refinement {
        let target = 1.0 - target_accept;
        Refinement { log_size: step_size.ln(), target, blocks: 0.0, rejections: 0.0, transitions: 0.0 }
    }

    /// A transition of the present step size.
    pub(super) fn see(&mut self, draw: &Draw<'_>) {
        self.rejections += 1.0 - draw.accept;
        self.transitions += 1.0;
    }

    /// The step size after a block.
    pub(super) fn step_size(&mut self) -> f64 {
        self.blocks += 1.0;
        let excess = (self.rejections / self.transitions / self.target).min(MOST) - 1.0;
        if excess.is_finite() {
            // The energy's error goes with the square of the step (Neal 2011, section 5.2.3.3), as do rejections while they
            // are few. The first block is not trusted with all of it.
            self.log_size -= 0.5 * excess / (self.blocks + 1.0);
        }
        (self.rejections, self.transitions) = (0.0, 0.0);
        self.log_size.exp().clamp(f64::MIN_POSITIVE, f64::MAX)
    }
}
