//! What automatic guides know of a model: its latent sites, their bijections, and where their coordinates lie.

use indexmap::IndexMap;
use pyroxene_frontend::{Array, Bound, Program, SiteBijection, Tensor, Tracer, Ty, random::Key, slice};
use pyroxene_ir::{DType, Indices, SiteKind};

use crate::svi::SviError;

/// A latent site of the model.
#[derive(Clone, Debug)]
pub(super) struct LatentSite {
    pub(super) bijection: SiteBijection,
    /// Where its coordinates begin among those of all sites.
    pub(super) offset: usize,
    /// The type of its unconstrained value with its plates at their full sizes.
    pub(super) unconstrained: Ty,
    /// The type of its value with its plates at their full sizes.
    pub(super) ty: Ty,
}

impl LatentSite {
    pub(super) fn name(&self) -> &str {
        &self.bijection.name
    }

    /// The number of its coordinates.
    pub(super) fn len(&self) -> usize {
        self.bijection.unconstrained.len()
    }

    /// Whether it has only some elements of a plate around it.
    pub(super) fn is_local(&self) -> bool {
        self.bijection.ty != self.ty
    }

    /// An array of the site's own type, or its unconstrained value's, repeated to the full sizes of its plates: each
    /// element so often that they suffice (NumPyro's `periodic_repeat`).
    pub(super) fn repeated(&self, value: &Array) -> Result<Array, SviError> {
        let mut out = value.clone();
        for frame in &self.bijection.frames {
            let axis = axis(self.bijection.batch_rank, frame.dim);
            let Some(axis) = axis.filter(|_| frame.size != frame.full_size) else { continue };
            out = repeat(&out, axis, frame.full_size)?;
        }
        Ok(out)
    }

    /// The site's part of a position, in the type of its unconstrained value.
    pub(super) fn part(&self, position: &[f64]) -> Result<Array, SviError> {
        let part = position.get(self.offset..self.offset + self.len()).unwrap_or_default();
        let ty = &self.bijection.unconstrained;
        let array = Array::from(part).convert(ty.dtype);
        Ok(array.reshape(ty.dims.iter().copied()).map_err(pyroxene_runtime::Error::from)?)
    }
}

fn axis(batch_rank: usize, dim: isize) -> Option<usize> {
    batch_rank.checked_sub(dim.unsigned_abs())
}

fn repeat(x: &Array, axis: usize, size: usize) -> Result<Array, SviError> {
    let Some(period) = x.dims().get(axis).copied().filter(|n| *n > 0) else { return Ok(x.clone()) };
    let times = size.div_ceil(period);
    let mut dims = x.dims().to_vec();
    let row = dims[axis + 1..].iter().product::<usize>() * x.dtype().size();
    let before: usize = dims[..axis].iter().product();
    dims[axis] = size;
    let mut bytes = Vec::with_capacity(before * size * row);
    for outer in 0..before {
        for i in 0..size {
            let start = (outer * period + i / times) * row;
            bytes.extend_from_slice(&x.as_bytes()[start..start + row]);
        }
    }
    let ty = Ty::new(x.dtype(), dims);
    Ok(Array::from_bytes(&ty, &bytes).map_err(pyroxene_runtime::Error::from)?)
}

/// The model as automatic guides see it.
#[derive(Clone, Debug)]
pub(super) struct Prototype {
    pub(super) sites: Vec<LatentSite>,
}

impl Prototype {
    /// # Errors
    /// When a latent site is discrete, is a single value, or has a support that no guide can know.
    pub(super) fn of(program: &Program) -> Result<Prototype, SviError> {
        let graph = program.graph();
        for (v, site) in graph.sites() {
            let SiteKind::Sample(sample) = &site.kind else { continue };
            let refused = |found: String, help: &str| {
                Err(SviError::Site {
                    site: site.name.clone(),
                    loc: graph.node(v).loc.clone(),
                    found,
                    help: help.into(),
                })
            };
            if !sample.is_latent() {
                continue;
            }
            if sample.discrete {
                let found = format!(
                    "an automatic guide has continuous sites alone, and {} is discrete: its support is {}",
                    sample.distribution, sample.support
                );
                let help = "sum the site out of the model, observe it, or write a guide by hand";
                return refused(found, help);
            }
            if sample.distribution == "Delta" {
                let found = "the distribution is a single value, which a guide cannot learn".into();
                return refused(found, "state the value with `deterministic`");
            }
        }
        let mut offset = 0;
        let mut sites = Vec::new();
        for bijection in program.bijections()? {
            let full = |ty: &Ty| {
                let mut dims = ty.dims.clone();
                for frame in &bijection.frames {
                    if let Some(axis) = axis(bijection.batch_rank, frame.dim) {
                        dims[axis] = frame.full_size;
                    }
                }
                Ty { dtype: ty.dtype, dims }
            };
            let (ty, unconstrained) = (full(&bijection.ty), full(&bijection.unconstrained));
            let site = LatentSite { offset, unconstrained, ty, bijection };
            offset += site.len();
            sites.push(site);
        }
        Ok(Prototype { sites })
    }

