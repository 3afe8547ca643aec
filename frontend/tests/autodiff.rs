//! Transformations of functions and control flow, through XLA and the interpreter: values, derivatives, batches, errors.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use pyroxene_frontend::{eval, optimization_barrier, prelude::*, record};
use pyroxene_ir::{
    eval::eval as interpret,
    passes::{self, Query},
};

/// Several tensors, computed by the interpreter and through XLA in one executable, which must agree to a few roundings.
fn both(f: impl Fn() -> Vec<Tensor>) -> Vec<Vec<f64>> {
    let graph = record(&f).unwrap_or_else(|e| panic!("{e}"));
    pyroxene_ir::verify::verify(&graph).unwrap();
    let pure = passes::run(&graph, Query::Evaluate, &mut |_, _| {}).unwrap();
    let interpreted: Vec<Vec<f64>> = interpret(&pure, &[]).unwrap().iter().map(Array::to_f64_vec).collect();
    let flat =
        eval(|| Tensor::concatenate(&f().iter().map(|t| t.reshape(&[t.ty().len()])).collect::<Vec<_>>()))
            .unwrap();
    let expected: Vec<f64> = interpreted.concat();
    for (found, expected) in flat.to_f64_vec().into_iter().zip(expected) {
        // XLA's sine, exponential and logarithm are a few units in the last place off.
        assert!(
            (found - expected).abs() <= 1e-13 * expected.abs().max(1.0),
            "XLA {found}, interpreter {expected}"
        );
    }
    interpreted
}

fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() <= 1e-12 * e.abs().max(1.0), "found {found:?}, expected {expected:?}");
    }
}

