//! A compiled program of the crate's: checks its arguments before every run and its results after the first.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use pyroxene_ir::Ty;
use pyroxene_runtime::{
    Buffer, Error, Executable, Input, Launch, Module, Result, check_arguments, check_fixed,
};
use xla::{PjRtBuffer, PjRtLoadedExecutable};

use crate::{
    convert::{failed, same_type},
    launch::XlaLaunch,
    memory::{Client, XlaMemory},
};

/// A compiled program on its device.
pub(crate) struct XlaExecutable {
    pub(crate) client: Arc<Client>,
    loaded: PjRtLoadedExecutable,
    name: String,
    inputs: Vec<Input>,
    outputs: Vec<Ty>,
    /// Whether results have been seen to have the declared types, which no run changes.
    checked: AtomicBool,
}

impl XlaExecutable {
    /// Takes over `loaded`, compiled by `client` from `module`.
    pub(crate) fn new(
        client: Arc<Client>,
        loaded: PjRtLoadedExecutable,
        module: &Module<'_>,
    ) -> XlaExecutable {
        XlaExecutable {
            client,
            loaded,
            name: module.name.to_string(),
            inputs: module.inputs.clone(),
            outputs: module.outputs.clone(),
            checked: AtomicBool::new(false),
        }
    }

    /// The argument's device array, if it is one of this executable's client.
    pub(crate) fn own<'a>(&self, index: usize, buffer: &'a Buffer) -> Result<&'a PjRtBuffer> {
        buffer
            .memory::<XlaMemory>()
            .filter(|memory| Arc::ptr_eq(&memory.client, &self.client))
            .map(|memory| &memory.buffer)
            .ok_or_else(|| Error::ForeignBuffer { module: self.name.clone(), index })
    }

    /// Runs on arguments of the inputs' types: one array for each output.
    pub(crate) fn execute(&self, args: &[&PjRtBuffer]) -> Result<Vec<PjRtBuffer>> {
        let replicas = self.loaded.execute_b(args).map_err(failed("PjRtLoadedExecutable::execute_b"))?;
        // One replica, and the tuple that the entry returns comes as its elements.
        let results = replicas.into_iter().next().unwrap_or_default();
        if !self.checked.load(Ordering::Relaxed) {
            self.check(&results)?;
            self.checked.store(true, Ordering::Relaxed);
        }
        Ok(results)
    }

    fn check(&self, results: &[PjRtBuffer]) -> Result<()> {
        let shapes = results.iter().map(PjRtBuffer::on_device_shape).collect::<Result<Vec<_>, _>>();
        let shapes = shapes.map_err(failed("PjRtBuffer::on_device_shape"))?;
        let same = |(shape, ty): (&xla::Shape, &Ty)| same_type(shape, ty);
        if shapes.len() == self.outputs.len() && shapes.iter().zip(&self.outputs).all(same) {
            return Ok(());
        }
        let expected = self.outputs.iter().map(Ty::to_string).collect::<Vec<_>>().join(", ");
        let problem = format!("its results are declared ({expected}), XLA returned {shapes:?}");
        Err(Error::Module { module: self.name.clone(), problem })
    }
}

impl Executable for XlaExecutable {
    fn name(&self) -> &str {
        &self.name
    }

    fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    fn outputs(&self) -> &[Ty] {
        &self.outputs
    }

    fn run(&self, args: &[&Buffer]) -> Result<Vec<Buffer>> {
        check_arguments(self, args)?;
        let own = args.iter().enumerate().map(|(index, arg)| self.own(index, arg));
        let results = self.execute(&own.collect::<Result<Vec<_>>>()?)?.into_iter().zip(&self.outputs);
        let buffers = results.map(|(buffer, ty)| {
            let memory = XlaMemory { client: self.client.clone(), buffer, dtype: ty.dtype };
            Buffer::new(ty.clone(), Arc::new(memory))
        });
        Ok(buffers.collect())
    }

    fn launch(self: Arc<Self>, fixed: Vec<Option<Buffer>>) -> Result<Box<dyn Launch>> {
        check_fixed(&*self, &fixed)?;
        Ok(Box::new(XlaLaunch::new(self, fixed)?))
    }
}
