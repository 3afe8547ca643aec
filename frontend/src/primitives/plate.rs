//! `plate`: conditionally independent dimensions.

use std::{cell::Cell, rc::Rc};

use pyroxene_ir::{CondIndepStackFrame, Hint, Indices, Loc, PlateSite, Site, SiteKind, Ty, Val};

use super::{
    claim_for,
    prng_key::take_key,
    site_error,
    subsample::{index_region, take_rows},
};
use crate::{
    handlers::{Argument, Handler, Message, SiteType, dispatch, run},
    tensor::{Operand, Tensor},
    trace::{DEFAULT_INT, ErrorKind, KnownPlate, TraceKind, resolve, type_of, with_active},
};

/// Runs `f` with its sites independent along a dimension of length `size` (NumPyro's `plate`); `f` gets the indices.
///
/// The dimension is the first one from the right that no plate around uses.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = eval(|| handlers::seed(0, || plate("data", 100, |_| sample("x", Normal::new(0.0, 1.0)))))?;
/// assert_eq!(x.dims(), [100]);
/// # Ok(()) }
/// ```
#[track_caller]
pub fn plate<R>(name: &str, size: usize, f: impl FnOnce(Tensor) -> R) -> R {
    Plate::new(name, size).run(f)
}

/// A plate that can be given its dimension, can subsample, and can be entered more than once.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*, primitives::Plate};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let w = eval(|| handlers::seed(0, || {
///     let (batch, features) = (Plate::new("batch", 50).dim(-2), Plate::new("features", 10).dim(-1));
///     batch.run(|_| features.run(|_| sample("w", Normal::new(0.0, 1.0))))
/// }))?;
/// assert_eq!(w.dims(), [50, 10]);
/// // A hundred of ten thousand: log densities inside count a hundred times.
/// let x = eval(|| handlers::seed(0, || {
///     Plate::new("data", 10_000).subsample_size(100).run(|_| sample("x", Normal::new(0.0, 1.0)))
/// }))?;
/// assert_eq!(x.dims(), [100]);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Plate {
    name: String,
    size: usize,
    dim: isize,
    subsample_size: Option<usize>,
    subsample: Option<Tensor>,
    loc: Loc,
    declared: Cell<Option<(Tensor, usize)>>,
}

/// The leftmost dimension of a plate: values have all dimensions to the right of it, and NumPy's have 64 at most.
const LEAST_DIM: isize = -64;

/// A plate on the stack of handlers, while its closure runs.
#[derive(Clone, Debug)]
pub struct PlateMessenger {
    /// Its name.
    pub name: String,
    /// The size of the whole plate.
    pub size: usize,
    /// The number of elements that there are, where it subsamples.
    pub subsample_size: Option<usize>,
    /// The batch dimension, counted from the right.
    pub dim: isize,
    /// The indices of the elements.
    pub subsample: Tensor,
    /// What sites inside record of it.
    pub frame: CondIndepStackFrame,
}

