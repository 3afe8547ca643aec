//! The command's predictions from outside: from the prior, at draws of a file, with files in ArviZ's groups.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    ffi::OsStr,
    fs,
    process::{Command, Output},
};

use pyroxene::{Posterior, inference::SiteSpec};
use serde_json::Value;
use tempfile::TempDir;

fn pyroxene<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pyroxene"));
    command.args(args);
    command
}

fn succeeds(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    assert!(status.success(), "{}", String::from_utf8(stderr).unwrap());
    String::from_utf8(stdout).unwrap()
}

fn fails(command: &mut Command, part: &str) {
    let Output { status, stderr, .. } = command.output().unwrap();
    let message = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(1), "{message}");
    assert!(message.contains(part), "no `{part}` in: {message}");
}

/// Two chains of five draws of kidiq's latent sites.
fn posterior() -> Posterior {
    let sites = [SiteSpec::new("beta", [2]), SiteSpec::new("sigma", [])];
    let mut posterior = Posterior::new(sites, []).unwrap();
    for chain in 0..2 {
        let mut draws = posterior.chain();
        for draw in 0..5 {
            let shift = f64::from(chain * 5 + draw) / 100.0;
            draws.push(&[vec![25.0 + shift, 0.6 + shift / 10.0], vec![18.0 + shift]], &[]).unwrap();
        }
        posterior.push_chain(draws).unwrap();
    }
    posterior
}

#[test]
fn a_prior_is_printed_and_written() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("prior.json");
    let mut command = pyroxene(["predict", "eight_schools", "--num-samples=6", "--seed=3", "-o"]);
    let printed = succeeds(command.arg(&path));
    for part in ["6 draws from the prior, seed 3", "theta[7]", "\ny[0] ", "28.000", "written to"] {
        assert!(printed.contains(part), "no `{part}` in:\n{printed}");
    }
    let groups: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let groups = groups.as_object().unwrap();
    let names: Vec<&String> = groups.keys().collect();
    assert_eq!(names, ["prior", "prior_predictive", "observed_data", "constant_data"]);
    assert_eq!(groups["prior"].as_object().unwrap().len(), 4);
    assert_eq!(groups["prior"]["theta"][0].as_array().unwrap().len(), 6);
    assert_eq!(groups["prior_predictive"]["y"][0][5].as_array().unwrap().len(), 8);

    let table = directory.path().join("prior.csv");
    let mut command = pyroxene(["predict", "eight_schools", "--num-samples=6", "--return-sites=mu,y", "-o"]);
    succeeds(command.arg(&table));
    let table = fs::read_to_string(&table).unwrap();
    assert!(table.starts_with("chain,draw,mu,y[0],"), "{table}");
    assert_eq!(table.lines().count(), 7);
}

#[test]
fn a_posterior_of_a_file_is_predicted_at() {
    let directory = TempDir::new().unwrap();
    let file = |name: &str| directory.path().join(name);
    posterior().save(file("draws.zarr"), pyroxene::inference::Format::Zarr).unwrap();
    let mut command = pyroxene(["predict", "kidiq", "--json", "--log-likelihood", "--posterior"]);
    command.arg(file("draws.zarr")).arg("--out").arg(file("predicted.zarr"));
    let found: Value = serde_json::from_str(&succeeds(&mut command)).unwrap();
    assert_eq!(
        (&found["from"], &found["chains"], &found["draws"]),
        (&"posterior".into(), &2.into(), &5.into())
    );
    let sites = found["sites"].as_array().unwrap();
    assert_eq!(sites.len(), 434);
    // At an IQ of 121.1, about 25 + 0.6 · 121 give or take a deviation of 18; the datum is posteriordb's.
    assert_eq!((&sites[0]["site"], &sites[0]["data"]), (&"kid_score[0]".into(), &"65.000".into()));
    let mean: f64 = sites[0]["mean"].as_str().unwrap().parse().unwrap();
    assert!((mean - 98.0).abs() < 4.0 * 18.0 / 10f64.sqrt(), "{mean}");

    for variable in ["posterior/beta", "posterior_predictive/kid_score", "log_likelihood/kid_score"] {
        let array = fs::read_to_string(file("predicted.zarr").join(variable).join(".zarray")).unwrap();
        let array: Value = serde_json::from_str(&array).unwrap();
        assert_eq!(array["shape"][0], 2, "{variable}");
        assert_eq!(array["shape"][1], 5, "{variable}");
    }
    let read = Posterior::load(file("predicted.zarr")).unwrap();
    assert_eq!(read.site("sigma").unwrap().values(), posterior().site("sigma").unwrap().values());
}

#[test]
fn what_cannot_be_predicted_is_said() {
    let directory = TempDir::new().unwrap();
    let draws = directory.path().join("draws.csv");
    posterior().save(&draws, pyroxene::inference::Format::Csv).unwrap();
    fails(&mut pyroxene(["predict", "kidiq"]), "ImproperUniform cannot be drawn from");
    fails(&mut pyroxene(["predict", "eight_schools", "--return-sites=nu"]), "no site `nu`");
    fails(pyroxene(["predict", "eight_schools", "--posterior"]).arg(&draws), "`beta`, `sigma`");
    fails(&mut pyroxene(["predict", "eight_schools", "--num-samples=0"]), "no draws");
}
