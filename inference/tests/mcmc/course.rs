//! The course of a run: going on from where chains are, thinning, warm-up kept, watching and stopping.

use expect_test::expect;
use pyroxene_frontend::{Model, prelude::*};
use pyroxene_inference::{Mcmc, Monitor, Nuts, stat};

fn standard() -> Model<()> {
    Model::new(|_: &()| {
        sample("x", Normal::new(0.0, 1.0));
    })
}

#[test]
fn chains_go_on_from_where_they_are() {
    let bound = standard().bind(&()).unwrap();
    let mcmc = Mcmc::from_kernel(Nuts::default()).chains(3).warmup(100).draws(60).seed(5);
    let whole = mcmc.run_bound(&bound).unwrap();
    let mut chains = mcmc.start(&bound).unwrap();
    let (first, then) = (chains.draw(20).unwrap(), chains.draw(40).unwrap());
    for chain in 0..3 {
        let parts = [&first, &then].map(|p| p.site("x").unwrap().chain(chain).unwrap().to_vec()).concat();
        assert_eq!(parts, whole.site("x").unwrap().chain(chain).unwrap());
    }
    let info = chains.info();
    assert_eq!(info.chains.len(), 3);
    assert!(!info.interrupted);
}

#[test]
fn thinning_keeps_every_nth_transition() {
    let bound = standard().bind(&()).unwrap();
    let mcmc = Mcmc::from_kernel(Nuts::default()).chains(2).warmup(50).draws(31);
    let (all, thinned) = (mcmc.run_bound(&bound).unwrap(), mcmc.thinning(10).run_bound(&bound).unwrap());
    for chain in 0..2 {
        let every: Vec<f64> =
            all.site("x").unwrap().chain(chain).unwrap().iter().skip(9).step_by(10).copied().collect();
        assert_eq!(thinned.site("x").unwrap().chain(chain).unwrap(), every);
    }
}

#[test]
fn warmup_is_collected_on_request() {
    let bound = standard().bind(&()).unwrap();
    let mcmc = Mcmc::from_kernel(Nuts::default()).chains(2).warmup(70).draws(30);
    let plain = mcmc.run_bound(&bound).unwrap();
    assert!(plain.warmup().is_none());
    let posterior = mcmc.collect_warmup(true).run_bound(&bound).unwrap();
    assert_eq!(posterior.site("x").unwrap().values(), plain.site("x").unwrap().values());
    let warmup = posterior.warmup().unwrap();
    assert_eq!(warmup.site("x").unwrap().shape(), [2, 70]);
    let steps = warmup.stat(stat::STEP_SIZE).unwrap();
    assert!(steps.chain(0).unwrap().windows(2).any(|w| w[0] != w[1]), "it adapts");
}

#[test]
fn a_monitor_counts_what_the_chains_do() {
    let monitor = Monitor::new();
    assert!(monitor.chains().is_empty());
    let bound = standard().bind(&()).unwrap();
    let mcmc = Mcmc::from_kernel(Nuts::default()).chains(2).warmup(80).draws(40).monitor(&monitor);
    let (posterior, info) = mcmc.run_with_info(&bound).unwrap();
    for (chain, progress) in monitor.chains().iter().enumerate() {
        assert_eq!((progress.warmup, progress.warmup_total), (80, 80));
        assert_eq!((progress.draws, progress.draws_total), (40, 40));
        let cost = info.chains[chain];
        assert_eq!(progress.leapfrogs, cost.warmup_gradients + cost.sampling_gradients);
        assert_eq!(progress.step_size, posterior.stat(stat::STEP_SIZE).unwrap().chain(chain).unwrap()[39]);
    }
}

#[test]
fn a_stopped_run_returns_the_draws_it_has() {
    let monitor = Monitor::new();
    let bound = standard().bind(&()).unwrap();
    // More draws than any machine makes before it is told to stop.
    let draws = 100_000_000;
    let mcmc =
        Mcmc::from_kernel(Nuts::default()).chains(2).threads(2).warmup(50).draws(draws).monitor(&monitor);
    let run = std::thread::spawn(move || mcmc.run_with_info(&bound));
    while !monitor.chains().iter().any(|chain| chain.draws > 10) {
        std::thread::yield_now();
    }
    monitor.stop();
    let (posterior, info) = run.join().unwrap().unwrap();
    assert!(info.interrupted);
    assert!((1..draws).contains(&posterior.num_draws()), "{}", posterior.num_draws());
    assert_eq!(posterior.site("x").unwrap().values().len(), posterior.num_chains() * posterior.num_draws());

    let stopped = Monitor::new();
    stopped.stop();
    let bound = standard().bind(&()).unwrap();
    let error = Mcmc::from_kernel(Nuts::default()).monitor(&stopped).run_bound(&bound).unwrap_err();
    expect!["stopped before any chain had finished its warm-up: there are no draws"]
        .assert_eq(&error.to_string());
}
