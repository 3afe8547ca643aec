//! How far vectors spread in the direction in which they spread most, under any scaling of their coordinates.

use std::collections::VecDeque;

/// The most vectors kept.
const VECTORS: usize = 512;
/// The most numbers kept, whatever the dimension.
const NUMBERS: usize = 1 << 19;
/// The number of products with the covariance matrix. Of two scalings of the same vectors the one that spreads less is
/// told long before the variance itself is known well.
const ITERATIONS: usize = 12;

/// The last vectors of many.
pub(super) struct Spread {
    vectors: VecDeque<Vec<f64>>,
    most: usize,
}

impl Spread {
    pub(super) fn new(dimension: usize) -> Spread {
        let most = (NUMBERS / dimension.max(1)).clamp(2, VECTORS);
        Spread { vectors: VecDeque::new(), most }
    }

    /// One more vector.
    pub(super) fn see(&mut self, x: &[f64]) {
        let mut oldest = if self.vectors.len() == self.most { self.vectors.pop_front() } else { None };
        let vector = oldest.get_or_insert_with(Vec::new);
        vector.clear();
        vector.extend_from_slice(x);
        self.vectors.extend(oldest);
    }

    /// The largest variance of the scaled vectors in any direction, from below: power iteration (Golub and Van Loan,
    /// Matrix Computations, 7.3.1), which starts at the last vector.
    pub(super) fn largest(&self, scale: &[f64]) -> f64 {
        let n = self.vectors.len() as f64;
        let mut mean = vec![0.0; scale.len()];
        for x in &self.vectors {
            add(&mut mean, 1.0 / n, x);
        }
        let centred = |x: &Vec<f64>| x.iter().zip(&mean).zip(scale).map(|((x, m), s)| (x - m) * s).collect();
        let rows: Vec<Vec<f64>> = self.vectors.iter().map(centred).collect();
        let Some(mut direction) = rows.last().cloned() else { return f64::NAN };
        let mut largest = 0.0;
        for _ in 0..ITERATIONS {
            let norm = dot(&direction, &direction).sqrt();
            let mut image = vec![0.0; scale.len()];
            for row in &rows {
                add(&mut image, dot(row, &direction) / (norm * n), row);
            }
            largest = dot(&image, &direction) / norm;
            direction = image;
        }
        largest
    }
}

fn add(to: &mut [f64], factor: f64, x: &[f64]) {
    to.iter_mut().zip(x).for_each(|(to, x)| *to += factor * x);
}

/// A sum in four parts, which the compiler makes a vector of.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut parts = [0.0; 4];
    let (a_rows, b_rows) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a_rows.remainder().iter().zip(b_rows.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a_rows.zip(b_rows) {
        for (part, (a, b)) in parts.iter_mut().zip(a.iter().zip(b)) {
            *part += a * b;
        }
    }
    parts.iter().sum::<f64>() + rest
}
