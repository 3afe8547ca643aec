//! Executables that return several results as one array: a device makes, hands over and frees one buffer a run.

use std::{ops::Range, sync::Arc};

use pyroxene_ir::{Array, Ty};

use crate::{
    backend::{Backend, Executable, Input, Launch},
    buffer::Buffer,
    error::{Error, Result},
};

/// An executable whose only result holds the elements of several, one after the other, as one that returns these.
///
/// On a CPU each result more costs a run 0.6 us, for memory and bookkeeping.
pub struct Packed {
    inner: Arc<dyn Executable>,
    backend: Arc<dyn Backend>,
    outputs: Vec<Ty>,
    /// The bytes of each output in the result.
    places: Vec<Range<usize>>,
}

impl Packed {
    /// `inner`, made by `backend`, as an executable with these outputs.
    ///
    /// # Errors
    /// [`Error::Module`] when the result of `inner` is not one vector of exactly their elements.
    pub fn new(inner: Arc<dyn Executable>, backend: Arc<dyn Backend>, outputs: Vec<Ty>) -> Result<Packed> {
        let elements = outputs.iter().map(Ty::len).sum::<usize>();
        let is_whole = |ty: &Ty| ty.dims[..] == [elements] && outputs.iter().all(|o| o.dtype == ty.dtype);
        if !matches!(inner.outputs(), [ty] if is_whole(ty)) {
            let (found, expected) = (inner.outputs(), &outputs);
            let problem = format!("expected one vector with the elements of {expected:?}, found {found:?}");
            return Err(Error::Module { module: inner.name().to_string(), problem });
        }
        let mut end = 0;
        let place = |ty: &Ty| {
            let start = end;
            end += ty.bytes();
            start..end
        };
        let places = outputs.iter().map(place).collect();
        Ok(Packed { inner, backend, outputs, places })
    }

    /// The executable with one result.
    pub(crate) fn inner(&self) -> &dyn Executable {
        &*self.inner
    }
}

impl Executable for Packed {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn inputs(&self) -> &[Input] {
        self.inner.inputs()
    }

    fn outputs(&self) -> &[Ty] {
        &self.outputs
    }

    fn run(&self, args: &[&Buffer]) -> Result<Vec<Buffer>> {
        let results = self.inner.run(args)?;
        let whole = results.iter().map(Buffer::to_array).collect::<Result<Vec<_>>>()?;
        let bytes = whole.first().map_or(&[][..], Array::as_bytes);
        let part = |(ty, place): (&Ty, &Range<usize>)| {
            self.backend.upload(&Array::from_bytes(ty, &bytes[place.clone()])?)
        };
        self.outputs.iter().zip(&self.places).map(part).collect()
    }

    fn launch(self: Arc<Self>, fixed: Vec<Option<Buffer>>) -> Result<Box<dyn Launch>> {
        let inner = self.inner.clone().launch(fixed)?;
        Ok(Box::new(PackedLaunch { executable: self, inner }))
    }
}

/// A launch of a packed executable.
struct PackedLaunch {
    executable: Arc<Packed>,
    inner: Box<dyn Launch>,
}

impl Launch for PackedLaunch {
    fn executable(&self) -> &dyn Executable {
        &*self.executable
    }

    fn slot(&mut self, index: usize) -> Result<&mut [u8]> {
        self.inner.slot(index)
    }

    fn run(&mut self) -> Result<()> {
        self.inner.run()
    }

    fn output(&self, index: usize) -> Result<&[u8]> {
        let Some(place) = self.executable.places.get(index) else {
            let module = self.executable.name().to_string();
            return Err(Error::Access { module, what: "output", index, problem: "does not exist".into() });
        };
        // Every failure of the one result is one of this part of it.
        let whole = self.inner.output(0).map_err(|error| match error {
            Error::Access { module, what, problem, .. } => Error::Access { module, what, index, problem },
            other => other,
        })?;
        Ok(&whole[place.clone()])
    }
}
