//! Routes: the curve of each edge, from the rim of its source to that of its target.

use super::{
    layers::Layers,
    place::{NODE_HEIGHT, Placed, Rect},
};

/// A point of the plane.
pub(super) type Spot = (f64, f64);

/// How far an edge stays from the rim of its target: the arrow's head ends there.
const HEAD: f64 = 1.0;

/// A curve: where it starts, and cubic pieces, each of two controls and an end.
pub(super) struct Curve {
    pub(super) start: Spot,
    pub(super) pieces: Vec<[Spot; 3]>,
}

impl Curve {
    /// Spots along it, close to each other.
    pub(super) fn spots(&self) -> impl Iterator<Item = Spot> + '_ {
        let starts = std::iter::once(self.start).chain(self.pieces.iter().map(|p| p[2]));
        starts.zip(&self.pieces).flat_map(|(start, [a, b, end])| {
            (0..=40).map(move |i| {
                let t = f64::from(i) / 40.0;
                let s = 1.0 - t;
                let at = |p: fn(Spot) -> f64| {
                    s * s * s * p(start) + 3.0 * t * s * (s * p(*a) + t * p(*b)) + t * t * t * p(*end)
                };
                (at(|p| p.0), at(|p| p.1))
            })
        })
    }
}

/// The curves of all edges.
pub(super) fn routes(layers: &Layers, placed: &Placed) -> Vec<Curve> {
    layers.routes.iter().map(|route| curve(layers, placed, route)).collect()
}

/// A straight line where it meets no box that is not its own; else it runs straight down past the boxes of each rank,
/// and bends between ranks.
fn curve(layers: &Layers, placed: &Placed, route: &[usize]) -> Curve {
    // Upright stops are passed straight down.
    let mut stops: Vec<(Spot, bool)> = Vec::new();
    let last = route.len().saturating_sub(1);
    for (i, p) in route.iter().enumerate() {
        let ((x, y), (above, below)) = (placed.points[*p], placed.margins[layers.points[*p].rank]);
        let bends =
            |pair: Option<&[usize]>| pair.is_some_and(|pair| blocked(layers, placed, pair[0], pair[1]));
        let (top, bottom) = (y - NODE_HEIGHT / 2.0, y + NODE_HEIGHT / 2.0);
        match i {
            0 if !bends(route.get(..2)) => stops.push(((x, y), false)),
            0 => stops.extend([((x, bottom), true), ((x, bottom + below), true)]),
            i if i < last => stops.extend([((x, top - above), true), ((x, bottom + below), true)]),
            i if !bends(route.get(i - 1..)) => stops.push(((x, y), false)),
            _ => stops.extend([((x, top - above), true), ((x, top - HEAD), true)]),
        }
    }
    let mut pieces: Vec<[Spot; 3]> =
        stops.windows(2).filter(|pair| pair[0].0 != pair[1].0).map(piece).collect();
    let width = |p: Option<&usize>| p.map_or(0.0, |p| layers.points[*p].width);
    let mut start = stops.first().map_or((0.0, 0.0), |s| s.0);
    if let (Some((centre, false)), Some(first)) = (stops.first(), pieces.first()) {
        start = rim(*centre, first[0], width(route.first()), 0.0);
    }
    if let (Some((centre, false)), Some([_, control, end])) = (stops.last(), pieces.last_mut()) {
        *end = rim(*centre, *control, width(route.last()), HEAD);
    }
    Curve { start, pieces }
}

/// The cubic between two stops; an upright one is passed straight down.
fn piece(stops: &[(Spot, bool)]) -> [Spot; 3] {
    let (((ax, ay), a_upright), ((bx, by), b_upright)) = (stops[0], stops[1]);
    let third = ((bx - ax) / 3.0, (by - ay) / 3.0);
    let first = if a_upright { (ax, ay + 0.45 * (by - ay)) } else { (ax + third.0, ay + third.1) };
    let second = if b_upright { (bx, by - 0.45 * (by - ay)) } else { (bx - third.0, by - third.1) };
    [first, second, (bx, by)]
}

/// Where the line from the centre of a node towards `to` leaves its ellipse, and `beyond` it.
fn rim((x, y): Spot, to: Spot, width: f64, beyond: f64) -> Spot {
    let (dx, dy) = (to.0 - x, to.1 - y);
    let length = dx.hypot(dy);
    let scaled = (dx / (width / 2.0).max(1.0)).hypot(dy / (NODE_HEIGHT / 2.0));
    if length == 0.0 || scaled == 0.0 {
        return (x, y);
    }
    let t = 1.0 / scaled + beyond / length;
    (x + t * dx, y + t * dy)
}

/// Whether the straight line between two points meets a box that holds neither.
fn blocked(layers: &Layers, placed: &Placed, a: usize, b: usize) -> bool {
    let foreign = (0..layers.boxes.len()).filter(|i| !layers.holds(*i, a) && !layers.holds(*i, b));
    foreign.map(|i| placed.boxes[i]).any(|rect| meets(placed.points[a], placed.points[b], rect))
}

/// Whether a line meets a rectangle (Liang and Barsky, 1984).
fn meets((x, y): Spot, (to_x, to_y): Spot, rect: Rect) -> bool {
    let (dx, dy) = (to_x - x, to_y - y);
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (p, q) in [(-dx, x - rect.left), (dx, rect.right - x), (-dy, y - rect.top), (dy, rect.bottom - y)] {
        if p == 0.0 {
            if q < 0.0 {
                return false;
            }
        } else if p < 0.0 {
            enter = enter.max(q / p);
        } else {
            leave = leave.min(q / p);
        }
    }
    enter < leave
}
