//! Kullback–Leibler divergences that have a formula: one table, one row a pair of distributions.

use pyroxene_ir::Dims;

use super::{Distribution, spread, stirling::log_beta, vectors::solved};
use crate::{Triangle, tensor::Tensor};

/// A divergence by the parameters of both, over their batches broadcast together; `None` where a parameter is missing.
type Formula = fn(&Described, &Described) -> Option<Tensor>;

/// Those of NumPyro's `distributions/kl.py`; what wraps distributions is taken off before.
const PAIRS: &[(&str, &str, Formula)] = &[
    ("Beta", "Beta", beta_beta),
    ("CategoricalProbs", "CategoricalProbs", categorical_categorical),
    ("Dirichlet", "Dirichlet", dirichlet_dirichlet),
    ("Gamma", "Gamma", gamma_gamma),
    ("Kumaraswamy", "Beta", kumaraswamy_beta),
    ("MultivariateNormal", "MultivariateNormal", multivariate_normal_multivariate_normal),
    ("Normal", "Normal", normal_normal),
    ("Weibull", "Gamma", weibull_gamma),
];

/// A distribution by its name and parameters: what a recorded site knows of its distribution.
#[derive(Clone, Debug)]
pub struct Described {
    /// The name.
    pub name: String,
    /// The parameters by name.
    pub params: Vec<(String, Tensor)>,
    /// The dimensions of the batch.
    pub batch: Dims,
    /// The dimensions of one event.
    pub event: Dims,
}

impl Described {
    /// What a distribution is by its own account; a mask is left out.
    pub fn of(d: &dyn Distribution) -> Described {
        Described {
            name: d.name(),
            params: d.params().into_iter().map(|p| (p.name.to_string(), p.value)).collect(),
            batch: d.batch_shape().unwrap_or_default(),
            event: d.event_shape(),
        }
    }

    fn get(&self, name: &str) -> Option<Tensor> {
        self.params.iter().find(|(n, _)| n == name).map(|(_, value)| *value)
    }

    fn two(&self, first: &str, second: &str) -> Option<[Tensor; 2]> {
        Some([self.get(first)?, self.get(second)?])
    }

    /// Shapes of a beta distribution, as its kin have them too.
    fn shapes(&self) -> Option<[Tensor; 2]> {
        self.two("concentration1", "concentration0").or_else(|| {
            let [mean, concentration] = self.two("mean", "concentration")?;
            Some([mean * concentration, (1.0 - mean) * concentration])
        })
    }

    /// Shape and rate of a gamma distribution, as its kin have them too.
    fn shape_and_rate(&self) -> Option<[Tensor; 2]> {
        self.two("concentration", "rate").or_else(|| Some([self.get("df")? / 2.0, Tensor::from(0.5)]))
    }

    /// The lower Cholesky factor of the covariance.
    fn scale_tril(&self) -> Option<Tensor> {
        let of_precision = || self.get("precision_matrix").map(Tensor::cholesky_of_inverse);
        let of_covariance = || self.get("covariance_matrix").map(Tensor::cholesky);
        self.get("scale_tril").or_else(of_covariance).or_else(of_precision)
    }
}

