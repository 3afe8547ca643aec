//! A block of transitions over a bound model: recorded, compiled, and run with a chain's state in its arguments.

use std::{
    convert::Infallible,
    sync::{Mutex, PoisonError},
};

use pyroxene_frontend::{Bound, BoundFunction, Error, Path, Program, Ty, Visit, Vmap, fence, prelude::*};
use pyroxene_ir::passes::Query;
use pyroxene_runtime::{self as runtime, Launch, options::Effort};

use super::{
    block::{ACCEPTANCE_RATE, Block, Controls, DIVERGING, INDEX_IN_TRAJECTORY, STATS},
    haste::{Haste, Length},
    learner::Draw,
    state::{Moving, State},
};

/// A block compiled for a bound model; threads share it.
pub(crate) struct Compiled {
    pub(super) block: Block,
    bound: Bound,
    /// How long chains go by `first`.
    haste: Haste,
    first: BoundFunction,
    /// What they go on by, once one of them does.
    next: Mutex<Option<BoundFunction>>,
}

impl Compiled {
    /// For `lanes` chains in one run, or a single one without a dimension for chains.
    ///
    /// # Errors
    /// When the program has no potential, or the device refuses the block.
    pub(crate) fn new(
        bound: &Bound,
        block: Block,
        lanes: Option<usize>,
        run: Length,
    ) -> Result<Compiled, Error> {
        let haste = if lanes.is_some() { Haste::none() } else { Haste::of(bound, run) };
        let first = function(bound, block, lanes, haste.effort())?;
        Ok(Compiled { block, bound: bound.clone(), haste, first, next: Mutex::default() })
    }

    /// Does what of [`Compiled::new`] takes no device, for a program that takes no values of sites. It stays with the program.
    ///
    /// # Errors
    /// When the program has no potential.
    pub(crate) fn lower(program: &Program, block: Block, lanes: Option<usize>) -> Result<(), Error> {
        let function = Function::new(program, block, lanes, std::iter::empty());
        let record = |data: &[Tensor], args: &[Tensor]| function.record(data, args);
        program.lower_kept_function(Function::NAME, &function.key, &function.inputs(), record)
    }

    /// One thread's view, for so many chains.
    pub(super) fn launch(&self, lanes: usize) -> Result<Running, Error> {
        self.running(&self.first, lanes, self.haste)
    }

    /// The same for a single chain, after the code that was compiled in haste.
    pub(super) fn relaunch(&self) -> Result<Running, Error> {
        // Under the lock: chains come here at about the same time, and one compilation is enough.
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let function = match &*next {
            Some(known) => known,
            None => next.insert(function(&self.bound, self.block, None, Effort::Full)?),
        };
        self.running(function, 1, Haste::none())
    }

    fn running(&self, function: &BoundFunction, lanes: usize, haste: Haste) -> Result<Running, Error> {
        let (mut launch, first) = function.launch()?;
        let block = &self.block;
        let state = State::new(block.dimension, block.form, 1.0);
        let controls = Controls::new(0, block.kernel.limit());
        let after = first + types("", &state).len() + types("", &controls).len();
        for (i, (_, value)) in given(&self.bound).iter().enumerate() {
            launch.slot(after + i)?.copy_from_slice(value.as_bytes());
        }
        Ok(Running { launch, first, lanes, rows: block.rows, dimension: block.dimension, haste })
    }
}

/// A block over a bound model, compiled.
fn function(
    bound: &Bound,
    block: Block,
    lanes: Option<usize>,
    effort: Effort,
) -> Result<BoundFunction, Error> {
    let given = given(bound).into_iter().map(|(name, value)| (name, value.ty()));
    let function = Function::new(bound.program(), block, lanes, given);
    let record = |data: &[Tensor], args: &[Tensor]| function.record(data, args);
    bound.kept_function(Function::NAME, &function.key, &function.inputs(), effort, record)
}

/// A block as a function of a program's data, for so many chains in one run or a single one without a dimension for chains.
struct Function<'a> {
    program: &'a Program,
    block: Block,
    lanes: Option<usize>,
    key: String,
    /// What it takes beside the data.
    inputs: Vec<(String, Ty)>,
    state: State<Array>,
    controls: Controls<Array>,
}

