//! Places: coordinates for points and boxes, once their order is known.

use super::{
    layers::{Layers, Point},
    order::{Item, Order},
};

/// The height of a node.
pub(super) const NODE_HEIGHT: f64 = 36.0;
/// Between a box and what is in it; below, there is the label too.
const PAD: f64 = 14.0;
const LABEL: f64 = 18.0;
/// Between ranks, where no box ends or begins.
const RANK_GAP: f64 = 44.0;
/// Between neighbours of one rank, and beside an edge that passes.
const GAP: f64 = 22.0;
const EDGE_GAP: f64 = 14.0;

/// A rectangle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rect {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

/// Where everything is.
pub(super) struct Placed {
    /// The centre of each point.
    pub(super) points: Vec<(f64, f64)>,
    pub(super) boxes: Vec<Rect>,
    /// How far boxes reach above and below the nodes of each rank: edges run straight down there.
    pub(super) margins: Vec<(f64, f64)>,
    pub(super) width: f64,
    pub(super) height: f64,
}

pub(super) fn place(layers: &Layers, order: &Order) -> Placed {
    let (xs, edges, width) = Across::new(layers, order).solve();
    let margins: Vec<(f64, f64)> = (0..layers.ranks).map(|rank| margins(layers, rank)).collect();
    let mut y = 0.0;
    let mut ys = Vec::with_capacity(layers.ranks);
    for (above, below) in &margins {
        y += above + NODE_HEIGHT / 2.0;
        ys.push(y);
        y += NODE_HEIGHT / 2.0 + below + RANK_GAP;
    }
    let points = layers.points.iter().zip(&xs).map(|(p, x)| (*x, ys[p.rank])).collect();
    let rect = |(b, (left, right)): (usize, &(f64, f64))| {
        let span = &layers.boxes[b];
        let top = ys[span.first] - reach(layers, b, Side::Top);
        Rect { left: *left, top, right: *right, bottom: ys[span.last] + reach(layers, b, Side::Bottom) }
    };
    let boxes = edges.iter().enumerate().map(rect).collect();
    Placed { points, boxes, margins, width, height: (y - RANK_GAP).max(0.0) }
}

#[derive(Clone, Copy)]
enum Side {
    Top,
    Bottom,
}

impl Side {
    fn pad(self) -> f64 {
        match self {
            Side::Top => PAD,
            Side::Bottom => PAD + LABEL,
        }
    }

    /// Whether the box ends here on this side.
    fn ends(self, layers: &Layers, b: usize, rank: usize) -> bool {
        match self {
            Side::Top => layers.boxes[b].first == rank,
            Side::Bottom => layers.boxes[b].last == rank,
        }
    }

    fn rank(self, layers: &Layers, b: usize) -> usize {
        match self {
            Side::Top => layers.boxes[b].first,
            Side::Bottom => layers.boxes[b].last,
        }
    }
}

/// How far a box reaches beyond the centres of its outermost rank: over each box inside that ends there too.
fn reach(layers: &Layers, b: usize, side: Side) -> f64 {
    let rank = side.rank(layers, b);
    let here = layers.points.iter().filter(|p| p.rank == rank);
    let depth = |p: &Point| {
        let mut ending = layers.around(p.inside).filter(|a| side.ends(layers, *a, rank));
        ending.position(|a| a == b)
    };
    NODE_HEIGHT / 2.0 + (here.filter_map(depth).max().unwrap_or(0) + 1) as f64 * side.pad()
}

/// How far boxes reach above and below the nodes of a rank.
fn margins(layers: &Layers, rank: usize) -> (f64, f64) {
    let deepest = |side: Side| {
        let here = layers.points.iter().filter(|p| p.rank == rank);
        let depths = here.map(|p| layers.around(p.inside).filter(|b| side.ends(layers, *b, rank)).count());
        depths.max().unwrap_or(0) as f64 * side.pad()
    };
    (deepest(Side::Top), deepest(Side::Bottom))
}

/// Horizontal places: positions under conditions that one be at least so far right of another.
///
/// Positions are those of the points, then for each box and last for the whole drawing the left and the right edge.
struct Across<'a> {
    layers: &'a Layers,
    at: Vec<f64>,
    /// Left, right, and the least distance between them.
    apart: Vec<(usize, usize, f64)>,
}

