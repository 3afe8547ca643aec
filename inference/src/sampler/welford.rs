//! Means and variances of vectors that come one by one, on the host.

use super::metric::Form;

/// Welford's algorithm (Knuth, The Art of Computer Programming, volume 2, 4.2.2): NumPyro's `welford_covariance`.
#[derive(Clone, Debug)]
pub(super) struct Welford {
    form: Form,
    pub(super) mean: Vec<f64>,
    /// Summed squares of deviations, or all products of them row by row.
    pub(super) m2: Vec<f64>,
    pub(super) count: f64,
}

impl Welford {
    /// Before the first vector: for variances or for covariances.
    pub(super) fn new(dimension: usize, form: Form) -> Welford {
        let products = match form {
            Form::Diagonal => dimension,
            Form::Dense => dimension * dimension,
        };
        Welford { form, mean: vec![0.0; dimension], m2: vec![0.0; products], count: 0.0 }
    }

    /// One more vector.
    pub(super) fn see(&mut self, x: &[f64]) {
        self.count += 1.0;
        let before: Vec<f64> = x.iter().zip(&self.mean).map(|(x, mean)| x - mean).collect();
        for (mean, before) in self.mean.iter_mut().zip(&before) {
            *mean += before / self.count;
        }
        let after = x.iter().zip(&self.mean).map(|(x, mean)| x - mean);
        match self.form {
            Form::Diagonal => {
                for (m2, (after, before)) in self.m2.iter_mut().zip(after.zip(&before)) {
                    *m2 += after * before;
                }
            }
            Form::Dense => {
                for (row, after) in self.m2.chunks_exact_mut(before.len().max(1)).zip(after) {
                    row.iter_mut().zip(&before).for_each(|(m2, before)| *m2 += after * before);
                }
            }
        }
    }

    /// Variances, or covariances row by row, shrunk to a small multiple of the identity: Stan's regularisation. `None`
    /// where there were too few vectors for any.
    pub(super) fn regularized(&self) -> Option<Vec<f64>> {
        let n = self.count;
        if n < 2.0 {
            return None;
        }
        let dimension = self.mean.len();
        let shrinkage = 1e-3 * (5.0 / (n + 5.0));
        let diagonal = |i: usize| self.form == Form::Diagonal || i.is_multiple_of(dimension + 1);
        let scale = n / (n + 5.0) / (n - 1.0);
        let m2 = self.m2.iter().enumerate();
        Some(m2.map(|(i, x)| x * scale + if diagonal(i) { shrinkage } else { 0.0 }).collect())
    }
}