impl Function<'_> {
    const NAME: &'static str = "sampler";

    /// `given` are the sites of which the program takes a value.
    fn new<'a>(
        program: &'a Program,
        block: Block,
        lanes: Option<usize>,
        given: impl Iterator<Item = (String, Ty)>,
    ) -> Function<'a> {
        let state = State::new(block.dimension, block.form, 1.0);
        let controls = Controls::new(0, block.kernel.limit());
        let many = |(name, mut ty): (String, Ty)| {
            lanes.inspect(|lanes| ty.dims.insert(0, *lanes));
            (name, ty)
        };
        let mut inputs: Vec<(String, Ty)> = types("state", &state).into_iter().map(many).collect();
        inputs.extend(types("controls", &controls));
        inputs.extend(given);
        Function { program, block, lanes, key: format!("{block:?} {lanes:?}"), inputs, state, controls }
    }

    fn inputs(&self) -> Vec<(&str, Ty)> {
        self.inputs.iter().map(|(name, ty)| (name.as_str(), ty.clone())).collect()
    }

    fn record(&self, data: &[Tensor], args: &[Tensor]) -> Vec<Tensor> {
        let mut args = args.iter().copied();
        let (state, controls) = (filled(&self.state, &mut args), filled(&self.controls, &mut args));
        let given: Vec<Tensor> = args.collect();
        let gradient = fence(|position: &Tensor| {
            let all = [data, &[*position], &given].concat();
            let results = self.program.embed(Query::PotentialAndGradient, &all);
            (-results[0].convert(position.dtype()), -results[1])
        });
        let one = |(state, controls): &(State, Controls)| {
            let target = |position| gradient(&position);
            let (moving, rows) = self.block.record(&target, state, controls, self.lanes.is_some());
            (packed(&moving), rows)
        };
        let arguments = (state, controls);
        leaves(&match self.lanes {
            None => one(&arguments),
            Some(_) => {
                let axis = |(name, _): &(String, Ty)| name.starts_with("state.").then_some(0);
                let n = leaves(&arguments).len();
                let axes: Vec<Option<isize>> = self.inputs[..n].iter().map(axis).collect();
                Vmap::new().in_axes(&axes).of(one)(&arguments)
            }
        })
    }
}

/// All floats of what has moved in one vector, and all integers in another: each result costs a run 0.65 us.
fn packed(moving: &Moving) -> (Tensor, Tensor) {
    let (floats, integers): (Vec<Tensor>, Vec<Tensor>) =
        leaves(moving).into_iter().map(|leaf| leaf.ravel()).partition(|leaf| leaf.dtype().is_float());
    (Tensor::concatenate(&floats), Tensor::concatenate(&integers))
}

/// Where the parts of [`packed`] are among a block's results, and the first of the rows.
const FLOATS: usize = 0;
const INTEGERS: usize = 1;
const ROWS: usize = 2;

/// Values given to sites, in program order.
fn given(bound: &Bound) -> Vec<(String, Array)> {
    let sites = bound.program().graph().sites();
    let value = |name: &str| bound.given_values().iter().find(|(given, _)| given == name).cloned();
    sites.filter_map(|(_, site)| value(&site.name)).collect()
}

fn leaves<L: Leaf + Copy, T: Tree<L>>(tree: &T) -> Vec<L> {
    let mut out = Vec::new();
    tree.visit(&mut Path::default(), &mut |_, visit| {
        if let Visit::Leaf(leaf) = visit {
            out.push(*leaf);
        }
    });
    out
}

/// The paths and types of a tree's leaves.
fn types<T: Tree<Array>>(prefix: &str, tree: &T) -> Vec<(String, Ty)> {
    let mut out = Vec::new();
    tree.visit(&mut Path::default(), &mut |path, visit| {
        if let Visit::Leaf(leaf) = visit {
            out.push((format!("{prefix}.{path}"), leaf.ty()));
        }
    });
    out
}

/// The tree with tensors for its arrays.
fn filled<T: Tree<Array>>(tree: &T, tensors: &mut dyn Iterator<Item = Tensor>) -> T::With<Tensor> {
    let filled = tree.try_map(&mut Path::default(), &mut |_, array| {
        Ok::<_, Infallible>(tensors.next().unwrap_or_else(|| Tensor::from(array.clone())))
    });
    match filled {
        Ok(filled) => filled,
        Err(never) => match never {},
    }
}

