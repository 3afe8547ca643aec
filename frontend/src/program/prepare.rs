//! Preparation: the part of a query that depends on data alone, run once for each set of data.

use std::{fmt, sync::Arc};

use pyroxene_ir::{Array, Graph, Op, eval::eval};
use pyroxene_lowering as lowering;
use pyroxene_runtime::{Backend, Buffer, CompileOptions, Executable, Input, Module, options::Effort};

use super::{error::Error, pipeline};

/// Up to so many elements, counted at each operation, the interpreter is done before a compiler would be.
const HOST: usize = 1 << 20;

/// Whether the interpreter is done with a graph before a compiler would be.
pub(super) fn suits_host(graph: &Graph) -> bool {
    cost(graph) <= HOST
}

/// A program that takes a model's data and returns what its query reads beside them.
pub(super) struct Preparation {
    graph: Graph,
    lowered: lowering::Lowered,
}

impl Preparation {
    pub(super) fn new(graph: Graph, name: &str) -> Result<Preparation, Error> {
        let lowered = lowering::lower(&graph, &format!("{name}.prepare"))?;
        Ok(Preparation { graph, lowered })
    }

    pub(super) fn lowered(&self) -> &lowering::Lowered {
        &self.lowered
    }

    /// The results for these data, which are on the device already.
    pub(super) fn run(
        &self,
        data: &[Array],
        on_device: &[Buffer],
        backend: &Arc<dyn Backend>,
    ) -> Result<Vec<Buffer>, Error> {
        if suits_host(&self.graph) {
            let results = eval(&self.graph, data)?;
            return Ok(results.iter().map(|r| backend.upload(r)).collect::<Result<_, _>>()?);
        }
        let executable = compile(&self.lowered, backend, Effort::Full, CompileOptions::default())?;
        Ok(executable.run(&on_device.iter().collect::<Vec<_>>())?)
    }
}

impl fmt::Debug for Preparation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Preparation").field("nodes", &self.graph.len()).finish()
    }
}

/// Compiles a module for a device, at the level that the environment says and otherwise the platform's for that effort,
/// and else as `own` does.
pub(super) fn compile(
    lowered: &lowering::Lowered,
    backend: &Arc<dyn Backend>,
    effort: Effort,
    own: CompileOptions,
) -> Result<Arc<dyn Executable>, Error> {
    let usual = pipeline::options()?.compile_options(backend.platform(), effort);
    let mut options = CompileOptions { opt_level: usual.opt_level, ..own };
    for (name, value) in usual.flags {
        options.flags.entry(name).or_insert(value);
    }
    let inputs = lowered.inputs.iter().map(|(name, ty)| Input::new(name, ty.clone())).collect();
    let (name, hlo) = (lowered.name.as_str(), lowered.hlo.as_slice());
    let module = Module { name, hlo, inputs, outputs: lowered.outputs.clone() };
    Ok(backend.compile(&module, &options)?)
}

/// What evaluating a graph costs in elements, about; [`usize::MAX`] where there are loops.
pub(super) fn cost(graph: &Graph) -> usize {
    let node = |v| {
        let read = graph.operands(v).iter().fold(0usize, |sum, o| sum.saturating_add(graph.ty(*o).len()));
        let size = read.saturating_add(graph.ty(v).len());
        match graph.op(v) {
            Some(op) if !op.regions().is_empty() => usize::MAX,
            // Each element of a product of matrices costs a row and a column.
            Some(Op::DotGeneral(_) | Op::Cholesky(_) | Op::TriangularSolve(_)) => {
                (size as f64).powf(1.5) as usize
            }
            _ => size,
        }
    };
    graph.vals().map(node).fold(0, usize::saturating_add)
}
