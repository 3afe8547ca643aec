//! Order: what stands left of what, in each box, so that few edges cross each other or boxes that they do not enter.

use super::layers::Layers;

/// What stands in a box: a point or a box.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Item {
    Point(usize),
    Box(usize),
}

/// What stands in each box from left to right; the first list is of what is in no box.
pub(super) type Order = Vec<Vec<Item>>;

/// How much a crossing of two edges weighs, and one of an edge with a box, against a place that an edge goes sideways.
const CROSSING: f64 = 10.0;
const BOX_CROSSING: f64 = 15.0;
const SIDEWAYS: f64 = 0.1;

/// Pairs of segments that the search may compare in all: a tenth of a second.
const WORK: usize = 20_000_000;

/// The order of fewest crossings that a search finds: it sorts by the means of neighbours, then moves single items.
pub(super) fn order(layers: &Layers) -> Order {
    let mut best = initial(layers);
    let mut least = cost(layers, &best);
    let mut order = best.clone();
    for sweep in 0..8 {
        sort_by_neighbours(layers, &mut order, sweep % 2 == 0);
        let found = cost(layers, &order);
        if found < least {
            (best, least) = (order.clone(), found);
        }
    }
    let mut evaluations =
        WORK / (1 + layers.points.len() + layers.segments.len().pow(2) / layers.ranks.max(1));
    while improve(layers, &mut best, &mut least, &mut evaluations) {}
    best
}

fn initial(layers: &Layers) -> Order {
    let mut order: Order = vec![Vec::new(); layers.boxes.len() + 1];
    let place = |inside: Option<usize>| inside.map_or(0, |b| b + 1);
    // A box stands where its first node does.
    for (i, point) in layers.points.iter().enumerate() {
        let mut item = Item::Point(i);
        let mut inside = point.inside;
        loop {
            let list = &mut order[place(inside)];
            if list.contains(&item) {
                break;
            }
            list.push(item);
            let Some(b) = inside else { break };
            (item, inside) = (Item::Box(b), layers.boxes[b].inside);
        }
    }
    order
}

/// Where points and boxes stand in their ranks, counted from the left.
struct Places {
    points: Vec<f64>,
    /// For each box and rank of its span: where it starts, and where what follows starts.
    boxes: Vec<Vec<(f64, f64)>>,
    lengths: Vec<f64>,
}

impl Places {
    fn of(layers: &Layers, order: &Order) -> Places {
        let boxes = layers.boxes.iter().map(|b| vec![(0.0, 0.0); b.last + 1 - b.first]).collect();
        let mut places =
            Places { points: vec![0.0; layers.points.len()], boxes, lengths: vec![0.0; layers.ranks] };
        places.walk(layers, order, 0);
        places
    }

    fn walk(&mut self, layers: &Layers, order: &Order, list: usize) {
        for item in &order[list] {
            match *item {
                Item::Point(p) => {
                    let next = &mut self.lengths[layers.points[p].rank];
                    self.points[p] = *next;
                    *next += 1.0;
                }
                Item::Box(b) => {
                    let ranks = layers.boxes[b].first..=layers.boxes[b].last;
                    let starts: Vec<f64> = ranks.clone().map(|r| self.lengths[r]).collect();
                    self.walk(layers, order, b + 1);
                    for (i, (rank, start)) in ranks.zip(starts).enumerate() {
                        // Where nothing stands in it at this rank, the box still takes a place.
                        self.lengths[rank] = self.lengths[rank].max(start + 1.0);
                        self.boxes[b][i] = (start, self.lengths[rank]);
                    }
                }
            }
        }
    }
}

fn cost(layers: &Layers, order: &Order) -> f64 {
    let places = Places::of(layers, order);
    let mut cost = 0.0;
    for (i, &(a, b)) in layers.segments.iter().enumerate() {
        let (rank, x, y) = (layers.points[a].rank, places.points[a], places.points[b]);
        for &(c, d) in &layers.segments[..i] {
            if layers.points[c].rank == rank && (x - places.points[c]) * (y - places.points[d]) < 0.0 {
                cost += CROSSING;
            }
        }
        for (span, at) in layers.boxes.iter().zip(&places.boxes) {
            if span.first <= rank && rank < span.last {
                let side =
                    |x: f64, (start, end): (f64, f64)| if x < start { -1 } else { i32::from(x >= end) };
                let here = side(x, at[rank - span.first]);
                if here * side(y, at[rank + 1 - span.first]) == -1 {
                    cost += BOX_CROSSING;
                }
            }
        }
        let sideways = (x - places.lengths[rank] / 2.0) - (y - places.lengths[rank + 1] / 2.0);
        cost += SIDEWAYS * sideways.abs();
    }
    cost
}

/// Sorts each box's items by the mean place of what their points are joined to, above (`down`) or below.
fn sort_by_neighbours(layers: &Layers, order: &mut Order, down: bool) {
    let places = Places::of(layers, order);
    let centred = |p: usize| places.points[p] - places.lengths[layers.points[p].rank] / 2.0;
    let mut wish: Vec<(f64, f64)> = vec![(0.0, 0.0); layers.points.len()];
    for &(a, b) in &layers.segments {
        let (p, neighbour) = if down { (b, a) } else { (a, b) };
        wish[p].0 += centred(neighbour);
        wish[p].1 += 1.0;
    }
    let own = |p: usize| if wish[p].1 > 0.0 { wish[p].0 / wish[p].1 } else { centred(p) };
    let key = |item: &Item| match *item {
        Item::Point(p) => own(p),
        Item::Box(b) => {
            let inside: Vec<f64> =
                (0..layers.points.len()).filter(|p| layers.holds(b, *p)).map(own).collect();
            inside.iter().sum::<f64>() / inside.len().max(1) as f64
        }
    };
    for list in order {
        let mut keyed: Vec<(f64, Item)> = list.iter().map(|item| (key(item), *item)).collect();
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
        *list = keyed.into_iter().map(|(_, item)| item).collect();
    }
}

/// Moves each item to where it costs least; whether one has moved.
fn improve(layers: &Layers, order: &mut Order, least: &mut f64, evaluations: &mut usize) -> bool {
    let before = *least;
    for list in 0..order.len() {
        for item in order[list].clone() {
            let Some(from) = order[list].iter().position(|i| *i == item) else { continue };
            let mut to = from;
            for place in (0..order[list].len()).filter(|p| *p != from) {
                let Some(left) = evaluations.checked_sub(1) else { return false };
                *evaluations = left;
                let mut moved = order.clone();
                moved[list].remove(from);
                moved[list].insert(place, item);
                let found = cost(layers, &moved);
                if found < *least - 1e-9 {
                    (*least, to) = (found, place);
                }
            }
            order[list].remove(from);
            order[list].insert(to, item);
        }
    }
    *least < before
}
