//! Executables that take small arguments together, as one array: a device is handed one buffer for several.

use std::{ops::Range, sync::Arc};

use pyroxene_ir::{Array, Ty};

use crate::{
    backend::{Backend, Executable, Input, Launch, check_arguments, check_fixed},
    buffer::Buffer,
    error::{Error, Result},
};

/// How slots are aligned, and so the parts of a bundle.
const ALIGN: usize = 64;

/// An executable some of whose arguments hold several, one after the other, as one that takes these.
///
/// On a CPU each argument costs a run 0.1 us.
pub struct Bundled {
    inner: Arc<dyn Executable>,
    backend: Arc<dyn Backend>,
    inputs: Vec<Input>,
    /// Of each input the argument of `inner` that it is in, and its bytes there.
    places: Vec<(usize, Range<usize>)>,
}

impl Bundled {
    /// `inner`, made by `backend`, as an executable with these inputs; `places` has for each the argument of `inner` that
    /// it is in, and the element with which it begins.
    ///
    /// # Errors
    /// [`Error::Module`] where an argument of `inner` is neither one of the inputs nor a vector that holds the elements of
    /// some, one after the other, each from a multiple of 64 bytes on.
    pub fn new(
        inner: Arc<dyn Executable>,
        backend: Arc<dyn Backend>,
        inputs: Vec<Input>,
        places: &[(usize, usize)],
    ) -> Result<Bundled> {
        let place = |(input, (at, start)): (&Input, &(usize, usize))| {
            let start = start.saturating_mul(input.ty.dtype.size());
            (*at, start..start.saturating_add(input.ty.bytes()))
        };
        let known = inputs.iter().zip(places).map(place).collect();
        let bundled = Bundled { inner, backend, inputs, places: known };
        let arguments = bundled.inner.inputs();
        let is_whole = |at: usize| bundled.fits(at, &arguments[at].ty);
        let in_reach = |(at, _): &(usize, Range<usize>)| *at < arguments.len();
        if places.len() == bundled.inputs.len()
            && bundled.places.iter().all(in_reach)
            && (0..arguments.len()).all(is_whole)
        {
            return Ok(bundled);
        }
        let (module, inputs) = (bundled.inner.name().to_string(), &bundled.inputs);
        let problem = format!("expected arguments that hold {inputs:?} at {places:?}, found {arguments:?}");
        Err(Error::Module { module, problem })
    }

    /// Whether an argument is the input that is in it, or has room for several.
    fn fits(&self, at: usize, whole: &Ty) -> bool {
        let parts: Vec<usize> = self.parts(at).collect();
        if let [only] = parts[..] {
            return self.inputs[only].ty == *whole && self.places[only].1.start == 0;
        }
        let mut end = 0;
        let follows = |i: &usize| {
            let place = &self.places[*i].1;
            let follows = place.start >= end && place.start.is_multiple_of(ALIGN);
            end = place.end;
            follows && self.inputs[*i].ty.dtype == whole.dtype
        };
        !parts.is_empty() && parts.iter().all(follows) && end <= whole.bytes() && whole.rank() == 1
    }

    /// The inputs that are in an argument.
    fn parts(&self, at: usize) -> impl Iterator<Item = usize> {
        (0..self.places.len()).filter(move |i| self.places[*i].0 == at)
    }

    /// The executable with fewer arguments.
    pub(crate) fn inner(&self) -> &dyn Executable {
        &*self.inner
    }

    /// The arguments of the executable with fewer: none where an input of a bundle is not there.
    pub(crate) fn together(&self, args: &[Option<Buffer>]) -> Result<Vec<Option<Buffer>>> {
        (0..self.inner.inputs().len()).map(|at| self.argument(at, args)).collect()
    }

    fn argument(&self, at: usize, args: &[Option<Buffer>]) -> Result<Option<Buffer>> {
        let parts: Vec<usize> = self.parts(at).collect();
        if let [only] = parts[..] {
            return Ok(args[only].clone());
        }
        let ty = &self.inner.inputs()[at].ty;
        let mut bytes = vec![0; ty.bytes()];
        for i in parts {
            let Some(part) = &args[i] else { return Ok(None) };
            bytes[self.places[i].1.clone()].copy_from_slice(part.to_array()?.as_bytes());
        }
        Ok(Some(self.backend.upload(&Array::from_bytes(ty, &bytes)?)?))
    }

    /// A failure of an inner argument as one of ours.
    fn renumbered(&self, error: Error) -> Error {
        error.with_input(|at| self.parts(at).next().unwrap_or(at))
    }

    fn access(&self, index: usize, problem: &str) -> Error {
        let module = self.name().to_string();
        Error::Access { module, what: "input", index, problem: problem.to_string() }
    }
}

impl Executable for Bundled {
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
        let args: Vec<Option<Buffer>> = args.iter().map(|arg| Some((*arg).clone())).collect();
        let args = self.together(&args)?;
        let args: Vec<&Buffer> = args.iter().flatten().collect();
        self.inner.run(&args).map_err(|error| self.renumbered(error))
    }

    fn launch(self: Arc<Self>, fixed: Vec<Option<Buffer>>) -> Result<Box<dyn Launch>> {
        check_fixed(&*self, &fixed)?;
        let together = self.together(&fixed)?;
        let is_slot: Vec<bool> = together.iter().map(Option::is_none).collect();
        let mut inner = self.inner.clone().launch(together).map_err(|error| self.renumbered(error))?;
        // What is fixed beside a slot stays in the slot that both are in.
        for (part, (at, place)) in fixed.iter().zip(&self.places) {
            if let (Some(part), true) = (part, is_slot[*at]) {
                inner.slot(*at)?[place.clone()].copy_from_slice(part.to_array()?.as_bytes());
            }
        }
        let fixed = fixed.iter().map(Option::is_some).collect();
        Ok(Box::new(BundledLaunch { executable: self, inner, fixed }))
    }
}

/// A launch of a bundled executable.
struct BundledLaunch {
    executable: Arc<Bundled>,
    inner: Box<dyn Launch>,
    /// Which inputs are fixed.
    fixed: Vec<bool>,
}

impl Launch for BundledLaunch {
    fn executable(&self) -> &dyn Executable {
        &*self.executable
    }

    fn slot(&mut self, index: usize) -> Result<&mut [u8]> {
        match self.fixed.get(index) {
            None => return Err(self.executable.access(index, "does not exist")),
            Some(true) => return Err(self.executable.access(index, "was fixed when the launch was made")),
            Some(false) => {}
        }
        let (at, place) = &self.executable.places[index];
        Ok(&mut self.inner.slot(*at)?[place.clone()])
    }

    fn run(&mut self) -> Result<()> {
        self.inner.run()
    }

    fn output(&self, index: usize) -> Result<&[u8]> {
        self.inner.output(index)
    }
}
