//! Executables of which one argument is longer than what they are given, so that their result finds room in its memory.

use std::sync::Arc;

use pyroxene_ir::{Array, Ty};

use crate::{
    backend::{Backend, Executable, Input, Launch, check_arguments, check_fixed},
    buffer::Buffer,
    error::{Error, Result},
};

/// An executable that reads the first elements of one of its arguments, as one that is given no others.
///
/// A result can take an argument's memory (`CompileOptions::donated`) where both have one type.
pub struct Padded {
    inner: Arc<dyn Executable>,
    backend: Arc<dyn Backend>,
    inputs: Vec<Input>,
    index: usize,
}

impl Padded {
    /// `inner`, made by `backend`, as an executable whose input `index` is a vector of `elements`.
    ///
    /// # Errors
    /// [`Error::Module`] when that input of `inner` is no vector of as many elements or more.
    pub fn new(
        inner: Arc<dyn Executable>,
        backend: Arc<dyn Backend>,
        index: usize,
        elements: usize,
    ) -> Result<Padded> {
        let mut inputs = inner.inputs().to_vec();
        let fits = |input: &&mut Input| matches!(input.ty.dims[..], [room] if room >= elements);
        let Some(input) = inputs.get_mut(index).filter(fits) else {
            let found = inner.inputs();
            let problem =
                format!("expected a vector of {elements} elements or more as input {index}, found {found:?}");
            return Err(Error::Module { module: inner.name().to_string(), problem });
        };
        input.ty = Ty::new(input.ty.dtype, [elements]);
        Ok(Padded { inner, backend, inputs, index })
    }

    /// The executable with the longer argument.
    pub(crate) fn inner(&self) -> &dyn Executable {
        &*self.inner
    }

    /// The arguments of the executable with the longer one.
    pub(crate) fn with_room(&self, mut args: Vec<Buffer>) -> Result<Vec<Buffer>> {
        args[self.index] = self.longer(&args[self.index])?;
        Ok(args)
    }

    /// An argument with zeros behind it.
    fn longer(&self, arg: &Buffer) -> Result<Buffer> {
        let ty = &self.inner.inputs()[self.index].ty;
        let mut bytes = arg.to_array()?.as_bytes().to_vec();
        bytes.resize(ty.bytes(), 0);
        self.backend.upload(&Array::from_bytes(ty, &bytes)?)
    }
}

impl Executable for Padded {
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
        let longer = self.longer(args[self.index])?;
        let mut args = args.to_vec();
        args[self.index] = &longer;
        self.inner.run(&args)
    }

    fn launch(self: Arc<Self>, mut fixed: Vec<Option<Buffer>>) -> Result<Box<dyn Launch>> {
        check_fixed(&*self, &fixed)?;
        if let Some(buffer) = &mut fixed[self.index] {
            *buffer = self.longer(buffer)?;
        }
        let inner = self.inner.clone().launch(fixed)?;
        Ok(Box::new(PaddedLaunch { executable: self, inner }))
    }
}

/// A launch of a padded executable.
struct PaddedLaunch {
    executable: Arc<Padded>,
    inner: Box<dyn Launch>,
}

impl Launch for PaddedLaunch {
    fn executable(&self) -> &dyn Executable {
        &*self.executable
    }

    fn slot(&mut self, index: usize) -> Result<&mut [u8]> {
        let slot = self.inner.slot(index)?;
        let bytes = self.executable.inputs[index].ty.bytes();
        Ok(&mut slot[..bytes])
    }

    fn run(&mut self) -> Result<()> {
        self.inner.run()
    }

    fn output(&self, index: usize) -> Result<&[u8]> {
        self.inner.output(index)
    }
}
