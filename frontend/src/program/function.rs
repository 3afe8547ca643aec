//! Functions outside models: recorded, compiled and run the same way.

use std::{
    marker::PhantomData,
    sync::{Mutex, PoisonError},
};

use pyroxene_ir::{
    Graph, Role,
    passes::{Query, Settings},
};
use pyroxene_runtime::Buffer;

use super::{compiled::Compiled, error::Error, pipeline};
use crate::{
    Array,
    closure::{Tensors, tensors},
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
    let (lowered, _) = pipeline::lower(graph, Query::Evaluate, name, &Settings::default())?;
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
pub struct Jit<I, O: Tensors, F> {
    function: F,
    compiled: Mutex<Vec<Version<O::With<Spec>>>>,
    signature: PhantomData<fn(&I) -> O>,
}

/// What one structure of arguments has been compiled to, and the structure of the result.
struct Version<O> {
    key: Vec<String>,
    compiled: Compiled,
    result: O,
}

/// A compiled version of a function from a tree of tensors to another.
///
/// ```
/// use pyroxene_frontend::{jit, prelude::*};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let polar = jit(|(x, y): &(Tensor, Tensor)| ((x.square() + y.square()).sqrt(), y.atan2(*x)));
/// let (r, angle) = polar.call(&(Array::from(3.0), Array::from(4.0)))?;
/// assert_eq!((r.to_f64_vec()[0], angle.to_f64_vec()[0]), (5.0, f64::atan2(4.0, 3.0)));
/// # Ok(()) }
/// ```
pub fn jit<I, O, F>(function: F) -> Jit<I, O, F>
where
    I: Tree<Tensor>,
    O: Tensors,
    F: Fn(&I) -> O,
{
    Jit { function, compiled: Mutex::default(), signature: PhantomData }
}

impl<I, O, F> Jit<I, O, F>
where
    I: Tree<Tensor>,
    O: Tensors,
    F: Fn(&I) -> O,
    I::With<Array>: Tree<Array, With<Spec> = I::With<Spec>>,
    I::With<Spec>: Tree<Spec, With<Tensor> = I>,
    O::With<Spec>: Tree<Spec, With<Array> = O::With<Array>>,
{
    /// Runs the function on host arrays.
    ///
    /// # Errors
    /// What is wrong in the function, each with its line; or the device's.
    pub fn call(&self, args: &I::With<Array>) -> Result<O::With<Array>, Error> {
        let (mut key, mut arrays) = (Vec::new(), Vec::new());
        args.visit(&mut Path::default(), &mut |path, visit| match visit {
            Visit::Leaf(array) => {
                key.push(format!("{path}: {}", array.ty()));
                arrays.push(array.clone());
            }
            Visit::Static(value) => key.push(format!("{path} = {value}")),
            Visit::Absent => key.push(format!("{path} absent")),
        });
        let mut known = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let at = match known.iter().position(|version| version.key == key) {
            Some(at) => at,
            None => {
                known.push(self.compile(key, args)?);
                known.len() - 1
            }
        };
        let (compiled, backend) = (known[at].compiled.clone(), known[at].compiled.backend().clone());
        let mut results = Vec::new();
        drop(known);
        let buffers = arrays.iter().map(|a| backend.upload(a)).collect::<Result<Vec<Buffer>, _>>()?;
        for buffer in compiled.executable().run(&buffers.iter().collect::<Vec<_>>())? {
            results.push(buffer.to_array()?);
        }
        let mut results = results.into_iter();
        let known = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        known[at].result.try_map(&mut Path::default(), &mut |_, _: &Spec| {
            results.next().ok_or_else(|| Error::from(TraceErrors(Vec::new())))
        })
    }

    fn compile(&self, key: Vec<String>, args: &I::With<Array>) -> Result<Version<O::With<Spec>>, Error> {
        let spec = spec(args);
        let mut result = None;
        let graph = record(|| {
            let symbols = spec.try_map(&mut Path::default(), &mut |path, leaf: &Spec| {
                let input = with_active(|t| t.input(&path.to_string(), Role::Argument, leaf.0.clone()));
                Ok::<_, std::convert::Infallible>(input.unwrap_or(Tensor::POISON))
            });
            let symbols = match symbols {
                Ok(symbols) => symbols,
                Err(never) => match never {},
            };
            let value = (self.function)(&symbols);
            let typed = value.try_map(&mut Path::default(), &mut |_, leaf: &Tensor| {
                Ok::<_, std::convert::Infallible>(Spec(leaf.ty()))
            });
            match typed {
                Ok(typed) => result = Some(typed),
                Err(never) => match never {},
            }
            tensors(&value)
        })?;
        let compiled = compile(&graph, "jit")?;
        let result = result.ok_or_else(|| Error::from(TraceErrors(Vec::new())))?;
        Ok(Version { key, compiled, result })
    }
}
