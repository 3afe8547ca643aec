//! Functions outside models: recorded, compiled and run the same way.

use std::{
    marker::PhantomData,
    sync::{Mutex, PoisonError},
};

use pyroxene_ir::{Graph, Role, passes::Query};
use pyroxene_runtime::Buffer;

use super::{compiled::Compiled, error::Error, pipeline};
use crate::{
    Array,
    tensor::Tensor,
    trace::{self, TraceErrors, TraceKind, with_active},
    tree::{Path, Spec, Tree, Visit, spec},
};

/// Records a function of no arguments as a graph with these outputs; sample sites in it are still sites.
///
/// # Errors
/// All root errors recorded while `f` ran.
pub fn record(f: impl FnOnce() -> Vec<Tensor>) -> Result<Graph, TraceErrors> {
    trace::record(TraceKind::Function, f)
}

fn compile(graph: &Graph, name: &str) -> Result<Compiled, Error> {
    let (lowered, _) = pipeline::lower(graph, Query::Evaluate, name)?;
    lowered.compile(&pyroxene_runtime::default_backend()?)
}

/// Computes a tensor on the default device: records `f`, compiles it, runs it.
///
/// ```
/// use pyroxene_frontend::{eval, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = eval(|| random::normal(Key::new(0), &[2], DType::F64))?;
/// assert_eq!(x.dims(), [2]);
/// # Ok(()) }
/// ```
///
/// # Errors
/// What is wrong in `f`, each with its line; or the device's.
pub fn eval(f: impl FnOnce() -> Tensor) -> Result<Array, Error> {
    let graph = record(|| vec![f()])?;
    let results = compile(&graph, "eval")?.executable().run(&[])?;
    match results.first() {
        Some(buffer) => Ok(buffer.to_array()?),
        None => Err(TraceErrors(Vec::new()).into()),
    }
}

/// A function compiled at its first call for each structure of arguments; see [`jit`].
pub struct Jit<I, O, F> {
    function: F,
    compiled: Mutex<Vec<(Vec<String>, Compiled)>>,
    signature: PhantomData<fn(&I) -> O>,
}

/// A compiled version of a function from a tree of tensors to a tensor.
///
/// ```
/// use pyroxene_frontend::{jit, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let norm = jit(|(x, y): &(Tensor, Tensor)| (x.square() + y.square()).sqrt());
/// let z = norm.call(&(Array::from(3.0), Array::from(4.0)))?;
/// assert_eq!(z.as_slice(), Some(&[5.0][..]));
/// # Ok(()) }
/// ```
pub fn jit<I, F>(function: F) -> Jit<I, Tensor, F>
where
    I: Tree<Tensor>,
    F: Fn(&I) -> Tensor,
{
    Jit { function, compiled: Mutex::default(), signature: PhantomData }
}

impl<I, F> Jit<I, Tensor, F>
where
    I: Tree<Tensor>,
    F: Fn(&I) -> Tensor,
    I::With<Array>: Tree<Array, With<Spec> = I::With<Spec>>,
    I::With<Spec>: Tree<Spec, With<Tensor> = I>,
{
    /// Runs the function on host arrays.
    ///
    /// # Errors
    /// What is wrong in the function, each with its line; or the device's.
    pub fn call(&self, args: &I::With<Array>) -> Result<Array, Error> {
        let (mut key, mut arrays) = (Vec::new(), Vec::new());
        args.visit(&mut Path::default(), &mut |path, visit| match visit {
            Visit::Leaf(array) => {
                key.push(format!("{path}: {}", array.ty()));
                arrays.push(array.clone());
            }
            Visit::Static(value) => key.push(format!("{path} = {value}")),
            Visit::Absent => key.push(format!("{path} absent")),
        });
        let compiled = self.compiled(key, args)?;
        let backend = compiled.backend();
        let buffers = arrays.iter().map(|a| backend.upload(a)).collect::<Result<Vec<Buffer>, _>>()?;
        let results = compiled.executable().run(&buffers.iter().collect::<Vec<_>>())?;
        match results.first() {
            Some(buffer) => Ok(buffer.to_array()?),
            None => Err(TraceErrors(Vec::new()).into()),
        }
    }

    fn compiled(&self, key: Vec<String>, args: &I::With<Array>) -> Result<Compiled, Error> {
        let mut known = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, compiled)) = known.iter().find(|(k, _)| *k == key) {
            return Ok(compiled.clone());
        }
        let spec = spec(args);
        let graph = record(|| {
            let symbols = spec.try_map(&mut Path::default(), &mut |path, leaf: &Spec| {
                let input = with_active(|t| t.input(&path.to_string(), Role::Argument, leaf.0.clone()));
                Ok::<_, std::convert::Infallible>(input.unwrap_or(Tensor::POISON))
            });
            match symbols {
                Ok(symbols) => vec![(self.function)(&symbols)],
                Err(never) => match never {},
            }
        })?;
        let compiled = compile(&graph, "jit")?;
        known.push((key, compiled.clone()));
        Ok(compiled)
    }
}
