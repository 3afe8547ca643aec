//! Sites: the payload a recorded primitive carries in a model-phase graph; data only, so a program outlives its model's code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::types::{Dims, Ty};

/// The index of a region in its graph's table of regions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RegionId(pub(crate) u32);

impl RegionId {
    /// The position in the table.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One conditionally independent dimension a site lives in (NumPyro's `CondIndepStackFrame`).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct CondIndepStackFrame {
    /// The plate's name.
    pub name: String,
    /// The batch dimension it occupies, counted from the right: −1 is the last.
    pub dim: isize,
    /// The length along that dimension: the subsample size where the plate subsamples.
    pub size: usize,
    /// The size of the whole plate; larger than `size` where the plate subsamples.
    pub full_size: usize,
    /// The order in which plates were entered while recording, from 0.
    pub counter: usize,
}

/// A recorded primitive: its name, the plates around it and what kind it is.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Site {
    /// The name, unique among sample, deterministic and plate sites.
    pub name: String,
    /// The plates around it, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<CondIndepStackFrame>,
    /// What the primitive is.
    pub kind: SiteKind,
}

/// The kinds of primitives.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteKind {
    /// A random variable, or (with distribution `Unit`) a factor of the density.
    Sample(Box<SampleSite>),
    /// A parameter to optimise; its operands are the initial value, on the constrained space, and the captures.
    Param(ParamSite),
    /// A value kept under a name; its one operand is that value.
    Deterministic,
    /// The declaration of a plate; its value is the indices.
    Plate(PlateSite),
    /// State that lives from run to run; its one operand is the initial or the new value, and its value the state.
    Mutable(MutableSite),
    /// A key for random numbers (NumPyro's `prng_key`); its operand is the seed's key where there is a seed.
    Key(KeySite),
    /// A condition on values; its operands are a truth value per element, and the elements it speaks of.
    Check(CheckSite),
    /// A loop over, or a choice between, functions that hold sites.
    ControlFlow(ControlFlowSite),
}

impl SiteKind {
    /// Whether it is a mutable site that reads what the last run has left, rather than one that sets the state.
    pub fn reads_state(&self) -> bool {
        matches!(self, SiteKind::Mutable(mutable) if !mutable.update)
    }

    /// The word for this kind in messages and in the text form.
    pub fn name(&self) -> &'static str {
        match self {
            SiteKind::Sample(_) => "sample",
            SiteKind::Param(_) => "param",
            SiteKind::Deterministic => "deterministic",
            SiteKind::Plate(_) => "plate",
            SiteKind::Mutable(_) => "mutable",
            SiteKind::Key(_) => "key",
            SiteKind::Check(_) => "check",
            SiteKind::ControlFlow(_) => "control_flow",
        }
    }
}

/// Where a sample site's value comes from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Nobody gave it: a query supplies or draws it.
    Latent,
    /// It is the site's first operand.
    Operand {
        /// Whether it counts as data (`obs`, `condition`) rather than as a substitution.
        observed: bool,
    },
    /// It is a named parameter of every query, so a new value never recompiles.
    Given {
        /// Whether it counts as data rather than as a substitution.
        observed: bool,
    },
}

impl Source {
    /// Whether the value counts as data.
    pub fn is_observed(self) -> bool {
        matches!(self, Source::Operand { observed: true } | Source::Given { observed: true })
    }
}

/// One parameter of a distribution: the operand at the same position among the captures.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ParamInfo {
    /// Its name, as in NumPyro.
    pub name: String,
    /// What it must satisfy, in words.
    pub constraint: String,
    /// How many of its rightmost dimensions one constraint spans.
    pub event_dim: usize,
}

/// A sample site: the distribution as closed regions, and how the value is obtained.
///
/// Operands, in order: the value inside a control flow if `within`, the value if [`Source::Operand`], the mask if
/// `has_mask`, the scale if `has_scale`, the key if the [`Rng`] has one, then the captures: first the distribution's
/// parameters, then whatever else its regions read. Every region takes its own leading arguments followed by a prefix of
/// the captures.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct SampleSite {
    /// The distribution's name.
    pub distribution: String,
    /// Its parameters.
    pub params: Vec<ParamInfo>,
    /// The support, in words.
    pub support: String,
    /// Whether the support is discrete.
    pub discrete: bool,
    /// How many of the value's rightmost dimensions form one event.
    pub event_dim: usize,
    /// The batch dimensions: sample shape and distribution's batch, broadcast with the plates around.
    pub batch: Dims,
    /// The batch of the distribution under its plates and mask, where that of the site is larger: the value, or the sample
    /// shape, adds dimensions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution_batch: Option<Dims>,
    /// Where the value comes from.
    pub source: Source,
    /// Whether the site lies inside a control flow: it stands for that site of every iteration, or of the branch chosen,
    /// and its first operand is the control flow's result that holds the value. A latent or given one gets its value
    /// there, since what else happens inside depends on it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub within: bool,
    /// Whether a mask is among the operands: truth values that broadcast to `batch`.
    pub has_mask: bool,
    /// Whether a scale is among the operands: a positive factor of the log probability that broadcasts to `batch`.
    pub has_scale: bool,
    /// Whether draws are no differentiable function of the parameters, although values are continuous: see
    /// [`SampleSite::has_rsample`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_rsample: bool,
    /// Hints to inference, such as `is_auxiliary`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub infer: BTreeMap<String, Hint>,
    /// Whether a `block` hides it: it has a value, but neither a density nor a name to the outside.
    pub hidden: bool,
    /// Where its draw gets its key from.
    pub rng: Rng,
    /// The distribution's behaviour.
    pub regions: SampleRegions,
}

