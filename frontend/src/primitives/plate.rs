//! `plate`: conditionally independent dimensions.

use std::rc::Rc;

use pyroxene_ir::{Frame, Loc, Site, SiteKind, Ty};

use super::{claim, site_error};
use crate::{
    handlers::{Handler, Message, MessageKind, dispatch, run},
    tensor::Tensor,
    trace::{DEFAULT_INT, ErrorKind, with_active},
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

/// A plate that can be given its dimension and entered more than once.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*, primitives::Plate};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let w = eval(|| handlers::seed(0, || {
///     let (batch, features) = (Plate::new("batch", 50).dim(-2), Plate::new("features", 10).dim(-1));
///     batch.run(|_| features.run(|_| sample("w", Normal::new(0.0, 1.0))))
/// }))?;
/// assert_eq!(w.dims(), [50, 10]);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Plate {
    name: String,
    size: usize,
    dim: isize,
    loc: Loc,
    declared: std::cell::Cell<Option<Tensor>>,
}

/// The leftmost dimension of a plate: values have all dimensions to the right of it, and NumPy's have 64 at most.
const LEAST_DIM: isize = -64;

/// The plate while its closure runs.
struct Active(Frame);

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
        let used: Vec<isize> = enclosing().iter().map(|f| f.dim).collect();
        let dim = (1..).map(|d: isize| -d).find(|d| !used.contains(d)).unwrap_or(-1);
        Plate { name: name.to_string(), size: size.max(1), dim, loc, declared: std::cell::Cell::new(None) }
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

    /// Runs `f` inside the plate; it gets the indices 0, 1, … size − 1.
    #[track_caller]
    pub fn run<R>(&self, f: impl FnOnce(Tensor) -> R) -> R {
        let around = enclosing();
        let clash = around.iter().find(|frame| frame.dim == self.dim || frame.name == self.name);
        if let Some(other) = clash {
            let found = format!("dim {} is already taken by the plate `{}` around", self.dim, other.name);
            let help =
                "give one of the two another `.dim(..)`, or build the inner plate inside the outer".into();
            site_error(&self.name, &Loc::caller(), ErrorKind::Usage { found, help });
            return f(Tensor::POISON);
        }
        let indices = self.declare();
        let counter = with_active(|t| {
            t.counters.plates += 1;
            t.counters.plates - 1
        });
        run(Rc::new(Active(Frame { counter: counter.unwrap_or_default(), ..self.frame() })), || f(indices))
    }

    fn frame(&self) -> Frame {
        Frame { name: self.name.clone(), dim: self.dim, size: self.size, full_size: self.size, counter: 0 }
    }

    /// Records the plate at its first use, and finds it again at later ones.
    fn declare(&self) -> Tensor {
        if let Some(known) = self.declared.get() {
            return known;
        }
        let message = Message::new(MessageKind::Plate, &self.name, self.loc.clone());
        let message = dispatch(message, |message| {
            let Some(name) = claim(&message.name, &message.loc) else { return };
            let site = Site { name, frames: vec![], kind: SiteKind::Plate(self.frame()) };
            let ty = Ty::new(DEFAULT_INT, [self.size]);
            message.value = with_active(|t| t.push_site(site, ty, &[], message.loc.clone()));
        });
        let indices = message.value.unwrap_or(Tensor::POISON);
        self.declared.set(Some(indices));
        indices
    }
}

impl Handler for Active {
    fn process(&self, message: &mut Message) {
        if message.kind != MessageKind::Plate {
            message.frames.insert(0, self.0.clone());
        }
    }

    fn frame(&self) -> Option<&Frame> {
        Some(&self.0)
    }
}

/// The plates around the point of call, outermost first.
fn enclosing() -> Vec<Frame> {
    let handlers = with_active(|t| t.handlers.clone()).unwrap_or_default();
    handlers.iter().filter_map(|h| h.frame().cloned()).collect()
}
