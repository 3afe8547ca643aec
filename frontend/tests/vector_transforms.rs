//! Bijections of vectors and matrices against mpmath and NumPyro (`tests/golden/vector_transforms.json`), and against
//! Jacobians by forward differentiation.
#![allow(clippy::panic, reason = "a test that cannot go on says why")]

mod common;

use std::rc::Rc;

use common::{
    Within, assert_close, errors, evaluate, filled, golden, gradient, list, numbers, text, variable,
};
use pyroxene_frontend::{
    Array, DType, Ellipsis, Tensor,
    constraints::{self, Support},
    jacfwd,
    transforms::{self, *},
};

fn constraint(name: &str) -> Option<Support> {
    Some(match name {
        "ordered_vector" => constraints::ordered_vector(),
        "positive_ordered_vector" => constraints::positive_ordered_vector(),
        "simplex" => constraints::simplex(),
        "l1_ball" => constraints::l1_ball(),
        "corr_cholesky" => constraints::corr_cholesky(),
        "corr_matrix" => constraints::corr_matrix(),
        "lower_cholesky" => constraints::lower_cholesky(),
        "softplus_lower_cholesky" => constraints::softplus_lower_cholesky(),
        "scaled_unit_lower_cholesky" => constraints::scaled_unit_lower_cholesky(),
        "positive_definite" => constraints::positive_definite(),
        "zero_sum(1)" => constraints::zero_sum(1),
        "softplus_positive" => constraints::softplus_positive(),
        _ => return None,
    })
}

fn transform(name: &str) -> Rc<dyn Transform> {
    if let Some(constraint) = constraint(name) {
        return constraint.bijector().unwrap_or_else(|| panic!("{name}: no bijection"));
    }
    match name {
        "LowerCholeskyAffine" => {
            let tril = filled(vec![3, 3], vec![2.0, 0.0, 0.0, -1.0, 0.5, 0.0, 0.25, 3.0, 1e-3]);
            Rc::new(LowerCholeskyAffine::new([0.5, -1.0, 2.0], tril))
        }
        "Power(1.5)" => Rc::new(Power::new(1.5)),
        "Power(-2)" => Rc::new(Power::new(-2.0)),
        "SimplexToOrdered(0)" => Rc::new(SimplexToOrdered::new(0.0)),
        _ => panic!("no transform `{name}`"),
    }
}

/// NumPyro's transforms of whole results that are one matrix or vector: the sum of log determinants.
fn log_det(t: &dyn Transform, x: Tensor) -> Tensor {
    t.log_abs_det_jacobian(x, t.forward(x)).sum()
}

/// The weights of the sum whose derivative is recorded.
fn weights(n: usize) -> Array {
    Array::from((0..n).map(|i| 0.25 + 0.5 * ((7 * i) % 5) as f64 - 0.75 * (i % 2) as f64).collect::<Vec<_>>())
}

fn largest(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |m, x| x.abs().max(m))
}