    /// The number of unconstrained coordinates of all sites.
    pub(super) fn latent_dim(&self) -> usize {
        self.sites.iter().map(LatentSite::len).sum()
    }

    /// Whether some latent sites have only some elements of a plate.
    pub(super) fn is_local(&self) -> bool {
        self.sites.iter().any(LatentSite::is_local)
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.sites.iter().map(LatentSite::name).collect()
    }

    /// The unconstrained values of all sites, from one vector of coordinates.
    pub(super) fn unpack(&self, position: Tensor) -> Vec<Tensor> {
        let part = |site: &LatentSite| {
            let ty = &site.bijection.unconstrained;
            let part = position.at(slice(site.offset as isize, (site.offset + site.len()) as isize));
            part.reshape(&ty.dims).convert(ty.dtype)
        };
        self.sites.iter().map(part).collect()
    }

    /// The values at unconstrained ones, each with the logarithm of its Jacobian's determinant by element of its batch.
    pub(super) fn constrained(&self, data: &[Tensor], unconstrained: &[Tensor]) -> Vec<(Tensor, Tensor)> {
        let mut values = Vec::with_capacity(self.sites.len());
        let mut out = Vec::with_capacity(self.sites.len());
        for (site, u) in self.sites.iter().zip(unconstrained) {
            let transform = site.bijection.transform(data, &values);
            let value = transform.forward(*u);
            out.push((value, transform.log_abs_det_jacobian(*u, value)));
            values.push(value);
        }
        out
    }

    /// The log density of a model on unconstrained space, with the Jacobians; `tracer` takes the latent sites' values, and
    /// `given` its parameters.
    pub(super) fn log_density(
        &self,
        tracer: &Tracer,
        data: &[Tensor],
        position: Tensor,
        key: Key,
        given: &dyn Fn(&str) -> Option<Tensor>,
    ) -> Tensor {
        let made = self.constrained(data, &self.unpack(position));
        let value = |name: &str| self.sites.iter().position(|s| s.name() == name).map(|i| made[i].0);
        let trace = tracer.run(data, key, &|name| value(name).or_else(|| given(name)));
        made.iter().fold(trace.log_density().convert(DType::F64), |sum, (_, log_det)| {
            sum + log_det.sum().convert(DType::F64)
        })
    }

    /// Refuses a model whose plates have subsamples that only the data know, unless the guide is given these plates.
    pub(super) fn check_plates(&self, program: &Program, created: &[String]) -> Result<(), SviError> {
        let graph = program.graph();
        for (v, site) in graph.sites() {
            let SiteKind::Plate(plate) = &site.kind else { continue };
            let around = |s: &LatentSite| s.bijection.frames.iter().any(|f| f.name == site.name);
            let listed = plate.indices == Indices::Operand;
            if listed && self.sites.iter().any(around) && !created.contains(&site.name) {
                return Err(SviError::Site {
                    site: site.name.clone(),
                    loc: graph.node(v).loc.clone(),
                    found: "the plate's elements are given to the model, and the guide does not know them"
                        .into(),
                    help: "make the same plate for the guide, with `create_plates`".into(),
                });
            }
        }
        Ok(())
    }
}

/// The parameters of the model that are among `params`.
pub(super) fn model_params(bound: &Bound, params: &IndexMap<String, Array>) -> Vec<String> {
    let all = bound.program().params();
    all.into_iter().map(|p| p.name).filter(|name| params.contains_key(name)).collect()
}
