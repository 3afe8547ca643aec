//! Layers: each node of a drawing gets a rank, and long edges get a point at each rank that they pass.

/// What is to be laid out. Edges run from earlier nodes to later ones.
pub(super) struct Sketch {
    /// The width of each node, and the box it is in.
    pub(super) nodes: Vec<(f64, Option<usize>)>,
    /// For each box the one around it and the width of its label; a box comes after the one around it.
    pub(super) boxes: Vec<(Option<usize>, f64)>,
    /// Source and target of each edge.
    pub(super) edges: Vec<(usize, usize)>,
}

/// A node, or a place where an edge passes a rank.
pub(super) struct Point {
    pub(super) rank: usize,
    /// The innermost box around it.
    pub(super) inside: Option<usize>,
    pub(super) width: f64,
    pub(super) is_node: bool,
}

/// A box with the ranks that it spans.
pub(super) struct Span {
    pub(super) inside: Option<usize>,
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) label: f64,
}

/// A drawing cut into ranks.
pub(super) struct Layers {
    /// The nodes, then the places where edges pass.
    pub(super) points: Vec<Point>,
    pub(super) boxes: Vec<Span>,
    /// The points of each edge, from source to target, one a rank.
    pub(super) routes: Vec<Vec<usize>>,
    /// Pairs of points of neighbouring ranks that an edge joins.
    pub(super) segments: Vec<(usize, usize)>,
    /// The number of ranks.
    pub(super) ranks: usize,
}

impl Layers {
    pub(super) fn of(sketch: &Sketch) -> Layers {
        let rank = ranks(sketch.nodes.len(), &sketch.edges);
        let point = |(i, (width, inside)): (usize, &(f64, Option<usize>))| Point {
            rank: rank[i],
            inside: *inside,
            width: *width,
            is_node: true,
        };
        let points: Vec<Point> = sketch.nodes.iter().enumerate().map(point).collect();
        let boxes = spans(&sketch.boxes, &points);
        let ranks = rank.iter().max().map_or(0, |r| r + 1);
        let mut layers = Layers { points, boxes, routes: Vec::new(), segments: Vec::new(), ranks };
        for &(from, to) in &sketch.edges {
            let mut route = vec![from];
            for rank in layers.points[from].rank + 1..layers.points[to].rank {
                let inside = layers.room(from, to, rank);
                layers.points.push(Point { rank, inside, width: 0.0, is_node: false });
                route.push(layers.points.len() - 1);
            }
            route.push(to);
            layers.segments.extend(route.windows(2).map(|pair| (pair[0], pair[1])));
            layers.routes.push(route);
        }
        layers
    }

    /// The boxes around a point or box whose innermost one is `inside`, from the inside out.
    pub(super) fn around(&self, inside: Option<usize>) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(inside, |b| self.boxes[*b].inside)
    }

    /// Whether the point lies in the box.
    pub(super) fn holds(&self, b: usize, point: usize) -> bool {
        self.around(self.points[point].inside).any(|a| a == b)
    }

    /// The box in which the edge passes `rank`: it stays in the boxes of its ends while these last, so that it leaves one
    /// through its bottom and enters the other through its top.
    fn room(&self, from: usize, to: usize, rank: usize) -> Option<usize> {
        let within = |end: usize, other: usize| {
            let mut own = self.around(self.points[end].inside).filter(|b| !self.holds(*b, other));
            own.find(|b| (self.boxes[*b].first..=self.boxes[*b].last).contains(&rank))
        };
        match (within(from, to), within(to, from)) {
            (Some(b), None) | (None, Some(b)) => Some(b),
            _ => self.around(self.points[from].inside).find(|b| self.holds(*b, to)),
        }
    }
}

/// The longest path to each node; then nodes that have more edges out than in go down to what they feed.
fn ranks(nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut rank = vec![0; nodes];
    let mut sorted = edges.to_vec();
    sorted.sort_unstable();
    for &(from, to) in &sorted {
        rank[to] = rank[to].max(rank[from] + 1);
    }
    for node in (0..nodes).rev() {
        let out: Vec<usize> = edges.iter().filter(|e| e.0 == node).map(|e| rank[e.1]).collect();
        let arriving = edges.iter().filter(|e| e.1 == node).count();
        if let Some(first) = out.iter().min()
            && out.len() > arriving
        {
            rank[node] = first - 1;
        }
    }
    rank
}

/// The ranks that each box spans: those of the nodes inside.
fn spans(boxes: &[(Option<usize>, f64)], points: &[Point]) -> Vec<Span> {
    let span = |(inside, label): &(Option<usize>, f64)| Span {
        inside: *inside,
        first: usize::MAX,
        last: 0,
        label: *label,
    };
    let mut spans: Vec<Span> = boxes.iter().map(span).collect();
    for point in points {
        let mut inside = point.inside;
        while let Some(b) = inside {
            spans[b].first = spans[b].first.min(point.rank);
            spans[b].last = spans[b].last.max(point.rank);
            inside = spans[b].inside;
        }
    }
    spans
}
