//! Another program over the data of one that is recorded.

use std::time::Instant;

use pyroxene_ir::{Role, passes::Settings};

use super::{Program, Timings};
use crate::{
    program::literals,
    tensor::Tensor,
    trace::{self, TraceErrors, TraceKind, with_active},
};

impl Program {
    /// Records a function that calls primitives over this program's data, which it gets in the order of
    /// [`Program::leaves`]: guides are made so, of models whose data have no type of their own at hand.
    ///
    /// ```
    /// use pyroxene_frontend::{Model, prelude::*};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let model = Model::new(|scale: &Tensor| {
    ///     sample("x", Normal::new(0.0, *scale));
    /// });
    /// let program = model.trace(&Array::from(2.0))?;
    /// let beside = program.beside(|data| {
    ///     sample("y", Normal::new(1.0, data[0]));
    /// })?;
    /// assert_eq!(beside.leaves(), program.leaves());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// All root errors of the function, each with its line.
    pub fn beside(&self, f: impl FnOnce(&[Tensor])) -> Result<Program, TraceErrors> {
        let start = Instant::now();
        let graph = trace::record(TraceKind::Model, || {
            let leaves = self.leaves().iter();
            let symbols = leaves.map(|l| with_active(|t| t.input(&l.path, Role::Data, l.ty.clone())));
            let data: Vec<Tensor> = symbols.map(|t| t.unwrap_or(Tensor::POISON)).collect();
            f(&data);
            Vec::new()
        })?;
        let timings = Timings { trace: start.elapsed(), ..Timings::default() };
        let program = Program::new(graph, None, self.leaves().to_vec(), timings, Settings::default());
        let errors = literals::broken(&program);
        if errors.is_empty() { Ok(program) } else { Err(TraceErrors(errors)) }
    }
}