/// Where a draw gets its key from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rng {
    /// No split is reserved: the value was given inside the seed, or the site is observed.
    None,
    /// The next split, in program order, of the key the query is given.
    Program,
    /// The next split, in program order, of the `seed` with this number; its key is an operand.
    Seed(u32),
    /// This key, an operand, itself.
    Explicit,
}

impl Rng {
    /// Whether a key is among the operands.
    pub fn has_key(self) -> bool {
        matches!(self, Rng::Seed(_) | Rng::Explicit)
    }
}

/// A hint to inference.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Hint {
    /// Yes or no.
    Bool(bool),
    /// A number.
    Int(i64),
    /// A word.
    Text(String),
    /// Words.
    List(Vec<String>),
}

impl From<bool> for Hint {
    fn from(hint: bool) -> Hint {
        Hint::Bool(hint)
    }
}

impl From<i64> for Hint {
    fn from(hint: i64) -> Hint {
        Hint::Int(hint)
    }
}

impl From<&str> for Hint {
    fn from(hint: &str) -> Hint {
        Hint::Text(hint.into())
    }
}

impl<const N: usize> From<[&str; N]> for Hint {
    fn from(hint: [&str; N]) -> Hint {
        Hint::List(hint.map(String::from).into())
    }
}

/// The closed regions of a sample site. `captures…` stands for a prefix of the site's captures.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct SampleRegions {
    /// `(value, captures…) → log density`, of dimensions that broadcast to the batch.
    pub log_prob: RegionId,
    /// `(captures…) → value` inside the support.
    pub feasible: RegionId,
    /// `(captures…) → parameters` that are valid whatever the captures are.
    pub feasible_params: RegionId,
    /// `(value, captures…) → truth value` per batch element: the value lies in the support.
    pub in_support: RegionId,
    /// `(captures…) → truth value per parameter element`, one output for each parameter.
    pub valid_params: RegionId,
    /// `(key, captures…) → value`; absent where the distribution cannot be drawn from.
    pub draw: Option<RegionId>,
    /// `(u, captures…) → (value, log |det J|)`, the second a scalar; absent for discrete supports.
    pub constrain: Option<RegionId>,
    /// `(value, captures…) → u`; absent for discrete supports.
    pub unconstrain: Option<RegionId>,
    /// `(captures…) → value`, the mean; recorded for latent sites of floats whose distribution states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<RegionId>,
    /// `(captures…) → factor` of each element's log density that its plates, scale and mask make; passes record it for
    /// queries that ask, where it is not one throughout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<RegionId>,
}

impl SampleRegions {
    /// The regions that exist, in the order of the fields.
    pub fn iter(&self) -> impl Iterator<Item = RegionId> {
        let optional = [self.draw, self.constrain, self.unconstrain, self.mean, self.weight];
        [self.log_prob, self.feasible, self.feasible_params, self.in_support, self.valid_params]
            .into_iter()
            .chain(optional.into_iter().flatten())
    }
}

impl SampleSite {
    /// The positions of the operands: value, mask, scale and seed's key where present, and where the captures start.
    pub fn slots(&self) -> Slots {
        let mut next = 0;
        let mut slot = |present: bool| {
            next += usize::from(present);
            present.then(|| next - 1)
        };
        let within = slot(self.within);
        let value = slot(matches!(self.source, Source::Operand { .. }));
        let (mask, scale) = (slot(self.has_mask), slot(self.has_scale));
        let key = slot(self.rng.has_key());
        Slots { within, value, mask, scale, key, captures: next }
    }

    /// Whether the site helps inference rather than describes the model (NumPyro's `infer={"is_auxiliary": True}`).
    pub fn is_auxiliary(&self) -> bool {
        self.infer.get("is_auxiliary") == Some(&Hint::Bool(true))
    }

    /// Whether derivatives by the parameters pass through draws (NumPyro's `has_rsample`).
    pub fn has_rsample(&self) -> bool {
        !self.discrete && !self.no_rsample
    }

    /// Whether the site only adds a term to the density (NumPyro's `factor`).
    pub fn is_factor(&self) -> bool {
        self.distribution == "Unit"
    }

    /// Whether the site is a random variable that a query must find a value for.
    pub fn is_latent(&self) -> bool {
        self.source == Source::Latent && !self.hidden
    }
}

/// Where the operands of a sample site are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slots {
    /// The position of the value inside a control flow.
    pub within: Option<usize>,
    /// The value's position.
    pub value: Option<usize>,
    /// The mask's position.
    pub mask: Option<usize>,
    /// The scale's position.
    pub scale: Option<usize>,
    /// The position of the seed's key.
    pub key: Option<usize>,
    /// The position of the first capture.
    pub captures: usize,
}

