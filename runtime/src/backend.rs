//! The traits from HLO bytes to results: a `Backend` compiles, an `Executable` runs, a `Launch` runs often.

use std::{any::Any, collections::BTreeMap, fmt, path::PathBuf, sync::Arc};

use pyroxene_ir::{Array, Element, Ty};

use crate::{
    buffer::Buffer,
    error::{Error, Result},
};

/// Devices that compile programs and hold arrays.
pub trait Backend: Send + Sync {
    /// What stands behind this backend.
    fn platform(&self) -> &Platform;

    /// Compiles a program for the backend's device.
    ///
    /// # Errors
    /// [`Error::Module`] when the bytes disagree with the declared inputs and outputs, [`Error::Compile`]
    /// when XLA refuses the program.
    fn compile(&self, module: &Module<'_>, options: &CompileOptions) -> Result<Arc<dyn Executable>>;

    /// Copies a host array to the device.
    ///
    /// # Errors
    /// When the device has no room for it.
    fn upload(&self, array: &Array) -> Result<Buffer>;

    /// What this backend has done so far.
    fn stats(&self) -> Stats;
}

/// A compiled program, to be shared between threads.
pub trait Executable: Any + Send + Sync {
    /// The program's name.
    fn name(&self) -> &str;

    /// Names and types of the arguments, in order.
    fn inputs(&self) -> &[Input];

    /// Types of the results, in order.
    fn outputs(&self) -> &[Ty];

    /// Runs once and waits for the results.
    ///
    /// # Errors
    /// When number, element types or shapes of the arguments are not those of the inputs (checked before
    /// anything runs), or when the device fails.
    fn run(&self, args: &[&Buffer]) -> Result<Vec<Buffer>>;

    /// Prepares for many runs with few changing arguments: `fixed` has a buffer for each input that stays,
    /// and `None` for each that changes, which becomes a *slot*: host memory of the launch that is written
    /// before a run. One launch belongs to one thread; executable and fixed buffers are shared.
    ///
    /// # Errors
    /// As [`Executable::run`] for the fixed arguments; [`Error::OutOfMemory`].
    fn launch(self: Arc<Self>, fixed: Vec<Option<Buffer>>) -> Result<Box<dyn Launch>>;
}

/// An executable made ready to run many times with the least work around each run.
pub trait Launch: Send {
    /// The program that runs.
    fn executable(&self) -> &dyn Executable;

    /// The memory of input `index`, 64-byte aligned, zero at first; runs leave it as it is.
    ///
    /// # Errors
    /// [`Error::Access`] when the input does not exist or is fixed.
    fn slot(&mut self, index: usize) -> Result<&mut [u8]>;

    /// Runs with the slots as they are and waits for the results.
    ///
    /// # Errors
    /// When the device fails; outputs are gone then.
    fn run(&mut self) -> Result<()>;

    /// The bytes of output `index` of the last run, dense and row-major.
    ///
    /// # Errors
    /// [`Error::Access`] when the output does not exist or no run has succeeded since the last failure.
    fn output(&self, index: usize) -> Result<&[u8]>;
}

impl dyn Launch {
    /// [`Launch::slot`] as numbers.
    ///
    /// # Errors
    /// [`Error::Access`] also when `T` is not the input's element type.
    pub fn slot_as<T: Element + bytemuck::Pod>(&mut self, index: usize) -> Result<&mut [T]> {
        let executable = self.executable();
        if let Some(input) = executable.inputs().get(index)
            && input.ty.dtype != T::DTYPE
        {
            return Err(access_type::<T>(executable, "input", index, &input.ty));
        }
        bytemuck::try_cast_slice_mut(self.slot(index)?).map_err(|_| misaligned("input", index))
    }

    /// [`Launch::output`] as numbers.
    ///
    /// # Errors
    /// [`Error::Access`] also when `T` is not the output's element type.
    pub fn output_as<T: Element + bytemuck::Pod>(&self, index: usize) -> Result<&[T]> {
        let executable = self.executable();
        if let Some(ty) = executable.outputs().get(index)
            && ty.dtype != T::DTYPE
        {
            return Err(access_type::<T>(executable, "output", index, ty));
        }
        // No bytes have no place that could be aligned.
        let bytes = self.output(index)?;
        if bytes.is_empty() {
            return Ok(&[]);
        }
        bytemuck::try_cast_slice(bytes).map_err(|_| misaligned("output", index))
    }
}

/// The program goes unnamed: its name is out of reach while the memory is lent.
fn misaligned(what: &'static str, index: usize) -> Error {
    let problem = "is not aligned for its element type: a fault of the backend, please report it".to_string();
    Error::Access { module: "program".to_string(), what, index, problem }
}

fn access_type<T: Element>(executable: &dyn Executable, what: &'static str, index: usize, ty: &Ty) -> Error {
    access(executable, what, index, format!("is {ty}, not an array of {}", T::DTYPE))
}

fn access(executable: &dyn Executable, what: &'static str, index: usize, problem: String) -> Error {
    Error::Access { module: executable.name().to_string(), what, index, problem }
}

impl fmt::Debug for dyn Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Backend({})", self.platform())
    }
}

impl fmt::Debug for dyn Executable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Executable({}: {:?} -> {:?})", self.name(), self.inputs(), self.outputs())
    }
}

