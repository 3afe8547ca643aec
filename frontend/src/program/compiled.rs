//! The stages after the passes: HLO, and the executable made of it.

use std::{fmt, sync::Arc};

use pyroxene_ir::{
    Array, Graph, Ty,
    passes::{Split, split},
};
use pyroxene_lowering as lowering;
use pyroxene_runtime::{Backend, Buffer, Executable};

use super::{
    error::Error,
    prepare::{Preparation, compile},
};

/// A query as HLO: deterministic bytes for a compiler, and text for people (`Display`).
#[derive(Clone, Debug)]
pub struct Lowered {
    lowered: lowering::Lowered,
    preparation: Option<Arc<Preparation>>,
}

impl Lowered {
    pub(super) fn new(graph: &Graph, name: &str) -> Result<Lowered, Error> {
        Ok(match split(graph)? {
            None => Lowered { lowered: lowering::lower(graph, name)?, preparation: None },
            Some(Split { prepare, main }) => Lowered {
                lowered: lowering::lower(&main, name)?,
                preparation: Some(Arc::new(Preparation::new(prepare, name)?)),
            },
        })
    }

    /// The program whose results, computed once for each set of data, this one takes as parameters `prepared.0` and so
    /// on after the data; none where nothing is worth that.
    pub fn preparation(&self) -> Option<&lowering::Lowered> {
        self.preparation.as_ref().map(|p| p.lowered())
    }

    /// The serialized `HloModuleProto`.
    pub fn hlo(&self) -> &[u8] {
        &self.lowered.hlo
    }

    /// Names and types of the parameters, in order.
    pub fn inputs(&self) -> &[(String, Ty)] {
        &self.lowered.inputs
    }

    /// Types of the results, in order.
    pub fn outputs(&self) -> &[Ty] {
        &self.lowered.outputs
    }

    /// The number of HLO instructions.
    pub fn instructions(&self) -> usize {
        self.lowered.instructions()
    }

    /// Compiles for the backend's device.
    ///
    /// # Errors
    /// When the device refuses the program.
    pub fn compile(&self, backend: &Arc<dyn Backend>) -> Result<Compiled, Error> {
        let executable = compile(&self.lowered, backend)?;
        Ok(Compiled { executable, preparation: self.preparation.clone(), backend: backend.clone() })
    }
}

impl fmt::Display for Lowered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lowered.to_text())
    }
}

/// A query as an executable, to be shared between threads.
#[derive(Clone)]
pub struct Compiled {
    executable: Arc<dyn Executable>,
    preparation: Option<Arc<Preparation>>,
    backend: Arc<dyn Backend>,
}

impl Compiled {
    /// The executable.
    pub fn executable(&self) -> &Arc<dyn Executable> {
        &self.executable
    }

    /// What the executable takes after the data, for data that are on the device already.
    pub(super) fn prepare(&self, data: &[Array], on_device: &[Buffer]) -> Result<Vec<Buffer>, Error> {
        self.preparation.as_ref().map_or_else(|| Ok(Vec::new()), |p| p.run(data, on_device, &self.backend))
    }

    pub(super) fn backend(&self) -> &Arc<dyn Backend> {
        &self.backend
    }
}

impl fmt::Debug for Compiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compiled").field("name", &self.executable.name()).finish()
    }
}
