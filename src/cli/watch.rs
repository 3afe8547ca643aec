//! A run under the user's eyes: a line for each chain, or one for an optimisation, on a terminal, and Ctrl-C to end it
//! with what it has so far.

use std::{
    io::{self, Write},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::inference::{ChainProgress, Monitor, SviMonitor, SviProgress};

/// How often the lines are drawn anew. Each time takes a few microseconds a chain, far below 2 % of a core.
const PERIOD: Duration = Duration::from_millis(200);
const STEPS: &str = "{bar:24} {pos:>6}/{len} {msg} {elapsed} +{eta}";
const LINE: &str = "chain {prefix} {bar:24} {pos:>6}/{len} {msg} {elapsed} +{eta}";

/// What can be stopped.
#[derive(Clone)]
pub(super) enum Running {
    Chains(Monitor),
    Steps(SviMonitor),
}

impl Running {
    fn is_stopped(&self) -> bool {
        match self {
            Running::Chains(monitor) => monitor.is_stopped(),
            Running::Steps(monitor) => monitor.is_stopped(),
        }
    }

    fn stop(&self) {
        match self {
            Running::Chains(monitor) => monitor.stop(),
            Running::Steps(monitor) => monitor.stop(),
        }
    }

    /// What is still done first.
    fn at_hand(&self) -> &'static str {
        match self {
            Running::Chains(_) => "transitions",
            Running::Steps(_) => "steps",
        }
    }
}

/// Makes Ctrl-C stop a run after the transitions or steps at hand; a second one ends the process.
pub(super) fn stop_on_interrupt(running: Running) {
    static CURRENT: Mutex<Option<Running>> = Mutex::new(None);
    let current = || CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
    let first = current().replace(running).is_none();
    if !first {
        return;
    }
    let handler = || {
        let running = CURRENT.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match running.filter(|running| !running.is_stopped()) {
            Some(running) => {
                running.stop();
                let at_hand = running.at_hand();
                let _ = writeln!(io::stderr(), "stopping after the {at_hand} at hand; again to stop at once");
            }
            None => std::process::exit(INTERRUPTED.into()),
        }
    };
    // Without a handler Ctrl-C ends the process, as it does everywhere.
    let _ = ctrlc::set_handler(handler);
}

/// The exit code of a command that was interrupted: the shell's, 128 and the signal's number.
pub(super) const INTERRUPTED: u8 = 130;

/// Does `work`, whose progress `monitor` sees; shows it on standard error where that is a terminal.
pub(super) fn watch<R>(monitor: &Monitor, quiet: bool, work: impl FnOnce() -> R) -> R {
    watched(quiet, work, |lines, bars| draw(monitor, lines, bars))
}

/// The same of an optimisation.
pub(super) fn watch_steps<R>(monitor: &SviMonitor, quiet: bool, work: impl FnOnce() -> R) -> R {
    watched(quiet, work, |lines, bars| draw_steps(&monitor.progress(), lines, bars))
}

fn watched<R>(
    quiet: bool,
    work: impl FnOnce() -> R,
    draw: impl Fn(&MultiProgress, &mut Vec<ProgressBar>) + Sync,
) -> R {
    let lines = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
    if quiet || lines.is_hidden() {
        return work();
    }
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut bars = Vec::new();
            while !done.load(Ordering::Relaxed) {
                thread::park_timeout(PERIOD);
                draw(&lines, &mut bars);
            }
            bars.iter().for_each(ProgressBar::abandon);
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        watcher.thread().unpark();
        result
    })
}

fn draw_steps(progress: &SviProgress, lines: &MultiProgress, bars: &mut Vec<ProgressBar>) {
    if bars.is_empty() {
        let style = ProgressStyle::with_template(STEPS).unwrap_or_else(|_| ProgressStyle::default_bar());
        bars.push(lines.add(ProgressBar::new(0).with_style(style.progress_chars("=> "))));
    }
    bars[0].set_length(progress.total as u64);
    bars[0].set_position(progress.step as u64);
    bars[0].set_message(losses(progress));
}

fn losses(SviProgress { step, init_loss, avg_loss, .. }: &SviProgress) -> String {
    if *step == 0 { "steps,".into() } else { format!("init loss {init_loss:.4}, avg. loss {avg_loss:.4},") }
}

fn draw(monitor: &Monitor, lines: &MultiProgress, bars: &mut Vec<ProgressBar>) {
    for (i, chain) in monitor.chains().iter().enumerate() {
        if i == bars.len() {
            let style = ProgressStyle::with_template(LINE).unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::new(0).with_style(style.progress_chars("=> ")).with_prefix(i.to_string());
            bars.push(lines.add(bar));
        }
        bars[i].set_length((chain.warmup_total + chain.draws_total) as u64);
        bars[i].set_position((chain.warmup + chain.draws) as u64);
        bars[i].set_message(describe(chain));
    }
}

fn describe(chain: &ChainProgress) -> String {
    let phase = if chain.warmup < chain.warmup_total { "warm-up" } else { "draws" };
    let ChainProgress { divergences, leapfrogs, step_size, .. } = chain;
    format!("{phase}, {divergences} divergent, step {step_size:.3}, {leapfrogs} leapfrogs,")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_whether_it_is_watched_or_not() {
        assert_eq!(watch(&Monitor::new(), true, || 1), 1);
        assert_eq!(watch(&Monitor::new(), false, || 2), 2);
        assert_eq!(watch_steps(&SviMonitor::new(), false, || 3), 3);
    }

    #[test]
    fn the_line_tells_losses() {
        assert!(ProgressStyle::with_template(STEPS).is_ok());
        let mut progress = SviProgress::default();
        assert_eq!(losses(&progress), "steps,");
        (progress.step, progress.init_loss, progress.avg_loss) = (3, 12.5, 3.25);
        assert_eq!(losses(&progress), "init loss 12.5000, avg. loss 3.2500,");
    }

    #[test]
    fn the_line_says_what_the_chain_does() {
        assert!(ProgressStyle::with_template(LINE).is_ok());
        let mut chain =
            ChainProgress { warmup: 3, warmup_total: 4, step_size: 0.5, ..ChainProgress::default() };
        assert_eq!(describe(&chain), "warm-up, 0 divergent, step 0.500, 0 leapfrogs,");
        chain.warmup = 4;
        (chain.divergences, chain.leapfrogs) = (2, 70);
        assert_eq!(describe(&chain), "draws, 2 divergent, step 0.500, 70 leapfrogs,");
    }
}
