//! Messages: a primitive as handlers see it, and as `trace` keeps it.

use std::{collections::BTreeMap, rc::Rc};

use indexmap::IndexMap;
use pyroxene_ir::{CondIndepStackFrame, Dims, Hint, Loc, Rng};

use crate::{constraints::Support, distributions::Distribution, random::Key, tensor::Tensor};

/// What a primitive is (NumPyro's message types).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SiteType {
    /// `sample`.
    Sample,
    /// `factor`, which handlers treat as an observed sample site of [`Unit`](crate::distributions::Unit).
    Factor,
    /// `param`.
    Param,
    /// `deterministic`.
    Deterministic,
    /// `mutable`.
    Mutable,
    /// The declaration of a plate.
    Plate,
    /// `subsample`.
    Subsample,
    /// `prng_key`.
    PrngKey,
    /// `get_mask` and `inspect`, which record nothing.
    Inspect,
    /// `scan` and `cond` with primitives inside.
    ControlFlow,
}

impl SiteType {
    /// Whether the site has a distribution.
    pub fn is_sample(self) -> bool {
        matches!(self, SiteType::Sample | SiteType::Factor)
    }

    /// Whether it is one of the kinds `types`; as in NumPyro, a factor is a sample site.
    pub(crate) fn is_one_of(self, types: &[SiteType]) -> bool {
        types.contains(&self) || self == SiteType::Factor && types.contains(&SiteType::Sample)
    }

    /// The word for it in listings.
    pub fn name(self) -> &'static str {
        match self {
            SiteType::Sample => "sample",
            SiteType::Factor => "factor",
            SiteType::Param => "param",
            SiteType::Deterministic => "deterministic",
            SiteType::Mutable => "mutable",
            SiteType::Plate => "plate",
            SiteType::Subsample => "subsample",
            SiteType::PrngKey => "prng_key",
            SiteType::Inspect => "inspect",
            SiteType::ControlFlow => "control_flow",
        }
    }
}

/// What a primitive was called with, besides its name and distribution.
#[derive(Clone)]
pub enum Argument {
    /// A value.
    Tensor(Tensor),
    /// A number.
    Int(i64),
    /// A word.
    Text(String),
    /// Dimensions.
    Dims(Dims),
    /// What a parameter must satisfy.
    Constraint(Support),
}

/// A primitive on its way through the handlers.
#[derive(Clone)]
pub struct Message {
    /// What the primitive is.
    pub kind: SiteType,
    /// The site's name; empty for those that have none.
    pub name: String,
    /// The distribution of a sample site.
    pub distribution: Option<Rc<dyn Distribution>>,
    /// Further arguments by position: the initial value of a param site, the size of a plate.
    pub args: Vec<Argument>,
    /// Further arguments by name.
    pub kwargs: IndexMap<String, Argument>,
    /// The value, once somebody has given it.
    pub value: Option<Tensor>,
    /// Whether the value counts as data.
    pub is_observed: bool,
    /// The key that the site draws with, where the model names one.
    pub rng_key: Option<Key>,
    /// The dimensions of independent draws to the left of the distribution's batch.
    pub sample_shape: Dims,
    /// Hints to inference.
    pub infer: BTreeMap<String, Hint>,
    /// Truth values that broadcast to the batch: where off, the site has no density.
    pub mask: Option<Tensor>,
    /// A positive factor of the log density, that of the plates around left out.
    pub scale: Option<Tensor>,
    /// The plates around the site, outermost first.
    pub frames: Vec<CondIndepStackFrame>,
    /// The seed that a draw takes its key from.
    pub seed: Option<Seeding>,
    /// Whether a `block` hides the site.
    pub hidden: bool,
    /// Whether handlers further out must not see the message.
    pub stop: bool,
    /// Whether a plate draws its indices.
    pub(crate) subsamples: bool,
    /// Whether a site without a seed reserves a split of its program's key, though it may be given a value later.
    pub(crate) reserved: bool,
    /// What handlers around a control flow give the sites inside, innermost first.
    pub(crate) given: Vec<Given>,
    /// What scopes around a control flow put before the names of the sites inside.
    pub(crate) prefix_inside: String,
    /// Of what stands for a site inside a control flow: how it is there. Handlers that give values have done so inside.
    pub(crate) within: Option<Within>,
    /// How many `do_` handlers have put another value in the site's place.
    pub(crate) interventions: i64,
    /// The caller of the primitive.
    pub loc: Loc,
}

/// The value for a site, if there is one.
type ValueOf = dyn Fn(&Message) -> Option<Tensor>;

/// What a handler around `scan` or `cond` gives the sites inside (an entry of NumPyro's `substitute_stack`).
#[derive(Clone)]
pub(crate) struct Given {
    /// How the values count.
    pub(crate) kind: GivenKind,
    /// The value for a site, of all iterations at once.
    pub(crate) values: Rc<ValueOf>,
}

