//! Explanations: the operation, site and line at which a log density or its gradient ceases to be finite.

use std::fmt;

use pyroxene_ir::{
    Graph, Role, Val,
    blame::{Blame, blame},
    passes::{Query, TracedBack, trace_back},
};

use super::{bound::Bound, error::Error, origin::Origin};
use crate::Array;

/// Where a NaN or an infinity in the log density or its gradient arises.
#[derive(Clone, PartialEq, Debug)]
pub struct NotFinite {
    /// What it makes of the log density or its gradient.
    pub quantity: Quantity,
    /// The site whose distribution, transform or mask asked for the operation; none for one of the model's own.
    pub site: Option<String>,
    /// Whether the operation is part of a derivative rather than of the log density itself.
    pub derivative: bool,
    /// The operation, its line and what it made.
    pub origin: Origin,
}

/// A number that is not finite.
#[derive(Clone, PartialEq, Debug)]
pub enum Quantity {
    /// The log density.
    LogDensity(f64),
    /// A component of the gradient, while the log density is finite.
    Gradient {
        /// The number of the coordinate.
        coordinate: usize,
        /// The latent site it belongs to.
        site: String,
        /// The component.
        found: f64,
    },
}

impl fmt::Display for NotFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.quantity {
            Quantity::LogDensity(x) => writeln!(f, "the log density is {x}")?,
            Quantity::Gradient { coordinate, site, found } => writeln!(
                f,
                "the log density is finite, its derivative by coordinate {coordinate} (site `{site}`) is {found}"
            )?,
        }
        if let Some(loc) = &self.origin.loc {
            write!(f, "{loc}: ")?;
        }
        if let Some(site) = &self.site {
            write!(f, "site `{site}`: ")?;
        }
        let part = if self.derivative { "in the derivative, " } else { "" };
        write!(f, "{part}{}", self.origin)
    }
}

impl Bound {
    /// Finds what makes the log density, or else its gradient, other than finite at a position on the unconstrained
    /// space; none if both are finite. The interpreter evaluates them, so nothing is compiled.
    ///
    /// ```
    /// use pyroxene_frontend::prelude::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// fn model(y: &Tensor) {
    ///     let x = sample("x", Normal::new(0.0, 1.0));
    ///     sample("y", Normal::new(0.0, x.sqrt()).obs(*y));
    /// }
    /// let bound = pyroxene_frontend::Model::new(model).bind(&Array::from(0.5))?;
    /// let found = bound.explain(&[-1.0])?.ok_or("all is finite")?;
    /// assert_eq!((found.origin.operation.as_str(), found.origin.operands), ("sqrt", vec![-1.0]));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Bound::potential_and_gradient`], or when the interpreter cannot evaluate the program.
    pub fn explain(&self, position: &[f64]) -> Result<Option<NotFinite>, Error> {
        let position = self.whole(position)?;
        let program = self.program().graph_for(Query::PotentialAndGradient);
        let traced = trace_back(program, Query::PotentialAndGradient)?;
        let graph = &traced.graph;
        let args = self.arguments_of(graph, &position);
        let results = pyroxene_ir::eval::eval(graph, &args)?;
        let Some((output, quantity)) = self.quantity(&results) else { return Ok(None) };
        let found = blame(graph, &args, &[output])?;
        Ok(found.map(|blame| describe(program, &traced, blame, quantity)))
    }

    /// The number of the output that is not finite, and what it is.
    fn quantity(&self, results: &[Array]) -> Option<(usize, Quantity)> {
        let [potential, gradient] = [0, 1].map(|i| results.get(i).map(Array::to_f64_vec).unwrap_or_default());
        if let Some(potential) = potential.first().filter(|x| !x.is_finite()) {
            return Some((0, Quantity::LogDensity(-potential)));
        }
        let gradient = match self.pinned() {
            Some(pinned) => pinned.free.iter().filter_map(|i| gradient.get(*i).copied()).collect(),
            None => gradient,
        };
        let coordinate = gradient.iter().position(|x| !x.is_finite())?;
        let layout = self.program().layout();
        let site = layout.iter().rfind(|c| c.offset <= coordinate).map(|c| c.name.clone());
        let site = site.unwrap_or_default();
        Some((1, Quantity::Gradient { coordinate, site, found: -gradient[coordinate] }))
    }

    /// What a resolved graph takes: data in order, the position, and the values given to sites by name.
    fn arguments_of(&self, graph: &Graph, position: &Array) -> Vec<Array> {
        let mut data = self.data().iter();
        let inputs = graph.inputs().iter().filter_map(|v| {
            let input = graph.input_of(*v)?;
            match input.role {
                Role::Position => Some(position.clone()),
                Role::Site => {
                    let given = self.given_values().iter().find(|(name, _)| *name == input.name);
                    given.map(|(_, value)| value.clone())
                }
                _ => data.next().cloned(),
            }
        });
        inputs.collect()
    }
}

fn describe(program: &Graph, traced: &TracedBack, blame: Blame, quantity: Quantity) -> NotFinite {
    let graph = &traced.graph;
    let origin = traced.origin(blame.val);
    let of_density = |v: Val| graph.reachable(&graph.outputs()[..1])[v.index()];
    NotFinite {
        quantity,
        site: origin.and_then(|v| program.site(v)).map(|site| site.name.clone()),
        derivative: !of_density(blame.val),
        origin: Origin::of(graph, blame, origin.and_then(|v| program.node(v).loc.clone())),
    }
}
