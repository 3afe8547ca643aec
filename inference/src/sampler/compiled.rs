//! A block of transitions over a bound model: recorded, compiled, and run with a chain's state in its arguments.

use std::convert::Infallible;

use pyroxene_frontend::{Bound, BoundFunction, Error, Path, Ty, Visit, Vmap, fence, prelude::*};
use pyroxene_ir::passes::Query;
use pyroxene_runtime::{self as runtime, Launch};

use super::{
    block::{Block, Controls, Mode, STATS},
    state::State,
};

/// A block compiled for a bound model; threads share it.
pub(crate) struct Compiled {
    pub(super) block: Block,
    function: BoundFunction,
    /// Values given to sites, in program order.
    given: Vec<Array>,
}

impl Compiled {
    /// For `lanes` chains in one run, or a single one without a dimension for chains.
    ///
    /// # Errors
    /// When the program has no potential, or the device refuses the block.
    pub(crate) fn new(bound: &Bound, block: Block, lanes: Option<usize>) -> Result<Compiled, Error> {
        let state = State::new([0, 0], block.dimension, block.learner, 1.0);
        let controls = Controls::new(0, Mode::Run);
        let given = given(bound);
        let many = |(name, mut ty): (String, Ty)| {
            lanes.inspect(|lanes| ty.dims.insert(0, *lanes));
            (name, ty)
        };
        let mut inputs: Vec<(String, Ty)> = types("state", &state).into_iter().map(many).collect();
        inputs.extend(types("controls", &controls));
        inputs.extend(given.iter().map(|(name, value)| (name.clone(), value.ty())));
        let named: Vec<(&str, Ty)> = inputs.iter().map(|(name, ty)| (name.as_str(), ty.clone())).collect();
        let key = format!("{block:?} {lanes:?}");
        let function = bound.kept_function("sampler", &key, &named, |data, args| {
            let mut args = args.iter().copied();
            let (state, controls) = (filled(&state, &mut args), filled(&controls, &mut args));
            let given: Vec<Tensor> = args.collect();
            let gradient = fence(|position: &Tensor| {
                let all = [data, &[*position], &given].concat();
                let results = bound.program().embed(Query::PotentialAndGradient, &all);
                (-results[0].convert(position.dtype()), -results[1])
            });
            let one = |(state, controls): &(State, Controls)| {
                block.record(&|position| gradient(&position), state, controls)
            };
            let arguments = (state, controls);
            leaves(&match lanes {
                None => one(&arguments),
                Some(_) => {
                    let axis = |(name, _): &(String, Ty)| name.starts_with("state.").then_some(0);
                    let n = leaves(&arguments).len();
                    let axes: Vec<Option<isize>> = inputs[..n].iter().map(axis).collect();
                    Vmap::new().in_axes(&axes).of(one)(&arguments)
                }
            })
        })?;
        let given = given.into_iter().map(|(_, value)| value).collect();
        Ok(Compiled { block, function, given })
    }

    /// One thread's view, for chains of these states.
    pub(super) fn launch(&self, states: &[State<Array>]) -> Result<Running, Error> {
        let (launch, first) = self.function.launch()?;
        let mut running = Running {
            launch,
            first,
            states: states.to_vec(),
            controls: Controls::new(0, Mode::Run),
            rows: self.block.rows,
            dimension: self.block.dimension,
        };
        let after = running.leaves() + running.controls();
        for (i, value) in self.given.iter().enumerate() {
            write(&mut *running.launch, first + after + i, value.as_bytes())?;
        }
        running.set_states(states)?;
        Ok(running)
    }
}

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

fn write(launch: &mut dyn Launch, index: usize, bytes: &[u8]) -> Result<(), runtime::Error> {
    launch.slot(index)?.copy_from_slice(bytes);
    Ok(())
}

/// A launch whose slots hold the states of its chains.
pub(super) struct Running {
    launch: Box<dyn Launch>,
    /// The slot of the first leaf of the state.
    first: usize,
    /// The states' types and, after [`Running::states`], their values.
    states: Vec<State<Array>>,
    controls: Controls<Array>,
    rows: usize,
    dimension: usize,
}

impl Running {
    /// The number of leaves of a state.
    fn leaves(&self) -> usize {
        types("", &self.states[0]).len()
    }

    fn controls(&self) -> usize {
        types("", &self.controls).len()
    }

    /// The states as they are.
    pub(super) fn states(&mut self) -> Result<Vec<State<Array>>, runtime::Error> {
        let lanes = self.states.len();
        for lane in 0..lanes {
            let mut slot = self.first;
            let launch = &mut self.launch;
            let read = self.states[lane].try_map(&mut Path::default(), &mut |_, leaf: &Array| {
                let bytes = launch.slot(slot)?;
                slot += 1;
                let size = bytes.len() / lanes;
                Ok::<_, runtime::Error>(Array::from_bytes(
                    &leaf.ty(),
                    &bytes[lane * size..(lane + 1) * size],
                )?)
            });
            self.states[lane] = read?;
        }
        Ok(self.states.clone())
    }

    /// Goes on from other states.
    pub(super) fn set_states(&mut self, states: &[State<Array>]) -> Result<(), runtime::Error> {
        let lanes = states.len();
        for (lane, state) in states.iter().enumerate() {
            let mut slot = self.first;
            let mut written = Ok(());
            state.visit(&mut Path::default(), &mut |_, visit| {
                let Visit::Leaf(leaf) = visit else { return };
                match self.launch.slot(slot) {
                    Ok(bytes) => {
                        let size = bytes.len() / lanes;
                        bytes[lane * size..(lane + 1) * size].copy_from_slice(leaf.as_bytes());
                    }
                    Err(error) => written = Err(error),
                }
                slot += 1;
            });
            written?;
        }
        self.states = states.to_vec();
        Ok(())
    }

    /// Runs a block; the states become those after it.
    pub(super) fn run(&mut self, controls: &Controls<Array>) -> Result<(), runtime::Error> {
        let leaves = self.leaves();
        let mut slot = self.first + leaves;
        let mut written = Ok(());
        controls.visit(&mut Path::default(), &mut |_, visit| {
            let Visit::Leaf(leaf) = visit else { return };
            if let Err(error) = write(&mut *self.launch, slot, leaf.as_bytes()) {
                written = Err(error);
            }
            slot += 1;
        });
        written?;
        self.launch.run()?;
        for leaf in 0..leaves {
            let after = self.launch.output(leaf)?.to_vec();
            write(&mut *self.launch, self.first + leaf, &after)?;
        }
        Ok(())
    }

    /// Positions and statistics of the first `kept` transitions that a chain has kept in the last block, row by row.
    pub(super) fn kept(&self, lane: usize, kept: usize) -> Result<[&[f64]; 2], runtime::Error> {
        let leaves = self.leaves();
        let rows = |index: usize, width: usize| -> Result<&[f64], runtime::Error> {
            let all = self.launch.output_as::<f64>(leaves + index)?;
            let start = lane * self.rows * width;
            Ok(&all[start..start + kept * width])
        };
        Ok([rows(0, self.dimension)?, rows(1, STATS)?])
    }
}
