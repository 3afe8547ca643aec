//! What latent sites' supports are, taken from a recorded program: the transforms and constraints that guides are made of.

use std::{rc::Rc, sync::Arc};

use pyroxene_ir::{
    CondIndepStackFrame, DType, Dims, Loc, SiteKind, Ty, ops,
    passes::{self, Bijection, Excerpt},
};

use super::{error::Error, recorded::Program};
use crate::{
    autodiff::vmap,
    closure::graft,
    constraints::{Constraint, Support},
    tensor::Tensor,
    trace::{DEFAULT_INT, ErrorKind, apply, fail, type_of},
    transforms::Transform,
};

/// A latent site of a recorded program and the bijection between unconstrained space and its support.
#[derive(Clone, Debug)]
pub struct SiteBijection {
    /// The site's name.
    pub name: String,
    /// The user's line.
    pub loc: Option<Loc>,
    /// The type of the site's value.
    pub ty: Ty,
    /// The type of its unconstrained value, whose first dimensions are the batch too.
    pub unconstrained: Ty,
    /// How many of the value's leftmost dimensions are the batch.
    pub batch_rank: usize,
    /// The plates around it, outermost first.
    pub frames: Vec<CondIndepStackFrame>,
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    bijection: Bijection,
    support: String,
    /// The number of the program's leaves, which come first among what excerpts read.
    leaves: usize,
}

impl Program {
    /// The latent sites with continuous supports, in program order.
    ///
    /// ```
    /// use pyroxene_frontend::{Model, eval, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let model = Model::new(|upper: &Tensor| {
    ///     sample("rate", Uniform::new(0.0, *upper));
    /// });
    /// let sites = model.trace(&Array::from(4.0))?.bijections()?;
    /// let rate = eval(|| sites[0].transform(&[Tensor::from(4.0)], &[]).forward(Tensor::from(0.0)))?;
    /// assert_eq!(rate.to_f64_vec(), [2.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// When a support depends on what is drawn or on a value that is given later; the error names the site and its line.
    pub fn bijections(&self) -> Result<Vec<SiteBijection>, Error> {
        let graph = self.graph();
        let all = passes::bijections(graph)?.into_iter();
        let leaves = self.leaves().len();
        let site = |bijection: Bijection| {
            let (node, site) = (graph.node(bijection.site.val), graph.site(bijection.site.val)?);
            let SiteKind::Sample(sample) = &site.kind else { return None };
            Some(SiteBijection {
                name: site.name.clone(),
                loc: node.loc.clone(),
                ty: bijection.site.ty.clone(),
                unconstrained: bijection.site.unconstrained.clone(),
                batch_rank: sample.batch.len(),
                frames: site.frames.clone(),
                inner: Arc::new(Inner { bijection, support: sample.support.clone(), leaves }),
            })
        };
        Ok(all.filter_map(site).collect())
    }
}

impl SiteBijection {
    /// Whether unconstrained coordinates are the values themselves: the support is the whole space.
    pub fn is_identity(&self) -> bool {
        self.inner.bijection.is_identity
    }

    /// How many of the value's rightmost dimensions form one event.
    pub fn event_dim(&self) -> usize {
        self.ty.rank() - self.batch_rank
    }

    /// How many of the unconstrained value's rightmost dimensions form one event.
    pub fn unconstrained_event_dim(&self) -> usize {
        self.unconstrained.rank() - self.batch_rank
    }

    /// The bijection in the active trace. `data` are the program's, in the order of [`Program::leaves`]; `values` those
    /// of the latent sites before this one, in program order.
    ///
    /// It also takes batches of other sizes than the site's, as of a whole plate where the site has a subsample.
    ///
    /// # Errors
    /// Recorded with the caller's line when it is used: a batch of another size where the support is one of the elements
    /// of the batch.
    #[track_caller]
    pub fn transform(&self, data: &[Tensor], values: &[Tensor]) -> Rc<dyn Transform> {
        Rc::new(self.recorded(data, values))
    }

    /// The support, with [`SiteBijection::transform`] as its bijector.
    #[track_caller]
    pub fn support(&self, data: &[Tensor], values: &[Tensor]) -> Support {
        Rc::new(self.recorded(data, values))
    }

    #[track_caller]
    fn recorded(&self, data: &[Tensor], values: &[Tensor]) -> Recorded {
        debug_assert_eq!(data.len(), self.inner.leaves);
        let all = data.iter().chain(values).copied().collect();
        Recorded { site: self.clone(), all, loc: Loc::caller() }
    }
}

/// A site's bijection, and its support, over values of the active trace.
#[derive(Clone)]
struct Recorded {
    site: SiteBijection,
    /// Data and latent values.
    all: Vec<Tensor>,
    loc: Loc,
}

impl Recorded {
    fn bijection(&self) -> &Bijection {
        &self.site.inner.bijection
    }

