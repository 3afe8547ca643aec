//! The stages after the passes: HLO, and the executable made of it.

use std::{borrow::Cow, collections::BTreeMap, fmt, sync::Arc};

use pyroxene_ir::{
    Array, Graph, Ty,
    passes::{OneKernel, Split, split},
};
use pyroxene_lowering as lowering;
use pyroxene_runtime::{
    Backend, Buffer, Bundled, Code, CompileOptions, Executable, FlagValue, Input, Packed, Padded, Trimmed,
    options::Effort,
};

use super::{
    error::Error,
    prepare::{Preparation, compile},
};

/// A query as HLO: deterministic bytes for a compiler, and text for people (`Display`).
#[derive(Clone, Debug)]
pub struct Lowered {
    lowered: lowering::Lowered,
    /// The same for CPUs, where parts of it are worth being kernels.
    in_kernels: Option<InKernels>,
    around: Around,
}

/// What stands between a query's arguments and results and those of a program.
#[derive(Clone, Debug)]
struct Around {
    preparation: Option<Arc<Preparation>>,
    /// The results that the program's one result holds, one after the other; none where it returns them itself.
    packed: Option<Vec<Ty>>,
    /// All arguments, and which of them the program takes; none where it takes all.
    trimmed: Option<(Vec<Input>, Vec<usize>)>,
    /// All arguments, and where they are in those of the program; none where each is one of its own.
    bundled: Option<(Vec<Input>, lowering::Places)>,
    /// The argument of the program in whose memory there is room for the result, and its elements without that; none where
    /// the result has memory of its own.
    padded: Option<(usize, usize)>,
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
    /// `on_cpus` is the graph for CPUs where it is another one.
    pub(super) fn new(graph: &Graph, on_cpus: Option<&Graph>, how: How<'_>) -> Result<Lowered, Error> {
        let slim = Slim::of(graph, how)?;
        let lowered = lowering::lower(&slim.graph, how.name)?;
        let own = on_cpus.map(|graph| InKernels::of(&Slim::of(graph, how)?, how)).transpose()?;
        let in_kernels = match own.flatten() {
            None => InKernels::of(&slim, how)?,
            own => own,
        };
        Ok(Lowered { lowered, in_kernels, around: slim.around })
    }

    /// The program whose results, computed once for each set of data, this one takes as parameters `prepared.0` and so
    /// on after the data, as it is for all devices; none where nothing is worth that.
    pub fn preparation(&self) -> Option<&lowering::Lowered> {
        self.around.preparation.as_ref().map(|p| p.lowered())
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
        self.compile_with(backend, Effort::Full)
    }

    pub(super) fn compile_with(&self, backend: &Arc<dyn Backend>, effort: Effort) -> Result<Compiled, Error> {
        let on_cpu = backend.platform().is_cpu();
        let kernels =
            self.in_kernels.as_ref().filter(|_| on_cpu).map(|kernels| kernels.compile(backend, effort));
        let (mut executable, around) = match (kernels, &self.in_kernels) {
            (Some(Err(error)), _) if !is_refusal(&error) => return Err(error),
            (Some(Ok(executable)), Some(kernels)) => (executable, &kernels.around),
            _ => (compile(&self.lowered, backend, effort, CompileOptions::default())?, &self.around),
        };
        if let Some((index, elements)) = around.padded {
            executable = Arc::new(Padded::new(executable, backend.clone(), index, elements)?);
        }
        if let Some((inputs, places)) = &around.bundled {
            executable = Arc::new(Bundled::new(executable, backend.clone(), inputs.clone(), places)?);
        }
        if let Some((inputs, read)) = &around.trimmed {
            executable = Arc::new(Trimmed::new(executable, inputs.clone(), read)?);
        }
        if let Some(results) = &around.packed {
            executable = Arc::new(Packed::new(executable, backend.clone(), results.clone())?);
        }
        Ok(Compiled { executable, preparation: around.preparation.clone(), backend: backend.clone() })
    }
}

