//! The sampler's parts in the interpreter: NumPyro's numbers, and turning trees against a recursion.
#![allow(clippy::unwrap_used, clippy::panic)]

use pyroxene_frontend::{Tensors, prelude::*, record};
use pyroxene_ir::{
    eval::eval,
    passes::{Query, Settings},
};
use serde_json::Value;

use super::{
    dual_averaging::DualAveraging,
    generator::{Generator, squares},
    learner::{Draw, Learner, Learning},
    metric::Form,
    normals::pairs,
    places::Places,
    refinement::{Refinement, blocks},
    schedule::build_adaptation_schedule,
    spread::Spread,
    trajectory::int,
    turning::{Checkpoints, rows},
    welford::Welford,
    windows::Choosing,
};

fn values(f: impl FnOnce() -> Vec<Tensor>) -> Vec<Vec<f64>> {
    let graph = record(f).unwrap();
    let graph = Settings::default().run(&graph, Query::Evaluate, &mut |_| {}).unwrap();
    eval(&graph, &[]).unwrap().iter().map(Array::to_f64_vec).collect()
}

fn golden(path: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("../../tests/golden/adaptation.json")).unwrap();
    all.pointer(path).unwrap().clone()
}

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// The tree with constants for its arrays.
fn constants<T: Tree<Array>>(tree: &T) -> T::With<Tensor>
where
    T::With<Tensor>: Tensors,
{
    let filled = tree.try_map(&mut pyroxene_frontend::Path::default(), &mut |_, x: &Array| {
        Ok::<_, std::convert::Infallible>(Tensor::from(x.clone()))
    });
    match filled {
        Ok(tree) => tree,
        Err(never) => match never {},
    }
}

/// A few roundings: the same arithmetic in another order.
fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (x, y) in found.iter().zip(expected) {
        assert!((x - y).abs() <= 1e-13 * y.abs().max(1.0), "{x} and {y}");
    }
}

#[test]
fn dual_averaging_is_numpyros() {
    let case = golden("/dual_averaging");
    let found = values(|| {
        let mut state = constants(&DualAveraging::new(case["step_size"].as_f64().unwrap(), DType::F64));
        let mut out = Vec::new();
        for g in floats(&case["g"]) {
            state = state.update(Tensor::from(g));
            out.push(Tensor::stack(&[state.log_step, state.log_step_avg]));
        }
        out
    });
    for (found, expected) in found.iter().zip(case["log_step_and_average"].as_array().unwrap()) {
        close(found, &floats(expected));
    }
}

#[test]
fn welford_is_numpyros() {
    for (name, form) in [("diagonal", Form::Diagonal), ("dense", Form::Dense)] {
        let case = golden(&format!("/welford/{name}"));
        let mut welford = Welford::new(3, form);
        floats(&case["draws"]).chunks(3).for_each(|draw| welford.see(draw));
        let found = welford.regularized().unwrap();
        // Sums of squares of deviations around 30² lose a few digits to cancellation.
        for (x, y) in found.iter().zip(&floats(&case["covariance"])) {
            assert!((x - y).abs() <= 1e-12 * y.abs().max(1.0), "{name}: {x} and {y}");
        }
    }
}

/// A pair of correlation 0.6 and variances 1, whose gradients' largest variance is 2.5: Fisher's deviations, squared 0.8, make
/// both largest variances 2. A trajectory crosses 1.6 as well as 2, so what counts is the number of steps, a tenth less.
#[test]
fn a_direction_that_is_crossed_costs_nothing() {
    let mut choosing = Choosing::new(2);
    for z in normals(400, 2) {
        let position = [z[0], 0.6 * z[0] + 0.8 * z[1]];
        let across = (position[1] - 0.6 * position[0]) / 0.64;
        let gradient = [0.6 * across - position[0], -across];
        choosing.see(&Draw { position: &position, gradient: &gradient, ..DRAW });
    }
    let deviations = choosing.factor().unwrap().to_f64_vec();
    // Half way to the 1 of variances is twice the error of a mean of two deviations of 400 draws.
    assert!(deviations.iter().sum::<f64>() / 2.0 < 0.95, "{deviations:?}");
}

/// A transition of a step, of no coordinates.
const DRAW: Draw<'_> = Draw { position: &[], gradient: &[], index: 1.0, is_diverging: false, accept: 1.0 };

