//! Whole searches by BFGS against JAX's, all in one executable.

use pyroxene_frontend::{jit, prelude::*, record};
use pyroxene_inference::optim::{Bfgs, Minimize, OptimizeResults, Optimizer, minimize};

use super::{golden, loss, near, numbers};

type Case = (&'static str, fn(Tensor) -> Tensor, Vec<f64>, Bfgs);

fn rosenbrock(x: Tensor) -> Tensor {
    let n = x.dim(0);
    let (head, tail) = (x.at(..n - 1), x.at(1..));
    (100.0 * (tail - head.square()).square() + (1.0 - head).square()).sum()
}

fn several(x: Tensor) -> Tensor {
    let parts = x.split_at(&[1, 4], 0);
    loss(parts[0].reshape(&[]), parts[1], parts[2].reshape(&[2, 2]))
}

fn bowl(x: Tensor) -> Tensor {
    (x - 2.0).square().sum()
}

fn quartic(x: Tensor) -> Tensor {
    x.powi(4).sum() + x.take(0i64)
}

fn cases() -> Vec<Case> {
    let plain = Bfgs::default();
    let eight = vec![-0.4, 0.7, -1.2, 0.3, 0.5, -0.3, 1.1, 0.2];
    vec![
        ("rosenbrock", rosenbrock, vec![-1.2, 1.0], plain),
        ("rosenbrock_5", rosenbrock, vec![-1.0, 2.0, 0.5, -0.3, 1.5], plain),
        ("several", several, eight.clone(), plain),
        ("several_tight", several, eight, plain.gtol(1e-9).norm(2.0)),
        ("few_iterations", rosenbrock, vec![-1.2, 1.0], plain.maxiter(4)),
        ("few_step_sizes", quartic, vec![1e-3, 0.0], plain.line_search_maxiter(1)),
        ("at_once", bowl, vec![2.0; 3], plain),
        ("bowl", bowl, vec![-3.0, 0.0, 9.0], plain),
        ("quartic", quartic, vec![30.0, -20.0], plain),
        ("endless", |x| -x.sum(), vec![0.0, 1.0], plain),
        ("undefined", |x| x.log().sum(), vec![-1.0], plain),
    ]
}

#[test]
fn searches_are_those_of_jax() {
    let expected = golden("searches");
    let names: Vec<&str> = cases().iter().map(|(name, ..)| *name).collect();
    assert_eq!(expected.as_object().unwrap().keys().collect::<Vec<_>>(), names);
    let all = jit(|starts: &Vec<Tensor>| {
        let each = cases().into_iter().zip(starts);
        each.map(|((_, fun, _, method), start)| minimize(fun, *start, &method)).collect::<Vec<_>>()
    });
    let starts = cases().into_iter().map(|(_, _, start, _)| Array::from(start)).collect();
    for (name, found) in names.into_iter().zip(all.call(&starts).unwrap()) {
        same(name, &found, &expected[name]);
    }
}

fn same(name: &str, found: &OptimizeResults<Array>, expected: &serde_json::Value) {
    assert_eq!(found.success.as_slice::<bool>().unwrap()[0], expected["success"], "{name}");
    for (what, found) in [("status", &found.status), ("nfev", &found.nfev), ("nit", &found.nit)] {
        assert_eq!(found.as_slice::<i64>().unwrap()[0], expected[what], "{name}: {what}");
    }
    // The same steps; a difference in the last digit of one grows with the condition of the Hessian, up to 2500 on
    // Rosenbrock's function, over dozens of them.
    near(name, &found.x, &numbers(&expected["x"]), 1e-9, 1e-9);
    near(name, &found.fun, &numbers(&expected["fun"]), 1e-9, 1e-12);
    near(name, &found.jac, &numbers(&expected["jac"]), 1e-6, 1e-9);
    // Learnt at the end from changes of about 1e-5 in gradients that are known to about 1e-13, times the condition.
    near(name, &found.hess_inv, &numbers(&expected["hess_inv"]), 1e-4, 1e-5);
}

#[test]
fn minimize_puts_the_minimum_into_the_shapes_of_its_parameters() {
    let step = jit(|start: &Vec<Tensor>| {
        let objective = |x: &[Tensor]| (loss(x[0], x[1], x[2]), vec![]);
        let found = Minimize::default().eval_and_update(0i64.into(), &objective, start, &[]);
        let stable = Minimize::default().eval_and_stable_update(0i64.into(), &objective, start, &[]);
        (found.params, found.loss, stable.params)
    });
    let matrix = Array::new([2, 2], vec![0.5, -0.3, 1.1, 0.2]).unwrap();
    let start = vec![Array::from(-0.4), Array::from([0.7, -1.2, 0.3]), matrix];
    let (params, value, stable) = step.call(&start).unwrap();
    let case = &golden("searches")["several"];
    let flat: Vec<f64> = params.iter().flat_map(Array::to_f64_vec).collect();
    near("parameters", &Array::from(flat), &numbers(&case["x"]), 1e-9, 1e-9);
    near("loss", &value, &numbers(&case["fun"]), 1e-9, 0.0);
    for ((x, stable), start) in params.iter().zip(&stable).zip(&start) {
        assert_eq!((x.dims(), x), (start.dims(), stable));
    }
}

#[test]
fn minimize_of_no_parameters_evaluates_and_of_mutable_state_is_refused() {
    let found = pyroxene_frontend::eval(|| {
        Minimize::default().eval_and_update(0i64.into(), &|_| (2.5.into(), vec![]), &[], &[]).loss
    });
    assert_eq!(found.unwrap().to_f64_vec(), [2.5]);
    let line = line!() + 2;
    let errors = record(|| {
        let minimize = Minimize::default();
        let x = [Tensor::from(Array::from([1.0]))];
        let objective = |x: &[Tensor]| (x[0].sum(), vec![x[0]]);
        vec![minimize.eval_and_update(0i64.into(), &objective, &x, &[]).loss]
    });
    let message = errors.unwrap_err().to_string();
    assert!(message.contains("mutable") && message.contains(&format!("searches.rs:{line}")), "{message}");
}
