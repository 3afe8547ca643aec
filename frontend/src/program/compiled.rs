//! The stages after the passes: HLO, and the executable made of it.

use std::{fmt, sync::Arc};

use pyroxene_ir::{Graph, Ty};
use pyroxene_lowering as lowering;
use pyroxene_runtime::{Backend, CompileOptions, Executable, Input, Module};

use super::error::Error;

/// A query as HLO: deterministic bytes for a compiler, and text for people (`Display`).
#[derive(Clone, Debug)]
pub struct Lowered {
    lowered: lowering::Lowered,
}

impl Lowered {
    pub(super) fn new(graph: &Graph, name: &str) -> Result<Lowered, Error> {
        Ok(Lowered { lowered: lowering::lower(graph, name)? })
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
        let inputs = self.lowered.inputs.iter().map(|(name, ty)| Input::new(name, ty.clone())).collect();
        let (name, hlo) = (self.lowered.name.as_str(), self.lowered.hlo.as_slice());
        let module = Module { name, hlo, inputs, outputs: self.lowered.outputs.clone() };
        let executable = backend.compile(&module, &CompileOptions::default())?;
        Ok(Compiled { executable, backend: backend.clone() })
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
    backend: Arc<dyn Backend>,
}

impl Compiled {
    /// The executable.
    pub fn executable(&self) -> &Arc<dyn Executable> {
        &self.executable
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
