//! Layouts of many made-up drawings: nothing overlaps, and boxes hold what is theirs and nothing else.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::{
    layers::{Layers, Sketch},
    order::order,
    place::{NODE_HEIGHT, Placed, Rect, place},
};

/// A generator of small numbers (Knuth's MMIX constants): the same drawings each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % n
    }
}

/// Up to twelve nodes in up to four boxes, in which boxes lie too, with an edge for every other pair or fewer.
fn sketch(dice: &mut Dice) -> Sketch {
    let (n, m) = (1 + dice.below(12), dice.below(5));
    let boxes = (0..m).map(|b| (Some(dice.below(b + 1)).filter(|outer| *outer < b), dice.below(90) as f64));
    let boxes: Vec<_> = boxes.collect();
    let node = |i: usize, dice: &mut Dice| {
        // Every box has a node of its own, as plates have.
        let own = if i < m { i } else { dice.below(m + 1) };
        (20.0 + dice.below(150) as f64, Some(own).filter(|b| *b < m))
    };
    let nodes: Vec<_> = (0..n.max(m)).map(|i| node(i, dice)).collect();
    let sparse = 2 + dice.below(4);
    let pairs = (0..nodes.len()).flat_map(|to| (0..to).map(move |from| (from, to)));
    let edges = pairs.collect::<Vec<_>>().into_iter().filter(|_| dice.below(sparse) == 0).collect();
    Sketch { nodes, boxes, edges }
}

fn rect(layers: &Layers, placed: &Placed, p: usize) -> Rect {
    let ((x, y), half) = (placed.points[p], layers.points[p].width / 2.0);
    Rect { left: x - half, right: x + half, top: y - NODE_HEIGHT / 2.0, bottom: y + NODE_HEIGHT / 2.0 }
}

/// Whether two rectangles share more than a hair.
fn overlap(a: Rect, b: Rect) -> bool {
    let hair = 0.01;
    a.left + hair < b.right && b.left + hair < a.right && a.top + hair < b.bottom && b.top + hair < a.bottom
}

fn holds(outer: Rect, inner: Rect) -> bool {
    let hair = 0.01;
    outer.left <= inner.left + hair
        && inner.right <= outer.right + hair
        && outer.top <= inner.top + hair
        && inner.bottom <= outer.bottom + hair
}

#[test]
fn nothing_overlaps_and_boxes_hold_what_is_theirs() {
    let mut dice = Dice(0);
    for case in 0..150 {
        let sketch = sketch(&mut dice);
        let layers = Layers::of(&sketch);
        let placed = place(&layers, &order(&layers));
        let nodes: Vec<Rect> = (0..sketch.nodes.len()).map(|p| rect(&layers, &placed, p)).collect();
        let whole = Rect { left: 0.0, top: 0.0, right: placed.width, bottom: placed.height };
        for (p, node) in nodes.iter().enumerate() {
            assert!(nodes[..p].iter().all(|other| !overlap(*node, *other)), "{case}: node {p}");
            assert!(holds(whole, *node), "{case}: node {p} in the drawing");
            for (b, rect) in placed.boxes.iter().enumerate() {
                if layers.holds(b, p) {
                    assert!(holds(*rect, *node), "{case}: node {p} in box {b}: {rect:?} {node:?}");
                } else {
                    assert!(!overlap(*rect, *node), "{case}: node {p} outside box {b}: {rect:?} {node:?}");
                }
            }
        }
        for (b, rect) in placed.boxes.iter().enumerate() {
            let around: Vec<usize> = layers.around(layers.boxes[b].inside).collect();
            for (c, other) in placed.boxes[..b].iter().enumerate() {
                let fits = if around.contains(&c) { holds(*other, *rect) } else { !overlap(*other, *rect) };
                assert!(fits, "{case}: box {b} and box {c}: {rect:?} {other:?}");
            }
        }
        // Passing edges keep off nodes of their rank and off boxes that they do not enter.
        for (p, point) in layers.points.iter().enumerate().filter(|(_, point)| !point.is_node) {
            let (x, y) = placed.points[p];
            assert!(
                nodes.iter().all(|n| !(n.left < x && x < n.right && n.top < y && y < n.bottom)),
                "{case}"
            );
            let foreign = (0..placed.boxes.len()).filter(|b| !layers.holds(*b, p)).map(|b| placed.boxes[b]);
            for rect in foreign {
                let inside = rect.left < x && x < rect.right && rect.top < y && y < rect.bottom;
                assert!(!inside, "{case}: edge at rank {}", point.rank);
            }
        }
    }
}

#[test]
fn edges_run_down() {
    let mut dice = Dice(1);
    for _ in 0..50 {
        let layers = Layers::of(&sketch(&mut dice));
        assert!(layers.segments.iter().all(|(a, b)| layers.points[*a].rank + 1 == layers.points[*b].rank));
    }
}
