//! Sums, means and variances in numpy's order of addition, so that every diagnostic rounds as ArviZ's does.

/// The pairwise sum with eight accumulators a block (numpy's `pairwise_sum`): its error grows as log n, not n.
pub(crate) fn sum(x: &[f64]) -> f64 {
    const BLOCK: usize = 128;
    if x.len() > BLOCK {
        let half = x.len() / 2;
        let (head, tail) = x.split_at(half - half % 8);
        return sum(head) + sum(tail);
    }
    let mut blocks = x.chunks_exact(8);
    let mut lanes = [0.0; 8];
    for block in &mut blocks {
        for (lane, value) in lanes.iter_mut().zip(block) {
            *lane += value;
        }
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    blocks.remainder().iter().fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |total, value| total + value)
}

/// The mean; NaN for no values.
pub(crate) fn mean(x: &[f64]) -> f64 {
    sum(x) / x.len() as f64
}

/// The sample variance (divisor n − 1); NaN for fewer than two values.
pub(crate) fn variance(x: &[f64]) -> f64 {
    let center = mean(x);
    let squares: Vec<f64> = x.iter().map(|v| (v - center) * (v - center)).collect();
    sum(&squares) / x.len().saturating_sub(1) as f64
}