/// The declaration of a plate.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct PlateSite {
    /// The dimension it stands for.
    #[serde(flatten)]
    pub frame: CondIndepStackFrame,
    /// Which elements of the plate there are.
    #[serde(default, skip_serializing_if = "Indices::is_all")]
    pub indices: Indices,
}

/// Which elements of a plate there are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Indices {
    /// The first ones, in order: all of them in programs that are recorded.
    #[default]
    All,
    /// Those that the site's one operand lists.
    Operand,
    /// A subsample, by the region `(key) → indices`; the seed's key is the operand where there is a seed.
    Drawn {
        /// Where the key comes from.
        rng: Rng,
        /// The region.
        draw: RegionId,
    },
    /// A named parameter of every query; the split that drawing them would take is reserved all the same, with the
    /// seed's key as operand where there is a seed.
    Given {
        /// Where the key would come from.
        rng: Rng,
    },
}

impl Indices {
    fn is_all(&self) -> bool {
        *self == Indices::All
    }
}

/// State that lives from run to run.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct MutableSite {
    /// Whether the site sets the state for the next run, rather than reads what the last one has left.
    pub update: bool,
}

/// A key handed to the model.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct KeySite {
    /// Where it comes from.
    pub rng: Rng,
    /// The parameter whose initial value it only serves to make, or the name that the parameters of a module begin with:
    /// where these have values, no split is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial: Option<String>,
}

/// A param site. `captures…` are its operands after the initial value: what the bijection of its constraint reads.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ParamSite {
    /// The constraint, in words.
    pub constraint: String,
    /// How many of the rightmost dimensions form one event, where declared.
    pub event_dim: Option<usize>,
    /// Whether it is a named parameter of every query, so that the initial value plays no part.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub given: bool,
    /// `(u, captures…) → value`, from unconstrained space; absent where the constraint has no bijection, and for integers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constrain: Option<RegionId>,
    /// `(value, captures…) → u`; absent as `constrain` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unconstrain: Option<RegionId>,
}

/// A condition on values, checked on data when they are bound.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct CheckSite {
    /// What must satisfy it: `the scale`. Empty where the site's name says it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// What must hold, as the end of the sentence "expected …".
    pub expected: String,
}

/// A control flow whose functions hold sites (NumPyro's `control_flow` messages); one whose functions hold none is an op.
///
/// Operands: the seed's key if [`Rng::Seed`], then those of the op. Results: those of the op, whose last ones are what the
/// sites of the enclosing graph that are [`within`](SampleSite::within) it read: values, and operands stacked.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct ControlFlowSite {
    /// What it does.
    pub flow: Flow,
    /// Where draws inside get their keys from: one split for all, and of it another one for each iteration.
    pub rng: Rng,
}

/// The kinds of control flow. Their regions are of the model phase.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// See [`Scan`](crate::ops::Scan).
    Scan {
        /// The number of operands that do not change.
        consts: usize,
        /// The number of operands that each iteration replaces.
        carries: usize,
        /// The number of iterations.
        length: usize,
        /// Whether it runs from the last position to the first.
        reverse: bool,
        /// One iteration.
        body: RegionId,
    },
    /// See [`Switch`](crate::ops::Switch).
    Switch {
        /// At least one.
        branches: Vec<RegionId>,
    },
}

impl ControlFlowSite {
    /// The number of operands before those of the op.
    pub fn first(&self) -> usize {
        usize::from(self.rng.has_key())
    }

    /// The regions, in order.
    pub fn regions(&self) -> &[RegionId] {
        match &self.flow {
            Flow::Scan { body, .. } => std::slice::from_ref(body),
            Flow::Switch { branches } => branches,
        }
    }

    /// The same with each region replaced.
    ///
    /// # Errors
    /// Those of `f`.
    pub fn map_regions<E>(
        &self,
        mut f: impl FnMut(RegionId) -> Result<RegionId, E>,
    ) -> Result<ControlFlowSite, E> {
        let mut mapped = self.clone();
        match &mut mapped.flow {
            Flow::Scan { body, .. } => *body = f(*body)?,
            Flow::Switch { branches } => {
                for branch in branches {
                    *branch = f(*branch)?;
                }
            }
        }
        Ok(mapped)
    }

    /// The types of the results, where its regions exist and return enough.
    pub fn results(&self, regions: &[std::sync::Arc<crate::graph::Graph>]) -> Option<Vec<Ty>> {
        let region = regions.get(self.regions().first()?.index())?;
        let tys = region.outputs().iter().map(|v| region.ty(*v).clone());
        let Flow::Scan { carries, length, .. } = &self.flow else { return Some(tys.collect()) };
        let stacked = |ty: &Ty| ty.with_dims(std::iter::once(*length).chain(ty.dims.iter().copied()));
        Some(tys.enumerate().map(|(i, ty)| if i < *carries { ty } else { stacked(&ty) }).collect())
    }
}