#[test]
fn maps_and_jacobians_are_the_exact_ones() {
    let golden = golden("vector_transforms");
    let mut compared = 0;
    for case in list(&golden["cases"]) {
        let name = text(&case["name"]);
        for point in list(&case["points"]) {
            let what = format!("{name} {}", point["x"]);
            let x = numbers(&point["x"]);
            let at = || variable(&Array::from(x.clone()));
            let expected = |key: &str| numbers(&point[key]["values"]);
            let n = expected("forward").len();
            let (weighted, slope) = gradient(|| {
                let u = at();
                (transform(name).forward(u).ravel() * Tensor::from(weights(n)), vec![u])
            });
            let y = evaluate(|| vec![transform(name).forward(at())]).swap_remove(0).to_f64_vec();
            let (det, det_slope) = gradient(|| {
                let u = at();
                (log_det(&*transform(name), u), vec![u])
            });
            assert_eq!(weighted.to_f64_vec().len(), n, "{what}");
            // An exponential has the rounding of its argument as relative error; the least normal number stands for less.
            let (size, top) = (largest(&x).min(750.0), largest(&expected("forward")));
            let rel = 4.0 * f64::EPSILON * (2.0 + size);
            // Sums of several terms, such as cumulative ones, round to the largest.
            let within = Within { rel, abs: 2.0 * f64::EPSILON * top.min(2.0) + 3e-308 };
            assert_close((&what, "forward"), &y, &expected("forward"), within);
            let abs = f64::EPSILON * (8.0 + size) * largest(&expected("log_det")).max(x.len() as f64);
            let within = Within { rel: 2.0 * f64::EPSILON, abs };
            assert_close((&what, "log det"), &det.to_f64_vec(), &expected("log_det"), within);
            let (slope, det_slope) = (free(name, &slope[0]), free(name, &det_slope[0]));
            let own = expected("slope");
            let within = Within { rel: 4.0 * rel, abs: 8.0 * f64::EPSILON * largest(&own).max(1.0) };
            assert_close((&what, "slope"), &slope, &own, within);
            let own = expected("log_det_slope");
            let within = Within { rel: 4.0 * rel, abs: 8.0 * f64::EPSILON * largest(&own).max(1.0) };
            assert_close((&what, "slope of log det"), &det_slope, &own, within);
            compared += 4;
        }
        for point in list(&case["inverse"]) {
            let y = numbers(&point["y"]);
            let found = evaluate(|| vec![transform(name).inverse(Tensor::from(Array::from(y.clone())))]);
            let within = Within { rel: 4.0 * f64::EPSILON, abs: 4.0 * f64::EPSILON };
            assert_close((name, &y), &found[0].to_f64_vec(), &numbers(&point["values"]), within);
            compared += 1;
        }
    }
    assert!(compared > 250, "{compared}");
}

/// A derivative by the elements that determine the others: the last probability is one less the rest.
fn free(name: &str, slope: &Array) -> Vec<f64> {
    let mut slope = slope.to_f64_vec();
    if name.starts_with("SimplexToOrdered") {
        let last = slope.pop().unwrap_or_default();
        slope.iter_mut().for_each(|s| *s -= last);
    }
    slope
}

/// Each transform with arguments in its domain, and the elements that determine a result.
fn moderate() -> Vec<(&'static str, Rc<dyn Transform>, Tensor, Elements)> {
    let vector = |x: &[f64]| Tensor::from(Array::from(x.to_vec()));
    let (three, six) = ([0.7, -1.2, 0.4], [0.3, -0.2, 0.5, 1.0, -1.5, 0.1]);
    let mut out: Vec<(&'static str, Rc<dyn Transform>, Tensor, Elements)> = vec![
        ("SimplexToOrdered", Rc::new(SimplexToOrdered::new(0.75)), vector(&[0.5, 0.25, 0.25]), Elements::All),
        ("Permute", Rc::new(Permute::new(&[2, 0, 1])), vector(&three), Elements::All),
        ("Reshape", Rc::new(Reshape::new(&[2, 3], &[6])), vector(&six), Elements::All),
        (
            "Affine",
            Rc::new(transforms::Independent::new(Rc::new(Affine::new(1.0, [2.0, -0.5, 3.0])), 1)),
            vector(&three),
            Elements::All,
        ),
        (
            "LowerCholeskyAffine",
            Rc::new(LowerCholeskyAffine::new(
                [0.5, -1.0, 2.0],
                filled(vec![3, 3], vec![2.0, 0.0, 0.0, -1.0, 0.5, 0.0, 0.25, 3.0, 0.8]),
            )),
            vector(&three),
            Elements::All,
        ),
        ("Inverse", Rc::new(Inverse::new(Ordered)), vector(&[-1.0, 0.5, 2.0]), Elements::All),
        ("ZeroSum", Rc::new(ZeroSum::new(1)), vector(&three), Elements::Image),
    ];
    for name in ["ordered_vector", "positive_ordered_vector", "l1_ball", "softplus_positive"] {
        out.push((name, transform(name), vector(&three), Elements::All));
    }
    out.push(("simplex", transform("simplex"), vector(&three), Elements::ButLast));
    out.push(("corr_cholesky", transform("corr_cholesky"), vector(&six), Elements::Triangle(-1)));
    out.push(("corr_matrix", transform("corr_matrix"), vector(&six), Elements::Triangle(-1)));
    for name in
        ["lower_cholesky", "softplus_lower_cholesky", "scaled_unit_lower_cholesky", "positive_definite"]
    {
        out.push((name, transform(name), vector(&six), Elements::Triangle(0)));
    }
    out
}

