//! `get_mask` and `inspect`: what surrounds the point of call.

use pyroxene_ir::Loc;

use super::{PlateMessenger, plate::enclosing};
use crate::{
    handlers::{Message, SiteType, dispatch},
    tensor::Tensor,
};

/// The mask of the `mask` handlers around, all of which must hold; `None` where there is none (NumPyro's `get_mask`).
///
/// A model that is costly to evaluate can leave out what is masked anyway: predictions run under `mask(false)`.
///
/// ```
/// use pyroxene_frontend::{prelude::*, primitives::get_mask};
///
/// fn model(y: &Tensor) {
///     let x = sample("x", Normal::new(0.0, 1.0));
///     if !get_mask().is_some_and(Tensor::is_false) {
///         factor("costly", -(*y - x).square().sum());
///     }
/// }
/// ```
#[track_caller]
pub fn get_mask() -> Option<Tensor> {
    dispatch(Message::new(SiteType::Inspect, "", Loc::caller()), |_| {}).mask
}

/// What surrounds a point of call; see [`inspect`].
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The mask of the handlers around.
    pub mask: Option<Tensor>,
    /// The scale of the handlers around, that of plates left out.
    pub scale: Option<Tensor>,
    /// The plates around, outermost first.
    pub plates: Vec<PlateMessenger>,
}

/// What surrounds the point of call: mask, scale and plates (NumPyro's `_inspect`). It records nothing.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*, primitives::inspect};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let names = eval(|| {
///     plate("rows", 3, |_| assert_eq!(inspect().plates[0].name, "rows"));
///     Tensor::from(0.0)
/// })?;
/// # Ok(()) }
/// ```
#[track_caller]
pub fn inspect() -> Inspection {
    let message = dispatch(Message::new(SiteType::Inspect, "", Loc::caller()), |_| {});
    Inspection { mask: message.mask, scale: message.scale, plates: enclosing() }
}
