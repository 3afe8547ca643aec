//! What can keep a graph from becoming HLO, each with the value, its source line and the pass that mends it.

use pyroxene_ir::{Loc, Ty, TypeError, Val};

/// A graph could not be lowered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LowerError {
    /// A recorded primitive is left in the graph.
    #[error(
        "{kind} site `{site}`{} is still in the graph; expected tensor arithmetic only: run `resolve_sites` first",
        at(loc)
    )]
    Site {
        /// The site's name.
        site: String,
        /// The kind of primitive.
        kind: &'static str,
        /// The user's line.
        loc: Option<Loc>,
    },
    /// The graph is in its model phase, though it holds no site.
    #[error(
        "the graph of `{name}` is in its model phase; expected the pure phase: run `resolve_sites` first"
    )]
    ModelPhase {
        /// The module's name.
        name: String,
    },
    /// HLO has no instruction for an op.
    #[error("{val} is `{op}`{}, which HLO has no instruction for; run `legalize` first", at(loc))]
    NotLegalized {
        /// The value.
        val: Val,
        /// The op.
        op: &'static str,
        /// The user's line.
        loc: Option<Loc>,
    },
    /// A value has more bytes than XLA can address.
    #[error("{val}: {ty}{} is too large; expected fewer than 2^63 bytes: use smaller dimensions", at(loc))]
    TooLarge {
        /// The value.
        val: Val,
        /// Its type.
        ty: Ty,
        /// The user's line.
        loc: Option<Loc>,
    },
    /// An attribute of an op's HLO rule takes its element type from the first operand, and there is none: a defect of
    /// the op.
    #[error(
        "{val}: the HLO rule of `{op}` gives `{opcode}` without operands {attr}, which expects one: mend the op's `hlo`"
    )]
    Rule {
        /// The value.
        val: Val,
        /// The op.
        op: &'static str,
        /// The instruction.
        opcode: String,
        /// The attribute.
        attr: String,
    },
    /// Parts of the graph could not be gathered into kernels: a defect of that.
    #[error("kernels: {0}")]
    Kernels(#[from] TypeError),
}

fn at(loc: &Option<Loc>) -> String {
    loc.as_ref().map_or_else(String::new, |l| format!(" at {l}"))
}
