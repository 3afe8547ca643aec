//! The verifier's checks of plates: frames around sites, and the sites that declare them.

use super::{Verifier, sample::key_ty};
use crate::{
    graph::Val,
    shape,
    site::{CondIndepStackFrame, Indices, KeySite, PlateSite, Rng, Site, SiteKind},
    types::Ty,
};

impl Verifier<'_> {
    /// Invariant 15.
    pub(super) fn frames(&mut self, v: Val, site: &Site) {
        for (i, frame) in site.frames.iter().enumerate() {
            self.frame(v, frame);
            if let Some(other) = site.frames[..i].iter().find(|other| other.dim == frame.dim) {
                let message =
                    format!("plates `{}` and `{}` share dimension {}", other.name, frame.name, frame.dim);
                self.report(15, v, message);
            }
            if let SiteKind::Sample(sample) = &site.kind {
                let found = shape::axis(frame.dim, sample.batch.len()).map(|a| sample.batch[a]);
                // NumPyro lets a plate of size 1 broadcast against a longer batch.
                if found != Some(frame.size) && !(frame.size == 1 && found.is_some()) {
                    let found = found.map_or("no such dimension".into(), |n| n.to_string());
                    let message = format!(
                        "plate `{}` wants size {} at dimension {}, found {found} in batch {:?}",
                        frame.name, frame.size, frame.dim, sample.batch
                    );
                    self.report(15, v, message);
                }
            }
        }
    }

    fn frame(&mut self, v: Val, frame: &CondIndepStackFrame) {
        if frame.dim >= 0 {
            let message =
                format!("plate `{}`: expected a negative dimension, found {}", frame.name, frame.dim);
            self.report(15, v, message);
        }
        if frame.size > frame.full_size {
            let message = format!("plate `{}` has size {} of {}", frame.name, frame.size, frame.full_size);
            self.report(15, v, message);
        }
    }

    /// Invariants 15 and 16 of a plate's declaration.
    pub(super) fn plate(&mut self, v: Val, name: &str, plate: &PlateSite) {
        let frame = &plate.frame;
        self.frame(v, frame);
        if frame.name != name {
            self.report(16, v, format!("the site is named `{name}`, its frame `{}`", frame.name));
        }
        let ty = self.graph.ty(v).clone();
        if !ty.dtype.is_integer() || ty.dims.as_slice() != [frame.size] {
            let indices = Ty::new(crate::types::DType::I64, [frame.size]);
            self.report(16, v, format!("expected integer indices such as {indices}, found {ty}"));
        }
        match plate.indices {
            Indices::All => self.count(v, 0),
            Indices::Operand => {
                self.count(v, 1);
                self.operand_is(v, &ty);
            }
            Indices::Drawn { rng, draw } => {
                self.drawn_by(v, rng);
                self.indices_region(v, draw, &ty);
            }
            Indices::Given { rng } => self.drawn_by(v, rng),
        }
    }

    /// Invariants 9 and 14 of a key's site.
    pub(super) fn key(&mut self, v: Val, key: &KeySite) {
        self.drawn_by(v, key.rng);
        let ty = self.graph.ty(v).clone();
        if ty != key_ty() {
            self.report(14, v, format!("expected a key {}, found {ty}", key_ty()));
        }
    }

    fn drawn_by(&mut self, v: Val, rng: Rng) {
        self.count(v, usize::from(rng.has_key()));
        if let Some(found) = self.operand_tys(v).first().filter(|ty| **ty != key_ty()) {
            self.report(14, v, format!("the key: expected {}, found {found}", key_ty()));
        }
    }
}
