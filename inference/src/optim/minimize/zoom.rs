//! Zooming in on a good step size between two others.

use pyroxene_frontend::{DType, Leaf, Tensor, Tree, while_loop};

use super::line_search::{Line, Point};

/// How near to the ends a trial of the cubic or the quadratic may be, in shares of the bracket.
const CUBIC_MARGIN: f64 = 0.2;
const QUADRATIC_MARGIN: f64 = 0.1;
/// The most trials.
const MOST: i64 = 30;

/// The state between two trials: the bracket's ends, the lower one first; the end replaced last; the best so far.
#[derive(Tree, Clone)]
pub(super) struct Zoom<L: Leaf = Tensor> {
    pub(super) done: L,
    pub(super) failed: L,
    j: L,
    lo: Point<L>,
    hi: Point<L>,
    recent: Point<L>,
    pub(super) star: Point<L>,
    pub(super) star_g: L,
    pub(super) evaluations: L,
}

/// A step size between `lo` and `hi` that satisfies the strong Wolfe conditions (Nocedal and Wright, algorithm 3.6), by
/// cubic and quadratic interpolation and bisection; nothing where `zooming` is false. `g` is the gradient at the start.
pub(super) fn zoom(line: &Line<'_>, lo: Point, hi: Point, g: Tensor, zooming: Tensor) -> Zoom {
    let mean = |x: Tensor, y: Tensor| (x + y) / 2.0;
    let one = Tensor::from(1.0).convert(lo.a.dtype());
    let init = Zoom {
        done: false.into(),
        failed: false.into(),
        j: 0i64.into(),
        lo,
        hi,
        recent: Point { a: mean(lo.a, hi.a), phi: mean(lo.phi, hi.phi), slope: lo.slope },
        star: Point { a: one, ..lo },
        star_g: g,
        evaluations: 0i64.into(),
    };
    while_loop(init, |s| !s.done & zooming & !s.failed, |s| trial(line, s))
}

fn trial(line: &Line<'_>, s: &Zoom) -> Zoom {
    let width = s.hi.a - s.lo.a;
    // JAX tests the signed width here, and so gives up at every bracket that is turned round.
    let narrow = width.abs().less_equal(if width.dtype() == DType::F64 { 1e-10 } else { 1e-5 });
    let (at, at_g) = line.at(next(s, width));
    let to_hi = line.too_high(at) | at.phi.greater_equal(s.lo.phi);
    let found = line.flat(at) & !to_hi;
    let to_lo = !to_hi & !found;
    let turned = to_lo & (at.slope * width).greater_equal(0.0);
    let j = s.j + 1i64;
    Zoom {
        done: s.done | found,
        failed: s.failed | narrow | j.greater_equal(MOST),
        j,
        lo: Point::select(to_lo, at, s.lo),
        hi: Point::select(to_hi, at, Point::select(turned, s.lo, s.hi)),
        recent: Point::select(to_hi | turned, s.hi, Point::select(to_lo, s.lo, s.recent)),
        star: Point::select(found, at, s.star),
        star_g: found.select(at_g, s.star_g),
        evaluations: s.evaluations + 1i64,
    }
}

/// The next step size to try: the cubic's minimum, else the quadratic's, each if well inside, else the middle.
fn next(s: &Zoom, width: Tensor) -> Tensor {
    let (left, right) = (s.hi.a.minimum(s.lo.a), s.hi.a.maximum(s.lo.a));
    let inside = |a: Tensor, margin: f64| a.greater(left + margin * width) & a.less(right - margin * width);
    let (cubic, quadratic) = (cubic_minimum(s), quadratic_minimum(s));
    let by_cubic = s.j.greater(0i64) & inside(cubic, CUBIC_MARGIN);
    let by_quadratic = inside(quadratic, QUADRATIC_MARGIN);
    by_cubic.select(cubic, by_quadratic.select(quadratic, (s.lo.a + s.hi.a) / 2.0))
}

/// The minimum of the cubic through the ends and the end replaced last, with the lower end's slope; may be NaN.
fn cubic_minimum(s: &Zoom) -> Tensor {
    let c = s.lo.slope;
    let (db, dc) = (s.hi.a - s.lo.a, s.recent.a - s.lo.a);
    let denominator = (db * dc).square() * (db - dc);
    let (fb, fc) = (s.hi.phi - s.lo.phi - c * db, s.recent.phi - s.lo.phi - c * dc);
    let a = (dc.square() * fb - db.square() * fc) / denominator;
    let b = (-dc.powi(3) * fb + db.powi(3) * fc) / denominator;
    let radical = b * b - 3.0 * a * c;
    s.lo.a + (-b + radical.sqrt()) / (3.0 * a)
}

/// The minimum of the parabola through the ends, with the lower end's slope.
fn quadratic_minimum(s: &Zoom) -> Tensor {
    let c = s.lo.slope;
    let db = s.hi.a - s.lo.a;
    let b = (s.hi.phi - s.lo.phi - c * db) / db.square();
    s.lo.a - c / (2.0 * b)
}
