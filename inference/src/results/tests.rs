//! Tests of the posterior, its table, its warnings and its export.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs,
    io::{self, Write},
};

use expect_test::expect;
use pyroxene_frontend::Array;

use super::{DrawGroup, DrawVariable, SiteDraws, check_writable, files::replace_file};
use crate::{DataVariable, Format, Posterior, PosteriorError, SiteSpec, StatKind, StatSpec, Warning, stat};

/// Uniform numbers in [-1, 1) that are the same on every machine (splitmix64).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

fn specs() -> ([SiteSpec; 3], [StatSpec; 4]) {
    let beta = SiteSpec::new("beta", [2, 3]).dim_names([None, Some("county")]);
    let stats = [
        StatSpec::new(stat::DIVERGING, StatKind::Flag),
        StatSpec::new(stat::REACHED_MAX_TREE_DEPTH, StatKind::Flag),
        StatSpec::new(stat::TREE_DEPTH, StatKind::Count),
        StatSpec::new(stat::ENERGY, StatKind::Real),
    ];
    ([SiteSpec::new("mu", []), beta, SiteSpec::new("none", [0])], stats)
}

/// Four chains of 500 draws; `spoil` changes the draw (mu, then beta) and the statistics of a transition.
fn sampled(spoil: impl Fn(usize, usize, &mut [f64], &mut [f64; 4])) -> Posterior {
    let (sites, stats) = specs();
    let mut posterior = Posterior::new(sites, stats).unwrap();
    let mut noise = Noise(1);
    for c in 0..4 {
        let mut chain = posterior.chain();
        for d in 0..500 {
            let mut draw: Vec<f64> = (0..7).map(|i| 10f64.powi(3 - i) * (1.0 + noise.next())).collect();
            let mut stats = [0.0, 0.0, 3.0, noise.next()];
            spoil(c, d, &mut draw, &mut stats);
            chain.push(&[&draw[..1], &draw[1..], &[]], &stats).unwrap();
        }
        posterior.push_chain(chain).unwrap();
    }
    posterior
}

#[test]
fn shapes_slices_and_labels() {
    let posterior = sampled(|c, d, draw, _| draw[1..].fill((c * 1000 + d) as f64));
    assert_eq!((posterior.num_chains(), posterior.num_draws()), (4, 500));
    let names: Vec<&str> = posterior.sites().map(|s| s.name()).collect();
    assert_eq!(names, ["mu", "beta", "none"]);
    let beta = posterior.get("beta").unwrap();
    assert_eq!(beta.shape(), [4, 500, 2, 3]);
    assert_eq!(beta.dim_names(), [None, Some("county".to_owned())]);
    let labels: Vec<String> = (0..6).map(|i| beta.label(i)).collect();
    assert_eq!(labels, ["beta[0,0]", "beta[0,1]", "beta[0,2]", "beta[1,0]", "beta[1,1]", "beta[1,2]"]);
    assert_eq!(beta.draw(2, 7), Some(&[2007.0; 6][..]));
    assert_eq!(beta.chain(3).unwrap().len(), 3000);
    assert!(beta.chain(4).is_none() && beta.draw(0, 500).is_none());
    assert_eq!(beta.scalar(5)[501], 1001.0);
    assert!(beta.scalar(6).is_empty());
    let empty = posterior.get("none").unwrap();
    assert_eq!((empty.shape(), empty.mean(), empty.chain(3)), (vec![4, 500, 0], vec![], Some(&[][..])));
    assert!(empty.chain(4).is_none() && empty.draw(0, 500).is_none());
}

#[test]
fn mean_and_deviation_of_each_scalar() {
    let mut posterior = Posterior::new([SiteSpec::new("x", [2])], []).unwrap();
    for sign in [-1.0, 1.0] {
        let mut chain = posterior.chain();
        chain.extend(2, &[[sign, 10.0, 3.0 * sign, 20.0]], &[[0.0; 0]; 0]).unwrap();
        posterior.push_chain(chain).unwrap();
    }
    let x = posterior.get("x").unwrap();
    assert_eq!(x.mean(), [0.0, 15.0]);
    assert_eq!(x.sd(), [(20.0f64 / 3.0).sqrt(), (100.0f64 / 3.0).sqrt()]);
}

