//! A run under the user's eyes: a line for each chain on a terminal, and Ctrl-C to end it with the draws so far.

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

use crate::inference::{ChainProgress, Monitor};

/// How often the lines are drawn anew. Each time takes a few microseconds a chain, far below 2 % of a core.
const PERIOD: Duration = Duration::from_millis(200);
const LINE: &str = "chain {prefix} {bar:24} {pos:>6}/{len} {msg} {elapsed} +{eta}";

/// Makes Ctrl-C stop the run of `monitor` after the transitions at hand; a second one ends the process.
pub(super) fn stop_on_interrupt(monitor: &Monitor) {
    static CURRENT: Mutex<Option<Monitor>> = Mutex::new(None);
    let current = || CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
    let first = current().replace(monitor.clone()).is_none();
    if !first {
        return;
    }
    let handler = || {
        let monitor = CURRENT.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match monitor.filter(|monitor| !monitor.is_stopped()) {
            Some(monitor) => {
                monitor.stop();
                let _ =
                    writeln!(io::stderr(), "stopping after the transitions at hand; again to stop at once");
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
                draw(monitor, &lines, &mut bars);
            }
            bars.iter().for_each(ProgressBar::abandon);
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        watcher.thread().unpark();
        result
    })
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
