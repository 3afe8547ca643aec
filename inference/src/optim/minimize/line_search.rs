//! A line search for a step size that satisfies the strong Wolfe conditions.

use pyroxene_frontend::{DType, Leaf, Tensor, Tree, value_and_grad, while_loop};

use super::zoom::{Zoom, zoom};

/// How much of the decrease that the slope promises must come about.
const C1: f64 = 1e-4;
/// How much of the slope may be left.
const C2: f64 = 0.9;

/// A point on the line: the step size, the function there, its slope along the line.
#[derive(Tree, Clone, Copy)]
pub(super) struct Point<L: Leaf = Tensor> {
    pub(super) a: L,
    pub(super) phi: L,
    pub(super) slope: L,
}

impl Point {
    /// `x` where `on` holds, else `y`.
    pub(super) fn select(on: Tensor, x: Point, y: Point) -> Point {
        Point { a: on.select(x.a, y.a), phi: on.select(x.phi, y.phi), slope: on.select(x.slope, y.slope) }
    }
}

/// The function along a line.
pub(super) struct Line<'a> {
    fun: &'a dyn Fn(Tensor) -> Tensor,
    x: Tensor,
    direction: Tensor,
    start: Point,
}

impl Line<'_> {
    /// The point at a step size, and the gradient there.
    pub(super) fn at(&self, a: Tensor) -> (Point, Tensor) {
        let x = self.x + a * self.direction;
        let (phi, g) = value_and_grad(|x: &Tensor| (self.fun)(*x))(&x);
        (Point { a, phi, slope: g.dot(self.direction) }, g)
    }

    /// Whether the function decreases too little: the first condition fails.
    pub(super) fn too_high(&self, p: Point) -> Tensor {
        p.phi.greater(self.start.phi + C1 * p.a * self.start.slope)
    }

    /// Whether the slope is small enough: the second condition holds.
    pub(super) fn flat(&self, p: Point) -> Tensor {
        p.slope.abs().less_equal(-C2 * self.start.slope)
    }
}

/// Where a search starts: the point, value and gradient there, and the value one iteration before.
pub(super) struct Start {
    pub(super) x: Tensor,
    pub(super) f: Tensor,
    pub(super) g: Tensor,
    pub(super) f_before: Tensor,
}

/// What a search has found.
pub(super) struct Found {
    pub(super) failed: Tensor,
    /// 0: a step size; 1: zooming in failed; 3: too many step sizes.
    pub(super) status: Tensor,
    pub(super) evaluations: Tensor,
    pub(super) a: Tensor,
    pub(super) f: Tensor,
    pub(super) g: Tensor,
}

/// The state between two step sizes.
#[derive(Tree, Clone)]
struct Search<L: Leaf = Tensor> {
    done: L,
    failed: L,
    i: L,
    before: Point<L>,
    evaluations: L,
    star: Point<L>,
    star_g: L,
}

/// A step size along `direction` that satisfies the strong Wolfe conditions (Nocedal and Wright, algorithm 3.5), trying
/// `most` step sizes, each twice the one before (`jax.scipy.optimize`'s line search).
pub(super) fn line_search(
    fun: &dyn Fn(Tensor) -> Tensor,
    from: &Start,
    direction: Tensor,
    most: usize,
) -> Found {
    let slope = from.g.dot(direction);
    let start = Point { a: Tensor::from(0.0).convert(slope.dtype()), phi: from.f, slope };
    let line = Line { fun, x: from.x, direction, start };
    let guess = 1.01 * 2.0 * (from.f - from.f_before) / slope;
    let first = guess.greater(1.0).select(1.0, guess);
    let init = Search {
        done: false.into(),
        failed: false.into(),
        i: 1i64.into(),
        before: start,
        evaluations: 0i64.into(),
        star: start,
        star_g: from.g,
    };
    let end =
        while_loop(init, |s| !s.done & s.i.less_equal(most) & !s.failed, |s| trial(&line, s, first, from.g));
    Found {
        failed: end.failed | !end.done,
        status: end.failed.select(1i64, end.i.greater(most).select(3i64, 0i64)),
        evaluations: end.evaluations,
        a: no_standstill(end.star.a),
        f: end.star.phi,
        g: end.star_g,
    }
}

/// Tries the next step size, and zooms in where it brackets a good one.
fn trial(line: &Line<'_>, s: &Search, first: Tensor, g: Tensor) -> Search {
    let a = s.i.equal(1i64).select(first, s.before.a * 2.0);
    let (at, at_g) = line.at(a);
    let rising = at.phi.greater_equal(s.before.phi) & s.i.greater(1i64);
    let between = line.too_high(at) | rising;
    let good = line.flat(at) & !between;
    let beyond = at.slope.greater_equal(0.0) & !between & !good;
    let zooming = between | beyond;
    let lo = Point::select(between, s.before, at);
    let hi = Point::select(between, at, s.before);
    let Zoom { failed, evaluations, star, star_g, .. } = zoom(line, lo, hi, g, zooming);
    Search {
        done: s.done | zooming | good,
        failed: s.failed | (zooming & failed),
        i: s.i + 1i64,
        before: at,
        evaluations: s.evaluations + 1i64 + evaluations,
        star: Point::select(zooming, star, Point::select(good, at, s.star)),
        star_g: zooming.select(star_g, good.select(at_g, s.star_g)),
    }
}

/// In single precision a step size too small to move anything is made larger.
fn no_standstill(a: Tensor) -> Tensor {
    if a.dtype() == DType::F64 {
        return a;
    }
    a.abs().less(1e-8).select(a.sign() * 1e-8, a)
}
