//! Distributions by their constructor's name, as golden data of NumPyro's and mpmath's write them.

use std::rc::Rc;

use pyroxene_frontend::{Array, Tensor, distributions::*};

/// The distribution of this name, if there is one; parameters by their position, and the arrays they come from where
/// sizes are among them.
pub(crate) fn build(
    name: &str,
    params: &[Option<Tensor>],
    given: &[Option<Array>],
) -> Option<Rc<dyn Distribution>> {
    let get = |i: usize| params.get(i).copied().flatten();
    let p = |i: usize| get(i).unwrap_or_else(|| panic!("{name}: no parameter {i}"));
    /// The same constructor with one, two or three parameters.
    macro_rules! table { ($($one:ident)*; $($two:ident)*; $($three:ident)*) => { match name {
        $(stringify!($one) => Rc::new($one::new(p(0))),)*
        $(stringify!($two) => Rc::new($two::new(p(0), p(1))),)*
        $(stringify!($three) => Rc::new($three::new(p(0), p(1), p(2))),)*
        "Delta" => Rc::new(get(1).map_or(Delta::new(p(0)), |density| Delta::new(p(0)).log_density(density))),
        "ZeroInflatedPoissonLogits" => Rc::new(ZeroInflated::logits(Poisson::new(p(0)), p(1))),
        "FoldedNormal" => Rc::new(Folded::new(Normal::new(p(0), p(1)))),
        "_TruncatedNormal" | "TruncatedNormal" => {
            let base = TruncatedNormal::new(p(0), p(1));
            let above = get(2).map_or(base, |low| base.low(low));
            Rc::new(get(3).map_or(above, |high| above.high(high)))
        }
        _ => return of_vectors(name, &get, given),
    } } }
    Some(table! {
        BernoulliLogits BernoulliProbs CategoricalLogits CategoricalProbs Chi2 Dirichlet Exponential GeometricLogits GeometricProbs
        HalfCauchy HalfNormal Poisson;
        Beta BetaProportion BinomialLogits BinomialProbs Cauchy DirichletMultinomial DiscreteUniform Gamma GammaPoisson Gumbel HurdlePoisson InverseGamma
        Kumaraswamy Laplace Levy LogNormal LogUniform Logistic MultinomialLogits MultinomialProbs NegativeBinomial2 NegativeBinomialLogits
        NegativeBinomialProbs Normal OrderedLogistic Pareto RelaxedBernoulliLogits SoftLaplace Uniform VonMises Weibull ZeroInflatedPoisson;
        AsymmetricLaplace AsymmetricLaplaceQuantile BetaBinomial LowRankMultivariateNormal MultivariateStudentT StudentT
    })
}

/// Those whose parameters are sizes or one of several.
fn of_vectors(
    name: &str,
    get: &dyn Fn(usize) -> Option<Tensor>,
    given: &[Option<Array>],
) -> Option<Rc<dyn Distribution>> {
    let p = |i: usize| get(i).unwrap_or_else(|| panic!("{name}: no parameter {i}"));
    let size = |i: usize| -> Vec<usize> {
        given[i].iter().flat_map(|n| n.to_f64_vec()).map(|n| n as usize).collect()
    };
    let mixing = || CategoricalProbs::new(p(0));
    let component = |i: usize| [1, 2].map(|k| p(k).at(i as isize));
    let all = || 0..p(0).dims().last().copied().unwrap_or_default();
    Some(match name {
        "MultivariateNormal" => Rc::new(match (get(1), get(2), get(3)) {
            (Some(covariance), ..) => MultivariateNormal::from_covariance_matrix(p(0), covariance),
            (_, Some(precision), _) => MultivariateNormal::from_precision_matrix(p(0), precision),
            _ => MultivariateNormal::from_scale_tril(p(0), p(3)),
        }),
        "LKJCholesky" => Rc::new(LKJCholesky::new(size(0)[0], p(1))),
        "LKJ" => Rc::new(LKJ::new(size(0)[0], p(1))),
        "GaussianRandomWalk" => Rc::new(GaussianRandomWalk::new(p(0), size(1)[0])),
        "ZeroSumNormal" => Rc::new(ZeroSumNormal::new(p(0), &size(1))),
        "_GaussianMixture" => Rc::new(MixtureSameFamily::new(mixing(), Normal::new(p(1), p(2)))),
        "_Gaussian2DMixture" => {
            Rc::new(MixtureSameFamily::new(mixing(), MultivariateNormal::from_covariance_matrix(p(1), p(2))))
        }
        "_GeneralMixture" => Rc::new(MixtureGeneral::new(
            mixing(),
            all().map(|i| {
                let [loc, scale] = component(i);
                Rc::new(Normal::new(loc, scale)) as Rc<dyn Distribution>
            }),
        )),
        "_General2DMixture" => Rc::new(MixtureGeneral::new(
            mixing(),
            all().map(|i| {
                let [loc, covariance] = component(i);
                Rc::new(MultivariateNormal::from_covariance_matrix(loc, covariance)) as Rc<dyn Distribution>
            }),
        )),
        _ => return wisharts(name, get, &p),
    })
}

/// Those by degrees of freedom and one of three matrices.
fn wisharts(
    name: &str,
    get: &dyn Fn(usize) -> Option<Tensor>,
    p: &dyn Fn(usize) -> Tensor,
) -> Option<Rc<dyn Distribution>> {
    macro_rules! by_scale { ($($Name:ident)*) => { match name {
        $(stringify!($Name) => Rc::new(match (get(1), get(2)) {
            (Some(scale), _) => $Name::from_scale_matrix(p(0), scale),
            (_, Some(rate)) => $Name::from_rate_matrix(p(0), rate),
            _ => $Name::from_scale_tril(p(0), p(3)),
        }),)*
        _ => return None,
    } } }
    Some(by_scale!(Wishart WishartCholesky InverseWishart InverseWishartCholesky))
}