impl Plate {
    /// A plate at the first dimension from the right that no plate around uses.
    #[track_caller]
    pub fn new(name: &str, size: usize) -> Plate {
        let loc = Loc::caller();
        if size == 0 {
            let found = "a plate of size 0".into();
            let help = "a plate needs at least one element: leave it out where there are no data".into();
            site_error(name, &loc, ErrorKind::Usage { found, help });
        }
        let used: Vec<isize> = enclosing().iter().map(|p| p.dim).collect();
        let free = (LEAST_DIM..0).rev().find(|d| !used.contains(d));
        if free.is_none() {
            let found = format!("all {} dimensions are taken by the plates around", -LEAST_DIM);
            let help = "nest fewer plates: those that do not cross may stand beside each other".into();
            site_error(name, &loc, ErrorKind::Usage { found, help });
        }
        // One beyond the last collides with no other.
        let dim = free.unwrap_or(LEAST_DIM - 1);
        let (name, size, declared) = (name.to_string(), size.max(1), Cell::new(None));
        Plate { name, size, dim, subsample_size: None, subsample: None, loc, declared }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same plate at the dimension `dim`, counted from the right: −1 is the last.
    #[track_caller]
    pub fn dim(mut self, dim: isize) -> Plate {
        if !(LEAST_DIM..0).contains(&dim) {
            let found = format!("dim {dim} of a plate");
            let help = format!(
                "plates count from the right: -1 is the last dimension, {LEAST_DIM} the first there may be"
            );
            site_error(&self.name, &Loc::caller(), ErrorKind::Usage { found, help });
        } else {
            self.dim = dim;
        }
        self
    }

    /// The same plate with `n` of its elements, drawn at random without replacement when it is first entered
    /// ([`subsample_fn`](super::subsample_fn)); log densities inside are multiplied by `size / n`.
    #[track_caller]
    pub fn subsample_size(mut self, n: usize) -> Plate {
        if n == 0 || n > self.size {
            let found = format!("a subsample of {n} from a plate of size {}", self.size);
            let help = "draw between one and all of the elements".into();
            site_error(&self.name, &Loc::caller(), ErrorKind::Usage { found, help });
        } else {
            self.subsample_size = Some(n);
        }
        self
    }

    /// The same plate with the elements that the integer vector `indices` lists.
    #[track_caller]
    pub fn subsample(mut self, indices: impl Operand) -> Plate {
        let indices = indices.into();
        if self.is_index(indices, &Loc::caller()) {
            self.subsample = Some(indices);
        }
        self
    }

    /// Runs `f` inside the plate; it gets the indices: 0, 1, … size − 1, or those of the subsample.
    #[track_caller]
    pub fn run<R>(&self, f: impl FnOnce(Tensor) -> R) -> R {
        let around = enclosing();
        if let Some(other) = around.iter().find(|p| p.dim == self.dim || p.name == self.name) {
            let (found, help) = if other.name == self.name {
                (
                    format!("a plate `{}` is already around", other.name),
                    "leave out the inner one, or give it a name of its own",
                )
            } else {
                let found = format!("dim {} is already taken by the plate `{}` around", self.dim, other.name);
                (found, "give one of the two another `.dim(..)`, or build the inner plate inside the outer")
            };
            site_error(&self.name, &Loc::caller(), ErrorKind::Usage { found, help: help.into() });
            return f(Tensor::POISON);
        }
        let (indices, n) = self.declare();
        let counter = with_active(|t| {
            t.counters.plates += 1;
            t.counters.plates - 1
        });
        let frame = CondIndepStackFrame { counter: counter.unwrap_or_default(), ..self.frame(n) };
        let messenger = PlateMessenger {
            name: self.name.clone(),
            size: self.size,
            subsample_size: Some(n).filter(|n| *n < self.size),
            dim: self.dim,
            subsample: indices,
            frame,
        };
        run(Rc::new(messenger), || f(indices))
    }

    fn frame(&self, n: usize) -> CondIndepStackFrame {
        let (name, dim, full_size) = (self.name.clone(), self.dim, self.size);
        CondIndepStackFrame { name, dim, size: n, full_size, counter: 0 }
    }

    /// Records the plate at its first use, and finds it again at later ones: its indices and their number.
    fn declare(&self) -> (Tensor, usize) {
        let wanted = self.subsample_size.unwrap_or(self.size);
        // What a function given to a loop has declared is gone with it.
        if let Some(known) = self.declared.get().filter(|(known, _)| type_of(*known).is_some()) {
            return known;
        }
        let mut message = Message::new(SiteType::Plate, &self.name, self.loc.clone());
        message.args = vec![Argument::Int(self.size as i64), Argument::Int(wanted as i64)];
        message.value = self.subsample;
        message.subsamples = wanted < self.size;
        let mut n = wanted;
        let message = dispatch(message, |message| {
            if let Some(given) = message.value {
                if !self.is_index(given, &message.loc) {
                    message.value = None;
                    return;
                }
                n = given.dim(0);
            }
            message.value = self.record(message, n);
        });
        let indices = message.value.unwrap_or(Tensor::POISON);
        if n < self.size || self.subsample.is_some() {
            with_active(|t| t.marks.mark_indices(indices, &self.name));
        }
        self.declared.set(Some((indices, n)));
        (indices, n)
    }

    fn record(&self, message: &Message, n: usize) -> Option<Tensor> {
        let loc = &message.loc;
        if let Some(known) = with_active(|t| t.plate_of(&message.name)).flatten().filter(|_| !message.hidden)
        {
            match self.is_same(&known, message, n) {
                true => return Some(known.indices),
                false if with_active(|t| t.kind) == Some(TraceKind::Model) => {
                    self.differs(&known, message, n);
                    return None;
                }
                false => {}
            }
        }
        let name = claim_for(message)?;
        let (indices, operands) = match (message.value, message.subsamples) {
            (Some(given), _) => {
                // A seed inside the handler that gave the indices has split for them already.
                if let Some(seed) = message.seed {
                    take_key(seed, loc.clone())?;
                }
                (Indices::Operand, vec![resolve("plate", given, loc)?])
            }
            (None, false) => (Indices::All, Vec::new()),
            (None, true) => self.drawn(message, n)?,
        };
        let ty = match message.value {
            Some(given) => type_of(given)?,
            None => Ty::new(DEFAULT_INT, [n]),
        };
        let frame = CondIndepStackFrame { name: name.clone(), ..self.frame(n) };
        let kind = SiteKind::Plate(PlateSite { frame, indices });
        with_active(|t| t.push_site(Site { name, frames: vec![], kind }, ty, &operands, loc.clone()))
    }

    /// Whether a plate of the same name stands for the same elements.
    fn is_same(&self, known: &KnownPlate, message: &Message, n: usize) -> bool {
        let whole = message.value.is_none() && !message.subsamples;
        let same = |f: &CondIndepStackFrame| (f.dim, f.size, f.full_size) == (self.dim, n, self.size);
        whole && known.site.indices == Indices::All && same(&known.site.frame)
    }

    fn differs(&self, known: &KnownPlate, message: &Message, n: usize) {
        let told = |dim: isize, size: usize, n: usize| match n == size {
            true => format!("size {size} at dim {dim}"),
            false => format!("{n} of {size} elements at dim {dim}"),
        };
        let before = &known.site.frame;
        let found = format!(
            "a plate of {}, and the name belongs to one of {} since {}",
            told(self.dim, self.size, n),
            told(before.dim, before.full_size, before.size),
            known.loc
        );
        let help = "give it a name of its own, or enter one `Plate` value twice".into();
        site_error(&message.name, &message.loc, ErrorKind::Usage { found, help });
    }

    fn drawn(&self, message: &Message, n: usize) -> Option<(Indices, Vec<Val>)> {
        let (rng, key) = message.rng();
        let operands = match key {
            Some(key) => vec![resolve("plate", key.data(), &message.loc)?],
            None => Vec::new(),
        };
        let region = index_region(&self.name, &message.loc, self.size, n)?;
        let draw = with_active(|t| t.add_region(region))?;
        Some((Indices::Drawn { rng, draw }, operands))
    }

    /// Whether these can be indices of elements; reported if not.
    fn is_index(&self, indices: Tensor, loc: &Loc) -> bool {
        let Some(ty) = type_of(indices) else { return false };
        let fits = ty.dtype.is_integer() && ty.rank() == 1 && (1..=self.size).contains(&ty.dims[0]);
        if !fits {
            let found = format!("indices of type {ty} for a plate of size {}", self.size);
            let help = "give a vector of at least one and at most so many integers".into();
            site_error(&self.name, loc, ErrorKind::Usage { found, help });
        }
        fits
    }
}

impl PlateMessenger {
    /// Whether the message asks not to be in this plate (NumPyro's hint `block_plates`).
    fn is_blocked(&self, message: &Message) -> bool {
        match message.infer.get("block_plates") {
            Some(Hint::List(names)) => names.contains(&self.name),
            Some(Hint::Text(name)) => *name == self.name,
            _ => false,
        }
    }
}

impl Handler for PlateMessenger {
    fn process(&self, message: &mut Message) {
        let places = matches!(message.kind, SiteType::Plate | SiteType::PrngKey | SiteType::Subsample);
        if !places && !self.is_blocked(message) {
            message.frames.insert(0, self.frame.clone());
        }
    }

    fn postprocess(&self, message: &mut Message) {
        let (Some(value), Some(Argument::Int(event_dim))) = (message.value, message.kwargs.get("event_dim"))
        else {
            return;
        };
        if matches!(message.kind, SiteType::Subsample | SiteType::Param) {
            message.value = Some(take_rows(self, message, value, *event_dim as usize));
        }
    }

    fn plate(&self) -> Option<&PlateMessenger> {
        Some(self)
    }
}

/// The plates around the point of call, outermost first.
pub(super) fn enclosing() -> Vec<PlateMessenger> {
    let handlers = with_active(|t| t.handlers.clone()).unwrap_or_default();
    handlers.iter().filter_map(|h| h.plate().cloned()).collect()
}
