//! Where an automatic guide begins: NumPyro's `find_valid_initial_params`, with its keys.

use pyroxene_frontend::{
    Array, Bound, BoundFunction, Error, RngKey, Tensor, Ty, grad,
    random::{self, Key},
    record,
};
use pyroxene_ir::{DType, Graph, Indices, SiteKind, eval::eval};

use super::prototype::{LatentSite, Prototype};
use crate::{
    init::{InitStrategy, Start, TRIES, init_error},
    svi::SviError,
};

/// Unconstrained coordinates where the model's log density and its gradient are finite; `seed` is the guide's key.
pub(super) fn position(
    bound: &Bound,
    prototype: &Prototype,
    strategy: &InitStrategy,
    seed: RngKey,
) -> Result<Vec<f64>, SviError> {
    let proposals = Proposals::new(bound, prototype, strategy)?;
    let density = Density::new(bound, prototype)?;
    let [_, mut key] = seed.split()?;
    let mut last = Start { position: Vec::new(), log_density: f64::NAN, gradient: Vec::new() };
    for _ in 0..TRIES {
        let (position, next) = proposals.propose(key)?;
        key = next;
        let (potential, gradient) = density.at(&position, seed)?;
        if potential.is_finite() && gradient.iter().all(|g| g.is_finite()) {
            return Ok(position);
        }
        last = Start { position, log_density: -potential, gradient };
    }
    Err(SviError::Init(Box::new(init_error(bound, None, &last))))
}

/// The potential and its gradient.
enum Density<'a> {
    Bound(&'a Bound),
    /// Of a model that draws subsamples, with a key for these.
    Drawn(Box<BoundFunction>),
}

impl<'a> Density<'a> {
    fn new(bound: &'a Bound, prototype: &Prototype) -> Result<Density<'a>, SviError> {
        let draws = |site: &SiteKind| matches!(site, SiteKind::Plate(p) if matches!(p.indices, Indices::Drawn { .. }));
        if !bound.program().graph().sites().any(|(_, site)| draws(&site.kind)) {
            return Ok(Density::Bound(bound));
        }
        let tracer = bound.program().tracer(&prototype.names(), &[], Some(&[]))?;
        let dimension = prototype.latent_dim();
        let inputs = [("position", Ty::new(DType::F64, [dimension])), ("rng_key", Ty::new(DType::U32, [2]))];
        let function = bound.function("initial_potential", &inputs, |data, args| {
            let potential = |position: &Tensor| {
                -prototype.log_density(&tracer, data, *position, Key::from(args[1]), &|_| None)
            };
            vec![potential(&args[0]), grad(potential)(&args[0])]
        })?;
        Ok(Density::Drawn(Box::new(function)))
    }

    fn at(&self, position: &[f64], key: RngKey) -> Result<(f64, Vec<f64>), Error> {
        match self {
            Density::Bound(bound) => bound.potential_and_gradient(position),
            Density::Drawn(function) => {
                let results = function.call(&[Array::from(position), key.array()])?;
                let potential = results.first().and_then(|p| p.to_f64_vec().first().copied());
                Ok((potential.unwrap_or(f64::NAN), results.get(1).map(Array::to_f64_vec).unwrap_or_default()))
            }
        }
    }
}

/// What proposes positions.
enum Proposals<'a> {
    /// Sites without a value are uniform, each with a split of one chain of keys.
    Chain { prototype: &'a Prototype, radius: f64, values: Vec<Option<Vec<f64>>> },
    /// A graph of arguments, coordinates and a key; the coordinates are uniform under the keys of a `seed`.
    Graph { prototype: &'a Prototype, graph: Box<Graph>, arguments: Vec<Array> },
}

impl<'a> Proposals<'a> {
    fn new(
        bound: &Bound,
        prototype: &'a Prototype,
        strategy: &InitStrategy,
    ) -> Result<Proposals<'a>, SviError> {
        let deterministic = bound.outputs().iter().any(|o| !o.is_sample);
        let radius = strategy.radius();
        let values = vec![None; prototype.sites.len()];
        let initial = match strategy {
            InitStrategy::Uniform { .. } | InitStrategy::Feasible => None,
            // NumPyro finds the coordinates of given values at once where no site has to be computed anew.
            InitStrategy::Value(given) if !deterministic => {
                let known = strategy.initial(bound)?;
                let Some((graph, arguments)) = known else {
                    return Ok(Proposals::Chain { prototype, radius, values });
                };
                let position = made(&graph, &arguments, &vec![0.0; prototype.latent_dim()], 0.into())?;
                let of = |site: &LatentSite| {
                    let is_given = given.iter().any(|(name, _)| name == site.name());
                    is_given.then(|| position[site.offset..site.offset + site.len()].to_vec())
                };
                let values = prototype.sites.iter().map(of).collect();
                return Ok(Proposals::Chain { prototype, radius, values });
            }
            _ => strategy.initial(bound)?,
        };
        Ok(match initial {
            None => Proposals::Chain { prototype, radius, values },
            Some((graph, arguments)) => Proposals::Graph { prototype, graph: Box::new(graph), arguments },
        })
    }

    /// A position, and the key for the next one.
    fn propose(&self, key: RngKey) -> Result<(Vec<f64>, RngKey), SviError> {
        let [mut key, mut sub] = key.split()?;
        let mut position = Vec::new();
        match self {
            Proposals::Chain { prototype, radius, values } => {
                for (site, value) in prototype.sites.iter().zip(values) {
                    match value {
                        Some(value) => position.extend(value),
                        None => {
                            position.extend(uniform(site, sub, *radius)?);
                            [key, sub] = key.split()?;
                        }
                    }
                }
            }
            Proposals::Graph { prototype, graph, arguments } => {
                let mut seed = sub;
                for site in &prototype.sites {
                    let own;
                    [seed, own] = seed.split()?;
                    position.extend(uniform(site, own, 2.0)?);
                }
                position = made(graph, arguments, &position, sub)?;
            }
        }
        Ok((position, key))
    }
}

/// Runs the graph of a strategy.
fn made(graph: &Graph, arguments: &[Array], coordinates: &[f64], key: RngKey) -> Result<Vec<f64>, Error> {
    let mut all = arguments.to_vec();
    all.extend([Array::from(coordinates), key.array()]);
    Ok(eval(graph, &all)?.iter().flat_map(Array::to_f64_vec).collect())
}

/// A site's coordinates, uniform in (−radius, radius).
fn uniform(site: &LatentSite, key: RngKey, radius: f64) -> Result<Vec<f64>, Error> {
    let dims = &site.bijection.unconstrained.dims;
    if radius == 0.0 {
        return Ok(vec![0.0; site.len()]);
    }
    let graph = record(|| {
        let key = Key::from(Tensor::from(key.array()));
        vec![random::uniform(key, dims, DType::F64, -radius, radius)]
    })?;
    Ok(eval(&graph, &[])?.iter().flat_map(Array::to_f64_vec).collect())
}
