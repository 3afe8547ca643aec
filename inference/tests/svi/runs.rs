//! Runs: that they go on from where they are, are watched and stopped, and that other data run the same code.

use pyroxene_frontend::{Array, Model, prelude::*, primitives::Param};
use pyroxene_inference::{Svi, SviMonitor, TraceElbo, optim::Adam};

fn model(y: &Tensor) {
    let mu = sample("mu", Normal::new(0.0, 10.0));
    plate("i", y.dim(0), |_| sample("y", Normal::new(mu, 1.0).obs(*y)));
}

fn guide(_: &Tensor) {
    let scale = param("scale", Param::new(1.0).constraint(constraints::positive()));
    sample("mu", Normal::new(param("loc", 0.0), scale));
}

#[test]
fn runs_go_on_and_are_watched_and_other_data_run_the_same_code() {
    let (recorded, monitor) = (Model::new(model), SviMonitor::new());
    let svi = Svi::new(&recorded, guide, Adam::new(0.05), TraceElbo::new()).monitor(&monitor);
    let y = Array::from([4.0, 5.0, 6.5]);
    let whole = svi.run(1, 60, &y).unwrap();
    assert!(!whole.interrupted && whole.state.step == 60);
    let progress = monitor.progress();
    assert_eq!((progress.step, progress.total, progress.init_loss), (60, 60, whole.losses[0]));

    // In parts and step by step the same numbers come out.
    let first = svi.run(1, 25, &y).unwrap();
    let second = svi.run_from(first.state, 35, &y).unwrap();
    assert_eq!([first.losses, second.losses].concat(), whole.losses);
    assert_eq!(second.state, whole.state);
    let mut state = svi.init(1, &y).unwrap();
    for expected in &whole.losses[..3] {
        let (next, loss) = svi.update(&state, &y).unwrap();
        assert_eq!((loss, svi.evaluate(&state, &y).unwrap().to_bits()), (*expected, expected.to_bits()));
        state = next;
    }

    let other = svi.run(1, 3, &Array::from([0.0, 0.0, 0.0])).unwrap();
    assert_ne!(other.losses, whole.losses[..3]);
    assert_eq!(recorded.runs(), 1);

    monitor.stop();
    let stopped = svi.run(1, 60, &y).unwrap();
    assert!(stopped.interrupted && stopped.losses.is_empty());
    assert_eq!(stopped.params["loc"].to_f64_vec(), [0.0]);
}

/// The posterior is normal with precision 3 + 1/100: the guide's family contains it.
#[test]
fn the_fit_is_the_posterior() {
    let svi = Svi::new(model, guide, Adam::new(0.02), TraceElbo::new().num_particles(20));
    let fit = svi.run(0, 3000, &Array::from([4.0, 5.0, 6.5])).unwrap();
    let precision = 3.0 + 0.01;
    let (mean, sd) = (15.5 / precision, 1.0 / f64::sqrt(precision));
    // The gradient vanishes at the optimum in every draw (Roeder et al. 2017 hold it for the path derivative; the score's
    // part leaves noise of about the step size).
    assert!((fit.params["loc"].to_f64_vec()[0] - mean).abs() < 0.1 * sd, "{:?}", fit.params);
    assert!((fit.params["scale"].to_f64_vec()[0] / sd - 1.0).abs() < 0.1, "{:?}", fit.params);
}