impl fmt::Debug for dyn Launch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Launch({:?})", self.executable())
    }
}

/// One argument of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The name by which messages speak of it.
    pub name: String,
    /// Element type and dimensions.
    pub ty: Ty,
}

impl Input {
    /// An argument from its parts.
    pub fn new(name: impl Into<String>, ty: Ty) -> Input {
        Input { name: name.into(), ty }
    }
}

/// A program to compile: serialized `HloModuleProto` whose entry returns a tuple, one element an output, or the only output
/// itself, with all layouts row-major and without aliasing between inputs and outputs.
#[derive(Clone, Debug)]
pub struct Module<'a> {
    /// The name by which messages speak of it.
    pub name: &'a str,
    /// The serialized `HloModuleProto`.
    pub hlo: &'a [u8],
    /// Names and types of the entry's parameters, in order.
    pub inputs: Vec<Input>,
    /// Types of the elements of the entry's result, in order.
    pub outputs: Vec<Ty>,
}

/// How much XLA works on a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OptLevel {
    /// Compiles in half the time, runs 2.6 times slower.
    O0,
    /// Compiles a quarter faster than the levels above with no loss measured on CPU.
    O1,
    /// XLA's second level.
    O2,
    /// XLA's own default.
    #[default]
    O3,
}

impl OptLevel {
    /// The level as XLA numbers it.
    pub fn number(self) -> i64 {
        match self {
            OptLevel::O0 => 0,
            OptLevel::O1 => 1,
            OptLevel::O2 => 2,
            OptLevel::O3 => 3,
        }
    }
}

/// The value of one of XLA's debug options.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlagValue {
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A text.
    Text(String),
}

/// How to compile a program: part of the identity of the result.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CompileOptions {
    /// How much XLA works on it.
    pub opt_level: OptLevel,
    /// XLA's debug options by name (`xla_...`), for this program alone. An unknown name is an error.
    pub flags: BTreeMap<String, FlagValue>,
    /// The input whose memory the program's only result may take, of the same type. It spares a launch in which that input
    /// is a slot a piece of memory each run, and changes nothing that can be seen: neither slots nor arguments are written.
    /// Backends that have no use for it take no notice.
    pub donated: Option<usize>,
}

/// The name of the platform of the host's own cores.
pub const CPU: &str = "cpu";

/// What stands behind a backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// `cpu`, `cuda`, `tpu`.
    pub name: String,
    /// The version the plugin reports, often with its build.
    pub version: String,
    /// The kinds of its devices, one for each.
    pub devices: Vec<String>,
    /// The shared library, where there is one.
    pub plugin: Option<PathBuf>,
    /// Why that library: the variable that named it, or the package it was installed from.
    pub origin: String,
    /// The version of the C API it speaks, major and minor.
    pub c_api: Option<(i32, i32)>,
}

impl Platform {
    /// Whether its devices are the host's own cores.
    pub fn is_cpu(&self) -> bool {
        self.name == CPU
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} x {})", self.name, self.devices.len(), self.devices.first().map_or("?", |d| d))?;
        if let Some((major, minor)) = self.c_api {
            write!(f, ", PJRT C API {major}.{minor}")?;
        }
        match &self.plugin {
            Some(path) => write!(f, ", {}", path.display()),
            None => write!(f, ", {}", self.origin),
        }
    }
}

/// What a backend has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Programs that XLA compiled.
    pub compiles: u64,
    /// Requests that an executable already at hand answered.
    pub hits: u64,
    /// Executables that were loaded from disk, where an earlier process or backend had left them.
    pub disk_hits: u64,
}

impl Stats {
    /// The executables made, whether XLA compiled them or they came from disk: what a program costs of them, however
    /// often it has run on this machine.
    pub fn made(&self) -> u64 {
        self.compiles + self.disk_hits
    }
}

/// Checks the arguments' number and types against a program's inputs: what every backend does before a run.
///
/// # Errors
/// [`Error::ArgumentCount`] and [`Error::Argument`], naming the first input that differs.
pub fn check_arguments(executable: &dyn Executable, args: &[&Buffer]) -> Result<()> {
    check(executable, args.len(), args.iter().map(|arg| arg.ty()).enumerate())
}

/// [`check_arguments`] of those that a launch is given for good; the others are slots.
///
/// # Errors
/// As [`check_arguments`].
pub fn check_fixed(executable: &dyn Executable, fixed: &[Option<Buffer>]) -> Result<()> {
    let given = fixed.iter().enumerate().filter_map(|(i, arg)| Some((i, arg.as_ref()?.ty())));
    check(executable, fixed.len(), given)
}

fn check<'a>(
    executable: &dyn Executable,
    count: usize,
    args: impl Iterator<Item = (usize, &'a Ty)>,
) -> Result<()> {
    let inputs = executable.inputs();
    if count != inputs.len() {
        return Err(Error::ArgumentCount {
            module: executable.name().to_string(),
            expected: inputs.len(),
            found: count,
        });
    }
    for (index, found) in args {
        let input = &inputs[index];
        if input.ty != *found {
            return Err(Error::Argument(Box::new(crate::error::ArgumentMismatch {
                module: executable.name().to_string(),
                index,
                input: input.name.clone(),
                expected: input.ty.clone(),
                found: found.clone(),
            })));
        }
    }
    Ok(())
}