/// Of 400 transitions, 8 of the last 350 diverge: 160/7 times as many as are tolerated. Those of the first 50 count for nothing.
#[test]
fn chains_that_diverge_aim_higher() {
    let mut choosing = Choosing::new(0);
    assert_eq!(choosing.target_accept(0.8), 0.8);
    for every in [50, 400] {
        for i in 0..400 {
            let is_diverging = i < 50 || (every == 50 && i % 50 < 1) || (every == 50 && i == 399);
            choosing.see(&Draw { is_diverging, ..DRAW });
        }
        choosing.factor();
        let expected = if every == 50 { 1.0 - 0.2 * (7.0f64 / 160.0).cbrt() } else { 0.8 };
        close(&[choosing.target_accept(0.8)], &[expected]);
    }
}

/// Rejections that go with the square of the step, and meet each target at one half. Were they the logarithm's line, ten blocks
/// would leave 1 / 11 of an error of 0.36; the square, which is flatter below, leaves more there.
#[test]
fn refinement_comes_to_the_target() {
    for target in [0.6, 0.8, 0.95, 0.99] {
        for (start, most) in [(0.35, 0.1), (0.5, 1e-9), (0.7, 0.1)] {
            let mut refinement = Refinement::new(start, target);
            let mut size: f64 = start;
            for transitions in blocks(100) {
                for _ in 0..transitions {
                    let accept = 1.0 - (1.0 - target) * (size / 0.5).powi(2);
                    refinement.see(&Draw { accept, ..DRAW });
                }
                size = refinement.step_size();
            }
            assert!((size / 0.5).ln().abs() < most, "target {target} from {start}: {size}");
        }
    }
}

/// A block in which nothing is accepted takes a step to e⁻¹ at the least: it is five times the rejections asked for or less.
#[test]
fn one_block_does_not_undo_all() {
    for target in [0.1, 0.8, 0.999_999] {
        let mut refinement = Refinement::new(1.0, target);
        refinement.see(&Draw { accept: 0.0, ..DRAW });
        let size = refinement.step_size();
        assert!(size >= f64::exp(-1.0) && size < 1.0, "target {target}: {size}");
    }
}

#[test]
fn stretches_and_refinement_make_up_the_warmup() {
    for learning in [Learning::Auto, Learning::Variances, Learning::Covariances, Learning::Fisher] {
        for warmup in [0, 1, 9, 10, 25, 150, 1000, 12_345] {
            let stretches: usize = learning.stretches(warmup).iter().map(|s| s.transitions).sum();
            let refining: usize = blocks(learning.refining(warmup)).sum();
            assert_eq!(stretches + refining, warmup, "{learning:?}");
        }
    }
}