/// Which elements of a result determine the others.
#[derive(Clone, Copy)]
enum Elements {
    All,
    ButLast,
    Triangle(isize),
    /// All, on a subspace.
    Image,
}

#[test]
fn log_determinants_are_those_of_jacobians() {
    let mut names = Vec::new();
    let found = evaluate(|| {
        let mut out = Vec::new();
        for (name, t, x, elements) in moderate() {
            let jacobian = match name {
                // By all but the last probability.
                "SimplexToOrdered" => jacfwd(|x: &Tensor| {
                    let last = (1.0 - x.sum()).reshape(&[1]);
                    t.forward(Tensor::concatenate(&[*x, last]))
                })(&x.at(..2)),
                _ => jacfwd(|x: &Tensor| match elements {
                    Elements::Triangle(k) => t.forward(*x).matrix_to_tril_vec(k),
                    Elements::ButLast => t.forward(*x).at((Ellipsis, ..-1)),
                    Elements::All | Elements::Image => t.forward(*x).ravel(),
                })(&x),
            };
            let by_jacobian = match elements {
                Elements::Image => 0.5 * jacobian.matrix_transpose().matmul(jacobian).slogdet().1,
                _ => jacobian.slogdet().1,
            };
            out.extend([by_jacobian, log_det(&*t, x)]);
            names.push(name);
        }
        out
    });
    assert_eq!(names.len(), 18);
    for (name, pair) in names.iter().zip(found.chunks_exact(2)) {
        // A handful of terms of the order of one, on both sides.
        let within = Within { rel: 1e-14, abs: 1e-14 };
        assert_close(name, &pair[1].to_f64_vec(), &pair[0].to_f64_vec(), within);
    }
}

#[test]
fn inverses_undo_and_dimensions_follow() {
    let mut cases = Vec::new();
    let found = evaluate(|| {
        let mut out = Vec::new();
        for (name, t, x, _) in moderate() {
            let mut batch = vec![2, 1];
            batch.extend(x.dims());
            let shift = Tensor::from([1.0, 0.75]).reshape(&[2, 1]).expand_dims(-1);
            let x = if name == "SimplexToOrdered" { x.broadcast_to(&batch) } else { x * shift };
            let y = t.forward(x);
            assert_eq!(y.dims(), t.forward_dims(&x.dims()), "{name}");
            assert_eq!(x.dims(), t.inverse_dims(&y.dims()), "{name}");
            let det = t.log_abs_det_jacobian(x, y);
            let events = if name == "softplus_positive" { 3 } else { 1 };
            assert_eq!(det.dims().iter().product::<usize>(), 2 * events, "{name}");
            out.extend([x, t.inverse(y), det.at(0).sum(), log_det(&*t, x.at((0, 0)))]);
            cases.push(name);
        }
        out
    });
    for (name, four) in cases.iter().zip(found.chunks_exact(4)) {
        let within = Within { rel: 0.0, abs: 2e-14 };
        assert_close((name, "inverse"), &four[1].to_f64_vec(), &four[0].to_f64_vec(), within);
        assert_close((name, "batch"), &four[2].to_f64_vec(), &four[3].to_f64_vec(), within);
    }
}