/// A graph without what data decide and, if it runs often, with as few results and arguments as there can be.
struct Slim<'a> {
    graph: Cow<'a, Graph>,
    around: Around,
}

impl Slim<'_> {
    fn of<'a>(graph: &'a Graph, how: How<'_>) -> Result<Slim<'a>, Error> {
        let (graph, preparation) = match split(graph)? {
            None => (Cow::Borrowed(graph), None),
            Some(Split { prepare, main }) => {
                (Cow::Owned(main), Some(Arc::new(Preparation::new(prepare, how.name)?)))
            }
        };
        let mut slim = Slim {
            graph,
            around: Around { preparation, packed: None, trimmed: None, bundled: None, padded: None },
        };
        if how.often {
            slim.narrow()?;
        }
        Ok(slim)
    }

    fn narrow(&mut self) -> Result<(), lowering::LowerError> {
        let Slim { graph, around } = self;
        if let Some(packed) = lowering::packed(graph)? {
            around.packed = Some(graph.outputs().iter().map(|v| graph.ty(*v).clone()).collect());
            *graph = Cow::Owned(packed);
        }
        if let Some((read, left)) = lowering::read_inputs(graph)? {
            around.trimmed = Some((inputs(graph), left));
            *graph = Cow::Owned(read);
        }
        Ok(())
    }
}

/// The inputs of a graph.
fn inputs(graph: &Graph) -> Vec<Input> {
    let name = |v| graph.input_of(v).map_or("", |input| &input.name);
    graph.inputs().iter().map(|v| Input::new(name(*v), graph.ty(*v).clone())).collect()
}

/// Makes a graph for CPUs take small data together, and its position with room for the result.
fn spared(graph: &mut Cow<'_, Graph>, around: &mut Around) -> Result<(), lowering::LowerError> {
    if let Some((bundled, places)) = lowering::bundled(graph)? {
        around.bundled = Some((inputs(graph), places));
        *graph = Cow::Owned(bundled);
    }
    if let Some((roomy, index)) = lowering::with_room(graph)? {
        around.padded = Some((index, graph.ty(graph.inputs()[index]).len()));
        *graph = Cow::Owned(roomy);
    }
    Ok(())
}

/// A program for CPUs with kernels in it.
#[derive(Clone, Debug)]
struct InKernels {
    lowered: lowering::Lowered,
    libraries: bool,
    around: Around,
}

/// XLA's option of what it hands to its library of sums and products; an empty text is nothing.
const LIBRARY: &str = "xla_cpu_experimental_ynn_fusion_type";

impl InKernels {
    /// The program with kernels, if there is something to gather in them.
    fn of(slim: &Slim<'_>, how: How<'_>) -> Result<Option<InKernels>, Error> {
        let mut around = slim.around.clone();
        let mut graph = Cow::Borrowed(&*slim.graph);
        if how.often {
            spared(&mut graph, &mut around)?;
        }
        let gathered = lowering::kernels(&graph, how.kernels).map_err(lowering::LowerError::from)?;
        let Some(lowering::Kernels { graph, libraries }) = gathered else { return Ok(None) };
        let lowered = if how.often {
            let graph = lowering::sums_by_slices(&graph).map_err(lowering::LowerError::from)?;
            lowering::lower_plain(&graph, how.name)?
        } else {
            lowering::lower(&graph, how.name)?
        };
        Ok(Some(InKernels { lowered, libraries, around }))
    }

    fn compile(&self, backend: &Arc<dyn Backend>, effort: Effort) -> Result<Arc<dyn Executable>, Error> {
        let donated = self.around.padded.map(|(index, _)| index);
        if !self.libraries {
            let flags = BTreeMap::from([(LIBRARY.to_string(), FlagValue::Text(String::new()))]);
            let own = CompileOptions { flags, donated, ..CompileOptions::default() };
            match compile(&self.lowered, backend, effort, own) {
                // Older compilers do not know the option, nor have they the library.
                Err(error) if is_refusal(&error) => {}
                compiled => return compiled,
            }
        }
        compile(&self.lowered, backend, effort, CompileOptions { donated, ..CompileOptions::default() })
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