/// Vectors of deterministic pseudo-random normal numbers: sums of twelve uniform ones.
fn normals(n: usize, dimension: usize) -> Vec<Vec<f64>> {
    let mut bits = 0x1234_5678_9abc_def1_u64;
    let mut uniform = || {
        bits = bits.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        (bits >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut normal = || (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
    (0..n).map(|_| (0..dimension).map(|_| normal()).collect()).collect()
}

/// `(3, 4) / 5` is the direction of the largest variance, 50 / 4; across it is 2.46 / 4, and the two are not correlated.
#[test]
fn the_largest_spread_is_the_largest_eigenvalue() {
    let mut spread = Spread::new(2);
    for [a, b] in [[0.0, 1.0], [0.0, -1.2], [5.0, 0.1], [-5.0, 0.1]] {
        spread.see(&[0.6 * a - 0.8 * b, 0.8 * a + 0.6 * b]);
    }
    close(&[spread.largest(&[1.0, 1.0])], &[50.0 / 4.0]);
    close(&[spread.largest(&[0.5, 0.5])], &[50.0 / 16.0]);
}

/// A pair of correlation 0.95, alone or beside eleven coordinates of correlation 0.5, all of variance 1. By hand, largest
/// variances of draws and of gradients: by variances 1.95 and 20 for the pair, 6 and 2 for the eleven; Fisher's deviations,
/// squared 0.312 and 0.739, make them 6.2 and 6.2, 8.1 and 1.5. So the costs are 8.9 and 15.6 alone, 26.8 and 20.2 together.
#[test]
fn the_cheaper_metric_is_chosen() {
    let (far, near) = (0.5f64.sqrt(), (1.0f64 - 0.95 * 0.95).sqrt());
    for (others, is_fisher) in [(0, false), (11, true)] {
        let mut choosing = Choosing::new(2 + others);
        for z in normals(400, 3 + others) {
            let mut position = vec![z[1], 0.95 * z[1] + near * z[2]];
            let across = (position[1] - 0.95 * position[0]) / (near * near);
            let mut gradient = vec![0.95 * across - position[0], -across];
            let x: Vec<f64> = z[3..].iter().map(|own| far * (z[0] + own)).collect();
            let sum: f64 = x.iter().sum();
            gradient.extend(x.iter().map(|x| -2.0 * (x - sum / 12.0)));
            position.extend(x);
            choosing.see(&Draw { position: &position, gradient: &gradient, ..DRAW });
        }
        let deviations = choosing.factor().unwrap().to_f64_vec();
        // Deviations of 400 draws are 4 in a hundred off, or five of these.
        let expected = if is_fisher { [0.312f64.sqrt(), 0.739f64.sqrt()] } else { [1.0, 1.0] };
        for (found, expected) in deviations.iter().zip([expected[0]; 2].into_iter().chain([expected[1]; 11]))
        {
            assert!((found / expected - 1.0).abs() < 0.2, "{found} and {expected}");
        }
    }
}

#[test]
fn the_schedule_is_numpyros() {
    for (n, windows) in golden("/schedules").as_object().unwrap() {
        let expected: Vec<Vec<f64>> = windows.as_array().unwrap().iter().map(floats).collect();
        let found = build_adaptation_schedule(n.parse().unwrap());
        let found: Vec<Vec<f64>> = found.iter().map(|w| w.iter().map(|x| *x as f64).collect()).collect();
        assert_eq!(found, expected, "{n}");
    }
}

#[test]
fn squares_are_those_of_the_definition() {
    let case = golden("/squares64");
    let word = |pair: &Value| {
        let words = floats(pair);
        ((words[0] as u64) << 32) | words[1] as u64
    };
    let key = word(&case["key"]);
    let counters: Vec<u64> = case["counters"].as_array().unwrap().iter().map(word).collect();
    let expected: Vec<u64> = case["values"].as_array().unwrap().iter().map(word).collect();
    let found = values(|| {
        let found = squares(Tensor::from(Array::scalar(key)), Tensor::from(Array::from(&counters[..])));
        vec![found >> 32, found & Tensor::from(Array::scalar(u64::from(u32::MAX)))]
    });
    for (i, expected) in expected.iter().enumerate() {
        assert_eq!(((found[0][i] as u64) << 32) | found[1][i] as u64, *expected, "counter {i}");
    }
}

/// Of 4096 numbers the mean, the variance and the correlation with the next stream's are within five standard errors: a
/// right generator fails with probability 1e-5 over all, at other keys; this one is fixed.
#[test]
fn streams_are_normal_and_independent() {
    for generator in [Generator::Squares, Generator::Threefry] {
        let n = 4096;
        let found = values(|| {
            let key = Tensor::from(Array::from([0x1234_5679_u32, 0x9abc_def1]));
            let key = generator.prepared(key);
            let stream = |i: i64| generator.stream(key, Tensor::from(Array::scalar(i)), DType::F64, [n, 10]);
            let uniform = |i: i32| stream(3).uniform(int(i));
            vec![
                stream(3).normals(n),
                stream(4).normals(n),
                Tensor::stack(&[uniform(0), uniform(1), uniform(9)]),
                stream(3).bits(),
            ]
        });
        let (a, b) = (&found[0], &found[1]);
        let mean = |f: &dyn Fn(usize) -> f64| (0..n).map(f).sum::<f64>() / n as f64;
        let root = (n as f64).sqrt();
        assert!((mean(&|i| a[i]) * root).abs() < 5.0, "{generator:?}");
        assert!(((mean(&|i| a[i] * a[i]) - 1.0) * root / 2f64.sqrt()).abs() < 5.0, "{generator:?}");
        assert!((mean(&|i| a[i] * b[i]) * root).abs() < 5.0, "{generator:?}");
        assert!((mean(&|i| a[i] * a[(i + 1) % n]) * root).abs() < 5.0, "{generator:?}");
        let u = &found[2];
        assert!(u.iter().all(|u| (0.0..1.0).contains(u)) && u[0] != u[1] && u[1] != u[2], "{u:?}");
    }
}

/// Both numbers of a pair are within three epsilons of its length of what 40 digits make of the same bits, in the interpreter
/// and in XLA: at both ends of u and of the angle, where the logarithm's exponent changes, and between.
#[test]
fn pairs_are_those_of_the_formula() {
    let golden: Value = serde_json::from_str(include_str!("../../tests/golden/normals.json")).unwrap();
    let column = |i: usize| {
        let words = golden["words"].as_array().unwrap().iter().map(|pair| {
            let halves = floats(&pair[i]);
            ((halves[0] as u64) << 32) | halves[1] as u64
        });
        Array::from(words.collect::<Vec<u64>>())
    };
    for (dtype, name, epsilon) in
        [(DType::F64, "f64", f64::EPSILON), (DType::F32, "f32", f64::from(f32::EPSILON))]
    {
        let found = || Tensor::stack(&pairs([column(0), column(1)].map(Tensor::from), dtype));
        let expected = golden[name].as_array().unwrap();
        let interpreted = values(|| vec![found()]).remove(0);
        let compiled = pyroxene_frontend::eval(found).unwrap().to_f64_vec();
        for found in [interpreted, compiled] {
            for (i, expected) in expected.iter().map(floats).enumerate() {
                let tolerance = 3.0 * epsilon * expected[0].abs();
                for (found, expected) in [found[i], found[i + found.len() / 2]].iter().zip(&expected[1..]) {
                    assert!((found - expected).abs() <= tolerance, "{name}, words {i}: {found}, {expected}");
                }
            }
        }
    }
}

/// Of 2¹⁶ numbers: the first four moments, those of a pair's product and of its squares' product, and how many are beyond 3,
/// are within five standard errors, and the distance of Kolmogorov and Smirnov is below 2.6 in its units. A right generator
/// fails with probability 2e-5 over both precisions, at other keys; this one is fixed.
#[test]
fn numbers_are_normal() {
    for dtype in [DType::F64, DType::F32] {
        let n = 1 << 16;
        let drawn = pyroxene_frontend::eval(|| {
            let key = Tensor::from(Array::from([0x1234_5679_u32, 0x9abc_def1]));
            let key = Generator::Squares.prepared(key);
            let stream = Generator::Squares.stream(key, Tensor::from(Array::scalar(7i64)), dtype, [n, 0]);
            let z = stream.normals(n).convert(DType::F64);
            Tensor::stack(&[z, ((z / 2f64.sqrt()).erf() + 1.0) * 0.5])
        });
        let drawn = drawn.unwrap().to_f64_vec();
        let (z, probabilities) = drawn.split_at(n);
        let (first, second) = z.split_at(n / 2);
        let pairs: Vec<[f64; 2]> = first.iter().zip(second).map(|(x, y)| [*x, *y]).collect();
        let mean = |f: &dyn Fn(f64) -> f64| z.iter().map(|z| f(*z)).sum::<f64>() / n as f64;
        let both = |f: &dyn Fn(f64) -> f64| {
            pairs.iter().map(|[x, y]| f(*x) * f(*y)).sum::<f64>() / pairs.len() as f64
        };
        let beyond = 0.0026997960632601866;
        // Each mean with its expectation, the variance of a term and the number of terms.
        let checks = [
            (mean(&|z| z), 0.0, 1.0, n),
            (mean(&|z| z * z), 1.0, 2.0, n),
            (mean(&|z| z.powi(3)), 0.0, 15.0, n),
            (mean(&|z| z.powi(4)), 3.0, 96.0, n),
            (mean(&|z| f64::from(z.abs() > 3.0)), beyond, beyond * (1.0 - beyond), n),
            (both(&|z| z), 0.0, 1.0, n / 2),
            (both(&|z| z * z - 1.0), 0.0, 4.0, n / 2),
        ];
        for (check, (found, expected, variance, terms)) in checks.into_iter().enumerate() {
            let error = (found - expected) / (variance / terms as f64).sqrt();
            assert!(error.abs() < 5.0, "{dtype:?}, check {check}: {error} standard errors");
        }
        let mut sorted = probabilities.to_vec();
        sorted.sort_by(f64::total_cmp);
        let distance = sorted.iter().enumerate().map(|(i, p)| {
            let below = [i, i + 1].map(|count| (p - count as f64 / n as f64).abs());
            below[0].max(below[1])
        });
        let distance = distance.fold(0.0, f64::max) * (n as f64).sqrt();
        assert!(distance < 2.6, "{dtype:?}: {distance}");
    }
}

/// The numbers of chains in lockstep are those of the chains alone: whole pairs, half a pair, and only one number.
#[test]
fn numbers_in_lockstep_are_those_alone() {
    for (n, dtype) in [(1, DType::F64), (5, DType::F32), (8, DType::F64)] {
        let key = [0x1234_5679_u32, 0x9abc_def1];
        let normals = |count: Tensor| {
            let key = Generator::Squares.prepared(Tensor::from(Array::from(key)));
            Generator::Squares.stream(key, count, dtype, [n, 3]).normals(n)
        };
        let found = values(|| {
            let together = vmap(|count: &Tensor| normals(*count))(&Tensor::from(Array::from([4i64, 9])));
            vec![
                together,
                normals(Tensor::from(Array::scalar(4i64))),
                normals(Tensor::from(Array::scalar(9i64))),
            ]
        });
        assert_eq!(found[0], [&found[1][..], &found[2]].concat());
        assert!(found[1] != found[2]);
    }
}

/// NumPyro's own table (`test_leaf_idx_to_ckpt_idx`).
#[test]
fn rows_of_checkpoints_are_numpyros() {
    for (leaf, expected) in [(6, [3.0, 2.0]), (7, [0.0, 2.0]), (13, [2.0, 2.0]), (15, [0.0, 3.0])] {
        let found = values(|| {
            let (first, last) = rows(int(leaf));
            vec![first, last]
        });
        assert_eq!([found[0][0], found[1][0]], expected, "leaf {leaf}");
    }
}

/// Whether the stretch `first..=last` of a balanced tree of momenta turns back, by Stan's recursion: the whole, or its
/// first half with the next leaf, or its second half with the one before.
fn turns(momenta: &[[f64; 2]]) -> bool {
    let sum = |p: &[[f64; 2]]| p.iter().fold([0.0, 0.0], |s, p| [s[0] + p[0], s[1] + p[1]]);
    let bad = |p: &[[f64; 2]]| {
        let (a, b, s) = (p[0], p[p.len() - 1], sum(p));
        a[0] * s[0] + a[1] * s[1] <= 0.0 || b[0] * s[0] + b[1] * s[1] <= 0.0
    };
    let half = momenta.len() / 2;
    bad(momenta) || bad(&momenta[..half + 1]) || bad(&momenta[half - 1..])
}

/// The first leaf after which a subtree that it closes turns back.
fn first_turn(momenta: &[[f64; 2]]) -> Option<usize> {
    (1..momenta.len()).find(|last| {
        let sizes = (1..).map(|k| 1usize << k).take_while(|size| (last + 1).is_multiple_of(*size));
        sizes.into_iter().any(|size| turns(&momenta[last + 1 - size..=*last]))
    })
}

#[test]
fn checkpoints_find_the_turn_of_the_recursion() {
    let mut turned = [0; 16];
    for case in 0..60u32 {
        // Places for one chain, and for one of many.
        let lockstep = case % 2 == 1;
        // Momenta that go round by some angle a step, and wobble.
        let angle = 0.05 + 0.012 * f64::from(case);
        let momentum = |i: u32| {
            let (t, wobble) = (angle * f64::from(i), 0.4 * f64::sin(f64::from(i * i + 7 * case)));
            [f64::cos(t) + wobble, f64::sin(t) - 0.5 * wobble]
        };
        let momenta: Vec<[f64; 2]> = (0..16).map(momentum).collect();
        let found = values(|| {
            let flat = Array::from(momenta.iter().flatten().copied().collect::<Vec<f64>>());
            let all = Tensor::from(flat).reshape(&[16, 2]);
            let checkpoints = Places::room(Checkpoints::room(4, 2), DType::F64, lockstep);
            let start = (int(0), (Tensor::from(false), Tensor::zeros(&[2]), checkpoints));
            let at = |i: Tensor| all.dynamic_slice(&[i, int(0)], &[1, 2]).reshape(&[2]);
            type Carry = (Tensor, (Tensor, Tensor, Tensor));
            let goes_on = |(i, (turning, ..)): &Carry| i.less(16i64) & !*turning;
            let end = while_loop(start, goes_on, |(i, (_, sum, checkpoints))| {
                let sum = *sum + at(*i);
                // Of the leaf before the first one nothing is read.
                let last = at((*i - 1i64).maximum(0i64));
                let leaf = [at(*i), sum, last];
                let checkpoints = Checkpoints::of(*checkpoints, 2).with_leaf(*i, leaf);
                let turning = checkpoints.are_turning(*i, last, at(*i), sum);
                (*i + 1i64, (turning, sum, checkpoints.rows.all))
            });
            vec![end.0, end.1.0]
        });
        let found = (found[1][0] == 1.0).then_some(found[0][0] as usize - 1);
        assert_eq!(found, first_turn(&momenta), "case {case}");
        turned[found.unwrap_or(0)] += 1;
    }
    // No turn at all, after half of the leaves, after all of them.
    assert!(turned.iter().filter(|n| **n > 5).count() > 2, "the cases differ: {turned:?}");
}
