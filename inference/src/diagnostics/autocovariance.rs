//! Autocovariance averaged over chains, lag by lag on demand: Geyer's sequence mostly stops after a few lags.

use std::f64::consts::TAU;

use super::{chains::Chains, sum::mean};

/// The lag from which one Fourier transform is cheaper than further direct sums: chains that mix this badly may
/// need every lag.
const DIRECT_LAGS: usize = 256;

/// The biased (divisor n) autocovariance, averaged over chains.
pub(super) struct Autocovariance {
    centered: Chains,
    /// Every lag, once the direct sums are given up.
    all: Option<Vec<f64>>,
}

impl Autocovariance {
    pub(super) fn new(draws: &Chains) -> Autocovariance {
        let means = draws.means();
        let values = draws.iter().zip(means).flat_map(|(chain, mean)| chain.iter().map(move |v| v - mean));
        Autocovariance { centered: draws.with_values(values.collect()), all: None }
    }

    /// The autocovariance at `lag` draws; zero beyond the last.
    pub(super) fn at(&mut self, lag: usize) -> f64 {
        let n = self.centered.draws();
        if lag >= n {
            return 0.0;
        }
        if lag < DIRECT_LAGS {
            let sums: Vec<f64> = self.centered.iter().map(|x| dot(&x[..n - lag], &x[lag..])).collect();
            return mean(&sums) / n as f64;
        }
        let all = self.all.get_or_insert_with(|| by_fourier_transform(&self.centered));
        all.get(lag).copied().unwrap_or(0.0)
    }
}

/// The dot product, in eight lanes so that it vectorises.
fn dot(x: &[f64], y: &[f64]) -> f64 {
    let (mut xs, mut ys) = (x.chunks_exact(8), y.chunks_exact(8));
    let mut lanes = [0.0; 8];
    for (a, b) in (&mut xs).zip(&mut ys) {
        for i in 0..8 {
            lanes[i] += a[i] * b[i];
        }
    }
    let rest: f64 = xs.remainder().iter().zip(ys.remainder()).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f64>() + rest
}

/// Every lag at once (Wiener–Khinchin), zero-padded so that no lag wraps around.
fn by_fourier_transform(centered: &Chains) -> Vec<f64> {
    let n = centered.draws();
    let size = (2 * n).next_power_of_two();
    let mut power = vec![(0.0, 0.0); size];
    for chain in centered.iter() {
        let mut z: Vec<Complex> = chain.iter().map(|x| (*x, 0.0)).collect();
        z.resize(size, (0.0, 0.0));
        fourier_transform(&mut z);
        for (p, (re, im)) in power.iter_mut().zip(z) {
            p.0 += re * re + im * im;
        }
    }
    // The power spectrum is real and even, so a second forward transform is its inverse times `size`.
    fourier_transform(&mut power);
    let scale = 1.0 / (size as f64 * n as f64 * centered.chains() as f64);
    power.iter().take(n).map(|(re, _)| re * scale).collect()
}

type Complex = (f64, f64);

/// The discrete Fourier transform in place (radix 2); the length is a power of two.
fn fourier_transform(z: &mut [Complex]) {
    let n = z.len();
    for i in 1..n {
        let j = i.reverse_bits() >> (usize::BITS - n.trailing_zeros());
        if i < j {
            z.swap(i, j);
        }
    }
    let roots: Vec<Complex> = (0..n / 2).map(|k| (-TAU * k as f64 / n as f64).sin_cos()).collect();
    let mut half = 1;
    while half < n {
        let stride = n / (2 * half);
        for block in z.chunks_exact_mut(2 * half) {
            let (low, high) = block.split_at_mut(half);
            for (k, (a, b)) in low.iter_mut().zip(high).enumerate() {
                let (sin, cos) = roots[k * stride];
                let turned = (b.0 * cos - b.1 * sin, b.0 * sin + b.1 * cos);
                *b = (a.0 - turned.0, a.1 - turned.1);
                *a = (a.0 + turned.0, a.1 + turned.1);
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transform_agrees_with_direct_sums_at_every_lag() {
        // A logistic map: irregular, and the same on every machine.
        let mut x = 0.3;
        let values = (0..3 * 301).map(|_| {
            x = 3.9 * x * (1.0 - x);
            x
        });
        let draws = Chains::from_values(301, values.collect());
        let mut direct = Autocovariance::new(&draws);
        let all = by_fourier_transform(&direct.centered);
        assert_eq!(all.len(), 301);
        for (lag, value) in all.into_iter().enumerate().take(DIRECT_LAGS) {
            // Rounding of a transform of 1024 numbers of order one.
            assert!((value - direct.at(lag)).abs() < 1e-14, "lag {lag}");
        }
    }
}
