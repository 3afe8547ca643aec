//! When warm-up adapts what: Stan's windows for variances, nutpie's for the Fisher divergence.

/// The first and the last transition of a window.
pub(super) type Window = [usize; 2];

/// Stan's windows of a warm-up (NumPyro's `build_adaptation_schedule`). The metric is learned in those between the first
/// and the last, and each begins from nothing.
pub(super) fn build_adaptation_schedule(num_steps: usize) -> Vec<Window> {
    if num_steps < 20 {
        return if num_steps == 0 { Vec::new() } else { vec![[0, num_steps - 1]] };
    }
    let (mut start_buffer, mut end_buffer, mut window) = (75, 50, 25);
    if start_buffer + end_buffer + window > num_steps {
        // Shares of 15 and 10 in a hundred.
        start_buffer = num_steps * 3 / 20;
        end_buffer = num_steps / 10;
        window = num_steps - start_buffer - end_buffer;
    }
    let mut windows = vec![[0, start_buffer - 1]];
    let end = num_steps - end_buffer;
    let mut start = start_buffer;
    while start < end {
        let mut size = window;
        // The last one takes what would be too little for another, as windows grow.
        if 3 * size <= end - start {
            window = 2 * size;
        } else {
            size = end - start;
        }
        windows.push([start, start + size - 1]);
        start += size;
    }
    windows.push([end, num_steps - 1]);
    windows
}

/// Transitions between which nothing but the step size changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stretch {
    pub(super) transitions: usize,
    /// Whether the metric is learned from them, and is another one after them.
    pub(super) learns: bool,
    /// Whether a step size that suits the new metric is searched for after them.
    pub(super) searches: bool,
}

/// Stan's warm-up.
pub(super) fn stan(warmup: usize) -> Vec<Stretch> {
    let windows = build_adaptation_schedule(warmup);
    let last = windows.len().saturating_sub(1);
    let stretch = |(i, [start, end]): (usize, &Window)| {
        let learns = i > 0 && i < last;
        Stretch { transitions: end + 1 - start, learns, searches: learns }
    };
    windows.iter().enumerate().map(stretch).collect()
}

/// The number of draws of a window early in nutpie's warm-up.
pub(super) const EARLY_WINDOW: usize = 10;

/// The parts of nutpie's warm-up: short windows in the first three tenths, growing ones after, the last 15 in a hundred
/// for the step size alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nutpie {
    /// The number of transitions in short windows.
    pub(super) early: usize,
    /// The number of transitions that the metric is learned from.
    pub(super) end: usize,
}

impl Nutpie {
    pub(super) fn new(warmup: usize) -> Nutpie {
        let end = warmup - warmup * 3 / 20;
        Nutpie { early: (warmup * 3 / 10).min(end), end }
    }
}

/// nutpie's warm-up, but that the metric follows the draws after every ten of them, not after each.
pub(super) fn nutpie(warmup: usize) -> Vec<Stretch> {
    let Nutpie { early, end } = Nutpie::new(warmup);
    let learning = |transitions, searches| Stretch { transitions, learns: true, searches };
    // The start is the first point; two draws make three.
    let first = early.min(2);
    let mut all = vec![learning(first, true)];
    let mut made = first;
    while made < end {
        let n = EARLY_WINDOW.min(end - made);
        all.push(learning(n, false));
        made += n;
    }
    all.push(Stretch { transitions: warmup - end, learns: false, searches: false });
    all.into_iter().filter(|s| s.transitions > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_make_up_the_warmup() {
        for warmup in [0, 1, 2, 3, 5, 19, 20, 50, 100, 149, 150, 1000, 12_345] {
            for stretches in [stan(warmup), nutpie(warmup)] {
                assert_eq!(stretches.iter().map(|s| s.transitions).sum::<usize>(), warmup);
                assert!(stretches.iter().all(|s| s.transitions > 0));
            }
        }
    }
}