/// The divergence `KL(p ‖ q) = E_p[log p(x) − log q(x)]`, of the batch's dimensions; `None` where there is no formula for it
/// (`numpyro.distributions.kl.kl_divergence`).
///
/// There is one between two Normal, MultivariateNormal, Gamma, Beta, Dirichlet or CategoricalProbs distributions, from
/// Weibull to Gamma, from Kumaraswamy to Beta (a series, cut after ten terms) and from Delta to anything; with `expand`,
/// `to_event` and `mask` around both, and with Chi2 for a Gamma and BetaProportion for a Beta.
///
/// ```
/// use pyroxene_frontend::{distributions::kl_divergence, eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let kl = eval(|| {
///     let nothing = Tensor::from(f64::NAN);
///     kl_divergence(&Normal::new(3.0, 1.0), &Normal::new(1.0, 1.0)).unwrap_or(nothing)
/// })?;
/// assert_eq!(kl.to_f64_vec(), [2.0]);
/// # Ok(()) }
/// ```
#[track_caller]
pub fn kl_divergence(p: &dyn Distribution, q: &dyn Distribution) -> Option<Tensor> {
    match (p.masked(), q.masked()) {
        (Some((p, p_mask)), Some((q, q_mask))) => {
            let kl = kl_divergence(&p, &q)?;
            Some((p_mask & q_mask).select(kl, 0.0))
        }
        (Some(_), None) => None,
        _ if p.name() == "Delta" => {
            let described = Described::of(p);
            let [v, density] = described.two("v", "log_density")?;
            Some(density - q.log_prob(v))
        }
        (None, Some(_)) => None,
        (None, None) => kl_between(&Described::of(p), &Described::of(q)),
    }
}

/// Whether [`kl_between`] has a formula for distributions of these names.
pub fn has_kl_divergence(p: &str, q: &str) -> bool {
    formula(p, q).is_some()
}

/// The divergence between two distributions by name and parameters, of the dimensions that the batches broadcast to.
///
/// ```
/// use pyroxene_frontend::{distributions::{Described, has_kl_divergence, kl_between}, prelude::*};
/// assert!(has_kl_divergence("Gamma.to_event(1)", "Chi2.to_event(1)"));
/// assert!(!has_kl_divergence("Gamma", "LogNormal"));
/// ```
#[track_caller]
pub fn kl_between(p: &Described, q: &Described) -> Option<Tensor> {
    let (formula, events) = formula(&p.name, &q.name)?;
    let kl = formula(p, q)?;
    // What has become event is batch to the formula, and counts as often as there are copies.
    let inner = |d: &Described| d.event.iter().take(events).copied().collect::<Vec<_>>();
    let whole = |d: &Described| d.batch.iter().copied().chain(inner(d)).collect::<Vec<_>>();
    Some(spread(spread(kl, &whole(p)), &whole(q)).sum_rightmost(events))
}

/// The formula of a pair, and how many batch dimensions of both have become event.
fn formula(p: &str, q: &str) -> Option<(Formula, usize)> {
    let ((p, events), (q, q_events)) = (unwrapped(p), unwrapped(q));
    let (_, _, formula) = PAIRS.iter().find(|row| (row.0, row.1) == (kin(p), kin(q)))?;
    (events == q_events).then_some((*formula, events))
}

/// The name without `.to_event(n)`, and the sum of these `n`.
fn unwrapped(name: &str) -> (&str, usize) {
    let parted = name.strip_suffix(')').and_then(|rest| rest.rsplit_once(".to_event("));
    let Some((base, Ok(n))) = parted.map(|(base, n)| (base, n.parse::<usize>())) else { return (name, 0) };
    let (base, more) = unwrapped(base);
    (base, n + more)
}

/// The distribution that this one is a special case of.
fn kin(name: &str) -> &str {
    match name {
        "BetaProportion" => "Beta",
        "Chi2" => "Gamma",
        name => name,
    }
}

fn normal_normal(p: &Described, q: &Described) -> Option<Tensor> {
    let ([p_loc, p_scale], [q_loc, q_scale]) = (p.two("loc", "scale")?, q.two("loc", "scale")?);
    let ratio = (p_scale / q_scale).square();
    let distance = ((p_loc - q_loc) / q_scale).square();
    Some(0.5 * (ratio + distance - 1.0 - ratio.log()))
}

