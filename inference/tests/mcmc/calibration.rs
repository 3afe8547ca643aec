//! Simulation-based calibration of the in-graph engine (Talts et al. 2018, arXiv:1804.06788): parameters from the prior,
//! data from them, draws from the posterior of these data; then every quantity's rank among its draws is uniform. The
//! likelihood is among the quantities, without which a sampler that ignores its data passes (Modrák et al. 2023).

#![allow(clippy::print_stdout, reason = "the histograms are there to be looked at")]

use pyroxene_frontend::{Model, prelude::*};
use pyroxene_inference::{Engine, Mcmc, Nuts, Posterior, Predictive};
use pyroxene_runtime::default_backend;

/// How often the prior is drawn from, and with which seed.
const REPLICATIONS: usize = 160;
const SEED: u64 = 20_261_126;
/// How many draws a rank is among: it takes one of 64 values, eight of which share a bin.
const DRAWS: usize = 63;
const BINS: usize = 8;
/// Transitions for each draw: neighbours are correlated, which would make ranks near the ends too frequent.
const THINNING: usize = 5;
/// Exceeded by a chi-square of 7 degrees of freedom with probability 1e-5 (`scipy.stats.chi2.isf(1e-5, 7)`): all six
/// quantities of both models raise a false alarm once in 17 000 seeds.
const BOUND: f64 = 35.258;

/// How often the rank of a quantity fell into each bin.
struct Histogram {
    quantity: &'static str,
    bins: [usize; BINS],
}

impl Histogram {
    /// Pearson's statistic of the bins against equal ones.
    fn chi_square(&self) -> f64 {
        let expected = self.bins.iter().sum::<usize>() as f64 / BINS as f64;
        self.bins.iter().map(|n| (*n as f64 - expected).powi(2) / expected).sum()
    }

    fn says(&self) -> String {
        let Histogram { quantity, bins } = self;
        format!("ranks of {quantity} are {bins:?}: chi-square {:.1}, 7 degrees of freedom", self.chi_square())
    }

    /// Counts the rank of `truth` among `draws`.
    fn add(&mut self, truth: f64, draws: &[f64]) {
        let rank = draws.iter().filter(|x| **x < truth).count();
        self.bins[rank * BINS / (DRAWS + 1)] += 1;
    }
}

/// What is ranked: a name, and a value of the parameters and data.
type Quantity = (&'static str, fn(&[f64], &[f64]) -> f64);

/// The ranks of quantities of two scalar parameters over data sets drawn from the model: among the draws, and among
/// draws twice as far from their mean, which the bound is to condemn.
fn histograms(
    model: &Model<Data>,
    data: fn(Array) -> Data<Array>,
    names: [&str; 2],
    like: Array,
    quantities: [Quantity; 3],
) -> [[Histogram; 3]; 2] {
    let backend = default_backend().unwrap();
    let program = model.trace(&data(like.clone())).unwrap();
    let bound = program.bind(&data(like), &backend).unwrap();
    let prior =
        Predictive::default().uncondition().num_samples(REPLICATIONS).run_bound(SEED, &bound).unwrap();
    let values = |name: &str| prior.site(name).unwrap().to_f64_vec();
    let (parameters, observed) = (names.map(values), values("y"));
    let width = observed.len() / REPLICATIONS;
    let nuts = Mcmc::from_kernel(Nuts::default()).engine(Engine::InGraph).chains(1).warmup(150);
    let nuts = nuts.draws(DRAWS * THINNING).thinning(THINNING);

    let empty = || quantities.map(|(quantity, _)| Histogram { quantity, bins: [0; BINS] });
    let mut histograms = [empty(), empty()];
    for (i, y) in observed.chunks(width).enumerate() {
        let bound = program.bind(&data(Array::from(y.to_vec())), &backend).unwrap();
        let posterior = nuts.clone().seed(SEED + i as u64).run_bound(&bound).unwrap();
        let truth = [parameters[0][i], parameters[1][i]];
        for (histograms, spread) in histograms.iter_mut().zip([1.0, 2.0]) {
            let draws = names.map(|name| spread_out(&posterior, name, spread));
            for (histogram, (_, of)) in histograms.iter_mut().zip(quantities) {
                let drawn: Vec<f64> = draws[0].iter().zip(&draws[1]).map(|(a, b)| of(&[*a, *b], y)).collect();
                histogram.add(of(&truth, y), &drawn);
            }
        }
    }
    histograms
}

/// The draws of a scalar, each so many times as far from their mean.
fn spread_out(posterior: &Posterior, name: &str, spread: f64) -> Vec<f64> {
    let draws = posterior.site(name).unwrap().scalar(0);
    assert_eq!(draws.len(), DRAWS);
    let mean = draws.iter().sum::<f64>() / DRAWS as f64;
    draws.iter().map(|x| mean + spread * (x - mean)).collect()
}

fn check(found: &[[Histogram; 3]; 2]) {
    let [ranks, wide] = found;
    for histogram in ranks {
        println!("{}", histogram.says());
        assert!(histogram.chi_square() < BOUND, "{}", histogram.says());
    }
    assert!(wide[0].chi_square() > BOUND, "{}", wide[0].says());
}

#[derive(Tree)]
struct Data<L: Leaf = Tensor> {
    y: L,
}

/// A mean and a scale.
fn measurements() -> Model<Data> {
    Model::new(|d: &Data| {
        let mu = sample("mu", Normal::new(1.0, 2.0));
        let sigma = sample("sigma", HalfNormal::new(1.5));
        plate("i", 6, |_| sample("y", Normal::new(mu, sigma).obs(d.y)));
    })
}

const MEASURED: [Quantity; 3] = [
    ("mu", |p, _| p[0]),
    ("sigma", |p, _| p[1]),
    ("log likelihood", |p, y| y.iter().map(|y| -0.5 * ((y - p[0]) / p[1]).powi(2) - p[1].ln()).sum::<f64>()),
];

/// A share between 0 and 1 and a positive rate, which counts tell of by their product alone but for the priors.
fn counts() -> Model<Data> {
    Model::new(|d: &Data| {
        let share = sample("share", Beta::new(2.0, 3.0));
        let rate = sample("rate", Gamma::new(3.0, 0.5));
        plate("i", 4, |_| sample("y", Poisson::new(rate * share).obs(d.y)));
    })
}

const COUNTED: [Quantity; 3] = [
    ("share", |p, _| p[0]),
    ("rate", |p, _| p[1]),
    ("log likelihood", |p, y| y.iter().map(|y| y * (p[0] * p[1]).ln() - p[0] * p[1]).sum::<f64>()),
];

#[test]
fn ranks_of_a_mean_and_a_scale_are_uniform() {
    let data = |y| Data { y };
    check(&histograms(&measurements(), data, ["mu", "sigma"], Array::from([0.0; 6]), MEASURED));
}

#[test]
fn ranks_of_a_share_and_a_rate_are_uniform() {
    let data = |y: Array| Data { y: y.to_f64_vec().iter().map(|x| *x as i64).collect::<Vec<_>>().into() };
    check(&histograms(&counts(), data, ["share", "rate"], Array::from([0.0; 4]), COUNTED));
}
