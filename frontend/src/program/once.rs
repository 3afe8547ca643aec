//! Functions over a program's data that are wanted once: their results, and where these cease to be finite.

use pyroxene_ir::{
    Graph, Ty,
    blame::blame,
    eval::eval,
    passes::{Dce, Pass, Query},
};

use super::{bound::Bound, error::Error, origin::Origin, prepare::suits_host};
use crate::{Array, tensor::Tensor};

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
            let loc = graph.node(blame.val).loc.clone();
            Origin::of(&graph, blame, loc)
        }))
    }

    /// What the outputs of a function need, as tensor arithmetic.
    fn needed(&self, function: &Graph) -> Result<Graph, Error> {
        let pure = self.program().pure(function, Query::Function)?;
        Ok(Dce.run(&pure, Query::Function)?)
    }
}