/// Far from zero the inverse is that of the rounded result: shares of a stick keep their digits at both ends.
#[test]
fn extremes_come_back() {
    let far = [-300.0, -40.0, 0.0, 40.0, 300.0];
    let found = evaluate(|| {
        let mut out = Vec::new();
        for (i, a) in far.iter().enumerate() {
            let u = Tensor::from([*a, far[(i + 2) % 5] / 10.0, 1.5]);
            for name in ["simplex", "corr_cholesky", "lower_cholesky", "softplus_lower_cholesky"] {
                let t = transform(name);
                out.extend([u, t.inverse(t.forward(u))]);
            }
        }
        out
    });
    for (i, pair) in found.chunks_exact(2).enumerate() {
        // Where a share rounds to one, what is left of it still has its digits.
        let within = Within { rel: 1e-13, abs: 2e-14 };
        assert_close(("case", i), &pair[1].to_f64_vec(), &pair[0].to_f64_vec(), within);
    }
}

#[test]
fn results_satisfy_their_constraints_in_both_precisions() {
    let names = [
        "ordered_vector",
        "positive_ordered_vector",
        "simplex",
        "l1_ball",
        "corr_cholesky",
        "corr_matrix",
        "lower_cholesky",
        "softplus_lower_cholesky",
        "scaled_unit_lower_cholesky",
        "positive_definite",
        "zero_sum(1)",
    ];
    let found = evaluate(|| {
        let mut out = Vec::new();
        for name in names {
            for dtype in [DType::F64, DType::F32] {
                for u in [[0.7, -1.2, 0.4], [1.0, 1.5, -2.0], [0.0, 0.0, 0.0]] {
                    let support = constraint(name).unwrap_or_else(|| panic!("{name}"));
                    let t = transform(name);
                    let y = t.forward(Tensor::from(u).convert(dtype));
                    assert_eq!(y.dtype(), dtype, "{name}");
                    assert_eq!(t.inverse(y).dtype(), dtype, "{name}");
                    let feasible = support.feasible_like(y);
                    assert_eq!(feasible.ty(), y.ty(), "{name}");
                    let holds = support.check(y);
                    assert_eq!(holds.rank(), 0, "{name}");
                    out.extend([holds, support.check(feasible)]);
                }
            }
        }
        out
    });
    for (i, holds) in found.iter().enumerate() {
        assert_eq!(holds.as_slice(), Some(&[true][..]), "{} {i}", names[i / 12]);
    }
}

