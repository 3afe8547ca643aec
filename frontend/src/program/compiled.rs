//! The stages after the passes: HLO, and the executable made of it.

use std::{borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

use pyroxene_ir::{
    Array, Graph, Ty,
    passes::{OneKernel, Split, split},
};
use pyroxene_lowering as lowering;
use pyroxene_runtime::{Backend, Buffer, Code, Executable, FlagValue, Input, Packed, Trimmed};

use super::{
    error::Error,
    prepare::{Preparation, compile},
};

/// The platform whose compiler makes kernels.
const CPU: &str = "cpu";

/// A query as HLO: deterministic bytes for a compiler, and text for people (`Display`).
#[derive(Clone, Debug)]
pub struct Lowered {
    lowered: lowering::Lowered,
    /// The same for CPUs, where parts of it are worth being kernels.
    in_kernels: Option<InKernels>,
    preparation: Option<Arc<Preparation>>,
    /// The results that the program's one result holds, one after the other; none where it returns them itself.
    packed: Option<Vec<Ty>>,
    /// All arguments, and which of them the program takes; none where it takes all.
    trimmed: Option<(Vec<Input>, Vec<usize>)>,
}

/// How a graph is lowered.
#[derive(Clone, Copy)]
pub(super) struct How<'a> {
    /// The module's name.
    pub(super) name: &'a str,
    pub(super) kernels: OneKernel,
    /// Whether the program is run so often that what a run costs beside its work counts.
    pub(super) often: bool,
}

impl Lowered {
    pub(super) fn new(graph: &Graph, how: How<'_>) -> Result<Lowered, Error> {
        match split(graph)? {
            None => Lowered::parts(graph, how, None),
            Some(Split { prepare, main }) => {
                let preparation = Arc::new(Preparation::new(prepare, how.name)?);
                Lowered::parts(&main, how, Some(preparation))
            }
        }
    }

    fn parts(
        main: &Graph,
        How { name, kernels: mode, often }: How<'_>,
        preparation: Option<Arc<Preparation>>,
    ) -> Result<Lowered, Error> {
        let Slim { graph: main, packed, trimmed } = if often { Slim::of(main)? } else { Slim::whole(main) };
        let lowered = lowering::lower(&main, name)?;
        let gathered = lowering::kernels(&main, mode).map_err(lowering::LowerError::from)?;
        let lower = |kernels: lowering::Kernels| -> Result<InKernels, Error> {
            let mut graph = kernels.graph;
            if often {
                graph = lowering::sums_by_slices(&graph).map_err(lowering::LowerError::from)?;
            }
            Ok(InKernels { lowered: lowering::lower(&graph, name)?, libraries: kernels.libraries })
        };
        let in_kernels = gathered.map(lower).transpose()?;
        Ok(Lowered { lowered, in_kernels, preparation, packed, trimmed })
    }

    /// The program whose results, computed once for each set of data, this one takes as parameters `prepared.0` and so
    /// on after the data; none where nothing is worth that.
    pub fn preparation(&self) -> Option<&lowering::Lowered> {
        self.preparation.as_ref().map(|p| p.lowered())
    }

    /// The program as CPUs are given it, where parts of it are worth being kernels: one function of machine code each. A CPU
    /// whose compiler refuses it gets the program as it is for all devices.
    pub fn in_kernels(&self) -> Option<&lowering::Lowered> {
        self.in_kernels.as_ref().map(|kernels| &kernels.lowered)
    }

    /// The serialized `HloModuleProto`, as it is for all devices.
    pub fn hlo(&self) -> &[u8] {
        &self.lowered.hlo
    }

    /// Names and types of the parameters, in order. Where data go unread and are none, [`Lowered::compile`] makes an
    /// executable that takes them.
    pub fn inputs(&self) -> &[(String, Ty)] {
        &self.lowered.inputs
    }

    /// Types of the program's results, in order. Where several small results are one here, [`Lowered::compile`] makes an
    /// executable that returns them.
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
        let on_cpu = backend.platform().name == CPU;
        let kernels = self.in_kernels.as_ref().filter(|_| on_cpu).map(|kernels| kernels.compile(backend));
        let mut executable = match kernels {
            Some(Err(error)) if is_refusal(&error) => compile(&self.lowered, backend, BTreeMap::new())?,
            Some(compiled) => compiled?,
            None => compile(&self.lowered, backend, BTreeMap::new())?,
        };
        if let Some((inputs, read)) = &self.trimmed {
            executable = Arc::new(Trimmed::new(executable, inputs.clone(), read)?);
        }
        if let Some(results) = &self.packed {
            executable = Arc::new(Packed::new(executable, backend.clone(), results.clone())?);
        }
        Ok(Compiled { executable, preparation: self.preparation.clone(), backend: backend.clone() })
    }
}

/// A graph with as few results and arguments as there can be, and what it stands for.
struct Slim<'a> {
    graph: Cow<'a, Graph>,
    packed: Option<Vec<Ty>>,
    trimmed: Option<(Vec<Input>, Vec<usize>)>,
}

impl Slim<'_> {
    fn whole(graph: &Graph) -> Slim<'_> {
        Slim { graph: Cow::Borrowed(graph), packed: None, trimmed: None }
    }

    fn of(graph: &Graph) -> Result<Slim<'_>, lowering::LowerError> {
        let mut slim = Slim::whole(graph);
        if let Some(packed) = lowering::packed(graph)? {
            slim.packed = Some(graph.outputs().iter().map(|v| graph.ty(*v).clone()).collect());
            slim.graph = Cow::Owned(packed);
        }
        if let Some((read, left)) = lowering::read_inputs(&slim.graph)? {
            let name = |v| graph.input_of(v).map_or("", |input| &input.name);
            let inputs = graph.inputs().iter().map(|v| Input::new(name(*v), graph.ty(*v).clone()));
            slim.trimmed = Some((inputs.collect(), left));
            slim.graph = Cow::Owned(read);
        }
        Ok(slim)
    }
}

/// A program for CPUs with kernels in it.
#[derive(Clone, Debug)]
struct InKernels {
    lowered: lowering::Lowered,
    libraries: bool,
}

/// XLA's option of what it hands to its library of sums and products; an empty text is nothing.
const LIBRARY: &str = "xla_cpu_experimental_ynn_fusion_type";

impl InKernels {
    fn compile(&self, backend: &Arc<dyn Backend>) -> Result<Arc<dyn Executable>, Error> {
        if !self.libraries {
            let without = BTreeMap::from([(LIBRARY.to_string(), FlagValue::Text(String::new()))]);
            match compile(&self.lowered, backend, without) {
                // Older compilers do not know the option, nor have they the library.
                Err(error) if is_refusal(&error) => {}
                compiled => return compiled,
            }
        }
        compile(&self.lowered, backend, BTreeMap::new())
    }
}

/// Whether a compiler says that it cannot make a kernel of something, or does not know an option.
fn is_refusal(error: &Error) -> bool {
    use Code::{Internal, InvalidArgument, NotFound, Unimplemented};
    let refused = |code: &Code| matches!(code, Internal | InvalidArgument | NotFound | Unimplemented);
    matches!(error, Error::Runtime(pyroxene_runtime::Error::Compile { code, .. }) if refused(code))
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
