//! A model function runs once: whatever is asked of its recording, whatever data come, whatever is observed later.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use pyroxene::{
    Array, DType, Mcmc, Model, Nuts, Predictive, Ty,
    gallery::eight_schools_noncentered::{Data, data, model},
    inference::{Engine, log_likelihood},
    runtime::{Backend, open, options::Options},
};

/// A backend of this test's own, so that its count of compilations is too.
fn backend() -> Arc<dyn Backend> {
    open("cpu", &Options::of_process().unwrap(), &mut |_| {}).unwrap()
}

/// The eight schools, and how often their function has run.
fn counted() -> (Model<Data>, Arc<AtomicUsize>) {
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = runs.clone();
    let model = Model::new(move |d: &Data| {
        counter.fetch_add(1, Ordering::Relaxed);
        model(d);
    });
    (model, runs)
}

fn other_data() -> Data<Array> {
    let half = |x: &Array| Array::from(x.to_f64_vec().iter().map(|x| x / 2.0).collect::<Vec<_>>());
    let whole = data().unwrap();
    Data { y: half(&whole.y), sigma: half(&whole.sigma) }
}

fn values() -> [(&'static str, Array); 3] {
    [("theta_trans", Array::from([0.5; 8])), ("mu", Array::from(4.0)), ("tau", Array::from(3.0))]
}

#[test]
fn the_function_runs_once_for_everything() {
    let (model, runs) = counted();
    let bound = model.bind_on(&data().unwrap(), &backend()).unwrap();
    let position = bound.unconstrain(&values()).unwrap();
    assert!(bound.log_density(&values()).unwrap().is_finite());
    let (potential, gradient) = bound.potential_and_gradient(&position).unwrap();
    assert!(potential.is_finite() && gradient.len() == 10);
    bound.constrain(&position).unwrap();
    bound.draws(0).unwrap();
    assert_eq!(bound.log_probs(&values()).unwrap().len(), 4);
    assert_eq!(bound.log_likelihood(&values()).unwrap()["y"].dims(), [8]);
    let many = bound.batched(3);
    let constrained = many.constrain(&Array::zeros(&Ty::new(DType::F64, [3, 10]))).unwrap();
    let latent = ["theta_trans", "mu", "tau"].map(|name| (name, constrained[name].clone()));
    assert!(many.unconstrain(&latent).unwrap().to_f64_vec().iter().all(|x| *x == 0.0));
    assert_eq!(many.log_density(&latent).unwrap().dims(), [3]);

    let mcmc = Mcmc::new(Nuts::default(), &model).chains(2).warmup(50).draws(50).seed(0);
    let posterior = mcmc.run(&data().unwrap()).unwrap();
    assert_eq!(posterior.num_draws(), 50);
    let predictive = Predictive::new(&model).uncondition();
    let replicated = predictive.clone().posterior(&posterior).run(1, &data().unwrap()).unwrap();
    assert_eq!(replicated.site("y").unwrap().dims(), [100, 8]);
    let prior = predictive.num_samples(7).run(1, &data().unwrap()).unwrap();
    assert_eq!(prior.site("mu").unwrap().dims(), [7]);
    let densities = log_likelihood(&model, &posterior, &data().unwrap()).unwrap();
    assert_eq!(densities.site("y").unwrap().dims(), [100, 8]);
    assert_eq!(model.runs(), 1);
    assert_eq!(runs.load(Ordering::Relaxed), 1);
}

#[test]
fn a_prediction_compiles_once_for_its_number_of_draws() {
    let (model, _) = counted();
    let backend = backend();
    let predictive = Predictive::default().uncondition().num_samples(5);
    let bound = model.bind_on(&data().unwrap(), &backend).unwrap();
    let first = predictive.run_bound(1, &bound).unwrap();
    assert_eq!(backend.stats().made(), 1);
    assert_ne!(predictive.run_bound(2, &bound).unwrap(), first);
    let other = model.bind_on(&other_data(), &backend).unwrap();
    assert_ne!(predictive.run_bound(1, &other).unwrap(), first);
    assert_eq!(backend.stats().made(), 1);
}

#[test]
fn other_data_of_the_same_shapes_neither_record_nor_compile() {
    let (model, runs) = counted();
    let backend = backend();
    let first = model.bind_on(&data().unwrap(), &backend).unwrap();
    let (one, _) = first.potential_and_gradient(&[0.1; 10]).unwrap();
    let before = backend.stats().made();
    let second = model.bind_on(&other_data(), &backend).unwrap();
    let (other, _) = second.potential_and_gradient(&[0.1; 10]).unwrap();
    assert_ne!(one, other);
    assert_eq!(backend.stats().made() - before, 0);
    assert_eq!(runs.load(Ordering::Relaxed), 1);
}

#[test]
fn data_of_another_shape_record_anew() {
    let (model, runs) = counted();
    let backend = backend();
    model.bind_on(&data().unwrap(), &backend).unwrap();
    let two = Data { y: Array::from([28.0, 8.0]), sigma: Array::from([15.0, 10.0]) };
    assert_eq!(model.bind_on(&two, &backend).unwrap().dimension(), 4);
    assert_eq!(runs.load(Ordering::Relaxed), 2);
}

#[test]
fn an_observation_added_or_changed_later_neither_records_nor_compiles() {
    let (model, runs) = counted();
    let backend = backend();
    let data = data().unwrap();
    // The in-graph engine's program is another for another number of latent sites.
    let mcmc = Mcmc::from_kernel(Nuts::default()).engine(Engine::HostDriven).chains(1).warmup(50).draws(20);
    let whole = model.bind_on(&data, &backend).unwrap();
    mcmc.run_bound(&whole).unwrap();

    let before = backend.stats().made();
    let opened = model.trace(&data).unwrap().condition(&["mu"]).unwrap().bind(&data, &backend).unwrap();
    let mut log_det = None;
    for mu in [0.0, 1.0, -20.0] {
        let given = opened.given(&[("mu", Array::from(mu))]).unwrap();
        assert_eq!(given.dimension(), 9);
        let (potential, gradient) = given.potential_and_gradient(&[0.1; 9]).unwrap();
        assert_eq!(gradient.len(), 9);
        // Conditioning is the joint density at that value, up to a constant.
        let position = [vec![0.1; 8], vec![mu, 0.1]].concat();
        let (joint, _) = whole.potential_and_gradient(&position).unwrap();
        let constant = *log_det.get_or_insert(joint - potential);
        assert!(
            (joint - potential - constant).abs() <= 1e-12 * joint.abs(),
            "{joint} {potential} {constant}"
        );
    }
    let given = opened.given(&[("mu", Array::from(30.0))]).unwrap();
    let posterior = mcmc.run_bound(&given).unwrap();
    assert!(posterior.site("mu").is_err());
    assert_eq!(posterior.site("theta").unwrap().shape(), [1, 20, 8]);
    assert_eq!(backend.stats().made() - before, 0);
    assert_eq!(runs.load(Ordering::Relaxed), 1);
}
