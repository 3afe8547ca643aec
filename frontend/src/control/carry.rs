//! Carries of loops: their types must be the same after an iteration as before.

use pyroxene_ir::{Loc, Ty};

use crate::{
    closure::{Closed, Tensors, leaves, tensors, types, wrong_leaf},
    tensor::Tensor,
};

/// Records an iteration with carries of the initial types; literals among them take the element type that the iteration
/// gives them. Returns the initial carries and the iteration, whose first outputs are the next.
pub(super) fn settle<C: Tensors, O>(
    name: &'static str,
    init: &C,
    mut record: impl FnMut(&[Ty]) -> Option<Closed<O>>,
    loc: &Loc,
) -> Option<(Vec<Tensor>, Closed<O>)> {
    let mut carries = tensors(init);
    let mut closed = record(&types(&carries)?)?;
    let next =
        |closed: &Closed<O>, i: usize| closed.graph.outputs().get(i).map(|v| closed.graph.ty(*v).clone());
    let mut converted = false;
    for (i, carry) in carries.iter_mut().enumerate() {
        let (before, Some(after)) = (carry.ty(), next(&closed, i)) else { continue };
        if carry.is_weak() && before.dims == after.dims && before.dtype != after.dtype {
            *carry = carry.convert(after.dtype);
            converted = true;
        }
    }
    if converted {
        closed = record(&types(&carries)?)?;
    }
    for (i, (path, _)) in leaves(init).iter().enumerate() {
        let (before, after) = (carries[i].ty(), next(&closed, i)?);
        if before != after {
            let found = format!("{before} before an iteration and {after} after it");
            let help = "a carry keeps its type: give it this one from the start, or convert it";
            wrong_leaf(name, path, found, help, loc);
            return None;
        }
    }
    Some((carries, closed))
}
