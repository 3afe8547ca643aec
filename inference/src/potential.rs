//! A compiled program as one thread uses it: positions go into its slot, numbers come out, nothing is allocated.

use std::borrow::Cow;

use pyroxene_frontend::{Array, Bound, DType, Pinned, Ty};
use pyroxene_ir::passes::Query;
use pyroxene_runtime::{self as runtime, Launch};

/// The log density on the unconstrained space and its gradient: the potential with its sign turned.
pub(crate) struct Potential {
    program: Positioned,
}

impl Potential {
    pub(crate) fn new(bound: &Bound) -> Result<Potential, pyroxene_frontend::Error> {
        Ok(Potential { program: Positioned::new(bound, Query::PotentialAndGradient)? })
    }

    /// The number of coordinates of a position.
    pub(crate) fn dimension(&self) -> usize {
        self.program.dimension
    }

    /// The log density at `position`; its gradient is written to `gradient`, of the same length.
    pub(crate) fn log_density(
        &mut self,
        position: &[f64],
        gradient: &mut [f64],
    ) -> Result<f64, runtime::Error> {
        self.program.run(position)?;
        let mut potential = [f64::NAN];
        self.program.read(0, None, &mut potential, |u| u)?;
        self.program.read(1, self.program.free(), gradient, |g| -g)?;
        let excess = self.program.pinned.as_ref().map_or(0.0, |pinned| pinned.log_det);
        Ok(-(potential[0] + excess))
    }
}

/// The values of latent and deterministic sites at a position.
pub(crate) struct Constrained {
    program: Positioned,
}

impl Constrained {
    pub(crate) fn new(bound: &Bound) -> Result<Constrained, pyroxene_frontend::Error> {
        Ok(Constrained { program: Positioned::new(bound, Query::Constrain)? })
    }

    /// Writes each site's value at `position` to its column, of the value's length, in the order of
    /// [`Bound::outputs`].
    pub(crate) fn values(
        &mut self,
        position: &[f64],
        columns: &mut [Vec<f64>],
    ) -> Result<(), runtime::Error> {
        self.program.run(position)?;
        for (index, column) in columns.iter_mut().enumerate() {
            let index = self.program.pinned.as_ref().map_or(index, |pinned| pinned.outputs[index]);
            self.program.read(index, None, column, |x| x)?;
        }
        Ok(())
    }
}

/// The values of latent and deterministic sites at many positions, which are its rows, computed in one run.
pub(crate) struct ManyConstrained {
    program: Positioned,
    rows: usize,
}

impl ManyConstrained {
    pub(crate) fn new(bound: &Bound, rows: usize) -> Result<ManyConstrained, pyroxene_frontend::Error> {
        let (launch, slot) = bound.batched(rows).launch_constrain()?;
        // Here a conditioned program is asked with its given values beside the free coordinates.
        Ok(ManyConstrained { program: Positioned::of(launch, slot, bound.dimension(), None), rows })
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Writes positions, one after the other, to rows from `first` on.
    pub(crate) fn write(&mut self, first: usize, positions: &[f64]) -> Result<(), runtime::Error> {
        let Positioned { launch, slot, dtype, dimension, .. } = &mut self.program;
        let range = first * *dimension..first * *dimension + positions.len();
        if *dtype == DType::F32 {
            scatter(&mut launch.slot_as::<f32>(*slot)?[range], None, positions, |x| x as f32);
        } else {
            launch.slot_as::<f64>(*slot)?[range].copy_from_slice(positions);
        }
        Ok(())
    }

    pub(crate) fn run(&mut self) -> Result<(), runtime::Error> {
        self.program.launch.run()
    }

    /// The values of each site in the last run, row by row, in the order of [`Bound::outputs`].
    pub(crate) fn values(&self) -> Result<Vec<Cow<'_, [f64]>>, runtime::Error> {
        let Positioned { launch, outputs, .. } = &self.program;
        let values = |(index, ty): (usize, &Ty)| match ty.dtype {
            DType::F64 => Ok(Cow::Borrowed(launch.output_as::<f64>(index)?)),
            _ => Ok(Cow::Owned(Array::from_bytes(ty, launch.output(index)?)?.to_f64_vec())),
        };
        outputs.iter().enumerate().map(values).collect()
    }
}

