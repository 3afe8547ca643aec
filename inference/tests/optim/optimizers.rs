//! Thirty steps of every optimiser against NumPyro's, all in one executable.

use pyroxene_frontend::{Scan, jit, prelude::*};
use pyroxene_inference::optim::{
    Adagrad, Adam, ClippedAdam, Momentum, Optimizer, RmsProp, RmsPropMomentum, Sgd, Sm3, exponential_decay,
    linear_schedule,
};

use super::{golden, loss, near, numbers};

/// Thirty steps of the same arithmetic; losses fall over steep walls, which amplify differences in the last digits of
/// `exp`, `log1p`, `pow` between releases of XLA, and in the order of sums, by some hundreds.
const TOLERANCE: f64 = 1e-12;

fn optimizers() -> Vec<(&'static str, Box<dyn Optimizer>)> {
    vec![
        ("sgd", Box::new(Sgd::new(0.02))),
        ("sgd_schedule", Box::new(Sgd::new(exponential_decay(0.05, 10, 0.5)))),
        ("momentum", Box::new(Momentum::new(0.01, 0.8))),
        ("adam", Box::new(Adam::new(0.1))),
        ("adam_betas", Box::new(Adam::new(linear_schedule(0.2, 0.01, 20)).b1(0.8).b2(0.95).eps(1e-3))),
        ("clipped_adam", Box::new(ClippedAdam::new(0.1).clip_norm(0.5))),
        ("clipped_adam_default", Box::new(ClippedAdam::new(0.05))),
        ("adagrad", Box::new(Adagrad::new(0.2))),
        ("adagrad_momentum", Box::new(Adagrad::new(0.2).momentum(0.5))),
        ("rms_prop", Box::new(RmsProp::new(0.02))),
        ("rms_prop_gamma", Box::new(RmsProp::new(0.02).gamma(0.8).eps(1e-4))),
        ("rms_prop_momentum", Box::new(RmsPropMomentum::new(0.005))),
        ("rms_prop_momentum_set", Box::new(RmsPropMomentum::new(0.005).gamma(0.8).eps(1e-4).momentum(0.6))),
        ("sm3", Box::new(Sm3::new(0.1))),
        ("sm3_momentum", Box::new(Sm3::new(0.1).momentum(0.5))),
    ]
}

/// The losses of the steps, then the parameters after them.
fn trajectory(optimizer: &dyn Optimizer, start: &[Tensor], steps: usize) -> Vec<Tensor> {
    let init = (start.to_vec(), optimizer.init(start));
    let ((params, _), losses) = Scan::over(Tensor::arange(steps)).run(init, |(params, state), step| {
        let objective = |x: &[Tensor]| (loss(x[0], x[1], x[2]), vec![]);
        let next = optimizer.eval_and_update(*step, &objective, params, state);
        ((next.params, next.state), next.loss)
    });
    [vec![losses], params].concat()
}

fn start() -> Vec<Array> {
    let matrix = Array::new([2, 2], vec![0.5, -0.3, 1.1, 0.2]).unwrap();
    vec![Array::from(-0.4), Array::from([0.7, -1.2, 0.3]), matrix]
}

#[test]
fn optimizers_take_the_steps_of_numpyro() {
    let cases = golden("optimizers");
    let names: Vec<&str> = optimizers().iter().map(|(name, _)| *name).collect();
    assert_eq!(cases.as_object().unwrap().keys().collect::<Vec<_>>(), names);
    let all = jit(|start: &Vec<Tensor>| {
        let each = optimizers();
        each.iter().map(|(_, optimizer)| trajectory(optimizer.as_ref(), start, 30)).collect::<Vec<_>>()
    });
    for (name, found) in names.into_iter().zip(all.call(&start()).unwrap()) {
        let case = &cases[name];
        near(&format!("{name}: losses"), &found[0], &numbers(&case["losses"]), TOLERANCE, TOLERANCE);
        for (i, found) in found[1..].iter().enumerate() {
            let expected = &case["params"][i];
            assert_eq!(found.dims().len(), expected["shape"].as_array().unwrap().len());
            near(&format!("{name}: parameter {i}"), found, &numbers(expected), TOLERANCE, TOLERANCE);
        }
    }
}

#[test]
fn single_precision_parameters_keep_their_type() {
    let start: Vec<Array> = start().into_iter().map(|x| x.convert(DType::F32)).collect();
    // Without `trajectory`'s loop, which would refuse a change of type: it is to be seen here.
    let steps = jit(|start: &Vec<Tensor>| {
        let step = |(_, o): &(&str, Box<dyn Optimizer>)| {
            let (params, state) = o.update(3i64.into(), start, start, &o.init(start));
            [params, state].concat()
        };
        optimizers().iter().map(step).collect::<Vec<_>>()
    });
    for (found, (name, _)) in steps.call(&start).unwrap().iter().zip(optimizers()) {
        assert!(found.iter().all(|x| x.dtype() == DType::F32), "{name}");
        assert!(found.iter().all(|x| x.to_f64_vec().iter().all(|x| x.is_finite())), "{name}");
    }
}

#[test]
fn a_stable_step_stays_where_the_loss_is_not_finite() {
    let step = jit(|(x, y): &(Tensor, Tensor)| {
        let params = [*x, *y];
        let adam = Adam::new(0.1);
        let state = adam.init(&params);
        // The gradient of the root by zero is infinite, where the loss is finite.
        let objective = |x: &[Tensor]| (x[0].sqrt() + x[1].square().sum(), vec![x[1]]);
        let next = adam.eval_and_stable_update(Tensor::from(Array::from(0i64)), &objective, &params, &state);
        let moments = next.state.iter().map(|s| s.abs().sum()).reduce(|a, b| a + b).unwrap();
        (next.loss, next.params, moments, next.aux)
    });
    let y = Array::from([3.0, -2.0]);
    for x in [0.0, -1.0] {
        let (loss, params, moments, aux) = step.call(&(Array::from(x), y.clone())).unwrap();
        assert!(loss.to_f64_vec()[0].is_nan());
        assert_eq!((params[0].to_f64_vec(), params[1].to_f64_vec()), (vec![x], vec![3.0, -2.0]));
        assert_eq!((moments.to_f64_vec(), aux[0].to_f64_vec()), (vec![0.0], vec![3.0, -2.0]));
    }
    let (loss, params, ..) = step.call(&(Array::from(4.0), y)).unwrap();
    assert_eq!(loss.to_f64_vec(), [15.0]);
    // The first step of Adam goes by the step size against the sign, less a share of 1e-8 over the slope of a quarter.
    near("x", &params[0], &[3.9], 0.0, 1e-8);
    near("y", &params[1], &[2.9, -1.9], 0.0, 1e-8);
}