#[test]
fn wrong_draws_are_refused_and_leave_no_trace() {
    let (sites, stats) = specs();
    let mut posterior = Posterior::new(sites, stats).unwrap();
    let mut chain = posterior.chain();
    let columns = chain.push(&[[0.0]], &[0.0; 4]).unwrap_err();
    expect!["a block of draws has 1 columns of sites, expected 3: one for each, in their order"]
        .assert_eq(&columns.to_string());
    let columns = chain.push(&[vec![0.0], vec![0.0; 6], vec![]], &[0.0; 3]).unwrap_err();
    expect!["a block of draws has 3 columns of statistics, expected 4: one for each, in their order"]
        .assert_eq(&columns.to_string());
    let values = chain.push(&[vec![0.0], vec![0.0; 5], vec![]], &[0.0; 4]).unwrap_err();
    expect!["`beta` has 5 values for 1 draws, expected 6: 1 times the size of one draw"]
        .assert_eq(&values.to_string());
    assert_eq!(chain.num_draws(), 0);

    for _ in 0..3 {
        chain.push(&[vec![0.0], vec![0.0; 6], vec![]], &[0.0; 4]).unwrap();
    }
    let mut longer = chain.clone();
    longer.push(&[vec![0.0], vec![0.0; 6], vec![]], &[0.0; 4]).unwrap();
    posterior.push_chain(chain).unwrap();
    let length = posterior.push_chain(longer.clone()).unwrap_err();
    expect!["chain 1 has 4 draws, the chains before it 3: truncate to the shortest"]
        .assert_eq(&length.to_string());
    longer.truncate(3);
    posterior.push_chain(longer).unwrap();
    assert_eq!(posterior.get("beta").unwrap().values().len(), 36);

    let other = Posterior::new([SiteSpec::new("mu", [])], []).unwrap();
    assert_eq!(posterior.push_chain(other.chain()), Err(PosteriorError::OtherLayout));
}

#[test]
fn names_are_unique_and_unknown_ones_list_the_known() {
    let twice = Posterior::new([SiteSpec::new("mu", []), SiteSpec::new("mu", [2])], []).unwrap_err();
    expect!["two sites are named `mu`: give each its own name"].assert_eq(&twice.to_string());
    let (sites, stats) = specs();
    let posterior = Posterior::new(sites, stats).unwrap();
    expect!["no site named `tau`; there are: mu, beta, none"]
        .assert_eq(&posterior.site("tau").unwrap_err().to_string());
    expect!["no statistic named `lp`; there are: diverging, reached_max_tree_depth, tree_depth, energy"]
        .assert_eq(&posterior.stat("lp").unwrap_err().to_string());
    assert!(posterior.get("tau").is_none());
}