/// A launch whose one slot is a position.
struct Positioned {
    launch: Box<dyn Launch>,
    slot: usize,
    /// The element type of the position.
    dtype: DType,
    outputs: Vec<Ty>,
    dimension: usize,
    pinned: Option<Pinned>,
}

impl Positioned {
    fn new(bound: &Bound, query: Query) -> Result<Positioned, pyroxene_frontend::Error> {
        let (launch, slot) = bound.launch(query)?;
        let mut program = Positioned::of(launch, slot, bound.dimension(), bound.pinned().cloned());
        let Positioned { launch, slot, dtype, pinned, .. } = &mut program;
        if let Some(pinned) = pinned {
            // The slot keeps these from run to run.
            write(&mut **launch, *slot, *dtype, None, &pinned.position)?;
        }
        Ok(program)
    }

    fn of(launch: Box<dyn Launch>, slot: usize, dimension: usize, pinned: Option<Pinned>) -> Positioned {
        let executable = launch.executable();
        let dtype = executable.inputs().get(slot).map_or(DType::F64, |i| i.ty.dtype);
        let outputs = executable.outputs().to_vec();
        Positioned { launch, slot, dtype, outputs, dimension, pinned }
    }

    /// The place of each coordinate in the slot, unless the slot is the position.
    fn free(&self) -> Option<&[usize]> {
        self.pinned.as_ref().map(|pinned| pinned.free.as_slice())
    }

    fn run(&mut self, position: &[f64]) -> Result<(), runtime::Error> {
        let free = self.pinned.as_ref().map(|pinned| pinned.free.as_slice());
        write(&mut *self.launch, self.slot, self.dtype, free, position)?;
        self.launch.run()
    }

    /// Writes `f` of the elements of an output of the last run to `out`: those at `places`, or all in order.
    fn read(
        &self,
        index: usize,
        places: Option<&[usize]>,
        out: &mut [f64],
        f: impl Fn(f64) -> f64,
    ) -> Result<(), runtime::Error> {
        match self.outputs.get(index) {
            Some(ty) if ty.dtype == DType::F32 => {
                gather(out, places, self.launch.output_as::<f32>(index)?, |x| f(f64::from(x)));
            }
            Some(ty) if ty.dtype != DType::F64 => {
                let values = Array::from_bytes(ty, self.launch.output(index)?)?.to_f64_vec();
                gather(out, places, &values, f);
            }
            _ => gather(out, places, self.launch.output_as::<f64>(index)?, f),
        }
        Ok(())
    }
}

/// Writes coordinates to a slot, at `places` or in order.
fn write(
    launch: &mut (dyn Launch + 'static),
    slot: usize,
    dtype: DType,
    places: Option<&[usize]>,
    position: &[f64],
) -> Result<(), runtime::Error> {
    if dtype == DType::F32 {
        scatter(launch.slot_as::<f32>(slot)?, places, position, |x| x as f32);
    } else {
        scatter(launch.slot_as::<f64>(slot)?, places, position, |x| x);
    }
    Ok(())
}

fn scatter<T>(to: &mut [T], places: Option<&[usize]>, from: &[f64], f: impl Fn(f64) -> T) {
    match places {
        None => to.iter_mut().zip(from).for_each(|(to, x)| *to = f(*x)),
        Some(places) => places.iter().zip(from).for_each(|(place, x)| to[*place] = f(*x)),
    }
}

fn gather<T: Copy>(to: &mut [f64], places: Option<&[usize]>, from: &[T], f: impl Fn(T) -> f64) {
    match places {
        None => to.iter_mut().zip(from).for_each(|(to, x)| *to = f(*x)),
        Some(places) => to.iter_mut().zip(places).for_each(|(to, place)| *to = f(from[*place])),
    }
}
