//! Parameters that are literals, held against their constraints while their site is recorded.

use pyroxene_ir::{Array, Loc, eval::eval, shape};

use super::site_error;
use crate::{
    distributions::{Distribution, Param},
    handlers::Message,
    tensor::Tensor,
    trace::{Captures, ErrorKind, constant_of, region},
};

/// Literals are small; what is larger is checked with the data.
const MOST: usize = 1024;

/// Whether the literals among the parameters satisfy their constraints; reported if not. Under a mask nothing is said.
pub(super) fn fit(message: &Message, d: &dyn Distribution) -> bool {
    message.mask.is_some() || d.params().iter().all(|p| fits(&message.name, &message.loc, p))
}

fn fits(site: &str, loc: &Loc, p: &Param) -> bool {
    let Some(literal) = constant_of(p.value).filter(|c| c.len() <= MOST) else { return true };
    let Some(breach) = breach(site, loc, p, &literal) else { return true };
    let found = format!("parameter `{}`: expected {}, found {breach}", p.name, p.constraint.describe());
    let help = "correct the literal".into();
    site_error(site, loc, ErrorKind::Usage { found, help });
    false
}

/// The first element out of the constraint and its place. What the constraint reads besides is not known here.
fn breach(site: &str, loc: &Loc, p: &Param, literal: &Array) -> Option<String> {
    let mut captures = Captures::default();
    let check = |_: &[Tensor]| vec![p.constraint.check(Tensor::from(literal.clone()))];
    let graph = region(site, loc, &[], &mut captures, check)?;
    if !captures.tensors().is_empty() {
        return None;
    }
    let holds = eval(&graph, &[]).ok()?.into_iter().next()?;
    let at = holds.as_slice::<bool>()?.iter().position(|holds| !holds)?;
    let stride = (literal.len() / holds.len().max(1)).max(1);
    let value = literal.to_f64_vec().get(at * stride).copied()?;
    let index = shape::unravel(at, holds.dims());
    Some(if index.is_empty() { value.to_string() } else { format!("{value} at index {:?}", index.to_vec()) })
}
