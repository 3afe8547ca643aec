//! Conditions on values, tested on data when they are bound.

use pyroxene_ir::{CheckSite, Loc, Site, SiteKind};

use crate::{
    tensor::Tensor,
    trace::{TraceKind, resolve, type_of, with_active},
};

/// Records that `holds` must be true for every element of `tested`, of the same dimensions; inside regions nothing.
///
/// `subject` names what is tested, and ends the sentence with `expected`.
pub(crate) fn check(subject: &str, holds: Tensor, tested: Tensor, expected: String, loc: Loc) {
    if matches!(with_active(|t| t.kind), Some(TraceKind::Region | TraceKind::Closure(_) | TraceKind::Body(_)))
    {
        return;
    }
    let (Some(h), Some(x)) = (resolve("check", holds, &loc), resolve("check", tested, &loc)) else { return };
    let Some(ty) = type_of(holds) else { return };
    with_active(|t| {
        t.counters.checks += 1;
        let kind = SiteKind::Check(CheckSite { subject: subject.into(), expected });
        t.push_site(
            Site { name: format!("check {}", t.counters.checks), frames: vec![], kind },
            ty,
            &[h, x],
            loc,
        );
    });
}
