//! Algorithms over a program: a query as part of a function that is being recorded, and such functions bound to data.

use std::sync::Arc;

use pyroxene_ir::{Graph, Loc, Role, Ty, Val, passes::Query};
use pyroxene_runtime::{Buffer, Launch, options::Effort};

use super::{
    bound::Bound,
    compiled::Compiled,
    error::Error,
    function::record,
    recorded::{Name, Program},
};
use crate::{
    Array,
    closure::{graft, refuse},
    tensor::Tensor,
    trace::{ErrorKind, TraceErrors, fail, type_of, with_active},
};

impl Program {
    /// Records what answers a query in the function that is being recorded, which can differentiate it, loop over it and
    /// batch it like arithmetic of its own: so samplers and optimisers are written. `args` are the data in the order of
    /// [`Program::leaves`] and then what the query takes, in the order in which [`Query`] lists it; a value given to a site
    /// comes after position and key.
    ///
    /// ```
    /// use pyroxene_frontend::{Model, prelude::*};
    /// use pyroxene_ir::passes::Query;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let model = Model::new(|y: &Tensor| {
    ///     let mu = sample("mu", Normal::new(0.0, 10.0));
    ///     plate("i", y.dim(0), |_| sample("y", Normal::new(mu, 1.0).obs(*y)));
    /// });
    /// let bound = model.bind(&Array::from([1.0, 2.0, 3.0]))?;
    /// let position = [("position", Ty::new(DType::F64, [1]))];
    /// let descent = bound.function("descent", &position, |data, args| {
    ///     let step = |x: &Tensor| {
    ///         let potential = |x: &Tensor| bound.program().embed(Query::Potential, &[data, &[*x]].concat())[0];
    ///         *x - grad(potential)(x) * 0.1
    ///     };
    ///     vec![fori_loop(0, 100, args[0], |_, x| step(x))]
    /// })?;
    /// let mode = descent.call(&[Array::from([0.0])])?[0].to_f64_vec()[0];
    /// assert!((mode - 6.0 / 3.01).abs() < 1e-12);
    /// # Ok(()) }
    /// # use pyroxene_frontend::Ty;
    /// ```
    ///
    /// # Errors
    /// Recorded with the caller's line: a query that the program cannot answer, other arguments than it takes.
    #[track_caller]
    pub fn embed(&self, query: Query, args: &[Tensor]) -> Vec<Tensor> {
        let loc = Loc::caller();
        match self.pure(self.graph(), query) {
            Ok(graph) if fits(query, &graph, args, &loc) => return graft(query.name(), &graph, args, &loc),
            Ok(_) => {}
            Err(Error::Pass(error)) => refuse(error, &loc),
            Err(other) => {
                let help = "see the environment's settings of passes".to_string();
                fail(ErrorKind::Usage { found: other.to_string(), help }, loc);
            }
        }
        // As many as any query has results.
        vec![Tensor::POISON; self.graph().sites().count() + 2]
    }

    /// Records a function of the program's data and of `inputs`, given by name and type. `f` sees the data in the order
    /// of [`Program::leaves`]. It goes through all passes: what depends on data alone, inside loops too, is computed once
    /// for each set of data.
    ///
    /// # Errors
    /// What is wrong in `f`, each with its line.
    pub fn function(
        &self,
        inputs: &[(&str, Ty)],
        f: impl FnOnce(&[Tensor], &[Tensor]) -> Vec<Tensor>,
    ) -> Result<Graph, TraceErrors> {
        record(|| {
            let input = |name: &str, role, ty: &Ty| {
                with_active(|t| t.input(name, role, ty.clone())).unwrap_or(Tensor::POISON)
            };
            let data: Vec<Tensor> = self.leaves().iter().map(|l| input(&l.path, Role::Data, &l.ty)).collect();
            let args: Vec<Tensor> = inputs.iter().map(|(name, ty)| input(name, Role::Argument, ty)).collect();
            f(&data, &args)
        })
    }
}

/// Whether the arguments are what the graph takes; what does not fit is reported.
fn fits(query: Query, graph: &Graph, args: &[Tensor], loc: &Loc) -> bool {
    let help = "give it the data in the order of the program's leaves, and then what the query takes";
    let inputs = graph.inputs();
    if inputs.len() != args.len() {
        let names = inputs.iter().filter_map(|v| graph.input_of(*v)).map(|i| format!("`{}`", i.name));
        let names = names.collect::<Vec<_>>().join(", ");
        let found = format!("{} takes {} values ({names}), found {}", query.name(), inputs.len(), args.len());
        fail(ErrorKind::Usage { found, help: help.into() }, loc.clone());
        return false;
    }
    let wrong = |(v, arg): (&Val, &Tensor)| {
        // What has no type has been reported already.
        let (expected, found) = (graph.ty(*v), type_of(*arg)?);
        (found != *expected).then(|| {
            let name = graph.input_of(*v).map_or("", |i| &i.name);
            format!("{} takes `{name}` as {expected}, found {found}", query.name())
        })
    };
    let wrong: Vec<String> = inputs.iter().zip(args).filter_map(wrong).collect();
    for found in &wrong {
        fail(ErrorKind::Usage { found: found.clone(), help: help.into() }, loc.clone());
    }
    wrong.is_empty()
}

