//! The LKJ distribution of Cholesky factors of correlation matrices.

use std::f64::consts::PI;

use pyroxene_ir::{Dims, Loc};

use super::{Distribution, Param, draw_dims, parameters::reals, stirling::log_rising};
use crate::{
    Ellipsis,
    constraints::{self, Support},
    random::{self, Key, epsilon, tiny},
    tensor::Tensor,
    trace::{ErrorKind, fail},
};

/// Cholesky factors of correlation matrices `M` whose density is proportional to `det(M)^(concentration − 1)` (NumPyro's
/// `LKJCholesky`; Lewandowski, Kurowicka and Joe 2009): 1 is uniform over correlation matrices, more is closer to none.
#[derive(Clone, Copy, Debug)]
pub struct LKJCholesky {
    dimension: usize,
    concentration: Tensor,
    method: LKJMethod,
}

/// How [`LKJCholesky`] and [`LKJ`](super::LKJ) draw; the distribution is the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LKJMethod {
    /// Row by row, by a length and a direction: NumPyro's default.
    #[default]
    Onion,
    /// By partial correlations.
    Cvine,
}

impl LKJCholesky {
    /// Matrices with `dimension` rows, at least two; the positive `concentration` is the batch.
    ///
    /// # Errors
    /// Recorded for fewer rows.
    #[track_caller]
    pub fn new(dimension: usize, concentration: impl Into<Tensor>) -> LKJCholesky {
        let [concentration] = reals([concentration.into()]);
        let method = LKJMethod::default();
        if dimension < 2 {
            let found = format!("LKJ: correlation matrices of {dimension} rows");
            let help = "give a dimension of 2 or more".into();
            fail(ErrorKind::Usage { found, help }, Loc::caller());
        }
        LKJCholesky { dimension: dimension.max(2), concentration, method }
    }

    /// The same, drawn by this method.
    pub fn sample_method(self, method: LKJMethod) -> LKJCholesky {
        LKJCholesky { method, ..self }
    }

    /// 0, ½, 1, … for each row but the first.
    fn halves(&self) -> Tensor {
        Tensor::arange(self.dimension - 1).convert(self.dtype()) * 0.5
    }

    /// The concentration of an element's marginal, with a new last dimension.
    fn marginal(&self) -> Tensor {
        (self.concentration + 0.5 * (self.dimension - 2) as f64).expand_dims(-1)
    }

    fn onion(&self, key: Key, sample_shape: &[usize]) -> Tensor {
        let (n, dtype) = (self.dimension, self.dtype());
        let dims = draw_dims(self, sample_shape);
        let [key_beta, key_normal] = key.split();
        let halves = self.halves();
        let share = beta(key_beta, halves + 0.5, self.marginal() - halves, &dims, n - 1, dtype);
        let sized = |size: usize| dims.iter().copied().chain([size]).collect::<Dims>();
        let direction = random::normal(key_normal, &sized(n * (n - 1) / 2), dtype).vec_to_tril_matrix(0);
        let length = direction.square().sum_axis(crate::keepdims(-1)).sqrt();
        let rows = share.sqrt().expand_dims(-1) * (direction / length);
        // Below a first row, left of a last column.
        let mut row = sized(n - 1);
        row.insert(dims.len(), 1);
        let below = Tensor::concatenate_axis(&[Tensor::zeros(&row).convert(dtype), rows], -2);
        let mut column = sized(n);
        column.push(1);
        let whole = Tensor::concatenate_axis(&[below, Tensor::zeros(&column).convert(dtype)], -1);
        let first = Tensor::ones(&sized(1)).convert(dtype);
        whole.add_diag(Tensor::concatenate_axis(&[first, (1.0 - share).sqrt()], -1))
    }

    fn cvine(&self, key: Key, sample_shape: &[usize]) -> Tensor {
        let (n, dtype) = (self.dimension, self.dtype());
        let square = self.halves().broadcast_to(&[n - 1, n - 1]);
        let shape = self.marginal() - square.matrix_to_tril_vec(0);
        let dims = draw_dims(self, sample_shape);
        let partial = 2.0 * beta(key, shape, shape, &dims, n * (n - 1) / 2, dtype) - 1.0;
        // Each partial correlation is a share of what is left of its row's length.
        let most = 1.0 - epsilon(dtype);
        let share = partial.clamp(-most, most).vec_to_tril_matrix(-1);
        let left = (1.0 - share.square()).sqrt().cumprod(-1);
        let mut one = left.dims();
        one.pop();
        one.push(1);
        let one = Tensor::ones(&one).convert(dtype);
        share.add_diag(1.0) * Tensor::concatenate_axis(&[one, left.at((Ellipsis, ..-1))], -1)
    }

    /// The log density of the factor with this diagonal, less that of its Jacobian's part `Σ (n − 1 − i) ln lᵢᵢ`.
    pub(super) fn log_prob_of_matrix(&self, log_diagonal: Tensor) -> Tensor {
        let order = 2.0 * (self.concentration - 1.0);
        order * log_diagonal.sum_axis(-1) - self.log_normalizer()
    }

    /// `ln ∫ Π lᵢᵢ^…`, as ratios of gamma functions.
    fn log_normalizer(&self) -> Tensor {
        let rows = self.dimension - 1;
        let alpha = self.concentration + 0.5 * rows as f64;
        let ratio = |j: usize| {
            let half = 0.5 * j as f64;
            log_rising(alpha - half, Tensor::from(half))
        };
        let ratios = (1..=rows).map(ratio).fold(Tensor::from(0.0), |sum, ratio| sum + ratio);
        // Half ln π for each element below the diagonal.
        0.25 * (self.dimension * rows) as f64 * PI.ln() - ratios
    }
}

/// Beta draws of dimensions `dims` and then `size`, as NumPyro makes them: the first of two Dirichlet probabilities.
fn beta(key: Key, a: Tensor, b: Tensor, dims: &Dims, size: usize, dtype: pyroxene_ir::DType) -> Tensor {
    let mut whole = dims.clone();
    whole.push(size);
    let shapes = [a, b].map(|c| c.broadcast_to(&whole));
    let both = random::dirichlet(key, Tensor::stack_axis(&shapes, -1), &whole, dtype);
    both.at((Ellipsis, 0)).clamp(tiny(dtype), 1.0 - epsilon(dtype))
}

impl Distribution for LKJCholesky {
    fn name(&self) -> String {
        "LKJCholesky".into()
    }

    fn params(&self) -> Vec<Param> {
        vec![Param::new("concentration", self.concentration, constraints::positive())]
    }

    fn support(&self) -> Support {
        constraints::corr_cholesky()
    }

    fn event_shape(&self) -> Dims {
        Dims::from_slice(&[self.dimension, self.dimension])
    }

    fn log_prob(&self, value: Tensor) -> Tensor {
        let log_diagonal = value.diagonal().at((Ellipsis, 1..)).log();
        let later = Tensor::from((self.dimension - 2) as i64) - Tensor::arange(self.dimension - 1);
        let volume = (later.convert(self.dtype()) * log_diagonal).sum_axis(-1);
        self.log_prob_of_matrix(log_diagonal) + volume
    }

    fn sample(&self, key: Key, sample_shape: &[usize]) -> Option<Tensor> {
        Some(match self.method {
            LKJMethod::Onion => self.onion(key, sample_shape),
            LKJMethod::Cvine => self.cvine(key, sample_shape),
        })
    }
}
