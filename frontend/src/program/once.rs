//! Functions over a program's data that are wanted once: their results, and where these cease to be finite.

use std::fmt;

use pyroxene_ir::{
    Graph, Loc, Ty,
    blame::blame,
    eval::eval,
    passes::{Dce, Pass, Query},
};

use super::{bound::Bound, error::Error, prepare::suits_host};
use crate::{Array, tensor::Tensor};

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

impl Bound {
    /// The results of a function over this program's data ([`Program::function`](super::Program::function)) on `args`: by
    /// the interpreter where that is done before a compiler would be.
    ///
    /// # Errors
    /// What is wrong in `f`, each with its line; or the device's.
    pub fn compute(
        &self,
        name: &str,
        inputs: &[(&str, Ty)],
        args: &[Array],
        f: impl FnOnce(&[Tensor], &[Tensor]) -> Vec<Tensor>,
    ) -> Result<Vec<Array>, Error> {
        let graph = self.program().function(inputs, f)?;
        let pure = self.needed(&graph)?;
        if suits_host(&pure) {
            return Ok(eval(&pure, &[self.data(), args].concat())?);
        }
        let compiled = self.program().compile_function(&graph, name, self.backend())?;
        self.run_compiled(&std::sync::Arc::new(compiled), args)
    }

    /// Finds what makes a result of such a function other than finite, the interpreter evaluating it; none where all are
    /// finite.
    ///
    /// ```
    /// use pyroxene_frontend::{Model, Ty, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bound = Model::new(|_: &Tensor| {}).bind(&Array::from([4.0, -1.0]))?;
    /// let found = bound.origin(&[], &[], |data, _| vec![data[0].sqrt().sum()])?.ok_or("all is finite")?;
    /// assert_eq!((found.operation.as_str(), found.operands), ("sqrt", vec![-1.0]));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// What is wrong in `f`, each with its line; or what the interpreter refuses.
    pub fn origin(
        &self,
        inputs: &[(&str, Ty)],
        args: &[Array],
        f: impl FnOnce(&[Tensor], &[Tensor]) -> Vec<Tensor>,
    ) -> Result<Option<Origin>, Error> {
        let graph = self.needed(&self.program().function(inputs, f)?)?;
        let outputs: Vec<usize> = (0..graph.outputs().len()).collect();
        let found = blame(&graph, &[self.data(), args].concat(), &outputs)?;
        Ok(found.map(|blame| {
            let input = graph.input_of(blame.val).map(|input| format!("input {}", input.name));
            let operation = input.or(graph.op(blame.val).map(|op| op.name().to_string()));
            Origin {
                loc: graph.node(blame.val).loc.clone(),
                operation: operation.unwrap_or_default(),
                index: blame.index,
                found: blame.found,
                count: blame.count,
                operands: blame.operands,
            }
        }))
    }

    /// What the outputs of a function need, as tensor arithmetic.
    fn needed(&self, function: &Graph) -> Result<Graph, Error> {
        let pure = self.program().pure(function, Query::Function)?;
        Ok(Dce.run(&pure, Query::Function)?)
    }
}
