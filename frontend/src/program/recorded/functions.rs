//! Functions over a program's data: lowered before there is a device, compiled once for it, and kept under a key.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use pyroxene_ir::{Graph, Ty, passes::Query};
use pyroxene_runtime::{Backend, options::Effort};

use super::Program;
use crate::{
    program::{compiled::Compiled, error::Error},
    tensor::Tensor,
    trace::TraceErrors,
};

/// What a function is kept under.
#[derive(Clone, Copy)]
pub(in crate::program) struct Name<'a> {
    /// For dumps and messages.
    pub(in crate::program) name: &'a str,
    /// All that the function depends on beside its inputs.
    pub(in crate::program) key: &'a str,
    pub(in crate::program) inputs: &'a [(&'a str, Ty)],
}

impl Name<'_> {
    fn whole(self) -> String {
        let Name { name, key, inputs } = self;
        format!("{name:?} {key:?} {inputs:?}")
    }
}

fn locked<K, T>(kept: &Mutex<BTreeMap<K, T>>) -> MutexGuard<'_, BTreeMap<K, T>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Program {
    /// Records and lowers what [`Bound::kept_function`](crate::Bound::kept_function) then compiles under the same name, inputs
    /// and `key`: so this can be done before there is a device, or beside
    /// [the opening of one](pyroxene_runtime::default_backend_beside).
    ///
    /// ```
    /// use pyroxene_frontend::{Model, prelude::*};
    /// use pyroxene_runtime::options::Effort;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (model, data) = (Model::new(|_: &Tensor| {}), Array::from(3.0));
    /// model.trace(&data)?.lower_kept_function("scaled", "by 2", &[], |data, _| vec![data[0] * 2.0])?;
    /// let recorded = |_: &[Tensor], _: &[Tensor]| unreachable!();
    /// let function = model.bind(&data)?.kept_function("scaled", "by 2", &[], Effort::Full, recorded)?;
    /// assert_eq!(function.call(&[])?, [Array::from(6.0)]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// What is wrong in `f`, each with its line.
    pub fn lower_kept_function(
        &self,
        name: &str,
        key: &str,
        inputs: &[(&str, Ty)],
        f: impl FnOnce(&[Tensor], &[Tensor]) -> Vec<Tensor>,
    ) -> Result<(), Error> {
        let whole = Name { name, key, inputs }.whole();
        if locked(&self.inner.functions).keys().any(|(known, _)| *known == whole) {
            return Ok(());
        }
        let lowered = self.lowered(&self.function(inputs, f)?, Query::Function, name)?;
        locked(&self.inner.lowered).insert(whole, lowered);
        Ok(())
    }

    /// The executable of a function over the program's data.
    pub(in crate::program) fn compile_function(
        &self,
        graph: &Graph,
        name: &str,
        backend: &Arc<dyn Backend>,
    ) -> Result<Compiled, Error> {
        self.compiled(&self.lowered(graph, Query::Function, name)?, backend, Effort::Full)
    }

    /// The executable of a function that is kept: what is recorded, where it is neither compiled nor lowered yet.
    pub(in crate::program) fn kept_function(
        &self,
        name: Name<'_>,
        backend: &Arc<dyn Backend>,
        effort: Effort,
        record: impl FnOnce() -> Result<Graph, TraceErrors>,
    ) -> Result<Arc<Compiled>, Error> {
        let whole = (name.whole(), effort);
        let known = locked(&self.inner.functions).get(&whole).cloned();
        if let Some(known) = known.filter(|c| Arc::ptr_eq(c.backend(), backend)) {
            return Ok(known);
        }
        let lowered = locked(&self.inner.lowered).remove(&whole.0);
        // Not under a lock: the function may take queries to this program in, and two threads may make two at once.
        let lowered = match lowered {
            Some(lowered) => lowered,
            None => self.lowered(&record()?, Query::Function, name.name)?,
        };
        let fresh = Arc::new(self.compiled(&lowered, backend, effort)?);
        if effort == Effort::Least {
            // It may yet be compiled with more.
            locked(&self.inner.lowered).insert(whole.0.clone(), lowered);
        }
        locked(&self.inner.functions).insert(whole, fresh.clone());
        Ok(fresh)
    }
}