    /// The outputs of an excerpt on `x`, whose own dimensions are `own`.
    fn on(&self, excerpt: &Excerpt, x: Tensor, own: &[usize]) -> Vec<Tensor> {
        let outputs = excerpt.graph.outputs().len();
        let Some(ty) = type_of(x) else { return vec![Tensor::POISON; outputs] };
        if ty.dims[..] == *own {
            let x = x.convert(self.dtype_of(excerpt));
            return graft("support", &excerpt.graph, &self.arguments(excerpt, Some(x)), &self.loc);
        }
        let batch = self.site.batch_rank;
        let fits = ty.rank() == own.len() && ty.dims[batch..] == own[batch..];
        let depends = self.arguments(excerpt, None).iter().any(|a| a.rank() > 0);
        let axis = (0..batch).find(|i| fits && ty.dims[*i] != own[*i] && own[*i] > 0);
        match axis.filter(|_| !depends) {
            Some(axis) => self.by_rows(excerpt, x, own, axis),
            None => {
                let found = format!("the support of `{}` for a value of type {ty}", self.site.name);
                let help = format!(
                    "its batch is {:?}, and the support depends on the elements: leave out the subsample",
                    &own[..batch]
                );
                fail(ErrorKind::Usage { found, help }, self.loc.clone());
                vec![Tensor::POISON; outputs]
            }
        }
    }

    /// [`Recorded::on`] where `axis` of the batch has another size: so many rows at a time, the first ones again to fill
    /// the last time.
    fn by_rows(&self, excerpt: &Excerpt, x: Tensor, own: &[usize], axis: usize) -> Vec<Tensor> {
        let (n, rows) = (x.dim(axis as isize), own[axis]);
        let times = n.div_ceil(rows);
        let to_front = |x: Tensor| x.moveaxis(axis as isize, 0);
        let index = Tensor::iota(DEFAULT_INT, &[times * rows], 0) % Tensor::from(n as i64);
        let padded = apply(ops::Take { axis: 0 }, &[to_front(x), index], self.loc.clone());
        let mut dims = vec![times, rows];
        dims.extend(&padded.dims()[1..]);
        let some = |x: &Tensor| -> Vec<Tensor> {
            let made = self.on(excerpt, x.moveaxis(0, axis as isize), own);
            made.into_iter().map(to_front).collect()
        };
        let made = vmap(some)(&padded.reshape(&dims));
        let whole = |y: Tensor| {
            let Some(rest) = y.dims().get(2..).map(Dims::from_slice) else { return Tensor::POISON };
            let dims: Dims = std::iter::once(times * rows).chain(rest).collect();
            let all = y.reshape(&dims);
            let first = apply(ops::Slice::along(&dims, 0, 0, n), &[all], self.loc.clone());
            first.moveaxis(0, axis as isize)
        };
        made.into_iter().map(whole).collect()
    }

    /// What an excerpt takes.
    fn arguments(&self, excerpt: &Excerpt, own: Option<Tensor>) -> Vec<Tensor> {
        let reads = excerpt.reads.iter().map(|i| self.all.get(*i).copied().unwrap_or(Tensor::POISON));
        reads.chain(own).collect()
    }

    fn dtype_of(&self, excerpt: &Excerpt) -> DType {
        let own = excerpt.graph.inputs().last();
        own.map_or(self.site.ty.dtype, |v| excerpt.graph.ty(*v).dtype)
    }

    fn result(&self, excerpt: &Excerpt, x: Tensor, own: &Ty, i: usize) -> Tensor {
        self.on(excerpt, x, &own.dims).get(i).copied().unwrap_or(Tensor::POISON)
    }

    /// The dimensions with other events.
    fn with_events(&self, dims: &[usize], of: &Ty) -> Dims {
        let batch = &dims[..self.site.batch_rank.min(dims.len())];
        batch.iter().chain(&of.dims[self.site.batch_rank..]).copied().collect()
    }
}

impl Transform for Recorded {
    fn domain_event_dim(&self) -> usize {
        self.site.unconstrained_event_dim()
    }

    fn codomain_event_dim(&self) -> usize {
        self.site.event_dim()
    }

    fn forward(&self, x: Tensor) -> Tensor {
        self.result(&self.bijection().constrain, x, &self.site.unconstrained, 0)
    }

    fn inverse(&self, y: Tensor) -> Tensor {
        self.result(&self.bijection().unconstrain, y, &self.site.ty, 0)
    }

    fn log_abs_det_jacobian(&self, x: Tensor, _y: Tensor) -> Tensor {
        self.result(&self.bijection().constrain, x, &self.site.unconstrained, 1)
    }

    fn forward_dims(&self, dims: &[usize]) -> Dims {
        self.with_events(dims, &self.site.ty)
    }

    fn inverse_dims(&self, dims: &[usize]) -> Dims {
        self.with_events(dims, &self.site.unconstrained)
    }

    fn codomain(&self, _domain: &Support) -> Option<Support> {
        Some(Rc::new(self.clone()))
    }
}

impl Constraint for Recorded {
    fn describe(&self) -> String {
        self.site.inner.support.clone()
    }

    fn event_dim(&self) -> usize {
        self.site.event_dim()
    }

    fn check(&self, value: Tensor) -> Tensor {
        self.result(&self.bijection().in_support, value, &self.site.ty, 0)
    }

    fn feasible_like(&self, prototype: Tensor) -> Tensor {
        let excerpt = &self.bijection().feasible;
        let made = graft("support", &excerpt.graph, &self.arguments(excerpt, None), &self.loc);
        let mut value = made.first().copied().unwrap_or(Tensor::POISON);
        for (axis, n) in prototype.dims().into_iter().enumerate() {
            let rows = value.dims().get(axis).copied().unwrap_or(n);
            if rows != n && rows > 0 {
                let index = Tensor::iota(DEFAULT_INT, &[n], 0) % Tensor::from(rows as i64);
                value = apply(ops::Take { axis }, &[value, index], self.loc.clone());
            }
        }
        value.convert(prototype.dtype())
    }

    fn bijector(&self) -> Option<Rc<dyn Transform>> {
        Some(Rc::new(self.clone()))
    }
}