/// How values given to sites inside count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum GivenKind {
    /// As data.
    Condition,
    /// As values alone.
    Substitute,
    /// The same, for sites that are not observed.
    Replay,
}

/// How a site is inside a control flow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Within {
    /// Its value, of all iterations or of the branch chosen.
    pub(crate) value: Tensor,
    /// Whether nobody has given it.
    pub(crate) latent: bool,
}

/// A seed's number within the trace, and its key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seeding {
    pub(crate) id: u32,
    pub(crate) key: Key,
}

impl Message {
    pub(crate) fn new(kind: SiteType, name: &str, loc: Loc) -> Message {
        Message {
            kind,
            name: name.to_string(),
            distribution: None,
            args: Vec::new(),
            kwargs: IndexMap::new(),
            value: None,
            is_observed: false,
            rng_key: None,
            sample_shape: Dims::new(),
            infer: BTreeMap::new(),
            mask: None,
            scale: None,
            frames: Vec::new(),
            seed: None,
            hidden: false,
            stop: false,
            subsamples: false,
            reserved: false,
            given: Vec::new(),
            prefix_inside: String::new(),
            within: None,
            interventions: 0,
            loc,
        }
    }

    /// Whether the primitive is about to draw with a key that nobody has given yet.
    pub fn wants_key(&self) -> bool {
        let draws = match self.kind {
            SiteType::Sample | SiteType::PrngKey | SiteType::ControlFlow => true,
            SiteType::Plate => self.subsamples,
            _ => false,
        };
        draws && self.value.is_none() && self.rng_key.is_none() && self.seed.is_none()
    }

    /// Gives the sites inside a control flow values, each of all iterations at once.
    pub(crate) fn give_inside(
        &mut self,
        kind: GivenKind,
        values: impl Fn(&Message) -> Option<Tensor> + 'static,
    ) {
        let prefix = self.prefix_inside.clone();
        let values = move |message: &Message| {
            if prefix.is_empty() {
                return values(message);
            }
            values(&Message { name: format!("{prefix}{}", message.name), ..message.clone() })
        };
        self.given.push(Given { kind, values: Rc::new(values) });
    }

    /// Where a draw gets its key from, and that key: the site's own, a split of the seed around, or of the program's.
    pub(crate) fn rng(&self) -> (Rng, Option<Key>) {
        self.rng_key.map_or_else(|| self.seed_rng(), |key| (Rng::Explicit, Some(key)))
    }

    /// The same without regard to a key of the site's own.
    pub(crate) fn seed_rng(&self) -> (Rng, Option<Key>) {
        self.seed.map_or((Rng::Program, None), |seed| (Rng::Seed(seed.id), Some(seed.key)))
    }

    /// Whether the mask is known to be off everywhere.
    pub fn is_masked_off(&self) -> bool {
        self.mask.is_some_and(Tensor::is_false)
    }
}

/// A site as `trace` has seen it (the document's `SiteInfo`, NumPyro's trace entry).
#[derive(Clone)]
pub struct SiteInfo {
    /// Its name.
    pub name: String,
    /// What the primitive is (`type`).
    pub kind: SiteType,
    /// The distribution of a sample site (`fn`, which is a keyword here).
    pub distribution: Option<Rc<dyn Distribution>>,
    /// Further arguments by position.
    pub args: Vec<Argument>,
    /// Further arguments by name.
    pub kwargs: IndexMap<String, Argument>,
    /// The value.
    pub value: Tensor,
    /// Whether the value counts as data.
    pub is_observed: bool,
    /// Hints to inference.
    pub infer: BTreeMap<String, Hint>,
    /// The factor of the log density, that of subsampling plates included.
    pub scale: Option<Tensor>,
    /// The plates around it, outermost first (`cond_indep_stack`).
    pub frames: Vec<CondIndepStackFrame>,
    /// The primitive's line.
    pub loc: Loc,
}

impl SiteInfo {
    /// What a message says on its way back; `None` for one without a value.
    pub(super) fn of(message: &Message) -> Option<SiteInfo> {
        let plates: f64 = message.frames.iter().map(|f| f.full_size as f64 / f.size as f64).product();
        let scale = match message.scale {
            None if plates == 1.0 => None,
            Some(scale) if plates == 1.0 => Some(scale),
            None => Some(Tensor::from(plates)),
            Some(scale) => Some(scale * plates),
        };
        Some(SiteInfo {
            name: message.name.clone(),
            kind: message.kind,
            distribution: message.distribution.clone(),
            args: message.args.clone(),
            kwargs: message.kwargs.clone(),
            value: message.value?,
            is_observed: message.is_observed,
            infer: message.infer.clone(),
            scale: scale.filter(|_| message.kind.is_sample() || message.kind == SiteType::Param),
            frames: message.frames.clone(),
            loc: message.loc.clone(),
        })
    }
}
