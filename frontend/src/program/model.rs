//! Models: a function recorded once for each structure of data, and shared by everything that runs it.

use std::{
    cell::RefCell,
    fmt::Write,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use pyroxene_ir::Loc;
use pyroxene_runtime::Backend;

use super::{bound::Bound, error::Error, recorded::Program};
use crate::{
    Array,
    tensor::Tensor,
    trace::{ErrorKind, Incomplete, TraceError, TraceErrors},
    tree::{Path, Spec, Tree, Visit, spec},
};

/// A model function with its recordings: it runs once for each structure of data (paths, types, static fields,
/// presence of optional leaves), however many queries, data sets and samplers use it. Clones share the recordings.
pub struct Model<D> {
    inner: Arc<Inner<D>>,
}

struct Inner<D> {
    function: Box<dyn Fn(&D) + Send + Sync>,
    programs: Mutex<Vec<(String, Program)>>,
    runs: AtomicUsize,
}

thread_local! {
    /// The models that this thread is tracing, by address.
    static RUNNING: RefCell<Vec<*const ()>> = const { RefCell::new(Vec::new()) };
}

/// A model on this thread's list until dropped.
struct Running;

impl Running {
    #[track_caller]
    fn enter(model: *const ()) -> Result<Running, TraceErrors> {
        let loc = Loc::caller();
        RUNNING.with(|list| {
            let mut list = list.borrow_mut();
            if list.contains(&model) {
                let found = "a model's function traces or binds its own model".into();
                let help = "a model cannot contain itself; call the function, not its `Model`".into();
                let kind = ErrorKind::Usage { found, help };
                return Err(TraceErrors(vec![TraceError { loc, site: None, during: None, kind }]));
            }
            list.push(model);
            Ok(Running)
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.with(|list| list.borrow_mut().pop());
    }
}

impl<D> Clone for Model<D> {
    fn clone(&self) -> Model<D> {
        Model { inner: self.inner.clone() }
    }
}

/// Data of symbols `D`, as host arrays.
pub(crate) type Data<D> = <D as Tree<Tensor>>::With<Array>;

impl<D: Tree<Tensor>> Model<D>
where
    Data<D>: Tree<Array, With<Spec> = D::With<Spec>>,
    D::With<Spec>: Tree<Spec, With<Tensor> = D>,
{
    /// A model from its function.
    pub fn new(function: impl Fn(&D) + Send + Sync + 'static) -> Model<D> {
        let inner =
            Inner { function: Box::new(function), programs: Mutex::default(), runs: AtomicUsize::new(0) };
        Model { inner: Arc::new(inner) }
    }

    /// How often the function has run.
    pub fn runs(&self) -> usize {
        self.inner.runs.load(Ordering::Relaxed)
    }

    /// The program for data of this structure: recorded at the first call, the same afterwards. The first call also
    /// writes [`Program::warnings`] to stderr.
    ///
    /// # Errors
    /// All root errors of the model, each with its line; its warnings where `PYROXENE_VALIDATE` is `error`.
    #[track_caller]
    pub fn trace(&self, data: &Data<D>) -> Result<Program, Error> {
        let key = signature(data);
        // The lock is held while the function runs, so that it runs once: a function that came back here would wait
        // for itself.
        let _running = Running::enter(Arc::as_ptr(&self.inner).cast())?;
        let mut programs = self.inner.programs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = programs.iter().find(|(k, _)| *k == key) {
            return Ok(known.clone());
        }
        self.inner.runs.fetch_add(1, Ordering::Relaxed);
        let program = Program::trace(|d: &D| (self.inner.function)(d), &spec(data))?;
        program.warn()?;
        programs.push((key, program.clone()));
        Ok(program)
    }

    /// A recording made anew and not kept, without a word on stderr; on errors, what could be recorded, with the errors.
    #[track_caller]
    pub(crate) fn trace_partly(&self, data: &Data<D>) -> Result<Program, Box<Incomplete>> {
        let _running = Running::enter(Arc::as_ptr(&self.inner).cast()).map_err(Incomplete::nothing)?;
        self.inner.runs.fetch_add(1, Ordering::Relaxed);
        Program::trace_partly(|d: &D| (self.inner.function)(d), &spec(data))
    }

    /// The program bound to these data on the default device.
    ///
    /// # Errors
    /// As [`Model::trace`], [`Program::bind`] and [`pyroxene_runtime::default_backend`].
    pub fn bind(&self, data: &Data<D>) -> Result<Bound, Error> {
        self.bind_on(data, &pyroxene_runtime::default_backend()?)
    }

    /// The program bound to these data on a device.
    ///
    /// # Errors
    /// As [`Model::trace`] and [`Program::bind`].
    pub fn bind_on(&self, data: &Data<D>, backend: &Arc<dyn Backend>) -> Result<Bound, Error> {
        self.trace(data)?.bind(data, backend)
    }
}

/// What decides whether a recording serves: paths and types of leaves, static fields, absent leaves.
fn signature<T: Tree<Array>>(data: &T) -> String {
    let mut key = String::new();
    data.visit(&mut Path::default(), &mut |path, visit| {
        // Writing to a String cannot fail.
        let _ = match visit {
            Visit::Leaf(array) => writeln!(key, "{path}: {}", array.ty()),
            Visit::Static(value) => writeln!(key, "{path} = {value}"),
            Visit::Absent => writeln!(key, "{path} absent"),
        };
    });
    key
}

/// What can be run as a model: a function of its data, or a [`Model`] already made.
pub trait IntoModel<D> {
    /// The model.
    fn into_model(self) -> Model<D>;
}

impl<D, F> IntoModel<D> for F
where
    F: Fn(&D) + Send + Sync + 'static,
    D: Tree<Tensor>,
    Data<D>: Tree<Array, With<Spec> = D::With<Spec>>,
    D::With<Spec>: Tree<Spec, With<Tensor> = D>,
{
    fn into_model(self) -> Model<D> {
        Model::new(self)
    }
}

impl<D> IntoModel<D> for Model<D> {
    fn into_model(self) -> Model<D> {
        self
    }
}

impl<D> IntoModel<D> for &Model<D> {
    fn into_model(self) -> Model<D> {
        self.clone()
    }
}
