//! The points of a trajectory that may be needed again: a point is written once, and what becomes of it, an end, the next
//! draw or nothing, is a matter of the numbers of places. To choose between points by copies would take longer than a
//! step of a small model.

use pyroxene_frontend::prelude::*;

use super::{
    metric::{Form, Metric},
    places::Places,
    trajectory::{Edge, Proposal, int},
};

/// Both ends of the trajectory, its proposal, that of the subtree under construction, and room for the next leaf.
const PLACES: usize = 5;

/// Log density, gain and index.
const SCALARS: usize = 3;

/// The points: of each its position and gradient, under a metric that is a matrix the force too, which is a product with
/// it, and the numbers that belong to the point.
#[derive(Clone, Copy)]
pub(super) struct Points {
    pub(super) places: Places,
    dimension: usize,
    metric: Metric,
}

impl Points {
    /// The number of places, and their length.
    pub(super) fn room(dimension: usize, form: Form) -> [usize; 2] {
        [PLACES, width(dimension, form)]
    }

    /// Those in a room.
    pub(super) fn of(all: Tensor, dimension: usize, metric: Metric) -> Points {
        Points { places: Places { all, width: width(dimension, metric.form) }, dimension, metric }
    }

    fn vector(self, place: Tensor, k: usize) -> Tensor {
        self.places.read(place, k * self.dimension, self.dimension)
    }

    /// What a step goes on from, with this momentum.
    pub(super) fn edge(self, place: Tensor, momentum: Tensor) -> Edge {
        let force = match self.metric.form {
            Form::Diagonal => self.metric.force(self.vector(place, 1)),
            Form::Dense => self.vector(place, 2),
        };
        Edge { position: self.vector(place, 0), momentum, force }
    }

    /// The point in a place.
    pub(super) fn proposal(self, place: Tensor) -> Proposal {
        let first = vectors(self.metric.form) * self.dimension;
        let scalar = |k: usize| self.places.read(place, first + k, 1).at(0);
        Proposal {
            position: self.vector(place, 0),
            gradient: self.vector(place, 1),
            log_density: scalar(0),
            gain: scalar(1),
            // A whole number, which statistics want as a float.
            index: scalar(2),
        }
    }

    /// The points with one in a place.
    pub(super) fn with(self, place: Tensor, point: &Proposal, force: Tensor) -> Points {
        let vectors = [point.position, point.gradient, force].into_iter().take(vectors(self.metric.form));
        let scalars = [point.log_density, point.gain, point.index.convert(self.places.all.dtype())];
        let parts: Vec<Tensor> = vectors.chain(scalars.map(|x| x.reshape(&[1]))).collect();
        Points { places: self.places.write(place, &parts), ..self }
    }

    /// These places, a bit for each.
    pub(super) fn taken(places: &[Tensor]) -> Tensor {
        places.iter().map(|place| int(1) << *place).reduce(|bits, bit| bits | bit).unwrap_or_else(|| int(0))
    }

    /// A place that is none of those taken.
    pub(super) fn free(taken: Tensor) -> Tensor {
        // The number of ones at the end.
        (taken & !(taken + 1i64)).popcount()
    }
}

/// The number of vectors of a point.
fn vectors(form: Form) -> usize {
    match form {
        Form::Diagonal => 2,
        Form::Dense => 3,
    }
}

/// The length of a point, of whole registers.
fn width(dimension: usize, form: Form) -> usize {
    (vectors(form) * dimension + SCALARS).next_multiple_of(4)
}
