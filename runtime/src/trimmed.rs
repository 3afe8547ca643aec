//! Executables that read only some of their arguments: a device is handed no others.

use std::sync::Arc;

use pyroxene_ir::Ty;

use crate::{
    backend::{Executable, Input, Launch, check_arguments, check_fixed},
    buffer::Buffer,
    error::{Error, Result},
};

/// How slots are aligned.
const ALIGN: usize = 64;

/// An executable that reads some of its arguments, as one that takes all.
///
/// On a CPU each argument costs a run 0.1 us, read or not.
pub struct Trimmed {
    inner: Arc<dyn Executable>,
    inputs: Vec<Input>,
    /// Of each input the place among those of `inner`, if it is read.
    places: Vec<Option<usize>>,
}

impl Trimmed {
    /// `inner`, whose inputs are those of `inputs` that `read` lists, as an executable with all of these.
    ///
    /// # Errors
    /// [`Error::Module`] when they are not.
    pub fn new(inner: Arc<dyn Executable>, inputs: Vec<Input>, read: &[usize]) -> Result<Trimmed> {
        let expected: Option<Vec<&Input>> = read.iter().map(|i| inputs.get(*i)).collect();
        if !expected.as_ref().is_some_and(|expected| expected.iter().copied().eq(inner.inputs())) {
            let problem = format!("expected the inputs {expected:?}, found {:?}", inner.inputs());
            return Err(Error::Module { module: inner.name().to_string(), problem });
        }
        let places = (0..inputs.len()).map(|i| read.iter().position(|r| *r == i)).collect();
        Ok(Trimmed { inner, inputs, places })
    }

    /// The executable with fewer inputs.
    pub(crate) fn inner(&self) -> &dyn Executable {
        &*self.inner
    }

    /// Of values for all inputs those for the inputs that are read, in the order of the executable that reads them.
    pub(crate) fn read<T>(&self, all: impl IntoIterator<Item = T>) -> Vec<T> {
        let mut read: Vec<(usize, T)> =
            self.places.iter().zip(all).filter_map(|(place, value)| Some(((*place)?, value))).collect();
        read.sort_by_key(|(place, _)| *place);
        read.into_iter().map(|(_, value)| value).collect()
    }

    /// A failure of an inner argument as one of ours.
    fn renumbered(&self, error: Error) -> Error {
        error.with_input(|at| self.places.iter().position(|place| *place == Some(at)).unwrap_or(at))
    }
}

impl Executable for Trimmed {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    fn outputs(&self) -> &[Ty] {
        self.inner.outputs()
    }

    fn run(&self, args: &[&Buffer]) -> Result<Vec<Buffer>> {
        check_arguments(self, args)?;
        self.inner.run(&self.read(args.iter().copied())).map_err(|error| self.renumbered(error))
    }

    fn launch(self: Arc<Self>, fixed: Vec<Option<Buffer>>) -> Result<Box<dyn Launch>> {
        check_fixed(&*self, &fixed)?;
        let unread = |((buffer, place), input): ((&Option<Buffer>, &Option<usize>), &Input)| {
            let is_slot = buffer.is_none() && place.is_none();
            is_slot.then(|| vec![0; input.ty.bytes() + ALIGN])
        };
        let unread = fixed.iter().zip(&self.places).zip(&self.inputs).map(unread).collect();
        let fixed = self.read(fixed);
        let inner = self.inner.clone().launch(fixed).map_err(|error| self.renumbered(error))?;
        Ok(Box::new(TrimmedLaunch { executable: self, inner, unread }))
    }
}

/// A launch of a trimmed executable.
struct TrimmedLaunch {
    executable: Arc<Trimmed>,
    inner: Box<dyn Launch>,
    /// The memory of the slots that are not read.
    unread: Vec<Option<Vec<u8>>>,
}

impl Launch for TrimmedLaunch {
    fn executable(&self) -> &dyn Executable {
        &*self.executable
    }

    fn slot(&mut self, index: usize) -> Result<&mut [u8]> {
        let problem = match self.executable.places.get(index) {
            Some(Some(place)) => {
                return self.inner.slot(*place).map_err(|error| self.executable.renumbered(error));
            }
            Some(None) => "was fixed when the launch was made",
            None => "does not exist",
        };
        if let Some(Some(memory)) = self.unread.get_mut(index) {
            let bytes = self.executable.inputs[index].ty.bytes();
            let start = memory.as_ptr().align_offset(ALIGN).min(ALIGN);
            return Ok(&mut memory[start..start + bytes]);
        }
        let module = self.executable.name().to_string();
        Err(Error::Access { module, what: "input", index, problem: problem.to_string() })
    }

    fn run(&mut self) -> Result<()> {
        self.inner.run()
    }

    fn output(&self, index: usize) -> Result<&[u8]> {
        self.inner.output(index)
    }
}