fn errors(f: impl Fn() -> Vec<Tensor>) -> String {
    record(f).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn derivatives_nest_and_see_what_is_captured() {
    let results = both(|| {
        let (x, a) = (Tensor::from([0.3, 1.2]), Tensor::from([2.0, -1.0]));
        let f = |x: &Tensor| (x.sin() * a).sum();
        // A captured value is a constant to the inner gradient, and a variable to the outer one.
        let mixed = grad(|a: &Tensor| (grad(|x: &Tensor| (x.sin() * *a).sum())(&x) * x).sum())(&a);
        let third = grad(|x: &Tensor| grad(|x: &Tensor| grad(f)(x).sum())(x).sum())(&x);
        let (value, slope) = value_and_grad(f)(&x);
        vec![value, slope, mixed, third, hvp(f, &x, &Tensor::from([1.0, 2.0]))]
    });
    let (x, a) = ([0.3f64, 1.2], [2.0, -1.0]);
    close(&results[0], &[a[0] * x[0].sin() + a[1] * x[1].sin()]);
    close(&results[1], &[a[0] * x[0].cos(), a[1] * x[1].cos()]);
    close(&results[2], &[x[0] * x[0].cos(), x[1] * x[1].cos()]);
    close(&results[3], &[-a[0] * x[0].cos(), -a[1] * x[1].cos()]);
    close(&results[4], &[-a[0] * x[0].sin(), -2.0 * a[1] * x[1].sin()]);
}

#[test]
fn jacobians_agree_forwards_and_backwards() {
    let results = both(|| {
        let x = Tensor::from([0.5, 2.0, -1.0]).reshape(&[3, 1]);
        let f = |x: &Tensor| Tensor::stack(&[x.square().sum(), x.prod(), x.exp().sum()]).reshape(&[3]);
        let scalar = |x: &Tensor| x.square().sum() * x.sum();
        vec![jacfwd(f)(&x), jacrev(f)(&x), hessian(scalar)(&x), jacrev(jacrev(scalar))(&x)]
    });
    let e = f64::exp;
    close(&results[0], &[1.0, 4.0, -2.0, -2.0, -0.5, 1.0, e(0.5), e(2.0), e(-1.0)]);
    close(&results[1], &results[0]);
    close(&results[3], &results[2]);
    let (s, x) = (1.5, [0.5, 2.0, -1.0]);
    let expected: Vec<f64> = (0..9)
        .map(|k| {
            let (i, j) = (k / 3, k % 3);
            2.0 * (x[i] + x[j]) + if i == j { 2.0 * s } else { 0.0 }
        })
        .collect();
    close(&results[2], &expected);
}

#[test]
fn batches_go_through_loops_choices_keys_and_derivatives() {
    let xs = [0.5, 3.0, 40.0];
    let results = both(|| {
        let x = Tensor::from(xs);
        let doublings = |x: &Tensor| {
            while_loop((*x, Tensor::from(0.0)), |(y, _)| y.less(100.0), |(y, n)| (*y * 2.0, *n + 1.0)).1
        };
        let power =
            |x: &Tensor| scan(Tensor::from(1.0), Tensor::from([1.0, 2.0]), |p, c| (*p * *x + *c, *p)).0;
        let chosen = |x: &Tensor| cond(x.greater(2.0), || x.sqrt(), || *x * 10.0);
        let key = Key::new(7);
        let draws =
            vmap(|key: &Tensor| random::normal(Key::from(*key), &[2], DType::F64))(&key.split_shape(&[3]));
        let single = Tensor::stack(
            &(0..3)
                .map(|i| random::normal(Key::from(key.split_shape(&[3]).at(i)), &[2], DType::F64))
                .collect::<Vec<_>>(),
        );
        vec![
            vmap(doublings)(&x),
            vmap(power)(&x),
            vmap(grad(power))(&x),
            vmap(chosen)(&x),
            vmap(grad(chosen))(&x),
            draws - single,
            vmap(|x: &Tensor| jvp(doublings, x, &Tensor::from(1.0)).1)(&x),
        ]
    });
    close(&results[0], &[8.0, 6.0, 2.0]);
    close(&results[1], &xs.map(|x| (x + 1.0) * x + 2.0));
    close(&results[2], &xs.map(|x| 2.0 * x + 1.0));
    close(&results[3], &[5.0, 3f64.sqrt(), 40f64.sqrt()]);
    close(&results[4], &[10.0, 0.5 / 3f64.sqrt(), 0.5 / 40f64.sqrt()]);
    close(&results[5], &[0.0; 6]);
    close(&results[6], &[0.0; 3]);
}

#[test]
fn loops_and_choices_have_derivatives() {
    let results = both(|| {
        let (x, y) = (Tensor::from(0.7), Tensor::from([1.0, 2.0, 3.0, 4.0, 5.0]));
        let recurrence = |reverse: bool, every: Option<usize>| {
            move |(x, y): &(Tensor, Tensor)| {
                let over = Scan::over(*y);
                let over = if reverse { over.reverse() } else { over };
                let over = every.map_or(over.clone(), |n| over.checkpoint(n));
                let (last, all) = over.run(Tensor::from(0.1), |c, y| {
                    let next = (*c * *x + *y).sin();
                    (next, *c * *y)
                });
                last + all.sum()
            }
        };
        let mut out = Vec::new();
        for reverse in [false, true] {
            for every in [None, Some(2), Some(5)] {
                let (by_x, by_y) = grad(recurrence(reverse, every))(&(x, y));
                out.extend([recurrence(reverse, every)(&(x, y)), by_x, by_y]);
            }
        }
        out.push(grad(|x: &Tensor| fori_loop(0, 4, *x, |i, c| *c * *x + i))(&x));
        let upper = Tensor::from(4i64);
        let dynamic = |x: &Tensor| fori_loop(0, upper.convert(DType::I64), *x, |i, c| *c * *x + i);
        out.push(jvp(dynamic, &x, &Tensor::from(1.0)).1);
        out.push(grad(|x: &Tensor| switch(Tensor::from(7i64), &[&|| x.sin(), &|| x.exp()]))(&x));
        out.push(map(y, |y| y.square()));
        out
    });
    // Ordinary Rust, and differences of it: h² f‴ and ε f / h are below 1e-9 here.
    let plain = |x: f64, y: &[f64], reverse: bool| {
        let (mut c, mut sum) = (0.1, 0.0);
        let mut order: Vec<f64> = y.to_vec();
        if reverse {
            order.reverse();
        }
        for y in order {
            sum += c * y;
            c = (c * x + y).sin();
        }
        c + sum
    };
    let y = [1.0, 2.0, 3.0, 4.0, 5.0];
    for (k, reverse) in [false, false, false, true, true, true].into_iter().enumerate() {
        let [value, by_x, by_y] = [&results[3 * k], &results[3 * k + 1], &results[3 * k + 2]];
        close(value, &[plain(0.7, &y, reverse)]);
        let h = 1e-5;
        let slope = (plain(0.7 + h, &y, reverse) - plain(0.7 - h, &y, reverse)) / (2.0 * h);
        assert!((by_x[0] - slope).abs() < 1e-8, "{by_x:?}, {slope}");
        for i in 0..5 {
            let at = |d: f64| {
                let mut moved = y;
                moved[i] += d;
                plain(0.7, &moved, reverse)
            };
            let slope = (at(h) - at(-h)) / (2.0 * h);
            assert!((by_y[i] - slope).abs() < 1e-8, "{by_y:?}, {slope}");
        }
    }
    // x⁵ + x² + 2x + 3 after the four steps c ← c x + i.
    let slope = 5.0 * 0.7f64.powi(4) + 2.0 * 0.7 + 2.0;
    close(&results[18], &[slope]);
    close(&results[19], &[slope]);
    close(&results[20], &[0.7f64.exp()]);
    close(&results[21], &[1.0, 4.0, 9.0, 16.0, 25.0]);
}

#[test]
fn functions_have_derivatives_of_their_own() {
    let results = both(|| {
        let x = Tensor::from([0.5, 800.0]);
        let softplus = custom_jvp(|x: &Tensor| x.exp().log1p(), |x, t| *t * x.logistic());
        let clipped = custom_vjp(|x: &Tensor| *x, |_, _, ct| ct.minimum(1.0).maximum(-1.0));
        let half = custom_vjp(|x: &Tensor| x.exp(), |_, y, ct| *y * *ct * 0.5);
        let kept = checkpoint(|x: &Tensor| x.sin().exp());
        vec![
            grad(|x: &Tensor| softplus(x).sum())(&x),
            jvp(&softplus, &x, &Tensor::from([1.0, 2.0])).1,
            grad(|x: &Tensor| grad(|x: &Tensor| softplus(x).sum())(x).sum())(&x),
            grad(|x: &Tensor| (clipped(x) * Tensor::from([100.0, -0.5])).sum())(&x),
            grad(|x: &Tensor| half(x).sum())(&Tensor::from([1.0])),
            vmap(grad(|x: &Tensor| half(x) * 2.0))(&Tensor::from([1.0, 2.0])),
            grad(|x: &Tensor| grad(|x: &Tensor| kept(x).sum())(x).sum())(&Tensor::from([0.3])),
            hvp(|x: &Tensor| optimization_barrier(x.square()).sin().sum(), &x, &Tensor::from([1.0, 0.0])),
        ]
    });
    let s = |x: f64| 1.0 / (1.0 + (-x).exp());
    close(&results[0], &[s(0.5), 1.0]);
    close(&results[1], &[s(0.5), 2.0]);
    close(&results[2], &[s(0.5) * (1.0 - s(0.5)), 0.0]);
    close(&results[3], &[1.0, -0.5]);
    close(&results[4], &[0.5 * 1f64.exp()]);
    close(&results[5], &[1f64.exp(), 2f64.exp()]);
    let (sine, cosine) = (0.3f64.sin(), 0.3f64.cos());
    close(&results[6], &[sine.exp() * (cosine * cosine - sine)]);
    // A barrier changes no derivative: (sin x²)″ = 2 cos x² − 4 x² sin x².
    close(&results[7], &[2.0 * 0.25f64.cos() - 0.25f64.sin(), 0.0]);
}

#[test]
fn a_whole_jitted_function_of_trees() {
    let f = pyroxene_frontend::jit(|(x, w): &(Tensor, Tensor)| {
        let loss = |w: &Tensor| (*x * *w).square().sum();
        vmap(|step: &Tensor| *w - grad(loss)(w) * *step)(&Tensor::from([0.0, 0.1]))
    });
    let found = f.call(&(Array::from([1.0, 2.0]), Array::from([3.0, 0.5]))).unwrap();
    close(&found.to_f64_vec(), &[3.0, 0.5, 3.0 - 0.6, 0.5 - 0.4]);
}

#[test]
fn wrong_uses_say_what_and_where() {
    let file = file!();
    let x = || Tensor::from([1.0, 2.0]);
    let cases: Vec<(String, &str)> = vec![
        (errors(|| vec![grad(|x: &Tensor| x.sin())(&x())]), "the function must return one float"),
        (
            errors(|| vec![grad(|x: &Tensor| x.sum())(&Tensor::arange(3))]),
            "derivatives are by floating-point values",
        ),
        (
            errors(|| {
                vec![grad(|x: &Tensor| while_loop(*x, |x| x.less(9.0), |x| *x * 2.0))(&Tensor::from(1.0))]
            }),
            "no reverse derivative through it",
        ),
        (
            errors(|| vec![scan(Tensor::from(0.0), x(), |c, x| (Tensor::stack(&[*c, *x]), ())).0]),
            "f64[] before an iteration and f64[2] after it",
        ),
        (
            errors(|| vec![scan(Tensor::from(0.0), (x(), Tensor::from([1.0])), |c, _| (*c, ())).0]),
            "the leaves before have 2 slices",
        ),
        (
            errors(|| vec![scan(Tensor::from(0.0), Tensor::from(2.0), |c, _| (*c, ())).0]),
            "a scalar has no slices",
        ),
        (errors(|| vec![scan(Tensor::from(0.0), (), |c, ()| (*c, ())).0]), "use `Scan::times(n)`"),
        (errors(|| vec![cond(x().greater(0.0), x, x)]), "give one truth value"),
        (
            errors(|| vec![map(x(), |x| Tensor::full(&[1 << 20, 1 << 20], *x).sum())]),
            "has more than 2^40 bytes",
        ),
        (
            errors(|| vec![cond(Tensor::from(true), x, || Tensor::from(1.0))]),
            "f64[] in branch 0 and f64[2] in branch 1",
        ),
        (errors(|| vec![vmap(|x: &Tensor| *x)(&Tensor::from(1.0))]), "vmap"),
        (
            errors(|| vec![vmap(|(x, y): &(Tensor, Tensor)| *x + *y)(&(x(), Tensor::from([1.0, 2.0, 3.0])))]),
            "the batch has 2 members",
        ),
        (
            errors(|| {
                let a = x();
                let f = custom_vjp(move |x: &Tensor| *x * a, |_, _, ct| *ct);
                vec![jvp(f, &x(), &x()).1]
            }),
            "give it a forward one",
        ),
        (
            errors(|| {
                vec![grad(|a: &Tensor| {
                    let f = custom_jvp(|x: &Tensor| *x * *a, |_, t| *t);
                    f(&x()).sum()
                })(&x())]
            }),
            "make it an argument",
        ),
        (
            errors(|| vec![vjp(|x: &Tensor| x.sin(), &x()).1(&Tensor::from(1.0))]),
            "a cotangent has the type of its result",
        ),
        (errors(|| vec![jvp(|x: &Tensor| x.sin(), &x(), &Tensor::from([1.0])).1]), "a tangent has the type"),
        (
            errors(|| vec![grad(|m: &Tensor| sample("z", Normal::new(*m, 1.0)))(&Tensor::from(0.0))]),
            "a primitive is called inside a function given to `grad`",
        ),
    ];
    for (message, expected) in cases {
        assert!(message.contains(expected), "expected `{expected}`, found:\n{message}");
        assert!(message.starts_with(file), "no line of this file:\n{message}");
        assert_eq!(message.matches("may follow").count(), 0, "one cause, one error:\n{message}");
    }
}

#[test]
fn vmap_takes_and_puts_the_batch_along_the_dimensions_it_is_told() {
    let results = both(|| {
        let (x, y) = (Tensor::arange(6).convert(DType::F64).reshape(&[2, 3]), Tensor::from([10.0, 20.0]));
        let times = |(x, y): &(Tensor, Tensor)| *x * *y;
        let over = Vmap::new().in_axes(&[Some(1), None]);
        vec![over.clone().of(times)(&(x, y)), over.out_axis(-1).of(times)(&(x, y))]
    });
    close(&results[0], &[0.0, 60.0, 10.0, 80.0, 20.0, 100.0]);
    close(&results[1], &[0.0, 10.0, 20.0, 60.0, 80.0, 100.0]);
}

#[test]
fn fences_change_no_value_derivative_or_batch() {
    let results = both(|| {
        let (x, a) = (Tensor::from([0.3, 1.2]), Tensor::from([2.0, -1.0]));
        let plain = |x: &Tensor| (x.sin() * a).sum();
        let fenced = fence(plain);
        let pair = fence(|(x, n): &(Tensor, Tensor)| (*x * *n, *n + 1));
        let (scaled, next) = pair(&(x, Tensor::from(3)));
        let third = |f: &dyn Fn(&Tensor) -> Tensor| {
            grad(|x: &Tensor| grad(|x: &Tensor| grad(f)(x).sum())(x).sum())(&x)
        };
        // A value from outside, by which the derivative is too; a fence inside of a loop.
        let outside = grad(|a: &Tensor| fence(|x: &Tensor| (x.sin() * *a).sum())(&x))(&a);
        let looped = while_loop(x, |x| x.sum().less(100.0), |x| fence(|x: &Tensor| *x * 2.0)(x));
        // A fence that is all of a loop's body: with what is captured, with a second value, passed on or not.
        let scaled_by = |x: &Tensor| fence(|x: &Tensor| *x * a.square())(x);
        let captured = while_loop(x, |x| x.sum().less(100.0), scaled_by);
        let both = fence(|(x, y): &(Tensor, Tensor)| (*x * 2.0, *y + *x));
        let carried = while_loop((x, a), |(x, _)| x.sum().less(100.0), |state| both(state));
        let passed = while_loop((x, a), |(x, _)| x.sum().less(100.0), |(x, y)| (scaled_by(x), *y));
        vec![
            fenced(&x) - plain(&x),
            grad(&fenced)(&x) - grad(plain)(&x),
            third(&fenced) - third(&plain),
            jvp(&fenced, &x, &a).1 - jvp(plain, &x, &a).1,
            hessian(&fenced)(&x) - hessian(plain)(&x),
            vmap(&fenced)(&Tensor::stack(&[x, a])) - vmap(plain)(&Tensor::stack(&[x, a])),
            vmap(grad(&fenced))(&Tensor::stack(&[x, a])) - vmap(grad(plain))(&Tensor::stack(&[x, a])),
            outside - x.sin(),
            scaled,
            next.convert(DType::F64),
            looped,
            captured,
            carried.1,
            passed.0 + passed.1,
        ]
    });
    for difference in &results[..8] {
        close(difference, &vec![0.0; difference.len()]);
    }
    close(&results[8], &[0.3 * 3.0, 1.2 * 3.0]);
    close(&results[9], &[4.0]);
    close(&results[10], &[0.3 * 128.0, 1.2 * 128.0]);
    close(&results[11], &[0.3 * 1024.0, 1.2]);
    close(&results[12], &[2.0 + 0.3 * 127.0, -1.0 + 1.2 * 127.0]);
    close(&results[13], &[0.3 * 1024.0 + 2.0, 1.2 - 1.0]);
}
