//! The log density and gradient: at given points, for the engines to be held to each other, and the time of one call.

use std::{collections::BTreeMap, fs, hint::black_box};

use pyroxene::{
    Bound, DType,
    ir::passes::Query,
    runtime::{Launch, default_backend},
};
use serde_json::{Value, json};

use super::{bind, shortest_call};
use crate::Arguments;

type Point = BTreeMap<String, Vec<f64>>;

/// The potential and its gradient as a sampler calls them: a position written, the program run, both results read.
struct Density {
    launch: Box<dyn Launch>,
    slot: usize,
    single: bool,
    potential: f64,
    gradient: Vec<f64>,
}

impl Density {
    fn new(bound: &Bound) -> Density {
        let (launch, slot) = bound.launch(Query::PotentialAndGradient).unwrap();
        let single = launch.executable().inputs()[slot].ty.dtype == DType::F32;
        Density { launch, slot, single, potential: f64::NAN, gradient: vec![0.0; bound.dimension()] }
    }

    fn evaluate(&mut self, position: &[f64]) {
        if self.single {
            let slot = self.launch.slot_as::<f32>(self.slot).unwrap();
            slot.iter_mut().zip(position).for_each(|(to, x)| *to = *x as f32);
            self.launch.run().unwrap();
            let gradient = self.launch.output_as::<f32>(1).unwrap();
            self.gradient.iter_mut().zip(gradient).for_each(|(to, g)| *to = f64::from(*g));
            self.potential = f64::from(self.launch.output_as::<f32>(0).unwrap()[0]);
        } else {
            self.launch.slot_as::<f64>(self.slot).unwrap().copy_from_slice(position);
            self.launch.run().unwrap();
            self.gradient.copy_from_slice(self.launch.output_as(1).unwrap());
            self.potential = self.launch.output_as::<f64>(0).unwrap()[0];
        }
    }
}

/// Unconstrained coordinates by site as one position.
fn position(bound: &Bound, point: &Point) -> Vec<f64> {
    bound.program().layout().iter().flat_map(|site| point[&site.name].iter().copied()).collect()
}

/// The log density's gradient by site.
fn by_site(bound: &Bound, potential_gradient: &[f64]) -> Point {
    let part =
        |offset: usize, len: usize| potential_gradient[offset..offset + len].iter().map(|g| -g).collect();
    let layout = bound.program().layout();
    layout.iter().map(|s| (s.name.clone(), part(s.offset, s.unconstrained.len()))).collect()
}

pub(crate) fn run(arguments: &Arguments) -> Value {
    let points: Vec<Point> =
        serde_json::from_str(&fs::read_to_string(arguments.text("points")).unwrap()).unwrap();
    let bound = bind(arguments, &default_backend().unwrap());
    let mut density = Density::new(&bound);
    let at = |point: &Point| {
        density.evaluate(&position(&bound, point));
        (-density.potential, by_site(&bound, &density.gradient))
    };
    let (values, gradients): (Vec<f64>, Vec<Point>) = points.iter().map(at).unzip();
    let position = vec![0.1; bound.dimension()];
    let seconds = shortest_call(arguments.number("seconds", 1.0), || {
        density.evaluate(black_box(&position));
        black_box(&density.gradient);
    });
    json!({"log_densities": values, "gradients": gradients, "dispatched_s": seconds})
}
