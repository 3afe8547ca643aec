//! Means and variances of vectors that come one by one.

use pyroxene_frontend::{Ty, prelude::*};

/// Welford's algorithm (Knuth, The Art of Computer Programming, volume 2, 4.2.2): NumPyro's `welford_covariance`.
#[derive(Tree, Clone, Debug)]
pub(crate) struct Welford<L: Leaf = Tensor> {
    pub(super) mean: L,
    /// Summed squares of deviations, or products of them if it is a matrix.
    pub(super) m2: L,
    /// How many there were, as a float.
    pub(super) count: L,
}

impl Welford<Array> {
    /// The state before the first vector, for variances or covariances.
    pub(super) fn new(dimension: usize, covariances: bool, float: DType) -> Welford<Array> {
        let dims = if covariances { vec![dimension; 2] } else { vec![dimension] };
        Welford {
            mean: Array::zeros(&Ty::new(float, [dimension])),
            m2: Array::zeros(&Ty::new(float, dims)),
            count: Array::zeros(&Ty::scalar(float)),
        }
    }

    /// Variances, or covariances row by row, shrunk to a small multiple of the identity: Stan's regularisation. `None`
    /// where there were too few vectors for any.
    pub(super) fn regularized(&self) -> Option<Vec<f64>> {
        let n = self.count.to_f64_vec().first().copied().filter(|n| *n >= 2.0)?;
        let dimension = self.mean.len();
        let shrinkage = 1e-3 * (5.0 / (n + 5.0));
        let matrix = self.m2.dims().len() == 2;
        let diagonal = |i: usize| !matrix || i.is_multiple_of(dimension + 1);
        let m2 = self.m2.to_f64_vec().into_iter().enumerate();
        let scale = n / (n + 5.0) / (n - 1.0);
        Some(m2.map(|(i, x)| x * scale + if diagonal(i) { shrinkage } else { 0.0 }).collect())
    }
}

impl Welford {
    /// The state after one more vector.
    pub(super) fn update(&self, x: Tensor) -> Welford {
        let count = self.count + 1.0;
        let before = x - self.mean;
        let mean = self.mean + before / count;
        let after = x - mean;
        let products = if self.m2.rank() == 2 { after.outer(before) } else { before * after };
        Welford { mean, m2: self.m2 + products, count }
    }
    /// The state before the first vector.
    pub(super) fn emptied(&self) -> Welford {
        let zeros = |x: Tensor| Tensor::zeros(&x.dims()).convert(x.dtype());
        Welford { mean: zeros(self.mean), m2: zeros(self.m2), count: zeros(self.count) }
    }
}
