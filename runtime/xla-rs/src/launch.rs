//! A run made ready to be repeated: slots are sent once written, results copied to memory that is kept for them.

use std::sync::Arc;

use pyroxene_runtime::{Buffer, Error, Executable, Launch, Result};
use xla::PjRtBuffer;

use crate::{executable::XlaExecutable, memory::HostMemory};

/// Where one argument of the program comes from.
enum Argument {
    /// A buffer of the caller's.
    Fixed(Buffer),
    /// Host memory, and the copy of it on the device unless it may have been written since.
    Slot { memory: HostMemory, sent: Option<PjRtBuffer> },
}

/// An executable with its arguments laid out.
pub(crate) struct XlaLaunch {
    executable: Arc<XlaExecutable>,
    arguments: Vec<Argument>,
    outputs: Vec<HostMemory>,
    ready: bool,
}

impl XlaLaunch {
    /// Lays out the arguments of `executable`; `fixed` has been checked against its inputs.
    pub(crate) fn new(executable: Arc<XlaExecutable>, fixed: Vec<Option<Buffer>>) -> Result<XlaLaunch> {
        let inputs = executable.inputs().iter().enumerate();
        let arguments = fixed.into_iter().zip(inputs).map(|(buffer, (index, input))| match buffer {
            Some(buffer) => executable.own(index, &buffer).map(|_| ()).map(|()| Argument::Fixed(buffer)),
            None => Ok(Argument::Slot { memory: HostMemory::new(&input.ty)?, sent: None }),
        });
        let arguments = arguments.collect::<Result<_>>()?;
        let outputs = executable.outputs().iter().map(HostMemory::new).collect::<Result<_>>()?;
        Ok(XlaLaunch { executable, arguments, outputs, ready: false })
    }
}

fn access(executable: &XlaExecutable, what: &'static str, index: usize, problem: &str) -> Error {
    let (module, problem) = (executable.name().to_string(), problem.to_string());
    Error::Access { module, what, index, problem }
}

impl Launch for XlaLaunch {
    fn executable(&self) -> &dyn Executable {
        &*self.executable
    }

    fn slot(&mut self, index: usize) -> Result<&mut [u8]> {
        match self.arguments.get_mut(index) {
            Some(Argument::Slot { memory, sent }) => {
                *sent = None;
                Ok(memory.bytes_mut())
            }
            Some(Argument::Fixed(_)) => {
                Err(access(&self.executable, "input", index, "was fixed when the launch was made"))
            }
            None => Err(access(&self.executable, "input", index, "does not exist")),
        }
    }

    fn run(&mut self) -> Result<()> {
        self.ready = false;
        let (executable, client) = (&*self.executable, &*self.executable.client);
        let mut args = Vec::with_capacity(self.arguments.len());
        for (index, argument) in self.arguments.iter_mut().enumerate() {
            args.push(match argument {
                Argument::Fixed(buffer) => executable.own(index, buffer)?,
                Argument::Slot { sent: Some(sent), .. } => &*sent,
                Argument::Slot { memory, sent } => {
                    &*sent.insert(client.send(&executable.inputs()[index].ty, memory.bytes())?)
                }
            });
        }
        let results = executable.execute(&args)?;
        let places = self.outputs.iter_mut().zip(executable.outputs());
        for (result, (memory, ty)) in results.iter().zip(places) {
            client.receive(result, ty.dtype, memory.bytes_mut())?;
        }
        self.ready = true;
        Ok(())
    }

    fn output(&self, index: usize) -> Result<&[u8]> {
        let missing = |problem| access(&self.executable, "output", index, problem);
        let memory = self.outputs.get(index).ok_or_else(|| missing("does not exist"))?;
        if !self.ready {
            return Err(missing("is not there: no run has finished since the last failure"));
        }
        Ok(memory.bytes())
    }
}