/// Values outside each constraint, one step beyond.
#[test]
fn checks_refuse_what_lies_outside() {
    let nan = f64::NAN;
    let vectors: [(&str, &[f64]); 12] = [
        ("ordered_vector", &[0.0, 0.0]),
        ("ordered_vector", &[1.0, nan]),
        ("positive_ordered_vector", &[0.0, 1.0]),
        ("positive_ordered_vector", &[2.0, 1.0]),
        ("simplex", &[0.5, 0.5 + 2e-6]),
        ("simplex", &[-0.1, 1.1]),
        ("simplex", &[nan, 1.0]),
        ("l1_ball", &[0.5, -0.5 - 1e-12]),
        ("zero_sum(1)", &[1.0, -1.0 + 1e-12]),
        ("zero_sum(1)", &[nan, 0.0]),
        ("sphere", &[0.6, 0.8 + 1e-12]),
        ("real_vector", &[0.0, f64::INFINITY]),
    ];
    let matrices: [(&str, [f64; 4]); 12] = [
        ("lower_cholesky", [1.0, 1e-300, 0.0, 1.0]),
        ("lower_cholesky", [1.0, 0.0, 0.0, 0.0]),
        ("lower_cholesky", [nan, 0.0, 0.0, 1.0]),
        ("corr_cholesky", [1.0, 0.0, 0.6, 0.8 + 1e-12]),
        ("corr_cholesky", [1.0, 0.0, 0.6, -0.8]),
        ("corr_matrix", [1.0, 0.5, 0.5, 1.0 + 2e-6]),
        ("corr_matrix", [1.0, 1.0, 1.0, 1.0]),
        ("corr_matrix", [1.0, 0.5, 0.4, 1.0]),
        ("positive_definite", [1.0, 2.0, 2.0, 1.0]),
        ("positive_definite", [1.0, 0.5, 0.4, 1.0]),
        ("positive_definite", [nan, 0.0, 0.0, 1.0]),
        ("positive_semidefinite", [1.0, 2.0, 2.0, 1.0]),
    ];
    let of = |name: &str| match name {
        "sphere" => constraints::sphere(),
        "real_vector" => constraints::real_vector(),
        "positive_semidefinite" => constraints::positive_semidefinite(),
        _ => constraint(name).unwrap_or_else(|| panic!("{name}")),
    };
    let found = evaluate(|| {
        let vectors = vectors.iter().map(|(name, x)| of(name).check(Tensor::from(Array::from(x.to_vec()))));
        let matrices =
            matrices.iter().map(|(name, x)| of(name).check(Tensor::from(filled(vec![2, 2], x.to_vec()))));
        let singular = Tensor::from(filled(vec![2, 2], vec![1.0, 0.0, 0.0, 0.0]));
        let on_sphere = constraints::sphere().check(Tensor::from([0.6, 0.8]));
        let semi = constraints::positive_semidefinite().check(singular);
        vectors.chain(matrices).chain([!on_sphere, !semi]).collect()
    });
    assert_eq!(found.len(), 26);
    for (i, holds) in found.iter().enumerate() {
        assert_eq!(holds.as_slice(), Some(&[false][..]), "{i}");
    }
}

#[test]
fn counts_must_sum_to_their_total() {
    let found = evaluate(|| {
        let of = constraints::multinomial(Array::from([3i64, 4]));
        let x = Tensor::from(filled(vec![2, 3], vec![1i64, 2, 0, 1, 2, 0]));
        let prototype = Tensor::from(filled(vec![2, 3], vec![0i64; 6]));
        let negative = constraints::multinomial(3i64).check(Tensor::from([4.0, -1.0]));
        let broken = constraints::multinomial(3i64).check(Tensor::from([1.5, 1.5]));
        vec![of.check(x), of.check(of.feasible_like(prototype)), negative, broken]
    });
    assert_eq!(found[0], Array::from([true, false]));
    assert_eq!(found[1], Array::from([true, true]));
    assert_eq!((found[2].as_slice(), found[3].as_slice()), (Some(&[false][..]), Some(&[false][..])));
}

#[test]
fn sums_along_several_dimensions_are_zero() {
    let found = evaluate(|| {
        let t = ZeroSum::new(2);
        let x = Tensor::from([0.5, -1.0, 2.0, 0.25, 3.0, 1.0]).reshape(&[2, 3]);
        let y = t.forward(x);
        assert_eq!((y.dims().to_vec(), t.inverse_dims(&[3, 4]).to_vec()), (vec![3, 4], vec![2, 3]));
        let holds = constraints::zero_sum(2).check(y);
        vec![y.sum_axis(-1), y.sum_axis(-2), t.inverse(y) - x, y.square().sum() - x.square().sum(), holds]
    });
    for zero in &found[..4] {
        assert!(largest(&zero.to_f64_vec()) < 1e-14, "{zero:?}");
    }
    assert_eq!(found[4].as_slice(), Some(&[true][..]));
}

