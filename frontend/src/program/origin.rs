//! Where numbers cease to be finite: the one account of it, for log densities and for functions over data.

use std::fmt;

use pyroxene_ir::{Graph, Loc, blame::Blame};

/// The operation in which a NaN or an infinity arises that reaches a result.
#[derive(Clone, PartialEq, Debug)]
pub struct Origin {
    /// The user's line.
    pub loc: Option<Loc>,
    /// The operation, or the name of the input.
    pub operation: String,
    /// The first element of its result that is not finite.
    pub index: Vec<usize>,
    /// That element.
    pub found: f64,
    /// How many elements are not finite.
    pub count: usize,
    /// What the operation made it of, where it works element by element.
    pub operands: Vec<f64>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.operation)?;
        if !self.operands.is_empty() {
            let operands: Vec<String> = self.operands.iter().map(ToString::to_string).collect();
            write!(f, " of {}", operands.join(" and "))?;
        }
        write!(f, " is {}", self.found)?;
        if !self.index.is_empty() {
            write!(f, " at index {:?}", self.index)?;
        }
        if self.count > 1 {
            write!(f, " and {} more like it", self.count - 1)?;
        }
        Ok(())
    }
}

impl Origin {
    /// What is told of the blame for a graph's results, at the user's line.
    pub(super) fn of(graph: &Graph, blame: Blame, loc: Option<Loc>) -> Origin {
        let input = graph.input_of(blame.val).map(|input| format!("input {}", input.name));
        let operation = input.or(graph.op(blame.val).map(|op| op.name().to_string()));
        let Blame { index, found, count, operands, .. } = blame;
        Origin { loc, operation: operation.unwrap_or_default(), index, found, count, operands }
    }
}