/// See <https://statproofbook.github.io/P/mvn-kl.html>.
fn multivariate_normal_multivariate_normal(p: &Described, q: &Described) -> Option<Tensor> {
    let (p_tril, q_tril) = (p.scale_tril()?, q.scale_tril()?);
    let n = q_tril.dim(-1);
    let between = solved(q_tril, p.get("loc")? - q.get("loc")?).square().sum_axis(-1);
    let whitened = q_tril.solve_triangular(p_tril, Triangle::LOWER);
    let trace = whitened.square().sum_axis([-2, -1]);
    let log_det_ratio = 2.0 * (p_tril.tri_logabsdet() - q_tril.tri_logabsdet());
    Some(0.5 * (trace + between - n as f64 - log_det_ratio))
}

fn beta_beta(p: &Described, q: &Described) -> Option<Tensor> {
    let ([a, b], [alpha, beta]) = (p.shapes()?, q.shapes()?);
    let (by_a, by_b) = (alpha - a, beta - b);
    let slopes = by_a * a.digamma() + by_b * b.digamma() - (by_a + by_b) * (a + b).digamma();
    Some(log_beta(alpha, beta) - log_beta(a, b) - slopes)
}

fn categorical_categorical(p: &Described, q: &Described) -> Option<Tensor> {
    let (p, q) = (p.get("probs")?, q.get("probs")?);
    // The logarithm of zero has no slope: it is taken elsewhere.
    let log = |x: Tensor| x.greater(0.0).select(x, 1.0).log();
    let term = q.equal(0.0).select(f64::INFINITY, p * (log(p) - log(q)));
    Some(p.equal(0.0).select(0.0, term).sum_axis(-1))
}

fn dirichlet_dirichlet(p: &Described, q: &Described) -> Option<Tensor> {
    let (p, q) = (p.get("concentration")?, q.get("concentration")?);
    let (p_sum, q_sum) = (p.sum_axis(-1), q.sum_axis(-1));
    let normalisers = p_sum.lgamma() - q_sum.lgamma() - (p.lgamma() - q.lgamma()).sum_axis(-1);
    let means = p.digamma() - p_sum.digamma().expand_dims(-1);
    Some(normalisers + ((p - q) * means).sum_axis(-1))
}

fn gamma_gamma(p: &Described, q: &Described) -> Option<Tensor> {
    let ([a, b], [alpha, beta]) = (p.shape_and_rate()?, q.shape_and_rate()?);
    let ratio = beta / b;
    let shapes = alpha.lgamma() - a.lgamma() + (a - alpha) * a.digamma();
    Some(shapes - alpha * ratio.log() + a * (ratio - 1.0))
}

/// Bauckhage, arXiv:1401.6853, equation 28.
fn weibull_gamma(p: &Described, q: &Described) -> Option<Tensor> {
    let ([a, b], [alpha, beta]) = (p.two("concentration", "scale")?, q.shape_and_rate()?);
    let inverse = 1.0 / a;
    let scaled = b * beta;
    let logs = a.log() + alpha.lgamma() + alpha * (EULER_GAMMA * inverse - scaled.log());
    Some(logs + scaled * (inverse + 1.0).lgamma().exp() - (EULER_GAMMA + 1.0))
}

/// Nalisnick and Smyth, arXiv:1605.06197, equation 12, whose series is cut where NumPyro cuts it.
fn kumaraswamy_beta(p: &Described, q: &Described) -> Option<Tensor> {
    const TERMS: usize = 10;
    let ([a, b], [alpha, beta]) = (p.two("concentration1", "concentration0")?, q.shapes()?);
    let inverse = 1.0 / b;
    let first = (alpha / a - 1.0) * (EULER_GAMMA + b.digamma() + inverse);
    let second = (a * b).log() + log_beta(alpha, beta) + (inverse - 1.0);
    let series = (1..=TERMS).map(|m| {
        let m = m as f64;
        log_beta(m / a, b).exp() / (m + a * b)
    });
    let series = series.reduce(|sum, term| sum + term)?;
    Some(first + second + (beta - 1.0) * b * series)
}

/// Euler's constant `γ`.
const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;