/// A function of a bound program's data and of other arguments: compiled once, run often.
#[derive(Clone)]
pub struct BoundFunction {
    bound: Bound,
    compiled: Arc<Compiled>,
    /// The buffers that come first: data, and what is prepared from them.
    fixed: Vec<Buffer>,
}

impl Bound {
    /// Compiles a function over this program's data that [`Program::function`] records, under a name for dumps and
    /// messages. See [`Program::embed`] for an example.
    ///
    /// # Errors
    /// What is wrong in `f`, each with its line; or the device's.
    pub fn function(
        &self,
        name: &str,
        inputs: &[(&str, Ty)],
        f: impl FnOnce(&[Tensor], &[Tensor]) -> Vec<Tensor>,
    ) -> Result<BoundFunction, Error> {
        let graph = self.program().function(inputs, f)?;
        let compiled = Arc::new(self.program().compile_function(&graph, name, self.backend())?);
        self.run_function(compiled)
    }

    /// As [`Bound::function`], recorded and compiled once for the program: calls for other data find it by its name, its
    /// inputs, the effort and `key`, which must tell all else that `f` depends on.
    ///
    /// ```
    /// use pyroxene_frontend::{Model, prelude::*};
    /// use pyroxene_runtime::options::Effort;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let model = Model::new(|_: &Tensor| {});
    /// let mut recorded = 0;
    /// for x in [3.0, 5.0] {
    ///     let bound = model.bind(&Array::from(x))?;
    ///     let function = bound.kept_function("scaled", "by 2", &[], Effort::Full, |data, _| {
    ///         recorded += 1;
    ///         vec![data[0] * 2.0]
    ///     })?;
    ///     assert_eq!(function.call(&[])?, [Array::from(2.0 * x)]);
    /// }
    /// assert_eq!(recorded, 1);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Bound::function`].
    pub fn kept_function(
        &self,
        name: &str,
        key: &str,
        inputs: &[(&str, Ty)],
        effort: Effort,
        f: impl FnOnce(&[Tensor], &[Tensor]) -> Vec<Tensor>,
    ) -> Result<BoundFunction, Error> {
        let record = || self.program().function(inputs, f);
        let name = Name { name, key, inputs };
        let compiled = self.program().kept_function(name, self.backend(), effort, record)?;
        self.run_function(compiled)
    }

    fn run_function(&self, compiled: Arc<Compiled>) -> Result<BoundFunction, Error> {
        let fixed = self.fixed(&compiled)?;
        Ok(BoundFunction { bound: self.clone(), compiled, fixed })
    }
}

impl BoundFunction {
    /// The same function over other data of the same types; nothing is compiled.
    ///
    /// # Errors
    /// When the device has no room for what is prepared from the data.
    pub fn rebind(&self, bound: &Bound) -> Result<BoundFunction, Error> {
        bound.run_function(self.compiled.clone())
    }

    /// Whether something is computed once for each set of data and read at every run.
    pub fn has_preparation(&self) -> bool {
        self.fixed.len() > self.bound.data().len()
    }

    /// Runs on arrays of the host.
    ///
    /// # Errors
    /// When arguments are not those of the function, or the device fails.
    pub fn call(&self, args: &[Array]) -> Result<Vec<Array>, Error> {
        let backend = self.bound.backend();
        let args = args.iter().map(|a| backend.upload(a)).collect::<Result<Vec<_>, _>>()?;
        let results = self.run(&args)?;
        results.iter().map(|b| b.to_array().map_err(Error::from)).collect()
    }

    /// Runs on buffers of the device; the results stay there.
    ///
    /// # Errors
    /// As [`BoundFunction::call`].
    pub fn run(&self, args: &[Buffer]) -> Result<Vec<Buffer>, Error> {
        let args: Vec<&Buffer> = self.fixed.iter().chain(args).collect();
        Ok(self.compiled.executable().run(&args)?)
    }

    /// The function made ready for many runs from one thread, every argument a slot; returns the first one's index.
    ///
    /// # Errors
    /// When the device has no room.
    pub fn launch(&self) -> Result<(Box<dyn Launch>, usize), Error> {
        let executable = self.compiled.executable();
        let slots = executable.inputs().len() - self.fixed.len();
        let fixed = self.fixed.iter().cloned().map(Some);
        let fixed = fixed.chain(std::iter::repeat_n(None, slots)).collect();
        Ok((executable.clone().launch(fixed)?, self.fixed.len()))
    }
}

impl std::fmt::Debug for BoundFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BoundFunction").field("compiled", &self.compiled).finish_non_exhaustive()
    }
}
