//! How long it takes to read a matrix of the data's size twice from memory, on all cores: a bound for its gradient.

use std::{hint::black_box, thread, time::Instant};

use serde_json::{Value, json};

use crate::Arguments;

/// A sum that the compiler turns into vector additions, so that memory is what it waits for.
fn sum(words: &[u64]) -> u64 {
    let mut lanes = [0_u64; 32];
    let (chunks, rest) = words.as_chunks::<32>();
    for chunk in chunks {
        for (lane, word) in lanes.iter_mut().zip(chunk) {
            *lane = lane.wrapping_add(*word);
        }
    }
    lanes.iter().chain(rest).fold(0, |a, b| a.wrapping_add(*b))
}

pub(crate) fn run(arguments: &Arguments) -> Value {
    let bytes: usize = arguments.number("bytes", 0);
    let words: Vec<u64> = (0..bytes as u64 / 8).collect();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let part = words.len().div_ceil(threads).max(1);
    let mut least = f64::INFINITY;
    for _ in 0..20 {
        let start = Instant::now();
        for _ in 0..2 {
            thread::scope(|scope| {
                for words in words.chunks(part) {
                    scope.spawn(|| black_box(sum(black_box(words))));
                }
            });
        }
        least = least.min(start.elapsed().as_secs_f64());
    }
    json!({"twice_s": least, "bytes": bytes, "threads": threads})
}
