//! Draws from a fitted guide as a posterior: one chain, with the names, tables and files of sampled ones.

use indexmap::IndexMap;
use pyroxene_frontend::{Array, Bound};

use super::error::SviError;
use crate::{results::Posterior, sites};

/// Draws of sites, `[draws, ..]` each, such as [`AutoGuide::sample_posterior`](crate::AutoGuide::sample_posterior) makes,
/// as a posterior of one chain with the data of `model`.
///
/// # Errors
/// When the sites have other numbers of draws.
pub fn posterior_of(model: &Bound, draws: &IndexMap<String, Array>) -> Result<Posterior, SviError> {
    let specs = draws.iter().map(|(name, value)| {
        let dims = value.dims().get(1..).unwrap_or_default();
        sites::spec_of(model, name, dims)
    });
    let empty = Posterior::new(specs, [])?;
    let [observed, constant] = sites::data(model)?;
    let mut posterior = empty.with_data(observed, constant);
    let mut chain = posterior.chain();
    let n = draws.values().next().and_then(|value| value.dims().first().copied()).unwrap_or_default();
    let columns: Vec<Vec<f64>> = draws.values().map(Array::to_f64_vec).collect();
    chain.extend::<_, Vec<f64>>(n, &columns, &[])?;
    posterior.push_chain(chain)?;
    Ok(posterior)
}
