//! From a legalized pure graph to the bytes XLA compiles: one deterministic `HloModuleProto`, and its text for people.

mod added_constants;
mod attr;
mod emit;
mod error;
mod gathers;
mod joins;
mod kernels;
mod literal;
mod pack;
mod products;
pub mod proto;
mod rebuilt;
mod scalar_exps;
mod scatter_loops;
mod shape;
mod slices;
mod sums;
mod text;
mod wire;

use prost::Message;
use pyroxene_ir::{Graph, Ty};

use emit::Entry;
pub use error::LowerError;
pub use kernels::{Kernels, kernels};
pub use pack::{Places, bundled, packed, read_inputs, with_room};
pub use sums::sums_by_slices;

/// A program ready for a compiler: serialized HLO and the types of what goes in and out.
///
/// The bytes depend on the graph's structure and the name alone: ids are dense, every layout is row-major, and no
/// source path or map order enters them. So they can be hashed, cached and compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Lowered {
    /// The module's name, as XLA accepts names: characters other than letters, digits, `_`, `.` and `-` became `_`.
    pub name: String,
    /// The serialized `HloModuleProto`.
    pub hlo: Vec<u8>,
    /// The parameters of the entry computation, in order: each input's name as the graph has it, and its type.
    pub inputs: Vec<(String, Ty)>,
    /// What the entry computation returns: the elements of a tuple, or of [`lower_plain`] an only output.
    pub outputs: Vec<Ty>,
    instructions: usize,
    kernels: usize,
}

impl Lowered {
    /// The program in XLA's textual syntax. Constants of more than 32 elements are elided as `{...}`.
    pub fn to_text(&self) -> String {
        // The bytes are ours, so that they are a module; tests would show if they were none.
        text(&self.hlo).unwrap_or_default()
    }

    /// The number of instructions, those of called computations included.
    pub fn instructions(&self) -> usize {
        self.instructions
    }

    /// The number of parts that become one function of machine code each: those that [`kernels()`] has gathered.
    pub fn kernels(&self) -> usize {
        self.kernels
    }
}

/// Lowers a legalized pure graph to HLO under a module name.
///
/// The entry computation takes [`Graph::inputs`] in order, used or not, and returns a tuple of [`Graph::outputs`].
/// Nodes no output depends on are left out.
///
/// ```
/// use pyroxene_ir::{DType, Graph, Phase, Role, Ty, ops};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut g = Graph::new(Phase::Pure);
/// let x = g.input("x", Role::Argument, Ty::new(DType::F64, [3]));
/// let y = g.push(ops::Mul, &[x, x])?;
/// g.set_outputs([y]);
/// let lowered = pyroxene_lowering::lower(&g, "square")?;
/// assert!(lowered.to_text().contains("%multiply.2 = f64[3]{0} multiply(%x, %x)"));
/// # Ok(()) }
/// ```
///
/// # Errors
/// When a site is left, an op is not legalized, a value is too large for XLA, or an op's HLO rule does not fit its
/// operands; each names the value and, where known, the user's line.
pub fn lower(graph: &Graph, name: &str) -> Result<Lowered, LowerError> {
    lowered(graph, name, Entry::Tuple)
}

/// [`lower`], but the entry computation returns an only output as it is: on a CPU a tuple costs each run a buffer more.
///
/// # Errors
/// As [`lower`].
pub fn lower_plain(graph: &Graph, name: &str) -> Result<Lowered, LowerError> {
    lowered(graph, name, Entry::Plain)
}

fn lowered(graph: &Graph, name: &str, returns: Entry) -> Result<Lowered, LowerError> {
    let module = emit::module(graph, name, returns)?;
    let named = |v| (graph.input_of(v).map_or_else(String::new, |i| i.name.clone()), graph.ty(v).clone());
    Ok(Lowered {
        name: module.name,
        hlo: module.hlo,
        inputs: graph.inputs().iter().copied().map(named).collect(),
        outputs: graph.outputs().iter().map(|v| graph.ty(*v).clone()).collect(),
        instructions: module.instructions,
        kernels: kernels::kernel_count(graph),
    })
}

/// The text form of a serialized module, for programs that were saved.
///
/// # Errors
/// When the bytes are no `HloModuleProto`.
pub fn text(hlo: &[u8]) -> Result<String, prost::DecodeError> {
    Ok(text::module(&proto::HloModuleProto::decode(hlo)?))
}
