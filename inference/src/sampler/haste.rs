//! How long chains go by code that was compiled in haste, before they have code that is worth its compilation.

use pyroxene_frontend::Bound;
use pyroxene_runtime::options::Effort;

/// Elements that the model reads and writes at each evaluation: with more of them there are loops, whose hasty code is ten
/// times as slow as what LLVM makes with effort.
const SMALL: usize = 512;
/// The transitions of all chains of a run that is short.
const SHORT: usize = 10_000;
/// The leapfrogs of all chains that hasty code may make: some 0.1 s of all threads together more than otherwise, where its
/// compilation spares one 0.15 s.
const LEAPFROGS: u64 = 200_000;
/// Chains ask so often, in transitions, whether they have made these: a dispatch each, of some 30 us. What decides is counted and
/// never timed, so that the same seed has the same draws however fast the machine is.
const EVERY: usize = 128;

/// What a run takes, as far as it is known before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Length {
    pub(crate) chains: usize,
    /// Of each chain, warm-up included.
    pub(crate) transitions: usize,
}

/// With how much effort a chain's block is compiled, and for how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Haste {
    /// The leapfrogs of a chain by the hasty code, none where there is none.
    limit: Option<u64>,
}

impl Haste {
    /// For chains that each have a program's run for themselves.
    pub(super) fn of(bound: &Bound, run: Length) -> Haste {
        let transitions = run.chains.saturating_mul(run.transitions);
        let pays =
            bound.backend().platform().is_cpu() && transitions <= SHORT && bound.program().cost() <= SMALL;
        Haste { limit: pays.then(|| LEAPFROGS / run.chains.max(1) as u64) }
    }

    /// Code that is worth its compilation, from the first transition on.
    pub(super) fn none() -> Haste {
        Haste { limit: None }
    }

    pub(super) fn effort(self) -> Effort {
        if self.limit.is_some() { Effort::Least } else { Effort::Full }
    }

    /// Whether a chain that has made so many transitions, and leapfrogs, goes on by other code.
    pub(super) fn is_over(self, transitions: usize, leapfrogs: u64) -> bool {
        self.limit.is_some_and(|limit| transitions.is_multiple_of(EVERY) && leapfrogs > limit)
    }

    /// The most transitions to make before that is asked again.
    pub(super) fn stretch(self, transitions: usize) -> usize {
        if self.limit.is_some() { EVERY - transitions % EVERY } else { usize::MAX }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_look_at_the_same_transitions_however_many_they_make_at_once() {
        let haste = Haste { limit: Some(10) };
        assert_eq!([0, 1, 127, 128, 200].map(|made| haste.stretch(made)), [128, 127, 1, 128, 56]);
        assert!(!haste.is_over(127, 11) && haste.is_over(128, 11) && !haste.is_over(128, 10));
    }

    #[test]
    fn code_made_with_effort_is_never_left() {
        let none = Haste::none();
        assert_eq!((none.effort(), none.stretch(3)), (Effort::Full, usize::MAX));
        assert!(!none.is_over(128, u64::MAX));
    }
}