/// A launch of a block for some chains.
pub(super) struct Running {
    launch: Box<dyn Launch>,
    /// The slot of the first leaf of the state.
    first: usize,
    lanes: usize,
    rows: usize,
    dimension: usize,
    pub(super) haste: Haste,
}

/// The rows of the transitions that a chain has kept, one after the other.
pub(crate) struct Kept<'a> {
    pub(crate) positions: &'a [f64],
    pub(super) gradients: &'a [f64],
    pub(crate) stats: &'a [f64],
}

impl Running {
    /// Runs a block; the states become those after it.
    pub(super) fn run(
        &mut self,
        states: &mut [State<Array>],
        controls: &Controls<Array>,
    ) -> Result<(), runtime::Error> {
        let mut controls_at = self.first;
        for (lane, state) in states.iter().enumerate() {
            controls_at = self.write(self.first, state, (lane, self.lanes))?;
        }
        self.write(controls_at, controls, (0, 1))?;
        self.launch.run()?;
        let lanes = self.lanes;
        for (lane, state) in states.iter_mut().enumerate() {
            let own = |output: usize| {
                let bytes = self.launch.output(output)?;
                let size = bytes.len() / lanes;
                Ok::<_, runtime::Error>(&bytes[lane * size..(lane + 1) * size])
            };
            let (mut floats, mut integers) = (own(FLOATS)?, own(INTEGERS)?);
            let moving = state.moving.try_map(&mut Path::default(), &mut |_, leaf: &Array| {
                let ty = leaf.ty();
                let rest = if ty.dtype.is_float() { &mut floats } else { &mut integers };
                let (bytes, after) = rest.split_at(ty.bytes());
                *rest = after;
                Ok::<_, runtime::Error>(Array::from_bytes(&ty, bytes)?)
            });
            state.moving = moving?;
        }
        Ok(())
    }

    /// Writes a tree to slots from `slot` on, as one of some in each of them; the slot after these.
    fn write<T: Tree<Array>>(
        &mut self,
        mut slot: usize,
        tree: &T,
        (part, of): (usize, usize),
    ) -> Result<usize, runtime::Error> {
        let mut written = Ok(());
        tree.visit(&mut Path::default(), &mut |_, visit| {
            let Visit::Leaf(leaf) = visit else { return };
            match self.launch.slot(slot) {
                Ok(bytes) => {
                    let size = bytes.len() / of;
                    bytes[part * size..(part + 1) * size].copy_from_slice(leaf.as_bytes());
                }
                Err(error) => written = Err(error),
            }
            slot += 1;
        });
        written.map(|()| slot)
    }

    /// The first `kept` transitions that a chain has kept in the last block.
    pub(super) fn kept(&self, lane: usize, kept: usize) -> Result<Kept<'_>, runtime::Error> {
        let rows = |index: usize, width: usize| -> Result<&[f64], runtime::Error> {
            let all = self.launch.output_as::<f64>(ROWS + index)?;
            let start = lane * self.rows * width;
            Ok(&all[start..start + kept * width])
        };
        Ok(Kept {
            positions: rows(0, self.dimension)?,
            gradients: rows(1, self.dimension)?,
            stats: rows(2, STATS)?,
        })
    }
}

impl<'a> Kept<'a> {
    /// The transitions as a metric is learned from them.
    pub(super) fn draws(&self) -> impl Iterator<Item = Draw<'a>> + use<'a> {
        let (positions, gradients) = (self.positions, self.gradients);
        let rows = self.stats.chunks_exact(STATS);
        let dimension = positions.len() / rows.len().max(1);
        rows.enumerate().map(move |(i, row)| Draw {
            position: &positions[i * dimension..(i + 1) * dimension],
            gradient: &gradients[i * dimension..(i + 1) * dimension],
            index: row[INDEX_IN_TRAJECTORY],
            is_diverging: row[DIVERGING] != 0.0,
            accept: row[ACCEPTANCE_RATE],
        })
    }
}
