//! What a graph is made of: values, the nodes that make them, and where they come from.

use std::{borrow::Cow, fmt, panic::Location};

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::{ops::Op, site::Site, types::Ty};

/// A value: the result of one node. Prints as `%3`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Val(pub(super) u32);

impl Val {
    /// The value made by the node at position `index`.
    pub fn from_index(index: usize) -> Val {
        Val(index as u32)
    }

    /// The position of the node that makes it.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for Val {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

impl fmt::Debug for Val {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The operands of a node, in order.
pub type Operands = SmallVec<[Val; 4]>;

/// A place in the user's source.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Loc {
    /// The file as the compiler names it.
    pub file: Cow<'static, str>,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

impl Loc {
    /// The caller's place, through `#[track_caller]`.
    #[track_caller]
    pub fn caller() -> Loc {
        Loc::from(Location::caller())
    }
}

impl From<&'static Location<'static>> for Loc {
    fn from(l: &'static Location<'static>) -> Loc {
        Loc { file: Cow::Borrowed(l.file()), line: l.line(), column: l.column() }
    }
}

impl fmt::Display for Loc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// What an input of a graph is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A leaf of the user's data, bound once and used by many runs.
    Data,
    /// What another program has computed from data alone.
    Prepared,
    /// A plain argument: of a region, or of a compiled function.
    Argument,
    /// The value of a site, on its support, under the site's name.
    Site,
    /// The unconstrained coordinates of all latent sites, in program order.
    Position,
    /// A key for random draws.
    Key,
}

/// An input of a graph.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Input {
    /// Its name: a leaf's path, a site's name.
    pub name: String,
    /// What it is for.
    pub role: Role,
}

/// What makes a value.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// It comes from outside.
    Input(Input),
    /// A pure function of its operands; hash-consed.
    Pure(Op),
    /// A further result of its one operand, a pure node with several: 1 is the second. Hash-consed.
    Part(u32),
    /// A recorded primitive; never hash-consed, so it keeps program order and identity.
    Site(Box<Site>),
}

/// A node: what makes its value, the value's type, and where the user asked for it.
#[derive(Clone, Debug)]
pub struct Node {
    /// What makes the value.
    pub kind: Kind,
    /// The value's type; of a node with several results that of the first.
    pub ty: Ty,
    /// The types of the further results, which [`Kind::Part`] nodes stand for; mostly there are none.
    pub rest: Box<[Ty]>,
    /// The user's source line; no part of the node's identity.
    pub loc: Option<Loc>,
}

impl Node {
    /// The types of all results.
    pub fn results(&self) -> impl Iterator<Item = &Ty> + Clone {
        std::iter::once(&self.ty).chain(&self.rest)
    }
}

/// Which nodes a graph may hold.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Phase {
    /// Sites and pure nodes: a recorded model.
    Model,
    /// Pure nodes only: tensor arithmetic.
    Pure,
}