impl<'a> Across<'a> {
    fn new(layers: &'a Layers, order: &Order) -> Across<'a> {
        let edges = 2 * (layers.boxes.len() + 1);
        let mut across = Across { layers, at: vec![0.0; layers.points.len() + edges], apart: Vec::new() };
        for (list, items) in order.iter().enumerate() {
            // The first list is the whole drawing, whose edges come last.
            let b = list.checked_sub(1).unwrap_or(layers.boxes.len());
            let label = layers.boxes.get(b).map_or(0.0, |span| span.label);
            across.apart.push((across.left(b), across.right(b), label + 2.0 * PAD));
            for item in items {
                let ((left, before), (right, after)) = across.ends(*item);
                across.apart.push((across.left(b), left, before + PAD));
                across.apart.push((right, across.right(b), after + PAD));
            }
            across.keep_neighbours_apart(items);
        }
        across
    }

    fn keep_neighbours_apart(&mut self, items: &[Item]) {
        for rank in 0..self.layers.ranks {
            let here: Vec<Item> = items.iter().copied().filter(|i| spans(self.layers, *i, rank)).collect();
            for pair in here.windows(2) {
                let passing = |i: &Item| matches!(i, Item::Point(p) if !self.layers.points[*p].is_node);
                let gap = if pair.iter().any(passing) { EDGE_GAP } else { GAP };
                let ((_, (left, after)), ((right, before), _)) = (self.ends(pair[0]), self.ends(pair[1]));
                let distance = (left, right, after + gap + before);
                if !self.apart.contains(&distance) {
                    self.apart.push(distance);
                }
            }
        }
    }

    fn left(&self, b: usize) -> usize {
        self.layers.points.len() + 2 * b
    }

    fn right(&self, b: usize) -> usize {
        self.left(b) + 1
    }

    /// The positions of an item's left and right ends, and how far it reaches beyond them.
    fn ends(&self, item: Item) -> ((usize, f64), (usize, f64)) {
        match item {
            Item::Point(p) => {
                let half = self.layers.points[p].width / 2.0;
                ((p, half), (p, half))
            }
            Item::Box(b) => ((self.left(b), 0.0), (self.right(b), 0.0)),
        }
    }

    /// Draws points to the mean of what they are joined to and boxes together, as far as there is room; returns the
    /// points' places, the boxes' edges and the width of all.
    fn solve(mut self) -> (Vec<f64>, Vec<(f64, f64)>, f64) {
        self.push_right();
        for _ in 0..(200_000 / (1 + self.at.len())).clamp(30, 500) {
            self.draw_together();
            self.push_apart(8);
        }
        self.push_apart(100);
        self.push_right();
        let origin = self.at[self.left(self.layers.boxes.len())] + PAD;
        let boxes = (0..self.layers.boxes.len()).map(|b| self.tight(b));
        let boxes = boxes.map(|(l, r)| (l - origin, r - origin)).collect();
        let points = self.at[..self.layers.points.len()].iter().map(|x| x - origin).collect();
        let width = self.at[self.right(self.layers.boxes.len())] - PAD - origin;
        (points, boxes, width.max(0.0))
    }

    /// The edges of a box as near as what is in it lets them be.
    fn tight(&self, b: usize) -> (f64, f64) {
        let (left, right) = (self.left(b), self.right(b));
        let inside = |i: usize| i != left && i != right;
        let starts =
            self.apart.iter().filter(|(l, r, _)| *l == left && inside(*r)).map(|(_, r, d)| self.at[*r] - d);
        let ends =
            self.apart.iter().filter(|(l, r, _)| *r == right && inside(*l)).map(|(l, _, d)| self.at[*l] + d);
        let (start, end) = (starts.fold(f64::MAX, f64::min), ends.fold(f64::MIN, f64::max));
        let least = self.layers.boxes[b].label + 2.0 * PAD;
        // Room for the label is taken where there is some.
        let missing = (least - (end - start)).max(0.0);
        let before = missing.min(start - self.at[left]).max(0.0);
        (start - before, end + missing - before)
    }

    fn draw_together(&mut self) {
        let mut pull = vec![(0.0, 0.0); self.layers.points.len()];
        for &(a, b) in &self.layers.segments {
            // Long edges are to be straight, as in Gansner et al. (1993), "A technique for drawing directed graphs".
            let weight = match (self.layers.points[a].is_node, self.layers.points[b].is_node) {
                (true, true) => 1.0,
                (false, false) => 8.0,
                _ => 2.0,
            };
            for (p, other) in [(a, b), (b, a)] {
                pull[p].0 += weight * self.at[other];
                pull[p].1 += weight;
            }
        }
        for (x, (sum, weight)) in self.at.iter_mut().zip(pull) {
            if weight > 0.0 {
                *x += 0.5 * (sum / weight - *x);
            }
        }
        for b in 0..=self.layers.boxes.len() {
            let (left, right) = (self.left(b), self.right(b));
            let closer = 0.04 * (self.at[right] - self.at[left]);
            self.at[left] += closer;
            self.at[right] -= closer;
        }
    }

    /// Moves apart what is too close, both to the same extent.
    fn push_apart(&mut self, passes: usize) {
        for _ in 0..passes {
            let mut done = true;
            for &(left, right, distance) in &self.apart {
                let lack = self.at[left] + distance - self.at[right];
                if lack > 1e-3 {
                    done = false;
                    self.at[left] -= lack / 2.0;
                    self.at[right] += lack / 2.0;
                }
            }
            if done {
                break;
            }
        }
    }

    /// Moves to the right what is too close to something left of it, until all conditions hold: nothing is right of
    /// itself, so that there are no more passes than positions.
    fn push_right(&mut self) {
        for _ in 0..=self.at.len() {
            let mut done = true;
            for &(left, right, distance) in &self.apart {
                if self.at[right] < self.at[left] + distance {
                    // Rounding must not start it again.
                    done &= self.at[right] > self.at[left] + distance - 1e-6;
                    self.at[right] = self.at[left] + distance;
                }
            }
            if done {
                break;
            }
        }
    }
}

/// Whether the item takes room at the rank.
fn spans(layers: &Layers, item: Item, rank: usize) -> bool {
    match item {
        Item::Point(p) => layers.points[p].rank == rank,
        Item::Box(b) => (layers.boxes[b].first..=layers.boxes[b].last).contains(&rank),
    }
}