/// NumPyro's `codomain`, by the bounds of a domain and the sign of a factor.
#[test]
fn images_of_intervals_are_intervals() {
    let inf = f64::INFINITY;
    type Case = (fn() -> Support, fn() -> Rc<dyn Transform>, f64, f64);
    let cases: [Case; 8] = [
        (constraints::real, || Rc::new(Exp), 0.0, inf),
        (|| constraints::greater_than(0.0), || Rc::new(Exp), 1.0, inf),
        (|| constraints::less_than(0.0), || Rc::new(Exp), 0.0, 1.0),
        (|| constraints::interval(-1.0, 2.0), || Rc::new(Affine::new(1.0, -2.0)), -3.0, 3.0),
        (constraints::positive, || Rc::new(Affine::new(1.0, -2.0)), -inf, 1.0),
        (constraints::positive, || Rc::new(Affine::new(1.0, 2.0)), 1.0, inf),
        (constraints::unit_interval, || Rc::new(Affine::new(1.0, 2.0)), 1.0, 3.0),
        (constraints::real, || Rc::new(Sigmoid), 0.0, 1.0),
    ];
    let found = evaluate(|| {
        let ends = |(domain, by, ..): &Case| {
            let image = constraints::image(domain(), by());
            assert_eq!(image.event_dim(), 0);
            let ends = image.bounds().unwrap_or_else(|| panic!("{}", image.describe()));
            [ends.low.unwrap_or(Tensor::from(-inf)), ends.high.unwrap_or(Tensor::from(inf))]
        };
        cases.iter().flat_map(ends).collect()
    });
    for (i, (pair, case)) in found.chunks_exact(2).zip(&cases).enumerate() {
        assert_eq!((pair[0].to_f64_vec(), pair[1].to_f64_vec()), (vec![case.2], vec![case.3]), "{i}");
    }
}

/// A domain that a transform does not name: its values are those that map back into it, under its own bijection.
#[test]
fn other_images_ask_the_inverse() {
    let found = evaluate(|| {
        let positive = constraints::independent(constraints::positive(), 1);
        let image = constraints::image(positive, Rc::new(Ordered));
        assert_eq!((image.event_dim(), image.is_discrete(), image.bounds().is_none()), (1, false, true));
        let inside = image.feasible_like(Tensor::from([0.0, 0.0, 0.0]));
        let t = image.bijector().unwrap_or_else(|| panic!("a bijection"));
        let y = t.forward(Tensor::from([-1.0, 0.5, 2.0]));
        // x₁ = ln(y₁ − y₀) is positive where the distance is above one.
        let close = image.check(Tensor::from([1.0, 1.5, 9.0]));
        vec![image.check(inside), image.check(y), !close]
    });
    assert!(found.iter().all(|x| x.as_slice() == Some(&[true][..])), "{found:?}");
}

#[test]
fn vectors_that_fill_no_triangle_are_reported() {
    for t in [transform("lower_cholesky"), transform("corr_cholesky"), transform("softplus_lower_cholesky")] {
        let found = errors(|| vec![t.forward(Tensor::from([1.0, 2.0]))]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("a last size of 1, 3, 6"), "{found:?}");
    }
}

#[test]
fn a_permutation_takes_each_position_once() {
    let found = errors(|| vec![Permute::new(&[0, 2, 2]).forward(Tensor::from([1.0, 2.0, 3.0]))]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("[0, 2, 2] is no permutation"), "{found:?}");
}

#[test]
fn the_signs_of_slopes_are_known_for_functions_of_numbers() {
    let found = evaluate(|| {
        let parts: [Rc<dyn Transform>; 2] = [Rc::new(Exp), Rc::new(Affine::new(1.0, -2.0))];
        assert!(Ordered.sign().is_none() && Abs.sign().is_none());
        let signs =
            [Compose::new(parts).sign(), Power::new([2.0, -1.0]).sign(), Inverse::new(Softplus).sign()];
        signs.into_iter().flatten().collect()
    });
    assert_eq!(found[0].to_f64_vec(), [-1.0]);
    assert_eq!(found[1].to_f64_vec(), [1.0, -1.0]);
    assert_eq!(found[2].to_f64_vec(), [1.0]);
}