#[test]
fn the_table_of_good_chains_has_no_warnings() {
    let summary = sampled(|_, _, _, _| ()).summary();
    assert_eq!(summary.warnings(), []);
    expect![[r#"
                       mean        sd  eti89_lb  eti89_ub  ess_bulk  ess_tail  r_hat  mcse_mean    mcse_sd
        mu              977       580       114      1894      1917      1817  1.001         13        5.9
        beta[0,0]     100.4      56.5      13.0     188.7      2095      1972  1.000        1.2       0.57
        beta[0,1]      9.80      5.80      1.03     18.96      2044      1863  1.001       0.13      0.058
        beta[0,2]     0.980     0.581     0.092     1.891      1986      1973  1.000      0.013     0.0059
        beta[1,0]    0.0994    0.0589    0.0109    0.1889      1858      2054  1.001     0.0014    0.00059
        beta[1,1]   0.00984   0.00583   0.00099   0.01898      1869      1840  1.003    0.00014   0.000061
        beta[1,2]  0.000998  0.000570  0.000116  0.001894      1789      1893  1.001   0.000013  0.0000062
    "#]]
    .assert_eq(&summary.to_string());
}

#[test]
fn each_warning_names_what_and_where() {
    let summary = sampled(|c, d, draw, stats| {
        if c == 2 {
            draw[0] += 4000.0;
            draw[3] = if d < 400 { 0.5 } else { 2.0 };
            stats[3] += d as f64;
        }
        if d == 17 {
            draw[6] = f64::NAN;
        }
        stats[0] = f64::from(u8::from(d % 100 == 0));
        if d % 250 == 0 {
            (stats[1], stats[2]) = (1.0, 10.0);
        }
    })
    .summary();
    expect![[r#"
                      mean       sd  eti89_lb  eti89_ub  ess_bulk  ess_tail  r_hat  mcse_mean   mcse_sd
        mu            1977     1832       144      5539         7        29  1.527        866       520
        beta[0,0]    100.4     56.5      13.0     188.7      2095      1972  1.000        1.2      0.57
        beta[0,1]     9.80     5.80      1.03     18.96      2044      1863  1.001       0.13     0.058
        beta[0,2]    0.934    0.595     0.124     1.992        73        11  1.038      0.076     0.036
        beta[1,0]   0.0994   0.0589    0.0109    0.1889      1858      2054  1.001     0.0014   0.00059
        beta[1,1]  0.00984  0.00583   0.00099   0.01898      1869      1840  1.003    0.00014  0.000061
        beta[1,2]      NaN      NaN       NaN       NaN       NaN       NaN    NaN        NaN       NaN

        Warning: 1 parameter has NaN or infinite draws (beta[1,2] 4). Their diagnostics are undefined: look for an overflow, or a division by zero, in how the model computes them.

        Warning: 20 of 2000 transitions (1.00%) ended with a divergence. The sampler could not fully explore the posterior: try a `target_accept_prob` closer to 1, and if that does not remove all divergences, reparameterize the model.

        Warning: 8 of 2000 transitions (0.40%) hit the maximum tree depth of 10. Trajectories cut off there explore slowly: increase `max_tree_depth`, or rescale the parameters.

        Warning: E-BFMI is below 0.3 in 1 chain (chain 2 0.00). The sampler may have trouble exploring the tails: reparameterize the model if possible.

        Warning: 2 parameters have R-hat above 1.01 (mu 1.527, beta[0,2] 1.038). The chains have not mixed: run longer, or consider more informative priors or a more effective parameterization.

        Warning: 2 parameters have bulk ESS below 400, 100 per chain (mu 7, beta[0,2] 73). Posterior means and medians may be unreliable: run the chains for more iterations.

        Warning: 2 parameters have tail ESS below 400, 100 per chain (beta[0,2] 11, mu 29). Posterior variances and tail quantiles may be unreliable: run the chains for more iterations.
    "#]].assert_eq(&summary.to_string());
    assert!(matches!(summary.warnings()[1], Warning::Divergences { count: 20, transitions: 2000 }));
}

#[test]
fn a_summary_of_few_or_no_draws_is_undefined_and_displays() {
    let mut posterior = Posterior::new([SiteSpec::new("mu", [])], []).unwrap();
    expect![[r#"
            mean   sd  eti89_lb  eti89_ub  ess_bulk  ess_tail  r_hat  mcse_mean  mcse_sd
        mu   NaN  NaN       NaN       NaN       NaN       NaN    NaN        NaN      NaN
    "#]]
    .assert_eq(&posterior.summary().to_string());
    let mut chain = posterior.chain();
    chain.push(&[[-0.001]], &[]).unwrap();
    posterior.push_chain(chain).unwrap();
    expect![[r#"
                mean   sd  eti89_lb  eti89_ub  ess_bulk  ess_tail  r_hat  mcse_mean  mcse_sd
        mu  -0.00100  NaN  -0.00100  -0.00100       NaN       NaN    NaN        NaN      NaN

        Warning: there is one chain, so R-hat is undefined. Run at least four: only chains that agree show that the posterior was found.
    "#]]
    .assert_eq(&posterior.summary().to_string());
}

#[test]
fn long_tables_are_shortened_unless_asked_for_in_full() {
    let mut posterior = Posterior::new([SiteSpec::new("x", [150])], []).unwrap();
    let mut chain = posterior.chain();
    chain.push(&[[1.0; 150]], &[]).unwrap();
    posterior.push_chain(chain).unwrap();
    let summary = posterior.summary();
    assert_eq!(format!("{summary}").lines().nth(101), Some("... and 50 more rows"));
    assert!(format!("{summary:#}").lines().nth(150).is_some_and(|line| line.starts_with("x[149]")));
}

#[test]
fn the_summary_serializes() {
    let mut posterior = Posterior::new([SiteSpec::new("mu", [])], []).unwrap();
    let mut chain = posterior.chain();
    chain.push(&[[f64::NAN]], &[]).unwrap();
    posterior.push_chain(chain).unwrap();
    expect![[r#"{"rows":[{"name":"mu","mean":null,"sd":null,"eti89_lb":null,"eti89_ub":null,"ess_bulk":null,"ess_tail":null,"r_hat":null,"mcse_mean":null,"mcse_sd":null}],"warnings":[{"kind":"single_chain"},{"kind":"non_finite_draws","count":1,"worst":[{"name":"mu","value":1.0}]}]}"#]].assert_eq(&serde_json::to_string(&posterior.summary()).unwrap());
}

fn small(value: f64) -> Posterior {
    let sites = [SiteSpec::new("mu", []), SiteSpec::new("odd \"name\"", [2, 1])];
    let stats =
        [StatSpec::new(stat::N_STEPS, StatKind::Count), StatSpec::new(stat::DIVERGING, StatKind::Flag)];
    let mut posterior = Posterior::new(sites, stats).unwrap();
    for c in 0..2 {
        let mut chain = posterior.chain();
        for d in 0..2 {
            chain.push(&[vec![value], vec![f64::from(c), f64::from(d)]], &[7.0, f64::from(d)]).unwrap();
        }
        posterior.push_chain(chain).unwrap();
    }
    posterior
}

fn json(posterior: &Posterior) -> String {
    let mut text = vec![];
    posterior.write_arviz_json(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn the_export_nests_chain_draw_and_dims() {
    let text = json(&small(0.1));
    expect![[r#"
        {"posterior": {
          "mu": [[0.1, 0.1], [0.1, 0.1]],
          "odd \"name\"": [[[[0.0], [0.0]], [[0.0], [1.0]]], [[[1.0], [0.0]], [[1.0], [1.0]]]]
        }, "sample_stats": {
          "n_steps": [[7, 7], [7, 7]],
          "diverging": [[false, true], [false, true]]
        }}
    "#]]
    .assert_eq(&text);
    let parsed: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(parsed["posterior"]["odd \"name\""][1][0], serde_json::json!([[1.0], [0.0]]));
    assert_eq!(parsed["sample_stats"]["diverging"][0], serde_json::json!([false, true]));
    assert_eq!(
        json(&Posterior::new([], []).unwrap()).split_whitespace().collect::<String>(),
        r#"{"posterior":{}}"#
    );
}

#[test]
fn every_double_reads_back_and_the_rest_is_pythons() {
    for value in [f64::MIN_POSITIVE, 5e-324, f64::MAX, -0.0, 1e300, 0.1 + 0.2, 1e16, 123_456_789.0] {
        let parsed: serde_json::Value = serde_json::from_str(&json(&small(value))).unwrap();
        assert_eq!(parsed["posterior"]["mu"][0][0].as_f64().map(f64::to_bits), Some(value.to_bits()));
    }
    for (value, text) in [(f64::NAN, "NaN"), (f64::INFINITY, "Infinity"), (f64::NEG_INFINITY, "-Infinity")] {
        assert!(json(&small(value)).contains(&format!("\"mu\": [[{text}, {text}], [{text}, {text}]]")));
    }
}

#[test]
fn saving_replaces_the_file_and_leaves_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("draws.json");
    fs::write(&path, "old").unwrap();
    small(1.0).save(&path, Format::Json).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), json(&small(1.0)));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn an_interrupted_write_keeps_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("draws.json");
    fs::write(&path, "old").unwrap();
    let result = replace_file(&path, |file| {
        file.write_all(b"half")?;
        Err(io::Error::other("disk full"))
    });
    assert_eq!(result.unwrap_err().to_string(), "disk full");
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_failed_save_names_the_path_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let message = |path: &std::path::Path| {
        let error = small(1.0).save(path, Format::Json).unwrap_err();
        let asked = check_writable(path).unwrap_err();
        assert_eq!(error.to_string(), asked.to_string());
        error.to_string().replace(&folder.path().display().to_string(), "DIR")
    };
    expect!["cannot write the posterior to DIR/absent/draws.json: there is no directory DIR/absent; no file was changed"].assert_eq(&message(&folder.path().join("absent/draws.json")));
    fs::create_dir(folder.path().join("d.json")).unwrap();
    expect!["cannot write the posterior to DIR/d.json: this is a directory; no file was changed"]
        .assert_eq(&message(&folder.path().join("d.json")));
    fs::remove_dir(folder.path().join("d.json")).unwrap();
    let error = check_writable("draws.txt").unwrap_err().to_string();
    expect!["cannot write the posterior to draws.txt: expected a name that ends in .json, .zarr, .parquet or .csv; no file was changed"].assert_eq(&error);
    check_writable(folder.path().join("draws.json")).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Two chains of three draws of a scalar and a matrix, with numbers that formats like to lose.
fn varied() -> Posterior {
    let sites =
        [SiteSpec::new("mu", []), SiteSpec::new("scope/beta", [2, 3]).dim_names([Some("group"), None])];
    let stats = [
        StatSpec::new(stat::LP, StatKind::Real),
        StatSpec::new(stat::N_STEPS, StatKind::Count),
        StatSpec::new(stat::DIVERGING, StatKind::Flag),
    ];
    let mut posterior = Posterior::new(sites, stats).unwrap();
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 5e-324, -0.0, 0.1 + 0.2];
    for c in 0..2 {
        let mut chain = posterior.chain();
        for d in 0..3 {
            let beta: Vec<f64> = (0..6).map(|i| f64::from(c * 100 + d * 10 + i)).collect();
            let (mu, d) = (odd[(c * 3 + d) as usize], f64::from(d));
            chain.push(&[vec![mu], beta], &[-d, 7.0 * d, f64::from(u8::from(d == 1.0))]).unwrap();
        }
        posterior.push_chain(chain).unwrap();
    }
    let variable = |name: &str, value, dim_names| DataVariable { name: name.into(), value, dim_names };
    let observed = vec![variable("y", Array::from([1i64, 2]), vec![Some("group".into())])];
    let constant = vec![
        variable("x", Array::from([0.5f32, 1.5]), vec![None]),
        variable("on", Array::from([true, false]), vec![None]),
        variable("none", Array::from(Vec::<f64>::new()), vec![None]),
    ];
    posterior.clone().with_warmup(posterior).with_data(observed, constant)
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn every_format_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["d.json", "d.zarr", "d.parquet", "d.csv"] {
        let path = folder.path().join(name);
        let written = varied();
        // The second time it replaces the first.
        for _ in 0..2 {
            check_writable(&path).unwrap();
            written.save(&path, Format::of(&path).unwrap()).unwrap();
        }
        let read = Posterior::load(&path).unwrap();
        assert_eq!((read.num_chains(), read.num_draws()), (2, 3), "{name}");
        let sites = |p: &Posterior| {
            p.sites().map(|s| (s.name().to_owned(), s.dims().to_vec(), bits(s.values()))).collect::<Vec<_>>()
        };
        let stats =
            |p: &Posterior| p.stats().map(|s| (s.name().to_owned(), bits(s.values()))).collect::<Vec<_>>();
        assert_eq!(sites(&read), sites(&written), "{name}");
        assert_eq!(stats(&read), stats(&written), "{name}");
        if name == "d.zarr" {
            let names = read.site("scope/beta").unwrap().dim_names().to_vec();
            assert_eq!(names, [Some("group".to_owned()), None]);
        }
        assert_eq!(read.summary().to_string(), written.summary().to_string(), "{name}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
}

#[test]
fn zarr_holds_the_data_too_and_replaces_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.zarr");
    varied().save(&path, Format::Zarr).unwrap();
    let file = |name: &str| fs::read(path.join(name)).unwrap();
    assert_eq!(file("observed_data/y/0"), [1i64, 2].map(i64::to_ne_bytes).concat());
    assert_eq!(file("constant_data/x/0"), [0.5f32, 1.5].map(f32::to_ne_bytes).concat());
    assert_eq!(file("constant_data/on/0"), [1, 0]);
    assert_eq!(file("observed_data/group/0"), [0i64, 1].map(i64::to_ne_bytes).concat());
    assert!(path.join("warmup_posterior/mu/1.0").is_file());
    let taken = folder.path().join("taken.zarr");
    fs::create_dir(&taken).unwrap();
    fs::write(taken.join("thesis.tex"), "years of work").unwrap();
    let error = varied().save(&taken, Format::Zarr).unwrap_err().to_string();
    assert!(error.contains("this is there and no Zarr group"), "{error}");
    assert_eq!(check_writable(&taken).unwrap_err().to_string(), error);
    assert!(taken.join("thesis.tex").is_file());
}

#[test]
fn what_is_no_posterior_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let message = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        let error = Posterior::load(&path).unwrap_err().to_string();
        error.replace(&folder.path().display().to_string(), "DIR")
    };
    expect!["cannot read a posterior from DIR/a.csv: there is no column `chain`"]
        .assert_eq(&message("a.csv", "mu,sigma\n1,2\n"));
    expect![[r#"cannot read a posterior from DIR/b.csv: column `mu`, row 1: "high" is no number"#]]
        .assert_eq(&message("b.csv", "chain,draw,mu\n0,0,high\n"));
    expect!["cannot read a posterior from DIR/c.csv: chain 1 has 1 draws, the chains before it 2: truncate to the shortest"].assert_eq(&message("c.csv", "chain,draw,mu\n0,0,1\n0,1,2\n1,0,3\n"));
    expect!["cannot read a posterior from DIR/d.json: there is no group `posterior`"]
        .assert_eq(&message("d.json", "[1, 2]"));
    expect!["cannot read a posterior from DIR/e.json: `mu` has 1 values for 2 draws, expected 2: 2 times the size of one draw"].assert_eq(&message("e.json", "{\"posterior\": {\"mu\": [[1, 2], [3]]}}"));
    expect!["cannot read a posterior from DIR/f.json: `mu` holds something else than numbers"]
        .assert_eq(&message("f.json", "{\"posterior\": {\"mu\": \"x\"}}"));
    expect!["cannot read a posterior from DIR/g.parquet: EOF: Parquet file too small. Size is 3 but need 8"]
        .assert_eq(&message("g.parquet", "PAR"));
    expect![
        "cannot read a posterior from DIR/h.txt: expected a name that ends in .json, .zarr, .parquet or .csv"
    ]
    .assert_eq(&message("h.txt", ""));
    let zarr = folder.path().join("i.zarr");
    varied().save(&zarr, Format::Zarr).unwrap();
    fs::write(zarr.join("posterior/mu/1.0"), [0; 5]).unwrap();
    let error = Posterior::load(&zarr).unwrap_err().to_string();
    expect![
        "cannot read a posterior from DIR/i.zarr: DIR/i.zarr/posterior/mu/1.0: 5 bytes, expected 3 elements"
    ]
    .assert_eq(&error.replace(&folder.path().display().to_string(), "DIR"));
}

#[test]
fn draws_beside_the_posterior_are_groups_of_their_own() {
    let of = |group, name: &str, dims: &[usize]| {
        let all: Vec<usize> = [2, 3].iter().chain(dims).copied().collect();
        let len = all.iter().product::<usize>();
        let value = Array::new(all, (0..len as i64).collect::<Vec<i64>>()).unwrap();
        let (dims, dim_names) = (dims.to_vec(), vec![Some("school".into()); dims.len()]);
        DrawVariable { name: name.into(), group, value, dims, dim_names }
    };
    let variables =
        vec![of(DrawGroup::PosteriorPredictive, "y", &[2]), of(DrawGroup::LogLikelihood, "y", &[2])];
    let draws = SiteDraws::new([2, 3], variables, [vec![], vec![]]);
    let posterior = small(0.5).with_site_draws(draws.clone());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("draws.zarr");
    posterior.save(&path, Format::Zarr).unwrap();
    for group in ["posterior", "posterior_predictive", "log_likelihood"] {
        assert!(path.join(group).join(".zgroup").is_file(), "{group}");
    }
    let attributes = fs::read_to_string(path.join("posterior_predictive/y/.zattrs")).unwrap();
    assert!(attributes.contains(r#"["chain","draw","school"]"#), "{attributes}");

    let alone = directory.path().join("alone.json");
    draws.save(&alone, Format::Json).unwrap();
    expect![[r#"
        {"posterior_predictive": {
          "y": [[[0, 1], [2, 3], [4, 5]], [[6, 7], [8, 9], [10, 11]]]
        }, "log_likelihood": {
          "y": [[[0, 1], [2, 3], [4, 5]], [[6, 7], [8, 9], [10, 11]]]
        }}
    "#]]
    .assert_eq(&fs::read_to_string(&alone).unwrap());
}
