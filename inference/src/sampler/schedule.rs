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

/// What a stretch of warm-up learns the metric from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stretch {
    pub(super) transitions: usize,
    /// Whether draws count for the metric.
    pub(super) learns: bool,
    /// Whether it belongs to the early part, in which windows are short (nutpie's).
    pub(super) is_early: bool,
    /// What follows it.
    pub(super) then: Then,
}

/// What follows a stretch of warm-up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Then {
    /// The next stretch.
    Nothing,
    /// A new metric from the draws of the stretch, and a search for a step size that suits it.
    Metric,
    /// A search for a step size, once the draws have made a first metric.
    FirstMetric,
}

/// Stan's warm-up.
pub(super) fn stan(warmup: usize) -> Vec<Stretch> {
    let windows = build_adaptation_schedule(warmup);
    let last = windows.len().saturating_sub(1);
    let stretch = |(i, [start, end]): (usize, &Window)| {
        let learns = i > 0 && i < last;
        let then = if learns { Then::Metric } else { Then::Nothing };
        Stretch { transitions: end + 1 - start, learns, is_early: false, then }
    };
    windows.iter().enumerate().map(stretch).collect()
}

/// nutpie's warm-up, and the transition from which on the metric stays: short windows in the first three tenths, growing
/// ones after, the last 15 in a hundred for the step size alone.
pub(super) fn nutpie(warmup: usize) -> (Vec<Stretch>, usize) {
    let end = warmup - warmup * 3 / 20;
    let early = (warmup * 3 / 10).min(end);
    let stretch = |transitions, is_early, then| Stretch { transitions, learns: true, is_early, then };
    // The start is the first point; two draws make three.
    let first = early.min(2);
    let all = vec![
        stretch(first, true, Then::FirstMetric),
        stretch(early - first, true, Then::Nothing),
        stretch(end - early, false, Then::Nothing),
        Stretch { transitions: warmup - end, learns: false, is_early: false, then: Then::Nothing },
    ];
    (all.into_iter().filter(|s| s.transitions > 0).collect(), end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_make_up_the_warmup() {
        for warmup in [0, 1, 2, 3, 5, 19, 20, 50, 100, 149, 150, 1000, 12_345] {
            for stretches in [stan(warmup), nutpie(warmup).0] {
                assert_eq!(stretches.iter().map(|s| s.transitions).sum::<usize>(), warmup);
                assert!(stretches.iter().all(|s| s.transitions > 0));
            }
        }
    }
}
