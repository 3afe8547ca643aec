//! What can go wrong while a graph is built or evaluated, with the types that were found.

use std::fmt::Write;

use crate::types::Ty;

/// An op's type rule refused its operands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{op}: expected {expected}, found {}", list(operands))]
pub struct TypeError {
    /// The op.
    pub op: &'static str,
    /// The types it was given.
    pub operands: Vec<Ty>,
    /// What it wanted, as the end of the sentence "expected …".
    pub expected: String,
}

fn list(tys: &[Ty]) -> String {
    let mut out = String::new();
    for (i, ty) in tys.iter().enumerate() {
        let sep = match i {
            0 => "",
            _ if i + 1 == tys.len() => " and ",
            _ => ", ",
        };
        // Writing to a String cannot fail.
        let _ = write!(out, "{sep}{ty}");
    }
    if out.is_empty() { "no operands".into() } else { out }
}
